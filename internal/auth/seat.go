package auth

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/limits"
)

// A seat is the place of a session among those of its user, which limits count. One
// that is nil is counted by nobody.
type seat struct {
	// immutable
	users   *Users
	account *account
	evict   func(*amqp.Error)

	channels int // guarded by users.mu
}

func (s *seat) leave() {
	if s == nil {
		return
	}
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	delete(s.account.seats, s)
	s.account.channels -= s.channels
	s.channels = 0
}

func (s *seat) openChannel() error {
	if s == nil {
		return nil
	}
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	user := s.account.user
	if limit, reached := user.Limits.Reached(limits.MaxChannels, s.account.channels); reached {
		return amqp.Errorf(amqp.NotAllowed, "number of channels opened for user '%s' has reached the maximum allowed user limit of %d", user.Name, limit)
	}
	s.account.channels++
	s.channels++
	return nil
}

func (s *seat) closeChannel() {
	if s == nil {
		return
	}
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	s.account.channels--
	s.channels--
}
