package oauth2

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/auth/oauth2/oauth2test"
)

// A book is a log to look into.
type book struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// count returns how often something is in the book.
func (b *book) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.text.String(), text)
}

// settled waits for a fetch that is under way.
func (s *site) settled() {
	s.keys.mu.Lock()
	pending := s.keys.fetching
	s.keys.mu.Unlock()
	if pending != nil {
		<-pending
	}
}

// askedFor fails the test unless the issuer has been asked so often.
func (s *site) askedFor(times int) {
	s.Helper()
	s.settled()
	if got := s.Asked(); got != times {
		s.Errorf("the issuer was asked %d times, want %d", got, times)
	}
}

func TestKeysAreFetchedWhenTheyAreNeeded(t *testing.T) {
	for name, how := range map[string]func(s *site) func(*Options){
		"from where the issuer says": func(*site) func(*Options) { return nil },
		"from a given address":       func(s *site) func(*Options) { return func(o *Options) { o.Issuer, o.KeysURL = "", s.KeysURL } },
		"from what a given address says": func(s *site) func(*Options) {
			return func(o *Options) {
				o.Issuer, o.DiscoveryURL = "", s.URL+"/.well-known/openid-configuration?app=1"
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			s = s.fetching(how(s))
			s.askedFor(0)
			for range 3 {
				s.in(nil)
			}
			s.askedFor(1)
		})
	}
}

func TestKeysCanBeFetchedBeforehand(t *testing.T) {
	s := newSite(t, nil).fetching(nil)
	s.Warm()
	s.Warm()
	s.askedFor(1)
	s.in(nil)
	s.askedFor(1)
	newSite(t, nil).Warm() // there is nothing to fetch
}

func TestANewKeyIsFetched(t *testing.T) {
	s := newSite(t, nil).fetching(nil)
	old := s.Token(nil)
	s.in(nil)
	s.Rotate("second")
	_, err := s.login(s.Token(nil))
	s.refused(err, `key "second" is not known`) // too soon to ask again
	s.askedFor(1)
	s.clock.Advance(fetchPause)
	s.in(nil)
	s.askedFor(2)
	_, err = s.login(old)
	s.refused(err, `key "first" is not known`)
}

func TestUnknownKeysDoNotHammerTheIssuer(t *testing.T) {
	s := newSite(t, nil).fetching(nil)
	s.in(nil)
	strange := s.signed(map[string]any{"alg": "RS256", "kid": "x"}, nil, unsigned)
	for second := range 31 {
		for range 10 {
			_, err := s.login(strange)
			s.refused(err, `key "x" is not known`)
		}
		if second < 30 {
			s.clock.Advance(time.Second)
		}
	}
	s.askedFor(4)
	s.in(nil)
}

func TestManyWaitForOneFetch(t *testing.T) {
	s := newSite(t, nil).fetching(nil)
	token := s.Token(nil)
	hold, asked := make(chan struct{}), make(chan struct{}, 1)
	s.Answer(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-hold
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	var waiting sync.WaitGroup
	for range 20 {
		waiting.Go(func() {
			_, err := s.login(token)
			s.refused(err, `key "first" is not known, and the issuer's keys cannot be fetched`)
		})
	}
	<-asked
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the client has gone"))
	_, err := s.Login(gone, "", token, nil)
	s.refused(err, "the client has gone")
	close(hold)
	waiting.Wait()
	s.askedFor(1)
}

func TestTroubleWithTheIssuerIsToldOnce(t *testing.T) {
	var log book
	s := newSite(t, func(o *Options) { o.Log = zerolog.New(&log) }).fetching(nil)
	answers := []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"an error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) }, "answers 502 Bad Gateway"},
		{"text", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, "does not answer with JSON as it should be"},
		{"no keys", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"keys":[]}`)) }, "has no key to verify tokens with"},
		{"keys for something else", func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"keys":[{"kty":"oct","kid":"a","k":"AAAA"},{"kty":"OKP","crv":"Ed25519","use":"enc","kid":"b","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
		}, "has no key to verify tokens with"},
		{"too much", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, answerMost+1)) }, "answers with more than 1048576 octets"},
		{"elsewhere, without TLS", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "want an address with https"},
		{"in circles", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, s.KeysURL, http.StatusFound) }, "it leads from one place to the next"},
	}
	for _, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			log.mu.Lock()
			log.text.Reset()
			log.mu.Unlock()
			s.TB = t
			s.Answer(test.answer)
			for range 3 {
				_, err := s.login(s.Token(nil))
				s.refused(err, "the issuer's keys cannot be fetched")
				s.clock.Advance(fetchPause)
			}
			if log.count("not fetched") != 1 || log.count(test.want) != 1 {
				t.Errorf("log: got %s, want once %s", log.text.String(), test.want)
			}
			s.Answer(nil)
			s.in(nil)
			if log.count("keys for tokens fetched") != 1 {
				t.Errorf("log: got %s", log.text.String())
			}
			s.Backend = New(s.options) // which knows nothing yet
		})
	}
}

func TestTheIssuersCertificateIsLookedAt(t *testing.T) {
	var log book
	s := newSite(t, func(o *Options) { o.Log = zerolog.New(&log) }).fetching(func(o *Options) { o.TLS = nil })
	_, err := s.login(s.Token(nil))
	s.refused(err, "the issuer's keys cannot be fetched")
	s.askedFor(0)
	if log.count("certificate") == 0 {
		t.Errorf("log: got %s", log.text.String())
	}
}

func TestKeysGrowOld(t *testing.T) {
	var log book
	s := newSite(t, func(o *Options) { o.Log = zerolog.New(&log) }).fetching(nil)
	token := s.Token(oauth2test.Claims{"exp": s.clock.Now().Add(24 * time.Hour).Unix()})
	in := func(want bool) {
		t.Helper()
		if _, err := s.login(token); (err == nil) != want {
			t.Errorf("got %v, want let in %v", err, want)
		}
		s.settled()
	}
	in(true)
	s.clock.Advance(keysAge - time.Second)
	in(true)
	s.askedFor(1)
	s.clock.Advance(time.Second)
	s.Answer(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) })
	in(true) // and what is known still counts, while the issuer is away
	s.askedFor(2)
	in(true)
	s.askedFor(2)
	s.Answer(nil)
	s.Rotate("second") // the first is withdrawn
	s.clock.Advance(fetchPause)
	in(true) // nobody waits
	s.askedFor(3)
	in(false)
}

func TestAFetchedKeyComesBeforeOneOfAFile(t *testing.T) {
	s := newSite(t, nil)
	file := s.options.Keys
	s.Rotate("first")
	s = s.fetching(func(o *Options) { o.Keys = file })
	_, err := s.login(s.Token(nil))
	s.refused(err, `it is not signed with key "first"`) // the file's will do until others are asked for
	s.Warm()
	s.settled()
	s.in(nil)
}
