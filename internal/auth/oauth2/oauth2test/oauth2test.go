// Package oauth2test makes tokens for tests, and is the issuer of them: an HTTPS server
// that says where its keys are, and what they are.
//
//	issuer := oauth2test.New(t)
//	tokens := oauth2.New(oauth2.Options{Issuer: issuer.URL, TLS: issuer.TLS(), …})
//	token := issuer.Token(oauth2test.Claims{"sub": "ann", "scope": "rabbitmq.read:*/*"})
//
// It knows nothing of the library by which tokens are read.
package oauth2test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Claims are what a token says.
type Claims map[string]any

// Audience is whom tokens are for, unless they say otherwise.
const Audience = "rabbitmq"

// An Issuer makes tokens, signed by ES256.
type Issuer struct {
	URL     string // of the issuer
	KeysURL string // of its keys

	tb     testing.TB
	server *httptest.Server

	mu     sync.Mutex // guards what follows
	id     string
	key    *ecdsa.PrivateKey
	now    func() time.Time
	asked  int
	answer http.HandlerFunc // instead of the keys; nil for them
}

// New returns an issuer with a key of the id "first".
func New(tb testing.TB) *Issuer {
	tb.Helper()
	i := &Issuer{tb: tb, now: time.Now}
	i.Rotate("first")
	mux := http.NewServeMux()
	mux.HandleFunc("/realm/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.write(w, map[string]string{"issuer": i.URL, "jwks_uri": i.KeysURL})
	})
	mux.HandleFunc("/keys", i.keys)
	i.server = httptest.NewTLSServer(mux)
	i.server.Config.ErrorLog = nil
	tb.Cleanup(i.server.Close)
	i.URL, i.KeysURL = i.server.URL+"/realm", i.server.URL+"/keys"
	return i
}

// At has the issuer take the time from a clock.
func (i *Issuer) At(now func() time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.now = now
}

// TLS returns the configuration of a client that trusts the issuer.
func (i *Issuer) TLS() *tls.Config {
	return i.server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
}

// Authority returns a file with the authority that the issuer's certificate is of.
func (i *Issuer) Authority() string {
	i.tb.Helper()
	path := filepath.Join(i.tb.TempDir(), "issuer.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.server.Certificate().Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		i.tb.Fatal(err)
	}
	return path
}

// Rotate has another key take the place of the one there is.
func (i *Issuer) Rotate(id string) {
	i.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.tb.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.id, i.key = id, key
}

// Answer has a function answer who asks for the keys; nil has the keys do so again.
func (i *Issuer) Answer(with http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = with
}

// Asked returns how often somebody has asked for the keys.
func (i *Issuer) Asked() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

// Key returns the public key of the tokens to come.
func (i *Issuer) Key() *ecdsa.PublicKey {
	i.mu.Lock()
	defer i.mu.Unlock()
	return &i.key.PublicKey
}

// Token makes a token: of the issuer, for Audience, and in force for an hour, unless
// the claims say otherwise; one that is nil leaves a claim out.
func (i *Issuer) Token(c Claims) string {
	i.tb.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	all := Claims{"iss": i.URL, "aud": Audience, "exp": i.now().Add(time.Hour).Unix()}
	maps.Copy(all, c)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	text := i.Unsigned(map[string]any{"alg": "ES256", "typ": "JWT", "kid": i.id}, all)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, digest[:])
	if err != nil {
		i.tb.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + Encode(signature)
}

// Unsigned makes the part of a token that is to be signed.
func (i *Issuer) Unsigned(header map[string]any, c Claims) string {
	i.tb.Helper()
	var parts [2][]byte
	for n, value := range []any{header, c} {
		var err error
		if parts[n], err = json.Marshal(value); err != nil {
			i.tb.Fatal(err)
		}
	}
	return Encode(parts[0]) + "." + Encode(parts[1])
}

// Encode writes octets as tokens have them.
func Encode(octets []byte) string { return base64.RawURLEncoding.EncodeToString(octets) }

// keys answers with the keys.
func (i *Issuer) keys(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.asked++
	answer, id, key := i.answer, i.id, &i.key.PublicKey
	i.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		i.tb.Error(err)
		return
	}
	i.write(w, map[string]any{"keys": []map[string]string{
		{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id, "x": Encode(point[1:33]), "y": Encode(point[33:])},
		{"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
		{"kty": "new", "kid": "unheard of"},
	}})
}

func (i *Issuer) write(w http.ResponseWriter, value any) {
	w.Header().Set("content-type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		i.tb.Errorf("answer of the issuer: %v", err)
	}
}
