package server

import (
	"crypto/tls"
	"crypto/x509"
)

// A CertificateLogin is which part of a client's certificate is the user's name.
//
// rabbitmq: the words of ssl_cert_login_from
type CertificateLogin string

// The parts there are.
const (
	DistinguishedName CertificateLogin = "distinguished_name" // such as CN=client,O=site
	CommonName        CertificateLogin = "common_name"
	AlternativeName   CertificateLogin = "subject_alternative_name" // the first name of DNS
)

// name returns the name of the user, "" if the certificate has none.
func (l CertificateLogin) name(c *x509.Certificate) string {
	switch {
	case l == CommonName:
		return c.Subject.CommonName
	case l == AlternativeName && len(c.DNSNames) == 0:
		return ""
	case l == AlternativeName:
		return c.DNSNames[0]
	}
	return c.Subject.String()
}

// certificate returns the client's, if it has shown a good one.
func (c *connection) certificate() *x509.Certificate {
	secure, ok := c.conn.(*tls.Conn)
	if !ok {
		return nil
	}
	if chains := secure.ConnectionState().VerifiedChains; len(chains) > 0 {
		return chains[0][0]
	}
	return nil
}
