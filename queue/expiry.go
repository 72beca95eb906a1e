package queue

import (
	"strconv"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
)

// expiry is the timer for the message that would be delivered next: messages
// expire at the head only.
type expiry struct {
	used  bool // some message had a time to live
	at    int64
	timer clock.Timer
}

func (x *expiry) stop() {
	if x.timer != nil {
		x.timer.Stop()
	}
	x.at = 0
}

// expiresAt returns the moment, in Unix milliseconds, at which m expires here:
// the sooner of its own expiration and the queue's, fixed at enqueue.
func (q *FIFO) expiresAt(m *amqp.Message) int64 {
	ttl := q.limits.ttl
	if text := m.Properties.Expiration(); text != "" {
		// The channel has checked it. A text that is none is a message from
		// an older store; it does not expire by itself.
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			ttl = min(ttl, n)
		}
	}
	if ttl == unlimited {
		return 0
	}
	q.expiry.used = true
	return q.moment() + ttl
}

// moment returns the time, in Unix milliseconds. It stands still in a critical
// section, so that a message with a time to live of 0 can be delivered in the one
// in which it is published, however long that takes.
func (q *FIFO) moment() int64 {
	if q.now == 0 {
		q.now = q.clock.Now().UnixMilli()
	}
	return q.now
}

// fresh returns those of es that may be delivered: up to the first that has
// expired. One that expires in this very millisecond may; a time to live of 0
// means just that.
func (q *FIFO) fresh(es []Entry) []Entry {
	if !q.expiry.used {
		return es
	}
	now := q.moment()
	for i := range es {
		if es[i].expires != 0 && es[i].expires < now {
			return es[:i]
		}
	}
	return es
}

// expire drops or dead-letters what has expired at the head, and reports whether
// there was any.
func (q *FIFO) expire() (expired bool) {
	if !q.expiry.used {
		return false
	}
	now := q.moment()
	for q.ready > 0 {
		l, es := q.front(1)
		if len(es) == 0 || es[0].expires == 0 || es[0].expires > now {
			break
		}
		e := es[0]
		q.take(l, es)
		q.bury([]Entry{e}, Expired)
		expired = true
	}
	return expired
}

// armExpiry sets the timer for the head.
func (q *FIFO) armExpiry() {
	if !q.expiry.used || q.deleted {
		return
	}
	at := int64(0)
	if q.ready > 0 {
		if _, es := q.front(1); len(es) > 0 {
			at = es[0].expires
		}
	}
	if at == q.expiry.at {
		return
	}
	q.expiry.at = at
	switch {
	case at == 0:
		q.expiry.timer.Stop()
	case q.expiry.timer == nil:
		q.expiry.timer = q.clock.AfterFunc(q.until(at), q.expiryDue)
	default:
		q.expiry.timer.Reset(q.until(at))
	}
}

func (q *FIFO) until(at int64) time.Duration {
	return time.UnixMilli(at).Sub(q.clock.Now())
}

func (q *FIFO) expiryDue() {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.expiry.at = 0
	q.expire()
	q.deliver()
}

// lease is the timer of x-expires: it runs while the queue has no consumers.
//
// rabbitmq: consuming stops it; basic.get and every declare start it anew.
type lease struct {
	timer clock.Timer
}

func (l *lease) start(q *FIFO) {
	if q.limits.expires != unlimited {
		l.timer = q.clock.AfterFunc(time.Duration(q.limits.expires)*time.Millisecond, q.leaseDue)
	}
}

func (l *lease) hold() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

func (l *lease) stop() {
	l.hold()
	l.timer = nil
}

// touch starts the lease anew, unless there are consumers.
func (l *lease) touch(q *FIFO) {
	if l.timer != nil && !q.deleted && q.consumers.len() == 0 {
		l.timer.Reset(time.Duration(q.limits.expires) * time.Millisecond)
	}
}

func (q *FIFO) leaseDue() {
	q.mu.Lock()
	defer q.unlock()
	if !q.deleted && q.consumers.len() == 0 {
		q.later = append(q.later, func() { q.host.Unused(q) })
	}
}
