package management

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// samples are those of a path, the newest first, with the average rate.
func (s *site) samples(path string, fields ...string) (values []int64, rate float64) {
	s.Helper()
	w := s.ask("guest", "GET", path, "")
	var at map[string]any
	s.ok(json.Unmarshal(w.Body.Bytes(), &at))
	for _, f := range fields {
		inner, ok := at[f].(map[string]any)
		if !ok {
			s.Fatalf("%s: %d %s, want %s in it", path, w.Code, w.Body, strings.Join(fields, "."))
		}
		at = inner
	}
	list, _ := at["samples"].([]any)
	var before float64
	for i, p := range list {
		point := p.(map[string]any)
		values = append(values, int64(point["sample"].(float64)))
		stamp := point["timestamp"].(float64)
		if int64(stamp)%10_000 != 0 || i > 0 && stamp != before-10_000 {
			s.Errorf("%s: sample %d is of %v, want multiples of 10 s, each 10 s before the other", path, i, stamp)
		}
		before = stamp
	}
	rate, _ = at["avg_rate"].(float64)
	return values, rate
}

// TestSamplesAreTakenWhileSomebodyWantsThem publishes ten messages every ten seconds.
func TestSamplesAreTakenWhileSomebodyWantsThem(t *testing.T) {
	s := newSite(t)
	s.does("PUT", "/api/queues/%2F/q", "", 201)
	const window = "lengths_age=60&lengths_incr=10&msg_rates_age=60&msg_rates_incr=10"
	const queue, overview = "/api/queues/%2F/q?" + window, "/api/overview?" + window
	s.does("POST", "/api/exchanges/%2F/amq.default/publish", posting("q", "m"), 200)
	s.samples(queue, "messages_details")
	s.samples(overview, "queue_totals", "messages_details")
	for range 20 {
		for range 10 {
			s.does("POST", "/api/exchanges/%2F/amq.default/publish", posting("q", "m"), 200)
		}
		s.broker.Advance(5 * time.Second)
		s.broker.Advance(5 * time.Second)
	}
	for name, where := range map[string][]string{
		queue + " ":     {"messages_details"},
		queue + "  ":    {"message_stats", "publish_details"},
		overview + " ":  {"queue_totals", "messages_details"},
		overview + "  ": {"message_stats", "publish_details"},
		"/api/vhosts/%2F?lengths_age=60&lengths_incr=10":                    nil,
		"/api/exchanges/%2F/amq.default?msg_rates_age=60&msg_rates_incr=10": nil,
		"/api/nodes/harebell@test?node_stats_age=60&node_stats_incr=10":     nil,
		"/api/queues/%2F/q?lengths_age=60":                                  nil,
	} {
		path := strings.TrimSpace(name)
		if where == nil {
			if w := s.ask("guest", "GET", path, ""); w.Code != 200 || strings.Contains(w.Body.String(), `"samples"`) == strings.Contains(path, "/q?") {
				t.Errorf("%s: got %d %s", path, w.Code, w.Body)
			}
			continue
		}
		values, rate := s.samples(path, where...)
		if len(values) != 7 || values[0]-values[6] != 60 || rate != 1 {
			t.Errorf("%s %v: got %v with %v in a second, want 7 samples, 10 more each, and 1", path, where, values, rate)
		}
	}
	s.broker.Advance(11 * time.Minute)
	s.broker.Advance(historyEvery)
	s.rates.mu.Lock()
	defer s.rates.mu.Unlock()
	if n := len(s.rates.histories.of); n > 0 || s.rates.histories.timer != nil {
		t.Errorf("when nobody has asked for long %d are looked at still", n)
	}
}

func TestSamplesThatAreTooMany(t *testing.T) {
	s := newSite(t)
	for query, want := range map[string]string{
		"lengths_age=soon&lengths_incr=5":   `"lengths_age is 'soon': want a number of seconds"`,
		"lengths_age=60&lengths_incr=0":     `"lengths_incr is '0': want a number of seconds"`,
		"lengths_age=100000&lengths_incr=1": `"lengths_age is 100000 times lengths_incr: want at most 1000 samples"`,
	} {
		if w := s.ask("guest", "GET", "/api/overview?"+query, ""); w.Code != 400 || w.Body.String() != bad(want) {
			t.Errorf("%s: got %d %s, want 400 %s", query, w.Code, w.Body, bad(want))
		}
	}
	for i := range historyMost + 5 {
		s.rates.follow(subject{kind: "queue", id: uint64(i)}, func() []int64 { return []int64{1} })
	}
	if n := len(s.rates.histories.of); n != historyMost {
		t.Errorf("%d are looked at, want no more than %d", n, historyMost)
	}
}

func TestSamplesGoBackSoFar(t *testing.T) {
	var h history
	began := time.Unix(1_000_000, 0)
	for i := range 2000 {
		h.add(sample{began.Add(time.Duration(i) * historyEvery), []int64{int64(i)}})
		h.add(sample{began.Add(time.Duration(i)*historyEvery + time.Millisecond), []int64{-1}}) // too soon
	}
	first, last := h.samples[0], h.samples[len(h.samples)-1]
	if last.counts[0] != 1999 || last.at.Sub(first.at) != historyPast {
		t.Errorf("got samples of %v, the last is %v", last.at.Sub(first.at), last.counts)
	}
	details := make(map[string]any)
	window{time.Minute, 20 * time.Second}.fill(details, []sample{{began, []int64{0}}, {began.Add(historyEvery), []int64{1}}}, 0, began.Add(30*time.Second))
	if got := fmt.Sprint(details["samples"]); got != "[{1 1000020000} {0 1000000000}]" {
		t.Errorf("got %s, want what is known", got)
	}
}
