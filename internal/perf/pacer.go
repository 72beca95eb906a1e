package perf

import (
	"context"
	"time"
)

// A pacer says when to publish so that a rate is kept on average. It never loses
// a message: what could not be published in time is due at once.
type pacer struct {
	rate  float64 // messages a second
	start time.Time
	taken int // messages said to be due so far
}

func newPacer(rate float64, start time.Time) *pacer {
	return &pacer{rate: rate, start: start}
}

// wait returns how many messages are due, at least one and at most most, and
// since when the first of them is. If none is due it waits for the next. It
// returns early, with none, when ctx is done.
//
// A message that waited because publishing the ones before took too long has
// been due since its turn came: its latency includes that wait. The time a
// sleeping goroutine takes to wake up, though, is none of the broker's.
func (p *pacer) wait(ctx context.Context, most int) (n int, since time.Time) {
	now := time.Now()
	since = p.turn(p.taken)
	if since.After(now) {
		if !sleep(ctx, since.Sub(now)) {
			return 0, time.Time{}
		}
		now = time.Now()
		since = now
	}
	due := int(now.Sub(p.start).Seconds()*p.rate) + 1 // the first is due at the start
	n = max(1, min(due-p.taken, most))
	p.taken += n
	return n, since
}

// turn returns when the i-th message is due.
func (p *pacer) turn(i int) time.Time {
	return p.start.Add(time.Duration(float64(i) / p.rate * float64(time.Second)))
}

// sleep waits for d, and reports false if ctx was done before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
