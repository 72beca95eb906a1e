// Package auth says who may log in.
package auth

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// ErrRefused is the answer to every login that is not let in. Why is for the log
// only, so that a stranger does not learn which names exist.
var ErrRefused = errors.New("login refused")

// Users are the users of a broker, by name. The zero value has none.
type Users struct {
	// LoopbackOnly lists users who may log in from this machine only.
	//
	// rabbitmq: loopback_users, "guest" by default
	LoopbackOnly []string

	mu        sync.RWMutex // guards passwords
	passwords map[string]string
}

// Set adds a user, or changes the password of one.
func (u *Users) Set(name, password string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.passwords == nil {
		u.passwords = make(map[string]string)
	}
	u.passwords[name] = password
}

// Has reports whether there is a user of that name.
func (u *Users) Has(name string) bool {
	u.mu.RLock()
	defer u.mu.RUnlock()
	_, ok := u.passwords[name]
	return ok
}

// Login returns nil if the password is that of the user and the user may come
// from peer. Its errors wrap ErrRefused.
func (u *Users) Login(name, password string, peer net.Addr) error {
	u.mu.RLock()
	want, ok := u.passwords[name]
	u.mu.RUnlock()
	same := subtle.ConstantTimeCompare([]byte(want), []byte(password)) == 1
	if !ok || !same || password == "" {
		return fmt.Errorf("%w: invalid credentials of user %q", ErrRefused, name)
	}
	if slices.Contains(u.LoopbackOnly, name) && !loopback(peer) {
		return fmt.Errorf("%w: user %q can only connect via localhost", ErrRefused, name)
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
