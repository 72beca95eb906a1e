// Package limits is how many of something there may be: connections, channels,
// queues.
package limits

import "maps"

// The limits there are, in RabbitMQ's words.
const (
	MaxConnections = "max-connections" // of a user, or in a virtual host
	MaxChannels    = "max-channels"    // of a user
	MaxQueues      = "max-queues"      // in a virtual host
)

// A Set is limits by name. One that is absent or negative is none; zero forbids.
// A set does not change: With and Without return another.
type Set map[string]int64

// Reached reports whether a limit leaves no room for one more than there are
// now, and which limit that is.
func (s Set) Reached(name string, now int) (limit int64, reached bool) {
	limit, ok := s[name]
	return limit, ok && limit >= 0 && int64(now) >= limit
}

// With returns the set with a limit in it.
func (s Set) With(name string, limit int64) Set {
	with := make(Set, len(s)+1)
	maps.Copy(with, s)
	with[name] = limit
	return with
}

// Without returns the set without a limit, which may not be in it.
func (s Set) Without(name string) Set {
	without := maps.Clone(s)
	delete(without, name)
	return without
}
