package queue

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// quorum returns the declaration of a quorum queue.
func quorum(arguments ...any) Declaration {
	d := Declaration{Durable: true, Arguments: amqp.Table{"x-queue-type": "quorum"}}
	for i := 0; i < len(arguments); i += 2 {
		d.Arguments[arguments[i].(string)] = arguments[i+1]
	}
	return d
}

// counts returns the bodies of entries, and x-delivery-count where there is one.
func counts(es []Entry) string {
	words := make([]string, len(es))
	for i := range es {
		m := es[i].Outgoing()
		words[i] = string(m.Body)
		if n, found := m.Properties.Header("x-delivery-count"); found {
			words[i] += fmt.Sprintf(":%d", n)
		}
	}
	return strings.Join(words, " ")
}

// get takes n entries out.
func get(t *testing.T, q *FIFO, n int) []Entry {
	t.Helper()
	es := make([]Entry, n)
	for i := range es {
		e, _, ok, err := q.Get(false)
		if !ok || err != nil {
			t.Fatalf("got nothing, or %v, want %d more entries", err, n-i)
		}
		es[i] = e
	}
	return es
}

func TestDeliveriesOfAQuorumQueueAreCounted(t *testing.T) {
	h := newHouse()
	q := h.open(t, quorum())
	h.sendAll(q, "a", "b")
	es := get(t, q, 2)
	wantWords(t, "at first", counts(es), "a b")
	q.Requeue(es[:1], Nacked)
	es = append(get(t, q, 1), es[1])
	wantWords(t, "then", counts(es), "a:1 b")
	q.Requeue(es, Abandoned)
	wantWords(t, "in the end", counts(get(t, q, 2)), "a:2 b:1")
}

func TestFirstDeliveryOfAQuorumQueueMayBeCountedToo(t *testing.T) {
	h := newHouse()
	d := quorum()
	d.Name, d.VHost = "q", "/"
	q, err := newFIFO(d, Config{ID: 1, Store: h.store, Clock: h.clock, Host: h, Manner: QuorumManner{CountFirst: true}})
	if err != nil {
		t.Fatal(err)
	}
	h.sendAll(q, "a")
	es := get(t, q, 1)
	wantWords(t, "at first", counts(es), "a:0")
	q.Requeue(es, Nacked)
	wantWords(t, "then", counts(get(t, q, 1)), "a:1")
}

func TestReturnedToAQuorumQueueComeFirstInTheOrderOfTheirReturn(t *testing.T) {
	h := newHouse()
	q := h.open(t, quorum())
	h.sendAll(q, "a", "b", "c", "d", "e")
	es := get(t, q, 3)
	q.Requeue(es[2:], Nacked)
	q.Requeue(es[:2], Nacked)
	wantWords(t, "order", bodies(get(t, q, 5)), "c* a* b* d e")
}

func TestWithoutDeliveryLimitNackedMessagesGoBehindTheOthers(t *testing.T) {
	h := newHouse()
	q := h.open(t, quorum("x-delivery-limit", int32(-1)))
	h.sendAll(q, "a", "b", "c", "d")
	es := get(t, q, 3)
	q.Requeue(es[:2], Nacked)
	h.sendAll(q, "e")
	q.Requeue(es[2:], Abandoned)
	wantWords(t, "order", bodies(get(t, q, 5)), "c* d a* b* e")
}

func TestMessageThatComesBackTooOftenIsDeadLettered(t *testing.T) {
	for _, test := range []struct {
		arguments  []any
		deliveries int
	}{
		{[]any{"x-delivery-limit", int32(2)}, 3},
		{[]any{"x-delivery-limit", int32(0)}, 1},
		{nil, 21},
	} {
		h := newHouse()
		q := h.open(t, quorum(append(test.arguments, "x-dead-letter-exchange", "dlx")...))
		h.sendAll(q, "a")
		deliveries := 0
		for {
			e, _, ok, _ := q.Get(false)
			if !ok {
				break
			}
			deliveries++
			q.Requeue([]Entry{e}, Failed)
		}
		if deliveries != test.deliveries {
			t.Errorf("%v: delivered %d times, want %d", test.arguments, deliveries, test.deliveries)
		}
		wantWords(t, "dead", h.deaths(), "a:delivery_limit")
		wantStats(t, q, Stats{})
		wantNothingKept(t, h)
	}
}

// wantNothingKept looks that the store has no messages and notes left of the queue.
func wantNothingKept(t *testing.T, h *house) {
	t.Helper()
	for d := range h.store.Docs(store.Notes) {
		t.Errorf("note left: %q, %x", d.Key, d.Value)
	}
	if n := stored(h); n != 0 {
		t.Errorf("%d messages left", n)
	}
}

func TestQuorumQueueKeepsAllMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		q := h.open(t, quorum())
		h.send(q, message("transient", amqp.Fields{}), nil, 0)
		h.send(q, message("persistent", persistent), nil, 0)
		q = h.reopen(t, quorum())
		wantWords(t, "after the restart", bodies(get(t, q, 2)), "transient persistent")
	})
}

func TestCountsOfAQuorumQueueSurviveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		q := h.open(t, quorum())
		h.sendAll(q, "a", "b", "c", "d")
		es := get(t, q, 3)
		q.Requeue(es[:2], Nacked)
		q.Requeue(get(t, q, 1), Nacked)
		q.Requeue(es[2:], Abandoned)
		q.Stop()
		q = h.reopen(t, quorum())
		es = get(t, q, 4)
		wantWords(t, "after the restart", counts(es), "a:2 b:1 c:1 d")
		q.Ack(es)
		wantNothingKept(t, h)
	})
}

func TestACrashCountsAsAReturnOfWhatWasDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		q := h.open(t, quorum("x-delivery-limit", int32(2), "x-dead-letter-exchange", "dlx"))
		h.sendAll(q, "a", "b", "c")
		for _, want := range []string{"a b", "a:1 b:1", "a:2 b:2"} {
			es := get(t, q, 2)
			wantWords(t, "delivered", counts(es), want)
			h.forward(noteAfter)
			q = h.reopen(t, q.Declaration()) // as it was: nobody has stopped it
		}
		wantWords(t, "in the end", counts(get(t, q, 1)), "c")
		wantWords(t, "dead", h.deaths(), "a:delivery_limit b:delivery_limit")
	})
}

func TestManyNotesArePages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		q := h.open(t, quorum())
		const n = 2*pageMost + 10
		for i := range n {
			h.send(q, message(strconv.Itoa(i), persistent), nil, 0)
		}
		q.Requeue(get(t, q, n), Abandoned)
		pages := 0
		for d := range h.store.Docs(store.Notes) {
			pages++
			if len(d.Value) > store.DocMost {
				t.Errorf("page of %d octets, want %d at most", len(d.Value), store.DocMost)
			}
		}
		if pages != 3 {
			t.Errorf("%d pages, want 3", pages)
		}
		q = h.reopen(t, quorum())
		es := get(t, q, n)
		for i := range es {
			if got, want := counts(es[i:i+1]), strconv.Itoa(i)+":1"; got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
		}
		q.Ack(es)
		wantNothingKept(t, h)
	})
}

func TestDamagedNotesAreTold(t *testing.T) {
	h := newHouse()
	q := h.open(t, quorum())
	err := q.Recover(Kept{Notes: []store.Doc{{Kind: store.Notes, Key: "1.0000000000000001", Value: []byte{1}}, {Kind: store.Notes, Key: "1.x"}}})
	if err == nil || !strings.Contains(err.Error(), "1.0000000000000001") || !strings.Contains(err.Error(), "1.x") {
		t.Errorf("got %v, want both told", err)
	}
	wantNothingKept(t, h)
}

func TestDeletedQuorumQueueLeavesNothingBehind(t *testing.T) {
	h := newHouse()
	q := h.open(t, quorum("x-delayed-retry-min", int32(1000), "x-delayed-retry-type", "failed"))
	h.sendAll(q, "a", "b", "c")
	es := get(t, q, 3)
	q.Requeue(es[:1], Nacked)
	q.Requeue(es[1:2], Failed)
	q.Delete(false, false)
	wantNothingKept(t, h)
	h.forward(2 * 1000 * ms)
}

func TestPurgedQuorumQueueLeavesNothingBehind(t *testing.T) {
	h := newHouse()
	q := h.open(t, quorum())
	h.sendAll(q, "a", "b")
	q.Requeue(get(t, q, 2), Nacked)
	if n, _ := q.Purge(); n != 2 {
		t.Errorf("purged %d, want 2", n)
	}
	wantNothingKept(t, h)
}

func TestTwoMessagesOfHighPriorityOvertakeEachThatWaits(t *testing.T) {
	h := newHouse()
	q := h.open(t, quorum())
	for i, priority := range []uint8{0, 4, 3, 5, 9, 200, 5, 5} {
		h.send(q, message(strconv.Itoa(i), amqp.Fields{Priority: priority}), nil, 0)
	}
	wantWords(t, "order", bodies(get(t, q, 8)), strings.Join([]string{strconv.Itoa(3), strconv.Itoa(4), strconv.Itoa(0), strconv.Itoa(5), strconv.Itoa(6), strconv.Itoa(1), strconv.Itoa(7), strconv.Itoa(2)}, " "))
}

func TestReturnedMessagesComeBeforeThoseOfHighPriority(t *testing.T) {
	h := newHouse()
	q := h.open(t, quorum())
	for i, priority := range []uint8{0, 9, 9} {
		h.send(q, message(strconv.Itoa(i), amqp.Fields{Priority: priority}), nil, 0)
	}
	es := get(t, q, 3)
	q.Requeue(es[2:], Nacked) // of low priority, as it was overtaken by both
	q.Requeue(es[:1], Nacked)
	h.send(q, message(strconv.Itoa(3), amqp.Fields{Priority: 9}), nil, 0)
	wantWords(t, "order", bodies(get(t, q, 3)), strconv.Itoa(0)+"* "+strconv.Itoa(1)+"* "+strconv.Itoa(3))
}

func TestDeadLettersThatNobodyTakesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		d := quorum("x-dead-letter-exchange", "dlx", "x-dead-letter-strategy", "at-least-once", "x-overflow", "reject-publish")
		q := h.open(t, d)
		h.sendAll(q, "a", "b")
		h.shut = true
		q.Reject(get(t, q, 1))
		h.forward(stuckPause)
		if n := stored(h); n != 2 {
			t.Fatalf("%d messages stored, want 2", n)
		}
		q = h.reopen(t, d) // what is dead stays dead
		es := get(t, q, 1)
		wantWords(t, "alive", bodies(es), "b*")
		q.Ack(es)
		h.shut = false
		h.forward(stuckPause)
		synctest.Wait()
		wantWords(t, "dead", h.deaths(), "a:rejected")
		wantNothingKept(t, h)
	})
}

func TestDeadLettersThatNobodyTakesAreLostWithoutAStrategy(t *testing.T) {
	for _, arguments := range [][]any{
		nil,
		{"x-dead-letter-strategy", "at-least-once"}, // it would drop messages, and keep dead ones
		{"x-dead-letter-strategy", "at-most-once", "x-overflow", "reject-publish"},
	} {
		h := newHouse()
		q := h.open(t, quorum(append(arguments, "x-dead-letter-exchange", "dlx")...))
		if q.DeadLetterTo().AtLeastOnce {
			t.Errorf("%v: at least once, want at most once", arguments)
		}
	}
}

func TestWhatAQuorumQueueRefuses(t *testing.T) {
	h := newHouse()
	q := h.open(t, quorum("x-single-active-consumer", true))
	_, _, _, err := q.Get(false)
	wantText(t, err, "cannot obtain access to locked queue 'q' in vhost '/'. basic.get operations are not supported by quorum queues with single active consumer")
	wantText(t, q.Consume(&client{}, ConsumeOptions{Global: true}), "queue 'q' in vhost '/' does not support global qos")
	_, err = q.Delete(true, false)
	wantText(t, err, "cannot delete queue 'q' in vhost '/'. queue.delete operations with if-unused flag set are not supported by quorum queues")
	_, err = q.Delete(false, true)
	wantText(t, err, "cannot delete queue 'q' in vhost '/'. queue.delete operations with if-empty flag set are not supported by quorum queues")
}

func TestQuorumQueueIgnoresExclusiveConsumers(t *testing.T) {
	h := newHouse()
	q := h.open(t, quorum())
	for range 2 {
		if err := q.Consume(&client{}, ConsumeOptions{Exclusive: true}); err != nil {
			t.Error(err)
		}
	}
}

func TestSingleActiveConsumerOfAQuorumQueueGivesWayToAHigherPriority(t *testing.T) {
	h := newHouse()
	q := h.open(t, quorum("x-single-active-consumer", true))
	low, high, same := &client{room: -1}, &client{room: -1}, &client{room: -1}
	consume := func(c *client, priority int32) {
		if err := q.Consume(c, ConsumeOptions{Arguments: amqp.Table{"x-priority": priority}}); err != nil {
			t.Fatal(err)
		}
	}
	consume(low, 1)
	h.sendAll(q, "a")
	consume(same, 1)
	consume(high, 2)
	h.sendAll(q, "b")
	wantWords(t, "active", low.bodies(), "a")
	wantWords(t, "while a is not settled", high.bodies(), "")
	q.Ack(low.take())
	wantWords(t, "active then", high.bodies(), "b")
	q.Cancel(high)
	h.sendAll(q, "c")
	wantWords(t, "who was there first", low.bodies(), "c")
}

func TestQuorumArguments(t *testing.T) {
	const foreign = " of queue type rabbit_quorum_queue"
	for _, test := range []struct {
		key   string
		value any
		want  string
	}{
		{"x-max-priority", int32(5), foreign},
		{"x-queue-mode", "lazy", foreign},
		{"x-queue-version", int32(2), foreign},
		{"x-max-age", "5D", foreign},
		{"x-initial-cluster-size", int32(3), foreign},
		{"x-delivery-limit", "a", `: "expected integer, got longstr"`},
		{"x-dead-letter-strategy", "twice", ": invalid_dlx_strategy"},
		{"x-quorum-initial-group-size", int32(0), ": {value_zero,0}"},
		{"x-max-in-memory-length", int32(-5), ": {value_negative,-5}"},
		{"x-max-in-memory-bytes", int32(-5), ": {value_negative,-5}"},
		{"x-overflow", "none", ": invalid_overflow"},
		{"x-expires", int32(0), ": {value_zero,0}"},
		{"x-delayed-retry-type", "some", ": invalid_delayed_retry_type"},
		{"x-delayed-retry-type", "all", ": x-delayed-retry-min is missing"},
		{"x-delayed-retry-min", int32(0), ": {value_zero,0}"},
	} {
		d := quorum(test.key, test.value)
		d.Name, d.VHost = "q", "/"
		_, err := newFIFO(d, Config{})
		wantText(t, err, "invalid arg '"+test.key+"' for queue 'q' in vhost '/'"+test.want)
	}
	for property, change := range map[string]func(*Declaration){
		"non-durable":     func(d *Declaration) { d.Durable = false },
		"exclusive-owner": func(d *Declaration) { d.Exclusive = true },
		"auto-delete":     func(d *Declaration) { d.AutoDelete = true },
	} {
		d := quorum()
		d.Name, d.VHost = "q", "/"
		change(&d)
		_, err := newFIFO(d, Config{})
		wantText(t, err, "invalid property '"+property+"' for queue 'q' in vhost '/'")
	}
}
