package queue

import (
	"math"
	"time"

	"github.com/harebellmq/harebell/store"
)

// Follow implements Hosted.
func (q *stream) Follow(definition map[string]any) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.limits = q.declared.under(definition)
	q.retain()
}

// retain lets go of the oldest segments if there is too much, or if they are too old.
// They are gone when the store has it on disk, so that none comes back after a crash.
//
// rabbitmq: age is looked at only when a segment is full; here it has a timer too
func (q *stream) retain() {
	if q.cutting || q.deleted || q.err != nil {
		return
	}
	now, before := q.clock.Now().UnixMilli(), int64(math.MinInt64)
	if q.limits.age != unlimited {
		before = now - q.limits.age
	}
	n := q.segments.excess(q.limits.bytes, before)
	// What is not written yet the store must not be told of: see store.Settled.
	for n > 0 && q.segments.full[n-1].hi > q.written {
		n--
	}
	if n == 0 {
		q.arm(now)
		return
	}
	q.cutting = true
	upTo := q.segments.full[n-1].hi
	gone := store.Settled{Queue: q.id, Span: store.Span{Lo: q.first, Hi: upTo}}
	q.later = append(q.later, func() {
		q.store.Append(store.Batch{Settled: []store.Settled{gone}, Done: func(err error) { q.cut(upTo, err) }})
	})
}

// cut is told that the store has let go of everything up to a number.
func (q *stream) cut(upTo uint64, err error) {
	q.mu.Lock()
	defer q.unlock()
	q.cutting = false
	if q.deleted {
		return
	}
	if err != nil {
		q.err = err
		return
	}
	gone := q.segments.cut(upTo)
	q.messages = max(0, q.messages-gone.messages)
	q.bytes = max(0, q.bytes-gone.bytes)
	q.first = upTo + 1
	q.resident -= q.tail.cut(upTo)
	for _, r := range q.readers {
		q.resident -= r.skipTo(q.first)
	}
	q.retain()
}

// arm sets the timer for when the oldest segment will be too old.
func (q *stream) arm(now int64) {
	if q.limits.age == unlimited || len(q.segments.full) == 0 {
		return
	}
	// A sum that is too large for a number is as good as never.
	due := q.segments.full[0].time + 1
	if due > math.MaxInt64-q.limits.age || due+q.limits.age <= now {
		return
	}
	wait := longestWait
	if left := due + q.limits.age - now; left < longestWait.Milliseconds() {
		wait = time.Duration(left) * time.Millisecond
	}
	if q.timer == nil {
		q.timer = q.clock.AfterFunc(wait, q.age)
	} else {
		q.timer.Reset(wait)
	}
}

// age is called when a segment may have become too old.
func (q *stream) age() {
	q.mu.Lock()
	defer q.unlock()
	q.retain()
}

// note has the store know where segments end. Nobody waits for that.
func (q *stream) note() {
	q.segments.unnoted = 0
	q.store.Append(store.Batch{Docs: []store.Doc{q.segments.doc(q.id)}})
}
