package oauth2

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// What an issuer may take.
const (
	fetchTimeout  = 10 * time.Second // for all of it
	answerMost    = 1 << 20          // octets
	redirectsMost = 3
)

// discoveryPath is where an issuer says where its keys are, unless Options say
// otherwise.
//
// OpenID Connect Discovery 1.0, 4
const discoveryPath = ".well-known/openid-configuration"

// A source is where keys are fetched from.
type source struct {
	keysURL, discoveryURL string // one may be ""
	client                *http.Client
}

// newSource returns nil if there is nothing to fetch.
func newSource(o *Options) *source {
	s := &source{keysURL: o.KeysURL, discoveryURL: o.DiscoveryURL}
	if s.discoveryURL == "" && o.Issuer != "" {
		s.discoveryURL = strings.TrimSuffix(o.Issuer, "/") + "/" + discoveryPath
	}
	if s.keysURL == "" && s.discoveryURL == "" {
		return nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	s.client = &http.Client{
		Transport: &http.Transport{
			Proxy:             http.ProxyFromEnvironment,
			TLSClientConfig:   config,
			ForceAttemptHTTP2: true,
			DisableKeepAlives: true, // it is asked once in an hour
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > redirectsMost {
				return errors.New("it leads from one place to the next")
			}
			return secure(r.URL.String())
		},
	}
	return s
}

// secure refuses an address at which anybody on the way could give another answer.
func secure(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return err
	case u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("%s: want an address with https", address)
	}
	return nil
}

// keys fetches keys by their ids.
func (s *source) keys(ctx context.Context) (map[string][]jose.JSONWebKey, error) {
	address := s.keysURL
	if address == "" {
		var said struct {
			Keys string `json:"jwks_uri"`
		}
		if err := s.get(ctx, s.discoveryURL, &said); err != nil {
			return nil, err
		}
		if address = said.Keys; address == "" {
			return nil, fmt.Errorf("%s says no jwks_uri", s.discoveryURL)
		}
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := s.get(ctx, address, &set); err != nil {
		return nil, err
	}
	found := make(map[string][]jose.JSONWebKey)
	for _, text := range set.Keys {
		if key, ok := usable(text); ok {
			found[key.KeyID] = append(found[key.KeyID], key)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no key to verify tokens with: want public keys for signatures, with a kid", address)
	}
	return found, nil
}

// usable reads a key, if it is one that tokens can be verified with: others are of no
// concern here.
func usable(text json.RawMessage) (key jose.JSONWebKey, ok bool) {
	if key.UnmarshalJSON(text) != nil {
		return key, false
	}
	return key, key.KeyID != "" && key.IsPublic() && (key.Use == "" || key.Use == "sig")
}

// get reads the JSON at an address.
func (s *source) get(ctx context.Context, address string, into any) error {
	if err := secure(address); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, answer.Status)
	}
	octets, err := io.ReadAll(io.LimitReader(answer.Body, answerMost+1))
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", address, err)
	case len(octets) > answerMost:
		return fmt.Errorf("%s answers with more than %d octets", address, answerMost)
	}
	if err := json.Unmarshal(octets, into); err != nil {
		return fmt.Errorf("%s does not answer with JSON as it should be: %w", address, err)
	}
	return nil
}
