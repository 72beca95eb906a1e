package perf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// Many says how many of something to make, and the load to make while they are
// there.
type Many struct {
	URL string // of the broker: amqp://user:password@host:port/vhost

	Of          string // "connections", "queues" or "bindings"
	Number      int
	Durable     bool   // the queues, and with them the bindings and messages
	Connections int    // that make them side by side
	Queue       string // what the names of queues, and of the exchange, begin with

	Rest     time.Duration // between making them and the load
	Size     int           // octets of a body
	Confirm  int           // messages a publisher may have unconfirmed; 0 for no confirms
	Messages int           // of the load; 0 for no limit
	Duration time.Duration // of the load; 0 for no limit, or for no load without Messages
	Warmup   time.Duration // before the load is measured

	Keep bool // leave queues and exchange at the end
}

// kinds are what there can be many of.
var kinds = map[string]kind{
	"connections": {(*maker).connection, (*Many).besideConnections, maxConnections},
	"queues":      {(*maker).queue, (*Many).toQueues, maxQueues},
	"bindings":    {(*maker).binding, (*Many).throughBindings, 1_000_000},
}

// A kind of thing is made one by one, and then there is a load.
type kind struct {
	make func(m *maker, i int) error
	load func(*Many) Options
	most int
}

// Check returns an error that says what is wrong, by the flags.
func (m Many) Check() error {
	if _, err := parseURL(m.URL); err != nil {
		return err
	}
	k, ok := kinds[m.Of]
	switch {
	case !ok:
		return fmt.Errorf("--of %s: want connections, queues or bindings", m.Of)
	case m.Rest < 0:
		return fmt.Errorf("--rest %v: want a duration such as 5s", m.Rest)
	case len(m.Queue) > maxName:
		return fmt.Errorf("--queue: want at most %d octets", maxName)
	}
	if err := checkNumbers([]number{
		{"number", m.Number, 1, k.most},
		{"connections", m.Connections, 1, maxConnections},
		{"size", m.Size, 0, maxSize},
		{"confirm", m.Confirm, 0, maxConfirm},
		{"messages", m.Messages, 0, 1 << 60},
	}); err != nil {
		return err
	}
	return checkTimes(m.Duration, m.Warmup)
}

// The load beside connections goes through a queue of its own: they are idle.
func (m *Many) besideConnections() Options {
	return Options{Consumers: 1, Queue: m.Queue + "-load", Queues: 1}
}

// The load to queues takes them in turn. Nobody consumes.
func (m *Many) toQueues() Options {
	return Options{Queue: m.Queue, Queues: m.Number}
}

// The load through bindings matches each of them in turn.
func (m *Many) throughBindings() Options {
	return Options{Consumers: 1, Queue: m.Queue, Queues: 1, Exchange: m.exchange(), Type: "topic"}
}

func (m *Many) exchange() string { return m.Queue + "-exchange" }

// words returns those of the i-th binding, whose key ends with one that matches
// anything.
func words(i int, last string) string {
	return fmt.Sprintf("perf.%d.%d.%s", i%1000, i/1000, last)
}

// load returns the options of the load, which is of one publisher.
func (m *Many) load() Options {
	o := kinds[m.Of].load(m)
	o.URL, o.Publishers, o.NoAck = m.URL, 1, true
	o.Size, o.Persistent, o.Confirm = m.Size, m.Durable, m.Confirm
	o.Messages, o.Duration, o.Warmup = m.Messages, m.Duration, m.Warmup
	return o
}

// A ManySummary is how long it took to make many, and what the load beside them
// was.
type ManySummary struct {
	From    time.Time // when their making began
	Elapsed time.Duration
	Made    int64

	Load Summary // zero if there was none
}

// WriteText writes the summary for people.
func (s *ManySummary) WriteText(w io.Writer) error {
	if err := s.figures().writeText(w); err != nil || s.Load.Elapsed == 0 {
		return err
	}
	if _, err := io.WriteString(w, "and then "); err != nil {
		return err
	}
	return s.Load.WriteText(w)
}

// WriteJSON writes the summary for programs: one object on one line, as Summary
// does, with the load as an object within.
func (s *ManySummary) WriteJSON(w io.Writer) error {
	object := s.figures().object()
	if s.Load.Elapsed > 0 {
		object["load"] = s.Load.object()
	}
	return json.NewEncoder(w).Encode(object)
}

func (s *ManySummary) figures() figures {
	return figures{from: s.From, elapsed: s.Elapsed, counts: []namedCount{{"made", s.Made}}}
}

// RunMany makes many of something, rests, makes the load beside them, and
// removes them. It writes lines of progress. When ctx is done it stops early and
// returns what there is. An error is a mistake in the options, or what went
// wrong with the broker.
func RunMany(ctx context.Context, m Many, progress io.Writer) (ManySummary, error) {
	if err := m.Check(); err != nil {
		return ManySummary{}, err
	}
	target, err := parseURL(m.URL)
	if err != nil {
		return ManySummary{}, err
	}
	w := &workshop{many: m, load: m.load(), target: target, progress: progress}
	w.ctx, w.stop = context.WithCancelCause(ctx)
	defer w.stop(nil)

	s, err := w.run()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = nil // it was told to stop
	}
	return s, err
}

// A workshop is where many are made.
type workshop struct {
	many     Many
	load     Options
	target   target
	progress io.Writer

	ctx  context.Context
	stop context.CancelCauseFunc

	makers []*maker
	next   atomic.Int64 // to be made
	made   atomic.Int64
}

// A maker makes some of them, on a connection of its own.
type maker struct {
	workshop *workshop
	session  *session
	idle     []*session // made
}

func (w *workshop) run() (s ManySummary, err error) {
	defer func() { err = errors.Join(err, w.leave()) }()
	if err := w.open(); err != nil {
		return s, err
	}
	s.From = time.Now()
	err = w.make()
	s.Elapsed, s.Made = time.Since(s.From), w.made.Load()
	if err != nil {
		return s, err
	}
	w.say("made %s %s in %.1fs", thousands(s.Made), w.many.Of, s.Elapsed.Seconds())
	if w.many.Rest > 0 && !sleep(w.ctx, w.many.Rest) || w.many.Duration == 0 && w.many.Messages == 0 {
		return s, context.Cause(w.ctx)
	}
	s.Load, err = w.work()
	return s, err
}

// open connects the makers, and declares what they need.
func (w *workshop) open() error {
	for range w.many.Connections {
		s, err := dial(w.ctx, w.target)
		if err != nil {
			return err
		}
		w.makers = append(w.makers, &maker{workshop: w, session: s})
	}
	first := w.makers[0].session
	o := w.load
	if o.Exchange != "" {
		if _, err := first.call(&amqp.ExchangeDeclare{Exchange: o.Exchange, Type: o.Type, Durable: o.Persistent}); err != nil {
			return err
		}
	}
	if w.many.Of == "queues" {
		return nil
	}
	for _, queue := range o.queues() {
		if _, err := first.call(&amqp.QueueDeclare{Queue: queue, Durable: o.Persistent}); err != nil {
			return err
		}
	}
	if w.many.Of == "connections" {
		_, err := first.call(&amqp.QueueDeclare{Queue: w.many.Queue, Durable: w.many.Durable})
		return err
	}
	return nil
}

// make has the makers make all there are to be.
func (w *workshop) make() error {
	var working, reporting sync.WaitGroup
	watching, enough := context.WithCancel(w.ctx)
	reporting.Go(func() { watch(watching, w.say, []counter{{"made", &w.made}}) })
	for _, m := range w.makers {
		working.Go(func() {
			if err := m.work(); err != nil {
				w.stop(err)
			}
		})
	}
	working.Wait()
	enough()
	reporting.Wait()
	return context.Cause(w.ctx)
}

func (m *maker) work() error {
	w := m.workshop
	for w.ctx.Err() == nil {
		i := int(w.next.Add(1)) - 1
		if i >= w.many.Number {
			return nil
		}
		m.session.ask()
		if err := kinds[w.many.Of].make(m, i); err != nil {
			return fmt.Errorf("after %s %s: %w", thousands(w.made.Load()), w.many.Of, err)
		}
		w.made.Add(1)
	}
	return nil
}

// connection makes one with a channel and a consumer.
func (m *maker) connection(int) error {
	s, err := dial(m.workshop.ctx, m.workshop.target)
	if err != nil {
		return err
	}
	m.idle = append(m.idle, s)
	s.ask()
	_, err = s.call(&amqp.BasicConsume{Queue: m.workshop.many.Queue, NoAck: true})
	return err
}

func (m *maker) queue(i int) error {
	o := m.workshop.load
	_, err := m.session.call(&amqp.QueueDeclare{Queue: o.name(i), Durable: o.Persistent})
	return err
}

func (m *maker) binding(i int) error {
	o := m.workshop.load
	_, err := m.session.call(&amqp.QueueBind{Queue: o.name(0), Exchange: o.Exchange, RoutingKey: words(i, "#")})
	return err
}

// work makes the load, through what is there.
func (w *workshop) work() (Summary, error) {
	r := newRun(w.ctx, w.load, w.progress)
	defer r.stop(nil)
	if w.many.Of == "bindings" {
		r.keys = make([]string, w.many.Number)
		for i := range r.keys {
			r.keys[i] = words(i, "created")
		}
	}
	return r.load(w.target)
}

// leave removes what was made.
func (w *workshop) leave() (err error) {
	var leaving sync.WaitGroup
	for _, m := range w.makers {
		leaving.Go(func() {
			for _, s := range m.idle {
				s.close()
			}
		})
	}
	leaving.Wait()
	failed := context.Cause(w.ctx) != nil && !errors.Is(context.Cause(w.ctx), context.Canceled)
	if len(w.makers) > 0 && !w.many.Keep && !failed {
		err = w.delete(w.makers[0].session)
	}
	for _, m := range w.makers {
		m.session.close()
	}
	return err
}

func (w *workshop) delete(s *session) error {
	o := w.load
	queues := o.queues()
	if w.many.Of == "connections" {
		queues = append(queues, w.many.Queue)
	}
	for _, queue := range queues {
		s.ask()
		if _, err := s.call(&amqp.QueueDelete{Queue: queue}); err != nil {
			return err
		}
	}
	if o.Exchange == "" {
		return nil
	}
	s.ask()
	_, err := s.call(&amqp.ExchangeDelete{Exchange: o.Exchange})
	return err
}

func (w *workshop) say(format string, args ...any) {
	fmt.Fprintf(w.progress, format+"\n", args...)
}
