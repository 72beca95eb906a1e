// Package amqptest is a broker inside your Go test, like net/http/httptest:
//
//	b := amqptest.New(t)
//	conn, err := amqp091.Dial(b.URL())
//
// It keeps everything in memory, listens on a free loopback port and is gone
// when the test ends. It depends on no client library, and on no database.
package amqptest

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// A Broker is a running broker. User guest with password guest may use the
// virtual host "/".
type Broker struct {
	server   *server.Server
	registry *vhost.Registry
	store    store.Store
	listener net.Listener
	serving  sync.WaitGroup
}

// New starts a broker and closes it when the test has ended.
func New(tb testing.TB) *Broker {
	tb.Helper()
	b, err := Start(store.NewMemory(), zerolog.Nop())
	if err != nil {
		tb.Fatalf("start a broker: %v", err)
	}
	tb.Cleanup(func() {
		if err := b.Close(); err != nil {
			tb.Errorf("close the broker: %v", err)
		}
	})
	return b
}

// Start starts a broker outside a test, on a store of the caller's.
func Start(st store.Store, log zerolog.Logger) (*Broker, error) {
	registry, err := vhost.Open(vhost.Broker{Store: st, Clock: clock.System, Log: log}, vhost.Default)
	if err != nil {
		return nil, err
	}
	users := new(auth.Users)
	users.Set("guest", "guest")
	b := &Broker{
		store:    st,
		registry: registry,
		server: &server.Server{
			VHosts: registry,
			Users:  users,
			Store:  st,
			Log:    log,
		},
	}
	if b.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	b.serving.Go(func() { b.server.Serve(b.listener) })
	return b, nil
}

// URL returns the address that clients dial.
func (b *Broker) URL() string { return "amqp://guest:guest@" + b.listener.Addr().String() + "/" }

// Dial connects in memory, without a socket: it fits the dial hooks of clients.
// The arguments do not matter.
func (b *Broker) Dial(network, addr string) (net.Conn, error) {
	client, server := net.Pipe()
	b.serving.Go(func() { b.server.ServeConn(server) })
	return client, nil
}

// closeTimeout is how long clients get to answer connection.close.
const closeTimeout = time.Second

// Close ends all connections and stops the broker.
func (b *Broker) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := b.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // a client that does not answer is cut off
	}
	b.serving.Wait()
	b.registry.Stop()
	return errors.Join(err, b.store.Close())
}
