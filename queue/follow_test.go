package queue

import (
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

func TestPolicyTrimsAndLetsGo(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-dead-letter-exchange": "dlx"}})
	publish(q, "a", "b", "c", "d")
	q.Follow(map[string]any{"max-length": int64(2)})
	wantWords(t, "dead", h.deaths(), "a:maxlen b:maxlen")
	q.Follow(map[string]any{"max-length-bytes": int64(1)})
	wantWords(t, "dead", h.deaths(), "c:maxlen")
	q.Follow(nil)
	publish(q, "e", "f")
	wantWords(t, "ready", drain(t, q), "d e f")
}

func TestPolicyOfTimeToLiveIsForWhatComes(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: amqp.Table{"x-message-ttl": int32(1000)}})
	publish(q, "before")
	q.Follow(map[string]any{"message-ttl": int64(10)})
	publish(q, "under it")
	q.Follow(map[string]any{"message-ttl": int64(5000)})
	publish(q, "after")
	h.forward(999 * ms)
	wantStats(t, q, Stats{Ready: 3, ReadyBytes: 19}) // what expires first is behind
	h.forward(1 * ms)
	wantStats(t, q, Stats{})
}

func TestPolicyOfExpiryStartsAndStopsTheLease(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{})
	q.Follow(map[string]any{"expires": int64(100)})
	h.forward(50 * ms)
	q.Follow(map[string]any{"expires": int64(200)}) // begins anew
	h.forward(150 * ms)
	if h.unused != 0 {
		t.Error("expired before its time")
	}
	h.forward(50 * ms)
	if h.unused != 1 {
		t.Errorf("expired %d times, want once", h.unused)
	}
	q.Follow(nil)
	q.Touch()
	h.forward(time.Hour)
	if h.unused != 1 {
		t.Error("expired without a lease")
	}
}

func TestArgumentsComeBeforePolicies(t *testing.T) {
	h := newHouse()
	plain := h.open(t, Declaration{})
	policies := map[string]any{
		"dead-letter-exchange": "theirs", "dead-letter-routing-key": "their key", "overflow": "reject-publish",
		"consumer-timeout": int64(500), "max-length": int64(1),
	}
	plain.Follow(policies)
	if got, want := plain.DeadLetterTo(), (DeadLetters{Exchange: "theirs", Key: "their key", Replace: true}); got != want {
		t.Errorf("dead letters go to %+v, want %+v", got, want)
	}
	if got := plain.ConsumerTimeout(); got != 500*ms {
		t.Errorf("consumer timeout of %v", got)
	}
	publish(plain, "a", "refused")
	wantWords(t, "ready", drain(t, plain), "a")

	h = newHouse()
	own := h.open(t, Declaration{Arguments: amqp.Table{
		"x-dead-letter-exchange": "mine", "x-dead-letter-routing-key": "my key", "x-overflow": "drop-head", "x-consumer-timeout": int32(300),
	}})
	own.Follow(policies)
	if got, want := own.DeadLetterTo(), (DeadLetters{Exchange: "mine", Key: "my key", Replace: true}); got != want {
		t.Errorf("dead letters go to %+v, want %+v", got, want)
	}
	if got := own.ConsumerTimeout(); got != 300*ms {
		t.Errorf("consumer timeout of %v", got)
	}
	publish(own, "dropped", "b")
	wantWords(t, "ready", drain(t, own), "b")
}
