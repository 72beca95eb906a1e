package vhost

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/store"
)

// DeclareExchange makes an exchange, or sees that the one there is equivalent.
// allow is asked before one is made, unless it is nil. stored reports whether the
// answer must wait for the store.
//
// spec: exchange.declare; rabbitmq: the order of the checks
func (v *VirtualHost) DeclareExchange(d exchange.Declaration, owner Owner, allow func() error) (stored bool, err error) {
	if !exchange.Known(d.Kind) {
		_, err := exchange.New(v.name, d)
		return false, err
	}
	if d.Name == "" {
		return false, errDefaultExchange()
	}
	v.changing.Lock()
	defer v.changing.Unlock()
	if v.deleted {
		return false, v.gone()
	}
	if x := v.exchanges[d.Name]; x != nil { // only whoever holds changing writes the map
		return x.Declaration().Durable, x.Equivalent(v.name, d)
	}
	if Reserved(d.Name) {
		return false, amqp.Errorf(amqp.AccessRefused, "exchange name '%s' contains reserved prefix 'amq.*'", d.Name)
	}
	if allow != nil {
		if err := allow(); err != nil {
			return false, err
		}
	}
	return d.Durable, v.createExchange(d, owner)
}

// createExchange makes an exchange that is not there yet. changing is held.
func (v *VirtualHost) createExchange(d exchange.Declaration, owner Owner) error {
	x, err := exchange.New(v.name, d)
	if err != nil {
		return err
	}
	var id uint64 // of what it keeps
	if x.Delays() || x.Cache() != nil && x.Cache().Disk {
		id = v.broker.Store.NextQueueID()
	}
	if d.Durable {
		doc, err := v.exchangeDoc(d, id)
		if err != nil {
			return err
		}
		v.keep(doc)
	}
	v.mu.Lock()
	v.addExchange(x, id)
	v.changed()
	v.mu.Unlock()
	v.trail.Tell(v.exchangeCreated(d, audit.By(owner)))
	return nil
}

// addExchange enters an exchange under its name; the store knows what it holds back,
// or has seen, by id. The lock is held, or nobody else knows of v yet.
func (v *VirtualHost) addExchange(x *exchange.Exchange, id uint64) {
	name := x.Declaration().Name
	v.exchanges[name] = x
	v.flows[name] = &flow{exchange: name}
	x.Follow(v.policies.For(policy.Exchanges, name).Definition)
	if x.Delays() {
		v.delays[name] = v.newDelay(name, x.Declaration().Durable, id)
	}
	if c := x.Cache(); c != nil {
		v.caches[name] = newCache(*c, id, x.Declaration().Durable)
	}
	if most := x.History(); most > 0 {
		v.histories[name] = &history{most: most}
	}
}

// CheckExchange returns an error if there is no such exchange.
//
// spec: exchange.declare, passive; rabbitmq: nothing but the name is looked at.
func (v *VirtualHost) CheckExchange(name string) error {
	if name == "" {
		return errDefaultExchange()
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.exchanges[name] == nil {
		return v.noExchange(name)
	}
	return nil
}

// IsTopic reports whether there is a topic exchange of that name.
func (v *VirtualHost) IsTopic(name string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	x := v.exchanges[name]
	return x != nil && x.Declaration().Kind == exchange.Topic
}

// DeleteExchange removes an exchange and all bindings from and to it.
//
// spec: exchange.delete; rabbitmq: one that is not there is deleted with success.
func (v *VirtualHost) DeleteExchange(name string, owner Owner, ifUnused bool) (stored bool, err error) {
	if name == "" {
		return false, errDefaultExchange()
	}
	if Reserved(name) {
		return false, amqp.Errorf(amqp.AccessRefused, "deletion of system exchange '%s' in vhost '%s' not allowed", name, v.name)
	}
	v.changing.Lock()
	defer v.changing.Unlock()
	x := v.exchanges[name]
	if x == nil {
		return false, nil
	}
	if ifUnused && x.Len() > 0 {
		return false, amqp.Errorf(amqp.PreconditionFailed, "exchange '%s' in vhost '%s' in use", name, v.name)
	}
	c := change{by: audit.By(owner)}
	v.mu.Lock()
	v.removeExchange(x, &c)
	v.changed()
	v.mu.Unlock()
	return v.apply(&c), nil
}

// A change collects the definitions that a removal takes with it, and what there is
// to tell of it.
type change struct {
	by      string // the user
	docs    []store.Doc
	dropped []uint64 // of what is held back
	caches  []*cache // of exchanges that are gone
	told    []audit.Happening
}

// apply hands a change to the store, and reports whether there was anything to
// hand over.
func (v *VirtualHost) apply(c *change) (stored bool) {
	for _, h := range c.told {
		v.trail.Tell(h)
	}
	if len(c.docs)+len(c.dropped) == 0 {
		return false
	}
	v.broker.Store.Append(store.Batch{Docs: c.docs, Dropped: c.dropped})
	for _, gone := range c.caches { // of durable exchanges, which are gone from the store first
		if keys := gone.keys(); len(keys) > 0 {
			go forget(v.broker.Store, keys)
		}
	}
	return true
}

func (v *VirtualHost) keep(d store.Doc) {
	v.broker.Store.Append(store.Batch{Docs: []store.Doc{d}})
}

// removeExchange takes x out, with its bindings. The lock is held.
//
// Its own bindings go first, so that it is nobody's source when the exchanges
// that are unused without it are removed in turn: cycles end. It goes last, for
// whether a binding was durable depends on it.
func (v *VirtualHost) removeExchange(x *exchange.Exchange, c *change) {
	d := x.Declaration()
	for b := range x.Bindings() {
		v.forgetBinding(x, b, c)
	}
	v.removeDestination(exchange.Destination{Kind: exchange.ToExchange, Name: d.Name}, c)
	c.told = append(c.told, audit.ExchangeDeleted{By: c.by, VHost: v.name, Name: d.Name})
	for b := range x.Bindings() {
		v.unbound(b, c)
	}
	delete(v.exchanges, d.Name)
	v.past.flow = v.past.flow.plus(v.flows[d.Name].end())
	delete(v.flows, d.Name)
	delete(v.histories, d.Name)
	if gone := v.caches[d.Name]; gone != nil {
		c.caches = append(c.caches, gone)
		delete(v.caches, d.Name)
	}
	if held := v.delays[d.Name]; held != nil {
		held.Stop()
		c.dropped = append(c.dropped, held.ID())
		delete(v.delays, d.Name)
	}
	if d.Durable {
		c.docs = append(c.docs, v.goneDoc(store.Exchanges, d.Name))
	}
}

// removeDestination removes all bindings to a destination that is going away,
// and the auto-delete exchanges that are unused without them. The lock is held.
func (v *VirtualHost) removeDestination(d exchange.Destination, c *change) {
	for name := range v.sources[d] {
		x := v.exchanges[name]
		bindings := x.Remove(d)
		for _, b := range bindings {
			v.forgetBinding(x, b, c)
		}
		v.removeUnused(x, c)
		for _, b := range bindings {
			v.unbound(b, c)
		}
	}
}

// unbound notes that a binding is gone, to be told.
//
// rabbitmq: after what its end has led to
func (v *VirtualHost) unbound(b exchange.Binding, c *change) {
	if v.trail.IsBound() {
		c.told = append(c.told, audit.BindingDeleted{By: c.by, Binding: v.binding(b)})
	}
}

// removeUnused removes an auto-delete exchange that has just lost its last
// binding. The lock is held.
func (v *VirtualHost) removeUnused(x *exchange.Exchange, c *change) {
	if x.Declaration().AutoDelete && x.Len() == 0 {
		v.removeExchange(x, c)
	}
}

// noteBinding notes that b is a new binding. The lock is held.
func (v *VirtualHost) noteBinding(b exchange.Binding) {
	from := v.sources[b.Destination]
	if from == nil {
		from = make(map[string]int)
		v.sources[b.Destination] = from
	}
	from[b.Source]++
}

// forgetBinding notes that b is no longer a binding of x. The lock is held.
func (v *VirtualHost) forgetBinding(x *exchange.Exchange, b exchange.Binding, c *change) {
	from := v.sources[b.Destination]
	if from[b.Source]--; from[b.Source] == 0 {
		delete(from, b.Source)
	}
	if len(from) == 0 {
		delete(v.sources, b.Destination)
	}
	if v.durable(x, b.Destination) {
		c.docs = append(c.docs, v.goneBinding(b))
	}
}

// Bind adds a binding.
//
// spec: queue.bind, exchange.bind; rabbitmq: of two missing ends the source is
// named; binding twice is binding once.
func (v *VirtualHost) Bind(b exchange.Binding, owner Owner) (stored bool, err error) {
	v.changing.Lock()
	defer v.changing.Unlock()
	if v.deleted {
		return false, v.gone()
	}
	x, err := v.ends(b, owner)
	if err != nil {
		return false, err
	}
	if v.broker.TwoHashes && x.Declaration().Kind == exchange.Topic {
		if err := exchange.CheckHashes(b.Key); err != nil {
			return false, err
		}
	}
	return v.bind(x, b, owner)
}

// bind adds a binding whose ends there are. changing is held.
func (v *VirtualHost) bind(x *exchange.Exchange, b exchange.Binding, owner Owner) (stored bool, err error) {
	var doc store.Doc
	durable := v.durable(x, b.Destination)
	if durable {
		if doc, err = v.bindingDoc(b); err != nil {
			return false, err
		}
	}
	v.mu.Lock()
	added, err := x.Bind(b)
	if added {
		v.noteBinding(b)
		v.changed()
	}
	v.mu.Unlock()
	if err != nil {
		return false, err
	}
	if added && durable {
		v.keep(doc)
	}
	if added {
		v.trail.Tell(audit.BindingCreated{By: audit.By(owner), Binding: v.binding(b)})
	}
	if h := v.histories[b.Source]; added && h != nil { // only whoever holds changing writes the map
		v.replay(h, b)
	}
	return durable, nil
}

// ends finds both ends of a binding, and returns the source.
func (v *VirtualHost) ends(b exchange.Binding, owner Owner) (*exchange.Exchange, error) {
	if b.Source == "" || b.Destination == (exchange.Destination{Kind: exchange.ToExchange}) {
		return nil, errDefaultExchange()
	}
	x := v.exchanges[b.Source]
	if x == nil {
		return nil, v.noExchange(b.Source)
	}
	if b.Destination.Kind == exchange.ToQueue {
		_, err := v.owned(b.Destination.Name, owner)
		return x, err
	}
	if v.exchanges[b.Destination.Name] == nil {
		return nil, v.noExchange(b.Destination.Name)
	}
	return x, nil
}

// Unbind removes a binding.
//
// spec: queue.unbind, exchange.unbind; rabbitmq: one that is not there, also for
// want of an end, is removed with success, even if the queue is somebody else's.
func (v *VirtualHost) Unbind(b exchange.Binding, owner Owner) (stored bool, err error) {
	if b.Source == "" || b.Destination == (exchange.Destination{Kind: exchange.ToExchange}) {
		return false, errDefaultExchange()
	}
	v.changing.Lock()
	defer v.changing.Unlock()
	x := v.exchanges[b.Source]
	if x == nil || !x.Has(b) {
		return false, nil
	}
	if _, err := v.ends(b, owner); err != nil {
		return false, err
	}
	c := change{by: audit.By(owner)}
	v.mu.Lock()
	x.Unbind(b)
	v.forgetBinding(x, b, &c)
	v.removeUnused(x, &c)
	v.unbound(b, &c)
	v.changed()
	v.mu.Unlock()
	return v.apply(&c), nil
}

// durable reports whether a binding survives a restart: if both its ends do.
func (v *VirtualHost) durable(x *exchange.Exchange, d exchange.Destination) bool {
	if !x.Declaration().Durable {
		return false
	}
	if d.Kind == exchange.ToQueue {
		h := v.queues[d.Name]
		return h != nil && h.Declaration().Durable
	}
	y := v.exchanges[d.Name]
	return y != nil && y.Declaration().Durable
}
