package queue

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
)

// A Delay holds messages back, each until its time has come, and hands them on then:
// in the order of their times, those of one time in the order in which they came.
//
// What it knows of each is its time and its number. The message itself is in memory
// only for a while after it has come, and for a while before it goes.
type Delay struct {
	// immutable
	id     uint64
	decl   Declaration
	store  store.Store
	clock  clock.Clock
	handOn func([]*amqp.Message)

	mu     sync.Mutex // guards everything below
	last   uint64     // number
	far    moments
	near   []moment         // the next to go, in their order; before all of far
	held   map[uint64]*held // by number: those that are in memory
	fresh  []uint64         // numbers of held, as they came
	size   int64            // octets of held
	bytes  int64            // of all bodies, about
	absent []uint64         // numbers of those in near that are not in memory, in order
	timer  clock.Timer
	busy   bool // something is being read back, or handed on
	ended  bool
	err    error // the store has failed; nothing is read back any more
}

var _ Target = (*Delay)(nil)

// A moment is when a message is to go: Unix milliseconds, and its number.
type moment struct {
	due int64
	seq uint64
}

func compareMoments(a, b moment) int {
	if a.due != b.due {
		return cmp.Compare(a.due, b.due)
	}
	return cmp.Compare(a.seq, b.seq)
}

// moments are a heap, the earliest first.
type moments []moment

func (h moments) Len() int           { return len(h) }
func (h moments) Less(i, j int) bool { return compareMoments(h[i], h[j]) < 0 }
func (h moments) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *moments) Push(x any)        { *h = append(*h, x.(moment)) }
func (h *moments) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// A held message is in memory.
type held struct {
	due     int64
	message *amqp.Message
	ref     *store.Ref // unless the store does not get it, or it was read back
	stored  bool       // it was read back
}

const (
	// delayKeep is how many octets of messages are kept in memory that are not
	// about to go.
	delayKeep = 4 << 20

	// delayAhead is how long before its time a message is read back, so that it
	// goes on the millisecond.
	delayAhead = time.Second

	// nearMost and nearBytes are how many messages, and how many octets of them,
	// are about to go at most.
	nearMost  = 4096
	nearBytes = 8 << 20

	// longestWait is how long a timer is set at most.
	longestWait = 24 * time.Hour
)

// NewDelay makes a Delay. It calls handOn with messages whose time has come, from one
// goroutine at a time, with no lock held.
func NewDelay(d Declaration, c Config, handOn func([]*amqp.Message)) *Delay {
	return &Delay{id: c.ID, decl: d, store: c.Store, clock: c.Clock, handOn: handOn, held: make(map[uint64]*held)}
}

// Recover takes over what the store kept. It is called once, before anything else,
// after store.Retain and when everything is there that messages are handed on to.
func (q *Delay) Recover() error {
	if err := q.recover(); err != nil {
		return err
	}
	q.turn()
	return nil
}

func (q *Delay) recover() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, x := range q.store.Backlog(q.id) {
		q.last, q.bytes = max(q.last, x.Last), q.bytes+x.Bytes
	}
	if q.last == 0 {
		return nil
	}
	err := q.store.Expiries(q.id, func(seq uint64, due int64) { q.far = append(q.far, moment{due, seq}) })
	heap.Init(&q.far)
	return err
}

// ID returns the number by which the store knows it.
func (q *Delay) ID() uint64 { return q.id }

// Declaration implements Target.
func (q *Delay) Declaration() Declaration { return q.decl }

// Long implements Target: what is published here stays.
func (q *Delay) Long() bool { return true }

// Len returns how many messages are held back.
func (q *Delay) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.far) + len(q.near)
}

// Keeps implements Target.
func (q *Delay) Keeps(persistent bool) bool { return q.decl.Durable && persistent }

// Publish implements Target.
func (q *Delay) Publish(ps []Publishing) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return
	}
	now := q.clock.Now().Add(time.Millisecond - 1).UnixMilli() // no message goes early
	for _, p := range ps {
		h := &held{message: p.Message, due: now + min(DelayOf(p.Message), math.MaxInt64-now)}
		q.last++
		if p.Record != nil && q.Keeps(p.Message.Persistent) {
			h.ref = p.Record.Add(store.Ref{Queue: q.id, Seq: q.last, Expires: h.due})
		}
		q.enter(moment{h.due, q.last}, h)
	}
	q.spare()
	q.arm()
}

// enter puts a message where it belongs.
func (q *Delay) enter(at moment, h *held) {
	q.held[at.seq] = h
	q.fresh = append(q.fresh, at.seq)
	q.size += footprint(h.message)
	q.bytes += int64(len(h.message.Body))
	if !q.isNear(at) {
		heap.Push(&q.far, at)
		return
	}
	i, _ := slices.BinarySearchFunc(q.near, at, compareMoments)
	q.near = slices.Insert(q.near, i, at)
}

// isNear reports whether something goes before all of far.
func (q *Delay) isNear(at moment) bool {
	n := len(q.near)
	return n > 0 && compareMoments(at, q.near[n-1]) <= 0
}

// spare leaves messages to the store that will be there for a while, if they take
// much memory. Those that it would not get otherwise it gets now: they are gone after
// a restart, as they should be.
func (q *Delay) spare() {
	if len(q.fresh) > 2*len(q.held)+spillMost { // most have gone
		q.fresh = slices.DeleteFunc(q.fresh, func(seq uint64) bool { return q.held[seq] == nil })
	}
	if q.size <= delayKeep {
		return
	}
	var records []*store.Record
	kept := q.fresh[:0]
	for i, seq := range q.fresh {
		h := q.held[seq]
		if h == nil || q.isNear(moment{h.due, seq}) {
			continue
		}
		switch {
		case q.size <= delayKeep || len(records) == spillMost || h.ref != nil && !h.ref.Written():
			// What is being written is followed by what will be.
			kept = append(kept, q.fresh[i:]...)
			q.spill(records)
			q.fresh = kept
			return
		case h.ref == nil && !h.stored:
			r := new(store.Record)
			r.Init(h.message, nil, 0)
			h.ref = r.Add(store.Ref{Queue: q.id, Seq: seq, Expires: h.due})
			r.Release()
			records = append(records, r)
			kept = append(kept, seq)
		default:
			q.forget(seq, h)
		}
	}
	q.spill(records)
	q.fresh = kept
}

func (q *Delay) spill(records []*store.Record) {
	if len(records) > 0 {
		q.store.Append(store.Batch{Records: records})
	}
}

func (q *Delay) forget(seq uint64, h *held) {
	delete(q.held, seq)
	q.size -= footprint(h.message)
}

// arm sets the timer for what is to be done next, if that is not being done.
func (q *Delay) arm() {
	if q.ended || q.busy || q.err != nil {
		return
	}
	at := int64(math.MaxInt64)
	if len(q.near) > 0 {
		at = q.near[0].due
	}
	if len(q.far) > 0 && len(q.near) < q.most() {
		first := q.far[0]
		if q.held[first.seq] == nil {
			first.due -= delayAhead.Milliseconds()
		}
		at = min(at, first.due)
	}
	if at == math.MaxInt64 {
		return
	}
	wait := longestWait
	if ms := at - q.clock.Now().UnixMilli(); ms < longestWait.Milliseconds() {
		wait = time.Duration(max(0, ms)) * time.Millisecond
	}
	if q.timer == nil {
		q.timer = q.clock.AfterFunc(wait, q.turn)
	} else {
		q.timer.Reset(wait)
	}
}

// turn hands on what is due, and reads back what soon will be.
func (q *Delay) turn() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy {
		return
	}
	q.busy = true
	for !q.ended && q.err == nil {
		now := q.clock.Now().UnixMilli()
		q.approach(now)
		if len(q.absent) > 0 {
			q.readBack() // and then turn again
			return
		}
		due := 0
		for due < len(q.near) && q.near[due].due <= now {
			due++
		}
		if due == 0 {
			break
		}
		q.release(due)
	}
	q.busy = false
	q.arm()
}

// most is how many messages are to be near at most: as many as take nearBytes.
func (q *Delay) most() int {
	average := q.bytes/int64(max(1, len(q.far)+len(q.near))) + overhead
	return int(min(max(1, nearBytes/average), nearMost))
}

// approach takes those out of far that go next, and notes which of them are not in
// memory.
func (q *Delay) approach(now int64) {
	most := q.most()
	for len(q.far) > 0 && len(q.near) < most && q.far[0].due <= now+delayAhead.Milliseconds() {
		at := heap.Pop(&q.far).(moment)
		q.near = append(q.near, at)
		if q.held[at.seq] == nil {
			q.absent = append(q.absent, at.seq)
		}
	}
	slices.Sort(q.absent)
}

// readBack asks for the first of those absent whose numbers are neighbours.
func (q *Delay) readBack() {
	span := store.Span{Lo: q.absent[0], Hi: q.absent[0]}
	for i := 1; i < len(q.absent) && q.absent[i] == span.Hi+1; i++ {
		span.Hi++
	}
	q.store.Load(q.id, span, nearMost, func(ms []store.Stored, err error) {
		q.loaded(span, ms, err)
		q.turn()
	})
}

// loaded takes messages in that were read back. What lies before the last of them,
// and is not among them, is damaged: it is settled already.
func (q *Delay) loaded(span store.Span, ms []store.Stored, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = false
	if err != nil {
		q.err = err
		return
	}
	if len(ms) > 0 {
		span.Hi = ms[len(ms)-1].Seq
	}
	for _, m := range ms {
		if _, is := slices.BinarySearch(q.absent, m.Seq); is { // or it was cancelled meanwhile
			q.held[m.Seq] = &held{due: m.Expires, message: m.Message, stored: true}
			q.size += footprint(m.Message)
		}
	}
	answered, _ := slices.BinarySearch(q.absent, span.Hi+1)
	for _, seq := range q.absent[:answered] {
		if q.held[seq] == nil {
			q.near = slices.DeleteFunc(q.near, func(at moment) bool { return at.seq == seq })
		}
	}
	q.absent = slices.Delete(q.absent, 0, answered)
}

// release hands the first n on, and then has the store forget them. The lock is
// given up meanwhile.
func (q *Delay) release(n int) {
	messages := make([]*amqp.Message, 0, n)
	gone := make([]*held, 0, n)
	var settled []store.Settled
	for _, at := range q.near[:n] {
		h := q.held[at.seq]
		messages = append(messages, undelayed(h.message))
		gone = append(gone, h)
		if h.stored || h.ref != nil {
			settled = append(settled, store.Settled{Queue: q.id, Span: store.Span{Lo: at.seq, Hi: at.seq}})
		}
		q.bytes -= int64(len(h.message.Body))
		q.forget(at.seq, h)
	}
	q.near = slices.Delete(q.near, 0, n)

	q.mu.Unlock()
	defer q.mu.Lock()
	q.handOn(messages)
	for _, h := range gone {
		if h.ref != nil {
			h.ref.Abandon() // its publisher hears of it when what was handed on is on disk
		}
	}
	if len(settled) > 0 {
		q.store.Append(store.Batch{Settled: settled})
	}
}

// Stop ends it without forgetting anything: the broker is closing.
func (q *Delay) Stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	if q.timer != nil {
		q.timer.Stop()
	}
}
