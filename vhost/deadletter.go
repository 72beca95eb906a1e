package vhost

import (
	"slices"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/event"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// DeadLetter implements queue.Host: it publishes dead messages to the queue's
// dead-letter exchange. One whose exchange is missing, or that nobody is bound
// for, is lost.
//
// rabbitmq: dead letters are published without permission check, mandatory or
// confirm, and not into a queue in which they would go round for ever.
func (v *VirtualHost) DeadLetter(q queue.Hosted, dead []queue.Dead) {
	to := q.DeadLetterTo()
	for i := range dead {
		d := &dead[i]
		keys := []string{to.Key}
		if !to.Replace {
			keys = append(queue.RoutingKeys(d.Message), d.Message.BCC()...)
		}
		m := d.Copy(v.broker.DeathHeaders, q.Declaration().Name, to.Exchange, keys[0], v.broker.Clock.Now())
		if to.Replace {
			m.Rekeyed, m.Hidden = true, nil
		}
		if to.Replace && v.broker.DropCC {
			m.Properties = m.Properties.WithoutHeader("CC")
		}
		if to.AtLeastOnce {
			v.deliverDead(q, &m, keys, d)
		} else {
			d.Lost = !v.publish(q, &m, keys, d.Reason)
		}
	}
}

// publish takes one dead letter of a queue to its queues, and reports false if there is no
// such exchange.
func (v *VirtualHost) publish(from queue.Queue, m *amqp.Message, keys []string, why queue.Reason) bool {
	to, docs, err := v.routeDead(m, keys, why)
	v.tellDead(event.DeadLettered, from, m, why, to)
	if err != nil {
		v.broker.Log.Debug().Str("vhost", v.name).Str("exchange", m.Exchange).Msg("dead letter lost: no such exchange")
		return false
	}
	v.handOver(m, to, docs)
	return true
}

// deliverDead takes one dead letter of a queue to those of its queues that do not have
// it yet. If there are none at all, or one refuses it, it is Untaken.
func (v *VirtualHost) deliverDead(from queue.Queue, m *amqp.Message, keys []string, d *queue.Dead) {
	to, docs, err := v.routeDead(m, keys, d.Reason)
	if err != nil || len(to) == 0 {
		d.Untaken = len(d.Taken) == 0
		return
	}
	var took []queue.Target
	for _, q := range to {
		name := q.Declaration().Name
		switch {
		case slices.Contains(d.Taken, name):
		case v.handOver(m, []queue.Target{q}, docs):
			docs = nil
			d.Taken = append(d.Taken, name)
			took = append(took, q)
		default:
			d.Untaken = true
		}
	}
	if len(took) > 0 {
		v.tellDead(event.DeadLettered, from, m, d.Reason, took)
	}
}

// routeDead returns the queues that a dead letter belongs in, and the definitions that
// finding them has led to.
func (v *VirtualHost) routeDead(m *amqp.Message, keys []string, why queue.Reason) ([]queue.Target, []store.Doc, error) {
	r := router{v: v}
	v.mu.RLock()
	err := r.route(m.Exchange, keys, m)
	v.mu.RUnlock()
	if err != nil {
		return nil, nil, err
	}
	deaths := queue.Deaths(m)
	return slices.DeleteFunc(r.queues, func(q queue.Target) bool {
		name := q.Declaration().Name
		drop := why != queue.Rejected && circular(deaths, name)
		if drop {
			v.broker.Log.Warn().Str("vhost", v.name).Str("queue", name).Msg("dead letter dropped: it has been in this queue before")
		}
		return drop
	}), r.takeDocs(), nil
}

// tellDead tells what becomes of a message that has died in a queue.
func (v *VirtualHost) tellDead(k event.Kind, from queue.Queue, m *amqp.Message, why queue.Reason, to []queue.Target) {
	if v.broker.Watch == nil {
		return
	}
	e := event.Event{Kind: k, VHost: v.name, Queue: from.Declaration().Name, Queues: names(to), Reason: string(why), Message: m}
	if m != nil {
		e.Exchange, e.RoutingKey = m.Exchange, m.RoutingKey
	}
	v.broker.Watch.Event(e)
}

// tellDropped tells of messages that have died for good.
func (v *VirtualHost) tellDropped(from queue.Queue, es []queue.Entry, why queue.Reason) {
	for i := range es {
		v.tellDead(event.Dropped, from, es[i].Message, why, nil)
	}
}

// circular reports whether a message that dies of itself would come back to a
// queue: if it has died there, and since then nobody has rejected it.
func circular(deaths []amqp.Table, name string) bool {
	i := slices.IndexFunc(deaths, func(t amqp.Table) bool { return t["queue"] == name })
	return i >= 0 && !slices.ContainsFunc(deaths[:i+1], func(t amqp.Table) bool { return t["reason"] == string(queue.Rejected) })
}
