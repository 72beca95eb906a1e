package server

import (
	"sync/atomic"

	"github.com/harebellmq/harebell/queue"
)

// Counts are what has happened on a channel. They only grow.
type Counts struct {
	Published uint64
	ToConfirm uint64 // of those, on channels that confirm
	Confirmed uint64
	Returned  uint64 // published as mandatory, and no queue wanted it
	Dropped   uint64 // published, and no queue wanted it

	Delivered      uint64 // to consumers that are to ack
	DeliveredNoAck uint64
	Got            uint64 // by basic.get, to be acked
	GotNoAck       uint64
	GetEmpty       uint64
	Redelivered    uint64 // of all that was delivered or got
	Acked          uint64
}

// plus returns the sum of two.
func (c Counts) plus(d Counts) Counts {
	return Counts{
		Published: c.Published + d.Published, ToConfirm: c.ToConfirm + d.ToConfirm, Confirmed: c.Confirmed + d.Confirmed, Returned: c.Returned + d.Returned, Dropped: c.Dropped + d.Dropped,
		Delivered: c.Delivered + d.Delivered, DeliveredNoAck: c.DeliveredNoAck + d.DeliveredNoAck,
		Got: c.Got + d.Got, GotNoAck: c.GotNoAck + d.GotNoAck, GetEmpty: c.GetEmpty + d.GetEmpty,
		Redelivered: c.Redelivered + d.Redelivered, Acked: c.Acked + d.Acked,
	}
}

// Churn is how many connections and channels have come and gone.
type Churn struct {
	ConnectionsOpened, ConnectionsClosed uint64
	ChannelsOpened, ChannelsClosed       uint64
}

// logins counts how often clients were let in, or not.
type logins struct{ admitted, refused atomic.Uint64 }

// Attempts returns how often clients of AMQP were let in, and how often they were not.
func (s *Server) Attempts() (admitted, refused uint64) {
	return s.logins.admitted.Load(), s.logins.refused.Load()
}

// ResetAttempts counts them anew.
func (s *Server) ResetAttempts() {
	s.logins.admitted.Store(0)
	s.logins.refused.Store(0)
}

// published counts what a channel publishes to an exchange: noted when the batch goes to
// its queues, so that whoever has a confirm can see it.
type published struct {
	channel  *channel
	exchange string
	n        uint64
}

// countPublish counts a message that is in the batch, or about to be.
func (c *connection) countPublish(ch *channel, exchange string) {
	if c.counting.channel != ch || c.counting.exchange != exchange {
		c.notePublished()
		c.counting.channel, c.counting.exchange = ch, exchange
	}
	c.counting.n++
}

// notePublished notes what was counted.
func (c *connection) notePublished() {
	p := &c.counting
	if p.n == 0 {
		return
	}
	p.channel.mu.Lock()
	p.channel.counts.Published += p.n
	p.channel.publishedTo.add(p.exchange, p.n)
	p.channel.mu.Unlock()
	p.n = 0
}

// countDelivered counts messages that go to a consumer, and how many of them were
// delivered before. The lock is held.
func (ch *channel) countDelivered(s *consumer, n, again uint64) {
	for _, c := range [...]*Counts{&ch.counts, s.counts} {
		if s.noAck {
			c.DeliveredNoAck += n
		} else {
			c.Delivered += n
		}
		c.Redelivered += again
	}
}

// countGot counts a message that goes out by basic.get. The lock is held.
func (ch *channel) countGot(from queue.Queue, noAck, redelivered bool) {
	for _, c := range [...]*Counts{&ch.counts, ch.countsOf(from)} {
		if noAck {
			c.GotNoAck++
		} else {
			c.Got++
		}
		if redelivered {
			c.Redelivered++
		}
	}
}

// countEmpty counts a basic.get that found nothing. The lock is held.
func (ch *channel) countEmpty(from queue.Queue) {
	ch.counts.GetEmpty++
	ch.countsOf(from).GetEmpty++
}

// countSettled counts what becomes of a delivery. The lock is held.
func (ch *channel) countSettled(how outcome, d *delivery) {
	if how != ack {
		return
	}
	ch.counts.Acked++
	if d.consumer != nil {
		d.consumer.counts.Acked++
	} else {
		ch.countsOf(d.queue).Acked++
	}
}

// total returns the counts of the channel. The lock is held.
func (ch *channel) total() Counts {
	c := ch.counts
	if ch.confirms != nil {
		c.Confirmed, _ = ch.confirms.count()
		c.ToConfirm = c.Published - ch.confirms.from
	}
	return c
}
