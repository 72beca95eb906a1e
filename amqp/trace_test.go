package amqp

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func TestParseTraceIsGenerous(t *testing.T) {
	tests := []struct {
		name       string
		line, same string
	}{
		{"fields in any order", `1 basic.ack multiple delivery-tag=3`, `1 basic.ack delivery-tag=3 multiple`},
		{"fields left out", `1 basic.publish routing-key="q"`, `1 basic.publish exchange="" routing-key="q"`},
		{"properties in any order", `1 header priority=1 size=2 content-type="t"`, `1 header size=2 content-type="t" priority=1`},
		{"properties set twice", `1 header size=2 priority=1 priority=3`, `1 header size=2 priority=3`},
		{"spaces anywhere", "  1\theader  size = 2 headers={ a : I  1 ,b:V }  ", `1 header size=2 headers={a: I 1, b: V}`},
		{"names in quotes", `1 header size=0 headers={"a": V}`, `1 header size=0 headers={a: V}`},
		{"names of a method's table in any order", `1 queue.declare queue="q" arguments={b: V, a: V}`, `1 queue.declare queue="q" arguments={a: V, b: V}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseTrace(test.line)
			if err != nil {
				t.Fatal(err)
			}
			want, err := ParseTrace(test.same)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("\n got %x\nwant %x, %v", got, want, err)
			}
			f, err := NewReader(bytes.NewReader(got)).ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			if line := string(AppendTrace(nil, f)); line != test.same {
				t.Errorf("told as %s, want %s", line, test.same)
			}
		})
	}
}

func TestParseTraceRawMayBeAnything(t *testing.T) {
	got, err := ParseTrace("7 raw 010002ff")
	if want := "\x01\x00\x02\xff"; err != nil || string(got) != want {
		t.Errorf("got %x, %v, want %x", got, err, want)
	}
}

func TestParseTraceErrors(t *testing.T) {
	deep := strings.Repeat("F {a: ", 40) + "V" + strings.Repeat("}", 40)
	long := strings.Repeat("a", 256)
	tests := []struct {
		name, line, want string
	}{
		{"nothing", ``, "want a word"},
		{"no channel", `basic.ack`, "invalid syntax"},
		{"a channel out of range", `65536 basic.ack`, "value out of range"},
		{"no frame", `1`, "want a word"},
		{"an unknown method", `1 basic.shout`, `no method "basic.shout"`},
		{"an unknown field", `1 basic.ack tag=1`, `basic.ack has no field "tag"`},
		{"a field without a value", `1 basic.ack delivery-tag`, `want '='`},
		{"a number that is none", `1 basic.ack delivery-tag=x`, "invalid syntax"},
		{"a number for a string", `1 basic.publish exchange=1`, "want a string"},
		{"a string without an end", `1 body "a`, "invalid syntax"},
		{"something left over", `1 body "a" "b"`, `unexpected`},
		{"an unknown property", `1 header size=1 colour="red"`, `no property "colour"`},
		{"a long name", `1 queue.delete queue="` + long + `"`, "short string of 256 octets"},
		{"a long property", `1 header reply-to="` + long + `"`, "short string of 256 octets"},
		{"a long name in a table", `1 header headers={` + long + `: V}`, "short string of 256 octets"},
		{"an unknown tag", `1 header headers={a: z 1}`, `no tag "z"`},
		{"a word for a tag", `1 header headers={a: int 1}`, `no tag "int"`},
		{"a value out of range", `1 header headers={a: b 128}`, "value out of range"},
		{"a boolean that is none", `1 header headers={a: t yes}`, "invalid syntax"},
		{"a table without an end", `1 header headers={a: V`, `want ','`},
		{"an array with a comma too many", `1 header headers={a: A [V,]}`, "want a word"},
		{"a table too deep", `1 header headers={a: ` + deep + `}`, "nested deeper than 32"},
		{"odd hex", `1 raw 010`, "odd length"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			octets, err := ParseTrace(test.line)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %x, %v, want an error with %s", octets, err, test.want)
			}
		})
	}
}

func TestAppendTraceTellsOfAnyFrame(t *testing.T) {
	for _, octets := range []string{
		"0900010000000161ce",           // an unknown type
		"0800000000000161ce",           // a heartbeat with payload
		"0200010000000100ce",           // a header without one
		"0100010000000232ffce",         // half a method
		"02000100000010003c0000ce0001", // properties that go on
	} {
		frame, err := hex.DecodeString(octets)
		if err != nil {
			t.Fatal(err)
		}
		f := Frame{Type: FrameType(frame[0]), Channel: uint16(frame[2]), Payload: frame[frameHeader : len(frame)-1]}
		line := string(AppendTrace(nil, f))
		want := appendFrame(nil, f.Type, f.Channel, f.Payload)
		if got, err := ParseTrace(line); err != nil || !bytes.Equal(got, want) || !strings.Contains(line, " raw ") {
			t.Errorf("told as %s, which is %x, %v, want %x", line, got, err, want)
		}
	}
}
