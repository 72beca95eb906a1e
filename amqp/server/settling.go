package server

import "github.com/harebellmq/harebell/queue"

// settling gathers what becomes of deliveries, so that a queue is locked once
// for many. It belongs to the read loop. Gathering calls no queue, and so may be
// done with a channel's lock held; flush may not.
type settling struct {
	runs  []run // in use: the first used
	used  int
	woken []*consumer
}

// A run is deliveries of one queue with the same outcome, in the order in which
// the client settled them.
type run struct {
	how     outcome
	queue   queue.Queue
	entries []queue.Entry
}

// An outcome is what a client does with a delivery.
type outcome uint8

const (
	ack outcome = iota
	requeue
	reject
)

// add notes the outcome of a delivery, no longer in the channel's unacked.
func (s *settling) add(how outcome, d delivery) {
	if s.used == 0 || s.runs[s.used-1].queue != d.queue || s.runs[s.used-1].how != how {
		if s.used == len(s.runs) {
			s.runs = append(s.runs, run{})
		}
		s.runs[s.used].how, s.runs[s.used].queue = how, d.queue
		s.used++
	}
	r := &s.runs[s.used-1]
	r.entries = append(r.entries, d.entry)
}

// wake notes consumers that have room again.
func (s *settling) wake(cs []*consumer) { s.woken = append(s.woken, cs...) }

// runsKept is how many runs keep their memory from one flush to the next.
const runsKept = 8

// flush tells the queues.
func (s *settling) flush() {
	for i := range s.runs[:s.used] {
		r := &s.runs[i]
		switch r.how {
		case ack:
			r.queue.Ack(r.entries)
		case requeue:
			r.queue.Requeue(r.entries)
		case reject:
			r.queue.Reject(r.entries)
		}
		clear(r.entries)
		r.queue, r.entries = nil, r.entries[:0]
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
