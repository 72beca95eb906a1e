package perf

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// A counter is one of the numbers on a line of progress.
type counter struct {
	name string
	n    *atomic.Int64
}

// watch says each second by how much the counters have grown in it, until ctx
// is done.
func watch(ctx context.Context, say func(format string, args ...any), counters []counter) {
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	start := time.Now()
	last, before := start, make([]int64, len(counters))
	for i, c := range counters {
		before[i] = c.n.Load()
	}
	for {
		select {
		case <-seconds.C:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		line := fmt.Sprintf("%5.0fs", now.Sub(start).Seconds())
		for i, c := range counters {
			n := c.n.Load()
			line += fmt.Sprintf("  %s %s/s", c.name, thousands(perSecond(n-before[i], now.Sub(last))))
			before[i] = n
		}
		say("%s", line)
		last = now
	}
}

// report writes a line of progress each second.
func (r *run) report() {
	var shown []counter
	for _, c := range []struct {
		counter
		on bool
	}{
		{counter{"published", &r.counters.published}, r.options.Publishers > 0},
		{counter{"confirmed", &r.counters.confirmed}, r.options.Confirm > 0},
		{counter{"delivered", &r.counters.delivered}, r.options.Consumers > 0},
	} {
		if c.on {
			shown = append(shown, c.counter)
		}
	}
	watch(r.ctx, r.say, shown)
}

// markEvery is how exactly the tenths are known.
const markEvery = 2 * time.Millisecond

// mark notes when each tenth of a limited number of messages is done, until the
// run stops: then the last tenth is, if it was not noted before.
func (r *run) mark(from time.Duration) {
	if r.options.Messages == 0 {
		return
	}
	done, each := &r.counters.published, 1
	switch {
	case r.options.Consumers > 0 && r.options.Publishers > 0:
		done, each = &r.counters.delivered, r.options.copies()
	case r.options.Consumers > 0:
		done = &r.counters.delivered
	case r.options.Confirm > 0:
		done = &r.counters.confirmed
	}
	total := int64(r.options.Messages * each)
	for running := true; running && len(r.tenths) < 10; {
		running = sleep(r.ctx, markEvery)
		for len(r.tenths) < 10 && done.Load() >= total*int64(len(r.tenths)+1)/10 {
			r.tenths = append(r.tenths, r.elapsed()-from)
		}
	}
}
