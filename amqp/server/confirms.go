package server

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/harebellmq/harebell/amqp"
)

// confirms are what a channel in confirm mode owes its publisher. Whoever takes
// a publish over reports its tag, in any order and from any goroutine; the write
// loop sends what has been reported when it is about to write anyway, with one
// basic.ack for all that it can cover. When nothing is left to report the publisher
// may well be waiting, and who has reported the rest sends it.
type confirms struct {
	channel uint16
	outbox  *outbox
	from    uint64            // how many messages the channel had published before
	tell    func(confirmSpan) // what is sent, unless nil

	given atomic.Uint64 // the tag given last

	mu       sync.Mutex // guards everything below
	reported []confirmSpan
	answered uint64        // how many tags were ever reported
	sent     uint64        // all tags up to it have been answered
	above    []confirmSpan // and these, in order
	listed   bool          // the outbox knows that something is reported
	acked    uint64        // how many messages were
	nacked   uint64        // and how many were not
	last     uint64        // a tag whose answer is the last the client hears; 0 for none
	closed   bool
}

// A confirmSpan is tags with the same answer.
type confirmSpan struct {
	lo, hi uint64
	ok     bool
}

// Confirm implements store.Receipt.
func (cf *confirms) Confirm(lo, hi uint64, ok bool) {
	cf.mu.Lock()
	if cf.closed {
		cf.mu.Unlock()
		return
	}
	if n := len(cf.reported); n > 0 && cf.reported[n-1].hi+1 == lo && cf.reported[n-1].ok == ok {
		cf.reported[n-1].hi = hi
	} else {
		cf.reported = append(cf.reported, confirmSpan{lo, hi, ok})
	}
	cf.answered += hi - lo + 1
	all := cf.answered == cf.given.Load()
	first := !cf.listed
	cf.listed = true
	cf.mu.Unlock()
	if first {
		cf.outbox.confirm(cf, all)
	}
}

// next gives a tag. It is called by the read loop.
func (cf *confirms) next() uint64 { return cf.given.Add(1) }

// cutAfter has the connection cut when the answer to a tag has been written.
func (cf *confirms) cutAfter(tag uint64) {
	cf.mu.Lock()
	defer cf.mu.Unlock()
	cf.last = tag
}

// count returns how many messages have been confirmed, and of how many the publisher
// has heard the opposite.
func (cf *confirms) count() (acked, nacked uint64) {
	cf.mu.Lock()
	defer cf.mu.Unlock()
	return cf.acked, cf.nacked
}

// close appends the last frames and ignores what is reported from now on.
func (cf *confirms) close(dst []byte) []byte {
	dst = cf.emit(dst)
	cf.mu.Lock()
	defer cf.mu.Unlock()
	cf.closed = true
	cf.reported = nil
	return dst
}

// emit appends the frames for what has been reported. The outbox's lock is held.
//
// rabbitmq: one frame with multiple set for all that follows on what has been
// answered, one for each tag beyond; a nack has requeue set, which means nothing.
func (cf *confirms) emit(dst []byte) []byte {
	cf.mu.Lock()
	defer cf.mu.Unlock()
	cf.listed = false
	slices.SortFunc(cf.reported, func(a, b confirmSpan) int { return cmp.Compare(a.lo, b.lo) })

	var run confirmSpan // acks that one frame will cover
	for _, s := range cf.reported {
		if cf.tell != nil {
			cf.tell(s)
		}
		if n := s.hi - s.lo + 1; s.ok {
			cf.acked += n
		} else {
			cf.nacked += n
		}
		if s.lo <= cf.last && cf.last <= s.hi {
			cf.outbox.cut = cutWhenWritten
		}
		if s.lo != cf.sent+1 {
			dst = cf.singly(dst, s)
			cf.above = insertSpan(cf.above, s)
			continue
		}
		if run.hi > 0 && run.ok != s.ok {
			dst = cf.answer(dst, run)
			run = confirmSpan{}
		}
		if run.hi == 0 {
			run = s
		}
		run.hi = s.hi
		cf.sent = s.hi
		cf.catchUp()
	}
	cf.reported = cf.reported[:0]
	if run.hi > 0 {
		dst = cf.answer(dst, run)
	}
	return dst
}

// answer appends the frame for tags below which all have been answered.
func (cf *confirms) answer(dst []byte, s confirmSpan) []byte {
	if s.ok {
		return amqp.AppendBasicAck(dst, cf.channel, s.hi, s.hi > s.lo)
	}
	return amqp.AppendBasicNack(dst, cf.channel, s.hi, s.hi > s.lo, true)
}

// singly appends a frame for each tag.
func (cf *confirms) singly(dst []byte, s confirmSpan) []byte {
	for tag := s.lo; tag <= s.hi; tag++ {
		dst = cf.answer(dst, confirmSpan{tag, tag, s.ok})
	}
	return dst
}

// catchUp moves sent over tags that were answered ahead of their turn.
func (cf *confirms) catchUp() {
	for len(cf.above) > 0 && cf.above[0].lo == cf.sent+1 {
		cf.sent = cf.above[0].hi
		cf.above = cf.above[1:]
	}
}

// insertSpan puts s into spans, which are in order, and joins neighbours. What
// their answer was no longer matters.
func insertSpan(spans []confirmSpan, s confirmSpan) []confirmSpan {
	s.ok = true
	i, _ := slices.BinarySearchFunc(spans, s.lo, func(o confirmSpan, lo uint64) int { return cmp.Compare(o.lo, lo) })
	if i < len(spans) && spans[i].lo == s.hi+1 {
		spans[i].lo = s.lo
	} else {
		spans = slices.Insert(spans, i, s)
	}
	if i > 0 && spans[i-1].hi+1 == spans[i].lo {
		spans[i-1].hi = spans[i].hi
		spans = slices.Delete(spans, i, i+1)
	}
	return spans
}
