package clock

import (
	"container/heap"
	"fmt"
	"sync"
	"time"
)

// A Manual clock stands still until it is told to go on. What becomes due is
// called by Advance itself, one call after the other: when Advance returns it
// has been done.
type Manual struct {
	mu      sync.Mutex // guards what follows
	idle    sync.Cond  // running has become false
	running bool       // somebody is calling what is due
	now     time.Time
	made    uint64
	timers  timers
}

var _ Clock = (*Manual)(nil)

// NewManual returns a clock that shows start.
func NewManual(start time.Time) *Manual {
	m := &Manual{now: start.Round(0)}
	m.idle.L = &m.mu
	return m
}

// Now implements Clock.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// AfterFunc implements Clock. f is called by the Advance that reaches its time,
// and must not call Advance or Set. If d is not positive f is due at once, and
// called in a goroutine of its own unless an Advance is under way.
func (m *Manual) AfterFunc(d time.Duration, f func()) Timer {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &manualTimer{clock: m, f: f, place: notWaiting}
	m.schedule(t, d)
	return t
}

// Advance moves the clock on by d, stopping at each moment at which something is
// due to have it done: in the order of time, then in the order in which it was
// asked for. What that in turn asks for is done too if it is due by the end.
// A negative d panics: time does not go back.
func (m *Manual) Advance(d time.Duration) {
	if d < 0 {
		panic(fmt.Sprintf("clock: advance by %v: want 0 or more", d))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.await()
	m.run(m.now.Add(d))
}

// Set moves the clock on to t like Advance, and reports false, doing nothing, if
// the clock shows a later time.
func (m *Manual) Set(t time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.await()
	if t.Before(m.now) {
		return false
	}
	m.run(t.Round(0))
	return true
}

// await waits until nobody else moves the clock. The lock is held.
func (m *Manual) await() {
	for m.running {
		m.idle.Wait()
	}
}

// run does what is due up to the moment until. The lock is held, but not while
// something is done.
func (m *Manual) run(until time.Time) {
	m.running = true
	defer func() {
		m.running = false
		m.idle.Broadcast()
	}()
	for len(m.timers) > 0 && !m.timers[0].at.After(until) {
		t := heap.Pop(&m.timers).(*manualTimer)
		if t.at.After(m.now) {
			m.now = t.at
		}
		m.call(t.f)
	}
	m.now = until
}

// call calls f without the lock.
func (m *Manual) call(f func()) {
	m.mu.Unlock()
	defer m.mu.Lock()
	f()
}

// schedule has t called d from now. The lock is held.
func (m *Manual) schedule(t *manualTimer, d time.Duration) {
	m.made++
	t.at, t.order = m.now.Add(d), m.made
	heap.Push(&m.timers, t)
	if d <= 0 && !m.running {
		go m.Advance(0)
	}
}

// notWaiting is the place of a timer that is not in the heap.
const notWaiting = -1

// A manualTimer is a Timer of a Manual clock, whose lock guards it.
type manualTimer struct {
	clock *Manual
	f     func()
	at    time.Time
	order uint64 // of asking
	place int    // in the heap
}

// Stop implements Timer.
func (t *manualTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	return t.stop()
}

func (t *manualTimer) stop() bool {
	if t.place == notWaiting {
		return false
	}
	heap.Remove(&t.clock.timers, t.place)
	return true
}

// Reset implements Timer.
func (t *manualTimer) Reset(d time.Duration) bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	waiting := t.stop()
	t.clock.schedule(t, d)
	return waiting
}

// timers is a heap, what is due first on top.
type timers []*manualTimer

func (ts timers) Len() int { return len(ts) }

func (ts timers) Less(i, j int) bool {
	if ts[i].at.Equal(ts[j].at) {
		return ts[i].order < ts[j].order
	}
	return ts[i].at.Before(ts[j].at)
}

func (ts timers) Swap(i, j int) {
	ts[i], ts[j] = ts[j], ts[i]
	ts[i].place, ts[j].place = i, j
}

func (ts *timers) Push(x any) {
	t := x.(*manualTimer)
	t.place = len(*ts)
	*ts = append(*ts, t)
}

func (ts *timers) Pop() any {
	last := len(*ts) - 1
	t := (*ts)[last]
	(*ts)[last] = nil
	*ts = (*ts)[:last]
	t.place = notWaiting
	return t
}
