package main

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/auth/oauth2"
	"github.com/harebellmq/harebell/internal/config"
)

// logins are who decides on logins, in order, before there is a broker.
type logins struct {
	order  []string
	tokens oauth2.Options
}

// readLogins reads the files that settings of logins name, and checks all of it.
func readLogins(c config.Config, log zerolog.Logger) (l logins, err error) {
	if err := c.Check(); err != nil {
		return l, err
	}
	o := &c.OAuth2
	l.order = c.AuthBackends
	l.tokens = oauth2.Options{
		ResourceServer: o.ResourceServerID, ResourceType: o.ResourceServerType,
		ScopePrefix: o.ScopePrefix, AdditionalScopes: o.AdditionalScopes, Aliases: o.ScopeAliases,
		NameClaims: o.PreferredUsernameClaims, AnyAudience: !o.VerifyAud, Lasting: !o.RequireExp,
		Algorithms: o.Algorithms, DefaultKey: o.DefaultKey, KeysURL: o.JWKSURI, Issuer: o.Issuer, DiscoveryURL: o.DiscoveryURL(),
		Log: log,
	}
	if l.tokens.Keys, err = signingKeys(o.SigningKeys); err != nil {
		return l, err
	}
	if l.tokens.TLS, err = issuerTLS(o); err != nil {
		return l, err
	}
	if !o.VerifyPeer {
		log.Warn().Msg("the certificate of who has the keys for tokens is not looked at: anybody on the way may let in whom they like")
	}
	return l, nil
}

// in has a server let users in so. Without tokens nothing is different.
func (l *logins) in(s *server.Server) {
	var backends auth.Backends
	for _, name := range l.order {
		if name == config.Internal {
			backends = append(backends, s.Users)
			continue
		}
		o := l.tokens
		o.Admit, o.Clock = s.Users.MayComeFrom, s.Clock
		tokens := oauth2.New(o)
		tokens.Warm()
		backends = append(backends, tokens)
	}
	s.Logins = backends
}

// signingKeys reads files with public keys.
func signingKeys(files map[string]string) (map[string]crypto.PublicKey, error) {
	keys := make(map[string]crypto.PublicKey)
	var mistakes []error
	for id, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			keys[id], err = oauth2.ParseKey(text)
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("auth_oauth2.signing_keys.%s = %s: %w", id, file, err))
		}
	}
	return keys, errors.Join(mistakes...)
}

// issuerTLS is how keys are fetched.
func issuerTLS(o *config.OAuth2) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !o.VerifyPeer}
	if o.CACertFile != "" {
		text, err := os.ReadFile(o.CACertFile)
		if err != nil {
			return nil, fmt.Errorf("auth_oauth2.https.cacertfile = %s: %w", o.CACertFile, err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("auth_oauth2.https.cacertfile = %s: want certificates in PEM", o.CACertFile)
		}
	}
	if o.Depth > 0 && o.VerifyPeer {
		t.VerifyConnection = func(s tls.ConnectionState) error { return notDeeper(s.VerifiedChains, o.Depth) }
	}
	return t, nil
}

// notDeeper refuses certificates with too many between them and their authority's.
func notDeeper(chains [][]*x509.Certificate, depth int) error {
	for _, chain := range chains {
		if len(chain)-2 <= depth {
			return nil
		}
	}
	return fmt.Errorf("more than %d certificates are between the issuer's and its authority's", depth)
}
