package queue

import (
	"sync"
	"sync/atomic"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
)

// longQueue is how many messages a queue must hold for what is published next
// to be likely to stay.
const longQueue = 1024

// A Classic is RabbitMQ's classic queue.
type Classic struct {
	// immutable
	id     uint64
	decl   Declaration
	limits limits
	store  store.Store
	clock  clock.Clock
	memory *Memory
	host   Host

	long atomic.Bool

	mu sync.Mutex // guards everything below

	lanes      []lane // by priority
	top        int    // no lane above it has entries
	ready      int
	readyBytes int64
	unacked    int
	resident   int64 // octets of messages counted against memory
	counted    int64 // of those, as memory knows it
	spilled    bool  // the store may have messages though the queue is not durable

	consumers consumers
	mark      mark
	dying     []Dead        // on the way to q.dead; their messages are being read back
	filling   chan struct{} // closed when something has been read back; nil if nobody waits
	expiry    expiry
	lease     lease
	deleted   bool  // or stopped: nothing is left, and what comes is ignored
	stopped   bool  // the broker is closing
	err       error // the store has failed; nothing is read back any more

	// What belongs to one critical section: see unlock.
	now     int64 // its moment, in Unix milliseconds; 0 until somebody asks
	flush   []*subscription
	dead    []Dead
	settled []store.Settled
	later   []func()
}

// Config is what a queue needs besides its declaration.
type Config struct {
	ID     uint64 // from store.NextQueueID, the same after a restart
	Store  store.Store
	Clock  clock.Clock
	Memory *Memory // nil for no bound
	Host   Host
}

// New makes a queue, with what the store has of it. Errors in its arguments are
// RabbitMQ's.
func New(d Declaration, c Config) (*Classic, error) {
	l, err := parseLimits(d)
	if err != nil {
		return nil, err
	}
	q := &Classic{
		id:     c.ID,
		decl:   d,
		limits: l,
		store:  c.Store,
		clock:  c.Clock,
		memory: c.Memory,
		host:   c.Host,
		lanes:  make([]lane, l.maxPriority+1),
	}
	q.consumers.singleActive = l.singleActive
	q.lease.start(q)
	return q, nil
}

// Recover takes over what the store kept of a durable queue. delivered is the
// queue's Deliveries definition, nil if there is none; if it is damaged, an error
// says so, and everything counts as delivered once. Recover is called once,
// before anything else and after store.Retain.
func (q *Classic) Recover(delivered []byte) error {
	q.mu.Lock()
	defer q.unlock()
	for _, x := range q.store.Backlog(q.id) {
		i := int(x.Last >> store.LaneShift) // an empty lane has no Lo
		if i >= len(q.lanes) {
			// Priorities cannot change while a queue exists. Should somebody
			// have changed the stored declaration, its messages still come.
			q.lanes = append(q.lanes, make([]lane, i+1-len(q.lanes))...)
		}
		q.recoverLane(i, x)
	}
	err := q.mark.recover(q, delivered)
	q.fill()
	return err
}

func (q *Classic) recoverLane(i int, x store.Extent) {
	l := &q.lanes[i]
	l.last = max(l.last, x.Last&(1<<store.LaneShift-1))
	if x.Messages == 0 {
		return
	}
	l.paged = append(l.paged, x)
	q.ready += x.Messages
	q.readyBytes += x.Bytes
	q.top = max(q.top, i)
}

// ID returns the number by which the store knows the queue.
func (q *Classic) ID() uint64 { return q.id }

// Declaration implements Queue.
func (q *Classic) Declaration() Declaration { return q.decl }

// Long implements Queue.
func (q *Classic) Long() bool { return q.long.Load() }

// DeadLetterTo returns where dead letters go: the exchange and, if it is set,
// the routing key that replaces theirs.
func (q *Classic) DeadLetterTo() (exchange, key string, replace bool) {
	return q.limits.deadExchange, q.limits.deadKey, q.limits.hasDeadKey
}

// Publish implements Queue.
func (q *Classic) Publish(ps []Publishing) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		q.ignore(ps)
		return
	}
	for i := range ps {
		if q.limits.overflow != DropHead {
			if q.full(len(ps[i].Message.Body)) {
				q.refuse(&ps[i])
				continue
			}
			q.enqueue(&ps[i])
			q.deliver() // what leaves at once does not count against the next
			continue
		}
		q.enqueue(&ps[i])
	}
	q.deliver()
	q.expire()
	q.trim()
	q.pageOut()
}

// ignore is Publish to a queue that is gone.
//
// rabbitmq: what is published to a deleted queue is confirmed. What comes while
// the broker is closing is not: a durable queue would have to keep it.
func (q *Classic) ignore(ps []Publishing) {
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
func (q *Classic) enqueue(p *Publishing) {
	m := p.Message
	i := min(int(m.Priority), len(q.lanes)-1)
	l := &q.lanes[i]
	l.last++
	e := Entry{Message: m, size: uint32(len(m.Body)), seq: uint64(i)<<store.LaneShift | l.last}
	if q.limits.ttl != unlimited || m.Properties.Has(amqp.FlagExpiration) {
		e.expires = q.expiresAt(m)
	}
	if q.decl.Durable && m.Persistent && p.Record != nil {
		e.ref = p.Record.Add(store.Ref{Queue: q.id, Seq: e.seq, Expires: e.expires})
	}
	l.push(e)
	q.entered(i, &e)
}

// entered counts an entry that has become ready in lane i.
func (q *Classic) entered(i int, e *Entry) {
	q.ready++
	q.top = max(q.top, i)
	q.readyBytes += int64(e.size)
	if e.Message != nil {
		q.resident += footprint(e.Message)
	}
}

// left counts entries out that are no longer ready.
func (q *Classic) left(es []Entry) {
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
func (q *Classic) front(n int) (*lane, []Entry) {
	for q.top > 0 && q.lanes[q.top].empty() {
		q.top--
	}
	l := &q.lanes[q.top]
	es := l.front(n)
	if len(es) == 0 && !l.empty() {
		q.fillLane(l)
	}
	return l, es
}

// take removes the first entries of a lane, as front returned them, from what
// is ready.
func (q *Classic) take(l *lane, es []Entry) {
	q.left(es)
	l.drop(len(es))
}

// Get implements Queue.
func (q *Classic) Get(noAck bool) (Entry, int, bool, error) {
	for {
		e, left, ok, wait, err := q.tryGet(noAck)
		if wait == nil {
			return e, left, ok, err
		}
		<-wait
	}
}

// tryGet is Get, but where it would have to wait for the disk it returns a
// channel that is closed when it is worth trying again.
func (q *Classic) tryGet(noAck bool) (e Entry, left int, ok bool, wait <-chan struct{}, err error) {
	q.mu.Lock()
	defer q.unlock()
	q.lease.touch(q)
	if q.deleted {
		return Entry{}, 0, false, nil, nil
	}
	q.expire()
	if q.ready == 0 {
		return Entry{}, 0, false, nil, q.err
	}
	if !q.mark.open(q) {
		if q.err != nil {
			return Entry{}, 0, false, nil, q.err
		}
		return Entry{}, 0, false, q.mark.wait(), nil
	}
	l, es := q.front(1)
	if len(es) == 0 {
		if q.err != nil || q.ready == 0 {
			return Entry{}, 0, false, nil, q.err
		}
		return Entry{}, 0, false, q.waitForFill(), nil
	}
	e = es[0]
	q.mark.delivered(e.seq)
	q.take(l, es)
	if noAck {
		q.settle([]Entry{e})
	} else {
		q.unacked++
	}
	q.fill()
	return e, q.ready, true, nil, nil
}

// Ack implements Queue.
func (q *Classic) Ack(es []Entry) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.unacked -= len(es)
	q.settle(es)
	q.deliver()
}

// Requeue implements Queue.
func (q *Classic) Requeue(es []Entry) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.unacked -= len(es)
	for i := range es {
		e := es[i]
		e.Redelivered = true
		lane := int(e.seq >> store.LaneShift)
		q.lanes[lane].giveBack(e)
		q.entered(lane, &e)
	}
	q.expire()
	q.deliver()
	q.trim()
}

// Reject implements Queue.
func (q *Classic) Reject(es []Entry) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.unacked -= len(es)
	q.bury(es, Rejected)
	q.deliver()
}

// settle notes that the queue is done with entries.
func (q *Classic) settle(es []Entry) {
	for i := range es {
		e := &es[i]
		if e.ref != nil {
			if e.ref.Settle() {
				continue // cancelled: the store never saw it
			}
		} else if !e.onDisk {
			continue
		}
		q.settleSpan(store.Span{Lo: e.seq, Hi: e.seq})
	}
}

// settleSpan notes that the store must be told of a span; neighbours are told as
// one.
func (q *Classic) settleSpan(s store.Span) {
	if n := len(q.settled); n > 0 && q.settled[n-1].Span.Hi+1 == s.Lo {
		q.settled[n-1].Span.Hi = s.Hi
		return
	}
	q.settled = append(q.settled, store.Settled{Queue: q.id, Span: s})
}

// Purge implements Queue.
//
// spec: queue.purge; rabbitmq: what is unacked stays, nothing is dead-lettered.
func (q *Classic) Purge() int {
	q.mu.Lock()
	defer q.unlock()
	n := q.ready
	for i := range q.lanes {
		q.purgeLane(&q.lanes[i])
	}
	q.ready, q.readyBytes, q.resident = 0, 0, 0
	return n
}

func (q *Classic) purgeLane(l *lane) {
	q.settle(l.returned)
	for i := range l.head.len() {
		q.settle([]Entry{*l.head.at(i)})
	}
	for i := range l.paged {
		q.settleSpan(l.paged[i].Span)
	}
	for i := range l.tail.len() {
		q.settle([]Entry{*l.tail.at(i)})
	}
	*l = lane{last: l.last, loading: l.loading, generation: l.generation + 1}
}

// Touch implements Queue.
func (q *Classic) Touch() {
	q.mu.Lock()
	defer q.unlock()
	q.lease.touch(q)
}

// Delete implements Queue.
//
// rabbitmq: if-empty is looked at before if-unused; the count is of what is
// ready; nothing is dead-lettered.
func (q *Classic) Delete(ifUnused, ifEmpty bool) (int, error) {
	q.mu.Lock()
	defer q.unlock()
	switch {
	case q.deleted:
		return 0, nil
	case ifEmpty && q.ready > 0:
		return 0, amqp.Errorf(amqp.PreconditionFailed, "queue '%s' in vhost '%s' not empty", q.decl.Name, q.decl.VHost)
	case ifUnused && q.consumers.len() > 0:
		return 0, amqp.Errorf(amqp.PreconditionFailed, "queue '%s' in vhost '%s' in use", q.decl.Name, q.decl.VHost)
	}
	n := q.ready
	q.releaseRecords()
	q.end()
	q.forget()
	for _, s := range q.consumers.all {
		q.later = append(q.later, s.consumer.Cancelled)
	}
	q.consumers = consumers{}
	return n, nil
}

// releaseRecords lets go of the records of what is ready, so that publishers
// hear of messages nobody will get.
func (q *Classic) releaseRecords() {
	for i := range q.lanes {
		q.purgeLane(&q.lanes[i])
	}
	q.settled = q.settled[:0] // dropping the queue says it all
}

// forget has the store drop what it has of the queue.
func (q *Classic) forget() {
	switch {
	case q.decl.Durable:
		q.store.Append(store.Batch{Dropped: []uint64{q.id}, Docs: []store.Doc{markDoc(q.id, nil)}})
	case q.spilled:
		q.store.Append(store.Batch{Dropped: []uint64{q.id}})
	}
}

// Stop ends the queue without deleting anything: the broker is closing. A
// durable queue is found again by Recover.
func (q *Classic) Stop() {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.mark.close(q)
	q.end()
	q.stopped = true
}

// end makes the queue ignore what still comes.
func (q *Classic) end() {
	q.deleted = true
	q.expiry.stop()
	q.lease.stop()
	q.lanes, q.dying = make([]lane, len(q.lanes)), nil
	q.ready, q.readyBytes, q.resident, q.unacked = 0, 0, 0, 0
	q.mark.wake()
	q.filled()
}

// Stats implements Queue.
func (q *Classic) Stats() Stats {
	q.mu.Lock()
	defer q.unlock()
	return Stats{Ready: q.ready, ReadyBytes: q.readyBytes, Unacked: q.unacked, Consumers: q.consumers.len()}
}

// Ready returns copies of the messages that are ready and in memory, in the
// order in which they would be delivered, at most n.
func (q *Classic) Ready(n int) []*amqp.Message {
	q.mu.Lock()
	defer q.unlock()
	var ms []*amqp.Message
	for i := len(q.lanes) - 1; i >= 0; i-- {
		for e := range q.lanes[i].entries() {
			if len(ms) == n {
				return ms
			}
			if e.Message != nil {
				ms = append(ms, e.Message)
			}
		}
	}
	return ms
}

// unlock releases the lock, then does what must not be done under it.
func (q *Classic) unlock() {
	q.armExpiry()
	q.now = 0
	// Others read these two all the time: they are written only if they change.
	if long := q.ready+q.unacked > longQueue; long != q.long.Load() {
		q.long.Store(long)
	}
	if q.memory != nil && q.resident != q.counted {
		q.memory.used.Add(q.resident - q.counted)
		q.counted = q.resident
	}
	if len(q.settled) > 0 {
		// Under the lock, so that the slice can be used again. The store
		// only takes a note.
		q.store.Append(store.Batch{Settled: q.settled})
		q.settled = q.settled[:0]
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
