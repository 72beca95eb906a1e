package server

import (
	"fmt"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/event"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// A Visit is a user in a virtual host without a connection: it does what a channel of
// that user would, with the same permissions and the same errors. What it returns is
// on disk then, if it is to be.
type Visit struct {
	actor
	server *Server
}

// Visit begins a visit, which must be left: NOT_ALLOWED if the user may not open the
// virtual host.
func (s *Server) Visit(identity auth.Identity, name string) (*Visit, error) {
	v, err := s.VHosts.Get(name)
	if err != nil {
		return nil, err
	}
	visit := &Visit{server: s, actor: actor{vhost: v, user: identity.User().Name}}
	visit.owner = visit
	visit.session, err = identity.Enter(name, func(*amqp.Error) {}) // it is over before anybody could tell it
	return visit, err
}

// User implements audit.Actor.
func (v *Visit) User() string { return v.user }

// Process implements audit.Actor: a visit has no connection.
func (v *Visit) Process() audit.Process { return audit.Process{} }

// Leave ends the visit.
func (v *Visit) Leave() { v.session.Leave() }

// stored waits until what was done is on disk.
func (v *Visit) stored(stored bool, err error) error {
	if err != nil || !stored {
		return err
	}
	if err := v.vhost.Sync(); err != nil {
		return fmt.Errorf("write a change of virtual host %q: %w", v.vhost.Name(), err)
	}
	return nil
}

// DeclareExchange is exchange.declare.
func (v *Visit) DeclareExchange(d exchange.Declaration) error {
	d.Name = clean(d.Name)
	return v.stored(v.declareExchange(d))
}

// DeleteExchange is exchange.delete.
func (v *Visit) DeleteExchange(name string, ifUnused bool) error {
	return v.stored(v.deleteExchange(name, ifUnused))
}

// DeclareQueue is queue.declare.
func (v *Visit) DeclareQueue(d queue.Declaration) error {
	d.Name = clean(d.Name)
	_, stored, err := v.declareQueue(d)
	return v.stored(stored, err)
}

// DeleteQueue is queue.delete.
func (v *Visit) DeleteQueue(name string, ifUnused, ifEmpty bool) error {
	_, stored, err := v.deleteQueue(name, ifUnused, ifEmpty)
	return v.stored(stored, err)
}

// Bind is queue.bind or exchange.bind.
func (v *Visit) Bind(b exchange.Binding) error { return v.stored(v.bind(b)) }

// Unbind is queue.unbind or exchange.unbind.
func (v *Visit) Unbind(b exchange.Binding) error { return v.stored(v.unbind(b)) }

// Purge is queue.purge.
func (v *Visit) Purge(name string) error {
	q, err := v.queue(name)
	if err != nil {
		return err
	}
	_, err = q.Purge()
	return v.stored(q.Declaration().Durable, err)
}

// Queue finds a queue to get messages from.
func (v *Visit) Queue(name string) (queue.Queue, error) { return v.queue(name) }

// Publish is basic.publish, mandatory and with a confirm. It returns when the queues
// have taken the message over; routed is false if there are none, and refused is true
// if one of them has not.
func (v *Visit) Publish(name, key string, properties amqp.Properties, body []byte) (routed, refused bool, err error) {
	if size, most := int64(len(body)), v.server.maxMessageSize(); size > most {
		return false, false, amqp.Errorf(amqp.PreconditionFailed, "message size %d is larger than configured max size %d", size, most)
	}
	if err := v.open(); err != nil {
		return false, false, err
	}
	p := v.vhost.NewPublisher()
	c, err := v.checkPublish(p, name, key, properties, "")
	if err != nil {
		return false, false, err
	}
	m := amqp.NewMessage(name, key, c.properties, body)
	if len(c.hidden) > 0 {
		m.Hidden = &c.hidden
	}
	return v.confirmed(p, m, c.also)
}

// Get is basic.get. Unless noAck the entry must be settled with the queue.
func (v *Visit) Get(q queue.Queue, noAck bool) (e queue.Entry, left int, ok bool, err error) {
	e, left, ok, err = q.Get(noAck)
	counts := Counts{}
	switch {
	case err != nil:
		return e, left, ok, err
	case !ok:
		counts.GetEmpty = 1
	case noAck:
		counts.GotNoAck = 1
	default:
		counts.Got = 1
	}
	if e.Redelivered {
		counts.Redelivered = 1
	}
	v.count(counts)
	if ok && v.traces(e.Message) {
		p := v.vhost.NewPublisher()
		if err := v.tap().delivered(p, tapped{e.Message, q.Declaration().Name, 1, e.Redelivered}); err != nil {
			v.server.Log.Warn().Err(err).Msg("delivery not traced")
		}
		p.Flush()
	}
	return e, left, ok, nil
}

// tap is whose messages of the visit are copied.
//
// rabbitmq: there the API has a connection of its own, of a name without a meaning
func (v *Visit) tap() tap {
	return tap{v.server.Node, v.vhost.Name(), "<" + v.server.Node + ".management>", v.user, 1}
}

// traces reports whether a message is to be copied.
func (v *Visit) traces(m *amqp.Message) bool {
	return v.vhost.Tracing() && m != nil && m.Exchange != traceExchange
}

// show lets those who look on see a message that is published: it returns where it goes
// then, and nil if nobody does.
func (v *Visit) show(p *vhost.Publisher, m *amqp.Message, also []string) (queues []string, err error) {
	if v.server.Watch == nil && !v.traces(m) {
		return nil, nil
	}
	if queues, err = p.Queues(*m, also); err != nil {
		return nil, err
	}
	e := event.Event{Kind: event.Published, VHost: v.vhost.Name(), Exchange: m.Exchange, RoutingKey: m.RoutingKey, Message: m, Mandatory: true}
	v.server.tell(e)
	e.Kind, e.Queues = event.Routed, queues
	v.server.tell(e)
	if v.traces(m) {
		err = v.tap().published(p, m, queues)
	}
	return queues, err
}

// count adds to the totals what has not happened on a channel.
func (v *Visit) count(c Counts) {
	s := v.server
	s.mu.Lock()
	defer s.mu.Unlock()
	past := s.pastOf(v.vhost)
	past.Counts = past.Counts.plus(c)
}
