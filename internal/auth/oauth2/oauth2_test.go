package oauth2

import (
	"crypto"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/auth/oauth2/oauth2test"
	"github.com/harebellmq/harebell/internal/clock"
)

// A site is a backend that knows the key of an issuer, and a clock moved by hand.
type site struct {
	testing.TB
	*oauth2test.Issuer
	*Backend
	clock *clock.Manual
}

// newSite returns a site whose keys are from a file, unless how has them fetched.
func newSite(t testing.TB, how func(*Options)) *site {
	t.Helper()
	s := &site{TB: t, Issuer: oauth2test.New(t), clock: clock.NewManual(time.Unix(1_000_000, 0))}
	s.Issuer.At(s.clock.Now)
	o := Options{
		ResourceServer: oauth2test.Audience, ScopePrefix: "rabbitmq.",
		Keys:  map[string]crypto.PublicKey{"first": s.Key()},
		Clock: s.clock, Log: zerolog.New(io.Discard),
	}
	if how != nil {
		how(&o)
	}
	s.Backend = New(o)
	return s
}

// fetching has the keys come from the issuer.
func (s *site) fetching(how func(*Options)) *site {
	o := s.options
	o.Keys, o.Issuer, o.TLS = nil, s.URL, s.TLS()
	if how != nil {
		how(&o)
	}
	s.Backend = New(o)
	return s
}

// login logs in with a token.
func (s *site) login(token string) (auth.Identity, error) {
	return s.Login(s.Context(), "whoever", token, nil)
}

// in logs in with a token of some claims, which must be good.
func (s *site) in(c oauth2test.Claims) auth.Identity {
	s.Helper()
	identity, err := s.login(s.Token(c))
	if err != nil {
		s.Fatal(err)
	}
	return identity
}

// refused fails the test unless an error is a refusal for that reason.
func (s *site) refused(err error, why string) {
	s.Helper()
	if !errors.Is(err, auth.ErrRefused) || !strings.Contains(err.Error(), why) {
		s.Errorf("got %v, want a refusal: %s", err, why)
	}
}

func TestTheUsersNameIsAClaim(t *testing.T) {
	tests := []struct {
		name   string
		claims oauth2test.Claims
		want   string
	}{
		{"sub comes first", oauth2test.Claims{"sub": "s", "client_id": "c"}, "s"},
		{"client_id is next", oauth2test.Claims{"client_id": "c"}, "c"},
		{"there may be none", nil, "unknown"},
		{"a preferred claim comes before", oauth2test.Claims{"sub": "s", "email": "e"}, "e"},
		{"in the order of preference", oauth2test.Claims{"sub": "s", "email": "e", "user_name": "u"}, "u"},
		{"a claim that is no text is none", oauth2test.Claims{"sub": "s", "email": 1}, "s"},
		{"nor one that is empty", oauth2test.Claims{"sub": "s", "email": ""}, "s"},
	}
	s := newSite(t, func(o *Options) { o.NameClaims = []string{"user_name", "email"} })
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := s.in(test.claims).User().Name; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	_, err := s.login(s.Token(oauth2test.Claims{"sub": strings.Repeat("x", 256)}))
	s.refused(err, "sub is no name: want UTF-8 text of at most 255 octets")
}

func TestAUserMayBeRefusedByNameAndPlace(t *testing.T) {
	users := &auth.Users{LoopbackOnly: []string{"guest"}}
	s := newSite(t, func(o *Options) { o.Admit = users.MayComeFrom })
	far := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}
	for name, want := range map[string]error{"guest": auth.ErrNotLocal, "ann": nil} {
		_, err := s.Login(t.Context(), "", s.Token(oauth2test.Claims{"sub": name}), far)
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
}

func TestACertificateIsNoToken(t *testing.T) {
	s := newSite(t, nil)
	_, err := s.LoginAs("ann", nil)
	s.refused(err, `"ann" shows no token`)
}
