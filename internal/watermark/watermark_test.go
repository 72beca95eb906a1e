package watermark

import (
	"runtime/debug"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/clock"
)

func TestWatchTellsOfTheLimitInBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left atomic.Int64
		left.Store(900)
		told := make(chan bool, 10)
		w := &Watch{
			What: "disk", Clock: clock.System, Log: zerolog.Nop(),
			Left:  func(int64) (int64, error) { return left.Load(), nil },
			Short: func(short bool) { told <- short },
		}
		w.Start()
		defer w.Stop()
		for _, step := range []struct {
			left int64
			want []bool
		}{
			{0, nil},
			{-1, []bool{true}},
			{-95, nil},
			{1900, []bool{false}},
			{-100, []bool{true}},
		} {
			left.Store(step.left)
			<-time.After(maxInterval)
			synctest.Wait()
			var got []bool
			for len(told) > 0 {
				got = append(got, <-told)
			}
			if !slices.Equal(got, step.want) {
				t.Errorf("with %d left: told %v, want %v", step.left, got, step.want)
			}
		}
	})
}

func TestAnotherLimitCountsAtOnce(t *testing.T) {
	short := false
	w := &Watch{
		What: "disk", Clock: clock.System, Log: zerolog.Nop(),
		Left:  func(limit int64) (int64, error) { return 1<<40 - limit, nil },
		Short: func(is bool) { short = is },
	}
	w.SetLimit(1 << 41)
	if short {
		t.Error("short before there is a watch")
	}
	w.SetLimit(1)
	w.Start()
	defer w.Stop()
	for limit, want := range map[int64]bool{1 << 41: true, 2: false} {
		if w.SetLimit(limit); short != want || w.Limit() != limit {
			t.Errorf("with a limit of %d: short is %v, want %v", limit, short, want)
		}
	}
}

func TestMemoryCountsWhatIsTaken(t *testing.T) {
	debug.FreeOSMemory() // so that it is not there already
	m := new(Memory)
	before, err := m.Left(1 << 40)
	if err != nil {
		t.Fatal(err)
	}
	taken := make([]byte, 64<<20)
	after, err := m.Left(1 << 40)
	if err != nil || before-after < 32<<20 || before-after > 256<<20 {
		t.Errorf("%d octets fewer are left, %v, want about %d", before-after, err, len(taken))
	}
	clear(taken) // so that it is there until now
	if left, err := m.Left(1); err != nil || left >= 0 {
		t.Errorf("%d are left, %v, want too few", left, err)
	}
}

func TestGarbageIsGivenBackByWhoIsIdle(t *testing.T) {
	const garbage = 64 << 20
	for name, test := range map[string]struct {
		busy int // octets allocated before the next look
		want bool
	}{
		"idle": {0, true},
		"busy": {2 * idleRate * int(maxInterval/time.Second), false},
	} {
		t.Run(name, func(t *testing.T) {
			defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nobody else collects it
			synctest.Test(t, func(t *testing.T) {
				m := new(Memory)
				left := func() int64 {
					n, err := m.Left(1 << 40)
					if err != nil {
						t.Fatal(err)
					}
					return n
				}
				debug.FreeOSMemory()
				kept = make([]byte, garbage)
				before := left()
				kept = make([]byte, test.busy)
				time.Sleep(maxInterval)
				left()
				if given := left()-before > garbage/2; given != test.want {
					t.Errorf("given back: %v, want %v", given, test.want)
				}
			})
		})
	}
}

// kept is reachable, so that what was there before is not.
var kept []byte
