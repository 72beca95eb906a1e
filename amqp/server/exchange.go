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
	if err := ch.mayDeclareExchange(name, m.Type); err != nil {
		return err
	}
	stored, err := ch.conn.vhost.DeclareExchange(exchange.Declaration{
		Name:       name,
		Kind:       m.Type,
		Durable:    m.Durable,
		AutoDelete: m.AutoDelete,
		Internal:   m.Internal,
		Arguments:  m.Arguments,
	}, ch.conn, func() error { return ch.mayHaveAlternate(name, m.Arguments) })
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.ExchangeDeclareOk{}, stored)
	}
	return err
}

func (ch *channel) exchangeDeclarePassive(name string, noWait bool) error {
	if err := ch.mayKnow(auth.Exchange, name); err != nil {
		return err
	}
	err := ch.conn.vhost.CheckExchange(name)
	if err == nil && !noWait {
		ch.reply(&amqp.ExchangeDeclareOk{})
	}
	return err
}

func (ch *channel) exchangeDelete(m *amqp.ExchangeDelete) error {
	name := clean(m.Exchange)
	if err := ch.mayDeleteExchange(name); err != nil {
		return err
	}
	stored, err := ch.conn.vhost.DeleteExchange(name, ch.conn, m.IfUnused)
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
	b := exchangeBinding(m.Destination, m.Source, m.RoutingKey, m.Arguments)
	if err := ch.mayBind(b); err != nil {
		return err
	}
	stored, err := ch.conn.vhost.Bind(b, ch.conn)
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.ExchangeBindOk{}, stored)
	}
	return err
}

func (ch *channel) exchangeUnbind(m *amqp.ExchangeUnbind) error {
	b := exchangeBinding(m.Destination, m.Source, m.RoutingKey, m.Arguments)
	if err := ch.mayBind(b); err != nil {
		return err
	}
	stored, err := ch.conn.vhost.Unbind(b, ch.conn)
	if err == nil && !m.NoWait {
		ch.replyStored(&amqp.ExchangeUnbindOk{}, stored)
	}
	return err
}
