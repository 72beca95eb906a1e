package badger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/harebellmq/harebell/store"
)

// contents is the index of a segment, decoded; see segmentFormat for
// the layout. It holds no part of the segment.
type contents struct {
	head    header
	strings []string
	entries []entry
	refs    []ref       // by ordinal
	docs    []store.Doc // if it is a segment of definitions, which has none of the above
	buffer  []byte      // for reading
}

// An entry is one message of a segment.
type entry struct {
	exchange, key    uint32
	properties, body uint64 // octets
	offset           uint64 // of the properties in the segment
	sum              uint32
	flags, priority  byte
	bcc              []uint32 // keys
}

// end returns where in the segment the message ends.
func (e *entry) end() uint64 { return e.offset + e.properties + e.body }

// read reads the index of a segment, and of the rest only the length. What c held
// before is overwritten.
func (c *contents) read(at *io.SectionReader) error {
	head := c.octets(headerBytes)
	if err := readFull(at, head, 0); err != nil {
		return err
	}
	c.head = decodeHeader(head)
	if c.head.size > uint64(at.Size()) || headerBytes+uint64(c.head.index) > c.head.size {
		return fmt.Errorf("%w: segment is cut off", errDamaged)
	}
	segment := c.octets(headerBytes + int(c.head.index))
	if err := readFull(at, segment, 0); err != nil {
		return err
	}
	return c.decode(segment)
}

// octets returns memory to read into.
func (c *contents) octets(n int) []byte {
	c.buffer = slices.Grow(c.buffer[:0], n)[:n]
	return c.buffer
}

// readFull reads octets from an offset. That there are not so many is damage.
func readFull(at io.ReaderAt, octets []byte, offset uint64) error {
	if n, err := at.ReadAt(octets, int64(offset)); n < len(octets) {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: %d octets at %d, want %d", errDamaged, n, offset, len(octets))
		}
		return err
	}
	return nil
}

// check reads all messages of the segment that was read, and compares their
// checksums.
func (c *contents) check(at io.ReaderAt) error {
	for i := range c.entries {
		e := &c.entries[i]
		octets := c.octets(int(e.properties + e.body))
		if err := readFull(at, octets, e.offset); err != nil {
			return err
		}
		if checksum(octets, nil) != e.sum {
			return fmt.Errorf("%w: message %d", errDamaged, i)
		}
	}
	return nil
}

// decode takes a segment apart of which there is only what comes before the
// bodies.
func (c *contents) decode(segment []byte) error {
	if c.head.sum != sumOf(segment) {
		return fmt.Errorf("%w: checksum of the index is wrong", errDamaged)
	}
	if c.head.format > segmentFormat {
		return fmt.Errorf("segment format %d is unknown: %w", c.head.format, errNewer)
	}
	index := segment[headerBytes:]
	if c.head.kind == definitions {
		return c.decodeDocs(index)
	}
	entries, refs, length := c.head.entries, c.head.refs, uint64(len(index))
	if uint64(entries)*minEntry+uint64(refs)*minRef > length {
		return fmt.Errorf("%w: index is too short", errDamaged)
	}

	r := reader{rest: index}
	c.decodeStrings(&r)
	c.decodeEntries(&r, int(entries), headerBytes+length, c.head.size)
	c.decodeRefs(&r, int(refs))
	if r.failed || len(r.rest) > 0 {
		return fmt.Errorf("%w: index is malformed", errDamaged)
	}
	return nil
}

func (c *contents) decodeStrings(r *reader) {
	c.strings = c.strings[:0]
	for n := r.uvarint(); n > 0 && !r.failed; n-- {
		c.strings = append(c.strings, string(r.octets(r.uvarint())))
	}
}

// decodeEntries reads entries whose octets are from offset to end.
func (c *contents) decodeEntries(r *reader, n int, offset, end uint64) {
	c.entries = slices.Grow(c.entries[:0], n)
	strings := uint64(len(c.strings))
	for ; n > 0 && !r.failed; n-- {
		e := entry{flags: r.octet(), offset: offset}
		exchange, key := r.uvarint(), r.uvarint()
		e.properties, e.body = r.uvarint(), r.uvarint()
		e.sum = r.uint32()
		if e.flags&flagPriority != 0 {
			e.priority = r.octet()
		}
		if e.flags&flagBCC != 0 {
			e.bcc = r.places(strings)
		}
		if exchange >= strings || key >= strings || e.properties > 1<<32 || e.body > 1<<48 {
			r.failed = true
			return
		}
		e.exchange, e.key = uint32(exchange), uint32(key)
		if offset = e.end(); offset > end {
			r.failed = true
			return
		}
		c.entries = append(c.entries, e)
	}
}

// places reads a list of strings' places, all below most.
func (r *reader) places(most uint64) (list []uint32) {
	for n := r.uvarint(); n > 0 && !r.failed; n-- {
		at := r.uvarint()
		r.failed = r.failed || at >= most
		list = append(list, uint32(at))
	}
	return list
}

func (c *contents) decodeRefs(r *reader, n int) {
	c.refs = slices.Grow(c.refs[:0], n)
	for n > 0 && !r.failed {
		queue, count, seq := r.uvarint(), r.uvarint(), r.uint64()
		if count == 0 || count > uint64(n) {
			r.failed = true
			return
		}
		n -= int(count)
		at := int64(0)
		for ; count > 0 && !r.failed; count-- {
			step := r.uvarint()
			seq += step >> 1
			at += r.varint()
			var expires int64
			if step&1 != 0 {
				expires = r.varint()
			}
			if at < 0 || at >= int64(len(c.entries)) {
				r.failed = true
				return
			}
			c.refs = append(c.refs, ref{queue: queue, seq: seq, expires: expires, entry: uint32(at)})
		}
	}
}

// A reader takes an index apart. After a failure it returns zeros.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) octets(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.failed, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) octet() byte {
	if b := r.octets(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.octets(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.octets(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // most are small
		v := r.rest[0]
		r.rest = r.rest[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	v := int64(u >> 1)
	if u&1 != 0 {
		v = ^v
	}
	return v
}
