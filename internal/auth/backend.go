package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// A Backend decides who may log in. Users is one: it goes by passwords. Package
// oauth2 has one that goes by tokens.
//
// rabbitmq: auth_backends
type Backend interface {
	// Login lets somebody in who comes from peer and shows a name and a password.
	// It may take its time, but not after ctx is done. Its errors wrap ErrRefused.
	Login(ctx context.Context, name, password string, peer net.Addr) (Identity, error)

	// LoginAs is Login for a user who is known by other means than a password, such
	// as a certificate.
	LoginAs(name string, peer net.Addr) (Identity, error)
}

// An Identity is somebody who has been let in. It belongs to one goroutine.
type Identity interface {
	// User is who it is, of which name and tags are known in any case.
	User() User

	// Internal reports whether the user is one of Users.
	Internal() bool

	// Expires returns the time from which on the identity counts for nothing, zero
	// for never.
	Expires() time.Time

	// Renew has another secret take the place of the one that was logged in with. It
	// may take its time, but not after ctx is done. Its errors wrap ErrRefused, and
	// leave everything as it was.
	//
	// spec: connection.update-secret, of RabbitMQ
	Renew(ctx context.Context, secret string) error

	// MayEnter reports whether the user may open a virtual host.
	MayEnter(vhost string) bool

	// Enter begins a session in a virtual host, which follows Renew: NOT_ALLOWED if
	// the user may not open it, or has too many. evict is called, once, if the user is
	// deleted before the session is left; it must not block.
	Enter(vhost string, evict func(*amqp.Error)) (*Session, error)
}

// ErrRefused is the answer to every login that is not let in. Why is for the log
// only, so that a stranger does not learn which names exist.
var ErrRefused = errors.New("login refused")

// ErrNotLocal is the ErrRefused of a user who may log in from this machine only,
// and has given the right password elsewhere.
var ErrNotLocal = fmt.Errorf("%w: user can only log in via localhost", ErrRefused)

// Backends are several, of which the first that lets somebody in has decided.
type Backends []Backend

// Login implements Backend. Its error tells why each of them has refused.
func (bs Backends) Login(ctx context.Context, name, password string, peer net.Addr) (Identity, error) {
	return bs.ask(func(b Backend) (Identity, error) { return b.Login(ctx, name, password, peer) })
}

// LoginAs implements Backend.
func (bs Backends) LoginAs(name string, peer net.Addr) (Identity, error) {
	return bs.ask(func(b Backend) (Identity, error) { return b.LoginAs(name, peer) })
}

func (bs Backends) ask(login func(Backend) (Identity, error)) (Identity, error) {
	var refused error
	for _, b := range bs {
		identity, err := login(b)
		switch {
		case err == nil:
			return identity, nil
		case refused == nil:
			refused = err
		default:
			refused = fmt.Errorf("%w; %w", refused, err)
		}
	}
	if refused == nil {
		return nil, fmt.Errorf("%w: there is no backend", ErrRefused)
	}
	return nil, refused
}
