package conformance

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// stream declares a stream, which is deleted when the test ends.
func (s *session) stream(args ...amqp.Table) string {
	s.t.Helper()
	all := amqp.Table{"x-queue-type": "stream"}
	for _, some := range args {
		for key, value := range some {
			all[key] = value
		}
	}
	return s.shared(all)
}

// feed publishes messages one after the other, so that each is a chunk of its own.
func (s *session) feed(stream, words string) {
	s.t.Helper()
	s.confirm()
	for word := range strings.FieldsSeq(words) {
		if !s.confirmed("", stream, amqp.Publishing{Body: []byte(word)}) {
			s.t.Fatalf("%s was not taken", word)
		}
	}
}

// read starts a consumer of a stream, of a connection of its own. RabbitMQ may need a
// moment before one that was just declared, or found after a restart, can be read, and
// ends the connection of who is too early.
func (s *session) read(stream string, prefetch int, args amqp.Table) (c *consumer) {
	s.t.Helper()
	eventually(s.t, "a consumer of the stream", func() bool {
		own := open(s.t)
		own.ok(own.Qos(prefetch, 0, false))
		tag := fmt.Sprintf("consumer-%d", names.Add(1))
		deliveries, err := own.Consume(stream, tag, false, false, false, false, args)
		c = &consumer{s: own, tag: tag, deliveries: deliveries}
		return err == nil
	})
	return c
}

// from starts a consumer that begins somewhere in a stream.
func (s *session) from(stream string, offset any) *consumer {
	s.t.Helper()
	return s.read(stream, 100, amqp.Table{"x-stream-offset": offset})
}

func TestEveryConsumerOfAStreamGetsEveryMessage(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.feed(stream, "a b")
	first, second := s.from(stream, "first"), s.from(stream, "first")
	first.want("a b")
	second.want("a b")
	s.feed(stream, "c")
	first.want("c")
	second.want("c")
}

func TestStreamDeliveriesHaveAnOffset(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.bind(stream, "amq.topic", stream+".#", nil)
	s.confirm()
	for range 3 {
		s.confirmed("amq.topic", stream+".x", amqp.Publishing{Headers: amqp.Table{"h": "v"}, ContentType: "text/x"})
	}
	c := s.from(stream, "first")
	for i := range 3 {
		d := c.next()
		got := fmt.Sprint(d.Headers["x-stream-offset"], d.Headers["h"], d.ContentType, d.Redelivered, d.DeliveryTag, d.Exchange, strings.HasSuffix(d.RoutingKey, ".x"))
		if want := fmt.Sprint(int64(i), "v", "text/x", false, uint64(i+1), "amq.topic", true); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if _, long := d.Headers["x-stream-offset"].(int64); !long {
			t.Errorf("the offset is a %T, want a long", d.Headers["x-stream-offset"])
		}
	}
}

func TestStreamMessagesWithoutADeliveryModeBecomeTransient(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.feed(stream, "none")
	s.confirmed("", stream, amqp.Publishing{DeliveryMode: amqp.Persistent})
	var want uint8
	if always(t, "4.0", "a stream delivers a delivery mode always") {
		want = amqp.Transient
	}
	c := s.from(stream, "first")
	if d := c.next(); d.DeliveryMode != want {
		t.Errorf("delivery mode: got %d, want %d", d.DeliveryMode, want)
	}
	if d := c.next(); d.DeliveryMode != amqp.Persistent {
		t.Errorf("delivery mode: got %d, want that of the message, 2", d.DeliveryMode)
	}
}

func TestStreamConsumersBeginAtAnOffset(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.feed(stream, "a b c")
	for _, test := range []struct {
		offset any
		want   string
	}{
		{"first", "a b c"},
		{"last", "c"},
		{int32(0), "a b c"},
		{int64(1), "b c"},
		{int8(2), "c"},
		{int32(-7), "a b c"},
		{"1h", "a b c"},
		{"7D", "a b c"},
		{"2M", "a b c"},
		{"99999999999Y", "a b c"},
		{time.Unix(0, 0), "a b c"},
		{time.Now().Add(-time.Hour), "a b c"},
	} {
		s.from(stream, test.offset).want(test.want)
	}
}

func TestStreamConsumersBeginWithWhatComesNext(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.feed(stream, "a")
	consumers := []*consumer{
		s.from(stream, "next"), s.read(stream, 100, nil), s.from(stream, int32(1)), s.from(stream, time.Now().Add(time.Hour)),
	}
	s.feed(stream, "b")
	for _, c := range consumers {
		c.want("b")
	}
}

func TestStreamConsumerWaitsForAnOffsetBeyondTheEnd(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	c := s.from(stream, int32(2))
	s.feed(stream, "a b c d")
	c.want("c d")
}

func TestAcksOfAStreamConsumerGiveItRoom(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.feed(stream, "a b c")
	c := s.read(stream, 1, amqp.Table{"x-stream-offset": "first"})
	for _, word := range []string{"a", "b", "c"} {
		d := c.next()
		if string(d.Body) != word {
			t.Fatalf("got %s, want %s", d.Body, word)
		}
		s.ok(d.Ack(false))
	}
	s.wantReady(stream, 3)
}

func TestStreamDeliversNoMoreThanThePrefetch(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.confirm()
	var last *amqp.DeferredConfirmation
	for i := range 10 {
		var err error
		last, err = s.PublishWithDeferredConfirm("", stream, false, false, amqp.Publishing{Body: []byte(fmt.Sprint(i))})
		s.ok(err)
	}
	s.outcome(last)
	c := s.read(stream, 2, amqp.Table{"x-stream-offset": "first"})
	c.want("0 1")
	if always(t, "4.0", "chunks are no longer delivered as a whole") {
		c.wantRest("")
	}
}

func TestStreamTakesEverySettlementForAnAck(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.feed(stream, "a b c d")
	c := s.read(stream, 1, amqp.Table{"x-stream-offset": "first"})
	d := c.next()
	if !always(t, "4.0", "basic.nack and basic.reject give room as basic.ack does") {
		s.ok(d.Nack(false, false))
		c.s.compare(receive(t, c.s.lost, "connection.close"), 540, "basic.nack and basic.reject not supported by stream queues queue '%s' in vhost '%s'", stream, target.vhost)
		return
	}
	s.ok(d.Nack(false, false))
	d = c.next()
	s.ok(d.Nack(false, true))
	d = c.next()
	s.ok(d.Reject(true))
	c.want("d")
	s.wantReady(stream, 4)
	s.from(stream, "first").want("a b c d")
}

func TestWhatAStreamConsumerLeavesUnackedIsNotDeliveredAgain(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.feed(stream, "a b")
	other := s.from(stream, "next")
	gone := s.from(stream, "first")
	gone.want("a b")
	s.ok(gone.s.Close())
	s.feed(stream, "c")
	if d := other.next(); string(d.Body) != "c" || d.Redelivered {
		t.Errorf("got %q, redelivered %v, want c for the first time", d.Body, d.Redelivered)
	}
	for c, i := s.from(stream, "first"), 0; i < 3; i++ {
		if d := c.next(); d.Redelivered {
			t.Errorf("%s is redelivered", d.Body)
		}
	}
}

func TestExclusiveConsumersOfAStreamAreNotAlone(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.ok(s.Qos(10, 0, false))
	first := amqp.Table{"x-stream-offset": "first"}
	one, two := s.consumeWith(stream, false, true, first), s.consumeWith(stream, false, true, first)
	s.feed(stream, "a")
	one.want("a")
	two.want("a")
}

func TestStreamCountsItsMessagesAndNoConsumers(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.feed(stream, "a b c")
	s.from(stream, "first").want("a b c")
	s.wantReady(stream, 3)
	if got := s.inspect(stream).Consumers; got != 0 {
		t.Errorf("consumers: got %d, want 0", got)
	}
}

func TestStreamKeepsMessagesBeyondTheirTime(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.confirm()
	s.confirmed("", stream, amqp.Publishing{Body: []byte("a"), Expiration: "0"})
	s.feed(stream, "b")
	s.from(stream, "first").want("a b")
}

func TestStreamIsDeletedWhateverIsLeft(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	s.feed(stream, "a")
	c := s.from(stream, "first")
	c.want("a")
	cancelled := c.s.NotifyCancel(make(chan string, 1))
	_, err := s.QueueDelete(stream, true, true, false)
	s.ok(err)
	receive(t, cancelled, "basic.cancel")
	s.missing(stream)
}

func TestCancelledStreamConsumerGetsNothingMore(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	c, witness := s.from(stream, "first"), s.from(stream, "first")
	c.wantRest("")
	s.feed(stream, "a")
	witness.want("a")
}

func TestPublishingToAStreamInATransaction(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	c := s.from(stream, "first")
	s.ok(s.Tx())
	s.publish("", stream, "a")
	s.ok(s.TxRollback())
	s.publish("", stream, "b")
	s.ok(s.TxCommit())
	c.want("b")
}

func TestStreamFilter(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream()
	if !since(t, "3.13", "streams can be filtered") {
		return
	}
	s.confirm()
	for _, region := range []string{"eu", "", "us", "asia", "eu"} {
		p := amqp.Publishing{Body: []byte("none")}
		if region != "" {
			p = amqp.Publishing{Body: []byte(region), Headers: amqp.Table{"x-stream-filter-value": region}}
		}
		s.confirmed("", stream, p)
	}
	for _, test := range []struct {
		args amqp.Table
		want string
	}{
		{amqp.Table{"x-stream-filter": "eu"}, "eu eu"},
		{amqp.Table{"x-stream-filter": []any{"us", "eu"}}, "eu us eu"},
		{amqp.Table{"x-stream-filter": "us", "x-stream-match-unfiltered": true}, "none us"},
		{amqp.Table{"x-stream-filter": "asia", "x-stream-match-unfiltered": false}, "asia"},
	} {
		test.args["x-stream-offset"] = "first"
		s.read(stream, 100, test.args).want(test.want)
	}
}

func TestStreamLosesItsOldestSegments(t T) {
	t.Parallel()
	s := open(t)
	stream := s.stream(amqp.Table{"x-max-length-bytes": int32(5000), "x-stream-max-segment-size-bytes": int32(1000)})
	s.losesTheOldest(stream)
}

func TestPolicyOfAStreamsLength(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	stream := unique(t)
	a.policy(stream, map[string]any{"max-length-bytes": 5000, "stream-max-segment-size-bytes": 1000})
	t.Cleanup(func() { drop(t, func(ch *amqp.Channel) { ch.QueueDelete(stream, false, false, false) }) })
	_, err := s.QueueDeclare(stream, true, false, false, false, amqp.Table{"x-queue-type": "stream"})
	s.ok(err)
	s.losesTheOldest(stream)
}

// losesTheOldest fills a stream that keeps 5000 octets or so, in segments of 1000.
func (s *session) losesTheOldest(stream string) {
	s.t.Helper()
	s.confirm()
	for range 50 {
		s.confirmed("", stream, amqp.Publishing{Body: make([]byte, 500)})
	}
	eventually(s.t, "the oldest messages to be gone", func() bool { return s.inspect(stream).Messages < 20 })
	for _, from := range []any{"first", int32(0), "1h"} {
		offset, _ := s.from(stream, from).next().Headers["x-stream-offset"].(int64)
		// rabbitmq: some offsets are used up by what it notes of publishers
		if offset < 30 || target.harebell && offset > 49 {
			s.t.Errorf("from %v: the first message has offset %d, want one of the last", from, offset)
		}
	}
}

func TestPolicyThatAStreamCannotFollowIsNone(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	stream := unique(t)
	a.policy(stream, map[string]any{"max-length-bytes": 0, "stream-max-segment-size-bytes": 1, "max-length": 1})
	t.Cleanup(func() { drop(t, func(ch *amqp.Channel) { ch.QueueDelete(stream, false, false, false) }) })
	_, err := s.QueueDeclare(stream, true, false, false, false, amqp.Table{"x-queue-type": "stream"})
	s.ok(err)
	s.feed(stream, "a b c d e f")
	s.from(stream, "first").want("a b c d e f")
}

func TestPolicyForStreamsIsNoneForOtherQueues(t T) {
	t.Parallel()
	if !since(t, "3.12", "policies may be for streams only") {
		return
	}
	a, s := administer(t), open(t)
	stream, other := unique(t), unique(t)
	a.policyWith("policies", map[string]any{
		"pattern":    "^(" + regexp.QuoteMeta(stream) + "|" + regexp.QuoteMeta(other) + ")$",
		"apply-to":   "streams",
		"definition": map[string]any{"max-length-bytes": 0},
	})
	t.Cleanup(func() { drop(t, func(ch *amqp.Channel) { ch.QueueDelete(stream, false, false, false) }) })
	args := amqp.Table{"x-queue-type": "stream", "x-stream-max-segment-size-bytes": int32(0)}
	_, err := s.QueueDeclare(stream, true, false, false, false, args)
	s.ok(err)
	_, err = s.QueueDeclare(other, false, false, true, false, nil)
	s.ok(err)
	if got := s.takes(other); got != 6 {
		t.Errorf("the classic queue keeps %d messages, want all 6", got)
	}
	s.feed(stream, "a b c")
	s.wantReady(stream, 1)
}

func TestStreamSurvives(t T) {
	s := beforeRestart(t)
	stream := s.stream()
	s.feed(stream, "a b")

	s = afterRestart(t)
	c := s.from(stream, "first")
	s.feed(stream, "c")
	for i, want := range []string{"a", "b", "c"} {
		d := c.next()
		if offset := d.Headers["x-stream-offset"]; string(d.Body) != want || offset != int64(i) || d.Redelivered {
			t.Errorf("got %s at %v, redelivered %v, want %s at %d for the first time", d.Body, offset, d.Redelivered, want, i)
		}
	}
	s.from(stream, "1h").want("a b c")
	s.wantReady(stream, 3)
}
