package queue

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
)

// longQueue is how many messages a queue must hold for what is published next
// to be likely to stay.
const longQueue = 1024

// A FIFO is a classic or a quorum queue: messages wait in their order, each goes to
// one consumer, and once that has settled it, it is gone.
type FIFO struct {
	// immutable
	id      uint64
	decl    Declaration
	quorum  bool
	manner  QuorumManner
	store   store.Store
	clock   clock.Clock
	memory  *Memory
	host    Host
	dropped func(Queue, []Entry, Reason) // see Config; may be nil
	burials *Burials                     // may be nil

	long    atomic.Bool
	timeout atomic.Int64 // limits.consumerTimeout

	mu sync.Mutex // guards everything below

	limits       limits // declared, and what policies say
	lanes        []lane // by priority
	top          int    // no lane above it has entries
	ready        int
	readyBytes   int64
	unacked      int
	unackedBytes int64
	counts       Counts
	resident     int64 // octets of messages counted against memory
	counted      int64 // of those, as memory knows it
	spilled      bool  // the store may have messages though the queue is not durable

	consumers consumers
	mark      mark
	dying     []Dead        // on the way to q.dead; their messages are being read back
	filling   chan struct{} // closed when something has been read back; nil if nobody waits
	expiry    expiry
	lease     lease
	deleted   bool  // or stopped: nothing is left, and what comes is ignored
	stopped   bool  // the broker is closing
	err       error // the store has failed; nothing is read back any more

	notes     notes
	noting    clock.Timer // until the mark is noted; nil if it need not be
	turn      uint64      // counts what comes back
	overtakes int         // how many of high priority have, of a quorum queue
	retries   retries     // what came back, and is held back for a while
	stuck     stuck       // dead, and nobody takes them
	unique    unique

	// What belongs to one critical section: see unlock.
	now     int64 // its moment, in Unix milliseconds; 0 until somebody asks
	flush   []*subscription
	dead    []Dead
	settled []store.Settled
	docs    []store.Doc
	later   []func()
}

// Config is what a queue needs besides its declaration.
type Config struct {
	ID      uint64 // from store.NextQueueID, the same after a restart
	Store   store.Store
	Clock   clock.Clock
	Memory  *Memory // nil for no bound
	Host    Host
	Manner  QuorumManner
	Burials *Burials // of all queues, to be counted there; nil for nowhere

	// Dropped, unless nil, is told of messages that die without a dead-letter
	// exchange. It is called with the queue's lock held, takes a note of what it
	// needs, and must not call the queue, except for its Declaration.
	Dropped func(q Queue, es []Entry, why Reason)
}

// newFIFO makes a queue with nothing in it: see Recover.
func newFIFO(d Declaration, c Config) (*FIFO, error) {
	l, err := parseLimits(d)
	if err != nil {
		return nil, err
	}
	q := &FIFO{
		id:      c.ID,
		decl:    d,
		quorum:  d.Type() == Quorum,
		manner:  c.Manner,
		limits:  l.decide(d.Type(), c.Manner),
		notes:   notes{queue: c.ID, stored: d.Durable},
		store:   c.Store,
		clock:   c.Clock,
		memory:  c.Memory,
		host:    c.Host,
		dropped: c.Dropped,
		burials: c.Burials,
		lanes:   make([]lane, l.maxPriority+1),
	}
	q.timeout.Store(int64(l.consumerTimeout))
	if q.quorum && !q.manner.OnePriority {
		q.lanes = make([]lane, 2)
	}
	q.consumers.singleActive, q.consumers.takeOver = l.singleActive, q.quorum
	q.unique.init(l.unique)
	q.lease.start(q)
	return q, nil
}

// ID implements Hosted.
func (q *FIFO) ID() uint64 { return q.id }

// Declaration implements Queue.
func (q *FIFO) Declaration() Declaration { return q.decl }

// Keeps implements Target.
func (q *FIFO) Keeps(persistent bool) bool {
	return q.decl.Durable && (persistent || q.quorum)
}

// Long implements Queue.
func (q *FIFO) Long() bool { return q.long.Load() }

// ConsumerTimeout implements Queue.
func (q *FIFO) ConsumerTimeout() time.Duration { return time.Duration(q.timeout.Load()) }

// DeadLetterTo implements Hosted.
func (q *FIFO) DeadLetterTo() DeadLetters {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.limits.deadLetters()
}

// Publish implements Queue.
func (q *FIFO) Publish(ps []Publishing) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		q.ignore(ps)
		return
	}
	q.counts.Published += uint64(len(ps))
	for i := range ps {
		if q.unique.on && q.leaveOut(&ps[i]) {
			continue
		}
		if q.limits.overflow != DropHead && q.full(len(ps[i].Message.Body)) {
			q.refuse(&ps[i])
			continue
		}
		q.enqueue(&ps[i])
		if q.limits.bounded() && (q.limits.overflow != DropHead || q.expiry.used || len(q.lanes) > 1) {
			q.arrived() // what leaves at once does not count against the next
		}
	}
	q.arrived()
	q.pageOut()
}

// arrived hands out what can be handed out of messages just published; of the
// rest it drops what is too much, and then what lives no longer.
func (q *FIFO) arrived() {
	q.deliver()
	q.trim()
	q.expire()
}

// ignore is Publish to a queue that is gone.
//
// rabbitmq: what is published to a deleted queue is confirmed. What comes while
// the broker is closing is not: a durable queue would have to keep it.
func (q *FIFO) ignore(ps []Publishing) {
	if !q.stopped {
		return
	}
	for i := range ps {
		if r := ps[i].Record; r != nil {
			r.Refuse()
		}
	}
}

// enqueue gives the message its number and its place.
func (q *FIFO) enqueue(p *Publishing) {
	expires := int64(0)
	if m := p.Message; q.limits.ttl != unlimited || m.Properties.Has(amqp.FlagExpiration) {
		expires = q.expiresAt(m)
	}
	q.place(p, expires, false)
}

// place is enqueue for a message of which it is known when it expires.
func (q *FIFO) place(p *Publishing, expires int64, redelivered bool) {
	m := p.Message
	i := q.laneOf(m)
	l := &q.lanes[i]
	l.last++
	e := Entry{
		Message: m, Redelivered: redelivered,
		size: uint32(len(m.Body)), seq: uint64(i)<<store.LaneShift | l.last, expires: expires,
	}
	if q.quorum && q.manner.CountFirst {
		e.count = 1
	}
	if p.Record != nil && q.Keeps(m.Persistent) {
		p.Record.Keep()
		e.ref = p.Record.Add(store.Ref{Queue: q.id, Seq: e.seq, Expires: e.expires})
	}
	if q.unique.on {
		q.unique.add(e.seq, m)
	}
	l.push(e)
	q.entered(i, &e)
}

// entered counts an entry that has become ready in lane i.
func (q *FIFO) entered(i int, e *Entry) {
	q.ready++
	q.top = max(q.top, i)
	q.readyBytes += int64(e.size)
	if e.Message != nil {
		q.resident += footprint(e.Message)
	}
}

// left counts entries out that are no longer ready.
func (q *FIFO) left(es []Entry) {
	q.ready -= len(es)
	for i := range es {
		q.readyBytes -= int64(es[i].size)
		if m := es[i].Message; m != nil {
			q.resident -= footprint(m)
		}
	}
}

// front returns the next entries that can be handed out together, at most n, and
// their lane. It is empty if nothing is ready, and if the next message has to be
// read back first: then it has been asked for.
func (q *FIFO) front(n int) (*lane, []Entry) {
	for q.top > 0 && q.lanes[q.top].empty() {
		q.top--
	}
	l := &q.lanes[q.top]
	if q.quorum && q.top > 0 && !q.lanes[0].empty() {
		var lane int
		lane, n = q.share(n)
		l = &q.lanes[lane]
	}
	es := l.front(n)
	if len(es) == 0 && !l.empty() {
		q.fillLane(l)
	}
	return l, es
}

// take removes the first entries of a lane, as front returned them, from what
// is ready.
func (q *FIFO) take(l *lane, es []Entry) {
	q.left(es)
	if q.quorum && len(es) > 0 {
		q.shared(int(es[0].seq>>store.LaneShift), len(es))
	}
	l.drop(len(es))
}

// Touch implements Queue.
func (q *FIFO) Touch() {
	q.mu.Lock()
	defer q.unlock()
	q.lease.touch(q)
}

// Stats implements Queue.
func (q *FIFO) Stats() Stats {
	q.mu.Lock()
	defer q.unlock()
	return q.stats()
}

// stats is Stats with the lock held.
func (q *FIFO) stats() Stats {
	return Stats{Ready: q.ready, ReadyBytes: q.readyBytes, Unacked: q.unacked, Consumers: q.consumers.len()}
}

// unlock releases the lock, then does what must not be done under it.
func (q *FIFO) unlock() {
	q.armExpiry()
	if len(q.retries.held) > 0 {
		q.armRetries()
	}
	q.now = 0
	// Others read these two all the time: they are written only if they change.
	if long := q.ready+q.unacked > longQueue; long != q.long.Load() {
		q.long.Store(long)
	}
	if q.memory != nil && q.resident != q.counted {
		q.memory.used.Add(q.resident - q.counted)
		q.counted = q.resident
	}
	if len(q.settled)+len(q.docs) > 0 {
		// Under the lock, so that the slices can be used again. The store
		// only takes a note.
		q.store.Append(store.Batch{Settled: q.settled, Docs: q.docs})
		q.settled, q.docs = q.settled[:0], nil
	}
	for _, s := range q.flush {
		s.touched = false
		s.consumer.Flush()
	}
	q.flush = q.flush[:0]
	dead, later := q.dead, q.later
	q.dead, q.later = nil, nil
	q.mu.Unlock()

	for _, f := range later {
		f()
	}
	if len(dead) > 0 {
		q.host.DeadLetter(q, dead)
		q.deadSettled(dead)
	}
}
