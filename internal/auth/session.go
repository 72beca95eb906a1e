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
// the permissions at once; the tags are those the user had in the beginning. It
// belongs to one goroutine.
type Session struct {
	// immutable
	users        *Users
	account      *account
	name, vhost  string
	impersonator bool
	evict        func(*amqp.Error)

	// what the permissions were under version
	version     uint64
	permissions *permissions // nil for none
	topics      topics

	// the exchange that Publish allowed last, under version
	published string
	publishes bool

	channels int // guarded by users.mu
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
		return nil, noAccess(name, vhost)
	}
	if limit, reached := a.user.Limits.Reached(limits.MaxConnections, len(a.sessions)); reached {
		return nil, amqp.Errorf(amqp.NotAllowed, "connection refused for user '%s': user connection limit (%d) is reached", name, limit)
	}
	if a.permissions[vhost] == nil {
		return nil, noAccess(name, vhost)
	}
	s := &Session{
		users: u, account: a, name: name, vhost: vhost, impersonator: a.user.Has(Impersonator), evict: evict,
		version: u.version.Load(), permissions: a.permissions[vhost], topics: a.topics[vhost],
	}
	a.sessions[s] = true
	return s, nil
}

func noAccess(name, vhost string) error {
	return amqp.Errorf(amqp.NotAllowed, "access to vhost '%s' refused for user '%s'", vhost, name)
}

// Leave ends the session, and with it its channels.
func (s *Session) Leave() {
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	delete(s.account.sessions, s)
	s.account.channels -= s.channels
	s.channels = 0
}

// OpenChannel counts a channel in: NOT_ALLOWED, if the user has too many.
//
// spec: channel.open
func (s *Session) OpenChannel() error {
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	if limit, reached := s.account.user.Limits.Reached(limits.MaxChannels, s.account.channels); reached {
		return amqp.Errorf(amqp.NotAllowed, "number of channels opened for user '%s' has reached the maximum allowed user limit of %d", s.name, limit)
	}
	s.account.channels++
	s.channels++
	return nil
}

// CloseChannel counts a channel out.
func (s *Session) CloseChannel() {
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	s.account.channels--
	s.channels--
}

// Impersonates reports whether the user may publish with the user-id of others.
//
// rabbitmq: tag impersonator
func (s *Session) Impersonates() bool { return s.impersonator }

// Configure returns ACCESS_REFUSED unless the user may declare and delete
// something of that name.
func (s *Session) Configure(k Kind, name string) error {
	p := s.current()
	return s.unless(p != nil && p.configure.match(named(k, name)), "configure", k, name)
}

// Write returns ACCESS_REFUSED unless the user may write to something of that
// name.
func (s *Session) Write(k Kind, name string) error {
	p := s.current()
	return s.unless(p != nil && p.write.match(named(k, name)), "write", k, name)
}

// Read returns ACCESS_REFUSED unless the user may read from something of that
// name.
func (s *Session) Read(k Kind, name string) error {
	p := s.current()
	return s.unless(p != nil && p.read.match(named(k, name)), "read", k, name)
}

// Know returns ACCESS_REFUSED unless the user may do anything with something of
// that name.
//
// rabbitmq: the text is that of configure
func (s *Session) Know(k Kind, name string) error {
	p, n := s.current(), named(k, name)
	return s.unless(p != nil && (p.configure.match(n) || p.write.match(n) || p.read.match(n)), "configure", k, name)
}

// Publish is Write for an exchange. It remembers what it allowed last, so that
// publishing to one exchange asks no pattern twice.
func (s *Session) Publish(exchange string) error {
	if s.publishes && s.published == exchange && s.version == s.users.version.Load() {
		return nil
	}
	if err := s.Write(Exchange, exchange); err != nil {
		return err
	}
	s.published, s.publishes = exchange, true
	return nil
}

// HasTopics reports whether there are topic permissions to ask for, as of the
// last answer.
func (s *Session) HasTopics() bool { return len(s.topics) > 0 }

// WriteTopic returns ACCESS_REFUSED unless the user may publish to a topic
// exchange with a routing key.
func (s *Session) WriteTopic(exchange, key string) error {
	s.current()
	t := s.topics[exchange]
	return s.unlessTopic(t == nil || t.write.match(key), "write", exchange, key)
}

// ReadTopic returns ACCESS_REFUSED unless the user may bind to a topic exchange
// with a binding key.
func (s *Session) ReadTopic(exchange, key string) error {
	s.current()
	t := s.topics[exchange]
	return s.unlessTopic(t == nil || t.read.match(key), "read", exchange, key)
}

// current returns the permissions, nil for none.
func (s *Session) current() *permissions {
	if s.version != s.users.version.Load() {
		s.renew()
	}
	return s.permissions
}

// renew looks at the permissions again. A user who was deleted has none, also if
// there is another of that name.
func (s *Session) renew() {
	s.users.mu.RLock()
	defer s.users.mu.RUnlock()
	s.version = s.users.version.Load()
	s.permissions, s.topics, s.publishes = nil, nil, false
	if a := s.users.accounts[s.name]; a == s.account {
		s.permissions, s.topics = a.permissions[s.vhost], a.topics[s.vhost]
	}
}

func named(k Kind, name string) string {
	if k == Exchange && name == "" {
		return defaultExchange
	}
	return name
}

func (s *Session) unless(allowed bool, permission string, k Kind, name string) error {
	if allowed {
		return nil
	}
	return amqp.Errorf(amqp.AccessRefused, "%s access to %s '%s' in vhost '%s' refused for user '%s'", permission, k, named(k, name), s.vhost, s.name)
}

func (s *Session) unlessTopic(allowed bool, permission, exchange, key string) error {
	if allowed {
		return nil
	}
	return amqp.Errorf(amqp.AccessRefused, "%s access to topic '%s' in exchange '%s' in vhost '%s' refused for user '%s'", permission, key, exchange, s.vhost, s.name)
}
