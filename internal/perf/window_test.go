package perf

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWindowHoldsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(3)
		if got := w.take(2); got != 2 {
			t.Fatalf("first: got %d, want 2", got)
		}
		w.add(2, 0)
		if got := w.take(2); got != 1 {
			t.Fatalf("with one place left: got %d, want 1", got)
		}
		w.add(1, 0)

		taken := make(chan int)
		go func() { taken <- w.take(5) }()
		synctest.Wait()
		select {
		case n := <-taken:
			t.Fatalf("took %d of a full window", n)
		default:
		}
		if got := w.confirm(2, true, 0, nil); got != 2 {
			t.Errorf("confirmed: got %d, want 2", got)
		}
		if got := <-taken; got != 2 {
			t.Errorf("after two were confirmed: got %d, want 2", got)
		}
	})
}

func TestWindowConfirms(t *testing.T) {
	type step struct {
		tag      uint64
		multiple bool
		want     int // confirmed by it
		room     int // afterwards
	}
	tests := []struct {
		name  string
		steps []step // after five messages were sent through a window of five
	}{
		{"one by one", []step{{1, false, 1, 1}, {2, false, 1, 2}}},
		{"several at once", []step{{3, true, 3, 3}, {5, true, 2, 5}}},
		{"out of order, the oldest holds up the rest", []step{{3, false, 1, 0}, {2, false, 1, 0}, {1, false, 1, 3}}},
		{"one that is confirmed already does not count twice", []step{{2, false, 1, 0}, {2, false, 0, 0}, {3, true, 2, 3}}},
		{"one long gone", []step{{3, true, 3, 3}, {1, false, 0, 3}, {2, true, 0, 3}}},
		{"one never sent", []step{{6, false, 0, 0}, {6, true, 0, 0}, {1 << 63, true, 0, 0}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWindow(5)
			w.add(5, 0)
			for _, s := range test.steps {
				if got := w.confirm(s.tag, s.multiple, 0, nil); got != s.want {
					t.Errorf("tag %d, multiple %v: got %d, want %d", s.tag, s.multiple, got, s.want)
				}
				if got := len(w.sent) - w.unconfirmed(); got != s.room {
					t.Errorf("room after tag %d: got %d, want %d", s.tag, got, s.room)
				}
			}
		})
	}
}

func TestWindowMeasures(t *testing.T) {
	w := newWindow(4)
	w.add(1, 10*time.Millisecond)
	w.add(2, 20*time.Millisecond)
	var h Histogram
	w.confirm(3, true, 40*time.Millisecond, &h)
	if h.Count() != 3 || h.Max() != 30*time.Millisecond {
		t.Errorf("got %d up to %v, want 3 up to 30ms", h.Count(), h.Max())
	}
	if got := h.Quantile(0.5); got < 20*time.Millisecond || got > 21*time.Millisecond {
		t.Errorf("median: got %v, want 20ms", got)
	}
}

func TestClosedWindowHoldsNobodyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(1)
		w.add(1, 0)
		done := make(chan int, 1)
		go func() {
			n := w.take(1)
			w.drain()
			done <- n
		}()
		synctest.Wait()
		w.close()
		if n := <-done; n != 0 {
			t.Errorf("got %d, want 0", n)
		}
	})
}
