package vhost

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// A Registry is the virtual hosts of a broker.
type Registry struct {
	broker Broker

	mu     sync.RWMutex // guards vhosts
	vhosts map[string]*VirtualHost
}

// Open makes the virtual hosts that the store knows, with their exchanges,
// queues, bindings and messages, and the one called first if there is none. A
// definition that cannot be understood is logged and left alone.
func Open(b Broker, first string) (*Registry, error) {
	r := &Registry{broker: b, vhosts: make(map[string]*VirtualHost)}
	delivered := make(map[string][]byte)
	steps := []struct {
		kind store.Kind
		what string
		load func(store.Doc) error
	}{
		{store.VirtualHosts, "virtual host", r.loadVirtualHost},
		{store.Exchanges, "exchange", r.loadExchange},
		{store.Deliveries, "delivery mark", func(d store.Doc) error { delivered[d.Key] = d.Value; return nil }},
		{store.Queues, "queue", func(d store.Doc) error { return r.loadQueue(d, delivered) }},
		{store.Bindings, "binding", r.loadBinding},
	}
	for _, step := range steps {
		for d, err := range b.Store.Docs(step.kind) {
			if err != nil {
				return nil, fmt.Errorf("read definitions: %w", err)
			}
			if err := step.load(d); err != nil {
				b.Log.Warn().Err(err).Str("key", strconv.Quote(d.Key)).Msg("stored " + step.what + " not understood")
			}
		}
	}
	r.retain()
	if len(r.vhosts) == 0 {
		if _, err := r.Create(first); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// retain tells the store which queues there are; what it has of others is rubbish.
func (r *Registry) retain() {
	var ids []uint64
	for _, v := range r.vhosts {
		for _, h := range v.queues {
			ids = append(ids, h.ID())
		}
	}
	r.broker.Store.Retain(ids)
}

// Get returns the virtual host of that name.
//
// spec: connection.open; rabbitmq: a missing one is NOT_ALLOWED.
func (r *Registry) Get(name string) (*VirtualHost, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if v := r.vhosts[name]; v != nil {
		return v, nil
	}
	return nil, amqp.Errorf(amqp.NotAllowed, "vhost %s not found", name)
}

// Create makes a virtual host, or returns the one there is. It is on disk when
// Create returns.
func (r *Registry) Create(name string) (*VirtualHost, error) {
	r.mu.Lock()
	v := r.vhosts[name]
	if v == nil {
		v = newVirtualHost(name, r.broker)
		r.vhosts[name] = v
		v.keep(document(store.VirtualHosts, docKey(name), vhostDoc{Name: name}))
	}
	r.mu.Unlock()
	stored := make(chan error, 1)
	v.Sync(func(err error) { stored <- err })
	if err := <-stored; err != nil {
		return nil, fmt.Errorf("create virtual host %q: %w", name, err)
	}
	return v, nil
}

// Stop ends all queues without deleting any: the broker is closing.
func (r *Registry) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.vhosts {
		v.mu.Lock()
		for _, h := range v.queues {
			h.Stop()
		}
		v.mu.Unlock()
	}
}

type vhostDoc struct {
	Name string `json:"name"`
}

func (r *Registry) loadVirtualHost(d store.Doc) error {
	var doc vhostDoc
	if err := json.Unmarshal(d.Value, &doc); err != nil {
		return err
	}
	r.vhosts[doc.Name] = newVirtualHost(doc.Name, r.broker)
	return nil
}

// decode reads a definition, and finds the virtual host it belongs to.
func (r *Registry) decode(d store.Doc, doc any, name *string, arguments *[]byte) (*VirtualHost, amqp.Table, error) {
	if err := json.Unmarshal(d.Value, doc); err != nil {
		return nil, nil, err
	}
	v, err := r.Get(*name)
	if err != nil || len(*arguments) == 0 {
		return v, nil, err
	}
	t, err := amqp.ParseTable(*arguments)
	return v, t, err
}

func (r *Registry) loadExchange(d store.Doc) error {
	var doc exchangeDoc
	v, arguments, err := r.decode(d, &doc, &doc.VHost, &doc.Arguments)
	if err != nil {
		return err
	}
	x, err := exchange.New(v.name, exchange.Declaration{
		Name: doc.Name, Kind: doc.Type, Durable: true, AutoDelete: doc.AutoDelete, Internal: doc.Internal, Arguments: arguments,
	})
	if err != nil {
		return err
	}
	v.exchanges[doc.Name] = x
	return nil
}

func (r *Registry) loadQueue(d store.Doc, delivered map[string][]byte) error {
	var doc queueDoc
	v, arguments, err := r.decode(d, &doc, &doc.VHost, &doc.Arguments)
	if err != nil {
		return err
	}
	h, err := v.newQueue(queue.Declaration{
		VHost: v.name, Name: doc.Name, Durable: true, AutoDelete: doc.AutoDelete, Arguments: arguments,
	}, doc.ID, nil)
	if err != nil {
		return err
	}
	v.queues[doc.Name] = h
	return h.Recover(delivered[strconv.FormatUint(doc.ID, 10)])
}

func (r *Registry) loadBinding(d store.Doc) error {
	var doc bindingDoc
	v, arguments, err := r.decode(d, &doc, &doc.VHost, &doc.Arguments)
	if err != nil {
		return err
	}
	b := exchange.Binding{Source: doc.Source, Key: doc.Key, Arguments: arguments}
	b.Destination = exchange.Destination{Kind: exchange.ToQueue, Name: doc.Destination}
	if doc.DestinationKind == "exchange" {
		b.Destination.Kind = exchange.ToExchange
	}
	return v.restoreBinding(b)
}

// restoreBinding adds a binding that is stored already.
func (v *VirtualHost) restoreBinding(b exchange.Binding) error {
	x, err := v.ends(b, nil)
	if err != nil {
		return err
	}
	if _, err := x.Bind(b); err != nil {
		return err
	}
	if v.sources[b.Destination] == nil {
		v.sources[b.Destination] = make(map[string]bool)
	}
	v.sources[b.Destination][b.Source] = true
	return nil
}
