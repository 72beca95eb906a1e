package vhost

import (
	"slices"
	"strings"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// A router finds the queues of one message. It keeps its slices from message to
// message.
type router struct {
	v      *VirtualHost
	queues []queue.Target
	docs   []store.Doc // of what exchanges have seen, until somebody takes them
	saw    bool        // there are such of this message
	again  bool        // an exchange has seen its like before

	keyOnly      bool // the result holds for every message with these keys
	destinations []exchange.Destination
	visited      []*exchange.Exchange
	seen         map[queue.Target]bool // only while there are many queues
}

// manyQueues is from where on a map finds duplicates faster than a look along
// the slice.
const manyQueues = 16

// route fills r.queues with the queues that a message published to an exchange
// with some keys belongs in, each once. The topology's lock is held.
//
// rabbitmq: reference algorithm "route"; an alternate exchange is asked when an
// exchange's own bindings match nothing, and the empty name is none.
func (r *router) route(name string, keys []string, m *amqp.Message) error {
	r.reset()
	if name == "" {
		for _, key := range keys {
			r.toQueue(key)
		}
		return nil
	}
	x := r.v.exchanges[name]
	if x == nil {
		return r.v.noExchange(name)
	}
	r.visited = append(r.visited, x)
	r.visitAll(keys, m)
	return nil
}

// named fills r.queues with those of the names that it has given to queues before.
// The topology's lock is held.
func (r *router) named(names []string) {
	r.reset()
	for _, name := range names {
		if exchange, is := strings.CutPrefix(name, delayName); is && r.v.delays[exchange] != nil {
			r.add(r.v.delays[exchange])
			continue
		}
		r.toQueue(name)
	}
}

// destination fills r.queues with the queues that a message belongs in which a
// binding sends to d. The topology's lock is held.
func (r *router) destination(d exchange.Destination, m *amqp.Message) {
	r.reset()
	r.to(d)
	r.visitAll([]string{m.RoutingKey}, m)
}

func (r *router) reset() {
	r.queues, r.visited = r.queues[:0], r.visited[:0]
	r.keyOnly, r.saw, r.again = true, false, false
	clear(r.seen)
}

func (r *router) visitAll(keys []string, m *amqp.Message) {
	for i := 0; i < len(r.visited); i++ {
		r.visit(r.visited[i], keys, m)
	}
}

// toQueue adds the queue of that name, or the one behind a reply address.
func (r *router) toQueue(name string) {
	h := r.v.queues[name]
	if h == nil && strings.HasPrefix(name, ReplyTo) {
		// Requesters come and go too often for their addresses to be
		// remembered.
		r.keyOnly = false
		h = r.v.replies[name]
	}
	if h != nil {
		r.add(h.Hosted)
	}
}

// visit adds the queues that an exchange itself routes to, and the exchanges it
// routes to to those that are still to visit.
func (r *router) visit(x *exchange.Exchange, keys []string, m *amqp.Message) {
	r.keyOnly = r.keyOnly && x.KeyOnly()
	if x.Delays() && queue.DelayOf(m) > 0 {
		r.add(r.v.delays[x.Declaration().Name])
		return
	}
	r.destinations = r.destinations[:0]
	if x.Cache() == nil || r.isNew(x, m) {
		r.destinations = x.Route(r.destinations, keys, m.Properties)
	}
	if x.History() > 0 {
		r.v.histories[x.Declaration().Name].add(m)
	}
	for _, d := range r.destinations {
		r.to(d)
	}
	if alternate, ok := x.Alternate(); ok && len(r.destinations) == 0 {
		r.toExchange(alternate)
	}
}

// isNew reports whether an exchange that deduplicates has not seen the like of a
// message, and has it remember this one.
func (r *router) isNew(x *exchange.Exchange, m *amqp.Message) bool {
	c := r.v.caches[x.Declaration().Name]
	before := len(r.docs)
	var seen bool
	seen, r.docs = c.see(m, r.v.broker.Clock.Now().UnixMilli(), r.docs)
	r.saw, r.again = r.saw || len(r.docs) > before, r.again || seen
	return !seen
}

// takeDocs returns what is to be stored with the message, until the next one.
func (r *router) takeDocs() []store.Doc {
	docs := r.docs
	r.docs = r.docs[:0]
	return docs
}

// to adds the queue or the exchange that a binding sends to.
func (r *router) to(d exchange.Destination) {
	if d.Kind == exchange.ToExchange {
		r.toExchange(d.Name)
	} else if h := r.v.queues[d.Name]; h != nil {
		r.add(h.Hosted)
	}
}

func (r *router) toExchange(name string) {
	if x := r.v.exchanges[name]; x != nil && !slices.Contains(r.visited, x) {
		r.visited = append(r.visited, x)
	}
}

// add appends a queue unless it is there.
func (r *router) add(q queue.Target) {
	if len(r.queues) < manyQueues {
		if !slices.Contains(r.queues, q) {
			r.queues = append(r.queues, q)
		}
		return
	}
	if r.seen == nil {
		r.seen = make(map[queue.Target]bool)
	}
	if len(r.seen) == 0 {
		for _, q := range r.queues {
			r.seen[q] = true
		}
	}
	if !r.seen[q] {
		r.seen[q] = true
		r.queues = append(r.queues, q)
	}
}
