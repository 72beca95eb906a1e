package main

import (
	"errors"
	"net"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/management"
)

// doors are all places where a broker can be reached.
type doors struct {
	clients    clients
	management pages
	prometheus pages
	commands   net.Listener // the control socket; nil if there is none

	certificates allKeepers
}

// openDoors opens all, or none.
func openDoors(c config.Config, log zerolog.Logger) (d doors, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.clients, err = listenClients(c); err != nil {
		return d, err
	}
	if d.management, err = listenPages("management", c.Management.Web, d.clients.certificates); err != nil {
		return d, err
	}
	if d.prometheus, err = listenPages("prometheus", c.Prometheus.Web, d.clients.certificates); err != nil {
		return d, err
	}
	if d.commands, err = listenControl(c, log); err != nil {
		return d, err
	}
	d.certificates = keepers(d.clients.certificates, d.management.certificates, d.prometheus.certificates)
	return d, nil
}

func (d *doors) close() error {
	return errors.Join(d.clients.close(), d.management.close(), d.prometheus.close(), closeAll([]net.Listener{d.commands}))
}

// count is how many there are at most, the test API's among them.
func (d *doors) count() int { return len(d.listed()) + 2 }

// listed are the doors as the management API lists them.
func (d *doors) listed() []management.Listener {
	var all []management.Listener
	add := func(protocol string, l net.Listener) bool {
		all = append(all, management.Listener{Protocol: protocol, Address: l.Addr()})
		return true
	}
	for _, l := range d.clients.plain {
		add("amqp", l)
	}
	for _, l := range d.clients.secure {
		add("amqp/ssl", l)
	}
	d.prometheus.all()(add)
	d.management.all()(add)
	return all
}
