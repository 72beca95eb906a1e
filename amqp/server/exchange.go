package server

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/auth"
)

func (ch *channel) exchangeDeclare(m *amqp.ExchangeDeclare) error {
	name := clean(m.Exchange)
	if m.Passive {
		return ch.exchangeDeclarePassive(name, m.NoWait)
	}
	stored, err := ch.conn.declareExchange(exchange.Declaration{
		Name:       name,
		Kind:       m.Type,
		Durable:    m.Durable,
		AutoDelete: m.AutoDelete,
		Internal:   m.Internal,
		Arguments:  m.Arguments,
	})
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.ExchangeDeclareOk{}, stored)
	}
	return err
}

func (ch *channel) exchangeDeclarePassive(name string, noWait bool) error {
	if err := ch.conn.mayKnow(auth.Exchange, name); err != nil {
		return err
	}
	err := ch.conn.vhost.CheckExchange(name)
	if err == nil && !noWait {
		ch.reply(&amqp.ExchangeDeclareOk{})
	}
	return err
}

func (ch *channel) exchangeDelete(m *amqp.ExchangeDelete) error {
	stored, err := ch.conn.deleteExchange(clean(m.Exchange), m.IfUnused)
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.ExchangeDeleteOk{}, stored)
	}
	return err
}

// exchangeBinding makes the binding of exchange.bind and exchange.unbind.
func exchangeBinding(destination, source, key string, arguments amqp.Table) exchange.Binding {
	return exchange.Binding{
		Source:      clean(source),
		Destination: exchange.Destination{Kind: exchange.ToExchange, Name: clean(destination)},
		Key:         key,
		Arguments:   arguments,
	}
}

func (ch *channel) exchangeBind(m *amqp.ExchangeBind) error {
	stored, err := ch.conn.bind(exchangeBinding(m.Destination, m.Source, m.RoutingKey, m.Arguments))
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.ExchangeBindOk{}, stored)
	}
	return err
}

func (ch *channel) exchangeUnbind(m *amqp.ExchangeUnbind) error {
	stored, err := ch.conn.unbind(exchangeBinding(m.Destination, m.Source, m.RoutingKey, m.Arguments))
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.ExchangeUnbindOk{}, stored)
	}
	return err
}
