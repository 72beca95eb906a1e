package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/internal/certificate"
)

// trusting returns a client's configuration that trusts an authority's directory.
func trusting(t *testing.T, dir string) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	must(t, err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("no certificate in %s", text)
	}
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

// showing adds the certificate of the authority's client.
func showing(t *testing.T, dir string) *tls.Config {
	t.Helper()
	c := trusting(t, dir)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "client.pem"), filepath.Join(dir, "client.key"))
	must(t, err)
	c.Certificates = []tls.Certificate{pair}
	return c
}

// dialTLS connects to where the process listens with TLS.
func (p *process) dialTLS(c *tls.Config, how ...amqp091.Authentication) error {
	p.t.Helper()
	address := "amqps://guest:guest@" + p.secure + "/"
	conn, err := amqp091.DialConfig(address, amqp091.Config{TLSClientConfig: c, SASL: how})
	if err != nil {
		return err
	}
	defer conn.Close()
	ch, err := conn.Channel()
	must(p.t, err)
	q, err := ch.QueueDeclare("", false, false, true, false, nil)
	must(p.t, err)
	body := strings.Repeat("large ", 100_000)
	must(p.t, ch.Publish("", q.Name, false, false, amqp091.Publishing{Body: []byte(body)}))
	d, found, err := ch.Get(q.Name, true)
	must(p.t, err)
	if !found || string(d.Body) != body {
		p.t.Errorf("got %d octets, %v, want %d", len(d.Body), found, len(body))
	}
	return nil
}

func TestTLS(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "authority")
	p := start(t, "--memory", "--tls-self-signed", dir, "--tls-listen", anyPort)
	must(t, p.dialTLS(trusting(t, dir)))
	if err := p.dialTLS(&tls.Config{ServerName: "localhost", RootCAs: x509.NewCertPool()}); err == nil {
		t.Error("a client that trusts nobody was content")
	}
	old := trusting(t, dir)
	old.MaxVersion = tls.VersionTLS11
	if err := p.dialTLS(old); err == nil {
		t.Error("TLS 1.1 was good enough")
	}
	if err := p.dialTLS(trusting(t, dir), &amqp091.ExternalAuth{}); err == nil {
		t.Error("a client without a certificate was let in by one")
	}
	p.dial() // without TLS, as before
}

func TestCertificatesMakeClientsKnown(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "authority")
	p := start(t, "--memory", "--tls-self-signed", dir, "--tls-listen", anyPort,
		"--tls-verify", "verify_peer", "--tls-fail-if-no-peer-cert", "--tls-cert-login-from", "common_name")
	must(t, p.dialTLS(showing(t, dir), &amqp091.ExternalAuth{}))
	must(t, p.dialTLS(showing(t, dir)))
	if err := p.dialTLS(trusting(t, dir)); err == nil {
		t.Error("a client without a certificate was let in")
	}
	other := filepath.Join(t.TempDir(), "other")
	if _, err := (certificate.Authority{User: "guest"}).Make(other); err != nil {
		t.Fatal(err)
	}
	stranger := showing(t, other)
	stranger.RootCAs = trusting(t, dir).RootCAs
	if err := p.dialTLS(stranger); err == nil {
		t.Error("a client with another authority's certificate was let in")
	}
	p.stop()

	named := start(t, "--memory", "--tls-self-signed", dir, "--tls-listen", anyPort, "--tls-verify", "verify_peer")
	if err := named.dialTLS(showing(t, dir), &amqp091.ExternalAuth{}); err == nil {
		t.Error("let in, though there is no user CN=guest")
	}
	if got := named.administer("guest", "PUT", "users/CN=guest", `{"password":"","tags":""}`); got != 201 {
		t.Fatalf("got status %d", got)
	}
	if got := named.administer("guest", "PUT", "permissions/%2F/CN=guest", `{"configure":".*","write":".*","read":".*"}`); got != 201 {
		t.Fatalf("got status %d", got)
	}
	must(t, named.dialTLS(showing(t, dir), &amqp091.ExternalAuth{}))
}

// TestCertificatesAreReadAgain replaces them under a broker, whose clients stay.
func TestCertificatesAreReadAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "authority")
	p := start(t, "--memory", "--tls-self-signed", dir, "--tls-listen", anyPort)
	before := trusting(t, dir)
	open, err := amqp091.DialTLS("amqps://guest:guest@"+p.secure+"/", before)
	must(t, err)
	defer open.Close()

	must(t, os.Remove(filepath.Join(dir, "ca.pem")))
	if _, err := (certificate.Authority{Hosts: []string{"localhost"}, User: "guest"}).Make(dir); err != nil {
		t.Fatal(err)
	}
	must(t, p.command.Process.Signal(syscall.SIGHUP))
	p.log.await(t, "certificates read again")
	must(t, p.dialTLS(trusting(t, dir)))
	if err := p.dialTLS(before); err == nil {
		t.Error("the old certificate is still shown")
	}

	must(t, os.WriteFile(filepath.Join(dir, "server.pem"), []byte("nonsense"), 0o600))
	must(t, p.command.Process.Signal(syscall.SIGHUP))
	p.log.await(t, "certificates not read")
	must(t, p.dialTLS(trusting(t, dir)))
	_, err = open.Channel()
	must(t, err)
}

func TestTLSNeedsACertificate(t *testing.T) {
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"--tls-listen", anyPort}, "--tls-listen: want a certificate too"},
		{[]string{"--tls-key", "server.key"}, "TLS settings without a certificate mean nothing"},
		{[]string{"--tls-verify", "verify_peer"}, "TLS settings without a certificate mean nothing"},
		{[]string{"--tls-self-signed", t.TempDir(), "--tls-cert", "server.pem"}, "not both"},
		{[]string{"--tls-self-signed", t.TempDir(), "--tls-ca", "ca.pem"}, "not both"},
		{[]string{"--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.key"}, "certificate /nowhere.pem with key /nowhere.key: open /nowhere.pem"},
		{[]string{"--tls-self-signed", t.TempDir(), "--tls-fail-if-no-peer-cert"}, "want --tls-verify verify_peer too"},
	} {
		_, err := run(t, append([]string{"serve", "--memory", "--listen", anyPort, "--management-listen", "none", "--prometheus-listen", "none"}, test.arguments...)...)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: got %v, want %s", test.arguments, err, test.want)
		}
	}
}

// TestManagementWithTLS has the API at a port with TLS alone, first with the certificate
// for clients and then with one of its own, and replaces that.
func TestManagementWithTLS(t *testing.T) {
	t.Parallel()
	shared, own := filepath.Join(t.TempDir(), "shared"), filepath.Join(t.TempDir(), "own")
	for _, dir := range []string{shared, own} {
		_, err := certificate.Authority{Hosts: []string{"localhost"}, User: "guest"}.Make(dir)
		must(t, err)
	}
	conf := filepath.Join(t.TempDir(), "rabbitmq.conf")
	for _, test := range []struct{ name, lines, trusts string }{
		{"the certificate for clients", "", shared},
		{"one of its own", "management.ssl.certfile = " + own + "/server.pem\nmanagement.ssl.keyfile = " + own + "/server.key\n", own},
	} {
		t.Run(test.name, func(t *testing.T) {
			must(t, os.WriteFile(conf, []byte(test.lines+"management.ssl.port = 0\nmanagement.path_prefix = /broker\n"), 0o600))
			path, err := binary()
			must(t, err)
			p := startCommand(t, exec.Command(path, "serve", "--memory", "--listen", anyPort, "--tls-listen", anyPort, "--log-format", "json",
				"--config", conf, "--tls-cert", shared+"/server.pem", "--tls-key", shared+"/server.key"))
			read := func() error {
				client := http.Client{Transport: &http.Transport{TLSClientConfig: trusting(t, test.trusts), DisableKeepAlives: true}}
				_, port, err := net.SplitHostPort(p.management)
				must(t, err)
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://localhost:"+port+"/broker/api/overview", nil)
				must(t, err)
				r.SetBasicAuth("guest", "guest")
				answer, err := client.Do(r)
				if err != nil {
					return err
				}
				defer answer.Body.Close()
				text, err := io.ReadAll(answer.Body)
				if err == nil && !strings.Contains(string(text), `"protocol":"https"`) {
					t.Errorf("got %d %s, want a listener for https", answer.StatusCode, text)
				}
				return err
			}
			must(t, read())
			must(t, os.RemoveAll(test.trusts))
			_, err = certificate.Authority{Hosts: []string{"localhost"}, User: "guest"}.Make(test.trusts)
			must(t, err)
			if err := read(); err == nil {
				t.Error("an authority was trusted that has not signed anything yet")
			}
			must(t, p.command.Process.Signal(syscall.SIGHUP))
			p.log.await(t, "settings read again")
			must(t, read())
			p.stop()
		})
	}
}

func TestManagementWithTLSAndNoCertificate(t *testing.T) {
	_, err := run(t, "serve", "--config", "none", "--memory", "--listen", anyPort, "--management-tls-listen", anyPort, "--log-level", "none")
	want := "--management-tls-listen: want a certificate, --management-tls-cert and --management-tls-key, or that for clients, --tls-cert and --tls-key"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
