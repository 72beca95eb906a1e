package vhost

import (
	"slices"
	"sync/atomic"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

const (
	// batchMost is how many messages a publisher gathers before they go to
	// their queues, whatever else there is to read.
	batchMost = 256

	// othersMost is how many queues besides the first a batch may go to, each message
	// to one of them.
	othersMost = 15

	// slabSize is how many messages and records are allocated together. One
	// that stays keeps its slab alive, which is why it is small; so many messages
	// just fill the memory that Go gives for them.
	slabSize = 15

	// routesMost is how many routes a publisher remembers.
	routesMost = 1024

	// ownBuffer is from how many octets on the bodies of a batch fill the buffer
	// they were read into, or a good part of it: copying them would free little.
	ownBuffer = 32 << 10

	// detachedBlock is how many octets are allocated together for messages that are
	// copied. With messages of 16 octets that is 8 % less CPU for each than memory of
	// their own, and 9 % less memory for a long queue of them.
	detachedBlock = 4 << 10
)

// A Publisher takes the messages of one connection to their queues, in batches:
// Publish routes and gathers, Flush hands over, to each queue in their order. Nobody
// sees a message before Flush. It belongs to one goroutine.
type Publisher struct {
	// Before is called before a batch goes to its queues, unless nil.
	Before func()

	router  router
	version uint64
	routes  map[address]*route
	last    *route
	named   *route // the last one that PublishTo looked up
	waits   bool   // the last message is a duplicate, or an exchange has stored that it was there

	taken []*route // since noteFlow

	to      *route         // where the batch goes, or its first message
	others  []queue.Target // and the queues that the rest goes to
	batch   []queue.Publishing
	ways    []uint8            // of each message: 0 for to, or one more than the place in others
	part    []queue.Publishing // of the batch, for one queue
	octets  int                // of its bodies
	records []*store.Record
	docs    []store.Doc    // what exchanges have seen of the batch
	waiting []*afterStored // confirms that wait for those, or for what was stored before

	messages   []amqp.Message // slabs
	recordSlab []store.Record
}

// An address is what a message is published to.
type address struct{ exchange, key string }

// A route is what an address leads to.
type route struct {
	address
	flow   *flow // of the exchange
	queues []queue.Target
	into   []*atomic.Uint64 // counters of what came into those from the exchange
	names  []string         // of the queues, once somebody asks
	keeps  [2]bool          // whether one of the queues keeps what is not persistent, and what is
	saw    bool             // the one message of this route is seen by an exchange that stores that

	published uint64 // since noteFlow
}

// alike reports whether two routes lead the same way.
func (r *route) alike(to *route) bool {
	return r == to || len(r.queues) == 1 && len(to.queues) == 1 && r.queues[0] == to.queues[0]
}

// NewPublisher returns a publisher into v.
func (v *VirtualHost) NewPublisher() *Publisher {
	return &Publisher{router: router{v: v}, routes: make(map[address]*route)}
}

// Address returns exchange and key as strings, without allocating when they are
// those of a message before.
func (p *Publisher) Address(exchange, key []byte) (string, string) {
	if p.last != nil && p.last.exchange == string(exchange) && p.last.key == string(key) {
		return p.last.exchange, p.last.key
	}
	if r := p.routes[address{string(exchange), string(key)}]; r != nil {
		p.last = r // most likely that is where it goes, see find
		return r.exchange, r.key
	}
	return string(exchange), string(key)
}

// Check returns an error if nothing can be published to an exchange: it is not
// there, or it is internal.
//
// spec: basic.publish
func (p *Publisher) Check(name string) error {
	if name == "" || p.last != nil && p.last.exchange == name && p.version == p.router.v.version.Load() {
		return nil
	}
	v := p.router.v
	v.mu.RLock()
	defer v.mu.RUnlock()
	x := v.exchanges[name]
	if x == nil {
		return v.noExchange(name)
	}
	if x.Declaration().Internal {
		return amqp.Errorf(amqp.AccessRefused, "cannot publish to internal exchange '%s' in vhost '%s'", name, v.name)
	}
	return nil
}

// Publish routes a message, which must have passed Check, and puts it into the
// batch; also lists the keys it is routed by besides its own. The receipt, if
// there is one, hears of tag when all queues have taken the message over. If no
// queue gets the message routed is false, and the receipt will hear nothing.
func (p *Publisher) Publish(m amqp.Message, also []string, receipt store.Receipt, tag uint64) (routed bool, err error) {
	r, err := p.find(&m, also)
	if err != nil {
		return false, err
	}
	return p.gather(r, m, receipt, tag), nil
}

// PublishTo is Publish to queues by their names, which Queues returned when the
// message was said to be published. Those that have gone are left out.
func (p *Publisher) PublishTo(queues []string, m amqp.Message, receipt store.Receipt, tag uint64) (routed bool) {
	p.renew()
	if p.named == nil || len(queues) == 0 || len(p.named.names) == 0 || &p.named.names[0] != &queues[0] {
		p.named = p.lookUp(m.Exchange, queues)
	}
	return p.gather(p.named, m, receipt, tag)
}

// Unrouted tells the receipt of a message of which Publish or PublishTo has just said
// that no queue gets it. A duplicate is confirmed when what came before it is on disk:
// its publisher publishes again what it has not heard of, and will not once more.
func (p *Publisher) Unrouted(receipt store.Receipt, tag uint64) {
	if p.waits {
		p.afterStored(receipt, tag, 1)
		return
	}
	receipt.Confirm(tag, tag, true)
}

// noteSeen puts what exchanges have seen of a message into the batch with it. It must
// not be on disk any sooner: then the message could be lost, and nobody could publish it
// again.
func (p *Publisher) noteSeen() {
	if len(p.router.docs) > 0 {
		p.docs = append(p.docs, p.router.takeDocs()...)
	}
}

// Queues returns the names of the queues that a message belongs in, for PublishTo, and
// never nil. They must not be changed.
func (p *Publisher) Queues(m amqp.Message, also []string) ([]string, error) {
	r, err := p.find(&m, also)
	if err != nil {
		return nil, err
	}
	if r.names == nil {
		r.names = names(r.queues)
	}
	return r.names, nil
}

func names(queues []queue.Target) []string {
	list := make([]string, len(queues))
	for i, q := range queues {
		list[i] = q.Declaration().Name
	}
	return list
}

// Flush hands the gathered messages to their queues, and what must last to the
// store.
func (p *Publisher) Flush() {
	if len(p.batch)+len(p.docs)+len(p.waiting) == 0 {
		return
	}
	p.noteFlow()
	if p.Before != nil {
		p.Before()
	}
	if len(p.batch) > 0 {
		p.toQueues()
	}
	for _, ps := range p.batch {
		if r := ps.Record; r != nil {
			r.Release()
			if len(r.Refs()) > 0 {
				p.records = append(p.records, r)
			}
		}
	}
	if len(p.records)+len(p.docs)+len(p.waiting) > 0 {
		p.router.v.broker.Store.Append(store.Batch{Records: p.records, Docs: p.docs, Done: p.storedAll()})
	}
	clear(p.batch)
	clear(p.others)
	clear(p.records)
	clear(p.docs)
	p.ways, p.others = p.ways[:0], p.others[:0]
	p.batch, p.records, p.docs, p.octets = p.batch[:0], p.records[:0], p.docs[:0], 0
}

// find returns the route of a message, from memory if it may be there.
func (p *Publisher) find(m *amqp.Message, also []string) (*route, error) {
	p.renew()
	p.waits = false
	if len(also) > 0 {
		return p.search(m, append([]string{m.RoutingKey}, also...))
	}
	if p.last != nil && p.last.exchange == m.Exchange && p.last.key == m.RoutingKey {
		return p.last, nil
	}
	if r := p.routes[address{m.Exchange, m.RoutingKey}]; r != nil {
		p.last = r
		return r, nil
	}
	r, err := p.search(m, []string{m.RoutingKey})
	if err != nil || !p.router.keyOnly {
		return r, err
	}
	if len(p.routes) >= routesMost {
		clear(p.routes)
	}
	p.routes[r.address] = r
	p.last = r
	return r, nil
}

// renew forgets the routes if the topology has changed.
func (p *Publisher) renew() {
	if version := p.router.v.version.Load(); version != p.version {
		p.Flush() // what was gathered goes the way it was routed
		clear(p.routes)
		p.version, p.last, p.named = version, nil, nil
	}
}

// search asks the topology.
func (p *Publisher) search(m *amqp.Message, keys []string) (*route, error) {
	v := p.router.v
	v.mu.RLock()
	defer v.mu.RUnlock()
	if err := p.router.route(m.Exchange, keys, m); err != nil {
		return nil, err
	}
	r := p.found(m.Exchange)
	p.waits = p.router.again || p.router.saw
	r.address = address{m.Exchange, m.RoutingKey}
	return r, nil
}

// lookUp finds queues by their names.
func (p *Publisher) lookUp(exchange string, queues []string) *route {
	v := p.router.v
	v.mu.RLock()
	defer v.mu.RUnlock()
	p.router.named(queues)
	r := p.found(exchange)
	r.names = queues
	return r
}

// found returns what the router has found for messages of an exchange.
func (p *Publisher) found(exchange string) *route {
	r := &route{queues: slices.Clone(p.router.queues), saw: p.router.saw, flow: p.router.v.flows[exchange]}
	for _, q := range r.queues {
		r.keeps[0] = r.keeps[0] || q.Keeps(false)
		r.keeps[1] = r.keeps[1] || q.Keeps(true)
	}
	r.into = p.into(r)
	return r
}
