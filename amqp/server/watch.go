package server

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/event"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// watched reports whether somebody looks on, or has something go wrong: then
// what happens to each message takes the long way through this file.
func (s *Server) watched() bool { return s.Watch != nil || s.Faults != nil }

// tell tells of an event.
func (s *Server) tell(e event.Event) {
	if s.Watch != nil {
		s.Watch.Event(e)
	}
}

// event begins an event of the connection, which has been opened.
func (c *connection) event(k event.Kind) event.Event {
	shown := c.shown.Load()
	return event.Event{Kind: k, VHost: shown.VHost, Connection: shown.Name, Client: shown.ClientName}
}

// tellClosed tells that the connection has ended: with a close of either side, or
// without a word.
func (c *connection) tellClosed(code amqp.Code, text string, byClient bool) {
	if c.server.Watch == nil || c.shown.Load() == nil {
		return
	}
	e := c.event(event.ConnectionClosed)
	e.Code, e.Text, e.ByClient = code, text, byClient
	c.server.tell(e)
}

// event begins an event of the channel.
func (ch *channel) event(k event.Kind) event.Event {
	e := ch.conn.event(k)
	e.Channel = ch.number
	return e
}

// tellClosed tells that the channel has ended by a close of either side.
func (ch *channel) tellClosed(code amqp.Code, text string, byClient bool) {
	if ch.conn.server.Watch == nil {
		return
	}
	e := ch.event(event.ChannelClosed)
	e.Code, e.Text, e.ByClient = code, text, byClient
	ch.conn.server.tell(e)
}

// watchPublish tells of a message and where it goes, and has the fault done that
// was asked for. done says that nothing is left to do; otherwise the message is
// to be routed, and answered to the receipt that is returned.
func (ch *channel) watchPublish(p *publication, receipt store.Receipt, tag uint64) (_ store.Receipt, done bool, err error) {
	s := ch.conn.server
	e := ch.event(event.Published)
	e.Tag, e.Exchange, e.RoutingKey, e.Mandatory = tag, p.message.Exchange, p.message.RoutingKey, p.mandatory
	e.Message = &p.message
	s.tell(e)
	if p.queues == nil {
		if p.queues, err = ch.conn.publisher.Queues(p.message, p.also); err != nil {
			return receipt, false, nil // the exchange has gone; routing says so
		}
	}
	e.Queues = p.queues
	if s.Faults != nil {
		if receipt, done, err = ch.publishFault(s.Faults.Publish(e), *p, receipt, tag); done || err != nil {
			return receipt, done, err
		}
	}
	e.Kind = event.Routed
	s.tell(e)
	return receipt, false, nil
}

// tellReturn tells that a message goes back.
func (ch *channel) tellReturn(m *amqp.Message, tag uint64) {
	if ch.conn.server.Watch == nil {
		return
	}
	kept := *m // so that the one of the hot path may stay on its stack
	e := ch.event(event.Returned)
	e.Tag, e.Exchange, e.RoutingKey, e.Message = tag, m.Exchange, m.RoutingKey, &kept
	e.Code, e.Text = amqp.NoRoute, amqp.NoRoute.String()
	ch.conn.server.tell(e)
}

// tellConfirms returns what tells of confirms as they are sent, or nil.
func (ch *channel) tellConfirms() func(confirmSpan) {
	if ch.conn.server.Watch == nil {
		return nil
	}
	return func(s confirmSpan) {
		e := ch.event(event.Confirmed)
		if !s.ok {
			e.Kind = event.Refused
		}
		for e.Tag = s.lo; e.Tag <= s.hi; e.Tag++ {
			ch.conn.server.tell(e)
		}
	}
}

// deliveryEvent makes an event of a message that a client has got, or is about
// to.
func (ch *channel) deliveryEvent(k event.Kind, tag uint64, q queue.Queue, entry *queue.Entry) event.Event {
	e := ch.event(k)
	e.Tag, e.Queue, e.Redelivered = tag, q.Declaration().Name, entry.Redelivered
	if m := entry.Message; m != nil {
		e.Message, e.Exchange, e.RoutingKey = m, m.Exchange, m.RoutingKey
	}
	return e
}

// event makes an event of a delivery with the channel's latest tag.
func (s *consumer) event(entry *queue.Entry) event.Event {
	e := s.ch.deliveryEvent(event.Delivered, s.ch.tag, s.queue, entry)
	e.Consumer, e.NoAck = s.tag, s.noAck
	return e
}

// settleEvent makes an event of what becomes of a delivery.
func (ch *channel) settleEvent(how outcome, tag uint64, d *delivery) event.Event {
	kind := [...]event.Kind{ack: event.Acked, requeue: event.Requeued, fail: event.Requeued, abandon: event.Requeued, reject: event.Rejected}[how]
	e := ch.deliveryEvent(kind, tag, d.queue, &d.entry)
	e.Ended = ch.ended
	if d.consumer != nil {
		e.Consumer = d.consumer.tag
	}
	return e
}

// watchSettled tells of what a client does with a delivery, and returns what
// becomes of it. The channel's lock is held.
func (ch *channel) watchSettled(how outcome, tag uint64, d *delivery) outcome {
	s := ch.conn.server
	e := ch.settleEvent(how, tag, d)
	s.tell(e)
	if how == ack && s.Faults != nil && s.Faults.Ack(e) {
		how = requeue
		s.tell(ch.settleEvent(how, tag, d))
	}
	return how
}

// watchDelivered tells of a delivery that has been written with the channel's
// latest tag, and does what is wrong with it. The locks of channel and outbox are
// held.
func (s *consumer) watchDelivered(out *outbox, e queue.Entry, f DeliverFault) {
	server := s.ch.conn.server
	server.tell(s.event(&e))
	if f.Twice && s.noAck {
		s.ch.tag++
		e.Redelivered = true
		s.write(out, &e)
		server.tell(s.event(&e))
	}
	if f.Cut {
		out.cut = cutWhenWritten
	}
}
