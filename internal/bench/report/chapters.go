package report

import (
	"fmt"
	"strings"

	"github.com/harebellmq/harebell/internal/bench"
)

var (
	memory = column{"memory", bench.Anon, octets}
	kernel = column{"in the kernel", bench.Kernel, percent}
)

// mainRate returns the metric that a load is about: what arrives or, if nobody
// consumes, what is published.
func (m *maker) mainRate(shape string) string {
	if _, ok := m.results.Median(shape, harebell, bench.Delivered); ok {
		return bench.Delivered
	}
	return bench.Published
}

// Throughput is as many messages as a broker takes.
func (m *maker) Throughput() string {
	t := &table{head: []string{"load", "broker", ">messages/s", ">CPU each", ">in the kernel", ">memory", ">Harebell"}}
	for _, s := range m.shapes("throughput") {
		one := &maker{results: only(m.results, s.Name), reference: m.reference}
		columns := []column{{"messages/s", m.mainRate(s.Name), rate}, {"CPU each", bench.CPU, micro}, kernel, memory}
		one.each(t, "throughput", columns, m.mainRate, false)
	}
	return t.String()
}

// only returns the results of one load.
func only(r *bench.Results, shape string) *bench.Results {
	copied := *r
	copied.Runs = nil
	for _, run := range r.Runs {
		if run.Shape == shape {
			copied.Runs = append(copied.Runs, run)
		}
	}
	return &copied
}

// Latency is the time that messages take when there are few.
func (m *maker) Latency() string {
	t := &table{head: []string{"load", "broker", ">p50", ">p95", ">p99", ">CPU each", ">in the kernel", ">Harebell"}}
	columns := []column{{"p50", bench.P50, milli}, {"p95", bench.P95, milli}, {"p99", bench.P99, milli}, {"CPU each", bench.CPU, micro}, kernel}
	m.each(t, "latency", columns, func(string) string { return bench.P50 }, true)
	return t.String()
}

// Churn is what is opened and closed: a row for each, a column for each broker.
func (m *maker) Churn() string {
	t := &table{head: []string{"opened and closed, or created and deleted", ">connections"}}
	var references []string
	for _, b := range m.brokers() {
		t.head = append(t.head, ">"+label(b))
	}
	for _, broker := range referenceBrokers {
		if m.reference.applies(m.results, broker) && m.refers("churn", broker) {
			references = append(references, broker)
			t.head = append(t.head, ">"+referenceTitle(broker))
			t.note(why)
		}
	}
	columns := []column{{"cycles/s", bench.Cycles, rate}}
	for _, s := range m.shapes("churn") {
		row := []string{s.Title, clients(s)}
		for _, b := range m.brokers() {
			cells, _ := m.cells(s.Name, b.Name, columns)
			row = append(row, cells...)
			m.problem(t, s, b)
		}
		for _, broker := range references {
			cells, _ := m.estimates(s.Name, broker, columns)
			row = append(row, cells...)
		}
		t.add(row...)
	}
	return t.String()
}

// Floor is what the machine allows, and how near to it Harebell comes.
func (m *maker) Floor() string {
	f := m.results.Floor
	if f == nil {
		return ""
	}
	t := &table{head: []string{"", ">without a broker", ">Harebell", ">reached"}}
	t.add("a round trip", milli(f.RoundTrip), "", "")
	t.add("100 octets written over others, and synced", milli(f.SyncP50), "", "")
	const milliseconds = 1000 // in a second
	for _, r := range []struct {
		what, shape, metric string
		best                float64
		write               func(float64) string
		less                bool // is better
	}{
		{"connections with a channel, one after the other", "churn/connection", bench.Cycles, f.Connections, perSecond, false},
		{"consumers opened and closed: two round trips", "churn/consumer", bench.Cycles, milliseconds / (2 * f.RoundTrip), perSecond, false},
		{"durable bindings made and deleted: two round trips, two syncs", "churn/binding-durable", bench.Cycles, milliseconds / (2*f.RoundTrip + 2*f.SyncP50), perSecond, false},
		{"transient messages on their way, 1,000/s: p50", "latency/transient", bench.P50, f.RelayP50, milli, true},
		{"the same: p95", "latency/transient", bench.P95, f.RelayP95, milli, true},
		{"the same: p99", "latency/transient", bench.P99, f.RelayP99, milli, true},
	} {
		ours, ok := m.results.Median(r.shape, harebell, r.metric)
		if !ok {
			t.add(r.what, r.write(r.best), none, none)
			continue
		}
		reached := ours / r.best
		if r.less {
			reached = r.best / ours
		}
		t.add(r.what, r.write(r.best), r.write(ours), percent(reached))
	}
	return t.String()
}

// refers reports whether the reference knows anything of a chapter.
func (m *maker) refers(chapter, broker string) bool {
	for _, s := range m.shapes(chapter) {
		if _, any := m.estimates(s.Name, broker, []column{{"", bench.Cycles, rate}}); any {
			return true
		}
	}
	return false
}

func clients(s bench.Shape) string {
	if strings.Contains(s.Command, "--connections") {
		return fmt.Sprint(bench.ChurnClients)
	}
	return "1"
}

// Many is what many connections, queues and bindings cost.
func (m *maker) Many() string {
	t := &table{head: []string{"many", "broker", ">made in", ">memory for them", ">then messages/s", ">CPU each", ">Harebell"}}
	columns := []column{
		{"made in", bench.MakeTime, seconds}, {"memory for them", bench.Idle, octets},
		{"then messages/s", bench.Published, rate}, {"CPU each", bench.CPU, micro},
	}
	m.each(t, "many", columns, func(string) string { return bench.Published }, false)
	return t.String()
}

// Backlog is of messages that are all published before the first is consumed.
func (m *maker) Backlog() string {
	t := &table{head: []string{"broker", ">published/s", ">CPU each", ">consumed/s", ">CPU each", ">memory", ">disk", ">disk after", ">restart"}}
	columns := []column{
		{"", bench.Published, rate}, {"", bench.PublishCPU, micro}, {"", bench.Consumed, rate}, {"", bench.ConsumeCPU, micro},
		memory, {"", bench.DiskPeak, octets}, {"", bench.DiskAfter, octets}, {"", bench.Restart, seconds},
	}
	for _, s := range m.shapes("backlog") {
		for _, b := range m.brokers() {
			m.problem(t, s, b)
			if cells, any := m.cells(s.Name, b.Name, columns); any {
				t.add(append([]string{label(b)}, cells...)...)
			}
		}
	}
	return t.String()
}

// Slow is of a consumer that is, and of the others.
func (m *maker) Slow() string {
	t := &table{head: []string{"broker", ">others alone, p50", ">p99", ">beside it, p50", ">p99", ">memory before", ">at most", ">last three quarters", ">waiting"}}
	columns := []column{
		{"", bench.AloneP50, milli}, {"", bench.AloneP99, milli}, {"", bench.P50, milli}, {"", bench.P99, milli},
		{"", bench.AnonBefore, octets}, {"", bench.Anon, octets}, {"", bench.AnonGrowth, growth}, {"", bench.Backlog, rate},
	}
	for _, s := range m.shapes("slow") {
		for _, b := range m.brokers() {
			m.problem(t, s, b)
			if cells, any := m.cells(s.Name, b.Name, columns); any {
				t.add(append([]string{label(b)}, cells...)...)
			}
		}
	}
	return t.String()
}

func growth(v float64) string { return fmt.Sprintf("%+.0f MB", v/1e6) }

// Commands is what each load is, for those who want to repeat one of them.
func (m *maker) Commands() string {
	t := &table{head: []string{"load", "`harebell perf …`"}}
	for _, s := range bench.Shapes(m.results.Full) {
		if m.made(s) {
			t.add(s.Name, "`"+s.Command+"`")
		}
	}
	return t.String()
}

// Brokers is what was measured, and what was not.
func (m *maker) Brokers() string {
	t := &table{head: []string{"broker", "version", "from"}}
	for _, b := range m.results.Brokers {
		if b.Absent != "" {
			t.note("%s was not measured: %s.", b.Title, strings.TrimSuffix(b.Absent, "."))
			continue
		}
		t.add(b.Title, orNone(b.Version), orNone(b.Origin))
	}
	return t.String()
}

func orNone(text string) string {
	if text == "" {
		return none
	}
	return text
}
