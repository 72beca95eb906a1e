package oauth2

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/auth"
)

// A bearer is whom a token has let in. It implements auth.Identity.
type bearer struct {
	backend *Backend
	token   *token
	version uint64 // counts the tokens there were before
}

func (b *bearer) User() auth.User    { return auth.User{Name: b.token.name, Tags: b.token.tags} }
func (b *bearer) Internal() bool     { return false }
func (b *bearer) Expires() time.Time { return b.token.expires }

// Renew implements auth.Identity. The secret is another token of the same user.
func (b *bearer) Renew(ctx context.Context, secret string) error {
	t, err := b.backend.verify(ctx, secret)
	if err != nil {
		return err
	}
	if t.name != b.token.name {
		return fmt.Errorf("%w: token of %q: %w", auth.ErrRefused, t.name, errOtherUser)
	}
	b.token = t
	b.version++
	return nil
}

// MayEnter implements auth.Identity: any permission in the virtual host will do.
func (b *bearer) MayEnter(vhost string) bool {
	return slices.ContainsFunc(b.token.scopes, func(s scope) bool { return s.vhost.match(vhost) })
}

// Enter implements auth.Identity. Nobody deletes the user of a token.
func (b *bearer) Enter(vhost string, _ func(*amqp.Error)) (*auth.Session, error) {
	if !b.MayEnter(vhost) {
		return nil, auth.NoAccess(b.token.name, vhost)
	}
	return auth.NewSession(b.token.name, vhost, newRights(b, vhost)), nil
}
