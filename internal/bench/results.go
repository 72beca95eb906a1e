package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// Results are everything that was measured.
type Results struct {
	Began   time.Time     `json:"began"`
	Took    float64       `json:"took"` // seconds
	Machine Machine       `json:"machine"`
	Pairs   int           `json:"pairs"`   // runs of each load on each broker
	Seconds int           `json:"seconds"` // of each of them, without the warm-up
	Full    bool          `json:"full"`
	Brokers []Broker      `json:"brokers"`
	Floor   *Floor        `json:"floor,omitempty"`
	Runs    []Measurement `json:"runs"`
}

// A Measurement is of one load on one broker, once.
type Measurement struct {
	Shape   string               `json:"shape"`
	Broker  string               `json:"broker"`
	Pair    int                  `json:"pair"` // from 1; those of a pair followed each other
	Metrics Metrics              `json:"metrics"`
	Series  map[string][]float64 `json:"series,omitempty"`
	Error   string               `json:"error,omitempty"` // what went wrong; then metrics may be missing
	Late    bool                 `json:"late,omitempty"`  // it would have taken too long
	Seconds float64              `json:"seconds"`         // in all, with the broker's start and end
}

// Metrics are named numbers.
type Metrics map[string]float64

// The names of metrics. Rates are by the second.
const (
	Published = "published" // messages
	Confirmed = "confirmed"
	Delivered = "delivered"
	Cycles    = "cycles" // of opening and closing, or creating and deleting
	Made      = "made"   // of many

	CPU      = "cpu"     // microseconds of the broker's, for each message published, or consumed if none is, or cycle
	Kernel   = "kernel"  // part of that in which the kernel worked for the broker: sockets, files, waking threads; 0 to 1
	Anon     = "anon"    // octets of anonymous memory, at most: what the broker cannot do without
	RSS      = "rss"     // octets of memory, at most: with files, which the system may take back
	Written  = "written" // octets to the disk, for each message published
	P50      = "p50"     // milliseconds, from publishing to delivery or, without deliveries, to the confirm
	P95      = "p95"
	P99      = "p99"
	MakeTime = "make_time" // seconds to make many
	Idle     = "idle"      // octets of anonymous memory that many take while nothing happens
)

// The names of further metrics, and of series, of backlogs.
const (
	PublishCPU     = "publish_cpu"     // microseconds for each message
	ConsumeCPU     = "consume_cpu"     // microseconds for each message
	Consumed       = "consumed"        // messages a second
	DiskPeak       = "disk_peak"       // octets in the data directory
	DiskAfter      = "disk_after"      // a while after the last message was consumed
	Restart        = "restart"         // seconds from starting the process until clients are let in
	PublishTenths  = "publish_tenths"  // series: messages a second in each tenth of the way
	ConsumedTenths = "consumed_tenths" // series: messages a second in each tenth of the way
)

// The names of further metrics of slow consumers.
const (
	Backlog    = "backlog"     // messages that waited in the end
	AloneP50   = "alone_p50"   // milliseconds, of the steady load without the slow consumer
	AloneP99   = "alone_p99"   // milliseconds
	AnonBefore = "anon_before" // octets, at most, without the slow consumer
	AnonGrowth = "anon_growth" // octets more at the end than after a quarter of the time
)

// Write writes the results as JSON, with each measurement on a line of its own.
func (r *Results) Write(w io.Writer) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	// In a string its quotes would have backslashes.
	text = bytes.ReplaceAll(text, []byte(`{"shape":`), []byte("\n"+`{"shape":`))
	_, err = w.Write(append(text, '\n'))
	return err
}

// rounded returns a number to four digits that matter. It was not measured more
// exactly.
func rounded(v float64) float64 {
	if v == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-3)
	if unit >= 1 {
		return math.Round(v/unit) * unit
	}
	return math.Round(v/unit) / math.Round(1/unit) // 1/unit is a whole number: nothing is left over
}

// Read reads results that Write wrote.
func Read(r io.Reader) (*Results, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	results := new(Results)
	if err := decoder.Decode(results); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	return results, nil
}

// AddTo returns older results with these in the place of what is older of the same
// loads. Of a load that was not measured on all brokers as often as it was to be, the
// older ones stay. The error says why the two do not go together.
func (r *Results) AddTo(older *Results) (*Results, error) {
	switch {
	case older.Machine != r.Machine:
		return nil, fmt.Errorf("the older results are from another machine: %+v, this is %+v", older.Machine, r.Machine)
	case older.Pairs != r.Pairs || older.Seconds != r.Seconds || older.Full != r.Full:
		return nil, fmt.Errorf("the older results are of %d pairs of %d seconds, full %v: want the same", older.Pairs, older.Seconds, older.Full)
	}
	sum := *r
	sum.Runs = nil
	if older.Floor != nil && !r.nearFloor() {
		sum.Floor = older.Floor
	}
	for _, s := range Shapes(r.Full) {
		from := older
		if r.isComplete(s.Name) {
			from = r
		}
		for _, m := range from.Runs {
			if m.Shape == s.Name {
				sum.Runs = append(sum.Runs, m)
			}
		}
	}
	sum.Took = 0
	for _, m := range sum.Runs {
		sum.Took += m.Seconds
	}
	for _, b := range older.Brokers {
		if sum.Broker(b.Name) == nil {
			sum.Brokers = append(sum.Brokers, b)
		}
	}
	return &sum, nil
}

// nearFloor reports whether loads were made that are compared with the floor: that
// counts as it was beside them.
func (r *Results) nearFloor() bool {
	return slices.ContainsFunc(Shapes(r.Full), func(s Shape) bool {
		return r.isComplete(s.Name) && (s.Chapter() == "latency" || s.Chapter() == "churn")
	})
}

// isComplete reports whether a load was measured on every broker that is there as
// often as it was to be.
func (r *Results) isComplete(shape string) bool {
	for _, b := range r.Brokers {
		if b.Absent == "" && len(r.Of(shape, b.Name)) < r.Pairs {
			return false
		}
	}
	return true
}

// Broker returns the broker of that name, or nil if it was not looked for.
func (r *Results) Broker(name string) *Broker {
	for i := range r.Brokers {
		if r.Brokers[i].Name == name {
			return &r.Brokers[i]
		}
	}
	return nil
}

// Of returns the measurements of a load on a broker, in the order of the pairs.
func (r *Results) Of(shape, broker string) (all []Measurement) {
	for _, m := range r.Runs {
		if m.Shape == shape && m.Broker == broker {
			all = append(all, m)
		}
	}
	return all
}

// Median returns the median of a metric, and false if it was never measured.
func (r *Results) Median(shape, broker, metric string) (float64, bool) {
	var values []float64
	for _, m := range r.Of(shape, broker) {
		if v, ok := m.Metrics[metric]; ok {
			values = append(values, v)
		}
	}
	return median(values), len(values) > 0
}

// Ratio returns the median, over the pairs, of what a metric is for broker a
// divided by what it is for broker b, and false if there is no pair.
func (r *Results) Ratio(shape, metric, a, b string) (float64, bool) {
	others := make(map[int]float64)
	for _, m := range r.Of(shape, b) {
		if v := m.Metrics[metric]; v > 0 {
			others[m.Pair] = v
		}
	}
	var ratios []float64
	for _, m := range r.Of(shape, a) {
		v, measured := m.Metrics[metric]
		other, paired := others[m.Pair]
		if measured && paired {
			ratios = append(ratios, v/other)
		}
	}
	return median(ratios), len(ratios) > 0
}

// MedianSeries returns a series of which each value is the median of all runs,
// or nil if it was never measured.
func (r *Results) MedianSeries(shape, broker, name string) (medians []float64) {
	var all [][]float64
	for _, m := range r.Of(shape, broker) {
		if s := m.Series[name]; len(s) > 0 {
			all = append(all, s)
		}
	}
	for i := 0; ; i++ {
		var values []float64
		for _, s := range all {
			if i < len(s) {
				values = append(values, s[i])
			}
		}
		if len(values) == 0 {
			return medians
		}
		medians = append(medians, median(values))
	}
}

// Problem returns why there is no measurement, or not of every run, and "" if all
// is well.
func (r *Results) Problem(shape, broker string) (problem string, late bool) {
	for _, m := range r.Of(shape, broker) {
		if m.Error != "" {
			return m.Error, m.Late
		}
	}
	return "", false
}

// median returns the value in the middle, the mean of both if there are two, and
// 0 of none.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
