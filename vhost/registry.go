package vhost

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// A Registry is the virtual hosts of a broker.
type Registry struct {
	broker Broker
	trail  *audit.Trail

	// changing is held by whoever creates or deletes, so that changes reach
	// the store in the order in which they were made.
	changing sync.Mutex

	mu      sync.RWMutex // guards what follows
	vhosts  map[string]*VirtualHost
	ending  *VirtualHost   // being deleted, and still counted; or nil
	gone    past           // of those that are deleted
	globals map[string]any // by name
}

// Open makes the virtual hosts that the store knows, with their exchanges,
// queues, bindings and messages, and the one called first if there is none. A
// definition that cannot be understood is logged and left alone.
func Open(b Broker, first string) (*Registry, error) {
	if b.Burials == nil {
		b.Burials = new(queue.Burials)
	}
	r := &Registry{broker: b, vhosts: make(map[string]*VirtualHost), globals: make(map[string]any)}
	r.trail = r.newTrail()
	if err := r.load(); err != nil {
		return nil, err
	}
	if len(r.vhosts) == 0 {
		if _, err := r.Put(audit.Internal, first, Metadata{Description: "Default virtual host"}); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// load makes everything that the store knows.
func (r *Registry) load() error {
	var queues []uint64                 // ids
	kept := make(map[string]queue.Kept) // by queue id
	var memories recollection
	steps := []struct {
		kind store.Kind
		what string
		load func(store.Doc) error
	}{
		{store.VirtualHosts, "virtual host", r.loadVirtualHost},
		{store.Parameters, "parameter", r.loadParameter},
		{store.Policies, "policy", r.loadPolicy},
		{store.Exchanges, "exchange", func(d store.Doc) error { return r.loadExchange(d, &queues) }},
		{store.Seen, "deduplication", func(d store.Doc) error { return r.loadSeen(d, &memories) }},
		{store.Deliveries, "delivery mark", func(d store.Doc) error { return keepFor(kept, d) }},
		{store.Notes, "note", func(d store.Doc) error { return keepFor(kept, d) }},
		{store.Queues, "queue", func(d store.Doc) error { return r.loadQueue(d, &queues) }},
		{store.Bindings, "binding", r.loadBinding},
	}
	for _, step := range steps {
		for d, err := range r.broker.Store.Docs(step.kind) {
			if err != nil {
				return fmt.Errorf("read definitions: %w", err)
			}
			if err := step.load(d); err != nil {
				r.broker.Log.Warn().Err(err).Str("key", strconv.Quote(d.Key)).Msg("stored " + step.what + " not understood")
			}
		}
	}
	r.broker.Store.Retain(queues) // what there is of others is rubbish
	r.recollect(memories)
	return r.recover(kept)
}

// keepFor notes a definition that belongs to a queue's messages.
func keepFor(kept map[string]queue.Kept, d store.Doc) error {
	id, _, _ := strings.Cut(d.Key, ".")
	k := kept[id]
	if d.Kind == store.Deliveries {
		k.Delivered = d.Value
	} else {
		k.Notes = append(k.Notes, d)
	}
	kept[id] = k
	return nil
}

// recover lets the queues take over their messages.
func (r *Registry) recover(kept map[string]queue.Kept) error {
	for _, v := range r.vhosts {
		v.noteListeners()
		for name, h := range v.queues {
			if err := h.Recover(kept[strconv.FormatUint(h.ID(), 10)]); err != nil {
				r.broker.Log.Warn().Err(err).Str("vhost", v.name).Str("queue", name).Msg("what was kept of deliveries not understood")
			}
		}
		for name, d := range v.delays {
			if err := d.Recover(); err != nil {
				return fmt.Errorf("read delayed messages of exchange %q: %w", name, err)
			}
		}
	}
	return nil
}

// Clock returns the clock by which messages and queues live.
func (r *Registry) Clock() clock.Clock { return r.broker.Clock }

// Get returns the virtual host of that name.
//
// spec: connection.open; rabbitmq: a missing one is NOT_ALLOWED.
func (r *Registry) Get(name string) (*VirtualHost, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if v := r.vhosts[name]; v != nil {
		return v, nil
	}
	return nil, noVirtualHost(name)
}

// Has reports whether there is a virtual host of that name.
func (r *Registry) Has(name string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.vhosts[name] != nil
}

// Names returns the names of all virtual hosts, in order.
func (r *Registry) Names() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.vhosts))
}

// ErrName says that a virtual host cannot have that name.
var ErrName = fmt.Errorf("a name is UTF-8 text of at most %d octets", store.NameMost)

// Create makes a virtual host, or returns the one there is. It is on disk when
// Create returns.
func (r *Registry) Create(name string) (*VirtualHost, error) {
	v, _, err := r.put(audit.Internal, name, nil)
	return v, err
}

// Put makes a virtual host for a user, or changes what is said of the one there is.
// It is on disk when Put returns.
func (r *Registry) Put(by, name string, m Metadata) (created bool, err error) {
	_, created, err = r.put(by, name, &m)
	return created, err
}

func (r *Registry) put(by, name string, m *Metadata) (v *VirtualHost, created bool, err error) {
	if v, created, err = r.create(by, name, m); err != nil {
		return nil, false, err
	}
	if err := v.Sync(); err != nil {
		return nil, false, fmt.Errorf("create virtual host %q: %w", name, err)
	}
	return v, created, nil
}

// create makes a virtual host, or changes what is said of the one there is unless
// m is nil.
func (r *Registry) create(by, name string, m *Metadata) (v *VirtualHost, created bool, err error) {
	if len(name) > store.NameMost || !utf8.ValidString(name) {
		return nil, false, ErrName
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	v = r.vhosts[name] // only whoever holds changing writes the map
	switch {
	case v != nil && m == nil:
		return v, false, nil
	case v == nil:
		v, created = newVirtualHost(name, r.broker, r.trail), true
	}
	if m == nil {
		m = new(Metadata)
	}
	doc, err := document(store.VirtualHosts, store.Key(name), vhostDoc{Name: name, Metadata: *m})
	if err != nil {
		return nil, false, err
	}
	v.describe(*m)
	v.keep(doc)
	r.mu.Lock()
	r.vhosts[name] = v
	r.mu.Unlock()
	if created {
		v.tellCreated(by)
	} else {
		r.trail.Tell(audit.VHostUpdated{VHost: v.described(by)})
	}
	return v, created, nil
}

// ErrProtected is the answer to deleting a virtual host that is protected.
var ErrProtected = errors.New("virtual host is protected from deletion")

// Delete removes a virtual host for a user, with all that is in it. Its connections are told
// to end; they may need a moment to do so. It is gone from disk when Delete
// returns.
func (r *Registry) Delete(by, name string) error {
	v, err := r.delete(by, name)
	if err != nil {
		return err
	}
	if err := v.Sync(); err != nil {
		return fmt.Errorf("delete virtual host %q: %w", name, err)
	}
	return nil
}

func (r *Registry) delete(by, name string) (*VirtualHost, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	v, err := r.Get(name)
	switch {
	case err != nil:
		return nil, err
	case v.Metadata().Protected:
		return nil, ErrProtected
	}
	r.mu.Lock()
	delete(r.vhosts, name)
	r.ending = v
	r.mu.Unlock()
	if r.broker.Forget != nil {
		r.broker.Forget(by, name)
	}
	v.delete(by)
	r.ended(v)
	return v, nil
}

// Stop ends all queues without deleting any: the broker is closing.
func (r *Registry) Stop() {
	r.trail.Drain()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.vhosts {
		v.mu.Lock()
		for _, h := range v.queues {
			h.Stop()
		}
		for _, d := range v.delays {
			d.Stop()
		}
		v.mu.Unlock()
	}
}

type vhostDoc struct {
	Name     string   `json:"name"`
	Metadata Metadata `json:"metadata"`
}

func (r *Registry) loadVirtualHost(d store.Doc) error {
	var doc vhostDoc
	if err := json.Unmarshal(d.Value, &doc); err != nil {
		return err
	}
	if d.Key != store.Key(doc.Name) {
		return store.ErrForeign
	}
	v := newVirtualHost(doc.Name, r.broker, r.trail)
	v.describe(doc.Metadata)
	r.vhosts[doc.Name] = v
	return nil
}

// loadParameter takes over the limits of a virtual host, or what was said of all.
func (r *Registry) loadParameter(d store.Doc) error {
	var of struct {
		Component string `json:"component"`
	}
	if err := json.Unmarshal(d.Value, &of); err != nil {
		return err
	}
	if of.Component == "" {
		return r.loadGlobal(d)
	}
	var doc limitsDoc
	if err := json.Unmarshal(d.Value, &doc); err != nil {
		return err
	}
	if d.Key != limitsKey(doc.VHost) || doc.Component != limitsComponent || doc.Name != limitsName {
		return store.ErrForeign
	}
	v, err := r.Get(doc.VHost)
	if err != nil {
		return err
	}
	v.limits = doc.Value
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

// loadExchange makes an exchange. The id of what it holds back is noted even if that
// fails, as loadQueue does.
func (r *Registry) loadExchange(d store.Doc, ids *[]uint64) error {
	var doc exchangeDoc
	v, arguments, err := r.decode(d, &doc, &doc.VHost, &doc.Arguments)
	if doc.Delay != 0 { // it may hold messages back
		*ids = append(*ids, doc.Delay)
	}
	if err != nil {
		return err
	}
	if d.Key != store.Key(v.name, doc.Name) {
		return store.ErrForeign
	}
	x, err := exchange.New(v.name, exchange.Declaration{
		Name: doc.Name, Kind: doc.Type, Durable: true, AutoDelete: doc.AutoDelete, Internal: doc.Internal, Arguments: arguments,
	})
	if err != nil {
		return err
	}
	v.addExchange(x, doc.Delay)
	return nil
}

// loadQueue makes a queue. Its id is noted even if that fails: the messages of a
// queue that is not understood are kept.
func (r *Registry) loadQueue(d store.Doc, ids *[]uint64) error {
	var doc queueDoc
	v, arguments, err := r.decode(d, &doc, &doc.VHost, &doc.Arguments)
	*ids = append(*ids, doc.ID)
	if err != nil {
		return err
	}
	if d.Key != store.Key(v.name, doc.Name) {
		return store.ErrForeign
	}
	h, err := v.newQueue(queue.Declaration{
		VHost: v.name, Name: doc.Name, Durable: true, AutoDelete: doc.AutoDelete, Arguments: arguments,
	}, doc.ID, nil)
	if err != nil {
		return err
	}
	v.queues[doc.Name] = h
	v.follow(h)
	return nil
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
	if d.Key != bindingKey(v.name, b) {
		return store.ErrForeign
	}
	x, err := v.ends(b, nil)
	if err != nil {
		return err
	}
	added, err := x.Bind(b)
	if added {
		v.noteBinding(b)
	}
	return err
}
