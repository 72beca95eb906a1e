package perf

import (
	"fmt"
	"io"
	"time"
)

// figures are what a summary shows, of whatever kind it is.
type figures struct {
	from       time.Time
	elapsed    time.Duration
	counts     []namedCount
	histograms []namedHistogram
}

type namedCount struct {
	name string
	n    int64
}

type namedHistogram struct {
	name string
	*Histogram
}

// writeText writes, for people, what is not zero.
func (f figures) writeText(w io.Writer) error {
	text := fmt.Sprintf("in %.1fs:\n", f.elapsed.Seconds())
	for _, c := range f.counts {
		if c.n > 0 {
			text += fmt.Sprintf("  %-9s %15s  %13s/s\n", c.name, thousands(c.n), thousands(perSecond(c.n, f.elapsed)))
		}
	}
	for _, h := range f.histograms {
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

// object returns the figures for programs, to be written as JSON.
func (f figures) object() map[string]any {
	object := map[string]any{"from": unixSeconds(f.from), "seconds": f.elapsed.Seconds()}
	for _, c := range f.counts {
		object[c.name] = c.n
		object[c.name+"_per_second"] = perSecond(c.n, f.elapsed)
	}
	for _, h := range f.histograms {
		if h.Count() == 0 {
			continue
		}
		points := make(map[string]float64)
		for _, p := range h.points() {
			points[p.name] = float64(p.d) / float64(time.Millisecond)
		}
		object[h.name+"_ms"] = points
	}
	return object
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

// unixSeconds returns a time in seconds since 1970, to the microsecond.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

func inSeconds(durations []time.Duration) []float64 {
	seconds := make([]float64, len(durations))
	for i, d := range durations {
		seconds[i] = d.Seconds()
	}
	return seconds
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
