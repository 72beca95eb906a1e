package bench

import (
	"errors"
	"fmt"
	"time"
)

const backlogSize = 1024 // octets of a body

// backlogs are messages that are all published before the first is consumed. In
// the middle of consuming them the broker is restarted.
func backlogs(full bool) []Shape {
	n, bound := 1_000_000, 5*time.Minute
	if full {
		n, bound = 10_000_000, 45*time.Minute
	}
	return []Shape{{
		Name:    fmt.Sprintf("backlog/%d", n),
		Title:   fmt.Sprintf("%s persistent messages of 1 KiB", thousands(n)),
		Command: fmt.Sprintf("--messages %d --size %d --persistent --confirm 1000 --consumers 0", n, backlogSize),
		Extra:   bound / 4,
		Bound:   bound,
		X:       float64(n),
		measure: (*trial).backlog,
	}}
}

// afterTime is how long a broker has to give back what it took of the disk.
const afterTime = 15 * time.Second

func (t *trial) backlog() error {
	w := t.watch()
	published, err := t.perf(t.shape.Command, keep)
	t.endPhase(w)
	if err != nil {
		return err
	}
	n := int(t.shape.X)
	t.metrics[Published] = published.perSecond(published.Published)
	t.series[PublishTenths] = tenthRates(published.Tenths, n)
	if w != nil {
		a, b := w.between(published.from(), published.to())
		t.metrics[PublishCPU] = microseconds(b.cpu-a.cpu) / float64(n)
		t.metrics[Written] = float64(b.written-a.written) / float64(n)
	}

	first, err := t.consume(n/2, keep)
	if err != nil {
		return err
	}
	if t.broker.started() {
		took, err := t.at.restart(t.ctx)
		if err != nil {
			return fmt.Errorf("restart: %w", err)
		}
		t.metrics[Restart] = took.Seconds()
	}
	second, err := t.consume(n - n/2)
	if err != nil {
		return err
	}
	seconds := first.load.Seconds + second.load.Seconds
	t.metrics[Consumed] = float64(n) / seconds
	if w != nil {
		t.metrics[ConsumeCPU] = microseconds(first.cpu+second.cpu) / float64(n)
	}
	t.series[ConsumedTenths] = append(fifthRates(first.load.Tenths, n/2), fifthRates(second.load.Tenths, n-n/2)...)
	if t.at.home == nil {
		return nil
	}
	if err := t.wait(afterTime); err != nil {
		return err
	}
	dir, err := t.at.home.data()
	t.metrics[DiskAfter] = float64(directorySize(dir))
	return err
}

// A consumption is of a part of a backlog.
type consumption struct {
	load *load
	cpu  time.Duration
}

func (t *trial) consume(n int, more ...string) (consumption, error) {
	w := t.watch()
	l, err := t.perf(fmt.Sprintf("--publishers 0 --persistent --prefetch 1000 --messages %d", n), more...)
	t.endPhase(w)
	if err != nil {
		return consumption{}, err
	}
	if len(l.Tenths) != 10 {
		return consumption{}, errors.New("not all messages were there")
	}
	c := consumption{load: l}
	if w != nil {
		a, b := w.between(l.from(), l.to())
		c.cpu = b.cpu - a.cpu
	}
	return c, nil
}

// endPhase ends watching one phase of several, and notes the most that the broker
// took in any.
func (t *trial) endPhase(w *watch) {
	w.stop()
	if w == nil {
		return
	}
	from, to := w.span()
	t.metrics[Anon] = max(t.metrics[Anon], float64(w.anonPeak(from, to)))
	t.metrics[RSS] = max(t.metrics[RSS], float64(w.system.peak(w.pids)))
	t.metrics[DiskPeak] = max(t.metrics[DiskPeak], float64(w.diskPeak))
}

// tenthRates returns the rate in each tenth of n messages, of which moments says
// when it was done.
func tenthRates(moments []float64, n int) []float64 { return partRates(moments, 1, float64(n)/10) }

// fifthRates returns the rate in each fifth.
func fifthRates(moments []float64, n int) []float64 { return partRates(moments, 2, float64(n)/5) }

// partRates returns rates over every so many of the moments, between which n
// messages lie.
func partRates(moments []float64, every int, n float64) (rates []float64) {
	before := 0.0
	for i := every - 1; i < len(moments); i += every {
		rates = append(rates, n/max(moments[i]-before, 1e-6))
		before = moments[i]
	}
	return rates
}

// thousands writes a number in groups of three digits.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
