package badger

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
)

// contents is the index of a segment, decoded; see segmentFormat for the layout. It holds no part of the segment.
type contents struct {
	strings []string
	entries []entry
	refs    []ref // by ordinal
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

// bodyInside returns how many octets of the body are in the segment.
func (e *entry) bodyInside() uint64 {
	if e.flags&flagChunked != 0 {
		return 0
	}
	return e.body
}

// decode reads the index of segment, and of the rest only the length. What c
// held before is overwritten.
func (c *contents) decode(segment []byte) error {
	if len(segment) < headerBytes {
		return fmt.Errorf("%w: segment of %d octets", errDamaged, len(segment))
	}
	entries, refs := binary.BigEndian.Uint32(segment[4:]), binary.BigEndian.Uint32(segment[8:])
	length := uint64(binary.BigEndian.Uint32(segment[12:]))
	if headerBytes+length > uint64(len(segment)) {
		return fmt.Errorf("%w: index is cut off", errDamaged)
	}
	index := segment[headerBytes : headerBytes+length]
	sum := crc32.Update(crc32.Checksum(segment[:16], castagnoli), castagnoli, index)
	if sum != binary.BigEndian.Uint32(segment[16:]) {
		return fmt.Errorf("%w: checksum of the index is wrong", errDamaged)
	}
	if f := segment[0]; f > segmentFormat {
		return fmt.Errorf("segment format %d is unknown: %w", f, errNewer)
	}
	if uint64(entries)*minEntry+uint64(refs)*minRef > length {
		return fmt.Errorf("%w: index is too short", errDamaged)
	}

	r := reader{rest: index}
	c.decodeStrings(&r)
	c.decodeEntries(&r, int(entries), headerBytes+length)
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

func (c *contents) decodeEntries(r *reader, n int, offset uint64) {
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
		offset += e.properties + e.bodyInside()
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

// octets returns the properties and the body of e as they are in segment; the
// body is empty if it is stored in chunks.
func (e *entry) octets(segment []byte) (properties, body []byte, err error) {
	middle := e.offset + e.properties
	end := middle + e.bodyInside()
	if end < e.offset || end > uint64(len(segment)) {
		return nil, nil, fmt.Errorf("%w: message is cut off", errDamaged)
	}
	return segment[e.offset:middle:middle], segment[middle:end:end], nil
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
