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

// A segment is everything that one group of batches wrote: one value for many
// messages, because a value of their own for each costs two to ten times the
// time. A message that went to several queues is there once.
//
//	offset
//	0       format (1 octet)   reserved (3)
//	4       number of entries (4)
//	8       number of references (4)
//	12      octets of the index (4)
//	16      CRC-32C of octets 0 to 15 and of the index (4)
//	20      index
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
// The first 20 octets are the same in every format, so that a segment of a newer
// one can be told from a damaged one. Integers without a size are varints, the
// others big-endian. References are in the order of queue and number; a
// reference's place in that order is its ordinal. The index is in front so that
// start-up reads a page or two of each segment, and no bodies.
//
// A body larger than chunkBytes is not among the bodies: it has a segment to
// itself and values of its own, see chunkKey.
//
// Format 2 has the keys of BCC, and says what became of dead letters.
const (
	segmentFormat = 2
	headerBytes   = 20
	minEntry      = 9 // octets of the smallest entry
	minRef        = 2

	// The limits of a segment. A message larger than maxSegmentBytes has a
	// segment of its own; one with more references is written several times.
	// Badger copies every value through a buffer that it makes anew for each
	// transaction, so several values cost it less memory than one large one.
	maxSegmentBytes = 512 << 10
	maxSegmentRefs  = 32 << 10
	chunkBytes      = 4 << 20
)

const (
	flagPersistent = 1 << iota
	flagPriority
	flagChunked
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
	return !b.chunked() && len(m.Body) <= chunkBytes &&
		b.size+len(m.Properties)+len(m.Body) <= maxSegmentBytes
}

// chunked reports whether the builder holds a body that is stored apart.
func (b *builder) chunked() bool {
	return len(b.items) == 1 && len(b.items[0].message.Body) > chunkBytes
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

// appendTo appends the segment to dst, and leaves the references of b in the
// order of their ordinals.
func (b *builder) appendTo(dst []byte) []byte {
	slices.SortFunc(b.refs, compareRefs)
	start := len(dst)
	dst = slices.Grow(dst, headerBytes+b.size+b.size/8)
	dst = append(dst, segmentFormat, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(b.items)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(b.refs)))
	dst = append(dst, make([]byte, 8)...)

	dst = b.appendStrings(dst)
	for i := range b.items {
		dst = b.items[i].appendTo(dst)
	}
	dst = appendRefs(dst, b.refs)

	head, index := dst[start:start+headerBytes], dst[start+headerBytes:]
	binary.BigEndian.PutUint32(head[12:], uint32(len(index)))
	sum := crc32.Update(crc32.Checksum(head[:16], castagnoli), castagnoli, index)
	binary.BigEndian.PutUint32(head[16:], sum)

	for _, it := range b.items {
		dst = append(dst, it.message.Properties...)
		if len(it.message.Body) <= chunkBytes {
			dst = append(dst, it.message.Body...)
		}
	}
	return dst
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
	set(flagChunked, len(m.Body) > chunkBytes)
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
