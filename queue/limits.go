package queue

import (
	"math"
	"time"

	"github.com/harebellmq/harebell/amqp"
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

	deadLetter   bool
	deadExchange string
	deadKey      string
	hasDeadKey   bool
	maxPriority  int
	singleActive bool

	consumerTimeout time.Duration // for acking a delivery; 0 if the queue has no say in it
}

// bounded reports whether there can be too many messages.
func (l *limits) bounded() bool { return l.length != unlimited || l.bytes != unlimited }

// parseLimits reads the arguments of a classic queue, with RabbitMQ's error for
// the first that is wrong.
//
// rabbitmq: first in this order, whatever the order in the table.
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
	l.length = a.integer("x-max-length", unlimited, 0, math.MaxInt64)
	l.bytes = a.integer("x-max-length-bytes", unlimited, 0, math.MaxInt64)
	l.maxPriority = int(a.priority())
	l.overflow = Overflow(a.word("x-overflow", string(DropHead), "invalid_overflow", string(DropHead), string(RejectPublish), string(RejectPublishDLX)))
	a.queueMode()
	a.queueVersion()
	l.singleActive = a.flag("x-single-active-consumer")
	l.consumerTimeout = a.consumerTimeout()
	a.locator()
	a.foreign()
	return l, a.err
}

// arguments reads a declaration's table and keeps the first error.
type arguments struct {
	d   Declaration
	err error
}

func (a *arguments) fail(format string, args ...any) {
	if a.err == nil {
		a.err = amqp.Errorf(amqp.PreconditionFailed, format, args...)
	}
}

func (a *arguments) invalid(key, reason string) {
	a.fail("invalid arg '%s' for queue '%s' in vhost '%s': %s", key, a.d.Name, a.d.VHost, reason)
}

// integer reads a number from least to most; rabbitmq: errors.md names the
// reasons after the checks that raise them.
func (a *arguments) integer(key string, absent, least, most int64) int64 {
	v, ok := a.d.Arguments[key]
	if !ok {
		return absent
	}
	n, ok := amqp.Integer(v)
	switch {
	case !ok:
		a.invalid(key, `"expected integer, got `+amqp.TypeName(v)+`"`)
	case n < 0:
		a.invalid(key, "{value_negative,"+amqp.FormatValue(v)+"}")
	case n < least:
		a.invalid(key, "{value_zero,0}")
	case n > most:
		a.invalid(key, "{value_too_large,"+amqp.FormatValue(v)+"}")
	}
	return n
}

func (a *arguments) priority() int64 {
	n := a.integer("x-max-priority", 0, 0, math.MaxInt64)
	if n > 255 {
		a.invalid("x-max-priority", "{max_value_exceeded,"+amqp.FormatValue(a.d.Arguments["x-max-priority"])+"}")
	}
	return n
}

// text reads a string; any other type is an unacceptable one.
func (a *arguments) text(key string) (string, bool) {
	v, ok := a.d.Arguments[key]
	if !ok {
		return "", false
	}
	s, ok := v.(string)
	if !ok {
		a.invalid(key, "{unacceptable_type,"+amqp.TypeName(v)+"}")
	}
	return s, ok
}

// word reads a string that must be one of some; reason is what RabbitMQ says of
// any other.
func (a *arguments) word(key, absent, reason string, words ...string) string {
	s, ok := a.text(key)
	if !ok {
		return absent
	}
	for _, w := range words {
		if s == w {
			return s
		}
	}
	a.invalid(key, reason)
	return absent
}

func (a *arguments) flag(key string) bool {
	v, ok := a.d.Arguments[key]
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		a.invalid(key, "{unacceptable_type,"+amqp.TypeName(v)+"}")
	}
	return b
}

func (a *arguments) deadExchange() (string, bool) {
	v, ok := a.d.Arguments["x-dead-letter-exchange"]
	if !ok {
		return "", false
	}
	s, ok := v.(string)
	if !ok {
		a.fail("invalid type '%s' for arg 'x-dead-letter-exchange' in queue '%s' in vhost '%s'", amqp.TypeName(v), a.d.Name, a.d.VHost)
	}
	return s, ok
}

// consumerTimeout reads a number of milliseconds.
//
// rabbitmq: it is not looked at when the queue is declared; what is no such number
// means nothing
func (a *arguments) consumerTimeout() time.Duration {
	n, _ := amqp.Integer(a.d.Arguments["x-consumer-timeout"])
	return time.Duration(min(max(n, 0), MaxMilliseconds)) * time.Millisecond
}

func (a *arguments) queueType() {
	s, ok := a.text("x-queue-type")
	if ok && s != "classic" && s != "" && s != "undefined" {
		a.invalid("x-queue-type", `"unsupported queue type '`+s+`'"`)
	}
}

func (a *arguments) queueMode() {
	s, ok := a.text("x-queue-mode")
	if ok && s != "default" && s != "lazy" {
		a.invalid("x-queue-mode", `"unsupported queue mode '`+s+`'"`)
	}
}

func (a *arguments) queueVersion() {
	v, ok := a.d.Arguments["x-queue-version"]
	if !ok {
		return
	}
	n := a.integer("x-queue-version", 1, 0, math.MaxInt64)
	if a.err == nil && n != 1 && n != 2 {
		a.invalid("x-queue-version", `"unsupported queue version '`+amqp.FormatValue(v)+`'"`)
	}
}

// CheckMode returns RabbitMQ's error if the declaration names a mode, or version
// 1. Neither means anything; a broker may refuse them nevertheless.
func (d Declaration) CheckMode() error {
	a := arguments{d: d}
	if _, ok := d.Arguments["x-queue-mode"]; ok {
		a.notForClassic("x-queue-mode")
	}
	if n, ok := amqp.Integer(d.Arguments["x-queue-version"]); ok && n == 1 {
		a.invalid("x-queue-version", `"unsupported queue version '1'"`)
	}
	return a.err
}

func (a *arguments) locator() {
	a.word("x-queue-leader-locator", "", "invalid_queue_locator_arg", "client-local", "balanced", "min-masters", "random")
}

// foreign refuses arguments that RabbitMQ knows, but not for classic queues.
func (a *arguments) foreign() {
	for _, key := range []string{
		"x-delivery-limit", "x-dead-letter-strategy", "x-quorum-initial-group-size", "x-initial-cluster-size",
		"x-max-age", "x-stream-max-segment-size-bytes", "x-stream-filter-size-bytes", "x-max-in-memory-length", "x-max-in-memory-bytes",
	} {
		if _, ok := a.d.Arguments[key]; ok {
			a.notForClassic(key)
		}
	}
}

func (a *arguments) notForClassic(key string) {
	a.fail("invalid arg '%s' for queue '%s' in vhost '%s' of queue type rabbit_classic_queue", key, a.d.Name, a.d.VHost)
}
