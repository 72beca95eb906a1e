package bench

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A trial is one run: of one load on a broker that has just started.
type trial struct {
	ctx    context.Context
	plan   *plan
	shape  *Shape
	broker *Broker
	at     *instance

	metrics Metrics
	series  map[string][]float64
}

// run starts the broker, measures and removes it.
func (t *trial) run(ctx context.Context) (err error) {
	t.ctx = ctx
	t.at, err = t.broker.start(ctx, filepath.Join(t.plan.dir, "data"), t.plan.ports)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.at.remove()) }()
	if t.shape.measure != nil {
		return t.shape.measure(t)
	}
	_, err = t.loaded(t.shape.Command)
	return err
}

// loaded makes the one load there is, for as long as is measured, and notes all
// that is known of it.
func (t *trial) loaded(flags string) (*load, error) {
	w := t.watch()
	l, err := t.perf(flags, "--warmup", warmup.String(), "--duration", t.plan.options.Time.String())
	w.stop()
	if err != nil {
		return nil, err
	}
	if l.Published+l.Delivered+l.Cycles == 0 {
		return nil, errStalled
	}
	t.note(l)
	t.noteUsage(l, w)
	return l, nil
}

// errStalled is what became of a load that a broker did not go on with.
var errStalled = errors.New("it stalls: nothing was published, delivered or done while it was measured")

// perf makes a load. It need not clean up after itself where everything is removed
// anyway.
func (t *trial) perf(flags string, more ...string) (*load, error) {
	arguments := append(strings.Fields(flags), more...)
	if t.broker.started() && arguments[0] != "churn" && !slices.Contains(arguments, keep) {
		arguments = append(arguments, keep)
	}
	return perf(t.ctx, t.plan.options.Harebell, t.at.url, arguments)
}

// keep has a load leave its queues behind.
const keep = "--keep"

// watch begins to watch the broker; if it cannot be seen the watch is nil.
func (t *trial) watch() *watch {
	if t.at.pid == 0 {
		return nil
	}
	dir := ""
	if t.at.home != nil {
		dir = filepath.Join(t.at.home.dir, "data")
	}
	return newWatch(thisSystem(), t.at.pid, dir)
}

// note notes rates and latencies.
func (t *trial) note(l *load) {
	for name, n := range map[string]int64{
		Published: l.Published, Confirmed: l.Confirmed, Delivered: l.Delivered, Cycles: l.Cycles,
	} {
		if n > 0 {
			t.metrics[name] = l.perSecond(n)
		}
	}
	latency := l.Latency
	for _, other := range []map[string]float64{l.Confirm, l.Cycle} {
		if len(latency) == 0 {
			latency = other
		}
	}
	for name, quantile := range map[string]string{P50: "p50", P95: "p95", P99: "p99"} {
		if v, ok := latency[quantile]; ok {
			t.metrics[name] = v
		}
	}
}

// noteUsage notes what the broker took of the machine.
func (t *trial) noteUsage(l *load, w *watch) {
	if w == nil {
		return
	}
	n := max(l.Published, l.Cycles)
	if n == 0 {
		n = l.Delivered
	}
	a, b := w.between(l.from(), l.to())
	if n > 0 {
		t.metrics[CPU] = microseconds(b.cpu-a.cpu) / float64(n)
	}
	if b.cpu > a.cpu {
		t.metrics[Kernel] = float64(b.kernel-a.kernel) / float64(b.cpu-a.cpu)
	}
	if l.Published > 0 {
		t.metrics[Written] = float64(b.written-a.written) / float64(l.Published)
	}
	from, to := w.span()
	t.metrics[Anon] = max(t.metrics[Anon], float64(w.anonPeak(from, to)))
	t.metrics[RSS] = max(t.metrics[RSS], float64(w.system.peak(w.pids)))
}

// round rounds all that was noted.
func (t *trial) round() {
	for name, v := range t.metrics {
		t.metrics[name] = rounded(v)
	}
	for _, values := range t.series {
		for i, v := range values {
			values[i] = rounded(v)
		}
	}
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// wait lets time pass in which nothing is to happen.
func (t *trial) wait(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-t.ctx.Done():
		return context.Cause(t.ctx)
	}
}
