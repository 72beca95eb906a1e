package server

import (
	"strings"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

func (ch *channel) queueDeclare(m *amqp.QueueDeclare) error {
	name := clean(m.Queue)
	switch {
	case name == vhost.ReplyTo:
		// rabbitmq: there always is one, with its requester as consumer.
		if !m.NoWait {
			ch.reply(&amqp.QueueDeclareOk{Queue: name, ConsumerCount: 1})
		}
		return nil
	case m.Passive || strings.HasPrefix(name, vhost.ReplyTo):
		return ch.queueDeclarePassive(name, m.NoWait)
	}
	q, stored, err := ch.conn.declareQueue(queue.Declaration{
		Name:       name,
		Durable:    m.Durable,
		Exclusive:  m.Exclusive,
		AutoDelete: m.AutoDelete,
		Arguments:  m.Arguments,
	})
	if err != nil {
		return err
	}
	ch.queueDeclared(q, stored, m.NoWait)
	return nil
}

// queueDeclarePassive finds a queue, or the one behind a reply address, which
// everybody may know who knows the address.
func (ch *channel) queueDeclarePassive(name string, noWait bool) error {
	if !strings.HasPrefix(name, vhost.ReplyTo) {
		if err := ch.conn.mayKnow(auth.Queue, name); err != nil {
			return err
		}
	}
	q, err := ch.conn.vhost.CheckQueue(name, ch.conn)
	if err != nil {
		return err
	}
	ch.queueDeclared(q, false, noWait)
	return nil
}

// queueDeclared tells the client of a queue.
func (ch *channel) queueDeclared(q queue.Queue, stored, noWait bool) {
	ch.lastQueue = q.Declaration().Name
	if noWait {
		return
	}
	s := q.Stats()
	if q.Declaration().Type() == queue.Stream {
		s.Consumers = 0 // rabbitmq: it is not counted here
	}
	ch.replyStored(&amqp.QueueDeclareOk{
		Queue:         ch.lastQueue,
		MessageCount:  uint32(s.Ready),
		ConsumerCount: uint32(s.Consumers),
	}, stored)
}

// binding makes the binding of queue.bind and queue.unbind.
//
// spec: queue.bind: without a queue name and a routing key, the key is the name
// of the queue declared last.
func (ch *channel) binding(name, source, key string, arguments amqp.Table) (exchange.Binding, error) {
	if name == "" && key == "" {
		key = ch.lastQueue
	}
	name, err := ch.queueName(name)
	return exchange.Binding{
		Source:      clean(source),
		Destination: exchange.Destination{Kind: exchange.ToQueue, Name: name},
		Key:         key,
		Arguments:   arguments,
	}, err
}

func (ch *channel) queueBind(m *amqp.QueueBind) error {
	b, err := ch.binding(m.Queue, m.Exchange, m.RoutingKey, m.Arguments)
	if err != nil {
		return err
	}
	stored, err := ch.conn.bind(b)
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.QueueBindOk{}, stored)
	}
	return err
}

func (ch *channel) queueUnbind(m *amqp.QueueUnbind) error {
	b, err := ch.binding(m.Queue, m.Exchange, m.RoutingKey, m.Arguments)
	if err != nil {
		return err
	}
	stored, err := ch.conn.unbind(b)
	if err == nil {
		ch.replyStored(&amqp.QueueUnbindOk{}, stored)
	}
	return err
}

func (ch *channel) queuePurge(m *amqp.QueuePurge) error {
	q, err := ch.queue(m.Queue)
	if err != nil {
		return err
	}
	n, err := q.Purge()
	if err != nil {
		return err
	}
	if !m.NoWait {
		ch.replyStored(&amqp.QueuePurgeOk{MessageCount: uint32(n)}, q.Declaration().Durable)
	}
	return nil
}

func (ch *channel) queueDelete(m *amqp.QueueDelete) error {
	name, err := ch.queueName(m.Queue)
	if err != nil {
		return err
	}
	n, stored, err := ch.conn.deleteQueue(name, m.IfUnused, m.IfEmpty)
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.QueueDeleteOk{MessageCount: uint32(n)}, stored)
	}
	return err
}
