package queue

import (
	"strconv"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

func TestConsumersTakeTurns(t *testing.T) {
	q := newHouse().open(t, Declaration{})
	var cs []*client
	for range 3 {
		cs = append(cs, consume(t, q, &client{room: -1}, ConsumeOptions{}))
	}
	publish(q, "0", "1", "2", "3", "4", "5", "6", "7", "8")
	for i, want := range []string{"0 3 6", "1 4 7", "2 5 8"} {
		wantWords(t, "consumer "+strconv.Itoa(i), cs[i].bodies(), want)
	}
}

func TestConsumerWithoutRoomIsParkedUntilWake(t *testing.T) {
	q := newHouse().open(t, Declaration{})
	full := consume(t, q, &client{room: 1}, ConsumeOptions{})
	other := consume(t, q, &client{room: 2}, ConsumeOptions{})
	publish(q, "a", "b", "c", "d", "e")
	wantWords(t, "first", full.bodies(), "a")
	wantWords(t, "second", other.bodies(), "b c")
	wantStats(t, q, Stats{Ready: 2, ReadyBytes: 2, Unacked: 3, Consumers: 2})

	full.room = 10
	publish(q, "f")
	wantWords(t, "nothing without wake", full.bodies(), "a")
	q.Wake(full)
	wantWords(t, "after wake", full.bodies(), "a d e f")
	q.Wake(full) // changes nothing for one that is not parked
	other.room = 1
	q.Wake(other)
	publish(q, "g", "h", "i")
	wantWords(t, "first", full.bodies(), "a d e f g i")
	wantWords(t, "second", other.bodies(), "b c h")
}

func TestAckedMessagesMakeNoRoomByThemselves(t *testing.T) {
	q := newHouse().open(t, Declaration{})
	c := consume(t, q, &client{room: 1}, ConsumeOptions{})
	publish(q, "a", "b")
	q.Ack(c.take())
	wantWords(t, "after the ack", c.bodies(), "")
	c.room = 1
	q.Wake(c)
	wantWords(t, "after wake", c.bodies(), "b")
}

func TestHigherConsumerPrioritiesAreServedFirst(t *testing.T) {
	q := newHouse().open(t, Declaration{})
	priority := func(n any) ConsumeOptions {
		return ConsumeOptions{Arguments: amqp.Table{"x-priority": n}}
	}
	low := consume(t, q, &client{room: -1}, priority(int8(-1)))
	none := consume(t, q, &client{room: 2}, ConsumeOptions{})
	high1 := consume(t, q, &client{room: 1}, priority(int64(7)))
	high2 := consume(t, q, &client{room: 1}, priority(int32(7)))
	publish(q, "a", "b", "c", "d", "e", "f")
	wantWords(t, "high", high1.bodies()+" "+high2.bodies(), "a b")
	wantWords(t, "none", none.bodies(), "c d")
	wantWords(t, "low", low.bodies(), "e f")
	high2.room = 2
	q.Wake(high2)
	publish(q, "g")
	wantWords(t, "woken", high2.bodies(), "b g")
}

func TestConsumeRefusals(t *testing.T) {
	inUse := "queue 'q' in vhost '/' in exclusive use"
	t.Run("exclusive next to another", func(t *testing.T) {
		q := newHouse().open(t, Declaration{})
		consume(t, q, &client{}, ConsumeOptions{})
		wantText(t, q.Consume(&client{}, ConsumeOptions{Exclusive: true}), inUse)
	})
	t.Run("next to an exclusive one", func(t *testing.T) {
		q := newHouse().open(t, Declaration{})
		c := consume(t, q, &client{room: -1}, ConsumeOptions{Exclusive: true})
		wantText(t, q.Consume(&client{}, ConsumeOptions{}), inUse)
		publish(q, "a")
		wantWords(t, "delivered", c.bodies(), "a")
		q.Cancel(c)
		consume(t, q, &client{}, ConsumeOptions{})
	})
	t.Run("exclusive where one is active", func(t *testing.T) {
		q := newHouse().open(t, Declaration{Arguments: amqp.Table{"x-single-active-consumer": true}})
		wantText(t, q.Consume(&client{}, ConsumeOptions{Exclusive: true}), inUse)
	})
	q := newHouse().open(t, Declaration{})
	wantText(t, q.Consume(&client{}, ConsumeOptions{Arguments: amqp.Table{"x-priority": "1"}}),
		`invalid arg 'x-priority' for queue 'q' in vhost '/': "expected integer, got longstr"`)
	wantText(t, q.Consume(&client{}, ConsumeOptions{Arguments: amqp.Table{"x-stream-offset": "first"}}),
		"invalid arg 'x-stream-offset' for queue 'q' in vhost '/' of queue type rabbit_classic_queue")
	wantStats(t, q, Stats{})
}

func TestSingleActiveConsumer(t *testing.T) {
	q := newHouse().open(t, Declaration{Arguments: amqp.Table{"x-single-active-consumer": true}})
	first := consume(t, q, &client{room: 1}, ConsumeOptions{})
	second := consume(t, q, &client{room: -1}, ConsumeOptions{Arguments: amqp.Table{"x-priority": int32(9)}})
	third := consume(t, q, &client{room: -1}, ConsumeOptions{})
	publish(q, "a", "b", "c")
	wantWords(t, "first", first.bodies(), "a")
	wantWords(t, "second, while the first has no room", second.bodies(), "")
	q.Cancel(third)
	first.room = 1
	q.Wake(first)
	wantWords(t, "first, woken", first.bodies(), "a b")
	q.Cancel(first)
	wantWords(t, "second, active now", second.bodies(), "c")
	q.Requeue(first.got, Nacked)
	wantWords(t, "second, with what the first gave back", second.bodies(), "c a* b*")
}

func TestCancelledConsumerGetsNothing(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{AutoDelete: true})
	c := consume(t, q, &client{room: -1}, ConsumeOptions{})
	d := consume(t, q, &client{room: -1}, ConsumeOptions{})
	publish(q, "a", "b")
	q.Cancel(c)
	q.Cancel(c)
	publish(q, "c", "d")
	wantWords(t, "cancelled", c.bodies(), "a")
	wantWords(t, "other", d.bodies(), "b c d")
	if h.unused != 0 {
		t.Error("unused while there is a consumer")
	}
	q.Ack(c.got)
	q.Cancel(d)
	if h.unused != 1 {
		t.Errorf("unused: got %d, want 1 when the last consumer has left", h.unused)
	}
	wantStats(t, q, Stats{Unacked: 3})
}

func TestNoAckSettlesAtDelivery(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Durable: true})
	c := consume(t, q, &client{room: -1}, ConsumeOptions{NoAck: true})
	var p publisher
	h.send(q, message("a", persistent), &p, 1)
	wantWords(t, "delivered", c.bodies(), "a")
	wantStats(t, q, Stats{Consumers: 1})
	if len(p.acks) != 1 {
		t.Errorf("confirmed: got %v, want one", p.acks)
	}
	again := h.reopen(t, Declaration{Durable: true})
	wantStats(t, again, Stats{})
}
