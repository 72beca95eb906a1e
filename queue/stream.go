package queue

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
)

// offsetHeader says in a delivery which message of its stream it is, counted from 0.
// The store's numbers begin at 1.
const offsetHeader = "x-stream-offset"

// A stream is a queue that messages stay in: each consumer reads all of them, from
// where it likes, and what is acked only makes room for more. The oldest go in whole
// segments, when there are too many or they are too old.
//
// All messages are in the store. The newest are in memory besides, as long as the
// consumers that keep up may want them; whoever is behind has some read back for
// itself.
//
// Nothing is delivered before it is written, for then a crash would give its number
// to another message, and a consumer that goes on behind the number would miss it.
type stream struct {
	// immutable
	id       uint64
	decl     Declaration
	declared streamLimits // by its arguments alone
	store    store.Store
	clock    clock.Clock
	memory   *Memory
	tell     func(error) // told

	stirred atomic.Bool           // something was written that stir has not looked at
	failure atomic.Pointer[error] // why something was not

	mu sync.Mutex // guards everything below

	limits   streamLimits // declared, and what policies say
	segments segments
	messages int
	bytes    int64  // of bodies
	first    uint64 // number of the oldest message, or of the next if there is none
	last     uint64 // the number given last
	written  uint64 // all up to it are written
	chunk    uint64 // number of the first message that came together with the last
	latest   int64  // when that was, in Unix milliseconds
	tail     tail

	readers  map[Consumer]*reader
	arrived  int // how many readers there have been
	counts   Counts
	resident int64 // octets of messages in memory
	counted  int64 // of those, as memory knows it
	cutting  bool  // the store is being told of messages that go
	timer    clock.Timer
	deleted  bool  // or stopped: what comes is ignored
	stopped  bool  // the broker is closing
	err      error // the store has failed: nothing more is taken or read

	// What belongs to one critical section: see unlock.
	flush []*reader
	later []func()
}

// newStream makes a stream with nothing in it: see Recover.
func newStream(d Declaration, c Config) (*stream, error) {
	l, err := parseStreamLimits(d)
	if err != nil {
		return nil, err
	}
	q := &stream{
		id:       c.ID,
		decl:     d,
		declared: l,
		store:    c.Store,
		clock:    c.Clock,
		memory:   c.Memory,
		limits:   l,
		first:    1,
		readers:  make(map[Consumer]*reader),
	}
	q.tell = q.told // made once
	return q, nil
}

// ID implements Hosted.
func (q *stream) ID() uint64 { return q.id }

// Declaration implements Target.
func (q *stream) Declaration() Declaration { return q.decl }

// Keeps implements Target.
func (q *stream) Keeps(bool) bool { return true }

// Long implements Target: what is published here stays.
func (q *stream) Long() bool { return true }

// Publish implements Target. All messages have records, as Keeps asks for them.
func (q *stream) Publish(ps []Publishing) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted || q.err != nil {
		q.ignore(ps)
		return
	}
	// The time must not go back, for it is searched.
	q.counts.Published += uint64(len(ps))
	q.latest = max(q.latest, q.clock.Now().UnixMilli())
	q.chunk = q.last + 1
	for i := range ps {
		q.append(&ps[i], q.latest)
	}
	q.retain()
}

// ignore is Publish to a stream that takes nothing more.
//
// rabbitmq: what is published to a deleted queue is confirmed
func (q *stream) ignore(ps []Publishing) {
	if q.deleted && !q.stopped {
		return
	}
	for i := range ps {
		ps[i].Record.Refuse()
	}
}

// append gives a message its number and its place.
func (q *stream) append(p *Publishing, published int64) {
	q.segments.roll(q.limits.segment)
	if q.segments.unnoted >= noteEvery {
		q.note()
	}
	q.last++
	p.Record.Keep()
	e := Entry{
		Message: withOffset(p.Message, q.last), size: uint32(len(p.Message.Body)), seq: q.last, expires: published,
		ref: p.Record.Add(store.Ref{Queue: q.id, Seq: q.last, Expires: published, Told: q.tell}),
	}
	q.tail.push(e)
	q.resident += footprint(e.Message)
	q.segments.last.add(p.Message, e.seq, published)
	q.messages++
	q.bytes += int64(e.size)
}

// withOffset returns a message as it is delivered: with its offset.
//
// rabbitmq: since 4.0 a message without a delivery mode is transient
func withOffset(m *amqp.Message, seq uint64) *amqp.Message {
	copied := *m
	if !m.Properties.Has(amqp.FlagDeliveryMode) {
		copied.Properties = m.Properties.WithDeliveryMode(1)
	}
	copied.Properties = copied.Properties.WithHeader(offsetHeader, int64(seq-1))
	return &copied
}

// told is called by the store, which must not wait for a queue: it may have a lot to
// deliver.
func (q *stream) told(err error) {
	if err != nil {
		q.failure.CompareAndSwap(nil, &err)
	}
	if q.stirred.CompareAndSwap(false, true) {
		go q.stir()
	}
}

// stir looks at what has been written, and delivers it.
func (q *stream) stir() {
	q.stirred.Store(false)
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	if err := q.failure.Load(); err != nil && q.err == nil {
		q.err = *err
	}
	if q.err == nil {
		q.written = q.tail.written(q.written)
	}
	for _, r := range q.readers {
		q.deliver(r)
	}
	q.retain()
}

// Get implements Queue.
func (q *stream) Get(bool) (Entry, int, bool, error) {
	return Entry{}, 0, false, q.decl.unsupported("basic.get")
}

// Purge implements Queue.
func (q *stream) Purge() (int, error) { return 0, q.decl.unsupported("queue.purge") }

// Ack implements Queue: who has acked something has room again, and says so by Wake.
func (q *stream) Ack(es []Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return // its counts have been taken over
	}
	q.counts.Acked += uint64(len(es))
}

// Requeue implements Queue.
//
// rabbitmq: since 4.0 all ways to settle a delivery are the same to a stream
func (q *stream) Requeue([]Entry, Return) {}

// Reject implements Queue.
func (q *stream) Reject([]Entry) {}

// Touch implements Queue: a stream has no lease.
func (q *stream) Touch() {}

// ConsumerTimeout implements Queue.
func (q *stream) ConsumerTimeout() time.Duration { return 0 }

// DeadLetterTo implements Hosted: no message of a stream dies.
func (q *stream) DeadLetterTo() DeadLetters { return DeadLetters{} }

// Stats implements Queue. Nothing counts as unacked, since all messages are ready for
// whoever comes.
func (q *stream) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stats()
}

func (q *stream) stats() Stats {
	return Stats{Ready: q.messages, ReadyBytes: q.bytes, Consumers: len(q.readers)}
}

// Delete implements Queue.
//
// rabbitmq: if-unused and if-empty mean nothing
func (q *stream) Delete(_, _ bool) (int, error) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return 0, nil
	}
	n := q.messages
	q.store.Append(store.Batch{Dropped: []uint64{q.id}, Docs: []store.Doc{segmentsDoc(q.id)}})
	for c := range q.readers {
		q.later = append(q.later, c.Cancelled)
	}
	q.end()
	return n, nil
}

// Stop implements Hosted.
func (q *stream) Stop() {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	if q.segments.unnoted > 0 {
		q.note()
	}
	q.end()
	q.stopped = true
}

// end makes the stream ignore what still comes.
func (q *stream) end() {
	q.deleted = true
	if q.timer != nil {
		q.timer.Stop()
	}
	q.segments, q.tail, q.messages, q.bytes, q.resident = segments{}, tail{}, 0, 0, 0
	clear(q.readers)
}

// Recover implements Hosted. It reads no messages.
func (q *stream) Recover(k Kept) error {
	q.mu.Lock()
	defer q.unlock()
	var x store.Extent
	for _, found := range q.store.Backlog(q.id) { // of one lane
		x = found
	}
	q.messages, q.bytes = x.Messages, x.Bytes
	q.last, q.written, q.chunk = x.Last, x.Last, x.Last
	q.first = x.Last + 1
	if x.Messages > 0 {
		q.first = x.Lo
	}
	q.latest = q.clock.Now().UnixMilli()
	err := q.segments.recover(k.Delivered, x)
	q.segments.last.hi, q.segments.last.time = x.Last, q.latest
	q.retain()
	return err
}

// unlock releases the lock, then does what must not be done under it.
func (q *stream) unlock() {
	q.trim()
	if q.memory != nil && q.resident != q.counted {
		q.memory.used.Add(q.resident - q.counted)
		q.counted = q.resident
	}
	for _, r := range q.flush {
		r.touched = false
		r.consumer.Flush()
	}
	q.flush = q.flush[:0]
	later := q.later
	q.later = nil
	q.mu.Unlock()
	for _, f := range later {
		f()
	}
}

// trim takes out of memory what is written and more than there should be.
func (q *stream) trim() {
	keep := int64(keepBytes)
	if len(q.readers) == 0 || q.short() {
		keep = keepLittle
	}
	q.resident -= q.tail.trim(keep, q.written)
}

// short reports whether memory is short.
func (q *stream) short() bool {
	return q.memory != nil && q.memory.used.Load() > q.memory.limit
}
