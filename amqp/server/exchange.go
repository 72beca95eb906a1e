package server

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
)

func (ch *channel) exchangeDeclare(m *amqp.ExchangeDeclare) error {
	name := clean(m.Exchange)
	var stored bool
	var err error
	if m.Passive {
		err = ch.conn.vhost.CheckExchange(name)
	} else {
		stored, err = ch.conn.vhost.DeclareExchange(exchange.Declaration{
			Name:       name,
			Kind:       m.Type,
			Durable:    m.Durable,
			AutoDelete: m.AutoDelete,
			Internal:   m.Internal,
			Arguments:  m.Arguments,
		})
	}
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.ExchangeDeclareOk{}, stored)
	}
	return err
}

func (ch *channel) exchangeDelete(m *amqp.ExchangeDelete) error {
	stored, err := ch.conn.vhost.DeleteExchange(clean(m.Exchange), m.IfUnused)
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.ExchangeDeleteOk{}, stored)
	}
	return err
}

func (ch *channel) exchangeBind(m *amqp.ExchangeBind) error {
	stored, err := ch.conn.vhost.Bind(exchange.Binding{
		Source:      clean(m.Source),
		Destination: exchange.Destination{Kind: exchange.ToExchange, Name: clean(m.Destination)},
		Key:         m.RoutingKey,
		Arguments:   m.Arguments,
	}, ch.conn)
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.ExchangeBindOk{}, stored)
	}
	return err
}

func (ch *channel) exchangeUnbind(m *amqp.ExchangeUnbind) error {
	stored, err := ch.conn.vhost.Unbind(exchange.Binding{
		Source:      clean(m.Source),
		Destination: exchange.Destination{Kind: exchange.ToExchange, Name: clean(m.Destination)},
		Key:         m.RoutingKey,
		Arguments:   m.Arguments,
	})
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.ExchangeUnbindOk{}, stored)
	}
	return err
}
