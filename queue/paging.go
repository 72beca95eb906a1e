package queue

import (
	"container/heap"
	"iter"
	"sync/atomic"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A Memory bounds what the ready messages of many queues take together. Beyond
// it, queues keep their first messages and leave the others to the disk.
type Memory struct {
	limit int64 // octets
	used  atomic.Int64
}

// NewMemory returns a bound in octets.
func NewMemory(limit int64) *Memory { return &Memory{limit: limit} }

// severe is from where on queues keep little.
func (m *Memory) severe() int64 { return m.limit + m.limit/4 }

// Used returns how many octets ready messages take at the moment.
func (m *Memory) Used() int64 { return m.used.Load() }

const (
	// overhead is what a message takes besides its octets, about.
	overhead = 200

	// keepBytes is how much of a queue stays in memory however full that is,
	// at its head: the half of it that is left covers the time in which more
	// is read back.
	keepBytes = 1 << 20

	// keepLittle is keepBytes where that would add up: when memory is over its
	// limit by a quarter, for then many queues keep something; and for a queue
	// without consumers, of which there may be thousands after a restart.
	keepLittle = 32 << 10

	// spillMost is how many messages are handed to the store at once to make
	// room.
	spillMost = 1024

	// loadMost is how many messages are read back at once.
	loadMost = 4096
)

// footprint is what a message counts for in memory.
func footprint(m *amqp.Message) int64 {
	return int64(len(m.Body)+len(m.Properties)) + overhead
}

// pageOut leaves to the disk what need not be in memory, if memory is short.
func (q *FIFO) pageOut() {
	if q.memory == nil || q.resident <= keepLittle {
		return
	}
	used := q.memory.used.Load() + q.resident - q.counted
	if used <= q.memory.limit || q.resident <= keepBytes && used <= q.memory.severe() {
		return
	}
	for i := range q.lanes {
		q.pageOutLane(&q.lanes[i])
	}
}

func (q *FIFO) pageOutLane(l *lane) {
	if len(l.paged) == 0 && l.tail.len() == 0 {
		if keep := q.batch(); l.head.len() > keep {
			l.tail = l.head.cut(keep)
		}
	}
	for l.tail.len() > 0 {
		es := l.tail.front(blockSize)
		n := 0
		for n < len(es) && es[n].stored() {
			n++
		}
		if n == 0 {
			q.spill(l)
			return
		}
		for i := range es[:n] {
			l.leave(&es[i])
			q.resident -= footprint(es[i].Message)
		}
		l.tail.drop(n)
	}
}

// stored reports whether the store has the entry, for good.
func (e *Entry) stored() bool {
	return e.onDisk || e.ref != nil && e.ref.Written()
}

// leave adds an entry to what is paged. The extent that is being read back stays
// as it is, so that what the answer lacks can be told from what it could not have.
func (l *lane) leave(e *Entry) {
	n := len(l.paged)
	if n > 0 && l.paged[n-1].Hi+1 == e.seq && !(l.loading && n == 1) {
		x := &l.paged[n-1]
		x.Hi, x.Messages, x.Bytes = e.seq, x.Messages+1, x.Bytes+int64(e.size)
		return
	}
	l.paged = append(l.paged, store.Extent{Span: store.Span{Lo: e.seq, Hi: e.seq}, Messages: 1, Bytes: int64(e.size)})
}

// spill hands messages of the tail to the store that it would not get otherwise:
// transient ones, and those of queues that are not durable. Nobody waits for
// them, and after a restart they are gone as they should be.
func (q *FIFO) spill(l *lane) {
	var records []*store.Record
	for i := range min(l.tail.len(), spillMost) {
		e := l.tail.at(i)
		if e.ref != nil || e.onDisk {
			continue
		}
		r := new(store.Record)
		r.Init(e.Message, nil, 0)
		e.ref = r.Add(store.Ref{Queue: q.id, Seq: e.seq, Expires: e.expires})
		r.Release()
		records = append(records, r)
	}
	if len(records) > 0 {
		q.spilled = true
		q.store.Append(store.Batch{Records: records})
	}
}

// batch is how many of the queue's messages are kept in memory, and read back at
// once, about.
func (q *FIFO) batch() int {
	keep := int64(keepBytes)
	if q.memory != nil && (q.consumers.len() == 0 || q.memory.used.Load() > q.memory.severe()) {
		keep = keepLittle
	}
	size := q.readyBytes/int64(max(q.ready, 1)) + overhead
	return int(min(max(keep/size, 1), loadMost))
}

// fill reads ahead what will be delivered next.
func (q *FIFO) fill() {
	l := &q.lanes[q.top]
	if len(l.paged) > 0 && l.head.len() <= q.batch()/2 {
		q.fillLane(l)
	}
}

// fillLane asks for the first messages of a lane that are not in memory.
func (q *FIFO) fillLane(l *lane) {
	if l.loading || q.err != nil {
		return
	}
	var span store.Span
	most := q.batch()
	switch {
	case len(l.returned) > 0 && l.returnedIsNext() && l.returned[0].Message == nil:
		first := l.returned[0].seq
		span = store.Span{Lo: first, Hi: first + uint64(most) - 1}
	case len(l.paged) > 0:
		span = l.paged[0].Span
	default:
		return
	}
	l.loading = true
	generation := l.generation
	lane := int(span.Lo >> store.LaneShift)
	q.store.Load(q.id, span, most, func(ms []store.Stored, err error) {
		q.mu.Lock()
		defer q.unlock()
		if q.deleted {
			return
		}
		l := &q.lanes[lane]
		l.loading = false
		switch {
		case err != nil:
			q.err = err
		case l.generation == generation:
			q.loaded(l, span, ms)
		}
		q.expire()
		q.trim()
		q.deliver()
		q.filled()
	})
}

// loaded puts messages that were read back where they belong: to the end of the
// head, or into requeued entries that had been slimmed. The store gives the first
// ones of the span, at least one unless there are none: what lies before the last
// one given, and is not among them, is damaged.
func (q *FIFO) loaded(l *lane, span store.Span, ms []store.Stored) {
	if len(l.paged) > 0 && l.paged[0].Lo == span.Lo {
		q.loadedHead(l, ms)
		return
	}
	if len(ms) > 0 {
		span.Hi = ms[len(ms)-1].Seq
	}
	q.loadedReturned(l, span, ms)
}

func (q *FIFO) loadedReturned(l *lane, span store.Span, ms []store.Stored) {
	at := bySeq(ms)
	for i := range l.returned {
		e := &l.returned[i].Entry
		if e.Message != nil || e.seq > span.Hi {
			continue
		}
		if e.Message = at[e.seq]; e.Message != nil {
			q.resident += footprint(e.Message)
		}
	}
	// Older ones may have come back meanwhile: these were not asked for.
	for len(l.returned) > 0 && l.returned[0].Message == nil && span.Lo <= l.returned[0].seq && l.returned[0].seq <= span.Hi {
		q.left([]Entry{l.returned[0].Entry}) // damaged, as the store has said; there it is settled
		heap.Pop(&l.returned)
	}
}

// bySeq returns messages by their numbers.
func bySeq(ms []store.Stored) map[uint64]*amqp.Message {
	at := make(map[uint64]*amqp.Message, len(ms))
	for i := range ms {
		at[ms[i].Seq] = ms[i].Message
	}
	return at
}

// foundEntry makes an entry of a message as the store has it.
func (q *FIFO) foundEntry(m *store.Stored) Entry {
	e := Entry{
		Message:     m.Message,
		Redelivered: q.mark.was(m.Seq),
		onDisk:      true,
		size:        uint32(len(m.Message.Body)),
		seq:         m.Seq,
		expires:     m.Expires,
	}
	if q.quorum && q.manner.CountFirst {
		e.count = 1
	}
	return e
}

func (q *FIFO) loadedHead(l *lane, ms []store.Stored) {
	x := &l.paged[0]
	for i := range ms {
		m := ms[i].Message
		x.Lo = ms[i].Seq + 1
		if l.taken[ms[i].Seq] {
			continue
		}
		x.Messages--
		x.Bytes -= int64(len(m.Body))
		q.resident += footprint(m)
		if ms[i].Expires != 0 {
			q.expiry.used = true
		}
		q.readBack(l, q.foundEntry(&ms[i]))
	}
	l.readPast(x.Lo - 1)
	if len(ms) == 0 || x.Lo > x.Hi {
		// The extent is used up. Messages that it should have had are damaged,
		// and the store has said so.
		l.readPast(x.Hi)
		q.ready -= x.Messages
		q.readyBytes -= x.Bytes
		l.paged = l.paged[1:]
	}
	if len(l.paged) == 0 {
		l.paged = nil
		l.head.append(&l.tail)
		l.tail = deque{}
	}
}

// waitForFill returns a channel that is closed when something has been read back.
func (q *FIFO) waitForFill() <-chan struct{} {
	if q.filling == nil {
		q.filling = make(chan struct{})
	}
	return q.filling
}

// filled wakes those who wait for messages to be read back.
func (q *FIFO) filled() {
	if q.filling != nil {
		close(q.filling)
		q.filling = nil
	}
}

// entries returns the entries of a lane that are in memory, in order.
func (l *lane) entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, e := range l.returned.sorted() {
			if !yield(e) {
				return
			}
		}
		for _, d := range []*deque{&l.head, &l.tail} {
			for i := range d.len() {
				if !yield(*d.at(i)) {
					return
				}
			}
		}
	}
}
