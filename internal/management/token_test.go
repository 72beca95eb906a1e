package management

import (
	"crypto"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/auth/oauth2"
	"github.com/harebellmq/harebell/internal/auth/oauth2/oauth2test"
)

// bearing has a site let users in by tokens too, of the issuer that it returns.
func (s *site) bearing() *oauth2test.Issuer {
	s.Helper()
	issuer := oauth2test.New(s)
	s.Server.broker.Logins = auth.Backends{s.users, oauth2.New(oauth2.Options{
		ResourceServer: oauth2test.Audience, ScopePrefix: "rabbitmq.", Keys: map[string]crypto.PublicKey{"first": issuer.Key()},
		Admit: s.users.MayComeFrom,
	})}
	return issuer
}

// show asks with the header Authorization.
func (s *site) show(authorization, method, path, body string) *httptest.ResponseRecorder {
	s.Helper()
	return s.ask("", method, path, body, "Authorization", authorization)
}

func TestTokensSayWhoMayDoWhat(t *testing.T) {
	s := newSite(t)
	issuer := s.bearing()
	tests := []struct {
		name         string
		scopes       string
		method, path string
		want         int
		has          string
	}{
		{"no tag", "rabbitmq.read:*/*", "GET", "/api/whoami", 401, "Not management user"},
		{"a tag that is for somebody else", "tag:administrator", "GET", "/api/whoami", 401, "Not management user"},
		{"who it is", "rabbitmq.tag:management", "GET", "/api/whoami", 200, `{"name":"ann","tags":["management"],"is_internal_user":false}`},
		{"too small a tag", "rabbitmq.tag:management", "GET", "/api/users", 401, "Not administrator user"},
		{"the right one", "rabbitmq.tag:administrator", "GET", "/api/users", 200, `"name":"guest"`},
		{"virtual hosts that scopes are about", "rabbitmq.tag:management rabbitmq.read:a%2Fb/x", "GET", "/api/vhosts?columns=name", 200, `[{"name":"a/b"}]`},
		{"without any", "rabbitmq.tag:management", "GET", "/api/vhosts?columns=name", 200, `[]`},
		{"all, with a tag", "rabbitmq.tag:monitoring", "GET", "/api/vhosts?columns=name", 200, `[{"name":"/"},{"name":"a/b"}]`},
		{"one that they are not about", "rabbitmq.tag:management rabbitmq.read:a%2Fb/x", "GET", "/api/vhost-limits/%2F", 401, "User not authorised to access virtual host"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			token := issuer.Token(oauth2test.Claims{"sub": "ann", "scope": test.scopes})
			got := s.show("Bearer "+token, test.method, test.path, "")
			if got.Code != test.want || !strings.Contains(got.Body.String(), test.has) {
				t.Errorf("got %d %s, want %d %s", got.Code, got.Body, test.want, test.has)
			}
		})
	}
}

func TestCredentialsThatAreNone(t *testing.T) {
	s := newSite(t)
	issuer := s.bearing()
	over := issuer.Token(oauth2test.Claims{"scope": "rabbitmq.tag:administrator", "exp": time.Now().Unix()})
	home := issuer.Token(oauth2test.Claims{"sub": "guest", "scope": "rabbitmq.tag:administrator"})
	s.users.LoopbackOnly = []string{"guest"}
	for name, test := range map[string]struct{ authorization, want string }{
		"a token that is over":     {"Bearer " + over, `{"error":"not_authorized","reason":"Not_Authorized"}`},
		"no token":                 {"Bearer ", `{"error":"not_authorized","reason":"Not_Authorized"}`},
		"a password":               {"Bearer guest", `{"error":"not_authorized","reason":"Not_Authorized"}`},
		"another scheme":           {"Digest " + home, ""},
		"a scheme alone":           {"Bearer", ""},
		"a user who stays at home": {"Bearer " + home, `{"error":"not_authorised","reason":"User can only log in via localhost"}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/api/whoami", nil)
			r.RemoteAddr = "192.0.2.1:9999"
			r.Header.Set("Authorization", test.authorization)
			got := httptest.NewRecorder()
			s.ServeHTTP(got, r)
			if got.Code != http.StatusUnauthorized || got.Body.String() != test.want {
				t.Errorf("got %d %s, want %s", got.Code, got.Body, test.want)
			}
		})
	}
}

// TestANamesakeGetsNothing has somebody with a token make a virtual host who is called
// like a user.
func TestANamesakeGetsNothing(t *testing.T) {
	s := newSite(t)
	token := s.bearing().Token(oauth2test.Claims{"sub": "man", "scope": "rabbitmq.tag:administrator"})
	if got := s.show("Bearer "+token, "PUT", "/api/vhosts/new", ""); got.Code != http.StatusCreated {
		t.Fatalf("got %d %s", got.Code, got.Body)
	}
	if _, may := s.users.Permissions("man", "new"); may {
		t.Error("the user has permissions in what the other has made")
	}
}
