package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The files of an authority's directory.
const (
	authorityFile = "ca.pem" // for clients to trust
	serverFile    = "server.pem"
	serverKeyFile = "server.key"
	clientFile    = "client.pem" // for clients that are asked for one
	clientKeyFile = "client.key"
)

// Years are how long certificates of an authority hold.
const years = 10

// An Authority is what made certificates are for.
type Authority struct {
	Hosts []string // names and addresses of the server
	User  string   // common name of the client
}

// Make makes an authority in a directory, with certificates for a server and for a
// client, unless one is there already, and returns the server's files. The
// authority's key is not kept: it signs nothing else. It is for tests: whoever can
// read the directory can pretend to be the server.
func (a Authority) Make(dir string) (Files, error) {
	f := Files{
		Certificate: filepath.Join(dir, serverFile),
		Key:         filepath.Join(dir, serverKeyFile),
		Authorities: filepath.Join(dir, authorityFile),
	}
	_, err := os.Stat(f.Authorities)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return f, err
	}
	root, err := a.issuer()
	if err != nil {
		return f, err
	}
	server := leaf("harebell", x509.ExtKeyUsageServerAuth)
	for _, host := range a.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			server.IPAddresses = append(server.IPAddresses, ip)
		} else {
			server.DNSNames = append(server.DNSNames, host)
		}
	}
	if err := root.issue(server, f.Certificate, f.Key); err != nil {
		return f, err
	}
	client := leaf(a.User, x509.ExtKeyUsageClientAuth)
	if err := root.issue(client, filepath.Join(dir, clientFile), filepath.Join(dir, clientKeyFile)); err != nil {
		return f, err
	}
	// Last, as it is what says that all is there.
	return f, writePEM(f.Authorities, "CERTIFICATE", root.certificate.Raw)
}

// An issuer signs certificates.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(fmt.Sprintf("certificate: no randomness: %v", err)) // crypto/rand never fails
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-time.Hour), // for clocks that are behind
		NotAfter:              now.AddDate(years, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
}

func leaf(name string, use x509.ExtKeyUsage) *x509.Certificate {
	c := template(name)
	c.ExtKeyUsage = []x509.ExtKeyUsage{use}
	return c
}

func (a Authority) issuer() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := template("harebell test authority")
	c.IsCA = true
	c.KeyUsage |= x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	signed, err := x509.ParseCertificate(raw)
	return &issuer{signed, key}, err
}

// issue makes a key, and a certificate for it.
func (i *issuer) issue(c *x509.Certificate, certificateFile, keyFile string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, i.certificate, &key.PublicKey, i.key)
	if err != nil {
		return err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(keyFile, "PRIVATE KEY", encoded); err != nil {
		return err
	}
	return writePEM(certificateFile, "CERTIFICATE", raw)
}

func writePEM(file, kind string, octets []byte) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: octets}), 0o600)
}
