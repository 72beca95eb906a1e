package auth

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/limits"
)

// A Kind of thing that permissions are about.
type Kind string

// What permissions are about. Texts for clients name it.
const (
	Exchange Kind = "exchange"
	Queue    Kind = "queue"
)

// defaultExchange is the name of the default exchange in permissions: its own is
// empty.
//
// rabbitmq: so patterns can mean it
const defaultExchange = "amq.default"

// A Session is a connection of a user in a virtual host. What it answers follows
// the user's rights at once. It belongs to one goroutine.
type Session struct {
	// immutable
	name, vhost string
	rights      Rights
	seat        *seat // nil if nobody counts the session

	// the exchange that Publish allowed last, under version
	version   uint64
	published string
	publishes bool
}

// NewSession returns a session of a user who is not one of Users, and whom no limits
// of Users bind.
func NewSession(user, vhost string, r Rights) *Session {
	return &Session{name: user, vhost: vhost, rights: r}
}

// Enter begins a session: NOT_ALLOWED, if the user has too many or no permissions
// in the virtual host. evict is called, once, if the user is deleted before the
// session is left; it must not block.
//
// spec: connection.open; rabbitmq: the limit is looked at first.
func (u *Users) Enter(name, vhost string, evict func(*amqp.Error)) (*Session, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	a := u.accounts[name]
	if a == nil {
		return nil, NoAccess(name, vhost)
	}
	if limit, reached := a.user.Limits.Reached(limits.MaxConnections, len(a.seats)); reached {
		return nil, amqp.Errorf(amqp.NotAllowed, "connection refused for user '%s': user connection limit (%d) is reached", name, limit)
	}
	if a.permissions[vhost] == nil {
		return nil, NoAccess(name, vhost)
	}
	taken := &seat{users: u, account: a, evict: evict}
	a.seats[taken] = true
	s := NewSession(name, vhost, &stored{
		users: u, account: a, name: name, vhost: vhost, impersonator: a.user.Has(Impersonator),
		version: u.version.Load(), permissions: a.permissions[vhost], topics: a.topics[vhost],
	})
	s.seat = taken
	return s, nil
}

// NoAccess is the error for a user who may not open a virtual host.
func NoAccess(user, vhost string) error {
	return amqp.Errorf(amqp.NotAllowed, "access to vhost '%s' refused for user '%s'", vhost, user)
}

// Leave ends the session, and with it its channels.
func (s *Session) Leave() { s.seat.leave() }

// OpenChannel counts a channel in: NOT_ALLOWED, if the user has too many.
//
// spec: channel.open
func (s *Session) OpenChannel() error { return s.seat.openChannel() }

// CloseChannel counts a channel out.
func (s *Session) CloseChannel() { s.seat.closeChannel() }

// Impersonates reports whether the user may publish with the user-id of others.
//
// rabbitmq: tag impersonator
func (s *Session) Impersonates() bool { return s.rights.Impersonates() }

// Configure returns ACCESS_REFUSED unless the user may declare and delete
// something of that name.
func (s *Session) Configure(k Kind, name string) error { return s.need(ToConfigure, k, name) }

// Write returns ACCESS_REFUSED unless the user may write to something of that
// name.
func (s *Session) Write(k Kind, name string) error { return s.need(ToWrite, k, name) }

// Read returns ACCESS_REFUSED unless the user may read from something of that
// name.
func (s *Session) Read(k Kind, name string) error { return s.need(ToRead, k, name) }

// Know returns ACCESS_REFUSED unless the user may do anything with something of
// that name.
//
// rabbitmq: the text is that of configure
func (s *Session) Know(k Kind, name string) error {
	if n := named(k, name); s.rights.May(ToWrite, n) || s.rights.May(ToRead, n) {
		return nil
	}
	return s.Configure(k, name)
}

// Publish is Write for an exchange. It remembers what it allowed last, so that
// publishing to one exchange asks nobody twice.
func (s *Session) Publish(exchange string) error {
	version := s.rights.Version()
	if s.publishes && s.published == exchange && s.version == version {
		return nil
	}
	s.publishes = false
	if err := s.Write(Exchange, exchange); err != nil {
		return err
	}
	s.published, s.publishes, s.version = exchange, true, version
	return nil
}

// HasTopics reports whether WriteTopic and ReadTopic may refuse anything, as of the
// last answer.
func (s *Session) HasTopics() bool { return s.rights.HasTopics() }

// WriteTopic returns ACCESS_REFUSED unless the user may publish to a topic
// exchange with a routing key.
func (s *Session) WriteTopic(exchange, key string) error { return s.needTopic(ToWrite, exchange, key) }

// ReadTopic returns ACCESS_REFUSED unless the user may bind to a topic exchange
// with a binding key.
func (s *Session) ReadTopic(exchange, key string) error { return s.needTopic(ToRead, exchange, key) }

func named(k Kind, name string) string {
	if k == Exchange && name == "" {
		return defaultExchange
	}
	return name
}

func (s *Session) need(p Permission, k Kind, name string) error {
	if s.rights.May(p, named(k, name)) {
		return nil
	}
	return amqp.Errorf(amqp.AccessRefused, "%s access to %s '%s' in vhost '%s' refused for user '%s'", p, k, named(k, name), s.vhost, s.name)
}

func (s *Session) needTopic(p Permission, exchange, key string) error {
	if s.rights.MayTopic(p, exchange, key) {
		return nil
	}
	return amqp.Errorf(amqp.AccessRefused, "%s access to topic '%s' in exchange '%s' in vhost '%s' refused for user '%s'", p, key, exchange, s.vhost, s.name)
}
