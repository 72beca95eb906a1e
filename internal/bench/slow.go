package bench

import (
	"fmt"
	"time"
)

// slowConsumer is one that cannot keep up with a fast publisher, beside others
// that have nothing to do with it.
func slowConsumer(full bool) Shape {
	lasts := 20 * time.Second
	if full {
		lasts = 2 * time.Minute
	}
	return Shape{
		Name:    "slow/consumer",
		Title:   "10,000 messages/s of 1 KiB persistent to a consumer that takes 100/s",
		Command: "--queue slow --rate 10000 --size 1024 --persistent --confirm 1000 --consumer-rate 100 --prefetch 100",
		Extra:   lasts + 5*time.Second,
		Bound:   lasts + time.Minute,
		X:       lasts.Seconds(),
		measure: (*trial).slow,
	}
}

// steady is the load of the others.
const steady = "--queue steady --rate 1000 --size 64 --no-ack"

func (t *trial) slow() error {
	lasts := time.Duration(t.shape.X * float64(time.Second))
	w := t.watch()
	defer w.stop()
	alone, err := t.perf(steady, "--warmup", warmup.String(), "--duration", t.plan.options.Time.String())
	if err != nil {
		return err
	}
	if w != nil {
		from, _ := w.span()
		t.metrics[AnonBefore] = float64(w.anonPeak(from, time.Now()))
	}

	type outcome struct {
		load *load
		err  error
	}
	other := make(chan outcome, 1)
	go func() {
		l, err := t.perf(t.shape.Command, "--warmup", warmup.String(), "--duration", lasts.String())
		other <- outcome{l, err}
	}()
	beside, err := t.perf(steady, "--warmup", warmup.String(), "--duration", lasts.String())
	slow := <-other
	switch {
	case err != nil:
		return err
	case slow.err != nil:
		return fmt.Errorf("slow consumer: %w", slow.err)
	}

	t.note(slow.load)
	t.metrics[Backlog] = float64(slow.load.Published - slow.load.Delivered)
	t.metrics[AloneP50], t.metrics[AloneP99] = alone.Latency["p50"], alone.Latency["p99"]
	for name, quantile := range map[string]string{P50: "p50", P95: "p95", P99: "p99"} {
		t.metrics[name] = beside.Latency[quantile]
	}
	if w == nil {
		return nil
	}
	from, to := slow.load.from(), slow.load.to()
	quarter := from.Add(to.Sub(from) / 4)
	t.metrics[Anon] = float64(w.anonPeak(from, to))
	t.metrics[RSS] = float64(w.system.peak(w.pids))
	t.metrics[AnonGrowth] = float64(w.anonPeak(to.Add(-time.Second), to) - w.anonPeak(quarter, quarter.Add(time.Second)))
	return nil
}
