package clock

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// A diary notes what was called, and what the clock showed.
type diary struct {
	*Manual
	mu   sync.Mutex
	days []string
}

func newDiary() *diary { return &diary{Manual: NewManual(start)} }

func (d *diary) note(what string) func() {
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.days = append(d.days, what+"@"+d.Now().Sub(start).String())
	}
}

func (d *diary) want(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.days, want) {
		t.Errorf("called: got %q, want %q", d.days, want)
	}
}

func TestAdvanceStopsWhereSomethingIsDue(t *testing.T) {
	d := newDiary()
	d.AfterFunc(3*time.Second, d.note("c"))
	d.AfterFunc(time.Second, d.note("a"))
	d.AfterFunc(3*time.Second, d.note("d"))
	d.AfterFunc(2*time.Second, d.note("b"))
	d.AfterFunc(5*time.Second, d.note("late"))
	d.want(t)
	d.Advance(4 * time.Second)
	d.want(t, "a@1s", "b@2s", "c@3s", "d@3s")
	if got := d.Now(); !got.Equal(start.Add(4 * time.Second)) {
		t.Errorf("now: got %v, want 4s after %v", got, start)
	}
	d.Advance(time.Second)
	d.want(t, "a@1s", "b@2s", "c@3s", "d@3s", "late@5s")
}

func TestAdvanceFollowsWhatCallsAskFor(t *testing.T) {
	d := newDiary()
	d.AfterFunc(time.Second, func() {
		d.note("first")()
		d.AfterFunc(0, d.note("at once"))
		d.AfterFunc(time.Second, func() {
			d.note("second")()
			d.AfterFunc(time.Second, d.note("third"))
		})
	})
	d.AfterFunc(2500*time.Millisecond, d.note("between"))
	d.Advance(3 * time.Second)
	d.want(t, "first@1s", "at once@1s", "second@2s", "between@2.5s", "third@3s")
}

func TestStopAndReset(t *testing.T) {
	d := newDiary()
	stopped := d.AfterFunc(time.Second, d.note("stopped"))
	moved := d.AfterFunc(time.Second, d.note("moved"))
	again := d.AfterFunc(time.Second, d.note("again"))
	if !stopped.Stop() || stopped.Stop() {
		t.Error("stop: want true, then false")
	}
	if !moved.Reset(2 * time.Second) {
		t.Error("reset of a waiting timer: got false, want true")
	}
	d.Advance(time.Second)
	if again.Stop() {
		t.Error("stop of a timer that was called: got true, want false")
	}
	if again.Reset(3 * time.Second) {
		t.Error("reset of a timer that was called: got true, want false")
	}
	d.Advance(3 * time.Second)
	d.want(t, "again@1s", "moved@2s", "again@4s")
}

func TestWhatIsDueAtOnceDoesNotWaitForAdvance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		d.AfterFunc(-time.Second, d.note("due"))
		synctest.Wait()
		d.want(t, "due@0s")
	})
}

func TestSet(t *testing.T) {
	d := newDiary()
	d.AfterFunc(time.Hour, d.note("due"))
	if !d.Set(start.Add(2 * time.Hour)) {
		t.Error("set to a later time: got false, want true")
	}
	d.want(t, "due@1h0m0s")
	if d.Set(start) {
		t.Error("set to an earlier time: got true, want false")
	}
	if got := d.Now(); !got.Equal(start.Add(2 * time.Hour)) {
		t.Errorf("now: got %v, want 2h after %v", got, start)
	}
}

func TestAdvanceDoesNotGoBack(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "want 0 or more") {
			t.Errorf("panic: got %q, want it to say what would be right", text)
		}
	}()
	newDiary().Advance(-1)
}

func TestAdvancesWaitForEachOther(t *testing.T) {
	d := newDiary()
	for range 100 {
		d.AfterFunc(time.Second, d.note("x"))
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { d.Advance(100 * time.Millisecond) })
	}
	all.Wait()
	if got := d.Now().Sub(start); got != time.Second || len(d.days) != 100 {
		t.Errorf("got %v and %d calls, want 1s and 100", got, len(d.days))
	}
}

// newRunningDiary is for a bubble of synctest: its time begins at start.
func newRunningDiary() *diary { return &diary{Manual: NewRunning()} }

func TestARunningClockCallsAsTimePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRunningDiary()
		d.AfterFunc(2*time.Second, d.note("b"))
		d.AfterFunc(time.Second, d.note("a"))
		d.AfterFunc(time.Hour, d.note("late"))
		d.AfterFunc(0, d.note("at once"))
		d.AfterFunc(time.Second/2, d.note("stopped")).Stop()
		moved := d.AfterFunc(time.Second/2, d.note("moved"))
		moved.Reset(3 * time.Second)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		d.want(t, "at once@0s", "a@1s", "b@2s", "moved@3s")
		if got := d.Now(); !got.Equal(start.Add(3 * time.Second)) {
			t.Errorf("now: got %v, want 3s after %v", got, start)
		}
	})
}

func TestARunningClockIsMovedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRunningDiary()
		d.AfterFunc(time.Minute, func() {
			d.note("first")()
			d.AfterFunc(time.Minute, d.note("second"))
		})
		d.AfterFunc(time.Hour, d.note("third"))
		time.Sleep(30 * time.Second)
		d.Advance(time.Hour - time.Minute) // no goroutine but this one has run
		d.want(t, "first@1m0s", "second@2m0s")
		time.Sleep(29 * time.Second)
		synctest.Wait()
		d.want(t, "first@1m0s", "second@2m0s")
		time.Sleep(time.Second)
		synctest.Wait()
		d.want(t, "first@1m0s", "second@2m0s", "third@1h0m0s")
		if d.Set(start.Add(time.Hour - 1)) {
			t.Error("set to an earlier time: got true, want false")
		}
		if !d.Set(start.AddDate(500, 0, 0)) { // beyond what a Duration holds
			t.Error("set to a later time: got false, want true")
		}
		time.Sleep(time.Second)
		if got, want := d.Now(), start.AddDate(500, 0, 0).Add(time.Second); !got.Equal(want) {
			t.Errorf("now: got %v, want %v", got, want)
		}
	})
}

func TestAdvanceWaitsForWhatHasBecomeDueByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRunningDiary()
		begun, end := make(chan struct{}), make(chan struct{})
		d.AfterFunc(time.Second, func() {
			close(begun)
			<-end
			d.note("slow")()
		})
		<-begun
		advanced := make(chan struct{})
		go func() {
			defer close(advanced)
			d.Advance(time.Second)
			d.want(t, "slow@1s")
		}()
		synctest.Wait()
		select {
		case <-advanced:
			t.Error("Advance returned before everything that was due was done")
		default:
		}
		close(end)
		<-advanced
		if got := d.Now(); !got.Equal(start.Add(2 * time.Second)) {
			t.Errorf("now: got %v, want 2s after %v", got, start)
		}
	})
}

func TestARunningClockDoesNotGoBack(t *testing.T) {
	c := NewRunning()
	last := c.Now()
	for range 1000 {
		c.AfterFunc(time.Microsecond, func() {})
		c.Advance(time.Nanosecond)
		now := c.Now()
		if now.Before(last) {
			t.Fatalf("now: got %v, after %v", now, last)
		}
		last = now
	}
}

func TestRunningClockGoesOnWhileSomethingIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewRunning()
		began := c.Now()
		c.AfterFunc(time.Millisecond, func() { time.Sleep(50 * time.Millisecond) })
		time.Sleep(30 * time.Millisecond)
		if got := c.Now().Sub(began); got != 30*time.Millisecond {
			t.Errorf("after 30 ms: the clock says %v", got)
		}
		called := make(chan time.Duration)
		c.AfterFunc(40*time.Millisecond, func() { called <- c.Now().Sub(began) })
		if due := <-called; due != 70*time.Millisecond {
			t.Errorf("called after %v, want 70 ms", due)
		}
	})
}
