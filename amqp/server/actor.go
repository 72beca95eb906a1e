package server

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// An actor is a user in a virtual host: it does what methods ask for, if the user
// may. What it returns as stored says that the answer must wait for the store.
type actor struct {
	session *auth.Session
	vhost   *vhost.VirtualHost
	user    string
	owner   vhost.Owner // of what is exclusive
}

func (a *actor) declareExchange(d exchange.Declaration) (stored bool, err error) {
	if err := a.mayDeclareExchange(d.Name, d.Kind); err != nil {
		return false, err
	}
	return a.vhost.DeclareExchange(d, a.owner, func() error { return a.mayHaveAlternate(d.Name, d.Arguments) })
}

func (a *actor) deleteExchange(name string, ifUnused bool) (stored bool, err error) {
	if err := a.mayDeleteExchange(name); err != nil {
		return false, err
	}
	return a.vhost.DeleteExchange(name, a.owner, ifUnused)
}

func (a *actor) declareQueue(d queue.Declaration) (q queue.Queue, stored bool, err error) {
	arguments := d.Arguments
	d = a.vhost.WithDefaultType(d)
	if d.Name, err = vhost.QueueName(d.Name, d.Type()); err != nil {
		return nil, false, err
	}
	if err := a.mayDeclareQueue(d.Name); err != nil {
		return nil, false, err
	}
	return a.vhost.DeclareQueue(d, a.owner, func() error { return a.mayDeadLetter(d.Name, arguments) })
}

func (a *actor) deleteQueue(name string, ifUnused, ifEmpty bool) (ready int, stored bool, err error) {
	if err := a.mayDeleteQueue(name); err != nil {
		return 0, false, err
	}
	return a.vhost.DeleteQueue(name, a.owner, ifUnused, ifEmpty)
}

func (a *actor) bind(b exchange.Binding) (stored bool, err error) {
	if err := a.mayBind(b); err != nil {
		return false, err
	}
	return a.vhost.Bind(b, a.owner)
}

func (a *actor) unbind(b exchange.Binding) (stored bool, err error) {
	if err := a.mayBind(b); err != nil {
		return false, err
	}
	return a.vhost.Unbind(b, a.owner)
}

// queue finds a queue to read from.
func (a *actor) queue(name string) (queue.Queue, error) {
	if err := a.mayRead(name); err != nil {
		return nil, err
	}
	return a.vhost.Queue(name, a.owner)
}

// A checked publish is what becomes of one that may be made.
type checked struct {
	properties amqp.Properties
	also       []string // the keys of CC and BCC
	hidden     []string // those of BCC
}

// checkPublish looks whether something may be published, and at what the broker
// acts on. replyTo is where replies to it go, "" if nobody waits for any.
//
// rabbitmq: the order of the checks is errors.md's.
func (a *actor) checkPublish(p *vhost.Publisher, exchange, key string, properties amqp.Properties, replyTo string) (c checked, err error) {
	if err := a.mayPublish(exchange); err != nil {
		return c, err
	}
	if err := p.Check(exchange); err != nil {
		return c, err
	}
	if c, err = checkProperties(properties, replyTo); err != nil {
		return c, err
	}
	if err := a.mayPublishWith(exchange, key, c.also); err != nil {
		return c, err
	}
	return c, a.mayClaim(properties)
}
