package queue

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

func TestReturnedMessagesAreHeldBackLongerEachTime(t *testing.T) {
	for _, d := range []Declaration{
		quorum("x-delayed-retry-min", int32(1000), "x-delayed-retry-max", int32(2500)),
		{Arguments: amqp.Table{"x-delayed-retry-min": int32(1000), "x-delayed-retry-max": int32(2500)}},
	} {
		h := newHouse()
		q := h.open(t, d)
		h.sendAll(q, "a")
		for _, wait := range []time.Duration{1000 * ms, 2000 * ms, 2500 * ms, 2500 * ms} {
			q.Requeue(get(t, q, 1), Nacked)
			h.forward(wait - ms)
			wantStats(t, q, Stats{})
			h.forward(ms)
			wantStats(t, q, Stats{Ready: 1, ReadyBytes: 1})
		}
	}
}

func TestRetriesByType(t *testing.T) {
	for _, test := range []struct {
		kind string
		held map[Return]bool
	}{
		{"disabled", map[Return]bool{}},
		{"all", map[Return]bool{Nacked: true, Failed: true, Abandoned: true}},
		{"failed", map[Return]bool{Failed: true, Abandoned: true}},
		{"returned", map[Return]bool{Nacked: true}},
	} {
		for _, why := range []Return{Nacked, Failed, Abandoned} {
			h := newHouse()
			q := h.open(t, quorum("x-delayed-retry-min", int32(1000), "x-delayed-retry-type", test.kind))
			h.sendAll(q, "a")
			q.Requeue(get(t, q, 1), why)
			if held := q.Stats().Ready == 0; held != test.held[why] {
				t.Errorf("%s, %v: held back %v, want %v", test.kind, why, held, test.held[why])
			}
		}
	}
}

func TestMessagesHeldBackAreAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		d := quorum("x-delayed-retry-min", int32(1000))
		q := h.open(t, d)
		h.sendAll(q, "a")
		q.Requeue(get(t, q, 1), Nacked)
		q.Stop()
		h.forward(400 * ms)
		q = h.reopen(t, d)
		synctest.Wait()
		wantStats(t, q, Stats{})
		h.forward(599 * ms)
		wantStats(t, q, Stats{})
		h.forward(ms)
		wantWords(t, "in the end", counts(get(t, q, 1)), "a:1")
	})
}

func TestPurgeLeavesWhatIsHeldBack(t *testing.T) {
	h := newHouse()
	h.memory = NewMemory(1 << 20)
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-delayed-retry-min": int32(1000)}})
	publish(q, "a", "b")
	q.Requeue(get(t, q, 1), Nacked)
	if n, _ := q.Purge(); n != 1 {
		t.Errorf("purged %d, want 1", n)
	}
	h.forward(1000 * ms)
	q.Ack(get(t, q, 1))
	if used := h.memory.Used(); used != 0 {
		t.Errorf("%d octets are counted that are gone", used)
	}
}

func TestPolicyHoldsReturnedMessagesBack(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{})
	q.Follow(map[string]any{"delayed-retry-min": int64(1000), "delayed-retry-type": "failed"})
	h.sendAll(q, "a")
	q.Requeue(get(t, q, 1), Nacked)
	q.Requeue(get(t, q, 1), Failed)
	wantStats(t, q, Stats{})
	h.forward(2000 * ms)
	wantWords(t, "in the end", counts(get(t, q, 1)), "a:2")
}
