// Package perf makes load for an AMQP broker, any broker, and measures what
// becomes of it: how many messages a second are published, confirmed and
// delivered, and how long they take.
//
// It has a client of its own that does only what a load needs, so that the
// broker, not the client, is what is measured: messages are put together from
// octets prepared beforehand and written 64 KiB at a time, frames are read in
// chunks, and each connection has one channel, one goroutine that reads and one
// that writes.
package perf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// quiet is how long nothing must arrive for the last messages of a limited
// number to be given up.
const quiet = 5 * time.Second

// A run is one load from its beginning to its end.
type run struct {
	options Options
	keys    []string // routing keys that publishers take in turn
	began   time.Time

	ctx  context.Context
	stop context.CancelCauseFunc

	counters  counters
	left      atomic.Int64 // messages still to publish or, without publishers, to consume, if limited
	measuring atomic.Bool  // latencies count

	publishing, consuming, reporting sync.WaitGroup

	tenths []time.Duration // owned by the goroutine that marks them

	mu        sync.Mutex
	notice    io.Writer // guarded by mu
	latencies Histogram // guarded by mu, as are confirms; of connections that are done
	confirms  Histogram
}

// counters only ever grow.
type counters struct {
	published, confirmed, refused, delivered atomic.Int64
}

// counts are the counters at one moment.
type counts struct {
	at                                       time.Duration
	published, confirmed, refused, delivered int64
}

// errFinished is why a run stops that has done what it was asked to.
var errFinished = errors.New("finished")

// Run makes the load and returns what was measured. It writes a line of progress
// each second. When ctx is done it stops early and returns what there is. An
// error is a mistake in the options, or what went wrong with the broker; then
// the summary is of the time before.
func Run(ctx context.Context, o Options, progress io.Writer) (Summary, error) {
	if err := o.Check(); err != nil {
		return Summary{}, err
	}
	target, err := parseURL(o.URL)
	if err != nil {
		return Summary{}, err
	}
	r := newRun(ctx, o, progress)
	defer r.stop(nil)

	control, err := dial(r.ctx, target)
	if err != nil {
		return Summary{}, err
	}
	defer control.close()
	if err := r.declare(control); err != nil {
		return Summary{}, err
	}
	summary, err := r.load(target)
	if !o.Keep {
		err = errors.Join(err, r.delete(control))
	}
	return summary, err
}

func newRun(ctx context.Context, o Options, progress io.Writer) *run {
	r := &run{options: o, keys: o.keys(), began: time.Now(), notice: progress}
	r.left.Store(int64(o.Messages))
	r.ctx, r.stop = context.WithCancelCause(ctx)
	return r
}

// load connects everybody, lets them work, and sees them off.
func (r *run) load(target target) (Summary, error) {
	publishers, err := r.connect(target)
	if err != nil {
		r.stop(err)
		r.consuming.Wait()
		return Summary{}, err
	}
	from := r.counts()
	r.measuring.Store(r.options.Warmup == 0)
	for _, p := range publishers {
		r.publishing.Go(p.work)
	}
	if r.options.Warmup > 0 && sleep(r.ctx, r.options.Warmup) {
		from = r.counts()
		r.measuring.Store(true)
	}
	r.reporting.Go(r.report)
	r.reporting.Go(func() { r.mark(from.at) })
	r.work()

	to := r.counts()
	r.measuring.Store(false)
	r.stop(errFinished)
	r.publishing.Wait()
	r.consuming.Wait()
	r.reporting.Wait()

	summary := r.summarize(from, to)
	if err := context.Cause(r.ctx); !errors.Is(err, errFinished) && !errors.Is(err, context.Canceled) {
		return summary, err
	}
	return summary, nil
}

// connect starts consumers, and gets publishers ready.
func (r *run) connect(target target) (publishers []*publisher, err error) {
	for i := range r.options.Consumers {
		c, err := newConsumer(r, target, i)
		if err != nil {
			return nil, fmt.Errorf("consumer %d: %w", i+1, err)
		}
		r.consuming.Go(c.work)
	}
	for i := range r.options.Publishers {
		p, err := newPublisher(r, target, i)
		if err != nil {
			for _, p := range publishers {
				p.session.close()
			}
			return nil, fmt.Errorf("publisher %d: %w", i+1, err)
		}
		publishers = append(publishers, p)
	}
	return publishers, nil
}

// work waits for the end of the measurement.
func (r *run) work() {
	ctx := r.ctx
	if r.options.Duration > 0 {
		limited, cancel := context.WithTimeout(ctx, r.options.Duration)
		defer cancel()
		ctx = limited
	}
	if r.options.Messages == 0 {
		<-ctx.Done()
		return
	}
	r.await(ctx)
}

// await waits until all messages of a limited number have been published, and
// consumed if somebody does.
func (r *run) await(ctx context.Context) {
	published := make(chan struct{})
	go func() {
		r.publishing.Wait()
		close(published)
	}()
	select {
	case <-published:
	case <-ctx.Done():
		return
	}
	if r.options.Consumers == 0 {
		return
	}
	last, since := int64(-1), time.Now()
	for sleep(ctx, time.Millisecond) {
		delivered := r.counters.delivered.Load()
		switch {
		case delivered >= r.expected():
			return
		case delivered != last:
			last, since = delivered, time.Now()
		case r.options.Publishers > 0 && time.Since(since) > quiet:
			r.say("gave up waiting: %d of %d messages were delivered", delivered, r.expected())
			return
		}
	}
}

// expected returns how many deliveries there will be of a limited number of
// messages.
func (r *run) expected() int64 {
	if r.options.Publishers == 0 {
		return int64(r.options.Messages)
	}
	return r.counters.published.Load() * int64(r.options.copies())
}

// accept reports whether one more message may be consumed, and how many may
// after it; without a limit that is as good as all.
func (r *run) accept() (left int64, ok bool) {
	if r.options.Messages == 0 || r.options.Publishers > 0 {
		return math.MaxInt64, true
	}
	left = r.left.Add(-1)
	return left, left >= 0
}

// claim returns how many of n messages may be published.
func (r *run) claim(n int) int {
	if r.options.Messages == 0 {
		return n
	}
	left := r.left.Add(-int64(n))
	return max(0, n+int(min(left, 0)))
}

// elapsed returns the time since the run began.
func (r *run) elapsed() time.Duration { return time.Since(r.began) }

func (r *run) counts() counts {
	return counts{
		at:        r.elapsed(),
		published: r.counters.published.Load(),
		confirmed: r.counters.confirmed.Load(),
		refused:   r.counters.refused.Load(),
		delivered: r.counters.delivered.Load(),
	}
}

// finish adds up what a connection has measured, and stops the run if it came to
// a bad end.
func (r *run) finish(total, measured *Histogram, err error) {
	r.mu.Lock()
	total.Add(measured)
	r.mu.Unlock()
	if err != nil {
		r.stop(err) // has no effect if it is stopping already
	}
}

// say writes a line for the person who waits.
func (r *run) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.notice, format+"\n", args...)
}

// declare makes what messages go through.
func (r *run) declare(s *session) error {
	o := r.options
	if o.Exchange != "" {
		if _, err := s.call(&amqp.ExchangeDeclare{Exchange: o.Exchange, Type: o.exchangeType(), Durable: o.Persistent}); err != nil {
			return err
		}
	}
	for _, queue := range o.queues() {
		if _, err := s.call(&amqp.QueueDeclare{Queue: queue, Durable: o.Persistent, AutoDelete: !o.Persistent}); err != nil {
			return err
		}
		if o.Exchange == "" {
			continue
		}
		if _, err := s.call(&amqp.QueueBind{Queue: queue, Exchange: o.Exchange, RoutingKey: o.bindingKey(queue)}); err != nil {
			return err
		}
	}
	return nil
}

// delete removes what declare made.
func (r *run) delete(s *session) error {
	for _, queue := range r.options.queues() {
		s.ask()
		if _, err := s.call(&amqp.QueueDelete{Queue: queue}); err != nil {
			return err
		}
	}
	if r.options.Exchange == "" {
		return nil
	}
	s.ask()
	_, err := s.call(&amqp.ExchangeDelete{Exchange: r.options.Exchange})
	return err
}
