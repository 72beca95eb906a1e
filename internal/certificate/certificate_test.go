package certificate

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func makeAuthority(t *testing.T) (dir string, f Files) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "authority")
	f, err := Authority{Hosts: []string{"localhost", "127.0.0.1"}, User: "ann"}.Make(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, f
}

// shake has a client and a server shake hands, and returns what the server knows
// then.
func shake(client, server *tls.Config) (tls.ConnectionState, error) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	failed := make(chan error, 1)
	go func() {
		c := tls.Client(a, client)
		err := c.Handshake()
		if err == nil {
			_, err = c.Read(make([]byte, 1)) // which is where TLS 1.3 hears of a refusal
		}
		failed <- err
	}()
	s := tls.Server(b, server)
	err := s.Handshake()
	if err == nil {
		_, err = s.Write([]byte{0})
	}
	b.Close()
	return s.ConnectionState(), errors.Join(err, <-failed)
}

func TestAuthorityIsGoodForBothSides(t *testing.T) {
	dir, f := makeAuthority(t)
	f.Verify, f.Require = true, true
	k, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, clientFile), filepath.Join(dir, clientKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	roots := k.current.Load().ClientCAs
	for _, host := range []string{"localhost", "127.0.0.1"} {
		state, err := shake(&tls.Config{RootCAs: roots, ServerName: host, Certificates: []tls.Certificate{pair}}, k.Config())
		if err != nil {
			t.Fatalf("%s: %v", host, err)
		}
		if name := state.VerifiedChains[0][0].Subject.CommonName; name != "ann" {
			t.Errorf("the client is %q, want ann", name)
		}
	}
	if _, err := shake(&tls.Config{RootCAs: roots, ServerName: "elsewhere", Certificates: []tls.Certificate{pair}}, k.Config()); err == nil {
		t.Error("another host's name was good enough")
	}
	if _, err := shake(&tls.Config{RootCAs: roots, ServerName: "localhost"}, k.Config()); err == nil {
		t.Error("a client without a certificate was let in")
	}
}

func TestAuthorityIsMadeOnce(t *testing.T) {
	dir, f := makeAuthority(t)
	before, err := os.ReadFile(f.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Authority{}).Make(dir); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(f.Certificate)
	if err != nil || string(after) != string(before) {
		t.Errorf("the certificate has changed, %v", err)
	}
	info, err := os.Stat(f.Key)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %v, %v, want it for its owner alone", info.Mode(), err)
	}
}

func TestFilesThatAreNone(t *testing.T) {
	_, f := makeAuthority(t)
	nothing := filepath.Join(t.TempDir(), "nothing.pem")
	if err := os.WriteFile(nothing, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Files){
		"no certificate":          func(f *Files) { f.Certificate = nothing },
		"no key":                  func(f *Files) { f.Key = "" },
		"no authorities":          func(f *Files) { f.Authorities = nothing },
		"authorities are nowhere": func(f *Files) { f.Authorities = nothing + ".pem" },
	} {
		spoilt := f
		spoil(&spoilt)
		if _, err := Open(spoilt); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}
