package queue

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// undecided stands for a limit of which the declaration says nothing.
const undecided = -1

// known are the arguments that RabbitMQ takes for some types of queues, and refuses
// for the others.
var known = map[string][]Type{
	"x-expires":                       {Classic, Quorum},
	"x-message-ttl":                   {Classic, Quorum},
	"x-dead-letter-exchange":          {Classic, Quorum},
	"x-dead-letter-routing-key":       {Classic, Quorum},
	"x-dead-letter-strategy":          {Quorum},
	"x-max-length":                    {Classic, Quorum},
	"x-max-length-bytes":              {Classic, Quorum, Stream},
	"x-max-in-memory-length":          {Quorum},
	"x-max-in-memory-bytes":           {Quorum},
	"x-max-priority":                  {Classic},
	"x-overflow":                      {Classic, Quorum},
	"x-queue-mode":                    {Classic},
	"x-queue-version":                 {Classic},
	"x-single-active-consumer":        {Classic, Quorum},
	"x-message-deduplication":         {Classic, Quorum},
	"x-queue-leader-locator":          {Classic, Quorum, Stream},
	"x-delivery-limit":                {Quorum},
	"x-delayed-retry-type":            {Classic, Quorum},
	"x-delayed-retry-min":             {Classic, Quorum},
	"x-delayed-retry-max":             {Classic, Quorum},
	"x-quorum-initial-group-size":     {Quorum},
	"x-initial-cluster-size":          {Stream},
	"x-max-age":                       {Stream},
	"x-stream-max-segment-size-bytes": {Stream},
	"x-stream-filter-size-bytes":      {Stream},
}

// anyType are the other arguments that queues look at: none is refused for its type.
var anyType = []string{"x-queue-type", "x-consumer-timeout"}

// Arguments returns the names of all arguments that queues look at, in order.
func Arguments() []string {
	names := slices.AppendSeq(slices.Clone(anyType), maps.Keys(known))
	slices.Sort(names)
	return names
}

// arguments reads a declaration's table and keeps the first error.
type arguments struct {
	d   Declaration
	err error // the first
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
	if a.d.Type() != Classic {
		return 0
	}
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
	s, _ := a.text("x-queue-type")
	switch a.d.Type() {
	case Classic, Quorum, Stream:
	default:
		a.invalid("x-queue-type", `"unsupported queue type '`+s+`'"`)
	}
}

func (a *arguments) queueMode() {
	if a.d.Type() != Classic {
		return
	}
	s, ok := a.text("x-queue-mode")
	if ok && s != "default" && s != "lazy" {
		a.invalid("x-queue-mode", `"unsupported queue mode '`+s+`'"`)
	}
}

func (a *arguments) queueVersion() {
	if a.d.Type() != Classic {
		return
	}
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
		a.notFor("x-queue-mode")
	}
	if n, ok := amqp.Integer(d.Arguments["x-queue-version"]); ok && n == 1 {
		a.invalid("x-queue-version", `"unsupported queue version '1'"`)
	}
	return a.err
}

func (a *arguments) locator() {
	a.word("x-queue-leader-locator", "", "invalid_queue_locator_arg", "client-local", "balanced", "min-masters", "random")
}

const (
	atMostOnce  = "at-most-once"
	atLeastOnce = "at-least-once"
)

func (a *arguments) deadStrategy() string {
	if a.d.Type() != Quorum {
		return ""
	}
	return a.word("x-dead-letter-strategy", "", "invalid_dlx_strategy", atMostOnce, atLeastOnce)
}

// inMemory looks at what was to bound how much of a quorum queue is in memory.
//
// rabbitmq: it means nothing any more
func (a *arguments) inMemory() {
	if a.d.Type() == Quorum {
		a.integer("x-max-in-memory-length", 0, 0, math.MaxInt64)
		a.integer("x-max-in-memory-bytes", 0, 0, math.MaxInt64)
	}
}

// groupSize looks at how many nodes were to have the queue: here is one.
func (a *arguments) groupSize(key string) {
	if a.takes(key) {
		a.integer(key, 1, 1, math.MaxInt64)
	}
}

// deliveryLimit reads how often a message may come back.
//
// rabbitmq: any negative number is no limit
func (a *arguments) deliveryLimit() int64 {
	v, ok := a.d.Arguments["x-delivery-limit"]
	if !ok || !a.takes("x-delivery-limit") {
		return undecided
	}
	n, ok := amqp.Integer(v)
	switch {
	case !ok:
		a.invalid("x-delivery-limit", `"expected integer, got `+amqp.TypeName(v)+`"`)
	case n < 0:
		return unlimited
	}
	return n
}

// retry reads for how long deliveries that come back are held back. Who names a time
// and no type means all of them.
func (a *arguments) retry() (b backoff) {
	b.least = a.integer("x-delayed-retry-min", 0, 1, MaxMilliseconds)
	b.most = a.integer("x-delayed-retry-max", MaxMilliseconds, 1, MaxMilliseconds)
	absent := RetryDisabled
	if b.least > 0 {
		absent = RetryAll
	}
	b.retry = Retry(a.word("x-delayed-retry-type", string(absent), "invalid_delayed_retry_type",
		string(RetryDisabled), string(RetryReturned), string(RetryFailed), string(RetryAll)))
	if b.retry != RetryDisabled && b.least == 0 {
		a.invalid("x-delayed-retry-type", "x-delayed-retry-min is missing")
	}
	if b.most < b.least {
		a.invalid("x-delayed-retry-max", "less than x-delayed-retry-min")
	}
	return b
}

// takes reports whether an argument is for queues of the declaration's type.
func (a *arguments) takes(key string) bool { return slices.Contains(known[key], a.d.Type()) }

// foreign refuses arguments that RabbitMQ knows, but not for this type of queue.
func (a *arguments) foreign() {
	for _, key := range slices.Sorted(maps.Keys(a.d.Arguments)) {
		if _, is := known[key]; is && !a.takes(key) {
			a.notFor(key)
		}
	}
}

func (a *arguments) notFor(key string) {
	a.fail("invalid arg '%s' for queue '%s' in vhost '%s' of queue type %s", key, a.d.Name, a.d.VHost, a.d.Type().module())
}

// properties refuses what only classic queues can be.
func (a *arguments) properties() {
	if a.d.Type() == Classic {
		return
	}
	property := func(wrong bool, name string) {
		if wrong {
			a.fail("invalid property '%s' for queue '%s' in vhost '%s'", name, a.d.Name, a.d.VHost)
		}
	}
	property(a.d.AutoDelete, "auto-delete")
	property(a.d.Exclusive, "exclusive-owner")
	property(!a.d.Durable, "non-durable")
}
