package amqptest

import (
	"bytes"
	"fmt"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
)

// A Queue is what a queue was at the moment when it was looked at.
type Queue struct {
	queue.Declaration // its arguments must not be changed

	Ready     int // messages that wait for a consumer
	Unacked   int // messages that consumers have, and have not acked
	Consumers int

	// Messages are those that are ready, in the order in which they would be
	// delivered. A few that only the store has may be missing: of the messages
	// that came back because a consumer left, those that it had held while 4,096
	// others were delivered to it.
	Messages []Message
}

// A Message is a message in a queue, or one to publish.
type Message struct {
	Exchange   string // "" for the default exchange
	RoutingKey string
	Properties amqp.Fields
	Body       []byte

	// Redelivered says that a consumer had the message before. Publish does not
	// look at it.
	Redelivered bool
}

// An Exchange is what an exchange was at the moment when it was looked at.
type Exchange struct {
	exchange.Declaration // its arguments must not be changed

	// Bindings are those that the exchange is the source of, in the order in
	// which they were made. The default exchange shows one for each queue.
	Bindings []exchange.Binding
}

// Queue returns the queue of that name as it is now, whoever may use it. The
// error, if there is no such queue, lists those there are.
func (v *VirtualHost) Queue(name string) (Queue, error) {
	q, err := v.find(name)
	if err != nil {
		return Queue{}, err
	}
	stats, ready := q.View()
	shown := look(q, stats)
	for _, e := range ready {
		m, err := message(e.Message, e.Redelivered)
		if err != nil {
			return Queue{}, fmt.Errorf("amqptest: message in queue %q: %w", name, err)
		}
		shown.Messages = append(shown.Messages, m)
	}
	return shown, nil
}

// Queues returns all queues, by name, as they are now, without their messages.
func (v *VirtualHost) Queues() ([]Queue, error) {
	host, err := v.host()
	if err != nil {
		return nil, err
	}
	var all []Queue
	for _, name := range host.Queues() {
		if q := host.Find(name); q != nil { // it may have gone meanwhile
			all = append(all, count(q))
		}
	}
	return all, nil
}

// Count returns the queue of that name as Queue does, without its messages: that
// is quick, however many they are.
func (v *VirtualHost) Count(name string) (Queue, error) {
	q, err := v.find(name)
	if err != nil {
		return Queue{}, err
	}
	return count(q), nil
}

func count(q queue.Hosted) Queue { return look(q, q.Stats()) }

func look(q queue.Hosted, s queue.Stats) Queue {
	return Queue{Declaration: q.Declaration(), Ready: s.Ready, Unacked: s.Unacked, Consumers: s.Consumers}
}

func (v *VirtualHost) find(name string) (queue.Hosted, error) {
	host, err := v.host()
	if err != nil {
		return nil, err
	}
	if q := host.Find(name); q != nil {
		return q, nil
	}
	return nil, notFound("amqptest: no queue %q in virtual host %q: want one of %q", name, v.name, host.Queues())
}

// message copies one of the broker's messages.
func message(m *amqp.Message, redelivered bool) (Message, error) {
	fields, err := m.Properties.Fields()
	if err != nil {
		return Message{}, err
	}
	return Message{
		Exchange:    m.Exchange,
		RoutingKey:  m.RoutingKey,
		Properties:  fields,
		Body:        bytes.Clone(m.Body),
		Redelivered: redelivered,
	}, nil
}

// Exchange returns the exchange of that name, "" being the default one, as it is
// now. The error, if there is no such exchange, lists those there are.
func (v *VirtualHost) Exchange(name string) (Exchange, error) {
	host, err := v.host()
	if err != nil {
		return Exchange{}, err
	}
	d, bindings, ok := host.Exchange(name)
	if !ok {
		return Exchange{}, notFound("amqptest: no exchange %q in virtual host %q: want one of %q", name, v.name, host.Exchanges())
	}
	return Exchange{Declaration: d, Bindings: bindings}, nil
}

// Exchanges returns all exchanges, the default one first and then by name, as they
// are now.
func (v *VirtualHost) Exchanges() ([]Exchange, error) {
	host, err := v.host()
	if err != nil {
		return nil, err
	}
	var all []Exchange
	for _, name := range append([]string{""}, host.Exchanges()...) {
		if d, bindings, ok := host.Exchange(name); ok { // it may have gone meanwhile
			all = append(all, Exchange{Declaration: d, Bindings: bindings})
		}
	}
	return all, nil
}

// Connections returns the connections that are open, on all virtual hosts, by
// name. A broker that is down has none.
func (b *Broker) Connections() []server.ConnectionInfo {
	r, err := b.running()
	if err != nil {
		return nil
	}
	return r.server.Connections()
}
