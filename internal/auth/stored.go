package auth

import (
	"context"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// A member is one of the users who has been let in.
type member struct {
	users *Users
	user  User
}

func (m *member) User() User                          { return m.user }
func (m *member) Internal() bool                      { return true }
func (m *member) Expires() time.Time                  { return time.Time{} }
func (m *member) Renew(context.Context, string) error { return nil } // rabbitmq: any secret will do
func (m *member) MayEnter(vhost string) bool {
	_, may := m.users.Permissions(m.user.Name, vhost)
	return may
}
func (m *member) Enter(vhost string, evict func(*amqp.Error)) (*Session, error) {
	return m.users.Enter(m.user.Name, vhost, evict)
}

// stored are the Rights that administrators have given a user. They follow changes
// at once; the tags are those that the user had in the beginning.
type stored struct {
	// immutable
	users        *Users
	account      *account
	name, vhost  string
	impersonator bool

	// what the permissions were under version
	version     uint64
	permissions *permissions // nil for none
	topics      topics
}

func (r *stored) Version() uint64    { return r.users.version.Load() }
func (r *stored) Impersonates() bool { return r.impersonator }
func (r *stored) HasTopics() bool    { return len(r.topics) > 0 }

func (r *stored) May(p Permission, name string) bool {
	r.renew()
	return r.permissions != nil && r.permissions.of(p).match(name)
}

func (r *stored) MayTopic(p Permission, exchange, key string) bool {
	r.renew()
	t := r.topics[exchange]
	switch {
	case t == nil:
		return true
	case p == ToWrite:
		return t.write.match(key)
	}
	return t.read.match(key)
}

// renew looks at the permissions again, if any have changed. A user who was deleted
// has none, also if there is another of that name.
func (r *stored) renew() {
	if r.version == r.users.version.Load() {
		return
	}
	r.users.mu.RLock()
	defer r.users.mu.RUnlock()
	r.version = r.users.version.Load()
	r.permissions, r.topics = nil, nil
	if a := r.users.accounts[r.name]; a == r.account {
		r.permissions, r.topics = a.permissions[r.vhost], a.topics[r.vhost]
	}
}
