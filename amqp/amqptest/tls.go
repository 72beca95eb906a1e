package amqptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"
)

// An identity is the certificate that a broker shows, and who vouches for it.
type identity struct {
	certificate tls.Certificate
	authority   *x509.Certificate
}

// TLSURL returns the address that clients dial with TLS. Its certificate is good
// for 127.0.0.1, ::1 and localhost, and signed by an authority that was made for
// this broker: see CertPool.
func (v *VirtualHost) TLSURL() string {
	addr, err := v.broker.listenTLS()
	if err != nil {
		v.broker.fail("listen with TLS: %v", err)
	}
	return v.url("amqps", addr)
}

// CertPool returns what a client must trust to connect to TLSURL: the RootCAs of
// its tls.Config. The caller may add to it.
func (b *Broker) CertPool() *x509.CertPool {
	b.mu.Lock()
	id, err := b.identify()
	b.mu.Unlock()
	if err != nil {
		b.fail("make a certificate: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(id.authority)
	return pool
}

// listenTLS returns the address of the TLS listener, and opens that if need be.
func (b *Broker) listenTLS() (net.Addr, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.secure != nil {
		return b.secure.addr, nil
	}
	id, err := b.identify()
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	e, err := b.open(&tls.Config{Certificates: []tls.Certificate{id.certificate}})
	if err != nil {
		return nil, err
	}
	b.secure = e
	return e.addr, nil
}

// identify returns the broker's identity, and makes it if need be. The lock is
// held.
func (b *Broker) identify() (*identity, error) {
	if b.identity == nil {
		id, err := newIdentity()
		if err != nil {
			return nil, err
		}
		b.identity = id
	}
	return b.identity, nil
}

// validity is how long certificates hold, and, as clocks differ, have held.
const validity = 24 * time.Hour

// newIdentity makes an authority, and a certificate that it signs.
func newIdentity() (*identity, error) {
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "amqptest authority"},
		NotBefore:             now.Add(-validity),
		NotAfter:              now.Add(validity),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "amqptest broker"},
		NotBefore:    ca.NotBefore,
		NotAfter:     ca.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	authority, err := sign(ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	signed, err := sign(leaf, authority, &key.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	return &identity{
		certificate: tls.Certificate{Certificate: [][]byte{signed.Raw}, PrivateKey: key, Leaf: signed},
		authority:   authority,
	}, nil
}

func sign(template, parent *x509.Certificate, key *ecdsa.PublicKey, by *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, by)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
