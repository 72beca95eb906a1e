package amqp

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
)

func TestParseContentHeader(t *testing.T) {
	tests := []struct {
		name    string
		payload string
		want    ContentHeader
	}{
		{"without properties", "\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00", ContentHeader{Class: 60, BodySize: 2}},
		{"with some", "\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x10\x00\x02", ContentHeader{Class: 60, BodySize: 2, Properties: Properties("\x10\x00\x02")}},
		{"with a flag that means nothing", "\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x02", ContentHeader{Class: 60, BodySize: 2, Properties: Properties("\x00\x02")}},
		{"that is wrong all over", "\x00\x01\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00a", ContentHeader{Class: 1, Weight: 2, BodySize: 1<<64 - 1, Properties: Properties("\x00\x00a")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseContentHeader([]byte(test.payload))
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestParseContentHeaderErrors(t *testing.T) {
	for payload, want := range map[string]string{
		"":             "type 2, all octets = <<>>: unknown_frame",
		"\x00\x3c\x00": "type 2, all octets = <<0,60,0>>: unknown_frame",
		"\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02":     "content properties cut short",
		"\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00": "content properties cut short",
	} {
		_, err := ParseContentHeader([]byte(payload))
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != FrameError || e.Text != want {
			t.Errorf("%x: got %v, want %s", payload, err, want)
		}
	}
}

func TestAppendContent(t *testing.T) {
	tests := []struct {
		name     string
		body     int
		frameMax uint32
		want     []int // the payloads of the body frames
	}{
		{"no body", 0, 4096, nil},
		{"one octet", 1, 4096, []int{1}},
		{"a full frame", 4088, 4096, []int{4088}},
		{"one more", 4089, 4096, []int{4088, 1}},
		{"as RabbitMQ splits it", 20000, 8192, []int{8184, 8184, 3632}},
		{"no limit", 300_000, 0, []int{300_000}},
		{"a limit without room", 3, 8, []int{3}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := NewMessage("x", "key", full.Properties(), bytes.Repeat([]byte("ab"), test.body)[:test.body])
			r := NewReader(bytes.NewReader(AppendContent(nil, 5, &m, test.frameMax)))

			f, err := r.ReadFrame()
			if err != nil || f.Type != FrameHeader || f.Channel != 5 {
				t.Fatalf("got %v, %v, want a header on channel 5", f, err)
			}
			h, err := ParseContentHeader(f.Payload)
			if want := (ContentHeader{Class: 60, BodySize: uint64(test.body), Properties: m.Properties}); err != nil || !reflect.DeepEqual(h, want) {
				t.Errorf("got %+v, %v, want %+v", h, err, want)
			}

			var body []byte
			var sizes []int
			for {
				f, err := r.ReadFrame()
				if err == io.EOF {
					break
				}
				if err != nil || f.Type != FrameBody || f.Channel != 5 {
					t.Fatalf("got %v, %v, want a body frame on channel 5", f, err)
				}
				sizes = append(sizes, len(f.Payload))
				body = append(body, f.Payload...)
			}
			if !reflect.DeepEqual(sizes, test.want) || !bytes.Equal(body, m.Body) {
				t.Errorf("got frames of %d octets, want %d, with the whole body", sizes, test.want)
			}
		})
	}
}
