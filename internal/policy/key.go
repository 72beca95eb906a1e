package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
)

// A key is one that definitions may have.
type key struct {
	what     string                // it is, for the text of an error
	value    func(any) (any, bool) // reads it, or says that it is none
	operator bool                  // operators may set it
	queues   []Kind                // that can follow it
}

// The kinds of queues that can follow some keys.
var (
	allQueues    = []Kind{ClassicQueues, QuorumQueues, Streams}
	messageFates = []Kind{ClassicQueues, QuorumQueues} // streams keep what they have
	classicOnly  = []Kind{ClassicQueues}
	quorumOnly   = []Kind{QuorumQueues}
	streamsOnly  = []Kind{Streams}
	placedQueues = []Kind{QuorumQueues, Streams}
)

// keys are all keys that RabbitMQ knows for policies, of queues and exchanges of its
// own.
//
// rabbitmq: the texts; a policy with a key that an object cannot follow does not
// apply to it
var keys = map[string]key{
	"alternate-exchange":            {"alternate exchange name", text, false, allQueues},
	"dead-letter-exchange":          {"dead letter exchange name", text, false, messageFates},
	"dead-letter-routing-key":       {"dead letter routing key", text, false, messageFates},
	"message-ttl":                   {"message TTL", atLeast(0), true, messageFates},
	"expires":                       {"queue expiry", atLeast(1), true, messageFates},
	"max-length":                    {"maximum length", atLeast(0), true, messageFates},
	"max-length-bytes":              {"maximum length in bytes", atLeast(0), true, allQueues},
	"overflow":                      {"overflow value", oneOf("drop-head", "reject-publish", "reject-publish-dlx"), true, messageFates},
	"queue-mode":                    {"queue-mode value", oneOf("default", "lazy"), false, classicOnly},
	"queue-version":                 {"queue-version", between(1, 2), true, allQueues},
	"consumer-timeout":              {"consumer timeout", atLeast(0), false, allQueues},
	"delayed-retry-type":            {"delayed retry type", oneOf("disabled", "all", "failed", "returned"), false, messageFates},
	"delayed-retry-min":             {"delayed retry time", atLeast(1), false, messageFates},
	"delayed-retry-max":             {"delayed retry time", atLeast(1), false, messageFates},
	"dead-letter-strategy":          {"dead letter strategy", oneOf("at-most-once", "at-least-once"), false, quorumOnly},
	"delivery-limit":                {"delivery limit", atLeast(0), true, quorumOnly},
	"max-in-memory-length":          {"maximum memory in bytes", atLeast(0), true, messageFates},
	"max-in-memory-bytes":           {"maximum memory in bytes", atLeast(0), true, messageFates},
	"max-age":                       {"max age", age, true, streamsOnly},
	"stream-max-segment-size-bytes": {"segment size", atLeast(1), true, streamsOnly},
	"stream-filter-size-bytes":      {"filter size", between(16, 255), true, placedQueues},
	"queue-leader-locator":          {"queue leader locator", oneOf("client-local", "balanced"), false, placedQueues},
	"initial-cluster-size":          {"cluster size", atLeast(1), false, streamsOnly},
	"target-group-size":             {"group size", atLeast(1), true, quorumOnly},
}

func text(v any) (any, bool) {
	s, ok := v.(string)
	return s, ok
}

func oneOf(words ...string) func(any) (any, bool) {
	return func(v any) (any, bool) {
		s, ok := v.(string)
		return s, ok && slices.Contains(words, s)
	}
}

func atLeast(least int64) func(any) (any, bool) { return between(least, math.MaxInt64) }

func between(least, most int64) func(any) (any, bool) {
	return func(v any) (any, bool) {
		n, ok := whole(v)
		return n, ok && least <= n && n <= most
	}
}

// whole returns a number without a fraction, as JSON decodes it or Go code writes it.
func whole(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case json.Number:
		i, err := n.Int64()
		return i, err == nil
	}
	return 0, false
}

var ages = regexp.MustCompile(`^0*[1-9][0-9]*[YMDhms]$`)

func age(v any) (any, bool) {
	s, ok := v.(string)
	return s, ok && ages.MatchString(s)
}

// check returns a definition with its values as keys have them.
func check(l List, d Definition) (Definition, error) {
	var unknown []string
	checked := make(Definition)
	for _, name := range slices.Sorted(maps.Keys(d)) {
		k, known := keys[name]
		if !known || l == Operator && !k.operator {
			unknown = append(unknown, fmt.Sprintf("{<<%q>>,%s}", name, erlang(d[name])))
			continue
		}
		value, ok := k.value(d[name])
		if !ok {
			return nil, invalid("%s is not a valid %s", erlang(d[name]), k.what)
		}
		checked[name] = value
	}
	if len(unknown) > 0 {
		return nil, invalid("[%s] are not recognised policy settings", strings.Join(unknown, ",\n "))
	}
	return checked, nil
}

// erlang writes a value as RabbitMQ's texts do.
func erlang(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("<<%q>>", s)
	}
	return fmt.Sprint(v)
}

// supports reports whether objects of a kind can follow all that a definition says.
func supports(kind Kind, d Definition) bool {
	for name := range d {
		if kind != Exchanges && !slices.Contains(keys[name].queues, kind) {
			return false
		}
	}
	return true
}

// Keys returns all keys that definitions may have, in order.
func Keys() []string { return slices.Sorted(maps.Keys(keys)) }
