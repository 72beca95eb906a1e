package queue

import (
	"math"
	"time"
)

// MaxMilliseconds is the longest time that an argument, or a message's
// expiration, may name: ten years.
//
// rabbitmq: larger values are refused, for a timer could not hold them.
const MaxMilliseconds = 315_360_000_000

// unlimited stands for a limit that is not set.
const unlimited = math.MaxInt64

// An Overflow says what happens to a queue that is full.
type Overflow string

// The values of x-overflow.
const (
	DropHead         Overflow = "drop-head"
	RejectPublish    Overflow = "reject-publish"
	RejectPublishDLX Overflow = "reject-publish-dlx"
)

// limits are a declaration's arguments, read once: nobody looks into a table
// while a message waits.
type limits struct {
	ttl      int64 // milliseconds; unlimited if messages do not expire
	expires  int64 // milliseconds; unlimited if the queue does not
	length   int64
	bytes    int64
	overflow Overflow

	deadExchange string
	deadKey      string
	deadLetter   bool
	hasDeadKey   bool
	singleActive bool
	unique       bool // of messages with the same value in a header only one is kept
	atLeastOnce  bool // of a quorum queue: so dead letters wait until somebody has them
	maxPriority  int

	consumerTimeout time.Duration // for acking a delivery; 0 if the queue has no say in it
	retry           backoff

	// What follows is for quorum queues.

	deliveries int64  // how often a message may come back; unlimited for ever, undecided if nothing was said
	strategy   string // of dead letters; "" if nothing was said
}

// deadLetters returns where dead letters go.
func (l *limits) deadLetters() DeadLetters {
	return DeadLetters{Exchange: l.deadExchange, Key: l.deadKey, Replace: l.hasDeadKey, AtLeastOnce: l.atLeastOnce}
}

// bounded reports whether there can be too many messages.
func (l *limits) bounded() bool { return l.length != unlimited || l.bytes != unlimited }

// parseLimits reads the arguments of a classic or a quorum queue, with RabbitMQ's
// error for the first that is wrong.
//
// rabbitmq: first in this order, whatever the order in the table; those that are
// not for such a queue come last.
func parseLimits(d Declaration) (l limits, err error) {
	a := arguments{d: d}
	l.deadExchange, l.deadLetter = a.deadExchange()
	a.queueType()
	l.expires = a.integer("x-expires", unlimited, 1, MaxMilliseconds)
	l.ttl = a.integer("x-message-ttl", unlimited, 0, MaxMilliseconds)
	l.deadKey, l.hasDeadKey = a.text("x-dead-letter-routing-key")
	if l.hasDeadKey && !l.deadLetter {
		a.invalid("x-dead-letter-routing-key", "routing_key_but_no_dlx_defined")
	}
	l.strategy = a.deadStrategy()
	l.length = a.integer("x-max-length", unlimited, 0, math.MaxInt64)
	l.bytes = a.integer("x-max-length-bytes", unlimited, 0, math.MaxInt64)
	a.inMemory()
	l.maxPriority = int(a.priority())
	l.overflow = Overflow(a.word("x-overflow", string(DropHead), "invalid_overflow", string(DropHead), string(RejectPublish), string(RejectPublishDLX)))
	a.queueMode()
	a.queueVersion()
	l.singleActive = a.flag("x-single-active-consumer")
	l.consumerTimeout = a.consumerTimeout()
	a.groupSize("x-quorum-initial-group-size")
	l.deliveries = a.deliveryLimit()
	a.locator()
	a.foreign()
	a.properties()
	l.retry = a.retry()
	l.unique = a.flag("x-message-deduplication")
	return l, a.err
}
