package management

import (
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/harebellmq/harebell/internal/clock"
)

const (
	// rateAfter is over how much time a rate is taken at least, unless there is not
	// so much yet: then over rateSoon.
	rateAfter = 5 * time.Second
	rateSoon  = time.Second

	// rateKept is for how long a sample counts, and is kept.
	rateKept = 5 * time.Minute
)

// A subject is what rates are of.
type subject struct {
	kind string
	name string
	id   uint64
}

// rates know how fast counts change. They are sampled when somebody asks, and then
// again: while nobody looks there is nothing to do, and nothing to remember.
type rates struct {
	clock clock.Clock

	mu    sync.Mutex // guards what follows
	of    map[subject]*samples
	timer clock.Timer // forgets; nil while there is nothing to forget

	histories histories
}

// samples are the last ones of one subject.
type samples struct{ older, newer sample }

type sample struct {
	at     time.Time
	counts []int64
}

// take returns by how much each count changes in a second, and remembers them.
func (r *rates) take(s subject, counts []int64) []float64 {
	now := r.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.of[s]
	if known == nil || len(known.newer.counts) != len(counts) {
		r.remember(s, sample{now, counts})
		return make([]float64, len(counts))
	}
	if now.Sub(known.newer.at) >= rateAfter {
		known.older, known.newer = known.newer, sample{now, counts}
	}
	since := known.older
	if since.counts == nil || now.Sub(since.at) > rateKept {
		since = known.newer
	}
	return since.rates(now, counts)
}

// remember begins to remember a subject. The lock is held.
func (r *rates) remember(s subject, first sample) {
	if r.of == nil {
		r.of = make(map[subject]*samples)
	}
	r.of[s] = &samples{newer: first}
	if r.timer == nil {
		r.timer = r.clock.AfterFunc(rateKept, r.forget)
	}
}

// forget forgets what nobody has asked for lately.
func (r *rates) forget() {
	now := r.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for s, known := range r.of {
		if now.Sub(known.newer.at) >= rateKept {
			delete(r.of, s)
		}
	}
	r.timer = nil
	if len(r.of) > 0 {
		r.timer = r.clock.AfterFunc(rateKept, r.forget)
	}
}

// stop forgets everything.
func (r *rates) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.timer != nil {
		r.timer.Stop()
	}
	r.of, r.timer = nil, nil
	if r.histories.timer != nil {
		r.histories.timer.Stop()
	}
	r.histories = histories{}
}

func (since sample) rates(now time.Time, counts []int64) []float64 {
	rates := make([]float64, len(counts))
	passed := now.Sub(since.at)
	if passed < rateSoon {
		return rates
	}
	for i := range counts {
		rates[i] = math.Round(100*float64(counts[i]-since.counts[i])/passed.Seconds()) / 100
	}
	return rates
}

// A rate is how fast something changes, in a second.
type rate struct {
	Rate float64 `json:"rate"`
}

// A tally is counts by their names, each with its rate.
type tally struct {
	names  []string
	counts []int64
	rates  []float64
}

// MarshalJSON implements json.Marshaler.
func (t tally) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, name := range t.names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, name), ':')
		b = strconv.AppendInt(b, t.counts[i], 10)
		b = append(b, `,"`+name+`_details":{"rate":`...)
		b = strconv.AppendFloat(b, max(t.rates[i], 0), 'f', -1, 64) // what was made anew counts from 0 again
		b = append(b, "}"...)
	}
	return append(b, '}'), nil
}

// any reports whether something was counted.
func (t tally) any() bool {
	for _, n := range t.counts {
		if n > 0 {
			return true
		}
	}
	return false
}
