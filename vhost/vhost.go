// Package vhost is where names meet: a virtual host knows its exchanges, queues
// and bindings, and takes a message from an exchange's name to the queues it
// belongs in. It does no I/O of its own; what must last it hands to the store,
// and whoever answers a client waits for the store before answering.
package vhost

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/internal/event"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// Default is the virtual host that a broker has from the start.
const Default = "/"

// An Owner is who changes something, such as the connection that an exclusive queue
// belongs to. Owners are compared, and if one is an audit.Actor the change is told
// as that user's.
type Owner any

// A VirtualHost is one name space of exchanges and queues.
type VirtualHost struct {
	name   string
	broker Broker
	trail  *audit.Trail // of all virtual hosts

	// changing is held by whoever changes the topology, so that changes reach
	// the store in the order in which they were made.
	changing sync.Mutex

	mu        sync.RWMutex // guards the maps and every exchange in them
	exchanges map[string]*exchange.Exchange
	queues    map[string]*hosted
	exclusive map[Owner]map[*hosted]bool
	histories map[string]*history                     // of exchanges that have one
	delays    map[string]*queue.Delay                 // of exchanges that hold messages back
	caches    map[string]*cache                       // of exchanges that deduplicate
	flows     map[string]*flow                        // of all exchanges
	sources   map[exchange.Destination]map[string]int // how many bindings which exchange has to a destination
	replies   map[string]*hosted                      // direct reply-to queues, by address
	guests    map[Owner]func()                        // how to end each connection
	metadata  Metadata
	limits    limits.Set
	policies  policy.Set
	deleted   bool // nothing can be made here any more
	past      past // what has happened in queues and exchanges that are no longer there, but for late

	declared atomic.Uint64 // how often a queue was declared
	late     flow          // what was published to exchanges that have gone meanwhile
	tracing  atomic.Bool   // what is published and delivered is copied

	// version counts changes of the topology: a route found under one version
	// holds as long as the version does.
	version atomic.Uint64
}

// Broker is what all virtual hosts of a broker share.
type Broker struct {
	Store  store.Store
	Clock  clock.Clock
	Memory *queue.Memory // nil for no bound
	Watch  event.Watcher // is told what happens to messages; nil for nobody
	Log    zerolog.Logger

	// Events is the name of the virtual host that has the exchange audit.Exchange, ""
	// for none. Node is the name of the broker among others, which events tell.
	Events, Node string

	// Burials counts the messages that die in queues; nil for nobody who asks.
	Burials *queue.Burials

	// Forget is told of a virtual host that somebody is deleting, by whoever keeps
	// more under its name. It may be nil, and must not call the registry.
	Forget func(by, vhost string)

	// DefaultQueueType is the type of queues whose declaration names none, in virtual
	// hosts that have no default of their own; "" for classic.
	DefaultQueueType queue.Type

	// What follows is in the manner of one or the other RabbitMQ.

	RefuseTransient string // why queues are refused that are neither durable nor exclusive; "" if they are not
	RefuseQueueMode bool   // refuse what queue.Declaration.CheckMode does
	TwoHashes       bool   // refuse what exchange.CheckHashes does
	DropCC          bool   // a dead letter has no CC header when the queue has a key for it
	DeathHeaders    queue.DeathHeaders
	Quorum          queue.QuorumManner
}

// A hosted queue is a queue under its name.
type hosted struct {
	queue.Hosted
	owner    Owner // nil unless exclusive
	passages passages
}

func newVirtualHost(name string, b Broker, trail *audit.Trail) *VirtualHost {
	v := &VirtualHost{
		name:      name,
		broker:    b,
		trail:     trail,
		exchanges: make(map[string]*exchange.Exchange),
		histories: make(map[string]*history),
		delays:    make(map[string]*queue.Delay),
		caches:    make(map[string]*cache),
		flows:     map[string]*flow{"": {}}, // the default exchange's
		queues:    make(map[string]*hosted),
		exclusive: make(map[Owner]map[*hosted]bool),
		sources:   make(map[exchange.Destination]map[string]int),
		replies:   make(map[string]*hosted),
		guests:    make(map[Owner]func()),
	}
	for _, d := range v.predeclared() {
		x, err := exchange.New(name, d)
		if err != nil {
			panic(err) // the list below is wrong
		}
		v.addExchange(x, 0)
	}
	return v
}

// predeclared are the exchanges that the virtual host has from the start: those of
// every one, and the one for events.
func (v *VirtualHost) predeclared() []exchange.Declaration {
	if v.hasEvents() {
		return append(slices.Clone(predeclared), events)
	}
	return predeclared
}

// predeclared are the exchanges that every virtual host has. They cannot be
// deleted, and are not stored.
var predeclared = []exchange.Declaration{
	{Name: "amq.direct", Kind: "direct", Durable: true},
	{Name: "amq.fanout", Kind: "fanout", Durable: true},
	{Name: "amq.topic", Kind: "topic", Durable: true},
	{Name: "amq.headers", Kind: "headers", Durable: true},
	{Name: "amq.match", Kind: "headers", Durable: true},
	{Name: "amq.rabbitmq.trace", Kind: "topic", Durable: true, Internal: true},
}

// Deleted reports whether the virtual host has been deleted, or is about to be.
func (v *VirtualHost) Deleted() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.deleted
}

// Trace has all that is published and delivered copied to amq.rabbitmq.trace, or no
// more. A restart ends it.
func (v *VirtualHost) Trace(on bool) { v.tracing.Store(on) }

// Tracing reports whether messages are copied.
func (v *VirtualHost) Tracing() bool { return v.tracing.Load() }

// Name returns the name.
func (v *VirtualHost) Name() string { return v.name }

// Sync returns when every change made so far is on disk, or cannot be. The caller
// holds no lock.
func (v *VirtualHost) Sync() error { return v.broker.Store.Sync() }

// changed says that routes found so far no longer hold. The lock is held.
func (v *VirtualHost) changed() {
	v.version.Add(1)
	v.noteListeners()
}

// Reserved reports whether clients may create nothing of that name.
func Reserved(name string) bool { return strings.HasPrefix(name, "amq.") }

func (v *VirtualHost) noExchange(name string) error {
	return amqp.Errorf(amqp.NotFound, "no exchange '%s' in vhost '%s'", name, v.name)
}

func (v *VirtualHost) noQueue(name string) error {
	return amqp.Errorf(amqp.NotFound, "no queue '%s' in vhost '%s'", name, v.name)
}

func errDefaultExchange() error {
	return amqp.Errorf(amqp.AccessRefused, "operation not permitted on the default exchange")
}
