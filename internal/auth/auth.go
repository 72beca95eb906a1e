// Package auth says who may log in, and what they may do then: users, their
// permissions in each virtual host, and how many connections and channels they
// may have, as RabbitMQ's internal authentication backend does.
//
// What administrators decide is kept in a store, and on disk before a method that
// changes it returns. It holds at once: a Session, which is a user's connection
// to a virtual host, answers by the permissions that there are when it is asked.
//
//	users, err := auth.Open(st, log)
//	_, err = users.Put("root", auth.User{Name: "ann"}.WithPassword("secret"))
//	_, err = users.SetPermissions("root", auth.Everything("ann", "/"), vhosts.Has)
//
//	ann, err := users.Login(ctx, "ann", "secret", conn.RemoteAddr())
//	session, err := ann.Enter("/", evict)
//	err = session.Write(auth.Exchange, "orders") // nil: she may publish to it
//
// Users are one Backend among others: who is let in by another is an Identity too,
// and a Session asks its Rights. What changes something is told first who does it, by
// name, so that it can be told.
package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/store"
)

// Users are the users of a broker.
type Users struct {
	// LoopbackOnly lists users who may log in from this machine only. It must
	// not change once anybody logs in; SetLoopbackOnly changes what is in force.
	//
	// rabbitmq: loopback_users
	LoopbackOnly []string

	// Tell is told of changes. It must not change once there are any; nil is for
	// nobody.
	Tell audit.Tell

	store store.Store

	// changing is held by whoever changes anything, so that changes reach the
	// store in the order in which they were made.
	changing sync.Mutex

	mu       sync.RWMutex // guards accounts and all that is in them
	accounts map[string]*account

	// version counts changes of permissions: what was decided under one version
	// holds as long as the version does.
	version atomic.Uint64

	loopbackOnly atomic.Pointer[[]string] // what SetLoopbackOnly has said last; nil for nothing
}

// An account is a user with all that belongs to one.
type account struct {
	user        User
	permissions map[string]*permissions // by virtual host
	topics      map[string]topics       // by virtual host
	seats       map[*seat]bool          // of its sessions
	channels    int                     // of all sessions
}

func newAccount(user User) *account {
	return &account{
		user:        user,
		permissions: make(map[string]*permissions),
		topics:      make(map[string]topics),
		seats:       make(map[*seat]bool),
	}
}

// Errors of those who administer users.
var (
	ErrNoUser        = errors.New("there is no such user")
	ErrNoVirtualHost = errors.New("there is no such virtual host")
	ErrNoPermissions = errors.New("there are no such permissions")
)

// Open returns the users that the store knows, with their permissions. A
// definition that cannot be understood is logged and left alone.
func Open(st store.Store, log zerolog.Logger) (*Users, error) {
	u := &Users{store: st, accounts: make(map[string]*account)}
	if err := u.load(log); err != nil {
		return nil, err
	}
	return u, nil
}

// First makes the user that a broker begins with, and what that user may do,
// unless the store knows a user already.
func (u *Users) First(user User, p Permissions) error {
	user, userDoc, err := user.prepare()
	if err != nil {
		return err
	}
	ready, permissionsDoc, err := p.prepare()
	if err != nil {
		return err
	}
	return u.change(func() ([]store.Doc, error) {
		if len(u.accounts) > 0 {
			return nil, nil
		}
		a := newAccount(user)
		a.permissions[p.VHost] = ready
		u.accounts[user.Name] = a
		return []store.Doc{userDoc, permissionsDoc}, nil
	})
}

// Login implements Backend: the password must be right, and the user one who may
// come from peer.
//
// rabbitmq: nobody logs in with a blank password, whatever the hash.
func (u *Users) Login(_ context.Context, name, password string, peer net.Addr) (Identity, error) {
	user, ok := u.Get(name)
	if !ok || password == "" || !matches(user.Hash, user.Algorithm, password) {
		return nil, fmt.Errorf("%w: invalid credentials of user %q", ErrRefused, name)
	}
	return u.admit(user, peer)
}

// LoginAs implements Backend.
func (u *Users) LoginAs(name string, peer net.Addr) (Identity, error) {
	user, ok := u.Get(name)
	if !ok {
		return nil, fmt.Errorf("%w: there is no user %q", ErrRefused, name)
	}
	return u.admit(user, peer)
}

func (u *Users) admit(user User, peer net.Addr) (Identity, error) {
	if err := u.MayComeFrom(user.Name, peer); err != nil {
		return nil, err
	}
	return &member{users: u, user: user}, nil
}

// SetLoopbackOnly changes who may log in from this machine only. Who is logged in
// stays so.
func (u *Users) SetLoopbackOnly(names []string) {
	names = slices.Clone(names)
	u.loopbackOnly.Store(&names)
}

// MayComeFrom returns ErrNotLocal if somebody of that name may log in from this
// machine only, and the peer is on another.
func (u *Users) MayComeFrom(name string, peer net.Addr) error {
	only := u.LoopbackOnly
	if changed := u.loopbackOnly.Load(); changed != nil {
		only = *changed
	}
	if slices.Contains(only, name) && !loopback(peer) {
		return fmt.Errorf("%w: %q", ErrNotLocal, name)
	}
	return nil
}

// loopback reports whether a peer is on this machine. What has no IP address is
// a pipe, or a socket file.
func loopback(peer net.Addr) bool {
	if peer == nil {
		return true
	}
	ap, err := netip.ParseAddrPort(peer.String())
	return err != nil || ap.Addr().Unmap().IsLoopback()
}

// change carries out a change, and waits until the documents that how returns
// are on disk. how runs with all locks held.
func (u *Users) change(how func() ([]store.Doc, error)) error {
	return <-u.begin(how)
}

// begin is change without waiting.
func (u *Users) begin(how func() ([]store.Doc, error)) (stored <-chan error) {
	answer := make(chan error, 1)
	u.changing.Lock()
	defer u.changing.Unlock()
	u.mu.Lock()
	docs, err := how()
	u.version.Add(1)
	u.mu.Unlock()
	if err != nil || len(docs) == 0 {
		answer <- err
		return answer
	}
	u.store.Append(store.Batch{Docs: docs, Done: func(err error) { answer <- err }})
	return answer
}
