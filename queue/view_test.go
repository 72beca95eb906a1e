package queue

import (
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

func TestViewLooksWithoutTaking(t *testing.T) {
	q := newHouse().open(t, Declaration{Arguments: amqp.Table{"x-max-priority": int32(1)}})
	publish(q, "a", "b", "c")
	q.Publish([]Publishing{{Message: message("high", amqp.Fields{Priority: 1})}})
	e, _, _, _ := q.Get(false)
	q.Get(false)
	q.Requeue([]Entry{e}, Nacked)
	for range 2 {
		stats, ready := q.View()
		if got, want := bodies(ready), "high* b c"; got != want {
			t.Errorf("ready: got %q, want %q", got, want)
		}
		if want := (Stats{Ready: 3, ReadyBytes: 6, Unacked: 1}); stats != want {
			t.Errorf("stats: got %+v, want %+v", stats, want)
		}
	}
}
