package clock

import (
	"container/heap"
	"fmt"
	"sync"
	"time"
)

// A Manual clock is moved on by Advance and Set. In between it stands still, or
// goes as the system's does: see NewManual and NewRunning. What becomes due is
// called one after the other, in the order of time: by Advance itself, so that it
// has been done when Advance returns, and what becomes due as time passes in a
// goroutine of the clock's.
type Manual struct {
	mu     sync.Mutex // guards what follows
	idle   sync.Cond  // moving has become false
	moving bool       // somebody is calling what is due
	frozen bool       // and has set the clock for that: it does not go by itself
	now    time.Time
	since  time.Time   // the system's time when it showed now; zero if it stands still
	bell   *time.Timer // rings when the first of timers is due; nil until there is one
	made   uint64
	timers timers
}

var _ Clock = (*Manual)(nil)

// NewManual returns a clock that shows start, and stands still.
func NewManual(start time.Time) *Manual {
	m := &Manual{now: start.Round(0)}
	m.idle.L = &m.mu
	return m
}

// NewRunning returns a clock that shows the system's time and goes on with it, from
// wherever it is moved to. In a testing/synctest bubble that is the bubble's time.
// It does not notice when the system's time of day is corrected.
func NewRunning() *Manual {
	since := time.Now()
	m := NewManual(since)
	m.since = since
	return m
}

// Now implements Clock.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tick()
	return m.now
}

// AfterFunc implements Clock. f is called by the Advance that reaches its time, or
// when its time has come, and must not call Advance or Set. If d is not positive f
// is due at once, and called in a goroutine of its own unless an Advance is under
// way.
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
	m.tick()
	m.run(m.now.Add(d), true)
}

// Set moves the clock on to t like Advance, and reports false, doing nothing, if
// the clock shows a later time.
func (m *Manual) Set(t time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.await()
	m.tick()
	if t.Before(m.now) {
		return false
	}
	m.run(t.Round(0), true)
	return true
}

// ring does what is due of a clock that goes by itself. It goes on meanwhile: what is
// done may take long, and others must not be told a time that has passed.
func (m *Manual) ring() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.await()
	m.tick()
	m.run(m.now, false)
}

// await waits until nobody else moves the clock. The lock is held.
func (m *Manual) await() {
	for m.moving {
		m.idle.Wait()
	}
}

// tick brings now up to date. The lock is held.
func (m *Manual) tick() {
	if m.frozen || m.stands() {
		return
	}
	passed := time.Since(m.since)
	m.now, m.since = m.now.Add(passed), m.since.Add(passed)
}

// run does what is due up to the moment until. Unless frozen a clock that goes by
// itself goes on meanwhile. The lock is held, but not while something is done.
func (m *Manual) run(until time.Time, frozen bool) {
	m.moving, m.frozen = true, frozen
	defer func() {
		m.moving, m.frozen = false, false
		m.wind()
		m.idle.Broadcast()
	}()
	for len(m.timers) > 0 && !m.timers[0].at.After(until) {
		t := heap.Pop(&m.timers).(*manualTimer)
		if t.at.After(m.now) {
			m.now = t.at
		}
		m.call(t.f)
	}
	if until.After(m.now) {
		m.now = until
	}
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
	m.tick()
	t.at, t.order = m.now.Add(d), m.made
	heap.Push(&m.timers, t)
	if t.place == 0 {
		m.wind()
	}
	if d <= 0 && m.stands() && !m.moving {
		go m.Advance(0)
	}
}

// stands reports whether the clock does not go by itself.
func (m *Manual) stands() bool { return m.since.IsZero() }

// wind sets the bell, if the clock goes by itself, for what is due next. The lock
// is held.
func (m *Manual) wind() {
	switch {
	case m.moving || m.stands():
	case len(m.timers) == 0:
		if m.bell != nil {
			m.bell.Stop()
		}
	case m.bell == nil:
		m.bell = time.AfterFunc(m.next(), m.ring)
	default:
		m.bell.Reset(m.next())
	}
}

// next returns how long it is until something is due. The lock is held.
func (m *Manual) next() time.Duration {
	m.tick()
	return m.timers[0].at.Sub(m.now)
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
	first := t.place == 0
	heap.Remove(&t.clock.timers, t.place)
	if first {
		t.clock.wind()
	}
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
