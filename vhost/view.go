package vhost

import (
	"maps"
	"slices"

	"github.com/harebellmq/harebell/exchange"
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

func (v *VirtualHost) defaultExchange() (exchange.Declaration, []exchange.Binding, bool) {
	var bindings []exchange.Binding
	for _, name := range v.Queues() {
		to := exchange.Destination{Kind: exchange.ToQueue, Name: name}
		bindings = append(bindings, exchange.Binding{Destination: to, Key: name})
	}
	return exchange.Declaration{Kind: exchange.Direct, Durable: true}, bindings, true
}
