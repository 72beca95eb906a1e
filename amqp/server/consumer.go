package server

import (
	"maps"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
)

// A consumer is a subscription of a channel to a queue. It implements
// queue.Consumer: the queue calls it, with its own lock held.
type consumer struct {
	// immutable
	ch       *channel
	tag      string
	queue    queue.Queue
	noAck    bool
	prefetch int           // 0 for no limit
	timeout  time.Duration // for an ack; 0 if the consumer has no say in it

	// guarded by ch.mu
	open    bool // the client knows of it
	gone    bool
	unacked int
	starved bool    // refused a delivery for want of credit
	counts  *Counts // of the channel's what happened with the queue
}

// begin lets deliveries come: the client has been told of the consumer.
func (s *consumer) begin() {
	s.ch.mu.Lock()
	s.open = true
	if s.gone {
		s.notify()
	}
	s.ch.mu.Unlock()
	s.queue.Wake(s)
}

// Deliver implements queue.Consumer.
func (s *consumer) Deliver(es []queue.Entry) (taken int) {
	ch := s.ch
	out := &ch.conn.outbox
	ch.mu.Lock()
	defer ch.mu.Unlock()
	server := ch.conn.server
	if !s.open || s.gone || ch.ended || server.draining.Load() != nil {
		return 0
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	watched := server.watched()
	var f DeliverFault
	var again uint64
	for i := range es {
		if out.broken {
			break // the connection is ending, and its consumers are about to leave
		}
		if out.full() {
			out.starved = append(out.starved, s)
			break
		}
		if !s.noAck && !s.credit() {
			s.starve()
			break
		}
		if watched {
			var now bool
			if f, now = s.deliverFault(&es[i]); !now {
				break
			}
		}
		ch.tag++
		s.write(out, &es[i])
		if ch.conn.traces(es[i].Message) {
			out.traced = append(out.traced, tapped{es[i].Outgoing(), s.queue.Declaration().Name, ch.number, es[i].Redelivered})
		}
		if watched {
			s.watchDelivered(out, es[i], f)
		}
		if es[i].Redelivered {
			again++
		}
		if !s.noAck {
			s.unacked++
			ch.counted++
			ch.hold(ch.tag, delivery{consumer: s, queue: s.queue, entry: es[i]})
		}
		taken++
	}
	ch.countDelivered(s, uint64(taken), again)
	return taken
}

// credit reports whether one more may be unacked.
func (s *consumer) credit() bool {
	return (s.prefetch == 0 || s.unacked < s.prefetch) && (s.ch.limit == 0 || s.ch.counted < s.ch.limit)
}

// write appends a delivery with the channel's latest tag.
func (s *consumer) write(out *outbox, e *queue.Entry) {
	m := e.Outgoing()
	from := len(out.buf)
	out.buf = amqp.AppendBasicDeliver(out.buf, s.ch.number, s.tag, s.ch.tag, e.Redelivered, m.Exchange, m.RoutingKey)
	out.grew(from)
	out.content(s.ch.number, m)
}

// Flush implements queue.Consumer.
func (s *consumer) Flush() { s.ch.conn.outbox.flush() }

// Cancelled implements queue.Consumer: the queue has been deleted.
func (s *consumer) Cancelled() {
	ch := s.ch
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if s.gone || ch.ended {
		return
	}
	s.gone = true
	s.feed()
	ch.gone++
	s.tellGone("")
	if s.open { // or begin will tell the client, when it knows of the consumer
		s.notify()
	}
}

// notify tells the client that the queue has ended the consumer. The channel's
// lock is held.
//
// rabbitmq: consumer cancel notification, for clients that understand it.
func (s *consumer) notify() {
	c := s.ch.conn
	if c.capable("consumer_cancel_notify") {
		c.outbox.append(amqp.AppendMethod(nil, s.ch.number, &amqp.BasicCancel{ConsumerTag: s.tag, NoWait: true}))
		c.outbox.flush()
	}
}

// leave ends the consumer from its own side. Nothing is delivered afterwards.
func (s *consumer) leave() {
	ch := s.ch
	ch.mu.Lock()
	known := !s.gone
	s.gone = true
	s.feed()
	ch.mu.Unlock()
	if known {
		s.tellGone(ch.conn.user)
	}
	s.queue.Cancel(s)
	if ch.replyTo == s {
		ch.replyTo = nil
		if err := ch.conn.vhost.DeleteReplyQueue(s.queue); err != nil {
			ch.conn.log.Error().Err(err).Uint16("channel", ch.number).Msg("reply queue not deleted")
		}
	}
}

// starve notes that the consumer was refused a delivery for want of credit. The
// channel's lock is held.
func (s *consumer) starve() {
	if !s.starved {
		s.starved = true
		s.ch.starving++
	}
}

// feed ends that, and reports whether it was so. The channel's lock is held.
func (s *consumer) feed() bool {
	was := s.starved
	if was {
		s.starved = false
		s.ch.starving--
	}
	return was
}

// freed has consumers woken that were refused for want of credit and may have
// some, as s has one delivery less. The lock is held.
func (ch *channel) freed(s *consumer) {
	if ch.limit > 0 {
		ch.wakeStarving()
		return
	}
	if s != nil && s.feed() {
		ch.conn.settling.wake(s)
	}
}

// wakeStarving has all consumers woken that were refused for want of credit. The
// lock is held.
func (ch *channel) wakeStarving() {
	if ch.starving == 0 {
		return
	}
	for _, s := range ch.consumers {
		if s.feed() {
			ch.conn.settling.wake(s)
		}
	}
}

// forgetGone forgets the consumers whose queues have been deleted, so that a
// channel which never cancels them does not keep them for ever.
func (ch *channel) forgetGone() {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.gone == 0 {
		return
	}
	maps.DeleteFunc(ch.consumers, func(_ string, s *consumer) bool { return s.gone })
	ch.gone = 0
}
