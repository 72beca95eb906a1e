package amqptest

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/internal/compat"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// An Option makes a broker different from the usual one.
type Option func(*options) error

type options struct {
	log              zerolog.Logger
	users            []auth.User   // who may do everything
	clock            *clock.Manual // of messages and queues
	standing         bool          // it stands still
	systemHeartbeats bool
	events           int // that the journal keeps
	finalCheck       bool
	server           []func(*server.Server)
	defaultVHost     string
	eventVHost       string
	memoryLimit      int64                       // octets; negative for none
	reopen           func() (store.Store, error) // nil if it is not known
	rules            compat.Rules
}

// dawn is what a manual clock shows first.
var dawn = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// WithManualClock has the broker's time stand still, at midnight UTC on January
// 1, 2000, until Advance or SetNow moves it. Every timer of the broker obeys: the
// time to live of messages, the expiry of queues, and also heartbeats and the
// deadlines of logins, so that a client is hung up on when the time goes on by
// two of its heartbeat intervals at once, and one whose login was refused waits
// for three seconds of that time; see WithSystemHeartbeats. The consumer timeout
// obeys it in any case.
func WithManualClock() Option {
	return func(o *options) error {
		o.clock, o.standing = clock.NewManual(dawn), true
		return nil
	}
}

// WithSystemHeartbeats leaves to the system clock what waits for clients:
// heartbeats, and the deadlines of logins and goodbyes. It matters together
// with WithManualClock, for without that it is so anyway: connections survive
// Advance, however far.
func WithSystemHeartbeats() Option {
	return func(o *options) error {
		o.systemHeartbeats = true
		return nil
	}
}

// WithCompat has the broker follow a series of RabbitMQ: "3.13", "4.2" as without
// the option, or "4.3", which refuses queues that are neither durable nor exclusive
// and more. The broker presents itself as that RabbitMQ too. What the series differ
// in is in docs/compatibility.md.
func WithCompat(series string) Option {
	return func(o *options) (err error) {
		o.rules, err = compat.For(series)
		return err
	}
}

// WithRules has the broker follow rules that are those of no series, for who
// configures one rule or the other by itself.
func WithRules(rules compat.Rules) Option {
	return func(o *options) error {
		o.rules = rules
		return nil
	}
}

// WithLogger has the broker write its log, which usually nobody sees. The logger
// must be safe for use by several goroutines: wrap a buffer in zerolog.SyncWriter.
func WithLogger(log zerolog.Logger) Option {
	return func(o *options) error {
		o.log = log
		return nil
	}
}

// WithUser adds a user, who may do everything, to guest. For guest it changes the
// password; URL goes on to name the usual one.
func WithUser(name, password string) Option {
	return func(o *options) error {
		if name == "" || password == "" {
			return fmt.Errorf("user %q: want a name and a password that are not empty", name)
		}
		o.users = append(o.users, administrator(name, password))
		return nil
	}
}

// WithJournal has the journal keep so many events; 0 has it keep none.
func WithJournal(events int) Option {
	return func(o *options) error {
		if events < 0 {
			return fmt.Errorf("journal of %d events: want 0 or more", events)
		}
		o.events = events
		return nil
	}
}

// WithFinalCheck fails a test at the end of which a delivery is left that nobody
// has acked, rejected or requeued, or that has published a message which no queue
// got; see Journal.Check.
func WithFinalCheck() Option {
	return func(o *options) error {
		o.finalCheck = true
		return nil
	}
}

// WithServer has a function change the server before it starts, and each time it
// starts again: limits, heartbeats, what it says of itself. The function is not to
// touch Clock, Watch and Faults.
func WithServer(configure func(s *server.Server)) Option {
	return func(o *options) error {
		if configure == nil {
			return errors.New("WithServer: the function is nil: want one that changes a server")
		}
		o.server = append(o.server, configure)
		return nil
	}
}

// WithDefaultVHost has the default virtual host, which URL leads to and which is
// made if the store does not know it, have another name than "/".
func WithDefaultVHost(name string) Option {
	return func(o *options) error {
		if name == "" || len(name) > shortstrMost {
			return fmt.Errorf("default virtual host %q: want a name of 1 to %d octets", name, shortstrMost)
		}
		o.defaultVHost = name
		return nil
	}
}

// WithEventVHost has another virtual host than the default one have the exchange
// amq.rabbitmq.event, which tells what happens to queues, connections, users and the
// like. It is made if the store does not know it.
func WithEventVHost(name string) Option {
	return func(o *options) error {
		if name == "" || len(name) > shortstrMost {
			return fmt.Errorf("virtual host %q for events: want a name of 1 to %d octets", name, shortstrMost)
		}
		o.eventVHost = name
		return nil
	}
}

// WithMemoryLimit bounds the octets of message bodies that are kept in memory:
// beyond, queues leave the middle of what they hold to the store alone. Without it,
// as for a store in memory, there is no bound.
func WithMemoryLimit(octets int64) Option {
	return func(o *options) error {
		if octets < 0 {
			return fmt.Errorf("memory limit of %d octets: want 0 or more", octets)
		}
		o.memoryLimit = octets
		return nil
	}
}

// WithReopen says how Restart opens the store of Start again, once it is closed.
func WithReopen(open func() (store.Store, error)) Option {
	return func(o *options) error {
		if open == nil {
			return errors.New("WithReopen: the function is nil: want one that opens a store")
		}
		o.reopen = open
		return nil
	}
}

func administrator(name, password string) auth.User {
	return auth.User{Name: name, Tags: []string{auth.Administrator}}.WithPassword(password)
}

// gather applies options to the usual ones.
func gather(log zerolog.Logger, opts []Option) (*options, error) {
	o := &options{
		log: log, users: []auth.User{administrator("guest", "guest")}, clock: clock.NewRunning(), events: bookMost,
		defaultVHost: vhost.Default, memoryLimit: -1,
	}
	opts = append([]Option{WithCompat(compat.Default)}, opts...)
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("an option is nil: want one that a With function returned")
		}
		if err := opt(o); err != nil {
			return nil, err
		}
	}
	if o.eventVHost == "" {
		o.eventVHost = o.defaultVHost
	}
	if o.finalCheck && o.events == 0 {
		return nil, errors.New("WithFinalCheck and WithJournal(0): want a journal of 1 event or more to check")
	}
	return o, nil
}

// memory returns what bounds the bodies of a run in memory, or nil.
func (o *options) memory() *queue.Memory {
	if o.memoryLimit < 0 {
		return nil
	}
	return queue.NewMemory(o.memoryLimit)
}

// connectionClock is the clock of connections.
func (o *options) connectionClock() clock.Clock {
	if o.standing && !o.systemHeartbeats {
		return o.clock
	}
	return clock.System
}
