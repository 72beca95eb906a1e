package server

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/event"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// Faults have something go wrong on purpose, for tests of how clients bear it.
// They are asked from any goroutine, Deliver and Ack with locks of the broker
// held: answers come at once, and without calling the broker.
type Faults interface {
	// Publish is asked about a message that has passed all checks. The event's
	// Queues are where it would go.
	Publish(e event.Event) PublishFault

	// Deliver is asked about a message that a consumer is about to get.
	Deliver(e event.Event) DeliverFault

	// Ack reports whether an ack is lost: then its message is requeued.
	Ack(e event.Event) (lost bool)
}

// A PublishFault is what is done to a publish. Of its fields at most one is set;
// the zero value is what is right.
type PublishFault struct {
	// Refuse keeps the message out of its queues: a publisher in confirm mode
	// gets a basic.nack.
	Refuse bool

	// Channel and Connection close these, and the message is lost.
	Channel    *amqp.Error
	Connection *amqp.Error

	// Cut ends the connection without a word, when the message is taken.
	Cut Cut

	// Later is handed the rest of the publish, to be called when its time has
	// come. The client may go on meanwhile.
	Later func(publish func())

	// Blocked has the client told that it is blocked, for this Reason, and waits
	// until it is closed.
	Blocked <-chan struct{}
	Reason  string
}

// A Cut says what a publisher in confirm mode hears before its connection ends.
// Outside of confirm mode there is no difference.
type Cut int

// The cuts.
const (
	NoCut Cut = iota
	CutBeforeConfirm
	CutAfterConfirm
)

// A DeliverFault is what is done to a delivery. The zero value is what is right.
type DeliverFault struct {
	// Later refuses the delivery for now, and is handed what has it tried again.
	Later func(retry func())

	// Twice has it delivered twice. It is for consumers without acks: of others
	// the ack can be lost.
	Twice bool

	// Cut ends the connection when the delivery has been written.
	Cut bool
}

// errConnection closes the connection whatever its code would close.
type errConnection struct{ told *amqp.Error }

func (e errConnection) Error() string { return e.told.Error() }

// Unwrap returns what the client is told.
func (e errConnection) Unwrap() error { return e.told }

// publishFault does what is wrong with a publish; what it returns is as
// watchPublish does.
func (ch *channel) publishFault(f PublishFault, p publication, receipt store.Receipt, tag uint64) (_ store.Receipt, done bool, err error) {
	c := ch.conn
	switch {
	case f.Refuse:
		if receipt != nil {
			receipt.Confirm(tag, tag, false)
		}
		return nil, true, nil
	case f.Channel != nil:
		return nil, true, f.Channel
	case f.Connection != nil:
		return nil, true, errConnection{f.Connection}
	case f.Later != nil:
		f.Later(func() { ch.publishLate(p, receipt, tag) })
		return nil, true, nil
	case f.Blocked != nil:
		return receipt, false, c.blockUntil(f.Reason, f.Blocked)
	case f.Cut != NoCut:
		return ch.cutAt(f.Cut, receipt, tag), false, nil
	}
	return receipt, false, nil
}

// cutAt has the connection cut around the confirm of a tag, and returns the
// receipt of its message.
func (ch *channel) cutAt(at Cut, receipt store.Receipt, tag uint64) store.Receipt {
	cf, confirming := receipt.(*confirms)
	if at == CutAfterConfirm && confirming {
		cf.cutAfter(tag)
		return cf
	}
	return cutter{&ch.conn.outbox}
}

// A cutter is the receipt of a message whose publisher is cut off instead of
// hearing of it.
type cutter struct{ outbox *outbox }

// Confirm implements store.Receipt.
func (r cutter) Confirm(_, _ uint64, _ bool) { r.outbox.cutOff() }

// publishLate routes a message in a goroutine that is not the connection's,
// which may have ended meanwhile.
func (ch *channel) publishLate(p publication, receipt store.Receipt, tag uint64) {
	publisher := ch.conn.vhost.NewPublisher()
	queues, err := publisher.Queues(p.message, p.also)
	routed := false
	if err == nil {
		e := ch.event(event.Routed)
		e.Tag, e.Exchange, e.RoutingKey, e.Mandatory = tag, p.message.Exchange, p.message.RoutingKey, p.mandatory
		e.Message, e.Queues = &p.message, queues
		ch.conn.server.tell(e)
		routed = publisher.PublishTo(queues, p.message, receipt, tag)
	}
	if routed {
		publisher.Flush()
		return
	}
	ch.mu.Lock()
	ended := ch.ended
	ch.mu.Unlock()
	if ended {
		return
	}
	if p.mandatory {
		ch.tellReturn(&p.message, tag)
		ch.conn.outbox.appendContent(amqp.AppendMethod(nil, ch.number, basicReturn(&p.message)), ch.number, &p.message)
		ch.conn.outbox.flush()
	}
	if receipt != nil {
		receipt.Confirm(tag, tag, true)
	}
}

// deliverFault asks what is wrong with a delivery, and reports false if it is not
// to be made now.
func (s *consumer) deliverFault(e *queue.Entry) (f DeliverFault, now bool) {
	faults := s.ch.conn.server.Faults
	if faults == nil {
		return f, true
	}
	told := s.event(e)
	told.Tag++ // the one it is about to get
	f = faults.Deliver(told)
	if f.Later != nil {
		f.Later(func() { s.queue.Wake(s) })
		return f, false
	}
	return f, true
}
