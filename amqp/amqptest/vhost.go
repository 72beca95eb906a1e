package amqptest

import (
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/harebellmq/harebell/internal/audit"
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
	v, err := b.NewVHost()
	if err != nil {
		tb.Fatalf("%v", err)
	}
	tb.Cleanup(func() {
		err := v.Delete()
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrDown) || errors.Is(err, ErrClosed) {
			return // it has gone before, or with the broker
		}
		if err != nil {
			tb.Errorf("%v", err)
		}
	})
	return v
}

// NewVHost makes a virtual host that has nothing in it and stays until Delete.
func (b *Broker) NewVHost() (*VirtualHost, error) {
	v := &VirtualHost{broker: b, name: vhost.ServerName("test-")}
	r, err := b.running()
	if err == nil {
		_, err = r.registry.Create(v.name)
	}
	if err == nil {
		err = r.open(v.name, b.options.users)
	}
	if err != nil {
		return nil, fmt.Errorf("amqptest: make a virtual host: %w", err)
	}
	return v, nil
}

// FindVHost returns the virtual host of that name. The error, if there is none,
// lists those there are.
func (b *Broker) FindVHost(name string) (*VirtualHost, error) {
	v := &VirtualHost{broker: b, name: name}
	_, err := v.host()
	return v, err
}

// VHosts returns all virtual hosts, by name.
func (b *Broker) VHosts() ([]*VirtualHost, error) {
	r, err := b.running()
	if err != nil {
		return nil, fmt.Errorf("amqptest: %w", err)
	}
	var all []*VirtualHost
	for _, name := range r.registry.Names() {
		all = append(all, &VirtualHost{broker: b, name: name})
	}
	return all, nil
}

// Delete removes the virtual host with all that is in it, and closes the
// connections that are open on it.
func (v *VirtualHost) Delete() error {
	if _, err := v.host(); err != nil {
		return err
	}
	r, err := v.broker.running()
	if err == nil {
		err = r.registry.Delete(audit.Internal, v.name)
	}
	if err != nil {
		return fmt.Errorf("amqptest: delete virtual host %q: %w", v.name, err)
	}
	return nil
}

// host returns the virtual host of the broker that is running.
func (v *VirtualHost) host() (*vhost.VirtualHost, error) {
	r, err := v.broker.running()
	if err != nil {
		return nil, fmt.Errorf("amqptest: %w", err)
	}
	host, err := r.registry.Get(v.name)
	if err != nil {
		return nil, notFound("amqptest: no virtual host %q: want one of %q; those of VHost end with their tests", v.name, r.registry.Names())
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
func (v *VirtualHost) Reset() error {
	host, err := v.host()
	if err != nil {
		return err
	}
	host.Clear()
	return nil
}
