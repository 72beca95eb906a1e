package queue

import (
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

const ms = time.Millisecond

func expiring(body, expiration string) []Publishing {
	return []Publishing{{Message: message(body, amqp.Fields{Expiration: expiration})}}
}

func TestMessagesExpireAtTheHeadOnly(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-dead-letter-exchange": "dlx"}})
	q.Publish(expiring("long", "1000"))
	q.Publish(expiring("short", "10"))
	publish(q, "ever")
	h.forward(500 * ms)
	wantStats(t, q, Stats{Ready: 3, ReadyBytes: 13})
	wantWords(t, "dead", h.deaths(), "")
	h.forward(500 * ms)
	wantWords(t, "dead, by the timer", h.deaths(), "long:expired short:expired")
	wantWords(t, "ready", drain(t, q), "ever")
}

func TestTheSoonerTimeToLiveHolds(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-message-ttl": int32(100), "x-dead-letter-exchange": "dlx"}})
	q.Publish(expiring("own", "50"))
	q.Publish(expiring("queue's", "5000"))
	h.forward(49 * ms)
	wantWords(t, "dead after 49 ms", h.deaths(), "")
	h.forward(1 * ms)
	wantWords(t, "dead after 50 ms", h.deaths(), "own:expired")
	h.forward(49 * ms)
	wantWords(t, "dead after 99 ms", h.deaths(), "")
	h.forward(1 * ms)
	wantWords(t, "dead after 100 ms", h.deaths(), "queue's:expired")
}

func TestNoTimeToLiveNeedsAConsumer(t *testing.T) {
	for _, durable := range []bool{false, true} {
		h := newHouse()
		q := h.open(t, Declaration{Durable: durable, Arguments: amqp.Table{"x-dead-letter-exchange": "dlx", "x-message-ttl": int32(0)}})
		publish(q, "a")
		wantWords(t, "dead without consumer", h.deaths(), "a:expired")
		c := consume(t, q, &client{room: 2}, ConsumeOptions{})
		publish(q, "b", "c", "d")
		wantWords(t, "delivered", c.bodies(), "b c")
		wantWords(t, "dead without room", h.deaths(), "d:expired")
	}
}

func TestGetDoesNotCountWhatHasExpiredBehind(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{})
	publish(q, "a")
	q.Publish(expiring("b", "0"))
	publish(q, "c")
	if _, left, ok, _ := q.Get(true); !ok || left != 1 {
		t.Errorf("left: got %d, %v, want 1", left, ok)
	}
}

// A ticking clock moves by a millisecond whenever somebody looks at it.
type ticking struct{ *hands }

func (c ticking) Now() time.Time {
	c.hands.now = c.hands.now.Add(ms)
	return c.hands.now
}

func TestNoTimeToLiveHoldsForTheWholePublish(t *testing.T) {
	h := newHouse()
	h.clock = ticking{newHands()}
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-message-ttl": int32(0)}})
	c := consume(t, q, &client{room: -1}, ConsumeOptions{})
	publish(q, "a", "b", "c")
	wantWords(t, "delivered", c.bodies(), "a b c")
}

func TestExpiredMessagesAreNeitherGotNorDelivered(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{})
	q.Publish(expiring("a", "10"))
	q.Publish(expiring("b", "20"))
	h.clock.(*hands).now = h.clock.Now().Add(15 * ms) // the timer is late
	if e, left, ok, _ := q.Get(true); !ok || left != 0 || string(e.Message.Body) != "b" {
		t.Errorf("got %q, left %d, ok %v; want b, 0, true", bodies([]Entry{e}), left, ok)
	}
	q.Publish(expiring("c", "10"))
	q.Publish(expiring("d", "50"))
	h.clock.(*hands).now = h.clock.Now().Add(15 * ms)
	c := consume(t, q, &client{room: -1}, ConsumeOptions{})
	wantWords(t, "delivered", c.bodies(), "d")
}

func TestUnackedMessagesExpireWhenRequeued(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-dead-letter-exchange": "dlx"}})
	q.Publish(expiring("a", "10"))
	e, _, _, _ := q.Get(false)
	h.forward(20 * ms)
	wantWords(t, "dead while out", h.deaths(), "")
	q.Requeue([]Entry{e}, Nacked)
	wantWords(t, "dead when back", h.deaths(), "a:expired")
	wantStats(t, q, Stats{})
}

func TestLease(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-expires": int32(100)}})
	want := func(when string, n int) {
		t.Helper()
		if h.unused != n {
			t.Errorf("%s: got %d, want %d", when, h.unused, n)
		}
	}
	h.forward(99 * ms)
	q.Touch()
	h.forward(99 * ms)
	want("touched", 0)
	q.Get(true)
	h.forward(99 * ms)
	want("after a get", 0)
	c := consume(t, q, &client{}, ConsumeOptions{})
	q.Touch()
	h.forward(time.Hour)
	want("with a consumer", 0)
	q.Cancel(c)
	h.forward(99 * ms)
	want("after the consumer left", 0)
	publish(q, "a") // publishing is no use
	h.forward(1 * ms)
	want("unused", 1)
	q.Delete(false, false)
	q.Touch()
	h.forward(time.Hour)
	want("deleted", 1)
}

func TestNoTimerOutlivesItsQueue(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-expires": int32(100), "x-message-ttl": int32(50), "x-dead-letter-exchange": "dlx"}})
	publish(q, "a")
	q.Stop()
	for _, timer := range h.clock.(*hands).timers {
		if !timer.at.IsZero() {
			t.Errorf("a timer is set for %v", timer.at)
		}
	}
}
