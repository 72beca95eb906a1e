package management

import (
	"fmt"
	"strconv"
	"time"

	"github.com/harebellmq/harebell/internal/clock"
)

const (
	// historyEvery is how often a subject is looked at that somebody wants samples of,
	// for historyKept after they were wanted last: nothing is looked at for nobody.
	historyEvery = 5 * time.Second
	historyKept  = 10 * time.Minute

	historyPast = time.Hour // how far samples go back
	historyMost = 1000      // subjects at once; of more there are no samples
	samplesMost = 1000      // that a query may ask for
)

// A window is the samples that a query wants: how far back, and how far apart.
//
// rabbitmq: lengths_age=60&lengths_incr=5, in seconds; so for msg_rates, data_rates and
// node_stats
type window struct{ age, incr time.Duration }

// window reads the window of a group from the query. It is zero if there is none.
func (c *call) window(group string) (w window, err error) {
	query := c.URL.Query()
	if !query.Has(group+"_age") || !query.Has(group+"_incr") {
		return w, nil
	}
	seconds := func(name string) time.Duration {
		n, wrong := strconv.Atoi(query.Get(name))
		if wrong != nil || n < 1 || n > 1<<30 {
			err = badRequest(fmt.Sprintf("%s is '%s': want a number of seconds", name, query.Get(name)))
		}
		return time.Duration(n) * time.Second
	}
	w = window{seconds(group + "_age"), seconds(group + "_incr")}
	if err == nil && w.age/w.incr > samplesMost {
		err = badRequest(fmt.Sprintf("%[1]s_age is %[2]d times %[1]s_incr: want at most %[3]d samples", group, w.age/w.incr, samplesMost))
	}
	return w, err
}

// histories are samples of subjects that somebody has wanted lately. The lock of rates guards them.
type histories struct {
	of    map[subject]*history
	timer clock.Timer // nil while there are none
}

// A history is the samples of one subject, from old to new.
type history struct {
	read    func() []int64
	wanted  time.Time
	samples []sample
}

// follow returns the samples that there are of a subject, and has it looked at from now on.
func (r *rates) follow(s subject, read func() []int64) []sample {
	counts, now := read(), r.clock.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.histories.of[s]
	if h == nil {
		if len(r.histories.of) >= historyMost {
			return []sample{{now, counts}}
		}
		if r.histories.of == nil {
			r.histories.of = make(map[subject]*history)
		}
		h = &history{read: read}
		r.histories.of[s] = h
	}
	h.wanted, h.read = now, read
	h.add(sample{now, counts})
	if r.histories.timer == nil {
		r.histories.timer = r.clock.AfterFunc(historyEvery, r.look)
	}
	return append([]sample(nil), h.samples...)
}

// add appends a sample, unless there is one of the same second.
func (h *history) add(s sample) {
	if n := len(h.samples); n > 0 && s.at.Sub(h.samples[n-1].at) < time.Second {
		return
	}
	h.samples = append(h.samples, s)
	for s.at.Sub(h.samples[0].at) > historyPast {
		h.samples = h.samples[1:]
	}
}

// look looks at all that is followed. No lock is held while it reads.
func (r *rates) look() {
	now := r.clock.Now()
	reads := make(map[subject]func() []int64)
	r.mu.Lock()
	for s, h := range r.histories.of {
		if now.Sub(h.wanted) > historyKept {
			delete(r.histories.of, s)
			continue
		}
		reads[s] = h.read
	}
	r.histories.timer = nil
	if len(reads) > 0 {
		r.histories.timer = r.clock.AfterFunc(historyEvery, r.look)
	}
	r.mu.Unlock()
	for s, read := range reads {
		counts := read()
		r.mu.Lock()
		if h := r.histories.of[s]; h != nil {
			h.add(sample{now, counts})
		}
		r.mu.Unlock()
	}
}

// A sampled is what may have samples in an answer: the counts of a subject, and where they
// are shown.
type sampled struct {
	of    subject
	read  func() []int64
	parts []part
}

// A part is some of the counts: their names, and the object that they are in, "" for the
// answer itself.
type part struct {
	group string // of the query's windows
	in    string
	names []string
}

// The groups of windows.
const (
	lengths   = "lengths"
	msgRates  = "msg_rates"
	dataRates = "data_rates"
	nodeStats = "node_stats"
)

var (
	levelNames = []string{"messages", "messages_ready", "messages_unacknowledged"}
	octetNames = []string{"recv_oct", "send_oct"}
)

// answerSampled is answer for a value whose counts may have samples.
func (c *call) answerSampled(value any, all ...sampled) error {
	var whole object
	for _, s := range all {
		at := 0
		var past []sample
		for _, p := range s.parts {
			w, err := c.window(p.group)
			if err != nil {
				return err
			}
			if w != (window{}) {
				if past == nil {
					past = c.server.rates.follow(s.of, s.read)
				}
				if whole == nil {
					whole = objectOf(value)
				}
				whole.sample(p, past, at, w, c.server.rates.clock.Now())
			}
			at += len(p.names)
		}
	}
	if whole == nil {
		return c.answer(value)
	}
	return c.answer(whole)
}

// sample puts samples beside the rates of a part, whose counts begin at an index.
func (o object) sample(p part, past []sample, at int, w window, now time.Time) {
	in := map[string]any(o)
	if p.in != "" {
		in, _ = o[p.in].(map[string]any) // there is none before there is something to count
	}
	for i, name := range p.names {
		if details, ok := in[name+"_details"].(map[string]any); ok {
			w.fill(details, past, at+i, now)
		}
	}
}

// A point is one sample as it is shown.
type point struct {
	Sample    int64 `json:"sample"`
	Timestamp int64 `json:"timestamp"` // Unix milliseconds
}

// fill adds the samples of one count to its details, the newest first, as far back as they
// are known.
//
// rabbitmq: at times that are multiples of incr
func (w window) fill(details map[string]any, past []sample, count int, now time.Time) {
	points, sum := []point{}, int64(0)
	last := len(past) - 1
	for at := now.Truncate(w.incr); now.Sub(at) <= w.age+w.incr && len(points) <= int(w.age/w.incr); at = at.Add(-w.incr) {
		for last >= 0 && past[last].at.After(at) {
			last--
		}
		if last < 0 {
			break
		}
		v := past[last].counts[count]
		points, sum = append(points, point{v, at.UnixMilli()}), sum+v
	}
	details["samples"], details["avg"], details["avg_rate"] = points, 0.0, 0.0
	if n := len(points); n > 0 {
		details["avg"] = float64(sum) / float64(n)
		if first := points[n-1]; n > 1 {
			details["avg_rate"] = float64(points[0].Sample-first.Sample) * 1000 / float64(points[0].Timestamp-first.Timestamp)
		}
	}
}
