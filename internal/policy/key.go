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
	what       string                // it is, for the text of an error
	value      func(any) (any, bool) // reads it, or says that it is none
	operator   bool                  // operators may set it
	notClassic bool                  // classic queues cannot follow it
}

// keys are all keys that RabbitMQ knows for policies, of queues and exchanges of its
// own.
//
// rabbitmq: the texts; a policy with a key that an object cannot follow does not
// apply to it
var keys = map[string]key{
	"alternate-exchange":            {"alternate exchange name", text, false, false},
	"dead-letter-exchange":          {"dead letter exchange name", text, false, false},
	"dead-letter-routing-key":       {"dead letter routing key", text, false, false},
	"message-ttl":                   {"message TTL", atLeast(0), true, false},
	"expires":                       {"queue expiry", atLeast(1), true, false},
	"max-length":                    {"maximum length", atLeast(0), true, false},
	"max-length-bytes":              {"maximum length in bytes", atLeast(0), true, false},
	"overflow":                      {"overflow value", oneOf("drop-head", "reject-publish", "reject-publish-dlx"), true, false},
	"queue-mode":                    {"queue-mode value", oneOf("default", "lazy"), false, false},
	"queue-version":                 {"queue-version", between(1, 2), true, false},
	"consumer-timeout":              {"consumer timeout", atLeast(0), false, false},
	"dead-letter-strategy":          {"dead letter strategy", oneOf("at-most-once", "at-least-once"), false, true},
	"delivery-limit":                {"delivery limit", atLeast(0), true, true},
	"max-in-memory-length":          {"maximum memory in bytes", atLeast(0), true, false},
	"max-in-memory-bytes":           {"maximum memory in bytes", atLeast(0), true, false},
	"max-age":                       {"max age", age, true, true},
	"stream-max-segment-size-bytes": {"segment size", atLeast(1), true, true},
	"stream-filter-size-bytes":      {"filter size", between(16, 255), true, true},
	"queue-leader-locator":          {"queue leader locator", oneOf("client-local", "balanced"), false, true},
	"initial-cluster-size":          {"cluster size", atLeast(1), false, true},
	"target-group-size":             {"group size", atLeast(1), true, true},
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

var ages = regexp.MustCompile(`^[0-9]+[YMDhms]$`)

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
		if kind == ClassicQueues && keys[name].notClassic {
			return false
		}
	}
	return true
}
