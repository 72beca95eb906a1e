package bench

import (
	"context"
	"os"
	"os/exec"
)

// A Program starts a broker that listens at an address and keeps its data in a
// directory.
type Program func(address, dataDir string) *exec.Cmd

// Once makes one load on a broker of its own, as Run does, and returns what was
// measured. command is what "harebell perf" is given; if it is empty nothing
// happens all the time. Of the options only Harebell, Time, Dir and Port count.
func Once(ctx context.Context, o Options, start Program, command string) (Metrics, error) {
	dir, err := os.MkdirTemp(o.Dir, "harebell-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	b := &Broker{Name: "once", program: func(h *home) (*launch, error) {
		data, err := h.data()
		return &launch{Cmd: start(h.address(), data)}, err
	}}
	s := &Shape{Command: command}
	if command == "" {
		s.measure = (*trial).rest
	}
	p := &plan{options: o, dir: dir, ports: &ports{next: o.Port}}
	t := &trial{plan: p, shape: s, broker: b, metrics: make(Metrics), series: make(map[string][]float64)}
	ctx, cancel := context.WithTimeout(ctx, s.bound(o.Time))
	defer cancel()
	err = t.run(ctx)
	return t.metrics, err
}

// rest looks at a broker that has nothing to do.
func (t *trial) rest() error {
	w := t.watch()
	err := t.wait(t.plan.options.Time)
	w.stop()
	from, to := w.span()
	t.metrics[Anon] = float64(w.anonPeak(from, to))
	return err
}
