package perf

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// A Summary is what a run has measured, without the warm-up.
type Summary struct {
	Elapsed time.Duration

	Published, Confirmed, Refused, Delivered int64 // messages

	Latency Histogram // from publishing to delivery
	Confirm Histogram // from publishing to the confirm
}

func (r *run) summarize(from, to counts) Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Summary{
		Elapsed:   to.at - from.at,
		Published: to.published - from.published,
		Confirmed: to.confirmed - from.confirmed,
		Refused:   to.refused - from.refused,
		Delivered: to.delivered - from.delivered,
		Latency:   r.latencies,
		Confirm:   r.confirms,
	}
}

// report writes a line of progress each second.
func (r *run) report() {
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	start := r.counts()
	for last := start; ; {
		select {
		case <-seconds.C:
		case <-r.ctx.Done():
			return
		}
		now := r.counts()
		took := now.at - last.at
		line := fmt.Sprintf("%5.0fs", (now.at - start.at).Seconds())
		for _, c := range []struct {
			name string
			on   bool
			n    int64
		}{
			{"published", r.options.Publishers > 0, now.published - last.published},
			{"confirmed", r.options.Confirm > 0, now.confirmed - last.confirmed},
			{"delivered", r.options.Consumers > 0, now.delivered - last.delivered},
		} {
			if c.on {
				line += fmt.Sprintf("  %s %s/s", c.name, thousands(perSecond(c.n, took)))
			}
		}
		r.say("%s", line)
		last = now
	}
}

// WriteText writes the summary for people.
func (s *Summary) WriteText(w io.Writer) error {
	text := fmt.Sprintf("in %.1fs:\n", s.Elapsed.Seconds())
	for _, c := range s.counts() {
		if c.n > 0 {
			text += fmt.Sprintf("  %-9s %15s  %13s/s\n", c.name, thousands(c.n), thousands(perSecond(c.n, s.Elapsed)))
		}
	}
	for _, h := range s.histograms() {
		if h.Count() > 0 {
			text += fmt.Sprintf("  %-9s", h.name)
			for _, p := range h.points() {
				text += fmt.Sprintf("  %s %s", p.name, milliseconds(p.d))
			}
			text += "  ms\n"
		}
	}
	_, err := io.WriteString(w, text)
	return err
}

// WriteJSON writes the summary for programs: one object on one line, durations
// in seconds, latencies in milliseconds.
func (s *Summary) WriteJSON(w io.Writer) error {
	object := map[string]any{"seconds": s.Elapsed.Seconds()}
	for _, c := range s.counts() {
		object[c.name] = c.n
		object[c.name+"_per_second"] = perSecond(c.n, s.Elapsed)
	}
	for _, h := range s.histograms() {
		if h.Count() == 0 {
			continue
		}
		points := make(map[string]float64)
		for _, p := range h.points() {
			points[p.name] = float64(p.d) / float64(time.Millisecond)
		}
		object[h.name+"_ms"] = points
	}
	return json.NewEncoder(w).Encode(object)
}

type namedCount struct {
	name string
	n    int64
}

func (s *Summary) counts() []namedCount {
	return []namedCount{
		{"published", s.Published}, {"confirmed", s.Confirmed}, {"refused", s.Refused}, {"delivered", s.Delivered},
	}
}

type namedHistogram struct {
	name string
	*Histogram
}

func (s *Summary) histograms() []namedHistogram {
	return []namedHistogram{{"latency", &s.Latency}, {"confirm", &s.Confirm}}
}

// A point is one of the numbers that stand for a whole histogram.
type point struct {
	name string
	d    time.Duration
}

func (h *Histogram) points() []point {
	return []point{
		{"p50", h.Quantile(0.5)}, {"p95", h.Quantile(0.95)}, {"p99", h.Quantile(0.99)}, {"p99.9", h.Quantile(0.999)},
		{"max", h.Max()},
	}
}

func perSecond(n int64, d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(float64(n) / d.Seconds())
}

// thousands writes a number that is not negative in groups of three digits.
func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// milliseconds writes a duration to three digits that matter.
func milliseconds(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms < 10:
		return fmt.Sprintf("%.2f", ms)
	case ms < 100:
		return fmt.Sprintf("%.1f", ms)
	default:
		return fmt.Sprintf("%.0f", ms)
	}
}
