package vhost

import (
	"cmp"
	"maps"
	"slices"

	"github.com/harebellmq/harebell/queue"
)

// A Census is which queues and exchanges there are at one moment, and what has happened
// until then in those that are gone. What has happened in those there are is looked up
// afterwards, one after the other. They still know when they have gone meanwhile, so that
// nothing is counted twice, or not at all.
type Census struct {
	Queues    []CountedQueue    // by virtual host and name
	Exchanges []CountedExchange // likewise

	// What has happened in what is gone.
	Counts map[queue.Type]queue.Counts
	Flow   Flow

	Churn
}

// A CountedQueue is a queue of a Census.
type CountedQueue struct {
	VHost, Name string
	queue.Hosted
}

// A CountedExchange is an exchange of a Census.
type CountedExchange struct {
	VHost, Name string
	flow        *flow
}

// Flow returns what clients have published there until now.
func (x *CountedExchange) Flow() Flow { return x.flow.flow() }

// Census takes a census of all virtual hosts.
func (r *Registry) Census() *Census {
	c := &Census{Counts: make(map[queue.Type]queue.Counts)}
	r.mu.RLock()
	c.add(&r.gone)
	for _, v := range r.vhosts {
		c.visit(v)
	}
	if r.ending != nil {
		c.visit(r.ending)
	}
	r.mu.RUnlock()
	slices.SortFunc(c.Queues, func(a, b CountedQueue) int {
		return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(c.Exchanges, func(a, b CountedExchange) int {
		return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.Name, b.Name))
	})
	return c
}

// A Churn is how often queues were declared, made and deleted.
type Churn struct{ Declared, Created, Deleted uint64 }

// Churn returns how often all of them were, which a Census tells too, at more cost.
func (r *Registry) Churn() Churn {
	r.mu.RLock()
	defer r.mu.RUnlock()
	c := Churn{r.gone.declared, r.gone.created, r.gone.deleted}
	add := func(v *VirtualHost) {
		v.mu.RLock()
		defer v.mu.RUnlock()
		c.Declared, c.Created, c.Deleted = c.Declared+v.declared.Load(), c.Created+v.past.created, c.Deleted+v.past.deleted
	}
	for _, v := range r.vhosts {
		add(v)
	}
	if r.ending != nil {
		add(r.ending)
	}
	return c
}

// visit notes what is in a virtual host.
func (c *Census) visit(v *VirtualHost) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	c.Queues = slices.Grow(c.Queues, len(v.queues))
	for name, h := range v.queues {
		c.Queues = append(c.Queues, CountedQueue{v.name, name, h.Hosted})
	}
	for name, f := range v.flows {
		c.Exchanges = append(c.Exchanges, CountedExchange{v.name, name, f})
	}
	c.add(&v.past)
	c.Flow = c.Flow.plus(v.late.flow())
	c.Declared += v.declared.Load()
}

func (c *Census) add(p *past) {
	for t, n := range p.counts {
		c.Counts[t] = c.Counts[t].Plus(n)
	}
	c.Flow = c.Flow.plus(p.flow)
	c.Declared, c.Created, c.Deleted = c.Declared+p.declared, c.Created+p.created, c.Deleted+p.deleted
}

// Burials returns how many messages have died in queues.
func (r *Registry) Burials() *queue.Burials { return r.broker.Burials }

// A past is what has happened in queues and exchanges that are gone, and how many have
// come and gone.
type past struct {
	counts                     map[queue.Type]queue.Counts
	flow                       Flow
	declared, created, deleted uint64
}

// addQueue takes over what has happened in a queue that is deleted: nothing more will.
func (p *past) addQueue(q queue.Hosted) {
	if p.counts == nil {
		p.counts = make(map[queue.Type]queue.Counts)
	}
	t := q.Declaration().Type()
	p.counts[t] = p.counts[t].Plus(q.Info().Counts)
	p.deleted++
}

// ended takes over what has happened in a virtual host that is deleted. What somebody has
// on the way to an exchange of it still is not counted any more.
func (r *Registry) ended(v *VirtualHost) {
	r.mu.Lock() // nobody takes a census meanwhile
	defer r.mu.Unlock()
	c := Census{Counts: maps.Clone(r.gone.counts)}
	if c.Counts == nil {
		c.Counts = make(map[queue.Type]queue.Counts)
	}
	c.visit(v)
	for i := range c.Exchanges { // those that cannot be deleted
		c.Flow = c.Flow.plus(c.Exchanges[i].flow.end())
	}
	r.gone.counts, r.gone.flow = c.Counts, r.gone.flow.plus(c.Flow)
	r.gone.declared += c.Declared
	r.gone.created += c.Created
	r.gone.deleted += c.Deleted
	r.ending = nil
}
