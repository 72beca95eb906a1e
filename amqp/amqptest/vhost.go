package amqptest

import (
	"net"
	"net/url"
	"testing"

	"github.com/harebellmq/harebell/vhost"
)

// A VirtualHost is one virtual host of a broker.
type VirtualHost struct {
	broker *Broker
	host   *vhost.VirtualHost
}

// VHost makes a virtual host that has nothing in it, and deletes it when the test
// has ended: connections that are still open on it are closed. With one for each
// subtest these can share a broker and run in parallel.
func (b *Broker) VHost(tb testing.TB) *VirtualHost {
	tb.Helper()
	if b.isClosed() {
		tb.Fatalf("amqptest: make a virtual host: %v", errClosed)
	}
	host, err := b.registry.Create(vhost.ServerName("test-"))
	if err != nil {
		tb.Fatalf("amqptest: make a virtual host: %v", err)
	}
	tb.Cleanup(func() {
		if b.isClosed() {
			return // and everything is gone
		}
		if err := b.registry.Delete(host.Name()); err != nil {
			tb.Errorf("amqptest: %v", err)
		}
	})
	return &VirtualHost{broker: b, host: host}
}

// Name returns the name by which clients open the virtual host.
func (v *VirtualHost) Name() string { return v.host.Name() }

// URL returns the address that clients dial. The broker listens from the first
// time on that somebody asks.
func (v *VirtualHost) URL() string {
	addr, err := v.broker.listen()
	if err != nil {
		v.broker.fail("listen: %v", err)
	}
	return v.url("amqp", addr)
}

func (v *VirtualHost) url(scheme string, addr net.Addr) string {
	path := "/"
	if v.Name() != vhost.Default {
		path += url.PathEscape(v.Name())
	}
	return scheme + "://guest:guest@" + addr.String() + path
}

// Reset removes all queues, bindings and exchanges, messages included, except for
// the exchanges that are always there. Connections stay; their consumers are
// cancelled.
func (v *VirtualHost) Reset() { v.host.Clear() }
