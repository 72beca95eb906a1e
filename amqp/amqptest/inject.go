package amqptest

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/internal/event"
)

// Inject has a fault happen to all messages of all virtual hosts that the
// matchers pick. For a fault of publishes these are asked about an event of kind
// Published, whose Queues are where the message would go; for one of deliveries,
// about one of kind Delivered. If several faults could happen to a message, the
// one injected first does.
//
//	b.Inject(amqptest.NackPublish().Times(2), amqptest.OnExchange("orders"))
func (b *Broker) Inject(f Fault, at ...Matcher) *Injected {
	if b.tb != nil {
		b.tb.Helper()
	}
	if err := f.Check(); err != nil {
		b.fail("inject: %v", err)
	}
	return b.faults.add(f, at)
}

// Inject is the broker's Inject, for messages of the virtual host.
func (v *VirtualHost) Inject(f Fault, at ...Matcher) *Injected {
	if v.broker.tb != nil {
		v.broker.tb.Helper()
	}
	return v.broker.Inject(f, append([]Matcher{OnVHost(v.name)}, at...)...)
}

// An Injected fault is one that may happen: until it has happened as often as it
// was to, or is removed.
type Injected struct {
	Fault
	at     []Matcher
	faults *faults

	hits    atomic.Int64
	over    chan struct{} // closed when it is removed
	removed sync.Once
}

// Hits returns how often the fault has happened.
func (i *Injected) Hits() int { return int(i.hits.Load()) }

// spent reports whether the fault has happened as often as it was to.
func (i *Injected) spent() bool { return i.times > 0 && i.Hits() >= i.times }

// Remove ends the fault: what it has blocked goes on. Removing it again does
// nothing.
func (i *Injected) Remove() {
	i.faults.remove(i)
	i.removed.Do(func() { close(i.over) })
}

// String returns what goes wrong, and where.
func (i *Injected) String() string { return i.name + " at " + describe(i.at) }

// faults are those that are injected. It implements server.Faults.
type faults struct {
	clock clock.Clock
	some  atomic.Bool // there are any

	mu    sync.Mutex // guards what follows
	list  []*Injected
	delay map[waiting]time.Time // when deliveries are due that were delayed
}

// A waiting message is delayed in a queue.
type waiting struct {
	message *amqp.Message
	vhost   string
	queue   string
}

var _ server.Faults = (*faults)(nil)

func newFaults(c clock.Clock) *faults {
	return &faults{clock: c, delay: make(map[waiting]time.Time)}
}

func (f *faults) add(fault Fault, at []Matcher) *Injected {
	i := &Injected{Fault: fault, at: at, faults: f, over: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, i)
	f.some.Store(true)
	return i
}

func (f *faults) remove(i *Injected) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.DeleteFunc(f.list, func(other *Injected) bool { return other == i })
	f.some.Store(len(f.list) > 0 || len(f.delay) > 0)
}

func (f *faults) removeAll() {
	f.mu.Lock()
	list := slices.Clone(f.list)
	f.mu.Unlock()
	for _, i := range list {
		i.Remove()
	}
}

// hit returns the first fault that happens at an event, and counts it. The lock
// is held.
func (f *faults) hit(e *event.Event, at Kind) *Injected {
	told := public(e)
	for _, i := range f.list {
		if i.Fault.at == at && !i.spent() && matches(i.at, &told) {
			i.hits.Add(1)
			return i
		}
	}
	return nil
}

// Publish implements server.Faults.
func (f *faults) Publish(e event.Event) (p server.PublishFault) {
	if !f.some.Load() {
		return p
	}
	f.mu.Lock()
	i := f.hit(&e, Published)
	f.mu.Unlock()
	if i == nil {
		return p
	}
	switch i.name {
	case nackPublish:
		p.Refuse = true
	case closeChannel:
		p.Channel = i.closing()
	case closeConnection:
		p.Connection = i.closing()
	case cutBeforeConfirm:
		p.Cut = server.CutBeforeConfirm
	case cutAfterConfirm:
		p.Cut = server.CutAfterConfirm
	case delayPublish:
		p.Later = f.after(i.delay)
	case blockPublish:
		p.Blocked, p.Reason = i.over, i.reason
	}
	return p
}

// closing returns an error of its own for each close: the server notes there what
// it was about.
func (i *Injected) closing() *amqp.Error {
	e := *i.closes
	return &e
}

// Deliver implements server.Faults.
func (f *faults) Deliver(e event.Event) (d server.DeliverFault) {
	if !f.some.Load() {
		return d
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	w := waiting{e.Message, e.VHost, e.Queue}
	if due, is := f.delay[w]; is {
		if left := due.Sub(f.clock.Now()); left > 0 {
			d.Later = f.after(left)
			return d
		}
		delete(f.delay, w)
		return d
	}
	if e.NoAck && f.hit(&e, Acked) != nil {
		d.Twice = true
		return d
	}
	i := f.hit(&e, Delivered)
	if i == nil {
		return d
	}
	switch i.name {
	case delayDelivery:
		f.delay[w] = f.clock.Now().Add(i.delay)
		d.Later = f.after(i.delay)
	case cutOnDelivery:
		d.Cut = true
	}
	return d
}

// Ack implements server.Faults.
func (f *faults) Ack(e event.Event) (lost bool) {
	if !f.some.Load() || e.Redelivered {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hit(&e, Acked) != nil
}

// after has something done when the broker's clock has gone on by d.
func (f *faults) after(d time.Duration) func(func()) {
	return func(do func()) { f.clock.AfterFunc(d, do) }
}
