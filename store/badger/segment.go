package badger

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A segment is everything that one group of batches wrote: many messages in one
// piece, because a value of their own for each costs two to ten times the time. A
// message that went to several queues is there once.
//
//	offset
//	0       format (1 octet)   kind (1)   reserved (2)
//	4       number of entries (4)
//	8       number of references (4)
//	12      octets of the index (4)
//	16      number of the segment (8)
//	24      octets of the segment (8)
//	32      CRC-32C of octets 0 to 31 and of the index (4)
//	36      index
//	        bodies
//
//	index   = strings entry... queue...
//	strings = count, then each: length, octets     exchanges and routing keys
//	entry   = flags (1 octet), exchange (a string), routing key (a string),
//	          octets of the properties, octets of the body,
//	          CRC-32C of both (4 octets), [priority (1 octet)],
//	          [count, then each: a key of BCC (a string)]
//	queue   = queue id, count, first number (8 octets), then each reference:
//	          distance from the number before << 1 | expires,
//	          entry (relative to the one before), [time of expiry]
//	bodies  = for each entry: properties, body, both as they were received
//
// A segment that is bound counts only if the database knows of it: it was written
// together with something there. A segment of definitions has these as its index, see
// encodeDocs, and nothing else. The first 36 octets are the same in every format, so
// that a segment of a newer one can be told from a damaged one. Integers without a
// size are varints, the others big-endian. References are in the order of queue and number; a
// reference's place in that order is its ordinal. The index is in front so that
// start-up reads a page or two of each segment, and no bodies.
const (
	segmentFormat = 4
	headerBytes   = 36
	minEntry      = 9 // octets of the smallest entry
	minRef        = 2

	// The limits of a segment. A message larger than maxSegmentBytes has a
	// segment of its own; one with more references is written several times.
	// What is encoded should still be in the processor's cache when it is
	// written.
	maxSegmentBytes = 512 << 10
	maxSegmentRefs  = 32 << 10
)

// The kinds of segments.
const (
	messages byte = iota
	boundMessages
	definitions
)

const (
	flagPersistent = 1 << iota
	flagPriority
	flagDeadLettered
	flagRekeyed
	flagBCC
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	errDamaged = errors.New("damaged")
	errNewer   = errors.New("written by a newer version")
)

// A ref is one place of a message in a segment.
type ref struct {
	queue, seq uint64
	expires    int64
	entry      uint32
}

func compareRefs(a, b ref) int {
	if a.queue != b.queue {
		return cmp.Compare(a.queue, b.queue)
	}
	return cmp.Compare(a.seq, b.seq)
}

// sameLane reports whether two references are of one lane of one queue.
func sameLane(a, b *ref) bool {
	return a.queue == b.queue && a.seq>>store.LaneShift == b.seq>>store.LaneShift
}

// A builder gathers messages and encodes them as a segment.
type builder struct {
	items []item
	refs  []ref
	size  int // octets of bodies and, roughly, of the index

	strings []string
	places  map[string]uint32 // of strings

	// The last exchange and routing key, which in most cases are the next.
	exchange, key item

	sorter refSorter
}

// An item is a message of a builder, and where its strings are.
type item struct {
	message       *amqp.Message
	exchange, key uint32
	bcc           []uint32
}

func (b *builder) reset() {
	clear(b.items)
	clear(b.strings)
	clear(b.places)
	b.items, b.refs, b.strings, b.size = b.items[:0], b.refs[:0], b.strings[:0], 0
	b.exchange, b.key = item{}, item{}
}

// fits reports whether there is room for one more reference of m, which is in
// the builder already if it was the last one added.
func (b *builder) fits(m *amqp.Message) bool {
	if len(b.refs) >= maxSegmentRefs {
		return false
	}
	if n := len(b.items); n == 0 || b.items[n-1].message == m {
		return true
	}
	return b.size+len(m.Properties)+len(m.Body) <= maxSegmentBytes
}

func (b *builder) add(m *amqp.Message, r ref) {
	if n := len(b.items); n == 0 || b.items[n-1].message != m {
		b.addMessage(m)
	}
	r.entry = uint32(len(b.items) - 1)
	b.refs = append(b.refs, r)
	b.size += 8
}

func (b *builder) addMessage(m *amqp.Message) {
	if b.exchange.message == nil || b.exchange.message.Exchange != m.Exchange {
		b.exchange = item{message: m, exchange: b.place(m.Exchange)}
	}
	if b.key.message == nil || b.key.message.RoutingKey != m.RoutingKey {
		b.key = item{message: m, key: b.place(m.RoutingKey)}
	}
	var bcc []uint32
	for _, key := range m.BCC() {
		bcc = append(bcc, b.place(key))
	}
	b.items = append(b.items, item{message: m, exchange: b.exchange.exchange, key: b.key.key, bcc: bcc})
	b.size += 16 + len(m.Properties) + len(m.Body)
}

func (b *builder) place(s string) uint32 {
	if at, found := b.places[s]; found {
		return at
	}
	if b.places == nil {
		b.places = make(map[string]uint32)
	}
	at := uint32(len(b.strings))
	b.places[s] = at
	b.strings = append(b.strings, s)
	b.size += len(s)
	return at
}

// encode writes the segment of a number over dst, and leaves the references of b in
// the order of their ordinals. The body of a message that has a segment of its own
// is not copied: the segment ends with rest.
func (b *builder) encode(dst []byte, number uint64, kind byte) (segment, rest []byte) {
	b.refs = b.sorter.sort(b.refs)
	if len(b.items) == 1 && len(b.items[0].message.Body) > maxSegmentBytes {
		rest = b.items[0].message.Body
	}
	dst = slices.Grow(dst[:0], headerBytes+b.size+b.size/8-len(rest))[:headerBytes]
	dst = b.appendStrings(dst)
	size := len(rest)
	for i := range b.items {
		m := b.items[i].message
		dst = b.items[i].appendTo(dst)
		size += len(m.Properties) + len(m.Body)
	}
	dst = appendRefs(dst, b.refs)
	h := header{
		format: segmentFormat, kind: kind, number: number,
		entries: uint32(len(b.items)), refs: uint32(len(b.refs)), index: uint32(len(dst) - headerBytes),
		size: uint64(len(dst) + size - len(rest)),
	}
	h.encode(dst)

	for _, it := range b.items {
		dst = append(dst, it.message.Properties...)
		if rest == nil {
			dst = append(dst, it.message.Body...)
		}
	}
	return dst, rest
}

// A header is what a segment begins with.
type header struct {
	format, kind  byte
	entries, refs uint32
	index         uint32 // octets
	number        uint64
	size          uint64 // octets of the whole segment
	sum           uint32
}

// encode puts the header in front of the index, and adds the checksum.
func (h *header) encode(segment []byte) {
	clear(segment[:headerBytes])
	segment[0], segment[1] = h.format, h.kind
	binary.BigEndian.PutUint32(segment[4:], h.entries)
	binary.BigEndian.PutUint32(segment[8:], h.refs)
	binary.BigEndian.PutUint32(segment[12:], h.index)
	binary.BigEndian.PutUint64(segment[16:], h.number)
	binary.BigEndian.PutUint64(segment[24:], h.size)
	binary.BigEndian.PutUint32(segment[32:], sumOf(segment))
}

func decodeHeader(b []byte) header {
	return header{
		format: b[0], kind: b[1],
		entries: binary.BigEndian.Uint32(b[4:]), refs: binary.BigEndian.Uint32(b[8:]), index: binary.BigEndian.Uint32(b[12:]),
		number: binary.BigEndian.Uint64(b[16:]), size: binary.BigEndian.Uint64(b[24:]), sum: binary.BigEndian.Uint32(b[32:]),
	}
}

// sumOf returns the checksum of a segment of which there is only what comes before
// the bodies.
func sumOf(segment []byte) uint32 {
	return crc32.Update(crc32.Checksum(segment[:32], castagnoli), castagnoli, segment[headerBytes:])
}

func (b *builder) appendStrings(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b.strings)))
	for _, s := range b.strings {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

func (it *item) appendTo(dst []byte) []byte {
	m := it.message
	dst = append(dst, entryFlags(m))
	dst = binary.AppendUvarint(dst, uint64(it.exchange))
	dst = binary.AppendUvarint(dst, uint64(it.key))
	dst = binary.AppendUvarint(dst, uint64(len(m.Properties)))
	dst = binary.AppendUvarint(dst, uint64(len(m.Body)))
	dst = binary.BigEndian.AppendUint32(dst, checksum(m.Properties, m.Body))
	if m.Priority != 0 {
		dst = append(dst, m.Priority)
	}
	if m.Hidden != nil {
		dst = binary.AppendUvarint(dst, uint64(len(it.bcc)))
		for _, key := range it.bcc {
			dst = binary.AppendUvarint(dst, uint64(key))
		}
	}
	return dst
}

func entryFlags(m *amqp.Message) (flags byte) {
	set := func(flag byte, is bool) {
		if is {
			flags |= flag
		}
	}
	set(flagPersistent, m.Persistent)
	set(flagPriority, m.Priority != 0)
	set(flagDeadLettered, m.DeadLettered)
	set(flagRekeyed, m.Rekeyed)
	set(flagBCC, m.Hidden != nil)
	return flags
}

func checksum(properties, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(properties, castagnoli), castagnoli, body)
}

func appendRefs(dst []byte, refs []ref) []byte {
	for i := 0; i < len(refs); {
		end := i + 1
		for end < len(refs) && sameLane(&refs[i], &refs[end]) {
			end++
		}
		dst = binary.AppendUvarint(dst, refs[i].queue)
		dst = binary.AppendUvarint(dst, uint64(end-i))
		dst = binary.BigEndian.AppendUint64(dst, refs[i].seq)
		seq, entry := refs[i].seq, int64(0)
		for ; i < end; i++ {
			r := &refs[i]
			step := (r.seq - seq) << 1
			if r.expires != 0 {
				step |= 1
			}
			dst = binary.AppendUvarint(dst, step)
			dst = binary.AppendVarint(dst, int64(r.entry)-entry)
			if r.expires != 0 {
				dst = binary.AppendVarint(dst, r.expires)
			}
			seq, entry = r.seq, int64(r.entry)
		}
	}
	return dst
}
