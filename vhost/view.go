package vhost

import (
	"maps"
	"slices"

	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/queue"
)

// Queues returns the names of all queues, in order. Direct reply-to addresses
// are not among them.
func (v *VirtualHost) Queues() []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return slices.Sorted(maps.Keys(v.queues))
}

// Find returns the queue of that name, whoever may use it, or nil.
func (v *VirtualHost) Find(name string) queue.Hosted {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if h := v.queues[name]; h != nil {
		return h.Hosted
	}
	return nil
}

// A QueueInfo says what there is to know of a queue, but for its numbers.
type QueueInfo struct {
	queue.Hosted
	Owner  Owner // nil unless exclusive
	Policy policy.Effective
}

// QueueInfo returns what there is to know of the queue of that name.
func (v *VirtualHost) QueueInfo(name string) (info QueueInfo, ok bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	h := v.queues[name]
	if h == nil {
		return info, false
	}
	return QueueInfo{Hosted: h.Hosted, Owner: h.owner, Policy: v.policies.For(kinds[h.Declaration().Type()], name)}, true
}

// Exchanges returns the names of all exchanges but the default one, in order.
func (v *VirtualHost) Exchanges() []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return slices.Sorted(maps.Keys(v.exchanges))
}

// Exchange returns what an exchange was declared with and the bindings that it
// is the source of, in the order in which they were made. Of the default exchange
// these are the ones that it follows without anybody having made them.
func (v *VirtualHost) Exchange(name string) (d exchange.Declaration, bindings []exchange.Binding, ok bool) {
	if name == "" {
		return v.defaultExchange()
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	x := v.exchanges[name]
	if x == nil {
		return exchange.Declaration{}, nil, false
	}
	return x.Declaration(), slices.Collect(x.Bindings()), true
}

// An ExchangeInfo says what there is to know of an exchange, but for its bindings.
type ExchangeInfo struct {
	exchange.Declaration
	Predeclared bool // by the broker
	Policy      policy.Effective
	Flow        Flow
}

// ExchangeInfo returns what there is to know of the exchange of that name, which may
// be the default one.
func (v *VirtualHost) ExchangeInfo(name string) (info ExchangeInfo, ok bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	info = ExchangeInfo{Declaration: defaultDeclaration, Predeclared: name == "" || v.isPredeclared(name)}
	if name != "" {
		x := v.exchanges[name]
		if x == nil {
			return info, false
		}
		info.Declaration, info.Policy = x.Declaration(), v.policies.For(policy.Exchanges, name)
	}
	info.Flow = v.flows[name].flow()
	return info, true
}

// Between returns the bindings of an exchange to a destination, in the order in which
// they were made, and reports whether both are there. It knows nothing of the default
// exchange.
func (v *VirtualHost) Between(source string, to exchange.Destination) (bindings []exchange.Binding, ok bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	x := v.exchanges[source]
	if x == nil || !v.has(to) {
		return nil, false
	}
	return x.To(to), true
}

// Has reports whether there is such a queue or exchange.
func (v *VirtualHost) Has(d exchange.Destination) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.has(d)
}

func (v *VirtualHost) has(d exchange.Destination) bool {
	if d.Kind == exchange.ToQueue {
		return v.queues[d.Name] != nil
	}
	return v.exchanges[d.Name] != nil
}

// To returns the bindings to a destination, by the names of their exchanges. The one
// of the default exchange, which nobody has made, is not among them.
func (v *VirtualHost) To(d exchange.Destination) (bindings []exchange.Binding) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, source := range slices.Sorted(maps.Keys(v.sources[d])) {
		bindings = append(bindings, v.exchanges[source].To(d)...)
	}
	return bindings
}

// Len returns how many queues and exchanges there are, the default one counted.
func (v *VirtualHost) Len() (queues, exchanges int) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.queues), len(v.exchanges) + 1
}

var defaultDeclaration = exchange.Declaration{Kind: exchange.Direct, Durable: true}

func (v *VirtualHost) defaultExchange() (exchange.Declaration, []exchange.Binding, bool) {
	var bindings []exchange.Binding
	for _, name := range v.Queues() {
		to := exchange.Destination{Kind: exchange.ToQueue, Name: name}
		bindings = append(bindings, exchange.Binding{Destination: to, Key: name})
	}
	return defaultDeclaration, bindings, true
}
