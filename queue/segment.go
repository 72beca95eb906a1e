package queue

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A segment is a part of a stream, and the least that can be cut off it. These are
// not the store's segments: they exist only as numbers.
type segment struct {
	hi       uint64 // number of its last message
	messages int
	bytes    int64 // of their bodies
	size     int64 // octets, with all that a message takes
	time     int64 // when the last one was published, in Unix milliseconds
}

// messageSize is what a message counts for besides its octets.
const messageSize = 64

// add counts a message in, which is the last one then.
func (s *segment) add(m *amqp.Message, seq uint64, published int64) {
	s.hi, s.time = seq, published
	s.messages++
	s.bytes += int64(len(m.Body))
	s.size += int64(len(m.Body)+len(m.Properties)) + messageSize
}

const (
	// segmentsMost is how many segments a stream has at most: then the oldest are
	// united, two by two. So they bound memory, however small they are to be.
	segmentsMost = 512

	// noteEvery is how many octets of segments may be full without the store knowing
	// where they end. After a crash these are one segment.
	noteEvery = 1 << 20
)

// segments are those of a stream, oldest first. Only the last one grows, and it is
// never cut off.
type segments struct {
	full    []segment
	last    segment
	unnoted int64 // octets of those that are full and that the store does not know
}

// roll begins another segment if the last one is full.
func (s *segments) roll(limit int64) {
	if s.last.messages == 0 || s.last.size < limit {
		return
	}
	s.full = append(s.full, s.last)
	s.unnoted += s.last.size
	s.last = segment{}
	if len(s.full) == segmentsMost {
		s.unite()
	}
}

// unite makes one segment of each two.
func (s *segments) unite() {
	for i := 0; i < len(s.full); i += 2 {
		a, b := s.full[i], s.full[i+1]
		b.messages, b.bytes, b.size = a.messages+b.messages, a.bytes+b.bytes, a.size+b.size
		s.full[i/2] = b
	}
	s.full = s.full[:len(s.full)/2]
}

// excess returns how many segments are to go: those that leave the others as large
// as may be, and those whose messages were all published before some moment.
func (s *segments) excess(most, before int64) (n int) {
	size := s.last.size
	for n = len(s.full); n > 0; n-- {
		if size += s.full[n-1].size; size > most {
			break
		}
	}
	for n < len(s.full) && s.full[n].time < before {
		n++
	}
	return n
}

// cut takes the segments up to a number away, and returns them as one.
func (s *segments) cut(upTo uint64) (gone segment) {
	for len(s.full) > 0 && s.full[0].hi <= upTo {
		gone.messages += s.full[0].messages
		gone.bytes += s.full[0].bytes
		s.full = s.full[1:]
	}
	return gone
}

// storedSegments are segments as they are stored, each as hi, messages, bytes, size
// and time. With segmentsMost of them that is no more than a definition may have.
type storedSegments struct {
	Full [][5]int64 `json:"segments"`
}

// doc returns the definition of the segments that are full.
func (s *segments) doc(id uint64) store.Doc {
	stored := storedSegments{Full: make([][5]int64, len(s.full))}
	for i, f := range s.full {
		stored.Full[i] = [5]int64{int64(f.hi), int64(f.messages), f.bytes, f.size, f.time}
	}
	doc := segmentsDoc(id)
	doc.Value, _ = json.Marshal(stored) // numbers cannot fail
	return doc
}

// segmentsDoc is the definition of no segments: it deletes that of a stream.
func segmentsDoc(id uint64) store.Doc {
	return store.Doc{Kind: store.Deliveries, Key: strconv.FormatUint(id, 10)}
}

// recover takes over what was stored, and what the store has of the stream's
// messages. What is behind the segments that are known is the last one.
func (s *segments) recover(doc []byte, x store.Extent) error {
	var stored storedSegments
	var err error
	if doc != nil {
		if err = json.Unmarshal(doc, &stored); err != nil {
			err, stored.Full = fmt.Errorf("read where the segments of a stream end: %w", err), nil
		}
	}
	s.last = segment{messages: x.Messages, bytes: x.Bytes}
	for _, f := range stored.Full {
		full := segment{hi: uint64(f[0]), messages: int(f[1]), bytes: f[2], size: f[3], time: f[4]}
		if full.hi < x.Lo || full.hi > x.Hi { // it was cut off since
			continue
		}
		s.full = append(s.full, full)
		s.last.messages = max(0, s.last.messages-full.messages)
		s.last.bytes = max(0, s.last.bytes-full.bytes)
	}
	s.last.size = s.last.bytes + int64(s.last.messages)*messageSize
	return err
}
