package oauth2

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// What a token may be.
const (
	tokenMost  = 64 << 10 // octets
	headerMost = 8 << 10  // octets: all that is read before the signature is known to be good
	scopesMost = 2048     // rabbitmq: since 4.3
	nameMost   = 255      // octets: it must fit into a user-id
)

// leeway is by how much the issuer's clock may be ahead of ours.
const leeway = time.Minute

// A token is one that has been verified.
type token struct {
	name     string
	tags     []string
	scopes   []scope
	variable []string  // scopes with variables, as they are written
	expires  time.Time // zero for never
	claims   claims
}

// errNone is what is no token at all, such as a password.
var errNone = errors.New("it is none: want three parts with dots between them")

// read verifies a token: its signature first, then that it is for us, and in force.
func (b *Backend) read(ctx context.Context, text string) (*token, error) {
	switch {
	case strings.Count(text, ".") != 2:
		return nil, errNone
	case len(text) > tokenMost:
		return nil, fmt.Errorf("it has %d octets: want at most %d", len(text), tokenMost)
	case strings.Index(text, ".") > headerMost:
		return nil, fmt.Errorf("its header has %d octets: want at most %d", strings.Index(text, "."), headerMost)
	}
	signed, err := jwt.ParseSigned(text, b.algorithms)
	if err != nil {
		return nil, err
	}
	c, err := b.signature(ctx, signed)
	if err != nil {
		return nil, err
	}
	t := &token{claims: c}
	if t.expires, err = b.inForce(c); err != nil {
		return nil, err
	}
	if err := b.forUs(c); err != nil {
		return nil, err
	}
	if t.name, err = b.name(c); err != nil {
		return nil, err
	}
	scopes, err := b.scopes(c)
	if err != nil {
		return nil, err
	}
	for _, text := range scopes {
		t.take(text)
	}
	return t, nil
}

// take notes what a scope says.
func (t *token) take(text string) {
	if tag, ok := strings.CutPrefix(text, "tag:"); ok {
		t.tags = append(t.tags, tag)
		return
	}
	s, ok := parseScope(text)
	if variable.MatchString(text) {
		t.variable = append(t.variable, text)
		s.topic = false // it is another in each virtual host
	}
	if ok {
		t.scopes = append(t.scopes, s)
	}
}

// signature returns the claims, if a key that they may be signed with has signed them.
//
// rabbitmq: a token that names no key means default_key
func (b *Backend) signature(ctx context.Context, signed *jwt.JSONWebToken) (claims, error) {
	header := signed.Headers[0] // there is exactly one
	id := header.KeyID
	if id == "" {
		id = b.options.DefaultKey
	}
	switch {
	case id == "":
		return nil, errors.New("it names no key: want a kid, or auth_oauth2.default_key")
	case len(id) > nameMost:
		return nil, fmt.Errorf("its kid has %d octets: want at most %d", len(id), nameMost)
	}
	found, err := b.keys.find(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, key := range found {
		if key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		c := make(claims)
		err = signed.Claims(key.Key, &c)
		switch {
		case err == nil:
			return c, nil
		case !errors.Is(err, jose.ErrCryptoFailure) && !errors.Is(err, jose.ErrUnsupportedKeyType) && !errors.Is(err, jose.ErrUnsupportedAlgorithm):
			return nil, fmt.Errorf("claims: %w", err)
		}
	}
	return nil, fmt.Errorf("it is not signed with key %q, by %s", id, header.Algorithm)
}

// inForce checks the times of a token, and returns when it expires.
func (b *Backend) inForce(c claims) (expires time.Time, err error) {
	now := b.options.Clock.Now()
	expires, given, err := c.time("exp")
	switch {
	case err != nil:
		return expires, err
	case !given && !b.options.Lasting:
		return expires, errors.New("it never expires: want exp, or auth_oauth2.require_exp = false")
	case given && !expires.After(now):
		return expires, fmt.Errorf("it has expired at %s", expires.UTC().Format(time.RFC3339))
	}
	from, given, err := c.time("nbf")
	if err == nil && given && from.After(now.Add(leeway)) {
		err = fmt.Errorf("it is not in force before %s", from.UTC().Format(time.RFC3339))
	}
	return expires, err
}

// forUs checks who has made a token, and whom for.
func (b *Backend) forUs(c claims) error {
	o := &b.options
	if iss, _ := c.text("iss"); o.Issuer != "" && strings.TrimSuffix(iss, "/") != strings.TrimSuffix(o.Issuer, "/") {
		return fmt.Errorf("iss is %q: want %s", iss, o.Issuer)
	}
	if o.AnyAudience {
		return nil
	}
	if audience := texts(c["aud"]); !slices.Contains(audience, o.ResourceServer) {
		return fmt.Errorf("aud is %q: want %s in it", audience, o.ResourceServer)
	}
	return nil
}

// name returns whose a token is.
//
// rabbitmq: unknown, if no claim says
func (b *Backend) name(c claims) (string, error) {
	for _, claim := range append(slices.Clone(b.options.NameClaims), "sub", "client_id") {
		name, ok := c.text(claim)
		switch {
		case !ok || name == "":
			continue
		case len(name) > nameMost || !utf8.ValidString(name):
			return "", fmt.Errorf("%s is no name: want UTF-8 text of at most %d octets", claim, nameMost)
		}
		return name, nil
	}
	return "unknown", nil
}

// time returns the time that a claim says, if there is one.
func (c claims) time(name string) (at time.Time, given bool, err error) {
	value, given := c[name]
	if !given {
		return at, false, nil
	}
	seconds, ok := value.(float64)
	if !ok || math.Abs(seconds) > 1<<40 {
		return at, true, fmt.Errorf("%s is no time: want seconds since 1970", name)
	}
	return time.Unix(int64(seconds), 0), true, nil
}
