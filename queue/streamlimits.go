package queue

import (
	"math"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

const (
	// defaultSegment is how large a stream's segments are unless somebody says.
	//
	// rabbitmq: the same
	defaultSegment = 500_000_000

	// segmentMost is how large they may be.
	segmentMost = 3_000_000_000
)

// streamLimits are what bounds a stream: arguments, or what policies say.
type streamLimits struct {
	bytes   int64 // unlimited unless the oldest segments go when there is more
	age     int64 // milliseconds; unlimited unless the oldest segments go after that
	segment int64 // octets of a segment
}

// parseStreamLimits reads the arguments of a stream, with RabbitMQ's error for the
// first that is wrong.
//
// rabbitmq: first in this order, whatever the order in the table
func parseStreamLimits(d Declaration) (l streamLimits, err error) {
	a := arguments{d: d}
	a.deadExchange() // means nothing here, but its type is looked at first
	a.queueType()
	l.bytes = a.integer("x-max-length-bytes", unlimited, 0, math.MaxInt64)
	l.age = a.age("x-max-age")
	l.segment = a.integer("x-stream-max-segment-size-bytes", defaultSegment, 0, math.MaxInt64)
	// A broker which looks at every message has no Bloom filter to be made larger.
	filter := a.integer("x-stream-filter-size-bytes", 16, 0, math.MaxInt64)
	a.groupSize("x-initial-cluster-size")
	a.locator()
	a.foreign()
	a.properties()
	if l.segment > segmentMost {
		a.fail("Exceeded max value for x-stream-max-segment-size-bytes")
	}
	if filter < 16 || filter > 255 {
		a.fail("Invalid value for  x-stream-filter-size-bytes")
	}
	return l, a.err
}

// under returns the limits with what a policy says.
//
// rabbitmq: from 4.0 on it comes before the arguments, of a stream
func (l streamLimits) under(definition map[string]any) streamLimits {
	if n, ok := definition["max-length-bytes"].(int64); ok {
		l.bytes = n
	}
	if n, ok := definition["stream-max-segment-size-bytes"].(int64); ok {
		l.segment = min(n, segmentMost)
	}
	if s, ok := definition["max-age"].(string); ok {
		if age, ok := parseAge(s); ok {
			l.age = age
		}
	}
	return l
}

// age reads how old messages may become, in milliseconds.
func (a *arguments) age(key string) int64 {
	s, ok := a.text(key)
	if !ok {
		return unlimited
	}
	age, ok := parseAge(s)
	if !ok {
		a.invalid(key, "invalid_max_age")
	}
	return age
}

// ageUnits are the units of an age.
//
// rabbitmq: years and months have no leap days
var ageUnits = map[byte]time.Duration{
	'Y': 365 * 24 * time.Hour, 'M': 30 * 24 * time.Hour, 'D': 24 * time.Hour,
	'h': time.Hour, 'm': time.Minute, 's': time.Second,
}

// parseAge reads a time such as 7D, in milliseconds. What does not fit into a number
// is as good as for ever.
func parseAge(s string) (milliseconds int64, ok bool) {
	if len(s) < 2 {
		return 0, false
	}
	unit := ageUnits[s[len(s)-1]].Milliseconds()
	if unit == 0 {
		return 0, false
	}
	n := int64(0)
	for _, digit := range []byte(s[:len(s)-1]) {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		if n = n*10 + int64(digit-'0'); n > math.MaxInt64/100/unit {
			n = math.MaxInt64 / 100 / unit // which stays so, whatever digits follow
		}
	}
	return n * unit, n > 0
}

// unsupported is the error for a method that streams do not know.
func (d Declaration) unsupported(method string) error {
	return amqp.Errorf(amqp.NotImplemented, "%s not supported by stream queues queue '%s' in vhost '%s'", method, d.Name, d.VHost)
}
