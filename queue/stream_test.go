package queue

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A river is a house with one stream. Its tests run in a bubble: a stream delivers in a
// goroutine of its own when the store has written something.
type river struct {
	*stream
	house *house
	t     testing.TB
}

// flows runs a test of a stream that was declared with some arguments.
func flows(t *testing.T, args amqp.Table, test func(t *testing.T, r *river)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &river{house: newHouse(), t: t}
		r.declare(args)
		test(t, r)
		r.Stop()
	})
}

func (r *river) declare(args amqp.Table) {
	r.t.Helper()
	all := amqp.Table{"x-queue-type": "stream"}
	for key, value := range args {
		all[key] = value
	}
	d := Declaration{VHost: "/", Name: "q", Durable: true, Arguments: all}
	made, err := New(d, Config{ID: 1, Store: r.house.store, Clock: r.house.clock, Memory: r.house.memory, Host: r.house})
	if err != nil {
		r.t.Fatal(err)
	}
	r.stream = made.(*stream)
}

// restart starts the store again, in good order or as after a crash.
func (r *river) restart(orderly bool) {
	r.t.Helper()
	if orderly {
		r.Stop()
	}
	old := r.house.store.(*store.Memory)
	old.Close()
	r.house.store = old.Reopen()
	r.house.store.Retain([]uint64{1})
	args := r.decl.Arguments
	r.declare(args)
	var ends []byte
	for doc, err := range r.house.store.Docs(store.Deliveries) {
		if err != nil {
			r.t.Fatal(err)
		}
		ends = doc.Value
	}
	if err := r.Recover(Kept{Delivered: ends}); err != nil {
		r.t.Fatal(err)
	}
}

// publish publishes messages in one batch, and waits until they are written.
func (r *river) publish(bodies ...string) {
	r.t.Helper()
	var ms []*amqp.Message
	for _, body := range bodies {
		ms = append(ms, message(body, amqp.Fields{}))
	}
	r.send(nil, ms...)
}

func (r *river) send(receipt store.Receipt, ms ...*amqp.Message) {
	r.t.Helper()
	records := r.hand(receipt, ms...)
	r.house.store.Append(store.Batch{Records: records})
	synctest.Wait()
}

// hand publishes messages that the store has yet to get.
func (r *river) hand(receipt store.Receipt, ms ...*amqp.Message) (records []*store.Record) {
	var ps []Publishing
	for i, m := range ms {
		record := new(store.Record)
		record.Init(m, receipt, uint64(i+1))
		ps, records = append(ps, Publishing{Message: m, Record: record}), append(records, record)
	}
	r.stream.Publish(ps)
	for _, record := range records {
		record.Release()
	}
	return slices.DeleteFunc(records, func(r *store.Record) bool { return len(r.Refs()) == 0 })
}

// consume adds a consumer that has some room, or any.
func (r *river) consume(offset any, room int) *client {
	r.t.Helper()
	return r.consumeWith(amqp.Table{"x-stream-offset": offset}, room)
}

func (r *river) consumeWith(args amqp.Table, room int) *client {
	r.t.Helper()
	c := &client{room: room}
	if err := r.Consume(c, ConsumeOptions{Arguments: args, Prefetch: 1}); err != nil {
		r.t.Fatal(err)
	}
	synctest.Wait()
	return c
}

// gets compares what a client has got since it was asked last.
func (r *river) gets(c *client, want string) {
	r.t.Helper()
	synctest.Wait()
	if got := numberedBodies(r.t, c.take()); got != want {
		r.t.Errorf("got %q, want %q", got, want)
	}
}

// numberedBodies returns bodies with their offsets: "0:a 1:b".
func numberedBodies(t testing.TB, es []Entry) string {
	t.Helper()
	var words []string
	for _, e := range es {
		offset, _ := e.Message.Properties.Header("x-stream-offset")
		words = append(words, fmt.Sprintf("%v:%s", offset, e.Message.Body))
		if e.Redelivered {
			t.Errorf("%s is redelivered", e.Message.Body)
		}
	}
	return strings.Join(words, " ")
}

// holds compares what there is, read from the beginning.
func (r *river) holds(want string) {
	r.t.Helper()
	c := r.consume("first", -1)
	r.gets(c, want)
	r.Cancel(c)
	if got, want := r.Stats().Ready, len(strings.Fields(want)); got != want {
		r.t.Errorf("%d messages are counted, want %d", got, want)
	}
}

func TestEveryConsumerOfAStreamGetsEverything(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		a, b := r.consume("next", -1), r.consume("next", -1)
		r.publish("x", "y")
		r.gets(a, "0:x 1:y")
		r.gets(b, "0:x 1:y")
		r.Ack(a.got)
		r.holds("0:x 1:y")
		if a.flushed == 0 {
			t.Error("what was delivered was not flushed")
		}
	})
}

func TestStreamConsumersBeginWhereTheyLike(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		r.publish("a")
		r.house.forward(time.Hour)
		r.publish("b")
		r.house.forward(time.Hour)
		r.publish("c", "d") // at 8,200 s of 1970
		r.house.forward(time.Hour)
		tests := []struct {
			offset any
			want   string
		}{
			{"first", "0:a 1:b 2:c 3:d"},
			{[]byte("first"), "0:a 1:b 2:c 3:d"},
			{"last", "2:c 3:d"},
			{"next", ""},
			{int8(1), "1:b 2:c 3:d"},
			{int64(-1 << 63), "0:a 1:b 2:c 3:d"},
			{int64(3), "3:d"},
			{int64(4), ""},
			{amqp.Timestamp(0), "0:a 1:b 2:c 3:d"},
			{amqp.Timestamp(1000), "0:a 1:b 2:c 3:d"},
			{amqp.Timestamp(1001), "1:b 2:c 3:d"},
			{amqp.Timestamp(8200), "2:c 3:d"},
			{amqp.Timestamp(8201), ""},
			{amqp.Timestamp(1<<64 - 1), ""},
			{"1h", "2:c 3:d"},
			{"7201s", "1:b 2:c 3:d"},
			{"1Y", "0:a 1:b 2:c 3:d"},
			{"99999999999999999999999Y", "0:a 1:b 2:c 3:d"},
			{"1m", ""},
		}
		for _, where := range []string{"in memory", "partly on disk", "on disk"} {
			switch where {
			case "partly on disk":
				r.resident -= r.tail.trim(2*overhead+200, r.written)
				if n := len(r.tail.entries); n == 0 || n == 4 {
					t.Fatalf("%d messages in memory, want some of 4", n)
				}
			case "on disk":
				r.restart(false)
			}
			for _, test := range tests {
				if where == "on disk" && test.offset == "last" {
					continue // see TestAfterARestartTheLastChunkIsOneMessage
				}
				c := r.consume(test.offset, -1)
				if got := numberedBodies(t, c.got); got != test.want {
					t.Errorf("%s, from %v: got %q, want %q", where, test.offset, got, test.want)
				}
				r.Cancel(c)
			}
		}
	})
}

func TestAfterARestartTheLastChunkIsOneMessage(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		r.publish("a", "b", "c")
		r.restart(true)
		r.gets(r.consume("last", -1), "2:c")
	})
}

func TestStreamConsumerMayBeginInTheFuture(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		c := r.consume(int64(2), -1)
		late := r.consume("last", -1) // of nothing
		r.publish("a", "b")
		r.gets(c, "")
		r.publish("c", "d")
		r.gets(c, "2:c 3:d")
		r.gets(late, "0:a 1:b 2:c 3:d")
	})
}

func TestStreamDeliversNoMoreThanThereIsRoomFor(t *testing.T) {
	for _, where := range []string{"in memory", "on disk"} {
		t.Run(where, func(t *testing.T) {
			flows(t, nil, func(t *testing.T, r *river) {
				r.publish("a", "b", "c", "d")
				if where == "on disk" {
					r.restart(false)
				}
				c := r.consume("first", 1)
				r.gets(c, "0:a")
				c.room = 2
				r.gets(c, "")
				r.Wake(c)
				r.gets(c, "1:b 2:c")
				c.room = -1
				r.Wake(c)
				r.gets(c, "3:d")
				r.publish("e")
				r.gets(c, "4:e")
				r.Wake(c)
				r.Wake(&client{})
			})
		})
	}
}

func TestEverySettlementIsTheSameToAStream(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		r.publish("a", "b", "c", "d")
		c := r.consume("first", -1)
		es := c.take()
		es[0].Slim()
		if es[0].Message != nil {
			t.Error("an unacked message stays in memory though it is on disk")
		}
		r.Ack(es[:1])
		r.Reject(es[1:2])
		r.Requeue(es[2:3], Nacked)
		r.Requeue(es[3:], Abandoned)
		r.gets(c, "")
		r.holds("0:a 1:b 2:c 3:d")
	})
}

// TestStreamDeliversOnlyWhatIsWritten, for a crash would give the number of what is
// not to another message.
func TestStreamDeliversOnlyWhatIsWritten(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		c := r.consume("first", -1)
		var p publisher
		first := r.hand(&p, message("a", amqp.Fields{}))
		second := r.hand(&p, message("b", amqp.Fields{}))
		r.gets(c, "")
		r.house.store.Append(store.Batch{Records: second}) // publishers overtake each other
		r.gets(c, "")
		if len(p.acks) != 1 {
			t.Errorf("confirmed %v, want what is written", p.acks)
		}
		r.house.store.Append(store.Batch{Records: first})
		r.gets(c, "0:a 1:b")
	})
}

func TestStreamThatCannotWriteDeliversNothingAndRefuses(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		r.publish("a")
		c := r.consume("first", -1)
		r.gets(c, "0:a")
		r.house.store.(*store.Memory).Fail(errors.New("disk is gone"))
		var p publisher
		r.send(&p, message("b", amqp.Fields{}))
		r.send(&p, message("c", amqp.Fields{}))
		r.gets(c, "")
		if len(p.acks) > 0 || len(p.nacks) != 2 {
			t.Errorf("acks %v, nacks %v, want two nacks", p.acks, p.nacks)
		}
	})
}

func TestStreamKeepsTransientMessages(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		r.publish("a", "b")
		r.restart(true)
		r.publish("c")
		r.holds("0:a 1:b 2:c")
		r.restart(false)
		r.publish("d")
		r.holds("0:a 1:b 2:c 3:d")
	})
}

func TestStreamMessagesAreDeliveredWithWhatTheyHad(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		none, two := message("a", amqp.Fields{}), message("b", amqp.Fields{
			DeliveryMode: 2, Headers: amqp.Table{"x-stream-offset": "mine", "h": int8(1)},
		})
		r.send(nil, none, two)
		for _, from := range []string{"memory", "disk"} {
			if from == "disk" {
				r.restart(true)
			}
			es := r.consume("first", -1).take()
			if got := es[0].Message.Properties; got.DeliveryMode() != 1 || len(got.Headers()) != 1 {
				t.Errorf("from %s: got %v, want delivery mode 1 and the offset", from, got)
			}
			if got := es[1].Message.Properties; got.DeliveryMode() != 2 || got.Headers()["x-stream-offset"] != int64(1) || got.Headers()["h"] != int8(1) {
				t.Errorf("from %s: got %v, want delivery mode 2, its header and the offset", from, got)
			}
			if es[0].Message.RoutingKey != "key" || es[0].Message.Exchange != "x" {
				t.Errorf("from %s: got %+v, want exchange x and key", from, es[0].Message)
			}
		}
	})
}

func TestStreamFilters(t *testing.T) {
	value := func(v any) *amqp.Message {
		if v == nil {
			return message("none", amqp.Fields{})
		}
		return message(fmt.Sprint(v), amqp.Fields{Headers: amqp.Table{"x-stream-filter-value": v}})
	}
	flows(t, nil, func(t *testing.T, r *river) {
		ms := []*amqp.Message{value("eu"), value(nil), value("us"), value("eu"), value(int32(5))}
		for range 100 {
			ms = append(ms, value("other"))
		}
		r.send(nil, append(ms, value("us"))...)
		tests := []struct {
			args amqp.Table
			want string
		}{
			{amqp.Table{"x-stream-filter": "eu"}, "0:eu 3:eu"},
			{amqp.Table{"x-stream-filter": []any{"us", "eu"}}, "0:eu 2:us 3:eu 105:us"},
			{amqp.Table{"x-stream-filter": "us", "x-stream-match-unfiltered": true}, "1:none 2:us 4:5 105:us"},
			{amqp.Table{"x-stream-filter": "us", "x-stream-match-unfiltered": false}, "2:us 105:us"},
			{amqp.Table{"x-stream-filter": []any{}}, ""},
			{amqp.Table{"x-stream-filter": []any{}, "x-stream-match-unfiltered": true}, "1:none 4:5"},
		}
		for _, where := range []string{"in memory", "on disk"} {
			for _, test := range tests {
				test.args["x-stream-offset"] = "first"
				c := r.consumeWith(test.args, 1)
				for range 5 {
					c.room = 1
					r.Wake(c)
					synctest.Wait()
				}
				if got := numberedBodies(t, c.got); got != test.want {
					t.Errorf("%s, %v: got %q, want %q", where, test.args, got, test.want)
				}
				r.Cancel(c)
			}
			r.restart(true)
		}
	})
}

func TestStreamRefusals(t *testing.T) {
	named := func(format string) string { return fmt.Sprintf(format, "'q' in vhost '/'") }
	offset := func(text string) string {
		return "406 " + named("invalid arg 'x-stream-offset' for queue %s: {invalid_stream_offset_arg,{"+text+"}}")
	}
	tests := []struct {
		o    ConsumeOptions
		want string
	}{
		{ConsumeOptions{}, "406 " + named("consumer prefetch count is not set for stream queue %s")},
		{ConsumeOptions{NoAck: true, Global: true}, "406 " + named("consumer prefetch count is not set for stream queue %s")},
		{ConsumeOptions{Prefetch: 1, NoAck: true, Global: true}, "540 " + named("automatic acknowledgement not supported by stream queue %s")},
		{ConsumeOptions{Prefetch: 1, Global: true}, "540 " + named("queue %s does not support global qos")},
		{ConsumeOptions{Arguments: amqp.Table{"x-priority": int32(1)}}, "406 " + named("invalid arg 'x-priority' for queue %s of queue type rabbit_stream_queue")},
		{ConsumeOptions{Prefetch: 1, Arguments: amqp.Table{"x-cancel-on-ha-failover": true}},
			"406 " + named("invalid arg 'x-cancel-on-ha-failover' for queue %s of queue type rabbit_stream_queue")},
		{ConsumeOptions{Arguments: amqp.Table{"x-stream-offset": "foo"}}, offset(`longstr,<<"foo">>`)},
		{ConsumeOptions{Arguments: amqp.Table{"x-stream-offset": "0s"}}, offset(`longstr,<<"0s">>`)},
		{ConsumeOptions{Arguments: amqp.Table{"x-stream-offset": "-1h"}}, offset(`longstr,<<"-1h">>`)},
		{ConsumeOptions{Arguments: amqp.Table{"x-stream-offset": true}}, offset(`bool,true`)},
		{ConsumeOptions{Arguments: amqp.Table{"x-stream-offset": nil}}, offset(`void,undefined`)},
		{ConsumeOptions{Prefetch: 1, Arguments: amqp.Table{"x-stream-filter": int8(1)}}, "406 " + named("invalid arg 'x-stream-filter' for queue %s: {unacceptable_type,byte}")},
		{ConsumeOptions{Prefetch: 1, Arguments: amqp.Table{"x-stream-filter": []any{"a", int8(1)}}}, "406 " + named("invalid arg 'x-stream-filter' for queue %s: {unacceptable_type,byte}")},
		{ConsumeOptions{Prefetch: 1, Arguments: amqp.Table{"x-stream-match-unfiltered": "yes"}},
			"406 " + named("invalid arg 'x-stream-match-unfiltered' for queue %s: {unacceptable_type,longstr}")},
	}
	flows(t, nil, func(t *testing.T, r *river) {
		for _, test := range tests {
			wantRefusal(t, fmt.Sprintf("%+v", test.o), r.Consume(&client{}, test.o), test.want)
		}
		_, _, _, err := r.Get(true)
		wantRefusal(t, "get", err, "540 "+named("basic.get not supported by stream queues queue %s"))
		_, err = r.Purge()
		wantRefusal(t, "purge", err, "540 "+named("queue.purge not supported by stream queues queue %s"))
		if n := r.Stats().Consumers; n != 0 {
			t.Errorf("%d consumers, want none", n)
		}
	})
}

func wantRefusal(t *testing.T, what string, err error, want string) {
	t.Helper()
	refusal, is := errors.AsType[*amqp.Error](err)
	if !is {
		t.Errorf("%s: got %v, want %s", what, err, want)
		return
	}
	if got := fmt.Sprintf("%d %s", refusal.Code, refusal.Text); got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

func TestStreamDeclarations(t *testing.T) {
	invalid := func(key, reason string) string {
		return "invalid arg '" + key + "' for queue 'q' in vhost '/': " + reason
	}
	tests := []struct {
		key   string
		value any
		want  string // "" if it is fine
	}{
		{"x-max-age", "7D", ""},
		{"x-max-age", "05h", ""},
		{"x-max-age", "99999999999999999999Y", ""},
		{"x-max-age", "0s", invalid("x-max-age", "invalid_max_age")},
		{"x-max-age", "-5s", invalid("x-max-age", "invalid_max_age")},
		{"x-max-age", "5", invalid("x-max-age", "invalid_max_age")},
		{"x-max-age", "s", invalid("x-max-age", "invalid_max_age")},
		{"x-max-age", "", invalid("x-max-age", "invalid_max_age")},
		{"x-max-age", "5w", invalid("x-max-age", "invalid_max_age")},
		{"x-max-age", "1h2m", invalid("x-max-age", "invalid_max_age")},
		{"x-max-age", int32(5), invalid("x-max-age", "{unacceptable_type,signedint}")},
		{"x-max-length-bytes", int32(0), ""},
		{"x-max-length-bytes", int32(-1), invalid("x-max-length-bytes", "{value_negative,-1}")},
		{"x-stream-max-segment-size-bytes", int32(0), ""},
		{"x-stream-max-segment-size-bytes", int64(3_000_000_000), ""},
		{"x-stream-max-segment-size-bytes", int64(3_000_000_001), "Exceeded max value for x-stream-max-segment-size-bytes"},
		{"x-stream-max-segment-size-bytes", "1", invalid("x-stream-max-segment-size-bytes", `"expected integer, got longstr"`)},
		{"x-stream-filter-size-bytes", int32(16), ""},
		{"x-stream-filter-size-bytes", int32(255), ""},
		{"x-stream-filter-size-bytes", int32(15), "Invalid value for  x-stream-filter-size-bytes"},
		{"x-stream-filter-size-bytes", int32(256), "Invalid value for  x-stream-filter-size-bytes"},
		{"x-initial-cluster-size", int32(3), ""},
		{"x-initial-cluster-size", int32(0), invalid("x-initial-cluster-size", "{value_zero,0}")},
		{"x-queue-leader-locator", "balanced", ""},
		{"x-queue-leader-locator", "nearby", invalid("x-queue-leader-locator", "invalid_queue_locator_arg")},
		{"x-message-ttl", "?", "invalid arg 'x-message-ttl' for queue 'q' in vhost '/' of queue type rabbit_stream_queue"},
		{"x-dead-letter-exchange", "x", "invalid arg 'x-dead-letter-exchange' for queue 'q' in vhost '/' of queue type rabbit_stream_queue"},
		{"x-single-active-consumer", true, "invalid arg 'x-single-active-consumer' for queue 'q' in vhost '/' of queue type rabbit_stream_queue"},
		{"x-foo", "x", ""},
	}
	for _, test := range tests {
		d := Declaration{VHost: "/", Name: "q", Durable: true, Arguments: amqp.Table{"x-queue-type": "stream", test.key: test.value}}
		_, err := New(d, Config{})
		if test.want == "" {
			if err != nil {
				t.Errorf("%s %v: %v", test.key, test.value, err)
			}
			continue
		}
		wantRefusal(t, fmt.Sprint(test.key, " ", test.value), err, "406 "+test.want)
	}
	for property, d := range map[string]Declaration{
		"non-durable": {}, "exclusive-owner": {Durable: true, Exclusive: true}, "auto-delete": {Durable: true, AutoDelete: true},
	} {
		d.Name, d.VHost, d.Arguments = "q", "/", amqp.Table{"x-queue-type": "stream"}
		_, err := New(d, Config{})
		wantRefusal(t, property, err, "406 invalid property '"+property+"' for queue 'q' in vhost '/'")
	}
}

func TestDeletingAStreamTellsItsConsumers(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		r.publish("a", "b")
		c := r.consume("first", -1)
		r.gets(c, "0:a 1:b")
		n, err := r.Delete(true, true) // which mean nothing
		if n != 2 || err != nil || c.cancelled != 1 {
			t.Errorf("got %d, %v, and the consumer cancelled %d times; want 2 and once", n, err, c.cancelled)
		}
		var p publisher
		r.send(&p, message("late", amqp.Fields{}))
		if len(p.acks) != 1 {
			t.Error("what is published to a deleted stream is not confirmed")
		}
		if err := r.Consume(&client{}, ConsumeOptions{Prefetch: 1}); err == nil {
			t.Error("a deleted stream takes a consumer")
		}
		r.gets(c, "")
		if n, err := r.Delete(false, false); n != 0 || err != nil {
			t.Errorf("the second time: got %d, %v", n, err)
		}
	})
}

func TestStoppedStreamRefuses(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		r.Stop()
		var p publisher
		r.send(&p, message("late", amqp.Fields{}))
		if len(p.nacks) != 1 {
			t.Errorf("acks %v, nacks %v, want a nack", p.acks, p.nacks)
		}
	})
}

func TestCancelledStreamConsumerGetsNothing(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		c := r.consume("next", -1)
		r.Cancel(c)
		r.Cancel(c)
		r.publish("a")
		r.gets(c, "")
	})
}

// TestLongStream reads a stream that is much longer than what is kept in memory, by
// several consumers at different places, while it grows.
func TestLongStream(t *testing.T) {
	const batches, batch = 60, 100
	flows(t, nil, func(t *testing.T, r *river) {
		r.house.memory = NewMemory(1 << 20)
		r.declare(nil)
		body := strings.Repeat("x", 1000)
		var slow []*client
		for i := range batches {
			if i%20 == 0 {
				slow = append(slow, r.consume("first", 7))
			}
			r.publish(slices.Repeat([]string{body}, batch)...)
			for _, c := range slow {
				c.room += 50
				r.Wake(c)
			}
		}
		if r.tail.bytes > keepBytes {
			t.Errorf("%d octets in memory, want at most %d", r.tail.bytes, keepBytes)
		}
		for _, c := range slow {
			for len(c.got) < batches*batch {
				before := len(c.got)
				c.room = 500
				r.Wake(c)
				synctest.Wait()
				if len(c.got) == before {
					t.Fatalf("stuck at %d of %d", before, batches*batch)
				}
			}
			for i, e := range c.got {
				if offset, _ := e.Message.Properties.Header("x-stream-offset"); offset != int64(i) {
					t.Fatalf("message %d has offset %v", i, offset)
				}
			}
			r.Cancel(c)
		}
		if r.resident != r.tail.bytes || r.memory.Used() != r.resident {
			t.Errorf("counted %d octets, of the memory %d, want %d", r.resident, r.memory.Used(), r.tail.bytes)
		}
		if r.tail.bytes > keepLittle {
			t.Errorf("%d octets in memory without consumers, want at most %d", r.tail.bytes, keepLittle)
		}
	})
}

func TestViewOfAStreamShowsWhatIsOnDiskToo(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		r.publish("a", "b")
		r.restart(true)
		r.publish("c")
		stats, es := r.View()
		if stats != (Stats{Ready: 3, ReadyBytes: 3}) {
			t.Errorf("got %+v, want 3 messages", stats)
		}
		if got := numberedBodies(t, es); got != "0:a 1:b 2:c" {
			t.Errorf("got %q", got)
		}
	})
}

func TestRestockedStreamIsAsItWas(t *testing.T) {
	flows(t, amqp.Table{"x-stream-max-segment-size-bytes": int32(1), "x-max-length-bytes": int32(240)}, func(t *testing.T, r *river) {
		r.publish("a")
		r.publish("b")
		r.house.forward(time.Hour)
		r.publish("c")
		r.publish("d")
		r.holds("1:b 2:c 3:d")
		_, es := r.View()
		r.Delete(false, false)

		r.house.forward(time.Hour)
		r.house.store = store.NewMemory()
		r.declare(r.decl.Arguments)
		r.Restock(es, time.Hour)
		synctest.Wait()
		r.holds("1:b 2:c 3:d")
		r.gets(r.consume("59m", -1), "2:c 3:d")
		r.Restock(nil, 0)
		r.publish("e")
		r.holds("2:c 3:d 4:e")
	})
}

// TestDamagedMessagesOfAStreamAreLeftOut has a store lose messages that its stream
// thinks are there.
func TestDamagedMessagesOfAStreamAreLeftOut(t *testing.T) {
	for _, lost := range []store.Span{{Lo: 1, Hi: 2}, {Lo: 2, Hi: 3}, {Lo: 3, Hi: 4}, {Lo: 1, Hi: 4}} {
		t.Run(fmt.Sprint(lost), func(t *testing.T) {
			flows(t, nil, func(t *testing.T, r *river) {
				r.publish("a", "b", "c", "d")
				r.restart(true)
				r.house.store.Append(store.Batch{Settled: []store.Settled{{Queue: 1, Span: lost}}})
				var want []string
				for seq, word := range []string{"0:a", "1:b", "2:c", "3:d"} {
					if n := uint64(seq + 1); n < lost.Lo || n > lost.Hi {
						want = append(want, word)
					}
				}
				r.publish("e")
				want = append(want, "4:e")
				r.gets(r.consume("first", -1), strings.Join(want, " "))
				r.gets(r.consume(amqp.Timestamp(0), -1), strings.Join(want, " "))
			})
		})
	}
}

func TestStreamTimeDoesNotGoBack(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		r.publish("a")
		r.house.forward(-500 * time.Second)
		r.publish("b")
		r.house.forward(1000 * time.Second)
		r.publish("c")
		r.gets(r.consume(amqp.Timestamp(1001), -1), "2:c")
		_, es := r.View()
		if !slices.IsSortedFunc(es, func(a, b Entry) int { return cmp.Compare(a.expires, b.expires) }) {
			t.Errorf("times are not in order")
		}
	})
}
