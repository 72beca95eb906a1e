package perf

import (
	"sync"
	"time"
)

// A window holds back a publisher that has as many messages unconfirmed as it
// may have, and measures how long each took. Messages are numbered from 1, as
// their delivery tags are.
//
// The oldest unconfirmed message holds up the window even if later ones are
// confirmed: then it is fewer than the limit that are unconfirmed.
type window struct {
	mu     sync.Mutex
	room   sync.Cond
	sent   []sent // a ring: the message with tag t is at t modulo its length
	next   uint64 // tag of the next message
	low    uint64 // tag of the oldest unconfirmed message
	closed bool
}

// sent is a message in the window.
type sent struct {
	at        time.Duration // since the run began
	confirmed bool
}

func newWindow(limit int) *window {
	w := &window{sent: make([]sent, limit), next: 1, low: 1}
	w.room.L = &w.mu
	return w
}

// take waits until there is room, and takes it for at most most messages. It
// returns 0 when the window is closed.
func (w *window) take(most int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.unconfirmed() == len(w.sent) && !w.closed {
		w.room.Wait()
	}
	if w.closed {
		return 0
	}
	return min(most, len(w.sent)-w.unconfirmed())
}

// add notes that n messages are sent now. There must be room for them.
func (w *window) add(n int, now time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range n {
		*w.slot(w.next) = sent{at: now}
		w.next++
	}
}

// confirm notes that the message with this tag, or all up to it, are confirmed,
// and returns how many were not before. latencies, if not nil, counts how long
// they took.
func (w *window) confirm(tag uint64, multiple bool, now time.Duration, latencies *Histogram) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if tag >= w.next {
		return 0 // a tag the broker has made up
	}
	first := tag
	if multiple {
		first = w.low
	}
	for t := max(first, w.low); t <= tag; t++ {
		s := w.slot(t)
		if s.confirmed {
			continue
		}
		s.confirmed = true
		n++
		if latencies != nil {
			latencies.Record(now-s.at, 1)
		}
	}
	for w.low < w.next && w.slot(w.low).confirmed {
		w.low++
	}
	w.room.Broadcast()
	return n
}

// drain waits until all messages are confirmed or the window is closed.
func (w *window) drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.unconfirmed() > 0 && !w.closed {
		w.room.Wait()
	}
}

// close lets everybody who waits go on.
func (w *window) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.room.Broadcast()
}

func (w *window) unconfirmed() int { return int(w.next - w.low) }

func (w *window) slot(tag uint64) *sent { return &w.sent[tag%uint64(len(w.sent))] }
