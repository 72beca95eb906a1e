package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/internal/auth/oauth2/oauth2test"
)

// tokenFile writes a file of settings that have an issuer's tokens let users in.
func tokenFile(t *testing.T, issuer *oauth2test.Issuer, more ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "rabbitmq.conf")
	lines := append([]string{
		"auth_backends.1 = rabbit_auth_backend_oauth2",
		"auth_oauth2.resource_server_id = " + oauth2test.Audience,
		"auth_oauth2.issuer = " + issuer.URL,
		"auth_oauth2.https.cacertfile = " + issuer.Authority(),
	}, more...)
	must(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
	return path
}

// bear connects with a token as the password.
func (p *process) bear(token string, how amqp091.Authentication) (*amqp091.Connection, error) {
	conn, err := amqp091.DialConfig("amqp://"+p.address+"/", amqp091.Config{SASL: []amqp091.Authentication{how}})
	if err == nil {
		p.t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}

// ask asks the management API who asks, with some credentials.
func (p *process) ask(with func(*http.Request)) (status int, body string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "http://"+p.management+"/api/whoami", nil)
	must(p.t, err)
	with(r)
	answer, err := http.DefaultClient.Do(r)
	must(p.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(p.t, err)
	return answer.StatusCode, string(text)
}

func TestTokensLetUsersIn(t *testing.T) {
	for _, mode := range []string{"--memory", "--test-api"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			issuer := oauth2test.New(t)
			p := start(t, "--memory", mode, "--config", tokenFile(t, issuer, "auth_backends.2 = internal"))
			token := issuer.Token(oauth2test.Claims{"sub": "ann", "scope": "rabbitmq.tag:management rabbitmq.configure:%2F/ann.* rabbitmq.read:*/*"})
			for name, how := range map[string]amqp091.Authentication{
				"PLAIN":    &amqp091.PlainAuth{Username: "whoever", Password: token},
				"AMQPLAIN": &amqp091.AMQPlainAuth{Username: "", Password: token},
			} {
				conn, err := p.bear(token, how)
				if err != nil {
					t.Fatalf("%s: %v\n%s", name, err, p.log)
				}
				declare(t, conn, "ann.q", "")
				declare(t, conn, "bob.q", "ACCESS_REFUSED - configure access to queue 'bob.q' in vhost '/' refused for user 'ann'")
			}
			p.dial() // by a password, as before

			const ann = `{"name":"ann","tags":["management"],"is_internal_user":false}`
			for name, with := range map[string]func(*http.Request){
				"as such":              func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) },
				"in other letters":     func(r *http.Request) { r.Header.Set("Authorization", "bearer "+token) },
				"in place of password": func(r *http.Request) { r.SetBasicAuth("whoever", token) },
			} {
				if status, body := p.ask(with); status != http.StatusOK || body != ann {
					t.Errorf("%s: got %d %s, want %s", name, status, body, ann)
				}
			}
			over := issuer.Token(oauth2test.Claims{"sub": "ann", "scope": "rabbitmq.tag:management", "exp": time.Now().Unix()})
			status, body := p.ask(func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+over) })
			if status != http.StatusUnauthorized || body != `{"error":"not_authorized","reason":"Not_Authorized"}` {
				t.Errorf("a token that is over: got %d %s", status, body)
			}
			if strings.Contains(p.log.String(), token) || strings.Contains(p.log.String(), over) {
				t.Error("a token is in the log")
			}
			p.stop()
		})
	}
}

func TestTokensAreRenewed(t *testing.T) {
	t.Parallel()
	issuer := oauth2test.New(t)
	p := start(t, "--memory", "--config", tokenFile(t, issuer))
	token := func(c oauth2test.Claims) string {
		c["scope"] = "rabbitmq.configure:*/*"
		return issuer.Token(c)
	}
	first := token(oauth2test.Claims{"sub": "ann"})
	conn, err := p.bear(first, &amqp091.PlainAuth{Password: first})
	must(t, err)
	must(t, conn.UpdateSecret(token(oauth2test.Claims{"sub": "ann"}), "a while has passed"))
	closed := conn.NotifyClose(make(chan *amqp091.Error, 1))
	if err := conn.UpdateSecret(token(oauth2test.Claims{"sub": "bob"}), "somebody else"); err == nil {
		t.Error("another user's token was taken")
	}
	if got := <-closed; got == nil || got.Code != 530 || got.Reason != "NOT_ALLOWED - New secret was refused by one of the backends" {
		t.Errorf("got %v", got)
	}

	if _, err := amqp091.Dial("amqp://guest:guest@" + p.address + "/"); err == nil {
		t.Error("let in by a password, which no backend takes")
	}
	p.stop()
}

// TestLoginsWithoutTheIssuer has an issuer that is away when the broker starts.
func TestLoginsWithoutTheIssuer(t *testing.T) {
	t.Parallel()
	issuer := oauth2test.New(t)
	issuer.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	p := start(t, "--memory", "--config", tokenFile(t, issuer, "auth_backends.2 = internal"))
	p.log.await(t, "keys for tokens not fetched")
	token := issuer.Token(oauth2test.Claims{"scope": "rabbitmq.read:*/*"})
	if _, err := p.bear(token, &amqp091.PlainAuth{Password: token}); err == nil {
		t.Error("let in by a token that nobody can verify")
	}
	p.dial()
	p.stop()
}

func TestKeysOfFiles(t *testing.T) {
	t.Parallel()
	issuer := oauth2test.New(t)
	octets, err := x509.MarshalPKIXPublicKey(issuer.Key())
	must(t, err)
	file := filepath.Join(t.TempDir(), "first.pem")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: octets}), 0o600))
	p := start(t, "--memory", "--auth-backends", "oauth2", "--oauth2-resource-server-id", oauth2test.Audience, "--oauth2-signing-key", "first="+file,
		"--oauth2-scope-alias", "reader=api://read:*/* api://tag:monitoring", "--oauth2-scope-prefix", "api://", "--oauth2-verify-aud=false")
	token := issuer.Token(oauth2test.Claims{"aud": "whom it may concern", "scope": "reader"})
	_, err = p.bear(token, &amqp091.PlainAuth{Password: token})
	must(t, err)
	status, body := p.ask(func(r *http.Request) { r.SetBasicAuth("", token) })
	var who struct{ Name string }
	if err := json.Unmarshal([]byte(body), &who); err != nil || status != http.StatusOK || who.Name != "unknown" {
		t.Errorf("got %d %s, %v", status, body, err)
	}
	p.stop()
}

func TestSettingsOfLogins(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.pem")
	must(t, os.WriteFile(text, []byte("secret"), 0o600))
	missing := filepath.Join(dir, "missing.pem")
	backend := []string{"--auth-backends", "oauth2", "--oauth2-resource-server-id", "rabbitmq"}
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"--oauth2-issuer", "https://id.example.com"}, "settings of auth_oauth2 mean nothing without that backend"},
		{backend, "backend oauth2 has no key to verify tokens with"},
		{append(backend, "--oauth2-signing-key", "a="+missing), fmt.Sprintf("auth_oauth2.signing_keys.a = %s: open %s: no such file or directory", missing, missing)},
		{append(backend, "--oauth2-signing-key", "a="+text), fmt.Sprintf("auth_oauth2.signing_keys.a = %s: want a PUBLIC KEY or a CERTIFICATE in PEM", text)},
		{append(backend, "--oauth2-issuer", "https://id.example.com", "--oauth2-https-cacertfile", text),
			fmt.Sprintf("auth_oauth2.https.cacertfile = %s: want certificates in PEM", text)},
		{append(backend, "--oauth2-issuer", "https://id.example.com", "--oauth2-https-cacertfile", missing),
			fmt.Sprintf("auth_oauth2.https.cacertfile = %s: open", missing)},
	} {
		for _, mode := range []string{"--memory", "--test-api"} {
			_, err := run(t, append([]string{"serve", "--memory", mode, "--listen", anyPort, "--management-listen", "none", "--prometheus-listen", "none"}, test.arguments...)...)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("%v: got %v, want %s", test.arguments, err, test.want)
			}
		}
	}
}

func TestCertificatesBetween(t *testing.T) {
	chain := func(n int) []*x509.Certificate { return make([]*x509.Certificate, n) }
	for _, test := range []struct {
		chains [][]*x509.Certificate
		depth  int
		good   bool
	}{
		{[][]*x509.Certificate{chain(1)}, 1, true},
		{[][]*x509.Certificate{chain(3)}, 1, true},
		{[][]*x509.Certificate{chain(4)}, 1, false},
		{[][]*x509.Certificate{chain(4), chain(3)}, 1, true},
	} {
		if err := notDeeper(test.chains, test.depth); (err == nil) != test.good {
			t.Errorf("%d chains, %d: got %v, want good %v", len(test.chains), test.depth, err, test.good)
		}
	}
}
