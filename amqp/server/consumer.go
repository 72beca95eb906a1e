package server

import (
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
	prefetch int // 0 for no limit

	// guarded by ch.mu
	open    bool // the client knows of it
	gone    bool
	unacked int
	starved bool // refused a delivery for want of credit
}

// begin lets deliveries come: the client has been told of the consumer.
func (s *consumer) begin() {
	s.ch.mu.Lock()
	s.open = true
	s.ch.mu.Unlock()
	s.queue.Wake(s)
}

// isGone reports whether the queue has cancelled the consumer.
func (s *consumer) isGone() bool {
	s.ch.mu.Lock()
	defer s.ch.mu.Unlock()
	return s.gone
}

// Deliver implements queue.Consumer.
func (s *consumer) Deliver(es []queue.Entry) (taken int) {
	ch := s.ch
	out := &ch.conn.outbox
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if !s.open || s.gone || ch.ended {
		return 0
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	for i := range es {
		if out.full() && !out.broken {
			out.starved = append(out.starved, s)
			break
		}
		if !s.noAck && !s.credit() {
			s.starved = true
			break
		}
		ch.tag++
		s.write(out, &es[i])
		if !s.noAck {
			s.unacked++
			ch.counted++
			ch.unacked.add(ch.tag, delivery{consumer: s, queue: s.queue, entry: es[i]})
		}
		taken++
	}
	return taken
}

// credit reports whether one more may be unacked.
func (s *consumer) credit() bool {
	return (s.prefetch == 0 || s.unacked < s.prefetch) && (s.ch.limit == 0 || s.ch.counted < s.ch.limit)
}

// write appends a delivery with the channel's latest tag.
func (s *consumer) write(out *outbox, e *queue.Entry) {
	if out.broken {
		return // the connection is ending: what is unacked goes back
	}
	m := e.Message
	from := len(out.buf)
	out.buf = amqp.AppendBasicDeliver(out.buf, s.ch.number, s.tag, s.ch.tag, e.Redelivered, m.Exchange, m.RoutingKey)
	out.grew(from)
	out.content(s.ch.number, m)
}

// Flush implements queue.Consumer.
func (s *consumer) Flush() { s.ch.conn.outbox.flush() }

// Cancelled implements queue.Consumer: the queue has been deleted.
//
// rabbitmq: consumer cancel notification, for clients that understand it.
func (s *consumer) Cancelled() {
	ch := s.ch
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if s.gone || ch.ended {
		return
	}
	s.gone = true
	if ch.conn.capable("consumer_cancel_notify") {
		ch.conn.outbox.append(amqp.AppendMethod(nil, ch.number, &amqp.BasicCancel{ConsumerTag: s.tag, NoWait: true}))
		ch.conn.outbox.flush()
	}
}

// leave ends the consumer from its own side. Nothing is delivered afterwards.
func (s *consumer) leave() {
	s.ch.mu.Lock()
	s.gone = true
	s.ch.mu.Unlock()
	s.queue.Cancel(s)
	if s.ch.replyTo == s {
		s.ch.replyTo = nil
		s.ch.conn.vhost.DeleteReplyQueue(s.queue)
	}
}

// freed returns the consumers that were refused for want of credit and may have
// some now. The lock is held.
func (ch *channel) freed(s *consumer) []*consumer {
	if ch.limit == 0 {
		if s == nil || !s.starved {
			return nil
		}
		s.starved = false
		return []*consumer{s}
	}
	return ch.starving()
}

// starving returns all consumers that were refused for want of credit.
func (ch *channel) starving() (woken []*consumer) {
	for _, s := range ch.consumers {
		if s.starved {
			s.starved = false
			woken = append(woken, s)
		}
	}
	return woken
}
