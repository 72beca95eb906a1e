package vhost

import (
	"cmp"

	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// Metadata is what administrators say of a virtual host. It is written as
// RabbitMQ's management API writes it.
type Metadata struct {
	Description string   `json:"description"`
	Tags        []string `json:"tags"`

	// DefaultQueueType is the type of queues whose declaration names none, or "" if
	// nothing was said: see VirtualHost.DefaultQueueType.
	DefaultQueueType string `json:"default_queue_type,omitempty"`

	// Protected keeps the virtual host from being deleted.
	Protected bool `json:"protected_from_deletion,omitempty"`
}

// Metadata returns what is said of the virtual host.
func (v *VirtualHost) Metadata() Metadata {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.metadata
}

// DefaultQueueType returns the type of queues whose declaration names none: what the
// metadata says, else the broker, else classic.
func (v *VirtualHost) DefaultQueueType() queue.Type {
	return queue.Type(cmp.Or(v.Metadata().DefaultQueueType, string(v.broker.DefaultQueueType), string(queue.Classic)))
}

// describe puts metadata in force.
func (v *VirtualHost) describe(m Metadata) {
	m.Tags = append([]string{}, m.Tags...) // not nil, which JSON has another word for
	v.mu.Lock()
	defer v.mu.Unlock()
	v.metadata = m
}

// Limits returns the bounds of the virtual host.
func (v *VirtualHost) Limits() limits.Set {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.limits
}

// SetLimit bounds the virtual host for a user: limits.MaxConnections or limits.MaxQueues.
// What is beyond the bound already stays. It is on disk when SetLimit returns.
func (v *VirtualHost) SetLimit(by, name string, n int64) error {
	return v.setLimits(by, func(s limits.Set) limits.Set { return s.With(name, n) })
}

// SetLimits bounds the virtual host for a user by these limits and no others.
func (v *VirtualHost) SetLimits(by string, s limits.Set) error {
	return v.setLimits(by, func(limits.Set) limits.Set { return s })
}

// ClearLimit lifts a bound for a user; it may not be there.
func (v *VirtualHost) ClearLimit(by, name string) error {
	return v.setLimits(by, func(s limits.Set) limits.Set { return s.Without(name) })
}

func (v *VirtualHost) setLimits(by string, how func(limits.Set) limits.Set) error {
	if err := v.changeLimits(by, how); err != nil {
		return err
	}
	return v.Sync()
}

func (v *VirtualHost) changeLimits(by string, how func(limits.Set) limits.Set) error {
	v.changing.Lock()
	defer v.changing.Unlock()
	if v.deleted {
		return noVirtualHost(v.name)
	}
	s := how(v.limits) // only whoever holds changing writes it
	doc, err := v.limitsDoc(s)
	if err != nil {
		return err
	}
	v.keep(doc)
	v.mu.Lock()
	v.limits = s
	v.mu.Unlock()
	set := audit.VHostLimitsSet{By: by, Limits: s}
	v.trail.Tell(audit.ParameterSet{By: by, VHost: v.name, Component: limitsComponent, Name: limitsName, Value: set.Value()})
	v.trail.Tell(set)
	return nil
}

// The parameter that limits are kept as.
//
// rabbitmq: so they are exported
const (
	limitsComponent = "vhost-limits"
	limitsName      = "limits"
)

type limitsDoc struct {
	VHost     string     `json:"vhost"`
	Component string     `json:"component"`
	Name      string     `json:"name"`
	Value     limits.Set `json:"value"`
}

func (v *VirtualHost) limitsDoc(s limits.Set) (store.Doc, error) {
	if len(s) == 0 {
		return v.goneLimits(), nil
	}
	return document(store.Parameters, limitsKey(v.name), limitsDoc{VHost: v.name, Component: limitsComponent, Name: limitsName, Value: s})
}

func (v *VirtualHost) goneLimits() store.Doc {
	return store.Doc{Kind: store.Parameters, Key: limitsKey(v.name)}
}

func limitsKey(vhost string) string { return store.Key(vhost, limitsComponent, limitsName) }
