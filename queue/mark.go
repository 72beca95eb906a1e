package queue

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/harebellmq/harebell/store"
)

// A mark remembers, across a crash, what a durable queue may have delivered, so
// that exactly that comes back as redelivered. Deliveries themselves write
// nothing: the queue is marked as open before its first delivery, and that is on
// disk before anything leaves; when its last consumer goes it is marked with the
// numbers up to which it has delivered. A queue found open may have delivered
// everything it holds.
type mark struct {
	state   markState
	turn    int      // counts openings
	upTo    []uint64 // by lane, the highest number that may have been delivered
	found   []uint64 // upTo at the last start
	noted   []uint64 // by lane, the highest number delivered, of a quorum queue
	crashed []uint64 // noted, if the queue was found open
	waiting chan struct{}
}

type markState uint8

const (
	closed markState = iota
	opening
	open
)

// storedMark is a mark as it is stored.
type storedMark struct {
	Open  bool     `json:"open,omitempty"`
	UpTo  []uint64 `json:"up_to,omitempty"`
	Noted []uint64 `json:"noted,omitempty"`
}

// recover takes over what was stored; nil means that nothing was ever delivered.
func (m *mark) recover(q *FIFO, doc []byte) (err error) {
	var d storedMark
	if doc != nil {
		if err = json.Unmarshal(doc, &d); err != nil {
			err = fmt.Errorf("read how far a queue has delivered: %w", err)
			d.Open = true // who knows
		}
	}
	m.found = make([]uint64, len(q.lanes))
	for i := range q.lanes {
		last := q.lanes[i].last
		switch {
		case d.Open:
			m.found[i] = last
		case i < len(d.UpTo):
			// Numbers above the last one are given again.
			m.found[i] = min(d.UpTo[i], last)
		}
	}
	m.upTo = slices.Clone(m.found)
	m.noted = d.Noted
	for i := range m.noted {
		if i < len(q.lanes) {
			m.noted[i] = min(m.noted[i], q.lanes[i].last)
		}
	}
	if d.Open {
		m.crashed = slices.Clone(m.noted)
	}
	if doc != nil && !slices.Equal(m.found, d.UpTo) {
		m.note(q) // what is published from now on has not been delivered yet
	}
	return err
}

// was reports whether a message found in the store may have been delivered.
func (m *mark) was(seq uint64) bool {
	lane := int(seq >> store.LaneShift)
	return lane < len(m.found) && seq&(1<<store.LaneShift-1) <= m.found[lane]
}

// open reports whether deliveries may begin. If not, they may soon: the queue
// delivers by itself then, unless it has an error.
func (m *mark) open(q *FIFO) bool {
	if m.state == open || !q.decl.Durable {
		return true
	}
	if m.state == closed && q.err == nil {
		m.state = opening
		m.turn++
		turn := m.turn
		doc := m.doc(q, true)
		q.later = append(q.later, func() {
			q.store.Append(store.Batch{Docs: []store.Doc{doc}, Done: func(err error) { q.opened(turn, err) }})
		})
	}
	return false
}

// opened is told that the mark of a turn is on disk.
func (q *FIFO) opened(turn int, err error) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted || q.mark.state != opening || q.mark.turn != turn {
		return
	}
	if err != nil {
		q.err = err
		q.mark.state = closed
	} else {
		q.mark.state = open
		q.deliver()
	}
	q.mark.wake()
}

// delivered notes the last of some messages handed out.
func (m *mark) delivered(q *FIFO, seq uint64) {
	m.upTo = raise(m.upTo, seq)
	if q.quorum {
		m.noted = raise(m.noted, seq)
		q.noteDeliveries()
	}
}

// raise returns the highest numbers by lane, with one more.
func raise(highest []uint64, seq uint64) []uint64 {
	lane := int(seq >> store.LaneShift)
	if lane >= len(highest) {
		highest = append(highest, make([]uint64, lane+1-len(highest))...)
	}
	highest[lane] = max(highest[lane], seq&(1<<store.LaneShift-1))
	return highest
}

// close marks the queue as delivering no more. Nobody waits for that to be on
// disk: until it is, too much comes back as redelivered.
func (m *mark) close(q *FIFO) {
	if m.state == closed || !q.decl.Durable {
		return
	}
	m.state = closed
	m.note(q)
	m.wake()
}

// note stores how far the queue has delivered.
func (m *mark) note(q *FIFO) {
	q.store.Append(store.Batch{Docs: []store.Doc{m.doc(q, false)}})
}

// doc returns the definition of the mark of a queue that is open, or is not.
func (m *mark) doc(q *FIFO, open bool) store.Doc {
	if open {
		return markDoc(q.id, &storedMark{Open: true, Noted: m.noted})
	}
	return markDoc(q.id, &storedMark{UpTo: m.upTo, Noted: m.noted})
}

// markDoc returns the definition of a queue's mark; nil is none.
func markDoc(id uint64, m *storedMark) store.Doc {
	doc := store.Doc{Kind: store.Deliveries, Key: strconv.FormatUint(id, 10)}
	if m != nil {
		doc.Value, _ = json.Marshal(m) // numbers and a bool cannot fail
	}
	return doc
}

// wait returns a channel that is closed when the queue is open, or will not be.
func (m *mark) wait() <-chan struct{} {
	if m.waiting == nil {
		m.waiting = make(chan struct{})
	}
	return m.waiting
}

func (m *mark) wake() {
	if m.waiting != nil {
		close(m.waiting)
		m.waiting = nil
	}
}
