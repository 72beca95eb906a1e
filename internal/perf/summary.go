package perf

import (
	"encoding/json"
	"io"
	"time"
)

// A Summary is what a run has measured, without the warm-up.
type Summary struct {
	From    time.Time // when the measurement began
	Elapsed time.Duration

	// Tenths are, of a limited number of messages, when each tenth of them was
	// done, since From: consumed if somebody consumes, confirmed if there are
	// confirms, else published.
	Tenths []time.Duration

	Published, Confirmed, Refused, Delivered int64 // messages

	Latency Histogram // from publishing to delivery
	Confirm Histogram // from publishing to the confirm
}

func (r *run) summarize(from, to counts) Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Summary{
		From:      r.began.Add(from.at),
		Elapsed:   to.at - from.at,
		Tenths:    r.tenths,
		Published: to.published - from.published,
		Confirmed: to.confirmed - from.confirmed,
		Refused:   to.refused - from.refused,
		Delivered: to.delivered - from.delivered,
		Latency:   r.latencies,
		Confirm:   r.confirms,
	}
}

// WriteText writes the summary for people.
func (s *Summary) WriteText(w io.Writer) error { return s.figures().writeText(w) }

// WriteJSON writes the summary for programs: one object on one line, times and
// durations in seconds, latencies in milliseconds.
func (s *Summary) WriteJSON(w io.Writer) error { return json.NewEncoder(w).Encode(s.object()) }

func (s *Summary) object() map[string]any {
	object := s.figures().object()
	if len(s.Tenths) > 0 {
		object["tenths"] = inSeconds(s.Tenths)
	}
	return object
}

func (s *Summary) figures() figures {
	return figures{
		from:    s.From,
		elapsed: s.Elapsed,
		counts: []namedCount{
			{"published", s.Published}, {"confirmed", s.Confirmed}, {"refused", s.Refused}, {"delivered", s.Delivered},
		},
		histograms: []namedHistogram{{"latency", &s.Latency}, {"confirm", &s.Confirm}},
	}
}
