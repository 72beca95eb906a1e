package perf

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPacerKeepsItsRate(t *testing.T) {
	for _, rate := range []float64{0.5, 1, 7, 1000, 33_333.3, 1e6} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			p := newPacer(rate, start)
			taken := 0
			for taken < 2000 && time.Since(start) < time.Minute {
				n, _ := p.wait(t.Context(), 1000)
				taken += n
			}
			want := rate * time.Since(start).Seconds()
			if float64(taken) < want || float64(taken) > want+1.01 { // a turn is a whole number of nanoseconds
				t.Errorf("%v/s: got %d in %v, want %v", rate, taken, time.Since(start), want)
			}
		})
	}
}

func TestPacerBeginsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		n, since := newPacer(0.001, start).wait(t.Context(), 10)
		if n != 1 || !since.Equal(start) || time.Since(start) != 0 {
			t.Errorf("got %d since %v after %v, want 1 at once", n, since, time.Since(start))
		}
	})
}

func TestPacerCatchesUpAndDatesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		p := newPacer(10, start)
		p.wait(t.Context(), 1)
		time.Sleep(2 * time.Second) // the broker took no more
		n, since := p.wait(t.Context(), 15)
		if n != 15 || since.Sub(start) != 100*time.Millisecond {
			t.Errorf("got %d since %v, want 15 since 100ms", n, since.Sub(start))
		}
		n, since = p.wait(t.Context(), 15)
		if n != 5 || since.Sub(start) != 1600*time.Millisecond {
			t.Errorf("then got %d since %v, want 5 since 1.6s", n, since.Sub(start))
		}
		if time.Since(start) != 2*time.Second {
			t.Errorf("it waited until %v though messages were due", time.Since(start))
		}
	})
}

func TestPacerStopsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(0.001, time.Now())
		p.wait(t.Context(), 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if n, _ := p.wait(ctx, 1); n != 0 || time.Since(start) != time.Second {
			t.Errorf("got %d after %v, want 0 after 1s", n, time.Since(start))
		}
	})
}
