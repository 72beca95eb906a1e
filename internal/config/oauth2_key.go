package config

import (
	"net/url"
	"slices"
	"strings"
)

var (
	backends = map[string]string{
		Internal: Internal, "rabbit_auth_backend_internal": Internal,
		Tokens: Tokens, "rabbit_auth_backend_oauth2": Tokens,
	}
	algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)

// oauth2Keys are the settings of who may log in how.
var oauth2Keys = []*key{
	{
		name: "auth_backends", flag: "auth-backends", standard: Internal, several: true, numbered: true,
		usage: "`names` of who decides on logins, in their order: internal, by users and passwords, or oauth2, by tokens",
		want:  "internal or oauth2",
		parse: func(c *Config, v string) bool {
			backend, ok := backends[v]
			c.AuthBackends = append(c.AuthBackends, backend)
			return ok
		},
	}, {
		name: "auth_oauth2.resource_server_id", flag: "oauth2-resource-server-id",
		usage: "`name` of this broker in the audience of tokens",
		want:  "a name",
		parse: func(c *Config, v string) bool { return parseText(&c.OAuth2.ResourceServerID, v) },
	}, {
		name: "auth_oauth2.issuer", flag: "oauth2-issuer",
		usage: "`address` of who makes tokens, which must be their iss, and where to find out where its keys are",
		want:  wantHTTPS,
		parse: func(c *Config, v string) bool { return parseHTTPS(&c.OAuth2.Issuer, v) },
	}, {
		name: "auth_oauth2.jwks_uri", flag: "oauth2-jwks-uri",
		usage: "`address` of the keys that tokens are signed with, if the issuer is not to say so",
		want:  wantHTTPS,
		parse: func(c *Config, v string) bool { return parseHTTPS(&c.OAuth2.JWKSURI, v) },
	}, {
		name: "auth_oauth2.discovery_endpoint_path", flag: "oauth2-discovery-endpoint-path",
		usage: "`path` behind the issuer's address where it says where its keys are (default: .well-known/openid-configuration)",
		want:  "a path",
		parse: func(c *Config, v string) bool { return parseText(&c.OAuth2.DiscoveryPath, v) },
	}, {
		name: "auth_oauth2.discovery_endpoint_params", flag: "oauth2-discovery-endpoint-param", several: true, named: true,
		usage: "parameter of that address, as `name=value`",
		want:  "name=value",
		parse: func(c *Config, v string) bool {
			name, value, ok := strings.Cut(v, "=")
			if c.OAuth2.DiscoveryParams == nil {
				c.OAuth2.DiscoveryParams = make(url.Values)
			}
			c.OAuth2.DiscoveryParams.Set(name, value)
			return ok && name != ""
		},
	}, {
		name: "auth_oauth2.https.cacertfile", flag: "oauth2-https-cacertfile",
		usage: "`file` with the authorities whose certificates those addresses may have (default: the system's)",
		want:  "a file",
		parse: func(c *Config, v string) bool { return parseText(&c.OAuth2.CACertFile, v) },
	}, {
		name: "auth_oauth2.https.peer_verification", flag: "oauth2-https-peer-verification", standard: "verify_peer",
		usage: "`whether` to look at those certificates, without which anybody could say what the keys are: verify_peer or verify_none",
		want:  "verify_peer or verify_none",
		parse: func(c *Config, v string) bool {
			c.OAuth2.VerifyPeer = v == "verify_peer"
			return c.OAuth2.VerifyPeer || v == "verify_none"
		},
	}, {
		name: "auth_oauth2.https.depth", flag: "oauth2-https-depth",
		usage: "`number` of certificates that may be between one and its authority (default: any)",
		want:  "a number from 1 to 255",
		parse: func(c *Config, v string) bool {
			n, ok := parseNumber(v, 1, 255)
			c.OAuth2.Depth = int(n)
			return ok
		},
	}, {
		name:  "auth_oauth2.https.hostname_verification",
		want:  "wildcard, as names of hosts are always looked at",
		parse: func(_ *Config, v string) bool { return v == "wildcard" },
	}, {
		name:  "auth_oauth2.https.crl_check",
		want:  "false, as lists of revoked certificates are not looked at",
		parse: func(_ *Config, v string) bool { return v == "false" },
	}, {
		name: "auth_oauth2.signing_keys", flag: "oauth2-signing-key", several: true, named: true,
		usage: "file with a public key that tokens are signed with, as `kid=file`",
		want:  "a file, for the id of a key",
		parse: func(c *Config, v string) bool {
			id, file, _ := strings.Cut(v, "=")
			put(&c.OAuth2.SigningKeys, id, file)
			return id != "" && file != ""
		},
	}, {
		name: "auth_oauth2.default_key", flag: "oauth2-default-key",
		usage: "`kid` of the key that is meant by a token which names none",
		want:  "the id of a key",
		parse: func(c *Config, v string) bool { return parseText(&c.OAuth2.DefaultKey, v) },
	}, {
		name: "auth_oauth2.algorithms", flag: "oauth2-algorithms", several: true, numbered: true,
		usage: "`algorithm` that tokens may be signed by (default: any of a public key)",
		want:  "one of " + strings.Join(algorithms, ", ") + "; with HS256 and its like whoever may verify a token could make one",
		parse: func(c *Config, v string) bool {
			c.OAuth2.Algorithms = append(c.OAuth2.Algorithms, v)
			return slices.Contains(algorithms, v)
		},
	}, {
		name: "auth_oauth2.verify_aud", flag: "oauth2-verify-aud", standard: "true",
		usage: "refuse tokens that are not for this broker; --oauth2-verify-aud=false takes them",
		want:  wantBool,
		parse: func(c *Config, v string) bool { return parseBool(&c.OAuth2.VerifyAud, v) },
	}, {
		name: "auth_oauth2.require_exp", flag: "oauth2-require-exp", standard: "true",
		usage: "refuse tokens that never expire; --oauth2-require-exp=false takes them",
		want:  wantBool,
		parse: func(c *Config, v string) bool { return parseBool(&c.OAuth2.RequireExp, v) },
	}, {
		name: "auth_oauth2.preferred_username_claims", flag: "oauth2-preferred-username-claims", several: true, numbered: true,
		usage: "`claim` with the name of the user, before sub and client_id",
		want:  "the name of a claim",
		parse: func(c *Config, v string) bool {
			c.OAuth2.PreferredUsernameClaims = append(c.OAuth2.PreferredUsernameClaims, v)
			return v != ""
		},
	}, {
		name: "auth_oauth2.scope_prefix", flag: "oauth2-scope-prefix",
		usage: "`text` with which scopes for this broker begin; it may be empty (default: the resource server's id and a dot)",
		want:  "a text",
		parse: func(c *Config, v string) bool {
			c.OAuth2.ScopePrefix, c.OAuth2.prefixed = v, true
			return true
		},
	}, {
		name: "auth_oauth2.additional_scopes_key", flag: "oauth2-additional-scopes-key",
		usage: "`claims` with more scopes, separated by blanks; dots lead into a claim",
		want:  "names of claims, separated by blanks",
		parse: func(c *Config, v string) bool {
			c.OAuth2.AdditionalScopes = strings.Fields(v)
			return len(c.OAuth2.AdditionalScopes) > 0
		},
	}, {
		name: "auth_oauth2.scope_aliases", flag: "oauth2-scope-alias", several: true, named: true,
		usage: "scopes that another stands for, separated by blanks, as `alias=scopes`",
		want:  "scopes, separated by blanks, for an alias",
		parse: parseAlias,
	}, {
		name: "auth_oauth2.resource_server_type", flag: "oauth2-resource-server-type",
		usage: "`type` of the rich authorization requests that are for this broker",
		want:  "a type",
		parse: func(c *Config, v string) bool { return parseText(&c.OAuth2.ResourceServerType, v) },
	}, {
		name:  "auth_oauth2.scope_pattern_syntax",
		want:  "wildcard, the only one there is",
		parse: func(_ *Config, v string) bool { return v == "wildcard" },
	},
}

const wantHTTPS = "an address with https, such as https://id.example.com/realm"

// refused are keys of RabbitMQ's that cannot be left out without somebody being let
// in who should not be, or the other way round. Those ending in a dot stand for all
// that begin so.
var refused = map[string]string{
	"auth_backends.":                     "want internal or oauth2 for auth_backends and a number: who lets a user in also says what that one may do",
	"auth_oauth2.resource_servers.":      "want auth_oauth2.resource_server_id, as there is one resource server",
	"auth_oauth2.oauth_providers.":       "want auth_oauth2.issuer, as there is one provider",
	"auth_oauth2.default_oauth_provider": "want auth_oauth2.issuer, as there is one provider",
	"auth_oauth2.proxy.":                 "want HTTPS_PROXY in the environment",
}

// refusal returns what would be right instead of a key, "" for one that is not
// refused.
func refusal(name string) string {
	for prefix, why := range refused {
		if name == prefix || strings.HasSuffix(prefix, ".") && strings.HasPrefix(name, prefix) {
			return why
		}
	}
	return ""
}

// parseAlias reads "alias=scopes", or one of the two lines for an alias with dots:
//
//	auth_oauth2.scope_aliases.1.alias = api://developer.all
//	auth_oauth2.scope_aliases.1.scope = rabbitmq.read:*/* rabbitmq.write:*/*
func parseAlias(c *Config, v string) bool {
	alias, scopes, ok := strings.Cut(v, "=")
	if strings.HasSuffix(alias, ".alias") || strings.HasSuffix(alias, ".scope") {
		put(&c.OAuth2.aliases, alias, scopes)
		return scopes != ""
	}
	put(&c.OAuth2.ScopeAliases, alias, strings.Fields(scopes))
	return ok && alias != "" && len(strings.Fields(scopes)) > 0
}

func put[V any](m *map[string]V, name string, value V) {
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[name] = value
}

func parseHTTPS(dst *string, v string) bool {
	*dst = v
	u, err := url.Parse(v)
	return err == nil && u.Scheme == "https" && u.Host != ""
}
