package bench

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A Progress is told how far the measurements are.
type Progress interface {
	Found(b *Broker)                                                        // before all
	Next(shape, broker string, pair, turnsLeft int, timeLeft time.Duration) // before a run
	Done(m Measurement)                                                     // after it
}

// Lines is a Progress that writes a line for each run. On a terminal there is one
// below them that says what is going on; elsewhere, before each load, one that says
// how much is to come.
type Lines struct {
	w        io.Writer
	terminal bool
	last     string // shape
}

// NewLines returns a Progress that writes to w.
func NewLines(w io.Writer, terminal bool) *Lines { return &Lines{w: w, terminal: terminal} }

// Found implements Progress.
func (l *Lines) Found(b *Broker) {
	if b.Absent != "" {
		fmt.Fprintf(l.w, "%-16s not measured: %s\n", b.Name, b.Absent)
		return
	}
	fmt.Fprintf(l.w, "%-16s %s %s\n", b.Name, b.Version, bracketed(b.Origin))
}

func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// Next implements Progress.
func (l *Lines) Next(shape, broker string, pair, turnsLeft int, timeLeft time.Duration) {
	toGo := fmt.Sprintf("%d runs to go, about %s", turnsLeft, timeLeft.Round(time.Second))
	switch {
	case l.terminal:
		fmt.Fprintf(l.w, "\r\x1b[K%s on %s, pair %d; %s", shape, broker, pair, toGo)
	case shape != l.last:
		fmt.Fprintln(l.w, toGo)
	}
	l.last = shape
}

// Done implements Progress.
func (l *Lines) Done(m Measurement) {
	if l.terminal {
		fmt.Fprint(l.w, "\r\x1b[K")
	}
	fmt.Fprintf(l.w, "%-28s %-16s %s\n", m.Shape, m.Broker, brief(m))
}

// brief is a measurement in a few words.
func brief(m Measurement) string {
	if m.Error != "" {
		return firstOf(m.Error)
	}
	var words []string
	for _, metric := range []struct {
		name, format string
		unit         float64
	}{
		{Made, "made %.0f/s", 1},
		{Cycles, "%.0f cycles/s", 1},
		{Published, "published %.0f/s", 1},
		{Delivered, "delivered %.0f/s", 1},
		{Consumed, "consumed %.0f/s", 1},
		{P50, "p50 %.3f ms", 1},
		{P99, "p99 %.3f ms", 1},
		{CPU, "%.1f µs", 1},
		{Anon, "%.0f MiB", 1 << 20},
	} {
		if v, ok := m.Metrics[metric.name]; ok {
			words = append(words, fmt.Sprintf(metric.format, v/metric.unit))
		}
	}
	return strings.Join(words, "  ")
}

func firstOf(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
