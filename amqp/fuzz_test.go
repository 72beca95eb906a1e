package amqp

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzReadFrame reads a stream at once and octet by octet: the frames and the
// error at the end must be the same, and the frames, appended, the stream.
func FuzzReadFrame(f *testing.F) {
	var stream []byte
	for _, g := range goldenFrames(f) {
		f.Add(g.octets)
		stream = append(stream, g.octets...)
	}
	f.Add(stream)
	f.Add(stream[:len(stream)-1])
	f.Add([]byte("\x03\x00\x01\x00\x00\x10\x00"))

	f.Fuzz(func(t *testing.T, octets []byte) {
		atOnce := NewReader(bytes.NewReader(octets))
		byOctet := NewReader(iotest.OneByteReader(bytes.NewReader(octets)))
		atOnce.SetFrameMax(MinFrameMax)
		byOctet.SetFrameMax(MinFrameMax)

		var got []byte
		for {
			a, errA := atOnce.ReadFrame()
			b, errB := byOctet.ReadFrame()
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("at once %v, octet by octet %v", a, b)
			}
			if errA != nil {
				if errA != errB && !sameError(errA, errB) {
					t.Fatalf("at once %v, octet by octet %v", errA, errB)
				}
				break
			}
			got = appendFrame(got, a.Type, a.Channel, a.Payload)
			checkFrame(t, a)
		}
		if !bytes.HasPrefix(octets, got) {
			t.Errorf("read %x from %x", got, octets)
		}
	})
}

// checkFrame has everything look at a frame, for none of it may panic.
func checkFrame(t *testing.T, f Frame) {
	t.Helper()
	AppendTrace(nil, f)
	if h, err := ParseContentHeader(f.Payload); err == nil && h.Properties.Check() == nil {
		if _, err := h.Properties.Fields(); err != nil {
			t.Errorf("Fields of properties that pass Check: %v", err)
		}
	}
}

// FuzzParseMethod: what parses, appended and parsed again, is the same method,
// and the straight-line versions agree.
func FuzzParseMethod(f *testing.F) {
	for _, g := range goldenFrames(f) {
		f.Add(g.octets[frameHeader : len(g.octets)-1])
	}
	for _, id := range methodIDs {
		f.Add(payload(filled(id)))
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		if id, ok := MethodIDOf(octets); ok && id == BasicPublishID {
			checkPublish(t, octets)
		} else if ok && id == BasicAckID {
			checkAck(t, octets)
		}
		m, err := ParseMethod(octets)
		if err != nil {
			if !sameError(err, err) {
				t.Errorf("%v is no *Error", err)
			}
			return
		}
		written := payload(m)
		again, err := ParseMethod(written)
		if err != nil {
			t.Fatalf("parse %x again: %v", written, err)
		}
		if got := payload(again); m.ID() != again.ID() || !bytes.Equal(got, written) {
			t.Errorf("\n got %x\nwant %x", got, written)
		}
	})
}

// FuzzTable: what parses can be appended and is the same then, and the check
// that does not allocate agrees with the parser.
func FuzzTable(f *testing.F) {
	f.Add(everything.Append(nil))
	f.Add(nested(33).Append(nil))
	f.Add(nested(34).Append(nil))
	f.Add([]byte("\x01aU\x00\x01\x01aL12345678\x01bt\x05"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		table, err := ParseTable(octets)
		if checked := checkEntries(octets, maxNesting); (err != nil || checked != nil) && !sameError(checked, err) {
			t.Fatalf("checked %v, parsed %v", checked, err)
		}
		if err != nil {
			return
		}
		if err := table.Check(); err != nil {
			t.Fatalf("Check: %v", err)
		}
		again, err := ParseTable(table.Append(nil))
		if err != nil || !again.Equal(table) {
			t.Errorf("got %v, %v, want %v", again, err, table)
		}
	})
}

// FuzzProperties edits whatever passes Check and looks at all the octets the
// edit was not about.
func FuzzProperties(f *testing.F) {
	f.Add([]byte(full.Properties()), "a", "value")
	f.Add([]byte(full.Properties()), "new", "")
	f.Add([]byte(Fields{Headers: everything}.Properties()), "table", "value")
	f.Add([]byte("\x20\x00\x00\x00\x00\x08\x01aB\x01\x01aB\x02"), "a", "value")
	f.Add([]byte{}, "", "")
	f.Fuzz(func(t *testing.T, octets []byte, name, value string) {
		p := Properties(octets)
		NewMessage("", "", p, nil) // must not panic before Check either
		p.Header(name)
		if p.Check() != nil || len(name) > maxShortstr || len(value) > maxShortstr {
			return
		}

		q := p.WithHeader(name, value)
		if v, ok := q.Header(name); !ok || v != value {
			t.Errorf("WithHeader(%q, %q): got %v, %v", name, value, v, ok)
		}
		sameBut(t, p, q, FlagHeaders, name)

		q = p.WithoutHeader(name)
		if v, ok := q.Header(name); ok {
			t.Errorf("WithoutHeader(%q): got %v", name, v)
		}
		sameBut(t, p, q, FlagHeaders, name)

		q = p.WithReplyTo(value)
		if got := q.ReplyTo(); got != value || !q.Has(FlagReplyTo) {
			t.Errorf("WithReplyTo: got %q, want %q", got, value)
		}
		sameBut(t, p, q, FlagReplyTo, "")

		q = p.WithExpiration(value).WithoutExpiration()
		if q.Has(FlagExpiration) {
			t.Errorf("WithoutExpiration: got %q", q.Expiration())
		}
		sameBut(t, p, q, FlagExpiration, "")
	})
}

// sameBut compares all properties but one octet by octet, and the headers by all
// that have another name.
func sameBut(t *testing.T, p, q Properties, except PropertyFlag, name string) {
	t.Helper()
	if err := q.Check(); err != nil {
		t.Fatalf("%x became %x: %v", p, q, err)
	}
	if len(p) > 0 && (p.flags()^q.flags())&^except != 0 {
		t.Errorf("flags %x became %x", p.flags(), q.flags())
	}
	for flag := FlagContentType; flag >= FlagClusterID; flag >>= 1 {
		before, _ := p.find(flag)
		after, _ := q.find(flag)
		switch {
		case flag != except && !bytes.Equal(before, after):
			t.Errorf("property %x: %x became %x", flag, before, after)
		case flag == except && flag == FlagHeaders:
			if b, a := entriesBut(t, before, name), entriesBut(t, after, name); b != a {
				t.Errorf("headers but %q: %x became %x", name, b, a)
			}
		}
	}
}

// entriesBut returns the octets of all entries of a table with another name.
func entriesBut(t *testing.T, table []byte, name string) string {
	t.Helper()
	var others []byte
	if len(table) == 0 {
		return ""
	}
	for rest := table[4:]; len(rest) > 0; {
		e, after, err := cutEntry(rest)
		if err != nil {
			t.Fatal(err)
		}
		if string(e.name) != name {
			others = append(others, rest[:len(rest)-len(after)]...)
		}
		rest = after
	}
	return string(others)
}

// FuzzTrace: what a line describes is described by a line that means the same.
func FuzzTrace(f *testing.F) {
	for _, g := range goldenFrames(f) {
		f.Add(g.trace)
	}
	f.Add(`1 header headers={a: F {b: A [t 5, d NaN, f 1e+06]}}`)
	f.Fuzz(func(t *testing.T, line string) {
		octets, err := ParseTrace(line)
		if err != nil {
			return
		}
		frame, err := NewReader(bytes.NewReader(octets)).ReadFrame()
		if err != nil {
			return // raw octets may be anything
		}
		told := string(AppendTrace(nil, frame))
		again, err := ParseTrace(told)
		if err != nil {
			t.Fatalf("%s told as %s: %v", line, told, err)
		}
		frame, err = NewReader(bytes.NewReader(again)).ReadFrame()
		if err != nil {
			t.Fatalf("%s told as %s: %v", line, told, err)
		}
		if twice := string(AppendTrace(nil, frame)); twice != told {
			t.Errorf("%s\ntold as %s\n   then %s", line, told, twice)
		}
		if !strings.Contains(line, "raw") && !bytes.Equal(octets, again) {
			t.Errorf("%s\n is %x\nbut %x", told, again, octets)
		}
	})
}
