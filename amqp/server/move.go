package server

import (
	"errors"
	"fmt"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// Why a message is not moved: it stays where it is.
var (
	ErrUnroutable = errors.New("no queue is bound there with such a routing key")
	ErrRefused    = errors.New("a queue has refused it: it may be full")
)

// A Place is where a message is to go: a queue, or an exchange with a routing key.
type Place struct {
	Queue         string // "" for an exchange
	Exchange, Key string

	// ForgetDeaths leaves out the headers that say how and where the message has died.
	ForgetDeaths bool
}

// Move takes one message of a queue somewhere else, and reports false if it is not
// there. It is gone from the queue only when it has arrived, which means on disk if its
// new queue is durable; otherwise it is where it was, as it was.
func (v *Visit) Move(q queue.Queue, number uint64, to Place) (found bool, err error) {
	e, found, err := q.Take(number)
	if err != nil || !found {
		return found, err
	}
	if err := v.send(e.Message, to); err != nil {
		q.PutBack(e)
		return true, err
	}
	q.Drop(e)
	return true, nil
}

// Copy is Move for a message that stays.
func (v *Visit) Copy(m *amqp.Message, to Place) error { return v.send(m, to) }

// Remove drops one message of a queue, and reports false if it is not there.
func (v *Visit) Remove(q queue.Queue, number uint64) (found bool, err error) {
	e, found, err := q.Take(number)
	if err == nil && found {
		q.Drop(e)
	}
	return found, err
}

// send publishes a message of a queue once more. It goes where it is told and nowhere
// else: keys of CC and BCC are not looked at. That it is of its user has been checked
// when it was published first.
func (v *Visit) send(m *amqp.Message, to Place) error {
	if err := v.open(); err != nil {
		return err
	}
	p := v.vhost.NewPublisher()
	if err := v.maySend(p, to); err != nil {
		return err
	}
	sent := amqp.NewMessage(to.Exchange, to.Key, again(m.Properties, to.ForgetDeaths), m.Body)
	if to.Queue != "" {
		sent.RoutingKey = to.Queue
	}
	sent.Rekeyed = true
	sent.Persistent = true // it may be on disk where it is
	routed, refused, err := v.confirmed(p, sent, nil)
	switch {
	case err != nil:
		return err
	case !routed:
		return ErrUnroutable
	case refused:
		return ErrRefused
	}
	return nil
}

// maySend returns an error if the user may not publish there, or nobody can.
func (v *Visit) maySend(p *vhost.Publisher, to Place) error {
	if to.Queue != "" && !v.vhost.Has(exchange.Destination{Kind: exchange.ToQueue, Name: to.Queue}) {
		return amqp.Errorf(amqp.NotFound, "no queue '%s' in vhost '%s'", to.Queue, v.vhost.Name())
	}
	if err := v.mayPublish(to.Exchange); err != nil {
		return err
	}
	if err := p.Check(to.Exchange); err != nil {
		return err
	}
	return v.mayPublishWith(to.Exchange, to.Key, nil)
}

// again returns properties as they are published again: what a stream has added is not
// part of them.
func again(p amqp.Properties, forgetDeaths bool) amqp.Properties {
	p = p.WithoutHeader("x-stream-offset")
	if !forgetDeaths {
		return p
	}
	for _, header := range []string{
		"x-death", "x-first-death-exchange", "x-first-death-queue", "x-first-death-reason",
		"x-last-death-exchange", "x-last-death-queue", "x-last-death-reason", "x-delivery-count",
	} {
		p = p.WithoutHeader(header)
	}
	return p
}

// open returns an error while a client would be blocked.
func (v *Visit) open() error {
	if reason, _ := v.server.alarms.state(); reason != "" {
		return amqp.Errorf(amqp.ResourceError, "the broker is %s: want to publish later", reason)
	}
	return nil
}

// confirmed publishes a message, and waits until its queues have taken it over: routed is
// false if there are none, and refused is true if one of them has not.
func (v *Visit) confirmed(p *vhost.Publisher, m amqp.Message, also []string) (routed, refused bool, err error) {
	queues, err := v.show(p, &m, also)
	if err != nil {
		return false, false, err
	}
	taken := make(receipt, 1)
	if queues != nil {
		routed = p.PublishTo(queues, m, taken, 1)
	} else if routed, err = p.Publish(m, also, taken, 1); err != nil {
		return false, false, err
	}
	counts := Counts{Published: 1, ToConfirm: 1}
	p.Flush()
	if routed {
		refused = !<-taken
	} else {
		counts.Returned = 1
	}
	if !refused {
		counts.Confirmed = 1
	}
	v.count(counts)
	return routed, refused, nil
}

// A receipt hears of one message.
type receipt chan bool

// Confirm implements store.Receipt.
func (r receipt) Confirm(_, _ uint64, ok bool) { r <- ok }

// Message reads one message of a queue without taking it, nil if it is not there.
func (v *Visit) Message(q queue.Queue, number uint64) (*queue.Entry, error) {
	s, err := q.Peek(queue.Look{From: number, Messages: 1, Bytes: 1})
	if err != nil {
		return nil, fmt.Errorf("look for a message of queue %q: %w", q.Declaration().Name, err)
	}
	if number == 0 || len(s.Entries) == 0 || s.Entries[0].Number() != number {
		return nil, nil
	}
	return &s.Entries[0], nil
}
