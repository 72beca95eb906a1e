package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// Commands is the name in events and logs of who administers the broker by commands on
// its machine, without being one of its users.
//
// rabbitmq: the user of its command line tools
const Commands = "rmq-cli"

// A Local is the Identity of who needs no login: the operating system has let that one
// in already. It may do everything everywhere, and nobody counts what it does.
type Local struct{}

// User implements Identity.
func (Local) User() User { return User{Name: Commands, Tags: []string{Administrator}} }

// Internal implements Identity: it is none of Users.
func (Local) Internal() bool { return false }

// Expires implements Identity.
func (Local) Expires() time.Time { return time.Time{} }

// Renew implements Identity.
func (Local) Renew(context.Context, string) error {
	return fmt.Errorf("%w: %s has no secret", ErrRefused, Commands)
}

// MayEnter implements Identity.
func (Local) MayEnter(string) bool { return true }

// Enter implements Identity.
func (Local) Enter(vhost string, _ func(*amqp.Error)) (*Session, error) {
	return NewSession(Commands, vhost, everything{}), nil
}

// everything is the Rights of who may do all.
type everything struct{}

func (everything) Version() uint64                          { return 0 }
func (everything) May(Permission, string) bool              { return true }
func (everything) HasTopics() bool                          { return false }
func (everything) MayTopic(Permission, string, string) bool { return true }
func (everything) Impersonates() bool                       { return true }
