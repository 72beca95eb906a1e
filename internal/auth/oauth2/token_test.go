package oauth2

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/harebellmq/harebell/internal/auth/oauth2/oauth2test"
)

// rsaKey is slow to make.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// A signer signs the part of a token in front of the last dot.
type signer func(text string) ([]byte, error)

func bySecret(secret []byte) signer {
	return func(text string) ([]byte, error) {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return mac.Sum(nil), nil
	}
}

func byRSA(key *rsa.PrivateKey) signer {
	return func(text string) ([]byte, error) {
		digest := sha256.Sum256([]byte(text))
		return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	}
}

// signed makes a token with another header and signature.
func (s *site) signed(header map[string]any, c oauth2test.Claims, by signer) string {
	s.Helper()
	all := oauth2test.Claims{"aud": oauth2test.Audience, "exp": s.clock.Now().Add(time.Hour).Unix(), "sub": "eve"}
	for name, value := range c {
		all[name] = value
	}
	text := s.Unsigned(header, all)
	signature, err := by(text)
	if err != nil {
		s.Fatal(err)
	}
	return text + "." + oauth2test.Encode(signature)
}

func unsigned(string) ([]byte, error) { return nil, nil }

func TestHostileTokens(t *testing.T) {
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	inPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	s := newSite(t, func(o *Options) { o.Keys["rsa"] = &key.PublicKey })
	stranger := oauth2test.New(t)
	stranger.At(s.clock.Now)
	good := s.Token(nil)
	parts := strings.Split(good, ".")
	other := strings.Split(s.Token(oauth2test.Claims{"sub": "root"}), ".")
	now := s.clock.Now()
	deep := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("[", 5000)))

	tests := []struct {
		name, token, want string
	}{
		{"nothing", "", "want three parts"},
		{"a password", "guest", "want three parts"},
		{"garbage", "a.b.c", "token: "},
		{"dots", "..", "token: "},
		{"an encrypted token has five parts", "a.b.c.d.e", "want three parts"},
		{"more than there may be", good + strings.Repeat("A", tokenMost), "want at most 65536"},
		{"a long header", strings.Repeat("A", headerMost+1) + ".b.c", "want at most 8192"},
		{"a deep header", deep + "." + parts[1] + "." + parts[2], "token: "},
		{"alg none", s.signed(map[string]any{"alg": "none", "kid": "first"}, nil, unsigned), `"none"`},
		{"alg None", s.signed(map[string]any{"alg": "None", "kid": "first"}, nil, unsigned), `"None"`},
		{"no alg", s.signed(map[string]any{"kid": "first"}, nil, unsigned), "token: "},
		{"no signature", parts[0] + "." + parts[1] + ".", "it is not signed with key"},
		{"HS256 with the public key as secret", s.signed(map[string]any{"alg": "HS256", "kid": "rsa"}, nil, bySecret(inPEM)), `"HS256"`},
		{"HS256 with its octets", s.signed(map[string]any{"alg": "HS256", "kid": "rsa"}, nil, bySecret(public)), `"HS256"`},
		{"an algorithm that the key is not for", s.signed(map[string]any{"alg": "RS256", "kid": "first"}, nil, byRSA(key)), "it is not signed with key \"first\", by RS256"},
		{"and the other way", s.signed(map[string]any{"alg": "ES256", "kid": "rsa"}, nil, byRSA(key)), "it is not signed with key \"rsa\", by ES256"},
		{"another's key of the same id", stranger.Token(nil), `it is not signed with key "first"`},
		{"a key that nobody knows", s.signed(map[string]any{"alg": "RS256", "kid": "x"}, nil, byRSA(key)), `key "x" is not known`},
		{"a key that it brings along", s.signed(map[string]any{"alg": "RS256", "jwk": map[string]string{
			"kty": "RSA", "n": oauth2test.Encode(key.N.Bytes()), "e": "AQAB"}}, nil, byRSA(key)), "it names no key"},
		{"no key", s.signed(map[string]any{"alg": "RS256"}, nil, byRSA(key)), "it names no key: want a kid, or auth_oauth2.default_key"},
		{"a long id", s.signed(map[string]any{"alg": "RS256", "kid": strings.Repeat("k", 256)}, nil, byRSA(key)), "its kid has 256 octets"},
		{"what must be understood", s.signed(map[string]any{"alg": "RS256", "kid": "rsa", "crit": []string{"x"}, "x": 1}, nil, byRSA(key)), "token: "},
		{"other claims", parts[0] + "." + other[1] + "." + parts[2], "it is not signed with key"},
		{"claims that are a list", s.signed(map[string]any{"alg": "RS256", "kid": "rsa"}, nil, func(string) ([]byte, error) { return []byte("x"), nil }), "it is not signed with key"},
		{"it has expired", s.Token(oauth2test.Claims{"exp": now.Unix()}), "it has expired at 1970-01-12T13:46:40Z"},
		{"it never expires", s.Token(oauth2test.Claims{"exp": nil}), "it never expires: want exp, or auth_oauth2.require_exp = false"},
		{"it expires at a text", s.Token(oauth2test.Claims{"exp": "tomorrow"}), "exp is no time"},
		{"it expires after all time", s.Token(oauth2test.Claims{"exp": 1e300}), "exp is no time"},
		{"it is not in force yet", s.Token(oauth2test.Claims{"nbf": now.Add(leeway + time.Second).Unix()}), "it is not in force before 1970-01-12T13:47:41Z"},
		{"it is for somebody else", s.Token(oauth2test.Claims{"aud": "kafka"}), `aud is ["kafka"]: want rabbitmq in it`},
		{"it is for nobody", s.Token(oauth2test.Claims{"aud": nil}), "aud is []: want rabbitmq in it"},
		{"it is for who is called nearly so", s.Token(oauth2test.Claims{"aud": []string{"rabbitmq2", "rabbit"}}), "want rabbitmq in it"},
		{"more scopes than there may be", s.Token(oauth2test.Claims{"scope": manyScopes(scopesMost + 1)}), "it has 2049 scopes: want at most 2048"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := *s
			s.TB = t
			_, err := s.login(test.token)
			s.refused(err, test.want)
			if err != nil && len(test.token) > 100 && strings.Contains(err.Error(), test.token[len(test.token)/2:]) {
				t.Errorf("the token is in the error: %v", err)
			}
		})
	}
}

func manyScopes(n int) (scopes []string) {
	for i := range n {
		scopes = append(scopes, fmt.Sprintf("rabbitmq.%d", i))
	}
	return scopes
}

func TestGoodTokens(t *testing.T) {
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(o *Options) {
		o.Keys["rsa"], o.Keys["ed"] = &key.PublicKey, public
		o.DefaultKey = "rsa"
	})
	now := s.clock.Now()
	byEd := func(text string) ([]byte, error) { return ed25519.Sign(private, []byte(text)), nil }
	tests := []struct{ name, token string }{
		{"of an elliptic curve", s.Token(nil)},
		{"of RSA", s.signed(map[string]any{"alg": "RS256", "kid": "rsa"}, nil, byRSA(key))},
		{"of Ed25519", s.signed(map[string]any{"alg": "EdDSA", "kid": "ed"}, nil, byEd)},
		{"with the key that is meant by none", s.signed(map[string]any{"alg": "RS256"}, nil, byRSA(key))},
		{"for several, in a list", s.Token(oauth2test.Claims{"aud": []string{"kafka", "rabbitmq"}})},
		{"for several, in a text", s.Token(oauth2test.Claims{"aud": "kafka rabbitmq"})},
		{"in force for a second", s.Token(oauth2test.Claims{"exp": now.Add(time.Second).Unix()})},
		{"in force in a moment, by a clock that is ahead", s.Token(oauth2test.Claims{"nbf": now.Add(leeway).Unix()})},
		{"with as many scopes as there may be", s.Token(oauth2test.Claims{"scope": manyScopes(scopesMost)})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := s.login(test.token); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestChecksThatAreOneToChoose(t *testing.T) {
	s := newSite(t, func(o *Options) { o.AnyAudience, o.Lasting = true, true })
	if got := s.in(oauth2test.Claims{"aud": nil, "exp": nil}); !got.Expires().IsZero() {
		t.Errorf("it expires at %v", got.Expires())
	}
	s = newSite(t, func(o *Options) { o.Algorithms = []string{"RS256"} })
	_, err := s.login(s.Token(nil))
	s.refused(err, `"ES256"`)
	s = newSite(t, func(o *Options) { o.Issuer, o.KeysURL = "https://id.example.com/", "https://127.0.0.1:1/" })
	s.in(oauth2test.Claims{"iss": "https://id.example.com"}) // the slash at the end is no difference
	_, err = s.login(s.Token(oauth2test.Claims{"iss": "https://id.example.org"}))
	s.refused(err, `iss is "https://id.example.org": want https://id.example.com/`)
	_, err = s.login(s.Token(oauth2test.Claims{"iss": nil}))
	s.refused(err, `iss is ""`)
}

func TestParseKey(t *testing.T) {
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, nil)
	pkix, err := x509.MarshalPKIXPublicKey(s.Key())
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, octets []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: octets}))
	}
	tests := []struct{ name, text, want string }{
		{"a public key", encode("PUBLIC KEY", pkix), ""},
		{"one of RSA", encode("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&key.PublicKey)), ""},
		{"text", "secret", "want a PUBLIC KEY or a CERTIFICATE in PEM"},
		{"a private key", encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), "it is a RSA PRIVATE KEY: want a PUBLIC KEY"},
		{"a broken one", encode("PUBLIC KEY", pkix[1:]), "asn1"},
		{"a broken certificate", encode("CERTIFICATE", pkix), "x509"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseKey([]byte(test.text))
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, %v, want %s", got, err, test.want)
			}
		})
	}
	if got, _ := ParseKey([]byte(tests[0].text)); !s.Key().Equal(got.(*ecdsa.PublicKey)) {
		t.Errorf("got %v, want %v", got, s.Key())
	}
}

// FuzzRead looks for a token that is let in though nobody has signed it.
func FuzzRead(f *testing.F) {
	s := newSite(f, nil)
	good := s.Token(oauth2test.Claims{"sub": "ann"})
	what := good[:strings.LastIndex(good, ".")] // that is signed; there are other good signatures of it
	f.Add(good)
	f.Add(what + ".")
	f.Add("a.b.c")
	f.Add(s.Unsigned(map[string]any{"alg": "none", "kid": "first"}, oauth2test.Claims{"sub": "eve"}) + ".")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := s.read(t.Context(), text); err == nil && !strings.HasPrefix(text, what+".") {
			t.Errorf("let in by %q", text)
		}
	})
}
