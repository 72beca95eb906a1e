package queue

import (
	"testing"
	"testing/synctest"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// valued is a persistent message with a value by which it is told apart, as its body.
func valued(v string) *amqp.Message {
	return message(v, amqp.Fields{DeliveryMode: 2, Headers: amqp.Table{DeduplicationHeader: v}})
}

// unlike returns the declaration of a queue that deduplicates.
func unlike(arguments amqp.Table) Declaration {
	d := Declaration{Durable: true, Arguments: amqp.Table{"x-message-deduplication": true}}
	for key, value := range arguments {
		d.Arguments[key] = value
	}
	return d
}

func (h *house) sendValued(q *FIFO, values ...string) {
	for _, v := range values {
		h.send(q, valued(v), nil, 0)
	}
}

func TestQueueKeepsOneMessageOfEachValue(t *testing.T) {
	for _, d := range []Declaration{unlike(nil), unlike(amqp.Table{"x-queue-type": "quorum"}), unlike(amqp.Table{"x-max-priority": int32(3)})} {
		h := newHouse()
		q := h.open(t, d)
		h.sendValued(q, "a", "b", "a")
		h.sendAll(q, "without", "without")
		es := get(t, q, 4)
		wantWords(t, "ready", bodies(es), "a b without without")
		h.sendValued(q, "a", "c")
		wantWords(t, "while a is unacked", bodies(get(t, q, 1)), "c")
		q.Requeue(es[:1], Nacked)
		h.sendValued(q, "a")
		es = get(t, q, 1)
		wantWords(t, "when it is back", bodies(es), "a*")
		q.Ack(es)
		h.sendValued(q, "a")
		wantWords(t, "after its ack", bodies(get(t, q, 1)), "a")
	}
}

func TestValueLeavesTheQueueWithItsMessage(t *testing.T) {
	for name, leave := range map[string]func(h *house, q *FIFO){
		"rejected":         func(h *house, q *FIFO) { q.Reject(get(t, q, 1)) },
		"got without acks": func(h *house, q *FIFO) { q.Get(true) },
		"purged":           func(h *house, q *FIFO) { q.Purge() },
		"expired":          func(h *house, q *FIFO) { h.forward(1001 * ms) },
		"dropped":          func(h *house, q *FIFO) { h.sendValued(q, "b", "c") },
	} {
		h := newHouse()
		q := h.open(t, unlike(amqp.Table{"x-message-ttl": int32(1000), "x-max-length": int32(2)}))
		h.sendValued(q, "a")
		leave(h, q)
		h.sendValued(q, "a")
		found := false
		for {
			e, _, ok, _ := q.Get(true)
			if !ok {
				break
			}
			found = found || string(e.Message.Body) == "a"
		}
		if !found {
			t.Errorf("%s: a is left out though it is gone", name)
		}
	}
}

func TestValuesOfAQueueSurviveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		q := h.open(t, unlike(nil))
		h.sendValued(q, "a", "b", "c")
		q.Ack(get(t, q, 1))
		q = h.reopen(t, unlike(nil))
		h.sendValued(q, "a", "b", "c")
		synctest.Wait()
		wantWords(t, "ready", bodies(get(t, q, 3)), "b* c* a")
	})
}

// TestDuplicateIsConfirmedWhenWhatCameBeforeIsOnDisk publishes a message again before
// the store has written the first.
func TestDuplicateIsConfirmedWhenWhatCameBeforeIsOnDisk(t *testing.T) {
	h := newHouse()
	q := h.open(t, unlike(nil))
	var p publisher
	var records []*store.Record
	for tag := range uint64(2) {
		m, r := valued("a"), new(store.Record)
		r.Init(m, &p, tag)
		q.Publish([]Publishing{{Message: m, Record: r}})
		r.Release()
		if len(r.Refs()) == 0 {
			t.Fatalf("message %d need not be stored", tag)
		}
		records = append(records, r)
	}
	if len(p.acks) > 0 {
		t.Errorf("confirmed %v before anything is written", p.acks)
	}
	h.store.Append(store.Batch{Records: records})
	if len(p.acks) != 2 || len(p.nacks) > 0 {
		t.Errorf("confirmed %v and refused %v, want both confirmed", p.acks, p.nacks)
	}
	if n := stored(h); n != 1 {
		t.Errorf("%d messages stored, want 1", n)
	}
}
