package amqp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestMethodID(t *testing.T) {
	if got, want := ExchangeUnbindOkID.String(), "exchange.unbind-ok"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if class, method := ExchangeUnbindOkID.Class(), ExchangeUnbindOkID.Method(); class != 40 || method != 51 {
		t.Errorf("got %d/%d, want 40/51", class, method)
	}
	if got, want := MethodID(60<<16|99).String(), "60/99"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if id, ok := MethodIDOf([]byte{0, 60, 0}); ok {
		t.Errorf("got %v from three octets", id)
	}
}

// filled returns a method with something in every field.
func filled(id MethodID) Method {
	m := newMethod(id)
	v := reflect.ValueOf(m).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Bool:
			f.SetBool(i%2 == 0)
		case reflect.String:
			f.SetString(strings.Repeat("é", i+1))
		case reflect.Map:
			f.Set(reflect.ValueOf(Table{"a": int32(i), "b": Table{}, "c": []any{nil, "x"}}))
		default:
			f.SetUint(uint64(i + 7))
		}
	}
	return m
}

// TestAllMethods writes and reads every method, and tells and parses its trace.
func TestAllMethods(t *testing.T) {
	if got, want := len(methodIDs), 66; got != want {
		t.Errorf("%d methods, want %d: the extended specification has 64, and two are of the access class", got, want)
	}
	for _, id := range methodIDs {
		m := filled(id)
		frame := AppendMethod(nil, 3, m)
		f, err := NewReader(bytes.NewReader(frame)).ReadFrame()
		if err != nil {
			t.Fatalf("%v: %v", id, err)
		}
		got, err := ParseMethod(f.Payload)
		if err != nil || !reflect.DeepEqual(got, m) || f.Channel != 3 {
			t.Errorf("%v: got %+v, %v, want %+v", id, got, err, m)
		}

		line := string(AppendTrace(nil, f))
		if want := "3 " + id.String(); line != want && !strings.HasPrefix(line, want+" ") {
			t.Errorf("traced as %s, want %s", line, want)
		}
		if octets, err := ParseTrace(line); err != nil || !bytes.Equal(octets, frame) {
			t.Errorf("ParseTrace(%s): got %x, %v, want %x", line, octets, err, frame)
		}
	}
}

func TestReservedFieldsAreReadOver(t *testing.T) {
	m, err := ParseMethod([]byte("\x00\x0a\x00\x28" + "\x01/" + "\x03abc" + "\xff"))
	if want := (&ConnectionOpen{VirtualHost: "/"}); err != nil || !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v, %v, want %+v", m, err, want)
	}
}

func TestParseMethodErrors(t *testing.T) {
	tests := []struct {
		name    string
		payload string // hex
		want    Error
	}{
		{"no id", "003c", Error{FrameError, "type 1, all octets = <<0,60>>: unknown_frame", 0}},
		{"an unknown method", "003c0063", Error{CommandInvalid, "unknown method 60/99", 60<<16 | 99}},
		{"an unknown class", "00010001ff", Error{CommandInvalid, "unknown method 1/1", 1<<16 | 1}},
		{"arguments cut short", "0014000b000000", Error{FrameError, "cannot decode <<0,0,0>>", ChannelOpenOkID}},
		{"no arguments at all", "0014000a", Error{FrameError, "cannot decode <<>>", ChannelOpenID}},
		{"octets left over", "0014000a0061", Error{FrameError, "cannot decode <<0,97>>", ChannelOpenID}},
		{"octets after a method without arguments", "0014002900", Error{FrameError, "cannot decode <<0>>", ChannelCloseOkID}},
		{"a length beyond everything", "0014000bffffffff", Error{FrameError, "cannot decode <<255,255,255,255>>", ChannelOpenOkID}},
		{"a name that is not UTF-8", "0032001e000001ff00", Error{FrameError, "Malformed UTF-8 in shortstr", 0}},
		{"a name that is not UTF-8, cut short", "0032001e000001ff", Error{FrameError, "cannot decode <<0,0,1,255>>", QueuePurgeID}},
		{"a table with an unknown tag", "0032000a000001710000000003" + "01617a", Error{FrameError, "field table with the unknown tag 122", QueueDeclareID}},
		{"a table cut short", "0032000a000001710000000003" + "016149", Error{FrameError, "field table cut short", QueueDeclareID}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			payload, err := hex.DecodeString(test.payload)
			if err != nil {
				t.Fatal(err)
			}
			m, err := ParseMethod(payload)
			e, ok := errors.AsType[*Error](err)
			if !ok || *e != test.want {
				t.Errorf("got %+v, %v, want %v (%v)", m, err, &test.want, test.want.Method)
			}
		})
	}
}

func TestRoutingKeysNeedNotBeUTF8(t *testing.T) {
	frame := AppendMethod(nil, 1, &BasicPublish{Exchange: "\xff", RoutingKey: "\xfe"})
	m, err := ParseMethod(frame[frameHeader : len(frame)-1])
	if want := (&BasicPublish{Exchange: "\xff", RoutingKey: "\xfe"}); err != nil || !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v, %v, want %+v", m, err, want)
	}
}

func TestAppendMethodPanicsOnLongShortStrings(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	AppendMethod(nil, 1, &QueueDelete{Queue: strings.Repeat("q", 256)})
}
