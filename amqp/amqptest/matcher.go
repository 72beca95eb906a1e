package amqptest

import (
	"fmt"
	"slices"
	"strings"
)

// A Matcher picks events: those of a journal to look at, and those of the broker
// at which a fault happens. Several together pick what all of them match. Kinds
// are matchers.
type Matcher interface {
	Match(e *Event) bool

	// String says which events match, for texts of errors.
	String() string
}

// OnExchange matches what was published to an exchange, "" being the default one,
// and what became of it.
func OnExchange(name string) Matcher {
	return That(fmt.Sprintf("exchange %q", name), func(e *Event) bool { return e.Exchange == name })
}

// OnKey matches messages that were published with a routing key, and what became
// of them.
func OnKey(key string) Matcher {
	return That(fmt.Sprintf("key %q", key), func(e *Event) bool { return e.RoutingKey == key })
}

// OnQueue matches what happens to messages in a queue, and messages that are
// routed to it.
func OnQueue(name string) Matcher {
	return That(fmt.Sprintf("queue %q", name), func(e *Event) bool { return e.Queue == name || slices.Contains(e.Queues, name) })
}

// OnClient matches what happens on connections that clients call by a name, which
// most libraries let them choose (connection_name).
func OnClient(name string) Matcher {
	return That(fmt.Sprintf("client %q", name), func(e *Event) bool { return e.Client == name })
}

// WithBody matches messages with a body.
func WithBody(body string) Matcher {
	return That("body "+excerpt([]byte(body)), func(e *Event) bool { return e.Message != nil && string(e.Message.Body) == body })
}

// That matches what a function is true of. The function must be quick, and not
// call the broker, which may wait for the answer. The description goes into texts
// of errors.
func That(description string, match func(e *Event) bool) Matcher {
	return matcher{description, match}
}

type matcher struct {
	description string
	match       func(e *Event) bool
}

func (m matcher) Match(e *Event) bool { return m.match(e) }
func (m matcher) String() string      { return m.description }

// OnVHost matches what happens in a virtual host.
func OnVHost(name string) Matcher {
	return That(fmt.Sprintf("virtual host %q", name), func(e *Event) bool { return e.VHost == name })
}

// matches reports whether all matchers match.
func matches(all []Matcher, e *Event) bool {
	for _, m := range all {
		if !m.Match(e) {
			return false
		}
	}
	return true
}

// describe says which events matchers pick.
func describe(all []Matcher) string {
	if len(all) == 0 {
		return "any"
	}
	words := make([]string, len(all))
	for i, m := range all {
		words[i] = m.String()
	}
	return strings.Join(words, ", ")
}
