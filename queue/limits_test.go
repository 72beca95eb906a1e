package queue

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

func TestInvalidArguments(t *testing.T) {
	const classic = " of queue type rabbit_classic_queue"
	tests := []struct {
		key   string
		value any
		want  string // after "invalid arg '<key>' for queue 'q' in vhost '/'"
	}{
		{"x-message-ttl", "1", `: "expected integer, got longstr"`},
		{"x-message-ttl", 1.5, `: "expected integer, got double"`},
		{"x-message-ttl", int32(-1), ": {value_negative,-1}"},
		{"x-message-ttl", int64(315_360_000_001), ": {value_too_large,315360000001}"},
		{"x-expires", true, `: "expected integer, got bool"`},
		{"x-expires", int32(0), ": {value_zero,0}"},
		{"x-expires", int64(-7), ": {value_negative,-7}"},
		{"x-expires", int64(math.MaxInt64), ": {value_too_large,9223372036854775807}"},
		{"x-max-length", nil, `: "expected integer, got void"`},
		{"x-max-length", int8(-1), ": {value_negative,-1}"},
		{"x-max-length-bytes", amqp.Timestamp(1), `: "expected integer, got timestamp"`},
		{"x-max-length-bytes", int16(-1), ": {value_negative,-1}"},
		{"x-max-priority", amqp.Decimal{}, `: "expected integer, got decimal"`},
		{"x-max-priority", int32(-1), ": {value_negative,-1}"},
		{"x-max-priority", int32(256), ": {max_value_exceeded,256}"},
		{"x-overflow", "drop-tail", ": invalid_overflow"},
		{"x-overflow", int32(1), ": {unacceptable_type,signedint}"},
		{"x-queue-mode", "busy", `: "unsupported queue mode 'busy'"`},
		{"x-queue-mode", true, ": {unacceptable_type,bool}"},
		{"x-queue-version", int32(3), `: "unsupported queue version '3'"`},
		{"x-queue-type", "stack", `: "unsupported queue type 'stack'"`},
		{"x-queue-type", int32(1), ": {unacceptable_type,signedint}"},
		{"x-single-active-consumer", "true", ": {unacceptable_type,longstr}"},
		{"x-dead-letter-routing-key", int64(1), ": {unacceptable_type,long}"},
		{"x-dead-letter-routing-key", "k", ": routing_key_but_no_dlx_defined"},
		{"x-queue-leader-locator", "somewhere", ": invalid_queue_locator_arg"},
		{"x-delivery-limit", int32(1), classic},
		{"x-max-age", "1D", classic},
		{"x-dead-letter-strategy", "at-least-once", classic},
		{"x-quorum-initial-group-size", int32(3), classic},
		{"x-initial-cluster-size", int32(3), classic},
	}
	for _, test := range tests {
		_, err := newFIFO(Declaration{Name: "q", VHost: "/", Arguments: amqp.Table{test.key: test.value}}, Config{})
		wantText(t, err, "invalid arg '"+test.key+"' for queue 'q' in vhost '/'"+test.want)
	}
	_, err := newFIFO(Declaration{Name: "q", VHost: "/", Arguments: amqp.Table{"x-dead-letter-exchange": int32(1)}}, Config{})
	wantText(t, err, "invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'")
}

func TestFirstInvalidArgumentIsNamed(t *testing.T) {
	arguments := amqp.Table{
		"x-delivery-limit": int32(1), "x-single-active-consumer": nil, "x-queue-version": nil, "x-queue-mode": nil,
		"x-overflow": nil, "x-max-priority": nil, "x-max-length-bytes": nil, "x-max-length": nil,
		"x-dead-letter-routing-key": nil, "x-message-ttl": nil, "x-expires": nil, "x-queue-type": nil,
		"x-dead-letter-exchange": nil,
	}
	for _, first := range []string{
		"x-dead-letter-exchange", "x-queue-type", "x-expires", "x-message-ttl", "x-dead-letter-routing-key", "x-max-length",
		"x-max-length-bytes", "x-max-priority", "x-overflow", "x-queue-mode", "x-queue-version", "x-single-active-consumer",
		"x-delivery-limit",
	} {
		_, err := newFIFO(Declaration{Name: "q", VHost: "/", Arguments: arguments}, Config{})
		if err == nil || !strings.Contains(err.Error(), "arg '"+first+"'") {
			t.Fatalf("got %v, want %s named", err, first)
		}
		delete(arguments, first)
	}
}

func TestConsumerTimeout(t *testing.T) {
	for _, test := range []struct {
		value any
		want  time.Duration
	}{
		{nil, 0}, {"60000", 0}, {1.5, 0}, {int32(0), 0}, {int32(-1), 0},
		{int32(1), time.Millisecond}, {int64(math.MaxInt64), MaxMilliseconds * time.Millisecond},
	} {
		q, err := newFIFO(Declaration{Arguments: amqp.Table{"x-consumer-timeout": test.value}}, Config{})
		if err != nil {
			t.Fatal(err)
		}
		if got := q.ConsumerTimeout(); got != test.want {
			t.Errorf("x-consumer-timeout %v: got %v, want %v", test.value, got, test.want)
		}
	}
}

func TestValidArguments(t *testing.T) {
	for _, arguments := range []amqp.Table{
		nil,
		{"x-message-ttl": int32(0)},
		{"x-message-ttl": int64(315_360_000_000)},
		{"x-max-length": int32(0), "x-max-length-bytes": uint8(0)},
		{"x-max-priority": int32(0)},
		{"x-max-priority": uint8(255)},
		{"x-queue-type": "classic", "x-queue-mode": "lazy", "x-queue-version": int32(2)},
		{"x-queue-type": "", "x-queue-mode": "default"},
		{"x-queue-type": "undefined"},
		{"x-overflow": "reject-publish-dlx", "x-dead-letter-exchange": "", "x-dead-letter-routing-key": ""},
		{"x-single-active-consumer": false, "x-queue-leader-locator": "balanced"},
		{"x-foo": []any{int32(1)}},
	} {
		if _, err := newFIFO(Declaration{Arguments: arguments}, Config{Clock: newHands()}); err != nil {
			t.Errorf("%v: got %v", arguments, err)
		}
	}
}

func TestHigherPrioritiesLeaveFirst(t *testing.T) {
	q := newHouse().open(t, Declaration{Arguments: amqp.Table{"x-max-priority": int32(5)}})
	for _, m := range []struct {
		body     string
		priority uint8
	}{{"a0", 0}, {"b3", 3}, {"c9", 9}, {"d3", 3}, {"e5", 5}, {"f0", 0}} {
		q.Publish([]Publishing{{Message: message(m.body, amqp.Fields{Priority: m.priority})}})
	}
	e, _, _, _ := q.Get(false)
	f, _, _, _ := q.Get(false)
	q.Requeue([]Entry{f, e}, Nacked)
	wantWords(t, "by priority", drain(t, q), "c9* e5* b3 d3 a0 f0")
}
