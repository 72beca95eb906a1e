package vhost

import (
	"maps"
	"slices"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/store"
)

// delete ends the virtual host for a user, and has the store forget it.
//
// rabbitmq: consumers are cancelled first, then connections are closed.
func (v *VirtualHost) delete(by string) {
	v.changing.Lock()
	defer v.changing.Unlock()
	v.mu.Lock()
	v.deleted = true
	v.mu.Unlock()
	v.clear(by)
	v.tellDeleted(by)
	v.broker.Store.Append(store.Batch{Docs: append(v.gonePolicies(),
		store.Doc{Kind: store.VirtualHosts, Key: store.Key(v.name)},
		v.goneLimits(),
	)})
	v.mu.Lock()
	guests := v.guests
	v.guests = make(map[Owner]func())
	v.mu.Unlock()
	for _, evict := range guests {
		evict()
	}
}

// Clear removes all queues, bindings and exchanges, except for the exchanges
// that every virtual host has. Connections stay; their consumers are cancelled.
func (v *VirtualHost) Clear() {
	v.changing.Lock()
	defer v.changing.Unlock()
	v.clear(audit.Internal)
}

// clear is Clear for a user, with changing held.
func (v *VirtualHost) clear(by string) {
	for _, h := range slices.Collect(maps.Values(v.queues)) {
		if _, err := h.Delete(false, false); err == nil { // without conditions it cannot fail
			v.removeQueue(h, by)
		}
	}
	c := change{by: by}
	v.mu.Lock()
	for _, x := range slices.Collect(maps.Values(v.exchanges)) {
		if v.exchanges[x.Declaration().Name] != x {
			continue // it went with another
		}
		if !v.isPredeclared(x.Declaration().Name) {
			v.removeExchange(x, &c)
		}
	}
	for _, x := range v.exchanges { // what these have left are bindings to each other
		for _, b := range slices.Collect(x.Bindings()) {
			x.Unbind(b)
			v.forgetBinding(x, b, &c)
			v.unbound(b, &c)
		}
	}
	replies := v.replies
	v.replies = make(map[string]*hosted)
	v.changed()
	v.mu.Unlock()
	v.apply(&c)
	for _, h := range replies {
		h.Delete(false, false) // without conditions it cannot fail
	}
}

// gone is the error of whoever still asks for something in a virtual host that
// has been deleted.
func (v *VirtualHost) gone() error { return Deleted(v.name) }

// Deleted is the error that ends the connections of a virtual host which is
// deleted.
//
// rabbitmq: text of the vhost_deleted event's handler
func Deleted(name string) *amqp.Error {
	return amqp.Errorf(amqp.ConnectionForced, "vhost '%s' is deleted", name)
}

func (v *VirtualHost) isPredeclared(name string) bool {
	return slices.ContainsFunc(v.predeclared(), func(d exchange.Declaration) bool { return d.Name == name })
}

func noVirtualHost(name string) error {
	return amqp.Errorf(amqp.NotAllowed, "vhost %s not found", name)
}
