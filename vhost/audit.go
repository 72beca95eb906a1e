package vhost

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/queue"
)

// events is the exchange that tells what happens, in the one virtual host that has
// it.
//
// rabbitmq: as the plug-in rabbitmq_event_exchange declares it
var events = exchange.Declaration{Name: audit.Exchange, Kind: exchange.Topic, Durable: true, Internal: true}

// Tell tells whoever is bound to the exchange for events what has happened.
func (r *Registry) Tell(h audit.Happening) { r.trail.Tell(h) }

// Telling reports whether something has happened that is not told yet.
func (r *Registry) Telling() bool { return r.trail.Busy() }

// newTrail returns what makes messages of what happens.
func (r *Registry) newTrail() *audit.Trail {
	return audit.NewTrail(audit.Options{Node: r.broker.Node, Clock: r.broker.Clock, Log: r.broker.Log, HandOver: r.publishEvent})
}

// publishEvent takes the message of an event to the queues it belongs in. It waits
// while too much is on its way to the disk.
func (r *Registry) publishEvent(m amqp.Message) {
	<-r.broker.Store.Room()
	v, err := r.Get(r.broker.Events)
	if err != nil {
		return // it has been deleted, with all that was bound
	}
	to := router{v: v}
	v.mu.RLock()
	err = to.route(m.Exchange, []string{m.RoutingKey}, &m)
	v.mu.RUnlock()
	if err == nil { // or the exchange has gone likewise
		v.handOver(&m, to.queues, to.takeDocs())
	}
}

// hasEvents reports whether the exchange for events is here.
func (v *VirtualHost) hasEvents() bool { return v.name == v.broker.Events && v.name != "" }

// noteListeners notes whether anybody is bound to the exchange for events, if it is
// here. The lock is held.
func (v *VirtualHost) noteListeners() {
	if v.hasEvents() {
		v.trail.Bound(v.exchanges[audit.Exchange].Len() > 0)
	}
}

func (v *VirtualHost) queueCreated(d queue.Declaration, owner Owner) audit.Happening {
	h := audit.QueueCreated{
		By: audit.By(owner), VHost: v.name, Name: d.Name,
		Durable: d.Durable, AutoDelete: d.AutoDelete, Exclusive: d.Exclusive, Arguments: d.Arguments,
	}
	if d.Exclusive {
		h.Owner = audit.ProcessOf(owner)
	}
	return h
}

func (v *VirtualHost) exchangeCreated(d exchange.Declaration, by string) audit.Happening {
	return audit.ExchangeCreated{
		By: by, VHost: v.name, Name: d.Name, Type: d.Kind,
		Durable: d.Durable, AutoDelete: d.AutoDelete, Internal: d.Internal, Arguments: d.Arguments,
	}
}

func (v *VirtualHost) binding(b exchange.Binding) audit.Binding {
	return audit.Binding{
		VHost: v.name, Source: b.Source, Destination: b.Destination.Name, Kind: destinationKind(b.Destination.Kind),
		RoutingKey: b.Key, Arguments: b.Arguments,
	}
}

// described is what is said of the virtual host.
func (v *VirtualHost) described(by string) audit.VHost {
	m := v.Metadata()
	return audit.VHost{
		By: by, Name: v.name, Description: m.Description, Tags: m.Tags, DefaultQueueType: m.DefaultQueueType, Tracing: v.Tracing(),
	}
}

// tellCreated tells of a new virtual host and its exchanges.
//
// rabbitmq: of the exchanges first
func (v *VirtualHost) tellCreated(by string) {
	v.trail.Tell(v.exchangeCreated(defaultDeclaration, by))
	for _, d := range v.predeclared() {
		v.trail.Tell(v.exchangeCreated(d, by))
	}
	v.trail.Tell(audit.VHostCreated{VHost: v.described(by)})
}

// tellDeleted tells of a virtual host that is gone, and what has gone with it after
// queues, bindings and other exchanges.
func (v *VirtualHost) tellDeleted(by string) {
	v.trail.Tell(audit.ExchangeDeleted{By: by, VHost: v.name})
	for _, d := range v.predeclared() {
		v.trail.Tell(audit.ExchangeDeleted{By: by, VHost: v.name, Name: d.Name})
	}
	v.trail.Tell(audit.VHostDeleted{By: by, Name: v.name})
	if len(v.limits) > 0 {
		v.trail.Tell(audit.ParameterCleared{By: by, VHost: v.name, Component: limitsComponent, Name: limitsName})
		v.trail.Tell(audit.VHostLimitsCleared{By: by})
	}
	for _, p := range v.allPolicies() {
		v.tellCleared(by, p.list, p.Name)
	}
}
