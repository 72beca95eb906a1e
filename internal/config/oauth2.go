package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// OAuth2 is how tokens are read, by the names that RabbitMQ's plugin has for it.
type OAuth2 struct {
	ResourceServerID        string
	ResourceServerType      string
	ScopePrefix             string // ResourceServerID and a dot, unless it is given
	AdditionalScopes        []string
	ScopeAliases            map[string][]string
	PreferredUsernameClaims []string
	VerifyAud               bool
	RequireExp              bool

	SigningKeys     map[string]string // files by the ids of their keys
	DefaultKey      string
	Algorithms      []string
	JWKSURI         string
	Issuer          string
	DiscoveryPath   string
	DiscoveryParams url.Values
	CACertFile      string
	VerifyPeer      bool
	Depth           int // certificates between the issuer's and its authority; 0 for any number

	prefixed bool              // ScopePrefix is given, though it may be empty
	aliases  map[string]string // parts of ScopeAliases, by "1.alias" and "1.scope"
}

// The backends that there are.
const (
	Internal = "internal"
	Tokens   = "oauth2"
)

// complete makes of what is given in parts what is meant.
func (o *OAuth2) complete() {
	if !o.prefixed && o.ResourceServerID != "" {
		o.ScopePrefix = o.ResourceServerID + "."
	}
	for part, alias := range o.aliases {
		if number, ok := strings.CutSuffix(part, ".alias"); ok {
			put(&o.ScopeAliases, alias, strings.Fields(o.aliases[number+".scope"]))
		}
	}
}

// fetches reports whether keys are to be fetched.
func (o *OAuth2) fetches() bool { return o.Issuer != "" || o.JWKSURI != "" }

// DiscoveryURL returns where the issuer says where its keys are, "" if there is no
// issuer.
func (o *OAuth2) DiscoveryURL() string {
	if o.Issuer == "" {
		return ""
	}
	path := o.DiscoveryPath
	if path == "" {
		path = ".well-known/openid-configuration"
	}
	address := strings.TrimSuffix(o.Issuer, "/") + "/" + strings.TrimPrefix(path, "/")
	if len(o.DiscoveryParams) > 0 {
		address += "?" + o.DiscoveryParams.Encode()
	}
	return address
}

// checkLogins says what is wrong with settings of logins that are good one by one.
func (c *Config) checkLogins() error {
	o := &c.OAuth2
	if !slices.Contains(c.AuthBackends, Tokens) {
		if none := Defaults().Config().OAuth2; !reflect.DeepEqual(*o, none) {
			return errors.New("settings of auth_oauth2 mean nothing without that backend: want auth_backends.1 = oauth2 too, or --auth-backends oauth2")
		}
		return nil
	}
	var mistakes []error
	mistake := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	if o.ResourceServerID == "" {
		mistake("auth_oauth2.resource_server_id: want one, as backend oauth2 takes tokens that are for it")
	}
	if !o.fetches() && len(o.SigningKeys) == 0 {
		mistake("backend oauth2 has no key to verify tokens with: want auth_oauth2.issuer, auth_oauth2.jwks_uri or auth_oauth2.signing_keys")
	}
	if !o.fetches() && o.DefaultKey != "" && o.SigningKeys[o.DefaultKey] == "" {
		mistake("auth_oauth2.default_key = %s: want one of auth_oauth2.signing_keys", o.DefaultKey)
	}
	if !o.fetches() && (o.CACertFile != "" || !o.VerifyPeer || o.Depth > 0) {
		mistake("settings of auth_oauth2.https mean nothing if there is nothing to fetch: want auth_oauth2.issuer or auth_oauth2.jwks_uri too")
	}
	if (o.Issuer == "" || o.JWKSURI != "") && (o.DiscoveryPath != "" || len(o.DiscoveryParams) > 0) {
		mistake("settings of auth_oauth2.discovery_endpoint mean nothing if the issuer is not asked for its keys: want auth_oauth2.issuer, and no auth_oauth2.jwks_uri")
	}
	for _, part := range slices.Sorted(maps.Keys(o.aliases)) {
		number, half := part[:strings.LastIndex(part, ".")], part[strings.LastIndex(part, ".")+1:]
		other := map[string]string{"alias": "scope", "scope": "alias"}[half]
		if o.aliases[number+"."+other] == "" {
			mistake("auth_oauth2.scope_aliases.%s: want auth_oauth2.scope_aliases.%s.%s too", part, number, other)
		}
	}
	return errors.Join(mistakes...)
}
