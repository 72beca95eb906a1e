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
