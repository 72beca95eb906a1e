package audit

import (
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
)

// waitingMost is how many octets of messages wait to be handed over at most. What
// happens when they are full is not told, but counted.
const waitingMost = 4 << 20

// Options are what a Trail is told.
type Options struct {
	Node  string // the broker's name among others
	Clock clock.Clock
	Log   zerolog.Logger

	// HandOver takes a message to whoever is bound. It is called for one after the
	// other, by a goroutine that holds no lock, and may wait.
	HandOver func(amqp.Message)
}

// A Trail makes messages of what happens, while somebody is bound to get them.
// Nobody ever waits for it: a goroutine, which there is only while there is something
// to do, hands them over.
type Trail struct {
	Options // immutable

	bound atomic.Bool

	mu      sync.Mutex // guards what follows; nothing is called with it held
	waiting []amqp.Message
	octets  int           // of those
	missed  int           // happenings that nobody will hear of
	done    chan struct{} // closed when the goroutine has nothing left to do; nil if there is none
}

// NewTrail returns a trail to which nobody is bound.
func NewTrail(o Options) *Trail { return &Trail{Options: o} }

// Bound says whether anybody is bound. If not, nothing is done for a happening.
func (t *Trail) Bound(is bool) { t.bound.Store(is) }

// IsBound reports whether anybody is. Who would have to remember much in order to tell
// it may ask first.
func (t *Trail) IsBound() bool { return t.bound.Load() }

// Tell is a Tell.
func (t *Trail) Tell(h Happening) {
	if !t.bound.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	m := message(h, t.Node, t.Clock.Now()) // here, so that times are in order
	if t.octets += len(m.Properties); t.octets > waitingMost {
		t.octets -= len(m.Properties)
		t.missed++
		return
	}
	t.waiting = append(t.waiting, m)
	if t.done == nil {
		t.done = make(chan struct{})
		go t.handOver()
	}
}

// handOver hands over what waits, until nothing does.
func (t *Trail) handOver() {
	for {
		messages, missed := t.take()
		if missed > 0 {
			t.Log.Warn().Int("events", missed).Msg("events not told: more has happened than could be handed over")
		}
		if len(messages) == 0 {
			return
		}
		for _, m := range messages {
			t.HandOver(m)
		}
	}
}

// take returns what waits, and how much has been missed before. If nothing waits the
// goroutine is to end.
func (t *Trail) take() (messages []amqp.Message, missed int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	messages, missed = t.waiting, t.missed
	t.waiting, t.octets, t.missed = nil, 0, 0
	if len(messages) == 0 {
		close(t.done)
		t.done = nil
	}
	return messages, missed
}

// Busy reports whether anything waits to be handed over, or is just being.
func (t *Trail) Busy() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.done != nil
}

// Drain waits until everything that was told of has been handed over.
func (t *Trail) Drain() {
	t.mu.Lock()
	done := t.done
	t.mu.Unlock()
	if done != nil {
		<-done
	}
}
