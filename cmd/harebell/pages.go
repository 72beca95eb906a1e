package main

import (
	"crypto/tls"
	"fmt"
	"iter"
	"net"

	"github.com/harebellmq/harebell/internal/certificate"
	"github.com/harebellmq/harebell/internal/config"
)

// pages are where something is answered over HTTP.
type pages struct {
	name          string // of the settings
	plain, secure net.Listener
	certificates  *certificate.Keeper // of its own; nil if it has none
}

// listenPages opens the addresses of a Web, which may have the certificate of the clients
// of AMQP. What is open if there is an error is for the caller to close.
func listenPages(name string, w config.Web, shared *certificate.Keeper) (p pages, err error) {
	p.name = name
	if p.plain, err = listenPage(w.Listen, name, "--"+name+"-listen"); err != nil {
		return p, err
	}
	err = p.listenTLS(w, shared)
	return p, err
}

func (p *pages) listenTLS(w config.Web, shared *certificate.Keeper) (err error) {
	switch {
	case w.TLSListen == "":
		return nil
	case w.TLS.Certificate == "" && (w.TLS.Key != "" || w.TLS.Authorities != "" || w.TLS.Verify || w.TLS.Require):
		return fmt.Errorf("%s.ssl settings without a certificate mean nothing: want --%[1]s-tls-cert too", p.name)
	case w.TLS.Require && !w.TLS.Verify:
		return fmt.Errorf("--%s-tls-fail-if-no-peer-cert: want --%[1]s-tls-verify verify_peer too, or nobody is asked for one", p.name)
	case w.TLS.Certificate != "":
		if p.certificates, err = openCertificates(w.TLS); err != nil {
			return err
		}
		shared = p.certificates
	case shared == nil:
		return fmt.Errorf("--%s-tls-listen: want a certificate, --%[1]s-tls-cert and --%[1]s-tls-key, or that for clients, --tls-cert and --tls-key", p.name)
	}
	l, err := listenPage(w.TLSListen, p.name, "--"+p.name+"-tls-listen")
	if err != nil {
		return err
	}
	p.secure = tls.NewListener(l, shared.Config())
	return nil
}

// all returns all listeners, with their protocols.
//
// rabbitmq: the names by which the management API lists them
func (p *pages) all() iter.Seq2[string, net.Listener] {
	plain, secure := "http", "https"
	if p.name != "management" {
		plain, secure = plain+"/"+p.name, secure+"/"+p.name
	}
	return func(yield func(string, net.Listener) bool) {
		if p.plain != nil && !yield(plain, p.plain) {
			return
		}
		if p.secure != nil {
			yield(secure, p.secure)
		}
	}
}

func (p *pages) close() error { return closeAll([]net.Listener{p.plain, p.secure}) }

// listenPage opens an address, nil if there is none. Its port is often taken: by
// RabbitMQ, or another broker on the same machine. The flag sets another one.
func listenPage(address, name, flag string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s for %s: %w; %s sets another address, or none", address, name, cause(err), flag)
	}
	return l, nil
}
