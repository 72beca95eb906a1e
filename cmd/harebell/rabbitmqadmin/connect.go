package rabbitmqadmin

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// client makes the client of the broker that the options name.
func (o options) client() (*tool.Client, error) {
	t, err := o.tls()
	if err != nil {
		return nil, err
	}
	scheme := "http"
	if o.secure {
		scheme = "https"
	}
	base := url.URL{Scheme: scheme, Host: net.JoinHostPort(o.host, o.port), Path: o.prefix}
	return &tool.Client{
		Base:  base.String(),
		HTTP:  &http.Client{Transport: &http.Transport{TLSClientConfig: t, Proxy: nil}},
		Login: func(r *http.Request) { r.SetBasicAuth(o.user, o.password) },
	}, nil
}

// tls is how certificates are looked at, and shown.
func (o options) tls() (*tls.Config, error) {
	t := &tls.Config{InsecureSkipVerify: o.flags["ssl-insecure"] != "" || o.flags["ssl-disable-hostname-verification"] != ""}
	if file := o.flags["ssl-ca-cert-file"]; file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s: want certificates in PEM", file)
		}
	}
	if o.flags["ssl-insecure"] == "" && o.flags["ssl-disable-hostname-verification"] != "" {
		t.VerifyConnection = func(s tls.ConnectionState) error { // but for the name
			chain := x509.VerifyOptions{Roots: t.RootCAs, Intermediates: x509.NewCertPool()}
			for _, c := range s.PeerCertificates[1:] {
				chain.Intermediates.AddCert(c)
			}
			_, err := s.PeerCertificates[0].Verify(chain)
			return err
		}
	}
	if file := o.flags["ssl-cert-file"]; file != "" {
		pair, err := tls.LoadX509KeyPair(file, o.flags["ssl-key-file"])
		if err != nil {
			return nil, err
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}
