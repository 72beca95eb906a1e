package report

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/internal/bench"
)

//go:embed reference.tsv
var referenceTable string

// A reference is what brokers that are not there did elsewhere, beside one that is.
type reference map[referenceKey]span

type referenceKey struct{ shape, metric, broker string }

// A span is a value of which only the bounds may be known.
type span struct{ low, high float64 }

// The brokers of the table, in the order of its columns. The last one is measured
// here too, in the version that the table is of.
var referenceBrokers = []string{"lavinmq", "lavinmq-no-sync", yardstick}

const (
	yardstick        = "rabbitmq"
	yardstickVersion = "3.10."
	referenceVersion = "2.9.1"
)

// parseReference reads the table.
func parseReference(table string) (reference, error) {
	r := make(reference)
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 2+len(referenceBrokers) {
			return nil, fmt.Errorf("reference: %q: want %d columns", line, 2+len(referenceBrokers))
		}
		for i, broker := range referenceBrokers {
			if f[2+i] == "-" {
				continue
			}
			v, err := parseSpan(f[2+i])
			if err != nil {
				return nil, fmt.Errorf("reference: %q: %w", line, err)
			}
			r[referenceKey{f[0], f[1], broker}] = v
		}
	}
	return r, nil
}

func parseSpan(text string) (s span, err error) {
	low, high, two := strings.Cut(text, "-")
	if s.low, err = strconv.ParseFloat(low, 64); err != nil {
		return s, err
	}
	if s.high = s.low; two {
		s.high, err = strconv.ParseFloat(high, 64)
	}
	return s, err
}

// scaled returns what a broker of the table would do here: as many times as much
// as the yardstick does here, as it did there. It is false where it cannot be told.
func (r reference) scaled(results *bench.Results, shape, metric, broker string) (span, bool) {
	there, ok := r[referenceKey{shape, metric, yardstick}]
	value, known := r[referenceKey{shape, metric, broker}]
	here, measured := results.Median(shape, yardstick, metric)
	if !ok || !known || !measured {
		return span{}, false
	}
	factor := here / there.low
	return span{value.low * factor, value.high * factor}, true
}

// memory returns how much memory a broker of the table had, as it is there.
func (r reference) memory(shape, broker string) (span, bool) {
	s, ok := r[referenceKey{shape, "memory", broker}]
	if !ok {
		s, ok = r[referenceKey{shape, bench.Idle, broker}]
	}
	return s, ok
}

// applies reports whether the page shows a broker of the table: if it was not
// measured itself, and the yardstick was.
func (r reference) applies(results *bench.Results, broker string) bool {
	b, y := results.Broker(broker), results.Broker(yardstick)
	return (b == nil || b.Absent != "") && y != nil && y.Absent == "" && strings.HasPrefix(y.Version, yardstickVersion)
}
