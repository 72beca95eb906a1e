package queue

import (
	"cmp"
	"container/heap"
	"math"
	"slices"

	"github.com/harebellmq/harebell/internal/clock"
)

// A Retry says which deliveries that come back are held back for a while before they
// are ready again.
type Retry string

// The values of x-delayed-retry-type.
const (
	RetryDisabled Retry = "disabled"
	RetryReturned Retry = "returned" // those of basic.nack and basic.recover
	RetryFailed   Retry = "failed"   // those of basic.reject, and of channels that end
	RetryAll      Retry = "all"
)

// backoff is for how long deliveries that come back are held back: as many times
// least as they have come back, in milliseconds, but not more than most.
//
// rabbitmq: x-delayed-retry-type, -min and -max, of quorum queues from 4.3 on
type backoff struct {
	retry       Retry // "" for disabled
	least, most int64
}

func (b *backoff) on() bool { return b.retry != "" && b.retry != RetryDisabled && b.least > 0 }

// under returns the backoff with what a policy says of what the arguments do not.
func (b backoff) under(definition, arguments map[string]any) backoff {
	number := func(name string, n *int64) {
		_, given := arguments["x-"+name]
		if v, ok := definition[name].(int64); ok && !given {
			*n = min(v, MaxMilliseconds)
		}
	}
	number("delayed-retry-min", &b.least)
	number("delayed-retry-max", &b.most)
	b.most = max(b.most, b.least)
	if _, given := arguments["x-delayed-retry-type"]; given {
		return b
	}
	word, _ := definition["delayed-retry-type"].(string)
	switch {
	case word != "":
		b.retry = Retry(word)
	case b.least > 0:
		b.retry = RetryAll
	}
	return b
}

// after returns for how many milliseconds a delivery is held back that has come back
// so many times.
func (b *backoff) after(why Return, returns int64) int64 {
	switch {
	case !b.on(), b.retry == RetryReturned && why != Nacked, b.retry == RetryFailed && why == Nacked:
		return 0
	case returns > math.MaxInt64/b.least:
		return b.most
	}
	return min(returns*b.least, b.most)
}

// retries are the deliveries that are held back. They are neither ready nor unacked.
type retries struct {
	held  holding
	timer clock.Timer
	at    int64 // when the timer fires, in Unix milliseconds; 0 if it does not
}

// A holding is a heap of entries, the one that is due first on top.
type holding []heldEntry

type heldEntry struct {
	Entry
	until int64 // Unix milliseconds
}

func (h holding) Len() int { return len(h) }
func (h holding) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].until, h[j].until), cmp.Compare(h[i].seq, h[j].seq)) < 0
}
func (h holding) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *holding) Push(x any)   { *h = append(*h, x.(heldEntry)) }

func (h *holding) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = heldEntry{}
	*h = (*h)[:last]
	return e
}

// hold holds an entry back until a moment.
func (q *FIFO) hold(e Entry, until int64) {
	e.Redelivered = true
	e.Slim()
	if e.Message != nil {
		q.resident += footprint(e.Message)
	}
	heap.Push(&q.retries.held, heldEntry{Entry: e, until: until})
}

// armRetries sets the timer for what is due next, if anything is.
func (q *FIFO) armRetries() {
	r := &q.retries
	if q.deleted || r.at != 0 && r.at <= r.held[0].until {
		return
	}
	r.at = r.held[0].until
	if r.timer == nil {
		r.timer = q.clock.AfterFunc(q.until(r.at), q.retriesDue)
		return
	}
	r.timer.Reset(q.until(r.at))
}

func (q *FIFO) retriesDue() {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	r := &q.retries
	r.at = 0
	now := q.moment()
	for len(r.held) > 0 && r.held[0].until <= now {
		e := heap.Pop(&r.held).(heldEntry).Entry
		if e.Message != nil {
			q.resident -= footprint(e.Message)
		}
		q.giveBack(e, Abandoned)
	}
	q.trim()
	q.expire()
	q.deliver()
}

// drop empties it, and returns what was held back.
func (r *retries) drop() []Entry {
	es := make([]Entry, len(r.held))
	for i := range r.held {
		es[i] = r.held[i].Entry
	}
	r.held = nil
	return slices.Clip(es)
}

// resident returns how many octets of messages it has in memory.
func (r *retries) resident() (octets int64) {
	for i := range r.held {
		if m := r.held[i].Message; m != nil {
			octets += footprint(m)
		}
	}
	return octets
}

func (r *retries) stop() {
	if r.timer != nil {
		r.timer.Stop()
	}
	r.held, r.at = nil, 0
}
