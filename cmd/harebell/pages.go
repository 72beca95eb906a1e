package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/harebellmq/harebell/internal/certificate"
	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/management"
)

// pages are where clients of the management API may come.
type pages struct {
	listeners    []management.Served
	certificates *certificate.Keeper // of its own; nil if it has none
}

const forManagement = "for the management API"

// listenPages opens the addresses of the management API, which may have the certificate
// of the clients.
func listenPages(c config.Config, shared *certificate.Keeper) (p pages, err error) {
	if c.ManagementListen != "" {
		l, err := listenPage(c.ManagementListen, forManagement, "--management-listen")
		if err != nil {
			return p, err
		}
		p.add("http", l)
	}
	if c.ManagementTLSListen == "" {
		return p, nil
	}
	own := c.ManagementTLS
	switch {
	case own.Certificate != "":
		own.Min = cmp.Or(own.Min, c.TLS.Min)
		p.certificates, err = openCertificates(own)
		shared = p.certificates
	case shared == nil:
		err = errors.New("the management API with TLS: want a certificate, management.ssl.certfile and management.ssl.keyfile, or that for clients, --tls-cert and --tls-key")
	}
	if err != nil {
		return p, errors.Join(err, p.close())
	}
	l, err := listenPage(c.ManagementTLSListen, forManagement, "--management-tls-listen")
	if err != nil {
		return p, errors.Join(err, p.close())
	}
	p.add("https", tls.NewListener(l, shared.Config()))
	return p, nil
}

func (p *pages) add(protocol string, l net.Listener) {
	p.listeners = append(p.listeners, management.Served{Protocol: protocol, Listener: l})
}

func (p *pages) close() error {
	var failed []error
	for _, l := range p.listeners {
		failed = append(failed, l.Close())
	}
	return errors.Join(failed...)
}

// listenPage opens an address of what is answered over HTTP, nil if there is none. Its
// port is often taken: by RabbitMQ, or another broker on the same machine. what is it for,
// and which flag sets another address.
func listenPage(address, what, flag string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s %s: %w; %s sets another address, or none", address, what, cause(err), flag)
	}
	return l, nil
}
