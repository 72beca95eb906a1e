package config

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// tokens are the fewest settings of tokens, as lines of a file.
const tokens = "auth_backends.1 = oauth2\nauth_oauth2.resource_server_id = rabbitmq\nauth_oauth2.issuer = https://id.example.com/realm\n"

// read reads a file, and returns what is in force.
func read(t *testing.T, text string) Config {
	t.Helper()
	s := Defaults()
	if err := s.ReadFile("h.conf", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return s.Config()
}

func TestSettingsOfTokens(t *testing.T) {
	tests := []struct {
		name, file string
		want       func(*Config)
	}{
		{"the fewest", "", func(*Config) {}},
		{"backends have two names", "auth_backends.1 = rabbit_auth_backend_oauth2\nauth_backends.2 = rabbit_auth_backend_internal",
			func(c *Config) { c.AuthBackends = []string{"oauth2", "internal"} }},
		{"numbers say what comes first, not lines", "auth_backends.10 = internal\nauth_backends.2 = oauth2",
			func(c *Config) { c.AuthBackends = []string{"oauth2", "oauth2", "internal"} }},
		{"a number that comes again counts instead", "auth_backends.2 = internal\nauth_backends.2 = oauth2\nauth_backends.1 = internal",
			func(c *Config) { c.AuthBackends = []string{"internal", "oauth2"} }},
		{"a prefix", "auth_oauth2.scope_prefix = api://", func(c *Config) { c.OAuth2.ScopePrefix = "api://" }},
		{"no prefix", "auth_oauth2.scope_prefix = ''", func(c *Config) { c.OAuth2.ScopePrefix = "" }},
		{"keys by their ids, which may have dots", "auth_oauth2.signing_keys.a.b = ab.pem\nauth_oauth2.signing_keys.c = c.pem\nauth_oauth2.default_key = c",
			func(c *Config) {
				c.OAuth2.SigningKeys, c.OAuth2.DefaultKey = map[string]string{"a.b": "ab.pem", "c": "c.pem"}, "c"
			}},
		{"an older name", "auth_oauth2.jwks_url = https://id/keys\nauth_oauth2.https.verify = verify_none",
			func(c *Config) { c.OAuth2.JWKSURI, c.OAuth2.VerifyPeer = "https://id/keys", false }},
		{"claims in their order", "auth_oauth2.preferred_username_claims.2 = email\nauth_oauth2.preferred_username_claims.1 = user_name",
			func(c *Config) { c.OAuth2.PreferredUsernameClaims = []string{"user_name", "email"} }},
		{"several claims with scopes", "auth_oauth2.additional_scopes_key = roles realm.access",
			func(c *Config) { c.OAuth2.AdditionalScopes = []string{"roles", "realm.access"} }},
		{"algorithms", "auth_oauth2.algorithms.1 = ES256\nauth_oauth2.algorithms.2 = RS256",
			func(c *Config) { c.OAuth2.Algorithms = []string{"ES256", "RS256"} }},
		{"aliases, with or without dots", "auth_oauth2.scope_aliases.admin = a  b\n" +
			"auth_oauth2.scope_aliases.1.alias = api://dev.All\nauth_oauth2.scope_aliases.1.scope = c d",
			func(c *Config) {
				c.OAuth2.ScopeAliases = map[string][]string{"admin": {"a", "b"}, "api://dev.All": {"c", "d"}}
			}},
		{"what is not checked", "auth_oauth2.verify_aud = false\nauth_oauth2.require_exp = false",
			func(c *Config) { c.OAuth2.VerifyAud, c.OAuth2.RequireExp = false, false }},
		{"how the issuer is spoken to", "auth_oauth2.https.cacertfile = ca.pem\nauth_oauth2.https.depth = 5\n" +
			"auth_oauth2.https.hostname_verification = wildcard\nauth_oauth2.https.crl_check = false",
			func(c *Config) { c.OAuth2.CACertFile, c.OAuth2.Depth = "ca.pem", 5 }},
		{"where it is asked", "auth_oauth2.discovery_endpoint_path = /x\nauth_oauth2.discovery_endpoint_params.appid = 1",
			func(c *Config) { c.OAuth2.DiscoveryPath, c.OAuth2.DiscoveryParams = "/x", url.Values{"appid": {"1"}} }},
		{"rich requests", "auth_oauth2.resource_server_type = broker", func(c *Config) { c.OAuth2.ResourceServerType = "broker" }},
		{"what only RabbitMQ's pages need", "auth_oauth2.token_endpoint = https://id/token", func(*Config) {}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := read(t, tokens)
			test.want(&want)
			got := read(t, tokens+test.file)
			got.OAuth2.prefixed, got.OAuth2.aliases = false, nil
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if err := got.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhereTheIssuerIsAsked(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{tokens, "https://id.example.com/realm/.well-known/openid-configuration"},
		{strings.ReplaceAll(tokens, "/realm", "/"), "https://id.example.com/.well-known/openid-configuration"},
		{tokens + "auth_oauth2.discovery_endpoint_path = a/b\nauth_oauth2.discovery_endpoint_params.x = 1 2", "https://id.example.com/realm/a/b?x=1+2"},
		{strings.ReplaceAll(tokens, "issuer", "jwks_uri"), ""},
	} {
		c := read(t, test.file)
		if got := c.OAuth2.DiscoveryURL(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.file, got, test.want)
		}
	}
}

func TestMistakesInSettingsOfTokens(t *testing.T) {
	tests := []struct{ line, want string }{
		{"auth_backends.1 = ldap", "h.conf:1: auth_backends.1 = ldap: want internal or oauth2"},
		{"auth_backends.1.authn = oauth2", "h.conf:1: auth_backends.1.authn: want internal or oauth2 for auth_backends and a number: " +
			"who lets a user in also says what that one may do"},
		{"auth_oauth2.jwks_uri = http://id/keys", "h.conf:1: auth_oauth2.jwks_uri = http://id/keys: want an address with https, such as https://id.example.com/realm"},
		{"auth_oauth2.issuer = id", "h.conf:1: auth_oauth2.issuer = id: want an address with https, such as https://id.example.com/realm"},
		{"auth_oauth2.algorithms.1 = HS256", "h.conf:1: auth_oauth2.algorithms.1 = HS256: want one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA; " +
			"with HS256 and its like whoever may verify a token could make one"},
		{"auth_oauth2.algorithms.1 = none", "h.conf:1: auth_oauth2.algorithms.1 = none: want one of"},
		{"auth_oauth2.verify_aud = no", "h.conf:1: auth_oauth2.verify_aud = no: want true or false"},
		{"auth_oauth2.https.depth = deep", "h.conf:1: auth_oauth2.https.depth = deep: want a number from 1 to 255"},
		{"auth_oauth2.https.peer_verification = yes", "h.conf:1: auth_oauth2.https.peer_verification = yes: want verify_peer or verify_none"},
		{"auth_oauth2.https.hostname_verification = none", "h.conf:1: auth_oauth2.https.hostname_verification = none: want wildcard, as names of hosts are always looked at"},
		{"auth_oauth2.https.crl_check = true", "h.conf:1: auth_oauth2.https.crl_check = true: want false, as lists of revoked certificates are not looked at"},
		{"auth_oauth2.scope_pattern_syntax = regex", "h.conf:1: auth_oauth2.scope_pattern_syntax = regex: want wildcard, the only one there is"},
		{"auth_oauth2.resource_servers.1.id = a", "h.conf:1: auth_oauth2.resource_servers.1.id: want auth_oauth2.resource_server_id, as there is one resource server"},
		{"auth_oauth2.oauth_providers.a.issuer = https://a", "h.conf:1: auth_oauth2.oauth_providers.a.issuer: want auth_oauth2.issuer, as there is one provider"},
		{"auth_oauth2.default_oauth_provider = a", "h.conf:1: auth_oauth2.default_oauth_provider: want auth_oauth2.issuer, as there is one provider"},
		{"auth_oauth2.proxy.host = a", "h.conf:1: auth_oauth2.proxy.host: want HTTPS_PROXY in the environment"},
		{"auth_oauth2.resource_server = a", "h.conf:1: auth_oauth2.resource_server: there is no such key"},
		{"auth_oauth2.preferred_username_claims.first = a", "h.conf:1: auth_oauth2.preferred_username_claims.first: there is no such key"},
		{"auth_oauth2.signing_keys.a =", "h.conf:1: auth_oauth2.signing_keys.a = a=: want a file, for the id of a key"},
		{"auth_oauth2.scope_aliases.a =", "h.conf:1: auth_oauth2.scope_aliases.a = a=: want scopes, separated by blanks, for an alias"},
		{"auth_oauth2.additional_scopes_key = ' '", "h.conf:1: auth_oauth2.additional_scopes_key =  : want names of claims, separated by blanks"},
	}
	for _, test := range tests {
		err := Defaults().ReadFile("h.conf", strings.NewReader(test.line))
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", test.line, err, test.want)
		}
	}
}

func TestSettingsOfTokensThatDoNotFit(t *testing.T) {
	const file = "auth_backends.1 = oauth2\nauth_oauth2.resource_server_id = rabbitmq\nauth_oauth2.signing_keys.a = a.pem\n"
	tests := []struct{ name, file, want string }{
		{"they need the backend", "auth_oauth2.resource_server_id = rabbitmq",
			"settings of auth_oauth2 mean nothing without that backend: want auth_backends.1 = oauth2 too, or --auth-backends oauth2"},
		{"and the backend needs them", "auth_backends.1 = oauth2",
			"auth_oauth2.resource_server_id: want one, as backend oauth2 takes tokens that are for it\n" +
				"backend oauth2 has no key to verify tokens with: want auth_oauth2.issuer, auth_oauth2.jwks_uri or auth_oauth2.signing_keys"},
		{"a key that is not there", file + "auth_oauth2.default_key = b", "auth_oauth2.default_key = b: want one of auth_oauth2.signing_keys"},
		{"nothing is fetched", file + "auth_oauth2.https.depth = 1",
			"settings of auth_oauth2.https mean nothing if there is nothing to fetch: want auth_oauth2.issuer or auth_oauth2.jwks_uri too"},
		{"nobody is asked", file + "auth_oauth2.discovery_endpoint_path = x",
			"settings of auth_oauth2.discovery_endpoint mean nothing if the issuer is not asked for its keys: want auth_oauth2.issuer, and no auth_oauth2.jwks_uri"},
		{"half an alias", file + "auth_oauth2.scope_aliases.1.alias = a", "auth_oauth2.scope_aliases.1.alias: want auth_oauth2.scope_aliases.1.scope too"},
		{"the other half", file + "auth_oauth2.scope_aliases.1.scope = a", "auth_oauth2.scope_aliases.1.scope: want auth_oauth2.scope_aliases.1.alias too"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := read(t, test.file).Check(); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
	if err := Defaults().Config().Check(); err != nil {
		t.Error(err)
	}
}

func TestTokensOnTheCommandLine(t *testing.T) {
	s := Defaults()
	err := s.ReadEnvironment(environment("HAREBELL_AUTH_BACKENDS=oauth2, internal", "HAREBELL_OAUTH2_RESOURCE_SERVER_ID=rabbitmq",
		"HAREBELL_OAUTH2_SIGNING_KEY=a=a.pem,b=b.pem", "HAREBELL_OAUTH2_VERIFY_AUD=false"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetFlag("oauth2-scope-alias", "admin=a b", "dev=c"); err != nil {
		t.Fatal(err)
	}
	want := Defaults().Config()
	want.AuthBackends = []string{"oauth2", "internal"}
	want.OAuth2 = OAuth2{
		ResourceServerID: "rabbitmq", ScopePrefix: "rabbitmq.", SigningKeys: map[string]string{"a": "a.pem", "b": "b.pem"},
		ScopeAliases: map[string][]string{"admin": {"a", "b"}, "dev": {"c"}}, RequireExp: true, VerifyPeer: true,
	}
	if got := s.Config(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
