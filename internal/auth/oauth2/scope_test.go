package oauth2

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/auth/oauth2/oauth2test"
)

func TestWildcards(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "anything/at all", true}, {"**", "x", true},
		{"foo", "foo", true}, {"foo", "fooo", false}, {"foo", "Foo", false},
		{"foo*", "foo", true}, {"foo*", "foobar", true}, {"foo*", "fo", false},
		{"*foo", "foo", true}, {"*foo", "barfoo", true}, {"*foo", "foobar", false}, {"*foo", "foofoo", true},
		{"foo*bar", "foobar", true}, {"foo*bar", "foo-bar", true}, {"foo*bar", "fobar", false}, {"fo*ob", "fob", false},
		{"start*middle*end", "start, middle, end", true}, {"start*middle*end", "start, end", false},
		{"*before*after*", "x before x after x", true}, {"*before*after*", "after before", false},
		{"a*b*c", "a c b c", true}, {"a*bb*b", "abb", false},
		{"%2F", "/", true}, {"%2f", "/", true}, {"a%2Ab", "a*b", true}, {"a%2Ab", "axb", false}, {"100%25", "100%", true},
		{"a+b", "a b", true}, {"%C3%A9*", "e", false}, {"%C3%A9*", "é", true},
		{"%", "%", false}, {"%zz*", "%zz", false}, // not encoded rightly
	}
	for _, test := range tests {
		w, ok := parseWildcard(test.pattern)
		if got := ok && w.match(test.text); got != test.want {
			t.Errorf("%q for %q: got %v, want %v", test.pattern, test.text, got, test.want)
		}
	}
}

func BenchmarkWildcard(b *testing.B) {
	w, _ := parseWildcard(strings.Repeat("a*", 100) + "b")
	text := strings.Repeat("a", 255)
	for b.Loop() {
		if w.match(text) {
			b.Fatal("it matches")
		}
	}
}

func TestWhatScopesAllow(t *testing.T) {
	s := newSite(t, nil)
	session, err := s.in(oauth2test.Claims{"sub": "ann", "scope": []string{
		"rabbitmq.configure:shop/c*", "rabbitmq.write:shop/w*", "rabbitmq.read:*/r*", "rabbitmq.write:%2F/root",
		"rabbitmq.write:shop/amq.default", "rabbitmq.write:shop/t*/eu.*", "rabbitmq.read:shop/t*/{vhost}.{sub}.*",
		"other.write:*/*", "write:*/*", "rabbitmq.write", "rabbitmq.write:*", "rabbitmq.write:*/*/*/*", "rabbitmq.admin:*/*", "rabbitmq.write:%zz/%zz",
		"rabbitmq.write:shop/{sub}", // variables are for topics
	}}).Enter("shop", nil)
	if err != nil {
		t.Fatal(err)
	}
	const who = " in vhost 'shop' refused for user 'ann'"
	tests := []struct {
		name string
		err  error
		want string // "" if allowed
	}{
		{"configure", session.Configure(auth.Queue, "c1"), ""},
		{"write", session.Write(auth.Queue, "w1"), ""},
		{"read, as in any virtual host", session.Read(auth.Exchange, "r1"), ""},
		{"configure what may only be written to", session.Configure(auth.Queue, "w1"), "configure access to queue 'w1'"},
		{"write what another virtual host's scope allows", session.Write(auth.Exchange, "root"), "write access to exchange 'root'"},
		{"read what may only be configured", session.Read(auth.Queue, "c1"), "read access to queue 'c1'"},
		{"the default exchange has a name", session.Publish(""), ""},
		{"know what may be read", session.Know(auth.Queue, "r"), ""},
		{"know what may not be touched", session.Know(auth.Queue, "x"), "configure access to queue 'x'"},
		{"publish", session.Publish("w1"), ""},
		{"publish to another", session.Publish("x"), "write access to exchange 'x'"},
		{"a scope with a key is for the exchange too", session.Write(auth.Exchange, "t1"), ""},
		{"a routing key", session.WriteTopic("t1", "eu.de"), ""},
		{"another", session.WriteTopic("t1", "us.ny"), "write access to topic 'us.ny' in exchange 't1'"},
		{"no key is meant by none", session.WriteTopic("w1", "eu.de"), "write access to topic 'eu.de' in exchange 'w1'"},
		{"a key with names in it", session.ReadTopic("t1", "shop.ann.x"), ""},
		{"another's", session.ReadTopic("t1", "shop.bob.x"), "read access to topic 'shop.bob.x' in exchange 't1'"},
		{"what is written is not meant", session.ReadTopic("t1", "{vhost}.{sub}.x"), "read access to topic '{vhost}.{sub}.x' in exchange 't1'"},
		{"variables elsewhere", session.Write(auth.Queue, "ann"), "write access to queue 'ann'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if test.err != nil {
				got = test.err.Error()
			}
			if test.want == "" && test.err != nil || test.want != "" && !strings.HasSuffix(got, test.want+who) {
				t.Errorf("got %q, want %q", got, test.want+who)
			}
		})
	}
}

func TestVariablesAreTakenAsTheyAre(t *testing.T) {
	s := newSite(t, nil)
	session, err := s.in(oauth2test.Claims{
		"sub": "*", "path": "a/b", "n": 1, "scope": "rabbitmq.write:*/x/{sub} rabbitmq.write:*/x/{path} rabbitmq.write:*/x/{n}",
	}).Enter("v", nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"*": true, "a/b": true, "n": true, "x": false, "1": false, "a": false} {
		if err := session.WriteTopic("x", key); (err == nil) != want {
			t.Errorf("%s: got %v, want allowed %v", key, err, want)
		}
	}
}

func TestAVirtualHostNeedsAScope(t *testing.T) {
	s := newSite(t, nil)
	identity := s.in(oauth2test.Claims{"sub": "ann", "scope": "rabbitmq.read:a*/x rabbitmq.tag:administrator"})
	for vhost, want := range map[string]bool{"a": true, "ab": true, "b": false, "/": false} {
		_, err := identity.Enter(vhost, nil)
		if (err == nil) != want || identity.MayEnter(vhost) != want {
			t.Errorf("%s: got %v, want %v", vhost, err, want)
		}
		if err != nil && err.Error() != "NOT_ALLOWED - access to vhost '"+vhost+"' refused for user 'ann'" {
			t.Errorf("got %v", err)
		}
	}
}

func TestTags(t *testing.T) {
	s := newSite(t, nil)
	identity := s.in(oauth2test.Claims{"scope": "rabbitmq.tag:administrator tag:monitoring rabbitmq.tag:impersonator rabbitmq.read:*/*"})
	want := []string{"administrator", "impersonator"}
	if got := identity.User().Tags; !slices.Equal(got, want) || identity.Internal() {
		t.Errorf("got %q, want %q", got, want)
	}
	session, err := identity.Enter("/", nil)
	if err != nil || !session.Impersonates() {
		t.Errorf("got %v, want somebody who impersonates", err)
	}
}

func TestAnotherTokenTakesItsPlace(t *testing.T) {
	s := newSite(t, nil)
	identity := s.in(oauth2test.Claims{"sub": "ann", "scope": "rabbitmq.write:*/a rabbitmq.tag:impersonator"})
	session, err := identity.Enter("/", nil)
	if err != nil {
		t.Fatal(err)
	}
	publishes := func(exchange string, want bool) {
		t.Helper()
		for range 2 { // from memory the second time
			if err := session.Publish(exchange); (err == nil) != want {
				t.Errorf("%s: got %v, want allowed %v", exchange, err, want)
			}
		}
	}
	publishes("a", true)
	before := identity.Expires()

	s.refused(identity.Renew(t.Context(), s.Token(oauth2test.Claims{"sub": "bob", "scope": "rabbitmq.write:*/*"})), `token of "bob": it is of another user`)
	s.refused(identity.Renew(t.Context(), "secret"), "want three parts")
	s.refused(identity.Renew(t.Context(), s.Token(oauth2test.Claims{"sub": "ann", "exp": s.clock.Now().Unix()})), "it has expired")
	publishes("a", true)
	publishes("b", false)

	if err := identity.Renew(t.Context(), s.Token(oauth2test.Claims{"sub": "ann", "exp": before.Unix() + 1, "scope": "rabbitmq.write:*/b"})); err != nil {
		t.Fatal(err)
	}
	publishes("a", false)
	publishes("b", true)
	if session.Impersonates() || len(identity.User().Tags) > 0 || identity.Expires().Unix() != before.Unix()+1 {
		t.Errorf("it is as before: %+v, expires %v", identity.User(), identity.Expires())
	}
	session.OpenChannel() // nobody counts
	session.CloseChannel()
	session.Leave()
}

func BenchmarkMay(b *testing.B) {
	s := newSite(b, nil)
	identity := s.in(oauth2test.Claims{"scope": "rabbitmq.write:*/a* rabbitmq.write:*/b* rabbitmq.write:*/amq.topic/eu.* rabbitmq.read:*/*"})
	session, err := identity.Enter("/", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if session.Publish("amq.topic") != nil || session.WriteTopic("amq.topic", "eu.de") != nil {
			b.Fatal("refused")
		}
	}
}

// FuzzWildcard compares wildcards with the regular expressions they amount to.
func FuzzWildcard(f *testing.F) {
	f.Add("a*b*", "a-b-c")
	f.Add("*aa*a", "aaa")
	f.Add("%2A*", "*")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		w, ok := parseWildcard(pattern)
		if !ok || !utf8.ValidString(text) || !utf8.ValidString(strings.Join(w, "")) {
			return
		}
		var parts []string
		for _, part := range w {
			parts = append(parts, regexp.QuoteMeta(part))
		}
		want := regexp.MustCompile(`(?s)\A` + strings.Join(parts, ".*") + `\z`).MatchString(text)
		if got := w.match(text); got != want {
			t.Errorf("%q for %q: got %v, want %v", pattern, text, got, want)
		}
	})
}
