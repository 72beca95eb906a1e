// Package amqptest is a broker inside your Go test, like net/http/httptest:
//
//	b := amqptest.New(t)
//	conn, err := amqp091.Dial(b.URL())
//
// It keeps everything in memory, listens on a free loopback port and is gone
// when the test ends. It depends on no client library, and on no database.
//
// A test can look inside without a client (Queue, Exchange, Connections), put
// messages in and throw them out (Publish, Purge, Reset), wait for what it
// expects to see (Await), and give each subtest a virtual host of its own
// (VHost).
//
// # Time
//
// With WithManualClock the time of the broker stands still. Advance moves it on,
// and returns when everything that became due has been done: messages whose time
// to live is over have been dropped, or have gone through however many
// dead-letter exchanges; queues that nobody has used have been deleted. A retry
// after an hour is tested in microseconds. Channels that have left a delivery
// unacknowledged for half an hour are closed, right after.
//
// Inside a testing/synctest bubble a broker on the system clock lives in the time
// of the bubble. Sockets do not, so connect with Dial there.
package amqptest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/internal/compat/follow"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// A Broker is a running broker. User guest with password guest may use every
// virtual host. The methods of VirtualHost are about the default one, "/".
//
// All methods may be called from several goroutines at once. A mistake in a call
// that has no error to return, such as Advance without WithManualClock, fails the
// test, and panics if there is none because the broker was made by Start.
type Broker struct {
	*VirtualHost

	// immutable
	tb       testing.TB // nil outside a test
	server   *server.Server
	registry *vhost.Registry
	store    store.Store
	manual   *clock.Manual // nil on the system clock

	serving sync.WaitGroup
	closing sync.Once
	failed  error // what Close returns; set by closing

	mu       sync.Mutex // guards what follows
	closed   bool
	plain    net.Listener // nil until somebody asks for the address
	secure   net.Listener
	identity *identity
	lost     []error // why listeners have ended
}

// New starts a broker and closes it when the test has ended. If anything goes
// wrong, then or on the way, the test fails.
func New(tb testing.TB, opts ...Option) *Broker {
	tb.Helper()
	b, err := start(store.NewMemory(), zerolog.Nop(), opts)
	if err != nil {
		tb.Fatalf("amqptest: start a broker: %v", err)
	}
	b.tb = tb
	tb.Cleanup(func() {
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
	b, err := start(st, log, opts)
	if err != nil {
		return nil, err
	}
	if _, err := b.listen(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func start(st store.Store, log zerolog.Logger, opts []Option) (*Broker, error) {
	o, err := gather(log, opts)
	if err != nil {
		return nil, err
	}
	b := &Broker{store: st, manual: o.manual}
	broker := vhost.Broker{Store: st, Clock: o.clock(), Log: o.log}
	follow.InVHosts(o.rules, &broker)
	if b.registry, err = vhost.Open(broker, vhost.Default); err != nil {
		return nil, err
	}
	b.server = &server.Server{
		VHosts: b.registry, Users: o.users, Store: st, Clock: o.connectionClock(), Log: o.log,
		MaxMessageSize: o.rules.MaxMessageSize,
		Properties:     server.Properties(server.DefaultProduct, o.rules.Version, "development"),
	}
	follow.InServer(o.rules, b.server)
	host, err := b.registry.Create(vhost.Default) // a store may know others only
	if err != nil {
		b.registry.Stop()
		return nil, err
	}
	b.VirtualHost = &VirtualHost{broker: b, host: host}
	return b, nil
}

// listen returns the address of the plain listener, and opens that if need be.
func (b *Broker) listen() (net.Addr, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.plain == nil {
		l, err := b.open()
		if err != nil {
			return nil, err
		}
		b.plain = l
		b.serve(l)
	}
	return b.plain.Addr(), nil
}

// open opens a listener on a free loopback port. The lock is held.
func (b *Broker) open() (net.Listener, error) {
	if b.closed {
		return nil, errClosed
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

var errClosed = errors.New("the broker is closed: use it before Close, or before the test ends")

// serve accepts connections on l until Close. The lock is held.
func (b *Broker) serve(l net.Listener) {
	b.serving.Go(func() {
		if err := b.server.Serve(l); !errors.Is(err, server.ErrServerClosed) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.lost = append(b.lost, err)
		}
	})
}

// Dial connects in memory, without a socket: it fits the dial hooks of clients.
// The arguments do not matter.
func (b *Broker) Dial(network, addr string) (net.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, fmt.Errorf("amqptest: dial: %w", errClosed)
	}
	client, server := net.Pipe()
	b.serving.Go(func() { b.server.ServeConn(server) })
	return client, nil
}

// closeTimeout is how long clients get to answer connection.close.
const closeTimeout = time.Second

// Close ends all connections and stops the broker. Its error tells of anything
// that went wrong in the broker's life, too. Closing again returns the same.
func (b *Broker) Close() error {
	b.closing.Do(func() { b.failed = b.close() })
	return b.failed
}

func (b *Broker) close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := b.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // a client that does not answer is cut off
	}
	b.serving.Wait()
	b.registry.Stop()
	return errors.Join(err, errors.Join(b.lost...), b.store.Close())
}

func (b *Broker) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// fail reports a mistake of the caller's.
func (b *Broker) fail(format string, args ...any) {
	text := "amqptest: " + fmt.Sprintf(format, args...)
	if b.tb == nil {
		panic(text)
	}
	b.tb.Helper()
	b.tb.Fatal(text)
}
