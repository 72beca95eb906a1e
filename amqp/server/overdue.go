package server

import (
	"slices"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/queue"
)

// From one look at what is unacked to the next a tenth of the consumer timeout
// passes, within these bounds.
//
// rabbitmq: it looks once a minute
const (
	leastLook = 100 * time.Millisecond
	mostLook  = time.Minute
)

// lastChance is how much longer a client has in its own time, whatever the clock of
// the messages shows: an ack that is on its way still counts, and so does one that
// had no time to be sent because somebody moved that clock by hours at once.
const lastChance = 250 * time.Millisecond

// ages know for how long the deliveries of a channel have been unacked. Making a
// delivery notes nothing. Instead every look marks how far the delivery tags have
// come: what is unacked and not above a mark is at least as old as the mark.
type ages struct{ marks []mark }

type mark struct {
	tag uint64 // the one given last
	at  time.Time
}

// look makes a mark, and forgets those that nothing unacked is below.
func (a *ages) look(u *unacked, last uint64, now time.Time) {
	oldest, ok := u.next(0)
	if !ok {
		a.marks = nil
		return
	}
	a.marks = slices.DeleteFunc(a.marks, func(m mark) bool { return m.tag < oldest })
	if n := len(a.marks); n == 0 || a.marks[n-1].tag < last {
		a.marks = append(a.marks, mark{tag: last, at: now})
	}
}

// overdue returns the first delivery that is older than it may be, and how old that
// is. It looks at the oldest only, unless queues or consumers differ in it.
func (a *ages) overdue(u *unacked, now time.Time, timeout func(*delivery) time.Duration, differ bool) (tag uint64, after time.Duration) {
	marks := a.marks
	for tag, ok := u.next(0); ok; tag, ok = u.next(tag + 1) {
		for len(marks) > 0 && marks[0].tag < tag {
			marks = marks[1:]
		}
		if len(marks) == 0 {
			break
		}
		_, d := u.at(tag)
		if after := timeout(d); after > 0 && now.Sub(marks[0].at) >= after {
			return tag, after
		}
		if !differ {
			break
		}
	}
	return 0, 0
}

// look looks at what is unacked, on all connections, and again later if there is
// anything that may become overdue.
func (s *Server) look() {
	s.looking.Store(false) // before looking: what is delivered meanwhile asks for itself
	now := s.VHosts.Clock().Now()
	again := false
	for _, c := range s.open() {
		again = c.look(now) || again
	}
	if again {
		s.lookLater()
	}
}

// lookLater has look called. It is told of whatever becomes unacked where nothing
// was, so that nobody looks while there is nothing to see.
func (s *Server) lookLater() {
	if s.looking.Load() || s.NoConsumerTimeout || !s.looking.CompareAndSwap(false, true) {
		return
	}
	s.VHosts.Clock().AfterFunc(s.lookEvery(), s.look)
}

func (s *Server) lookEvery() time.Duration {
	if s.ConsumerTimeout < 0 {
		return mostLook // queues may have timeouts of their own
	}
	return min(max(s.consumerTimeout()/10, leastLook), mostLook)
}

// timeoutOf returns how long a delivery may be unacked, 0 for ever: as its consumer
// has said, or its queue, or the broker.
func (s *Server) timeoutOf(d *delivery) time.Duration {
	if d.consumer != nil && d.consumer.timeout > 0 {
		return d.consumer.timeout
	}
	if own := d.queue.ConsumerTimeout(); own > 0 {
		return own
	}
	return s.consumerTimeout()
}

// consumerTimeout reads the argument of that name of a consumer, in milliseconds; 0 if
// there is none.
//
// rabbitmq: from 4.3 on
func consumerTimeout(t amqp.Table, d queue.Declaration) (time.Duration, error) {
	v, given := t["x-consumer-timeout"]
	if !given {
		return 0, nil
	}
	n, ok := amqp.Integer(v)
	if !ok || n <= 0 || n > queue.MaxMilliseconds {
		return 0, amqp.Errorf(amqp.PreconditionFailed, "invalid arg 'x-consumer-timeout' for queue '%s' in vhost '%s': expected milliseconds from 1 to %d, got %s",
			d.Name, d.VHost, int64(queue.MaxMilliseconds), amqp.FormatValue(v))
	}
	return time.Duration(n) * time.Millisecond, nil
}

// look looks at what is unacked, and has the read loop woken soon if something is
// overdue: it closes channels. again reports whether there is more to look at later.
func (c *connection) look(now time.Time) (again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	overdue := false
	for _, ch := range c.channels {
		late, waits := ch.look(now)
		overdue, again = overdue || late, again || waits
	}
	if overdue && c.why == nil && !c.waking {
		c.waking = true
		c.conn.SetReadDeadline(clock.System.Now().Add(lastChance)) // if it fails the connection is gone
	}
	return again
}

// look notes whether something is overdue, and reports it, or whether something
// else waits for its time.
func (ch *channel) look(now time.Time) (overdue, waits bool) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.ended {
		return false, false
	}
	ch.ages.look(&ch.unacked, ch.tag, now)
	ch.overdue, ch.overdueAfter = ch.ages.overdue(&ch.unacked, now, ch.conn.server.timeoutOf, ch.timeoutsDiffer)
	return ch.overdue != 0, ch.overdue == 0 && ch.mayBeLate()
}

// mayBeLate reports whether something is unacked that has a time. The lock is
// held.
func (ch *channel) mayBeLate() bool {
	return ch.unacked.count > 0 && (ch.timeoutsDiffer || ch.conn.server.consumerTimeout() > 0)
}

// hold notes a delivery that is to be acked. The lock is held.
func (ch *channel) hold(tag uint64, d delivery) {
	ch.unacked.add(tag, d)
	if ch.unacked.count == 1 {
		ch.conn.server.lookLater()
	}
}

// closeOverdue closes the channels that hold a delivery for too long.
func (c *connection) closeOverdue() error {
	for _, ch := range c.channels {
		if e := ch.tooLate(); e != nil {
			if err := ch.close(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// tooLate returns the error to close the channel with if a delivery is overdue, and
// has not been acked since that was found: then the others are looked at again.
//
// rabbitmq: no method is to blame
func (ch *channel) tooLate() *amqp.Error {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.overdue == 0 || !ch.unacked.has(ch.overdue) {
		if ch.mayBeLate() {
			ch.conn.server.lookLater()
		}
		return nil
	}
	return amqp.Errorf(amqp.PreconditionFailed, "delivery acknowledgement on channel %d timed out. Timeout value used: %d ms. "+
		"This timeout value can be configured, see consumers doc guide to learn more", ch.number, ch.overdueAfter.Milliseconds())
}

// noteTimeout notes that the channel may get deliveries from a queue, which have a
// time of their own unless that is 0.
func (ch *channel) noteTimeout(q queue.Queue, own time.Duration) {
	if own > 0 || q.ConsumerTimeout() > 0 {
		ch.mu.Lock()
		ch.timeoutsDiffer = true
		ch.mu.Unlock()
	}
}
