package server

import (
	"context"
	"crypto"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/auth/oauth2"
	"github.com/harebellmq/harebell/internal/auth/oauth2/oauth2test"
)

// A bearer is a client that logs in with tokens of an issuer.
type bearer struct {
	*client
	issuer *oauth2test.Issuer
}

// bearing has a test talk to a server that lets users in by tokens, in a bubble of
// time.
func bearing(t *testing.T, test func(b bearer)) {
	issuer := oauth2test.New(t) // outside: it waits for the network
	synctest.Test(t, func(t *testing.T) {
		issuer.At(time.Now)
		s := testServer(t)
		s.Logins = auth.Backends{s.Users, oauth2.New(oauth2.Options{
			ResourceServer: oauth2test.Audience, ScopePrefix: "rabbitmq.", Keys: map[string]crypto.PublicKey{"first": issuer.Key()},
		})}
		test(bearer{client: dial(t, s), issuer: issuer})
	})
}

// token makes a token of ann, who may do that for so long.
func (b bearer) token(lasting time.Duration, scopes ...string) string {
	b.t.Helper()
	return b.issuer.Token(oauth2test.Claims{"sub": "ann", "scope": scopes, "exp": time.Now().Add(lasting).Unix()})
}

// enter logs in, opens a channel, and does some things there.
func (b bearer) enter(token string, lines ...string) {
	b.t.Helper()
	for _, line := range handshake {
		b.do(strings.Replace(line, `\x00guest\x00guest`, `\x00whoever\x00`+token, 1))
	}
	for _, line := range append([]string{`1 channel.open`}, lines...) {
		b.do(line)
	}
	synctest.Wait()
	b.listen()
}

// renew sends another token.
func (b bearer) renew(token string, want ...string) {
	b.t.Helper()
	b.hears([]string{fmt.Sprintf(`0 connection.update-secret new-secret=%q reason="soon over"`, token)}, want...)
}

const (
	renewed = `0 connection.update-secret-ok`
	expired = `0 connection.close reply-code=320 reply-text="CONNECTION_FORCED - credential expired" class-id=0 method-id=0`
)

func TestAnExpiredTokenEndsTheConnection(t *testing.T) {
	bearing(t, func(b bearer) {
		b.enter(b.token(time.Hour, "rabbitmq.configure:*/*"))
		time.Sleep(time.Hour - time.Nanosecond)
		b.hears([]string{`1 queue.declare queue="q"`}, `1 queue.declare-ok queue="q" message-count=0 consumer-count=0`)
		time.Sleep(time.Nanosecond)
		b.hears(nil, expired)
		b.hears([]string{`0 connection.close-ok`}, "hangs up")
	})
}

func TestAnotherTokenKeepsTheConnection(t *testing.T) {
	bearing(t, func(b bearer) {
		b.enter(b.token(time.Hour, "rabbitmq.read:*/*"))
		time.Sleep(time.Hour - time.Second)
		b.renew(b.token(time.Hour, "rabbitmq.read:*/*"), renewed)
		time.Sleep(time.Hour - time.Nanosecond)
		b.hears(nil)
		time.Sleep(time.Nanosecond)
		b.hears(nil, expired)
	})
}

func TestATokenMayAlsoCutTheTimeShort(t *testing.T) {
	bearing(t, func(b bearer) {
		b.enter(b.token(time.Hour, "rabbitmq.read:*/*"))
		b.renew(b.token(time.Minute, "rabbitmq.read:*/*"), renewed)
		time.Sleep(time.Minute)
		b.hears(nil, expired)
	})
}

func TestASecretThatIsRefusedEndsTheConnection(t *testing.T) {
	for name, secret := range map[string]func(b bearer) string{
		"a password":           func(bearer) string { return "guest" },
		"a token that is over": func(b bearer) string { return b.token(0, "rabbitmq.read:*/*") },
		"a token of bob": func(b bearer) string {
			return b.issuer.Token(oauth2test.Claims{"sub": "bob", "scope": "rabbitmq.read:*/*"})
		},
		"a token for elsewhere": func(b bearer) string { return b.issuer.Token(oauth2test.Claims{"sub": "ann", "aud": "kafka"}) },
	} {
		t.Run(name, func(t *testing.T) {
			bearing(t, func(b bearer) {
				b.enter(b.token(time.Hour, "rabbitmq.read:*/*"))
				b.renew(secret(b), `0 connection.close reply-code=530 reply-text="NOT_ALLOWED - New secret was refused by one of the backends" class-id=10 method-id=70`)
			})
		})
	}
}

func TestAnotherTokenSaysWhatMayBeDone(t *testing.T) {
	bearing(t, func(b bearer) {
		b.enter(b.token(time.Hour, "rabbitmq.configure:*/*", "rabbitmq.read:*/*"),
			`1 queue.declare queue="a"`, `1 queue.declare queue="b"`,
			`1 basic.consume queue="a" consumer-tag="x"`, `1 basic.consume queue="b" consumer-tag="y"`)
		b.renew(b.token(time.Hour, "rabbitmq.write:*/*", "rabbitmq.read:*/b"), `1 basic.cancel consumer-tag="x" no-wait`, renewed)
		b.hears(publish(1, "a"))
		b.hears(publish(1, "b"), delivered(1, "y", 1, "b")...)
		b.hears([]string{`1 queue.declare queue="c"`},
			`1 channel.close reply-code=403 reply-text="ACCESS_REFUSED - configure access to queue 'c' in vhost '/' refused for user 'ann'" class-id=50 method-id=10`)
	})
}

func TestRoutingKeysOfATopicExchangeNeedAScope(t *testing.T) {
	bearing(t, func(b bearer) {
		b.enter(b.token(time.Hour, "rabbitmq.write:*/amq.*", "rabbitmq.write:*/amq.topic/eu.*"))
		b.hears([]string{`1 basic.publish exchange="amq.topic" routing-key="eu.de"`, `1 header size=0`})
		b.hears([]string{`1 basic.publish exchange="amq.direct" routing-key="us.ny"`, `1 header size=0`})
		b.hears([]string{`1 basic.publish exchange="amq.topic" routing-key="us.ny"`, `1 header size=0`},
			`1 channel.close reply-code=403 reply-text="ACCESS_REFUSED - write access to topic 'us.ny' in exchange 'amq.topic' in vhost '/' refused for user 'ann'" class-id=60 method-id=40`)
	})
}

func TestTheUserIDIsTheTokens(t *testing.T) {
	bearing(t, func(b bearer) {
		b.enter(b.token(time.Hour, "rabbitmq.write:*/*"))
		b.hears([]string{`1 basic.publish exchange="" routing-key="q"`, `1 header size=0 user-id="ann"`})
		b.hears([]string{`1 basic.publish exchange="" routing-key="q"`, `1 header size=0 user-id="whoever"`},
			`1 channel.close reply-code=406 reply-text="PRECONDITION_FAILED - user_id property set to 'whoever' but authenticated user was 'ann'" class-id=60 method-id=40`)
	})
}

func TestATokenWithoutScopesOpensNothing(t *testing.T) {
	bearing(t, func(b bearer) {
		for _, line := range handshake[:3] {
			b.do(strings.Replace(line, `\x00guest\x00guest`, `\x00\x00`+b.token(time.Hour, "rabbitmq.read:other/*"), 1))
		}
		synctest.Wait()
		b.listen()
		b.hears([]string{handshake[3]},
			`0 connection.close reply-code=530 reply-text="NOT_ALLOWED - access to vhost '/' refused for user 'ann'" class-id=10 method-id=40`)
	})
}

func TestPasswordsAreGoodBesideTokens(t *testing.T) {
	bearing(t, func(b bearer) {
		b.login()
		b.renew("any secret", renewed)
	})
}

// A slowRenewal takes half a minute to renew what it lets in.
type slowRenewal struct{ auth.Backend }

type slowIdentity struct{ auth.Identity }

func (b slowRenewal) Login(ctx context.Context, name, password string, peer net.Addr) (auth.Identity, error) {
	identity, err := b.Backend.Login(ctx, name, password, peer)
	return slowIdentity{identity}, err
}

func (i slowIdentity) Renew(ctx context.Context, secret string) error {
	time.Sleep(30 * time.Second)
	return i.Identity.Renew(ctx, secret)
}

func TestTheClientIsNotSilentWhileItWaitsForABackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		s.Logins = slowRenewal{s.Users}
		c := dial(t, s)
		c.loginBeating(2)
		c.do(`0 connection.update-secret new-secret="x" reason=""`)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if heard := c.listen(); !slices.Contains(heard, renewed) || slices.Contains(heard, "hangs up") {
			t.Errorf("got %q, want heartbeats and %s", heard, renewed)
		}
	})
}

// A slow backend never comes to a decision.
type slow struct{ auth.Backend }

func (slow) Login(ctx context.Context, _, _ string, _ net.Addr) (auth.Identity, error) {
	<-ctx.Done()
	return nil, fmt.Errorf("%w: %w", auth.ErrRefused, ctx.Err())
}

func TestNobodyWaitsForeverForALogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		s.Logins = slow{s.Users}
		c := dial(t, s)
		c.do(handshake[0])
		c.do(handshake[1])
		synctest.Wait()
		c.listen()
		time.Sleep(DefaultHandshakeTimeout - time.Nanosecond)
		c.hears(nil)
		time.Sleep(time.Nanosecond)
		c.hears(nil, "hangs up")
	})
}
