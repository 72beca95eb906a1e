package perf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// Churn says what is opened and closed, or created and deleted, over and over.
type Churn struct {
	URL string // of the broker: amqp://user:password@host:port/vhost

	Of          string // "connection", with a channel, "channel", "consumer", "queue" or "binding"
	Durable     bool   // the queues, and with them the bindings
	Connections int    // that do it side by side, each with one channel
	Queue       string // what the names of queues begin with

	Cycles   int           // after which to end; 0 for no limit
	Duration time.Duration // of the measurement; 0 for no limit
	Warmup   time.Duration // before the measurement
}

// cycles are what there can be churn of. Each returns what one turn does, and
// prepares it.
var cycles = map[string]func(*churner) (func() error, error){
	"connection": (*churner).connection,
	"channel":    (*churner).channel,
	"consumer":   (*churner).consumer,
	"queue":      (*churner).queue,
	"binding":    (*churner).binding,
}

// Check returns an error that says what is wrong, by the flags.
func (c Churn) Check() error {
	if _, err := parseURL(c.URL); err != nil {
		return err
	}
	if cycles[c.Of] == nil {
		return fmt.Errorf("--of %s: want connection, channel, consumer, queue or binding", c.Of)
	}
	if c.Durable && !slices.Contains([]string{"queue", "binding"}, c.Of) {
		return fmt.Errorf("--durable: want --of queue or --of binding, as a %s never is", c.Of)
	}
	if len(c.Queue) > maxName {
		return fmt.Errorf("--queue: want at most %d octets", maxName)
	}
	if err := checkNumbers([]number{
		{"connections", c.Connections, 1, maxConnections},
		{"cycles", c.Cycles, 0, 1 << 60},
	}); err != nil {
		return err
	}
	return checkTimes(c.Duration, c.Warmup)
}

// A ChurnSummary is what churn has measured, without the warm-up.
type ChurnSummary struct {
	From    time.Time // when the measurement began
	Elapsed time.Duration
	Cycles  int64     // of opening and closing, or of creating and deleting
	Cycle   Histogram // how long one took
}

// WriteText writes the summary for people.
func (s *ChurnSummary) WriteText(w io.Writer) error { return s.figures().writeText(w) }

// WriteJSON writes the summary for programs, as Summary does.
func (s *ChurnSummary) WriteJSON(w io.Writer) error {
	return json.NewEncoder(w).Encode(s.figures().object())
}

func (s *ChurnSummary) figures() figures {
	return figures{
		from:       s.From,
		elapsed:    s.Elapsed,
		counts:     []namedCount{{"cycles", s.Cycles}},
		histograms: []namedHistogram{{"cycle", &s.Cycle}},
	}
}

// RunChurn opens and closes until there were enough cycles, the duration is over
// or ctx is done. It writes a line of progress each second. An error is a mistake in the options, or what
// went wrong with the broker.
func RunChurn(ctx context.Context, c Churn, progress io.Writer) (ChurnSummary, error) {
	if err := c.Check(); err != nil {
		return ChurnSummary{}, err
	}
	target, err := parseURL(c.URL)
	if err != nil {
		return ChurnSummary{}, err
	}
	t := &turns{churn: c, target: target}
	t.ctx, t.stop = context.WithCancelCause(ctx)
	defer t.stop(nil)

	churners, err := t.prepare()
	if err != nil {
		return ChurnSummary{}, errors.Join(err, t.leave(churners))
	}
	s := t.measure(churners, progress)
	err = context.Cause(t.ctx)
	if errors.Is(err, errFinished) || errors.Is(err, context.Canceled) {
		err = nil
	}
	return s, errors.Join(err, t.leave(churners))
}

// turns are all cycles of one run.
type turns struct {
	churn  Churn
	target target

	ctx  context.Context
	stop context.CancelCauseFunc

	working   sync.WaitGroup
	begun     atomic.Int64 // cycles
	cycles    atomic.Int64 // ended, the warm-up's too
	measuring atomic.Bool  // they count
}

// prepare connects everybody and declares what their cycles need.
func (t *turns) prepare() (churners []*churner, err error) {
	for i := range t.churn.Connections {
		s, err := dial(t.ctx, t.target)
		if err != nil {
			return churners, fmt.Errorf("connection %d: %w", i+1, err)
		}
		c := &churner{turns: t, session: s, name: fmt.Sprintf("%s-%d", t.churn.Queue, i+1)}
		churners = append(churners, c)
		if c.cycle, err = cycles[t.churn.Of](c); err != nil {
			return churners, err
		}
	}
	return churners, nil
}

func (t *turns) measure(churners []*churner, progress io.Writer) ChurnSummary {
	t.measuring.Store(t.churn.Warmup == 0)
	began := time.Now()
	for _, c := range churners {
		t.working.Go(c.work)
	}
	if t.churn.Warmup > 0 && sleep(t.ctx, t.churn.Warmup) {
		began = time.Now()
		t.measuring.Store(true)
	}
	var reporting sync.WaitGroup
	reporting.Go(func() {
		say := func(format string, args ...any) { fmt.Fprintf(progress, format+"\n", args...) }
		watch(t.ctx, say, []counter{{"cycles", &t.cycles}})
	})
	t.await()
	t.measuring.Store(false)
	s := ChurnSummary{From: began, Elapsed: time.Since(began)}
	t.stop(errFinished)
	t.working.Wait()
	reporting.Wait()
	for _, c := range churners {
		s.Cycle.Add(&c.took)
	}
	s.Cycles = int64(s.Cycle.Count())
	return s
}

// await waits for the end of the measurement.
func (t *turns) await() {
	ctx, enough := context.WithCancel(t.ctx)
	defer enough()
	if t.churn.Cycles > 0 {
		go func() {
			t.working.Wait()
			enough()
		}()
	}
	if t.churn.Duration > 0 {
		sleep(ctx, t.churn.Duration)
	} else {
		<-ctx.Done()
	}
}

// leave deletes what was declared and closes all connections.
func (t *turns) leave(churners []*churner) (err error) {
	for _, c := range churners {
		if c.declared && !c.failed {
			c.session.ask()
			_, failed := c.session.call(&amqp.QueueDelete{Queue: c.name})
			err = errors.Join(err, failed)
		}
		c.session.close()
	}
	return err
}

// A churner goes through cycles on a connection of its own.
type churner struct {
	turns    *turns
	session  *session
	name     string // of its queue, or what the names of its queues begin with
	declared bool   // there is a queue of that name
	failed   bool   // the session is of no use any more
	cycle    func() error
	took     Histogram
	n        int // of cycles begun
}

// work goes through cycles until the run stops. The cycle it is in then is ended,
// but does not count.
func (c *churner) work() {
	limit := int64(c.turns.churn.Cycles)
	for c.turns.ctx.Err() == nil {
		if c.turns.begun.Add(1) > limit && limit > 0 {
			return
		}
		began := time.Now()
		c.session.ask()
		c.n++
		if err := c.cycle(); err != nil {
			c.failed = true
			c.turns.stop(err) // has no effect if it is stopping already
			return
		}
		c.turns.cycles.Add(1)
		if c.turns.measuring.Load() {
			c.took.Record(time.Since(began), 1)
		}
	}
}

// do calls the methods one after the other.
func (c *churner) do(methods ...amqp.Method) error {
	for _, m := range methods {
		if _, err := c.session.call(m); err != nil {
			return err
		}
	}
	return nil
}

// declare makes the one queue that cycles need.
func (c *churner) declare() error {
	err := c.do(&amqp.QueueDeclare{Queue: c.name, Durable: c.turns.churn.Durable})
	c.declared = err == nil
	return err
}

// connection opens others than the churner's own. A run that stops lets the one
// it is at come to its end.
func (c *churner) connection() (func() error, error) {
	return func() error {
		s, err := dial(context.WithoutCancel(c.turns.ctx), c.turns.target)
		if err != nil {
			return err
		}
		defer s.conn.Close()
		s.hurry()
		_, err = expect[*amqp.ConnectionCloseOk](s.callOn(0, goodbye()))
		return err
	}, nil
}

// channel opens a second one.
func (c *churner) channel() (func() error, error) {
	return func() error {
		_, err := expect[*amqp.ChannelOpenOk](c.session.callOn(channel+1, &amqp.ChannelOpen{}))
		if err == nil {
			_, err = expect[*amqp.ChannelCloseOk](c.session.callOn(channel+1, &amqp.ChannelClose{ReplyCode: amqp.ReplySuccess}))
		}
		return err
	}, nil
}

func (c *churner) consumer() (func() error, error) {
	return func() error {
		return c.do(&amqp.BasicConsume{Queue: c.name, ConsumerTag: "c"}, &amqp.BasicCancel{ConsumerTag: "c"})
	}, c.declare()
}

func (c *churner) queue() (func() error, error) {
	return func() error {
		name := fmt.Sprintf("%s-%d", c.name, c.n)
		return c.do(&amqp.QueueDeclare{Queue: name, Durable: c.turns.churn.Durable}, &amqp.QueueDelete{Queue: name})
	}, nil
}

// binding binds to an exchange that is there, and durable, anyway.
func (c *churner) binding() (func() error, error) {
	const exchange = "amq.direct"
	return func() error {
		key := fmt.Sprintf("%s-%d", c.name, c.n)
		return c.do(
			&amqp.QueueBind{Queue: c.name, Exchange: exchange, RoutingKey: key},
			&amqp.QueueUnbind{Queue: c.name, Exchange: exchange, RoutingKey: key})
	}, c.declare()
}
