package management

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/harebellmq/harebell/internal/auth"
)

// controlled serves the control socket of a site, and returns who asks there.
func controlled(t *testing.T, s *site) *http.Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "control-")
	s.ok(err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	s.ok(err)
	h := &http.Server{Handler: s.Control()}
	go h.Serve(l)
	t.Cleanup(func() { h.Close() })
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
}

func TestTheControlSocketNeedsNoLogin(t *testing.T) {
	s := newSite(t)
	client := controlled(t, s)
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/api/whoami", "", 200},
		{"GET", "/control/broker", "", 200},
		{"PUT", "/api/vhosts/new", "{}", 201},
		{"PUT", "/api/queues/new/q", "{}", 201},
		{"DELETE", "/api/queues/new/q", "", 204},
		{"PUT", "/control/channel-max", `{"value": 9}`, 204},
		{"PUT", "/control/channel-max", `{"value": -9}`, 400},
		{"PUT", "/control/loopback-users", `{"value": ["guest"]}`, 204},
		{"PUT", "/control/loopback-users", `{"value": "guest"}`, 400},
		{"POST", "/control/authentication", `{"username": "mon", "password": "mon"}`, 200},
		{"PUT", "/control/memory-high-watermark", `{"octets": 5}`, 400}, // nobody watches here
		{"PUT", "/control/disk-free-limit", `{"octets": 0}`, 400},
		{"PUT", "/control/log-level", `{"value": "debug"}`, 400},
		{"GET", "/control/settings", "", 404},
		{"POST", "/control/stop", "", 404},
		{"GET", "/control/nothing", "", 404},
	} {
		r, err := http.NewRequest(test.method, "http://harebell"+test.path, strings.NewReader(test.body))
		s.ok(err)
		answer, err := client.Do(r)
		s.ok(err)
		answer.Body.Close()
		if answer.StatusCode != test.want {
			t.Errorf("%s %s %s: got %d, want %d", test.method, test.path, test.body, answer.StatusCode, test.want)
		}
	}
	if _, ok := s.users.Get(auth.Commands); ok {
		t.Error("who comes by the socket has become a user")
	}
}

// TestTheControlSocketIsNoPort hands its requests over from elsewhere, with whatever
// headers might be mistaken for a login.
func TestTheControlSocketIsNoPort(t *testing.T) {
	s := newSite(t)
	over := httptest.NewServer(s.Control())
	defer over.Close()
	for _, header := range []string{"X-Forwarded-For", "Host", "X-Control-Socket"} {
		r, err := http.NewRequest("GET", over.URL+"/control/broker", nil)
		s.ok(err)
		r.Header.Set(header, "@")
		r.SetBasicAuth("guest", "guest")
		answer, err := http.DefaultClient.Do(r)
		s.ok(err)
		answer.Body.Close()
		if answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("over TCP with %s: got %d, want 401", header, answer.StatusCode)
		}
	}
	w := httptest.NewRecorder()
	s.Control().ServeHTTP(w, httptest.NewRequest("GET", "/control/broker", nil))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("from nowhere: got %d, want 401", w.Code)
	}
}
