package server

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/audit"
)

// maxReason is how many octets a short string may have.
const maxReason = 255

// alarms are what the broker is short of. While it is short of something,
// publishers wait; consumers do not.
type alarms struct {
	raised atomic.Bool // some are; what every publish looks at

	mu      sync.Mutex    // guards what follows
	shortOf []string      // in alphabetical order
	over    chan struct{} // closed when the last one ends
}

// SetAlarm says that the broker is short of a resource, such as "disk" or
// "memory", or no longer is.
//
// rabbitmq: resource alarms; a connection is blocked when it next publishes.
func (s *Server) SetAlarm(resource string, short bool) {
	a := &s.alarms
	a.mu.Lock()
	defer a.mu.Unlock()
	i, known := slices.BinarySearch(a.shortOf, resource)
	switch {
	case short == known:
		return
	case short:
		a.shortOf = slices.Insert(a.shortOf, i, resource)
		s.Tell.Of(audit.AlarmSet{Resource: resource})
	default:
		a.shortOf = slices.Delete(a.shortOf, i, i+1)
		s.Tell.Of(audit.AlarmCleared{Resource: resource})
	}
	switch {
	case len(a.shortOf) == 0:
		a.raised.Store(false)
		close(a.over)
	case !a.raised.Load():
		a.over = make(chan struct{})
		a.raised.Store(true)
	}
}

// Alarms returns what the broker is short of, in alphabetical order.
func (s *Server) Alarms() []string {
	s.alarms.mu.Lock()
	defer s.alarms.mu.Unlock()
	return slices.Clone(s.alarms.shortOf)
}

// state returns why publishers have to wait and until when; an empty reason says
// that they need not.
func (a *alarms) state() (reason string, over <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.shortOf) == 0 {
		return "", nil
	}
	reason = "low on " + strings.Join(a.shortOf, " & ")
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	return reason, a.over
}

// block holds a client that publishes until the broker is no longer short of
// anything: its socket is not read from. What it said before is carried out.
//
// rabbitmq: it is told, if it understands, and nothing of its publish is lost.
func (c *connection) block() error {
	reason, over := c.server.alarms.state()
	if reason == "" {
		return nil
	}
	return c.blockUntil(reason, over)
}

// blockUntil is block for a reason that is over when the channel is closed.
func (c *connection) blockUntil(reason string, over <-chan struct{}) error {
	if err := c.settle(); err != nil {
		return err
	}
	c.blocked.Store(true)
	defer c.blocked.Store(false)
	tell := c.capable("connection.blocked")
	if tell {
		c.send(&amqp.ConnectionBlocked{Reason: reason})
		c.outbox.flush()
	}
	c.log.Info().Str("reason", reason).Msg("connection blocked")
	if err := c.await(over); err != nil {
		return err
	}
	c.log.Info().Msg("connection unblocked")
	if tell {
		c.send(&amqp.ConnectionUnblocked{})
	}
	return nil
}
