// Package certificate is how the broker shows clients who it is, and asks them who
// they are: files with certificates and keys, which are read anew when somebody has
// replaced them.
//
//	k, err := certificate.Open(certificate.Files{Certificate: "server.pem", Key: "server.key"})
//	l = tls.NewListener(l, k.Config())
//	...
//	err = k.Reload() // for connections from now on
package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
)

// Files are where everything is, in PEM, and what is asked of clients.
type Files struct {
	Certificate string // the broker's, and those between it and the authority
	Key         string
	Authorities string // whose certificates clients may have; "" for the system's

	Verify  bool   // ask clients for a certificate, and refuse one that is not good
	Require bool   // refuse clients without one
	Min     uint16 // the least version, such as tls.VersionTLS12
}

// A Keeper knows the certificates that hold at the moment. Its methods may be called
// from several goroutines at once.
type Keeper struct {
	files   Files
	current atomic.Pointer[tls.Config]
}

// Open reads the files. Its errors name them.
func Open(f Files) (*Keeper, error) {
	k := &Keeper{files: f}
	if err := k.Reload(); err != nil {
		return nil, err
	}
	return k, nil
}

// Reload reads the files again. If that fails what was there before still holds.
func (k *Keeper) Reload() error {
	c, err := k.files.load()
	if err != nil {
		return err
	}
	k.current.Store(c)
	return nil
}

// Config returns a configuration for servers, which follows Reload. Connections that
// are open stay as they are.
func (k *Keeper) Config() *tls.Config {
	return &tls.Config{
		MinVersion:         k.files.Min,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return k.current.Load(), nil },
	}
}

// Shown returns the certificates of the broker itself that are in use now.
func (k *Keeper) Shown() []*x509.Certificate {
	var shown []*x509.Certificate
	for _, c := range k.current.Load().Certificates {
		if c.Leaf != nil {
			shown = append(shown, c.Leaf)
		}
	}
	return shown
}

func (f Files) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", f.Certificate, f.Key, err)
	}
	c := &tls.Config{MinVersion: f.Min, Certificates: []tls.Certificate{pair}}
	switch {
	case f.Verify && f.Require:
		c.ClientAuth = tls.RequireAndVerifyClientCert
	case f.Verify:
		c.ClientAuth = tls.VerifyClientCertIfGiven
	}
	if f.Authorities == "" {
		return c, nil
	}
	text, err := os.ReadFile(f.Authorities)
	if err != nil {
		return nil, err
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("authorities %s: %w", f.Authorities, errNone)
	}
	return c, nil
}

var errNone = errors.New("no certificates in PEM in it")
