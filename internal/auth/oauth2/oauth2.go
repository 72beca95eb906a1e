// Package oauth2 lets users in by JSON Web Tokens, as RabbitMQ's plugin
// rabbitmq_auth_backend_oauth2 does: a token is shown as the password, its claims
// say who it is and until when, and its scopes what that one may do.
//
//	tokens := oauth2.New(oauth2.Options{ResourceServer: "rabbitmq", ScopePrefix: "rabbitmq.", Issuer: "https://id.example.com"})
//	ann, err := tokens.Login(ctx, "", token, conn.RemoteAddr())
//	session, err := ann.Enter("/", evict)
//
// keys.go keeps the keys by which tokens are verified, and fetch.go has them from the
// issuer; token.go verifies a token, claims.go finds its scopes and scope.go reads
// them. The package never asks the issuer about a token, and never makes one. It
// alone knows the library for JOSE.
package oauth2

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/go-jose/go-jose/v4"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/clock"
)

// Options are how tokens are read. Their names in RabbitMQ's file are behind them.
type Options struct {
	ResourceServer   string              // resource_server_id: who must be in a token's audience
	ResourceType     string              // resource_server_type: of rich authorization requests; "" for none
	ScopePrefix      string              // scope_prefix: scopes that begin otherwise are not for us
	AdditionalScopes []string            // additional_scopes_key: paths of claims, with dots
	Aliases          map[string][]string // scope_aliases: scopes that stand for others
	NameClaims       []string            // preferred_username_claims: before sub and client_id
	AnyAudience      bool                // verify_aud = false
	Lasting          bool                // require_exp = false

	Algorithms   []string // algorithms: none means all that there are
	DefaultKey   string   // default_key: of tokens that name none
	Keys         map[string]crypto.PublicKey
	KeysURL      string      // jwks_uri: where to fetch keys; "" means where the issuer says
	Issuer       string      // issuer: who must have made a token; "" for anybody who has a key
	DiscoveryURL string      // where the issuer says so, if not in the usual place
	TLS          *tls.Config // for fetching; nil for the usual one

	// Admit may refuse a user by name and place; nil refuses nobody.
	Admit func(name string, peer net.Addr) error

	Clock clock.Clock    // nil means clock.System
	Log   zerolog.Logger // the zero value writes nothing
}

// algorithms are those of a public key, by the names that JOSE gives them. One that
// shares a secret is not among them: whoever may verify a token could make one.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// A Backend lets users in by tokens. It implements auth.Backend.
type Backend struct {
	options    Options
	algorithms []jose.SignatureAlgorithm
	keys       *keys
}

var _ auth.Backend = (*Backend)(nil)

// New returns a backend.
func New(o Options) *Backend {
	if o.Clock == nil {
		o.Clock = clock.System
	}
	b := &Backend{options: o, algorithms: algorithms, keys: newKeys(&o)}
	if len(o.Algorithms) > 0 {
		b.algorithms = nil
		for _, name := range o.Algorithms {
			b.algorithms = append(b.algorithms, jose.SignatureAlgorithm(name))
		}
	}
	return b
}

// Warm fetches keys before anybody needs one, so that what is wrong with that is in
// the log early. It does not wait.
func (b *Backend) Warm() { b.keys.warm() }

// Login implements auth.Backend. Who it is is the token's to say, not the client's.
func (b *Backend) Login(ctx context.Context, _, token string, peer net.Addr) (auth.Identity, error) {
	t, err := b.verify(ctx, token)
	if err != nil {
		return nil, err
	}
	if admit := b.options.Admit; admit != nil {
		if err := admit(t.name, peer); err != nil {
			return nil, err
		}
	}
	return &bearer{backend: b, token: t}, nil
}

// LoginAs implements auth.Backend: what is no token says nothing here.
func (b *Backend) LoginAs(name string, _ net.Addr) (auth.Identity, error) {
	return nil, fmt.Errorf("%w: %q shows no token", auth.ErrRefused, name)
}

// verify is read for whom the reason concerns: it wraps auth.ErrRefused.
func (b *Backend) verify(ctx context.Context, text string) (*token, error) {
	t, err := b.read(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("%w: token: %w", auth.ErrRefused, err)
	}
	return t, nil
}

// errOtherUser is a new token that is somebody else's.
//
// rabbitmq: "Not allowed to change username on refreshed token"
var errOtherUser = errors.New("it is of another user, and a new token must not be")
