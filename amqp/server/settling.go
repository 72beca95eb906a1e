package server

import "github.com/harebellmq/harebell/queue"

// settling gathers what becomes of deliveries, so that a queue is locked once
// for many. Of one queue and outcome the order is kept. It belongs to the read
// loop. Gathering calls no queue, and so may be done with a channel's lock held;
// flush may not.
type settling struct {
	runs  []run // in use: the first used
	used  int
	woken []*consumer
	whole bool // a queue gets back all at once, whoever had it
}

// A run is deliveries of one queue with the same outcome, in the order in which
// the client settled them.
type run struct {
	how      outcome
	queue    queue.Queue
	consumer *consumer // of the first delivery
	entries  []queue.Entry
}

// An outcome is what a client does with a delivery.
type outcome uint8

const (
	ack     outcome = iota
	requeue         // by basic.nack, or basic.recover
	fail            // by basic.reject with requeue
	abandon         // by the end of its channel
	reject
)

// back reports whether the delivery goes back to its queue.
func (o outcome) back() bool { return o == requeue || o == fail || o == abandon }

// add notes the outcome of a delivery, no longer in the channel's unacked.
func (s *settling) add(how outcome, d delivery) {
	r := s.run(how, &d)
	r.entries = append(r.entries, d.entry)
}

// run returns the run that goes on with an outcome for a delivery: one of the
// last few, as clients consume from several queues in turn, or a new one.
func (s *settling) run(how outcome, d *delivery) *run {
	for i := s.used - 1; i >= max(s.used-runsKept, 0); i-- {
		if r := &s.runs[i]; r.how == how && r.queue == d.queue && (!how.back() || s.together(r, d)) {
			return r
		}
	}
	if s.used == len(s.runs) {
		s.runs = append(s.runs, run{})
	}
	r := &s.runs[s.used]
	r.how, r.queue, r.consumer = how, d.queue, d.consumer
	s.used++
	return r
}

// together reports whether a delivery goes back to its queue together with those
// of a run.
//
// rabbitmq: a queue gets back at once what one consumer had, and each message
// that came by basic.get alone; it drops what is too much in between.
func (s *settling) together(r *run, d *delivery) bool {
	return s.whole || d.consumer != nil && d.consumer == r.consumer
}

// long reports whether enough has been gathered to be worth the queues' while,
// whatever else there is to read: more at once makes nothing quicker, and needs
// memory of which little is used again.
func (s *settling) long() bool {
	return s.used > 0 && len(s.runs[s.used-1].entries) >= entriesMost
}

// wake notes a consumer that has room again.
func (s *settling) wake(c *consumer) { s.woken = append(s.woken, c) }

const (
	// runsKept is how many runs keep their memory from one flush to the next.
	runsKept = 8

	// entriesKept is for how many entries.
	entriesKept = 4096

	// entriesMost is how many acks are gathered.
	entriesMost = 1024
)

// flush tells the queues.
func (s *settling) flush() {
	for i := range s.runs[:s.used] {
		r := &s.runs[i]
		switch r.how {
		case ack:
			r.queue.Ack(r.entries)
		case requeue:
			r.queue.Requeue(r.entries, queue.Nacked)
		case fail:
			r.queue.Requeue(r.entries, queue.Failed)
		case abandon:
			r.queue.Requeue(r.entries, queue.Abandoned)
		case reject:
			r.queue.Reject(r.entries)
		}
		clear(r.entries)
		r.queue, r.consumer, r.entries = nil, nil, r.entries[:0]
		if cap(r.entries) > entriesKept {
			r.entries = nil
		}
	}
	s.used = 0
	if len(s.runs) > runsKept {
		s.runs = s.runs[:runsKept:runsKept]
	}
	for _, c := range s.woken {
		c.queue.Wake(c)
	}
	clear(s.woken)
	s.woken = s.woken[:0]
}
