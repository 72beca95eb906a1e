// Package bench measures Harebell beside its peers: the same load on each broker
// in turn, and again, so that what changes on the machine meanwhile changes for
// all of them.
//
//	results, err := bench.Run(ctx, bench.Options{Harebell: "bin/harebell", Pairs: 3, Time: 5 * time.Second}, show)
//
// Every run has a broker process of its own, on the loopback interface, with an
// empty data directory. The load comes from "harebell perf", as a process of its
// own. What the broker takes of the machine is read from /proc, which only Linux
// has.
//
// What came of it is plain data. Package report makes a page of it.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Options say what to measure.
type Options struct {
	Harebell string     // path of the harebell program
	Brokers  []string   // names of those to measure; all there are if empty
	External []External // others, which run already

	Shapes *regexp.Regexp // only loads whose names match; nil for all
	Pairs  int            // runs of each load on each broker
	Time   time.Duration  // of a measurement, in whole seconds
	Full   bool           // more points, larger backlogs

	Self string // path of the program that knows EchoCommand, or "" to measure no floor
	Dir  string // where data directories are made; "" for the system's temporary one
	Port int    // the first port to try

	// Save, if not nil, is called after each run with all results so far.
	Save func(*Results) error
}

// warmup is how long a load runs before it is measured.
const warmup = time.Second

// Check returns an error that says what is wrong with the options, by their
// flags.
func (o Options) Check() error {
	switch {
	case runtime.GOOS != "linux":
		return fmt.Errorf("what brokers take of the machine is read from /proc: want Linux, not %s", runtime.GOOS)
	case o.Pairs < 1 || o.Pairs > 1000:
		return fmt.Errorf("--pairs %d: want a number from 1 to 1000", o.Pairs)
	case o.Time < time.Second || o.Time > time.Hour || o.Time%time.Second != 0:
		return fmt.Errorf("--seconds %v: want a whole number from 1 to 3600", o.Time.Seconds())
	case o.Port < 1024 || o.Port > 60_000:
		return fmt.Errorf("--port %d: want a number from 1024 to 60000", o.Port)
	case len(o.shapes()) == 0:
		return fmt.Errorf("--shapes %s: matches none; --list shows their names", o.Shapes)
	}
	if info, err := os.Stat(o.Harebell); err != nil || info.IsDir() {
		return fmt.Errorf("--harebell %s: want the harebell program, which make build makes", o.Harebell)
	}
	names := BrokerNames()
	for _, e := range o.External {
		if slices.Contains(names, e.Name) {
			return fmt.Errorf("--broker %s: want a name that no other broker has", e.Name)
		}
		names = append(names, e.Name)
	}
	for _, name := range o.Brokers {
		if !slices.Contains(names, name) {
			return fmt.Errorf("--brokers %s: want some of %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// shapes returns the loads to make.
func (o Options) shapes() []Shape {
	return slices.DeleteFunc(Shapes(o.Full), func(s Shape) bool {
		return o.Shapes != nil && !o.Shapes.MatchString(s.Name)
	})
}

// asksFor reports whether a broker is to be measured, if it is there.
func (o Options) asksFor(name string) bool {
	return len(o.Brokers) == 0 || slices.Contains(o.Brokers, name)
}

// Run measures, and tells show of what is done and what is next. When ctx is done
// it stops and returns what there is, with the cause.
func Run(ctx context.Context, o Options, show Progress) (*Results, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if err := raiseFileLimit(); err != nil {
		return nil, fmt.Errorf("open many files: %w", err)
	}
	dir, err := os.MkdirTemp(o.Dir, "harebell-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	p := &plan{options: o, dir: dir, ports: &ports{next: o.Port}, show: show, took: make(map[turn]time.Duration)}
	p.results = &Results{Began: time.Now(), Machine: machine(dir), Pairs: o.Pairs, Seconds: int(o.Time.Seconds()), Full: o.Full}
	if err := p.find(ctx); err != nil {
		return nil, err
	}
	if o.Self != "" {
		if p.results.Floor, err = measureFloor(ctx, dir, o.Self); err != nil {
			return nil, fmt.Errorf("measure the machine: %w", err)
		}
	}
	err = p.run(ctx)
	p.results.Took = time.Since(p.results.Began).Seconds()
	return p.results, err
}

// A plan is all runs, one after the other.
type plan struct {
	options Options
	dir     string
	ports   *ports
	show    Progress
	brokers []*Broker // that are measured
	results *Results

	left []turn // that are not done
	took map[turn]time.Duration
}

// A turn is what one run measures. Its pair is 0 where it is a key.
type turn struct {
	shape, broker string
	pair          int
}

// find looks for the brokers, and starts each of them once: so all are known to
// work, and by which version, before anything is measured.
func (p *plan) find(ctx context.Context) error {
	for _, b := range brokers(ctx, p.options, filepath.Join(p.dir, "programs")) {
		if b.Absent == "" {
			if err := p.introduce(ctx, b); err != nil {
				return fmt.Errorf("%s: %w", b.Name, err)
			}
			p.brokers = append(p.brokers, b)
		}
		p.show.Found(b)
		p.results.Brokers = append(p.results.Brokers, *b)
	}
	if len(p.brokers) == 0 {
		return errors.New("none of the brokers is there")
	}
	return nil
}

func (p *plan) introduce(ctx context.Context, b *Broker) error {
	at, err := b.start(ctx, filepath.Join(p.dir, "data"), p.ports)
	if err != nil {
		return err
	}
	b.Version = at.version
	return at.remove()
}

// run goes through all turns: A B A B for each load.
func (p *plan) run(ctx context.Context) error {
	shapes := p.options.shapes()
	for _, s := range shapes {
		for pair := range p.options.Pairs {
			for _, b := range p.brokers {
				p.left = append(p.left, turn{s.Name, b.Name, pair + 1})
			}
		}
	}
	for _, s := range shapes {
		for pair := range p.options.Pairs {
			for _, b := range p.brokers {
				p.show.Next(p.left[0].shape, p.left[0].broker, pair+1, len(p.left), p.timeLeft())
				if err := p.turn(ctx, &s, b, pair+1); err != nil {
					return err
				}
				p.left = p.left[1:]
			}
		}
	}
	return nil
}

// turn measures once. That a broker fails under the load is a result; an error is
// only what ends all.
func (p *plan) turn(ctx context.Context, s *Shape, b *Broker, pair int) error {
	began := time.Now()
	run := Measurement{Shape: s.Name, Broker: b.Name, Pair: pair}
	bound := s.bound(p.options.Time)
	bounded, cancel := context.WithTimeout(ctx, bound)
	defer cancel()

	t := &trial{plan: p, shape: s, broker: b, metrics: make(Metrics), series: make(map[string][]float64)}
	err := t.run(bounded)
	t.round()
	run.Metrics, run.Series = t.metrics, t.series
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case bounded.Err() != nil:
		run.Late, run.Error = true, fmt.Sprintf("not done within %v", bound)
	case err != nil:
		run.Error = err.Error()
	}
	run.Seconds = time.Since(began).Seconds()
	p.took[turn{s.Name, b.Name, 0}] = time.Since(began)
	p.results.Runs = append(p.results.Runs, run)
	p.show.Done(run)
	if p.options.Save != nil {
		return p.options.Save(p.results)
	}
	return nil
}

// timeLeft guesses how long the turns that are left take: as long as those before
// of the same broker with the same load or, before there is one, as the load is
// said to take.
func (p *plan) timeLeft() (left time.Duration) {
	for _, next := range p.left {
		took, ok := p.took[turn{next.shape, next.broker, 0}]
		if !ok {
			took = p.expected(next.shape)
		}
		left += took
	}
	return left
}

// startTime is about how long brokers take to start and to end.
const startTime = 3 * time.Second

func (p *plan) expected(shape string) time.Duration {
	for _, s := range Shapes(p.options.Full) {
		if s.Name == shape {
			return startTime + warmup + p.options.Time + s.Extra
		}
	}
	return 0
}
