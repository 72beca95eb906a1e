package badger

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"testing"
)

// exampleSegment returns a segment of three messages in three lanes.
func exampleSegment() (segment []byte, b *builder) {
	b = new(builder)
	first, second, third := text("one"), text("two"), text("three")
	second.Priority = 3
	third.Persistent = false
	third.DeadLettered, third.Rekeyed = true, true
	second.Hidden = &[]string{"key", third.RoutingKey, "another"}
	b.add(first, ref{queue: 9, seq: 5})
	b.add(first, ref{queue: 2, seq: 1 << 60, expires: 1234567890123})
	b.add(second, ref{queue: 9, seq: 4})
	b.add(third, ref{queue: 300, seq: 7, expires: -1})
	segment, _ = b.encode(nil, 7, boundMessages)
	return segment, b
}

func sectionOf(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

func TestSegmentIsDecodedAsItWasBuilt(t *testing.T) {
	segment, b := exampleSegment()
	var c contents
	if err := c.read(sectionOf(segment)); err != nil {
		t.Fatal(err)
	}
	if h := c.head; h.number != 7 || h.kind != boundMessages || h.size != uint64(len(segment)) {
		t.Errorf("header %+v, want number 7, bound, %d octets", h, len(segment))
	}
	if !slices.Equal(c.refs, b.refs) || !slices.IsSortedFunc(c.refs, compareRefs) {
		t.Errorf("references %v, want %v in their order", c.refs, b.refs)
	}
	if len(c.entries) != len(b.items) {
		t.Fatalf("%d messages, want %d", len(c.entries), len(b.items))
	}
	for i := range c.entries {
		e, want := &c.entries[i], b.items[i].message
		middle := e.offset + e.properties
		properties, body := segment[e.offset:middle], segment[middle:e.end()]
		if string(properties) != string(want.Properties) || string(body) != string(want.Body) {
			t.Errorf("message %d is %q %q", i, properties, body)
		}
		if e.sum != checksum(properties, body) || e.priority != want.Priority ||
			c.strings[e.exchange] != want.Exchange || c.strings[e.key] != want.RoutingKey ||
			e.flags != entryFlags(want) || len(e.bcc) != len(want.BCC()) {
			t.Errorf("message %d is %+v, want %+v", i, e, want)
		}
		for j, key := range e.bcc {
			if c.strings[key] != want.BCC()[j] {
				t.Errorf("message %d: key %d of BCC is %q, want %q", i, j, c.strings[key], want.BCC()[j])
			}
		}
	}
}

func TestSegmentRefusesEveryFlippedBitOfItsIndex(t *testing.T) {
	segment, _ := exampleSegment()
	index := headerBytes + int(binary.BigEndian.Uint32(segment[12:]))
	var c contents
	for i := range 8 * index {
		damaged := slices.Clone(segment)
		damaged[i/8] ^= 1 << (i % 8)
		if err := c.read(sectionOf(damaged)); err == nil {
			t.Errorf("octet %d: damage was not noticed", i/8)
		}
	}
}

// FuzzSegment decodes anything, with the right checksum, and enters it into an
// index.
func FuzzSegment(f *testing.F) {
	example, _ := exampleSegment()
	f.Add(example)
	empty, _ := new(builder).encode(nil, 1, messages)
	f.Add(empty)
	f.Fuzz(func(t *testing.T, value []byte) {
		if len(value) >= headerBytes {
			value[0] = segmentFormat
			index := min(int(binary.BigEndian.Uint32(value[12:])), len(value)-headerBytes)
			binary.BigEndian.PutUint32(value[32:], sumOf(value[:headerBytes+index]))
		}
		var c contents
		if err := c.read(sectionOf(value)); err != nil {
			return
		}
		for i := range c.entries {
			if e := &c.entries[i]; e.end() > uint64(len(value)) || e.end() < e.offset {
				t.Errorf("message %d is from %d to %d, the segment has %d octets", i, e.offset, e.end(), len(value))
			}
		}
		for i, r := range c.refs {
			if int(r.entry) >= len(c.entries) {
				t.Errorf("reference %d is to message %d of %d", i, r.entry, len(c.entries))
			}
		}
		x := newIndex()
		x.add(&segment{number: 1, refs: uint32(len(c.refs))}, c.refs, nil)
	})
}
