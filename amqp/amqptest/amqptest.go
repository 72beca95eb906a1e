// Package amqptest is a broker inside your Go test, like net/http/httptest:
//
//	b := amqptest.New(t)
//	conn, err := amqp091.Dial(b.URL())
//
// It keeps everything in memory, listens on a free loopback port and is gone
// when the test ends. It depends on no client library, and on no database.
//
// # Looking inside
//
// A test can look inside without a client (Queue, Exchange, Connections), put
// messages in and throw them out (Publish, Purge, Reset), wait for what it
// expects to see (Await, Idle), and give each subtest a virtual host of its own
// (VHost), or the same state to begin with (Snapshot, Restore). The Journal tells
// all that has happened to each message.
//
// # Time
//
// The broker's clock goes as the system's does. Advance moves it on, and returns
// when everything that became due has been done: messages whose time to live is
// over have been dropped, or have gone through however many dead-letter exchanges;
// queues that nobody has used have been deleted. A retry after an hour is tested in
// microseconds. Channels that have left a delivery unacknowledged for half an hour
// are closed, right after. With WithManualClock the clock stands still in between.
//
// Inside a testing/synctest bubble the broker lives in the time of the bubble.
// Sockets do not, so connect with Dial there.
//
// # Bad days
//
// Inject has something go wrong for the messages that it is told: a nack, a
// channel or a connection closed or cut, a delay, a delivery made twice, a
// publisher blocked. FailDisk and SetAlarm make the broker's own troubles, and
// Restart, Kill and CutConnections those of the network.
package amqptest

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/internal/compat/follow"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// A Broker is a running broker. User guest with password guest may use every
// virtual host. The methods of VirtualHost are about the default one, "/"; see
// WithDefaultVHost.
//
// All methods may be called from several goroutines at once. A mistake in a call
// that has no error to return, such as Advance by a negative duration, fails the
// test, and panics if there is none because the broker was made by Start.
type Broker struct {
	*VirtualHost

	// immutable
	tb      TB // nil outside a test
	options *options
	clock   *clock.Manual
	book    *book
	faults  *faults

	closing sync.Once
	failed  error // what Close returns; set by closing

	turning sync.Mutex  // held by whoever starts or stops a run; guards last
	last    store.Store // of the run before, closed

	mu       sync.Mutex // guards what follows
	now      *run       // nil while the broker is down
	closed   bool
	plain    *entrance // nil until somebody asks for the address
	secure   *entrance
	others   []*entrance
	identity *identity
}

// New starts a broker and closes it when the test has ended. If anything goes
// wrong, then or on the way, the test fails.
func New(tb TB, opts ...Option) *Broker {
	tb.Helper()
	b, err := start(store.NewMemory(), zerolog.Nop(), opts)
	if err != nil {
		tb.Fatalf("amqptest: start a broker: %v", err)
	}
	b.tb = tb
	tb.Cleanup(func() {
		if b.options.finalCheck {
			if err := b.Journal().Check(); err != nil {
				tb.Errorf("%v", err)
			}
		}
		if err := b.Close(); err != nil {
			tb.Errorf("amqptest: close the broker: %v", err)
		}
	})
	return b
}

// Start starts a broker outside a test, on a store of the caller's, which Close
// closes too.
func Start(st store.Store, log zerolog.Logger, opts ...Option) (*Broker, error) {
	if st == nil {
		return nil, errors.New("store is nil: want one, for example store.NewMemory()")
	}
	return start(st, log, opts)
}

func start(st store.Store, log zerolog.Logger, opts []Option) (*Broker, error) {
	o, err := gather(log, opts)
	if err != nil {
		return nil, err
	}
	b := &Broker{options: o, clock: o.clock, book: newBook(o.clock.Now, o.events), faults: newFaults(o.clock)}
	b.VirtualHost = &VirtualHost{broker: b, name: o.defaultVHost}
	if b.now, err = b.begin(st); err != nil {
		return nil, err
	}
	if err := b.now.admit(o.users); err != nil {
		b.now.registry.Stop()
		return nil, err
	}
	return b, nil
}

// node is the name of the broker among others.
const node = "harebell@amqptest"

// A run is the life of a broker from a start to the next stop.
type run struct {
	server   *server.Server
	registry *vhost.Registry
	store    store.Store
	serving  sync.WaitGroup

	mu   sync.Mutex // guards lost
	lost []error    // why listeners have ended
}

// begin starts a run on what a store holds.
func (b *Broker) begin(st store.Store) (*run, error) {
	o := b.options
	users, err := auth.Open(st, o.log)
	if err != nil {
		return nil, err
	}
	broker := vhost.Broker{
		Store: st, Clock: o.clock, Memory: o.memory(), Watch: b.book, Log: o.log, Forget: users.Forget,
		Events: o.eventVHost, Node: node,
	}
	follow.InVHosts(o.rules, &broker)
	registry, err := vhost.Open(broker, o.defaultVHost)
	if err != nil {
		return nil, err
	}
	users.Tell = registry.Tell
	s := &server.Server{
		VHosts: registry, Users: users, Store: st, Clock: o.connectionClock(), Watch: b.book, Faults: b.faults, Log: o.log,
		MaxMessageSize: o.rules.MaxMessageSize,
		Node:           node,
		Tell:           registry.Tell,
		Properties:     server.Properties(server.DefaultProduct, o.rules.Version, "development"),
	}
	follow.InServer(o.rules, s)
	for _, configure := range o.server {
		configure(s)
	}
	for _, name := range []string{o.defaultVHost, o.eventVHost} { // a store may know others only
		if _, err := registry.Create(name); err != nil {
			registry.Stop()
			return nil, err
		}
	}
	return &run{server: s, registry: registry, store: st}, nil
}

// admit makes users who may do everything. A run that follows knows them from the
// store.
func (r *run) admit(users []auth.User) error {
	for _, user := range users {
		if _, err := r.server.Users.Put(audit.Internal, user); err != nil {
			return err
		}
	}
	for _, name := range r.registry.Names() {
		if err := r.open(name, users); err != nil {
			return err
		}
	}
	return nil
}

// open lets users do everything in a virtual host.
func (r *run) open(vhost string, users []auth.User) error {
	for _, user := range users {
		if _, err := r.server.Users.SetPermissions(audit.Internal, auth.Everything(user.Name, vhost), r.registry.Has); err != nil {
			return err
		}
	}
	return nil
}

// running returns the run that is under way.
func (b *Broker) running() (*run, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.up()
}

// up is running with the lock held.
func (b *Broker) up() (*run, error) {
	switch {
	case b.closed:
		return nil, ErrClosed
	case b.now == nil:
		return nil, ErrDown
	}
	return b.now, nil
}

// Dial connects in memory, without a socket: it fits the dial hooks of clients.
// The arguments do not matter.
func (b *Broker) Dial(network, addr string) (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.up()
	if err != nil {
		return nil, fmt.Errorf("amqptest: dial: %w", err)
	}
	client, server := newPipe()
	r.serving.Go(func() { r.server.ServeConn(server) })
	return client, nil
}

// Close ends all connections and stops the broker. Its error tells of anything
// that went wrong in the broker's life, too. Closing again returns the same.
func (b *Broker) Close() error {
	b.closing.Do(func() {
		b.turning.Lock()
		defer b.turning.Unlock()
		b.mu.Lock()
		r := b.now
		b.now, b.closed = nil, true
		b.mu.Unlock()
		b.faults.removeAll()
		if r != nil {
			b.failed = r.stop()
		}
	})
	return b.failed
}

// fail reports a mistake of the caller's.
func (b *Broker) fail(format string, args ...any) {
	text := "amqptest: " + fmt.Sprintf(format, args...)
	if b.tb == nil {
		panic(text)
	}
	b.tb.Helper()
	b.tb.Fatalf("%s", text)
}
