package queue

import (
	"slices"

	"github.com/harebellmq/harebell/amqp"
)

// A subscription is a consumer as its queue sees it.
type subscription struct {
	consumer  Consumer
	noAck     bool
	exclusive bool
	priority  int64
	arguments amqp.Table
	parked    bool // it had no room; it is in no group until Wake
	touched   bool // it took something since the last Flush
}

// consumers are a queue's consumers in the order in which they are served:
// higher priorities first, in rotation among equals.
type consumers struct {
	singleActive bool
	takeOver     bool            // who has a higher priority becomes the single active one
	active       *subscription   // of a queue where that is so; nil if there is none
	all          []*subscription // in order of arrival
	by           map[Consumer]*subscription
	groups       []group // highest priority first
}

// A group is the consumers of one priority that have room, in a circle.
type group struct {
	priority int64
	circle   []*subscription
	next     int // whose turn it is
}

func (cs *consumers) len() int { return len(cs.all) }

func (cs *consumers) find(c Consumer) *subscription {
	if len(cs.all) == 1 && cs.all[0].consumer == c { // so it is for most queues
		return cs.all[0]
	}
	return cs.by[c]
}

func (cs *consumers) add(s *subscription) {
	cs.all = append(cs.all, s)
	if cs.by == nil {
		cs.by = make(map[Consumer]*subscription)
	}
	cs.by[s.consumer] = s
	cs.queueUp(s)
}

// queueUp puts s into its group, behind all others.
func (cs *consumers) queueUp(s *subscription) {
	i, found := slices.BinarySearchFunc(cs.groups, s.priority, func(g group, p int64) int {
		switch {
		case g.priority > p:
			return -1
		case g.priority < p:
			return 1
		}
		return 0
	})
	if !found {
		cs.groups = slices.Insert(cs.groups, i, group{priority: s.priority})
	}
	g := &cs.groups[i]
	if g.next == 0 {
		g.circle = append(g.circle, s)
		return
	}
	g.circle = slices.Insert(g.circle, g.next, s)
	g.next++
}

func (cs *consumers) remove(s *subscription) {
	cs.all = slices.DeleteFunc(cs.all, func(o *subscription) bool { return o == s })
	if cs.active == s {
		cs.active = nil
	}
	delete(cs.by, s.consumer)
	cs.stepOut(s)
}

// stepOut takes s out of its group.
func (cs *consumers) stepOut(s *subscription) {
	for i := range cs.groups {
		g := &cs.groups[i]
		if g.priority != s.priority {
			continue
		}
		g.leave(s)
		if len(g.circle) == 0 {
			cs.groups = slices.Delete(cs.groups, i, i+1)
		}
		return
	}
}

func (g *group) leave(s *subscription) {
	at := g.next // it is mostly the one whose turn it is
	if g.circle[at] != s {
		if at = slices.Index(g.circle, s); at < 0 {
			return
		}
	}
	g.circle = slices.Delete(g.circle, at, at+1)
	if at < g.next {
		g.next--
	}
	if g.next == len(g.circle) {
		g.next = 0
	}
}

// park takes s out of the rotation until it is woken.
func (cs *consumers) park(s *subscription) {
	s.parked = true
	cs.stepOut(s)
}

// next returns the consumer to serve, and whether it is the only one that could
// be: then it may get many entries at once.
func (cs *consumers) next(unacked int) (s *subscription, alone bool) {
	if cs.singleActive {
		s = cs.single(unacked)
		if s == nil || s.parked {
			return nil, false
		}
		return s, true
	}
	if len(cs.groups) == 0 {
		return nil, false
	}
	g := &cs.groups[0]
	return g.circle[g.next], len(g.circle) == 1
}

// single returns the single active consumer, or nil if there is none at the moment.
//
// rabbitmq: of a quorum queue the one with the highest priority; if another was
// active it first has to settle what it has
func (cs *consumers) single(unacked int) *subscription {
	if len(cs.all) == 0 {
		return nil
	}
	if !cs.takeOver {
		return cs.all[0]
	}
	best := cs.all[0]
	for _, s := range cs.all {
		if s.priority > best.priority {
			best = s
		}
	}
	switch {
	case cs.active == nil:
		cs.active = best
	case best.priority > cs.active.priority && unacked > 0:
		return nil
	case best.priority > cs.active.priority:
		cs.active = best
	}
	return cs.active
}

// served says that the consumer which next returned, not alone, has had its turn.
func (cs *consumers) served() {
	g := &cs.groups[0]
	g.next = (g.next + 1) % len(g.circle)
}

// Consume implements Queue.
//
// spec: basic.consume; rabbitmq: a queue with a single active consumer takes no
// exclusive one.
func (q *FIFO) Consume(c Consumer, o ConsumeOptions) error {
	opened, err := q.subscribe(c, o)
	if opened != nil {
		<-opened
	}
	return err
}

// subscribe is Consume, but if the queue must be marked as open first it returns
// a channel that is closed when that is done. Waiting for it once, here, lets
// every message find its consumer at once: one that lives for no time, or that a
// queue of length 0 does not keep, would be gone before the disk has answered.
func (q *FIFO) subscribe(c Consumer, o ConsumeOptions) (opened <-chan struct{}, err error) {
	priority, err := q.consumerPriority(o.Arguments)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return nil, amqp.Errorf(amqp.NotFound, "no queue '%s' in vhost '%s'", q.decl.Name, q.decl.VHost)
	}
	if q.quorum && o.Global {
		return nil, amqp.Errorf(amqp.NotImplemented, "queue '%s' in vhost '%s' does not support global qos", q.decl.Name, q.decl.VHost)
	}
	o.Exclusive = o.Exclusive && !q.quorum // rabbitmq: means nothing there
	all := q.consumers.all
	if len(all) > 0 && (o.Exclusive || all[0].exclusive) || o.Exclusive && q.limits.singleActive {
		return nil, amqp.Errorf(amqp.AccessRefused, "queue '%s' in vhost '%s' in exclusive use", q.decl.Name, q.decl.VHost)
	}
	q.lease.hold()
	q.consumers.add(&subscription{consumer: c, noAck: o.NoAck, exclusive: o.Exclusive, priority: priority, arguments: o.Arguments})
	q.deliver()
	if !q.mark.open(q) && q.err == nil {
		opened = q.mark.wait()
	}
	return opened, nil
}

// consumerPriority reads a consumer's arguments: x-priority is the one there is.
func (q *FIFO) consumerPriority(t amqp.Table) (priority int64, err error) {
	a := arguments{d: Declaration{VHost: q.decl.VHost, Name: q.decl.Name, Arguments: t}}
	if v, ok := t["x-priority"]; ok {
		if priority, ok = amqp.Integer(v); !ok {
			a.invalid("x-priority", `"expected integer, got `+amqp.TypeName(v)+`"`)
		}
	}
	if _, ok := t["x-stream-offset"]; ok {
		a.fail("invalid arg 'x-stream-offset' for queue '%s' in vhost '%s' of queue type %s", q.decl.Name, q.decl.VHost, q.decl.Type().module())
	}
	return priority, a.err
}

// Cancel implements Queue.
func (q *FIFO) Cancel(c Consumer) {
	q.mu.Lock()
	defer q.unlock()
	s := q.consumers.find(c)
	if s == nil {
		return
	}
	q.consumers.remove(s)
	if q.consumers.len() > 0 {
		q.deliver() // rabbitmq: the next single active consumer takes over at once
		return
	}
	q.mark.close(q)
	q.lease.touch(q)
	if q.decl.AutoDelete {
		q.later = append(q.later, func() { q.host.Unused(q) })
	}
}

// Wake implements Queue.
func (q *FIFO) Wake(c Consumer) {
	q.mu.Lock()
	defer q.unlock()
	s := q.consumers.find(c)
	if s == nil || !s.parked {
		return
	}
	s.parked = false
	q.consumers.queueUp(s)
	q.deliver()
}
