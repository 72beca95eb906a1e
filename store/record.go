package store

import (
	"sync/atomic"

	"github.com/harebellmq/harebell/amqp"
)

// A Record follows one published message until its publisher can be told that
// the broker is responsible for it: that it is on disk for every durable queue
// it went to, or that those queues have settled it already, whichever is first.
//
// A record that all queues settle before its group is written is cancelled: it
// never touches the disk. With consumers that keep up that is most of them.
//
// The publisher makes a record with Init, each durable queue that takes the
// message adds a Ref and settles it when it is done, then the publisher releases
// its hold and, if there is any Ref, appends the record to a store.
type Record struct {
	Message *amqp.Message // as it is to be written: see Keep

	receipt Receipt
	tag     uint64
	refs    []Ref
	one     [1]Ref // room for refs in the usual case of one durable queue

	// holds counts what stands in the way of cancelling: the publisher while
	// it is still routing, and each reference that its queue has not settled.
	holds   atomic.Int32
	phase   atomic.Uint32
	refused atomic.Bool
	out     atomic.Int32 // how often a consumer got the message
}

// A Ref is one place of a message: a queue, the number it has there, and a time
// that the queue wants back with it (Unix milliseconds, 0 for none): mostly when it
// expires there. No store looks at it.
type Ref struct {
	Queue   uint64
	Seq     uint64
	Expires int64

	// Told, unless nil, is called when the message is written, or with the reason
	// why it will not be: once for neighbours of one queue. It must not wait.
	Told func(error)

	record  *Record
	settled uint32 // 1 once the queue is done with it; atomic
}

// A Receipt is told what became of publishes, by the tags their publisher gave
// them. It must not block: it may be called from the store's writer and with a
// queue's lock held.
type Receipt interface {
	// Confirm reports the tags from lo to hi, both included, as taken over (ok)
	// or not.
	Confirm(lo, hi uint64, ok bool)
}

// The phases of a record. It leaves pending exactly once, and whoever moves it
// on tells the receipt.
const (
	pending   uint32 = iota
	cancelled        // settled everywhere before it was written
	writing          // in the group that the store is writing
	written          // on disk, or never to be: answered
)

// Init makes r the record of a message whose publisher wants to hear of tag; a
// nil receipt hears nothing. The publisher's hold is on it.
func (r *Record) Init(m *amqp.Message, receipt Receipt, tag uint64) {
	r.Message = m
	r.receipt, r.tag = receipt, tag
	r.refs = r.one[:0]
	r.holds.Store(1)
}

// Reserve makes room for as many references. Without it there is room for one.
func (r *Record) Reserve(refs int) {
	if refs > len(r.one) {
		r.refs = make([]Ref, 0, refs)
	}
}

// Add notes that a durable queue has taken the message, and returns what the
// queue settles. Only the goroutine that publishes may call it, before it
// releases the record. It panics if there is no room: references must not move.
func (r *Record) Add(ref Ref) *Ref {
	n := len(r.refs)
	if n == cap(r.refs) {
		panic("store: record has no room for a reference")
	}
	ref.record = r
	r.holds.Add(1)
	r.refs = append(r.refs, ref)
	return &r.refs[n]
}

// Refs returns where the message is. It does not change once the record is
// appended.
func (r *Record) Refs() []Ref { return r.refs }

// Keep says that a queue wants the message back after a restart even if it is not
// persistent. Like Add, it is for the goroutine that publishes.
func (r *Record) Keep() {
	if !r.Message.Persistent {
		kept := *r.Message
		kept.Persistent = true
		r.Message = &kept
	}
}

// Refuse notes that a queue did not take the message: the publisher will hear
// of a failure, whatever the other queues do.
func (r *Record) Refuse() { r.refused.Store(true) }

// Refused reports whether a queue did not take the message.
func (r *Record) Refused() bool { return r.refused.Load() }

// Settle says that the queue is done with its message, and reports whether that
// cancelled the record: then the store need not be told. Otherwise it must be,
// after this; a message that was not yet being written is not written for this
// queue.
func (f *Ref) Settle() (cancelled bool) {
	f.Abandon()
	return f.record.Release()
}

// Abandon says that the queue is done with its message without cancelling the
// record: its publisher hears of it no sooner than the store has written what
// was handed over before. The store must be told of it too, after this.
func (f *Ref) Abandon() { atomic.StoreUint32(&f.settled, 1) }

// Settled reports whether the queue is done with its message. A store asks when
// it has claimed the record: what is settled later it will be told of.
func (f *Ref) Settled() bool { return atomic.LoadUint32(&f.settled) == 1 }

// HandOut says that a consumer has got the message, and may soon settle it.
func (f *Ref) HandOut() { f.record.out.Add(1) }

// Written reports whether the message is on disk.
func (f *Ref) Written() bool { return f.record.phase.Load() == written }

// Release takes one hold off. The last one cancels the record if its writing
// has not begun, and tells the receipt.
func (r *Record) Release() (last bool) {
	if r.holds.Add(-1) > 0 || !r.phase.CompareAndSwap(pending, cancelled) {
		return false
	}
	if r.receipt != nil {
		r.receipt.Confirm(r.tag, r.tag, !r.refused.Load())
	}
	return true
}

// Claim moves the record into the group being written, and reports false if it
// was cancelled: then it is not to be written. Only a store calls it.
func (r *Record) Claim() bool { return r.phase.CompareAndSwap(pending, writing) }

// Out reports whether consumers of all queues have got the message, as far as is
// known: a store may then wait a little, for it will soon need no writing.
func (r *Record) Out() bool { return int(r.out.Load()) >= len(r.refs) }

// Cancelled reports whether the message was settled everywhere before it was
// written.
func (r *Record) Cancelled() bool { return r.phase.Load() == cancelled }

// Awaited reports whether somebody waits to hear that the record is on disk.
func (r *Record) Awaited() bool { return r.receipt != nil }

// Urgent reports whether somebody waits for the record to be written, be it on disk
// by then or not. A store need not hurry to write the others: most will be settled
// soon.
func (r *Record) Urgent() bool {
	if r.Awaited() {
		return true
	}
	for i := range r.refs {
		if r.refs[i].Told != nil {
			return true
		}
	}
	return false
}

// Answer tells the receipts of records that were claimed that they are on disk,
// or with an error that they are not; neighbouring tags of a receipt go in one
// call. Then it tells the queues that want to know. Only a store calls it.
func Answer(records []*Record, err error) {
	answerReceipts(records, err)
	var last *Ref
	for _, r := range records {
		for i := range r.refs {
			ref := &r.refs[i]
			if ref.Told == nil || last != nil && last.Queue == ref.Queue {
				continue
			}
			last = ref
			ref.Told(err)
		}
	}
}

func answerReceipts(records []*Record, err error) {
	for i := 0; i < len(records); {
		r := records[i]
		ok := err == nil && !r.refused.Load()
		lo, hi := r.tag, r.tag
		for i++; ; i++ {
			r.phase.Store(written)
			if i == len(records) {
				break
			}
			next := records[i]
			if next.receipt != r.receipt || next.tag != hi+1 || ok != (err == nil && !next.refused.Load()) {
				break
			}
			r, hi = next, next.tag
		}
		if r.receipt != nil {
			r.receipt.Confirm(lo, hi, ok)
		}
	}
}
