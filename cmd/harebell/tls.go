package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"net"
	"os"
	"slices"

	"github.com/harebellmq/harebell/internal/certificate"
	"github.com/harebellmq/harebell/internal/config"
)

// tlsPort is where amqps is, unless something else is said.
const tlsPort = ":5671"

// clients are where clients of AMQP may come.
type clients struct {
	plain, secure []net.Listener
	certificates  *certificate.Keeper // nil without TLS
}

// listenClients opens all addresses for clients. What is open if there is an error is for
// the caller to close.
func listenClients(c config.Config) (cs clients, err error) {
	if len(c.Listen) == 0 && !c.TLS.Given() {
		return cs, errors.New("--listen none: want a certificate then, --tls-cert and --tls-key, or nobody can come")
	}
	if cs.plain, err = listen(c.Listen); err != nil {
		return cs, err
	}
	err = cs.listenTLS(c)
	return cs, err
}

func (cs *clients) close() error { return errors.Join(closeAll(cs.plain), closeAll(cs.secure)) }

// all returns all listeners, with their protocols.
func (cs *clients) all() iter.Seq2[string, net.Listener] {
	return func(yield func(string, net.Listener) bool) {
		for _, l := range cs.plain {
			if !yield("amqp", l) {
				return
			}
		}
		for _, l := range cs.secure {
			if !yield("amqps", l) {
				return
			}
		}
	}
}

// allKeepers know the certificates of all who show some.
type allKeepers []*certificate.Keeper

// keepers leaves out those who are nil, as there is no TLS.
func keepers(all ...*certificate.Keeper) allKeepers {
	return slices.DeleteFunc(all, func(k *certificate.Keeper) bool { return k == nil })
}

// shown returns the certificates that are shown now.
func (ks allKeepers) shown() (all []*x509.Certificate) {
	for _, k := range ks {
		all = append(all, k.Shown()...)
	}
	return all
}

// reload reads all again. Those that cannot be read stay as they were.
func (ks allKeepers) reload() error {
	var failed []error
	for _, k := range ks {
		failed = append(failed, k.Reload())
	}
	return errors.Join(failed...)
}

// listenTLS opens the addresses for TLS, or none.
func (cs *clients) listenTLS(c config.Config) error {
	switch {
	case !c.TLS.Given() && len(c.TLSListen) > 0:
		return errors.New("--tls-listen: want a certificate too, --tls-cert and --tls-key, or --tls-self-signed")
	case c.TLS.SelfSigned != "" && c.TLS.Certificate+c.TLS.Key+c.TLS.Authorities != "":
		return errors.New("--tls-self-signed: want this, or --tls-cert, --tls-key and --tls-ca, not both")
	case !c.TLS.Given() && (c.TLS.Key != "" || c.TLS.Authorities != "" || c.TLS.Verify || c.TLS.Require):
		return errors.New("TLS settings without a certificate mean nothing: want --tls-cert too, or --tls-self-signed")
	case !c.TLS.Given():
		return nil
	case c.TLS.Require && !c.TLS.Verify:
		return errors.New("--tls-fail-if-no-peer-cert: want --tls-verify verify_peer too, or nobody is asked for one")
	}
	var err error
	if cs.certificates, err = openCertificates(c.TLS); err != nil {
		return err
	}
	addresses := c.TLSListen
	if len(addresses) == 0 {
		addresses = []string{tlsPort}
	}
	if cs.secure, err = listen(addresses); err != nil {
		return err
	}
	for i, l := range cs.secure {
		cs.secure[i] = tls.NewListener(l, cs.certificates.Config())
	}
	return nil
}

// openCertificates reads the files with certificates.
func openCertificates(t config.TLS) (*certificate.Keeper, error) {
	files, err := certificateFiles(t)
	if err != nil {
		return nil, fmt.Errorf("--tls-self-signed %s: %w", t.SelfSigned, err)
	}
	return certificate.Open(files)
}

// certificateFiles returns the files with certificates, which it makes if it is to
// do that.
func certificateFiles(t config.TLS) (f certificate.Files, err error) {
	f = certificate.Files{Certificate: t.Certificate, Key: t.Key, Authorities: t.Authorities}
	if t.SelfSigned != "" {
		hosts := []string{"localhost", "127.0.0.1", "::1"}
		if name, err := os.Hostname(); err == nil {
			hosts = append(hosts, name)
		}
		f, err = certificate.Authority{Hosts: hosts, User: "guest"}.Make(t.SelfSigned)
	}
	f.Verify, f.Require, f.Min = t.Verify, t.Require, t.Min
	return f, err
}
