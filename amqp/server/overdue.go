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

// overdue returns the first delivery that is older than its queue allows, and how
// old that is. It looks at the oldest only, unless queues differ in it.
func (a *ages) overdue(u *unacked, now time.Time, timeout func(queue.Queue) time.Duration, differ bool) (tag uint64, after time.Duration) {
	marks := a.marks
	for tag, ok := u.next(0); ok; tag, ok = u.next(tag + 1) {
		for len(marks) > 0 && marks[0].tag < tag {
			marks = marks[1:]
		}
		if len(marks) == 0 {
			break
		}
		_, d := u.at(tag)
		if after := timeout(d.queue); after > 0 && now.Sub(marks[0].at) >= after {
			return tag, after
		}
		if !differ {
			break
		}
	}
	return 0, 0
}

// look looks at what is unacked, on all connections.
func (s *Server) look() {
	now := s.VHosts.Clock().Now()
	for _, c := range s.open() {
		c.look(now)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.looking != nil {
		s.looking.Reset(s.lookEvery())
	}
}

// startLooking has look called, from the first connection on. The lock is held.
func (s *Server) startLooking() {
	if s.looking == nil && !s.NoConsumerTimeout {
		s.looking = s.VHosts.Clock().AfterFunc(s.lookEvery(), s.look)
	}
}

// stopLooking ends that, with the last connection. The lock is held.
func (s *Server) stopLooking() {
	if s.looking != nil && len(s.connections) == 0 {
		s.looking.Stop()
		s.looking = nil
	}
}

func (s *Server) lookEvery() time.Duration {
	if s.ConsumerTimeout < 0 {
		return mostLook // queues may have timeouts of their own
	}
	return min(max(s.consumerTimeout()/10, leastLook), mostLook)
}

// timeoutOf returns how long a delivery from a queue may be unacked, 0 for ever.
func (s *Server) timeoutOf(q queue.Queue) time.Duration {
	if own := q.ConsumerTimeout(); own > 0 {
		return own
	}
	return s.consumerTimeout()
}

// look looks at what is unacked, and has the read loop woken soon if something is
// overdue: it closes channels.
func (c *connection) look(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	overdue := false
	for _, ch := range c.channels {
		overdue = ch.look(now) || overdue
	}
	if overdue && c.why == nil && !c.waking {
		c.waking = true
		c.conn.SetReadDeadline(clock.System.Now().Add(lastChance)) // if it fails the connection is gone
	}
}

// look notes whether something is overdue, and reports it.
func (ch *channel) look(now time.Time) bool {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.ended {
		return false
	}
	ch.ages.look(&ch.unacked, ch.tag, now)
	ch.overdue, ch.overdueAfter = ch.ages.overdue(&ch.unacked, now, ch.conn.server.timeoutOf, ch.timeoutsDiffer)
	return ch.overdue != 0
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
// has not been acked since that was found.
//
// rabbitmq: no method is to blame
func (ch *channel) tooLate() *amqp.Error {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.overdue == 0 || !ch.unacked.has(ch.overdue) {
		return nil
	}
	return amqp.Errorf(amqp.PreconditionFailed, "delivery acknowledgement on channel %d timed out. Timeout value used: %d ms. "+
		"This timeout value can be configured, see consumers doc guide to learn more", ch.number, ch.overdueAfter.Milliseconds())
}

// noteTimeout notes that the channel may get deliveries from a queue.
func (ch *channel) noteTimeout(q queue.Queue) {
	if q.ConsumerTimeout() > 0 {
		ch.mu.Lock()
		ch.timeoutsDiffer = true
		ch.mu.Unlock()
	}
}
