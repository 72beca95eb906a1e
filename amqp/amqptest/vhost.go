package amqptest

import (
	"fmt"
	"net"
	"net/url"

	"github.com/harebellmq/harebell/vhost"
)

// A VirtualHost is one virtual host of a broker. It stays the same over restarts.
type VirtualHost struct {
	broker *Broker
	name   string
}

// VHost makes a virtual host that has nothing in it, and deletes it when the test
// has ended: connections that are still open on it are closed. With one for each
// subtest these can share a broker and run in parallel.
func (b *Broker) VHost(tb TB) *VirtualHost {
	tb.Helper()
	v := &VirtualHost{broker: b, name: vhost.ServerName("test-")}
	r, err := b.running()
	if err == nil {
		_, err = r.registry.Create(v.name)
	}
	if err == nil {
		err = r.open(v.name, b.options.users)
	}
	if err != nil {
		tb.Fatalf("amqptest: make a virtual host: %v", err)
	}
	tb.Cleanup(func() {
		if err := v.delete(); err != nil {
			tb.Errorf("amqptest: %v", err)
		}
	})
	return v
}

// delete removes the virtual host, unless the broker is gone and everything with
// it.
func (v *VirtualHost) delete() error {
	r, err := v.broker.running()
	if err != nil {
		return nil
	}
	return r.registry.Delete(v.name)
}

// host returns the virtual host of the broker that is running.
func (v *VirtualHost) host() (*vhost.VirtualHost, error) {
	r, err := v.broker.running()
	if err != nil {
		return nil, fmt.Errorf("amqptest: %w", err)
	}
	host, err := r.registry.Get(v.name)
	if err != nil {
		return nil, fmt.Errorf("amqptest: virtual host %q has been deleted, as the test that made it has ended", v.name)
	}
	return host, nil
}

// Name returns the name by which clients open the virtual host.
func (v *VirtualHost) Name() string { return v.name }

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
	if v.name != vhost.Default {
		path += url.PathEscape(v.name)
	}
	return scheme + "://guest:guest@" + addr.String() + path
}

// Reset removes all queues, bindings and exchanges, messages included, except for
// the exchanges that are always there. Connections stay; their consumers are
// cancelled.
func (v *VirtualHost) Reset() {
	host, err := v.host()
	if err != nil {
		v.broker.fail("reset: %v", err)
	}
	host.Clear()
}
