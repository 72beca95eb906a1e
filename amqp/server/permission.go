package server

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/vhost"
)

// What each method needs, by RabbitMQ's table:
//
//	method                       configure  write               read
//	exchange.declare             exchange   alternate exchange  exchange, if it has an alternate
//	queue.declare                queue      dead-letter         queue, if it has a dead-letter exchange
//	                                        exchange
//	either, passive              any of the three
//	exchange.delete              exchange
//	queue.delete                 queue
//	exchange.bind and .unbind               destination         source (and its topic)
//	queue.bind and .unbind                  queue               exchange (and its topic)
//	queue.purge                                                 queue
//	basic.consume and .get                                      queue
//	basic.publish                           exchange (and its
//	                                        topics)
//
// It is looked at before anything is looked up, so that a client learns nothing of
// what it may not touch. What nobody may do is left to whoever refuses it to all.

// mayDeclareExchange is for exchange.declare.
func (a *actor) mayDeclareExchange(name, kind string) error {
	if name == "" || !exchange.Known(kind) {
		return nil
	}
	return a.session.Configure(auth.Exchange, name)
}

// mayHaveAlternate is for exchange.declare of a new exchange.
func (a *actor) mayHaveAlternate(name string, arguments amqp.Table) error {
	return a.maySend(auth.Exchange, name, arguments["alternate-exchange"])
}

// mayDeclareQueue is for queue.declare.
func (a *actor) mayDeclareQueue(name string) error {
	return a.session.Configure(auth.Queue, name)
}

// mayDeadLetter is for queue.declare of a new queue.
func (a *actor) mayDeadLetter(name string, arguments amqp.Table) error {
	return a.maySend(auth.Queue, name, arguments["x-dead-letter-exchange"])
}

// maySend is for what would send messages on to an exchange, which is nil if there
// is none, and refused by others if it is no name.
func (a *actor) maySend(kind auth.Kind, name string, to any) error {
	exchange, ok := to.(string)
	if !ok {
		return nil
	}
	if err := a.session.Read(kind, name); err != nil {
		return err
	}
	return a.session.Write(auth.Exchange, exchange)
}

// mayKnow is for passive declarations.
//
// rabbitmq: since 4.2.7 and 4.3.1; earlier versions ask for nothing
func (a *actor) mayKnow(kind auth.Kind, name string) error {
	if name == "" {
		return nil
	}
	return a.session.Know(kind, name)
}

// mayDeleteExchange is for exchange.delete.
func (a *actor) mayDeleteExchange(name string) error {
	if name == "" || vhost.Reserved(name) {
		return nil
	}
	return a.session.Configure(auth.Exchange, name)
}

// mayDeleteQueue is for queue.delete.
func (a *actor) mayDeleteQueue(name string) error {
	return a.session.Configure(auth.Queue, name)
}

// mayBind is for queue.bind, exchange.bind and their opposites.
func (a *actor) mayBind(b exchange.Binding) error {
	s := a.session
	kind := auth.Queue
	if b.Destination.Kind == exchange.ToExchange {
		kind = auth.Exchange
	}
	if err := s.Write(kind, b.Destination.Name); err != nil {
		return err
	}
	if b.Source == "" || kind == auth.Exchange && b.Destination.Name == "" {
		return nil
	}
	if err := s.Read(auth.Exchange, b.Source); err != nil {
		return err
	}
	if s.HasTopics() && a.vhost.IsTopic(b.Source) {
		return s.ReadTopic(b.Source, b.Key)
	}
	return nil
}

// mayRead is for queue.purge, basic.consume and basic.get.
func (a *actor) mayRead(queue string) error {
	return a.session.Read(auth.Queue, queue)
}

// mayPublish is for basic.publish.
func (a *actor) mayPublish(exchange string) error {
	return a.session.Publish(exchange)
}

// mayPublishWith is for the routing keys of basic.publish: the method's, and those
// of CC and BCC.
func (a *actor) mayPublishWith(exchange, key string, also []string) error {
	s := a.session
	if !s.HasTopics() || !a.vhost.IsTopic(exchange) {
		return nil
	}
	if err := s.WriteTopic(exchange, key); err != nil {
		return err
	}
	for _, key := range also {
		if err := s.WriteTopic(exchange, key); err != nil {
			return err
		}
	}
	return nil
}

// mayClaim is for the user-id of basic.publish.
func (a *actor) mayClaim(p amqp.Properties) error {
	if !p.Has(amqp.FlagUserID) || p.UserID() == a.user || a.session.Impersonates() {
		return nil
	}
	return amqp.Errorf(amqp.PreconditionFailed, "user_id property set to '%s' but authenticated user was '%s'", p.UserID(), a.user)
}
