package disk

import (
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
		var free atomic.Int64
		free.Store(1000)
		told := make(chan bool, 10)
		w := &Watch{
			Dir: "data", Limit: 100, Clock: clock.System, Log: zerolog.Nop(),
			Low:  func(low bool) { told <- low },
			free: func(dir string) (int64, error) { return free.Load(), nil },
		}
		w.Start()
		defer w.Stop()
		for _, step := range []struct {
			free int64
			want []bool
		}{
			{100, nil},
			{99, []bool{true}},
			{5, nil},
			{2000, []bool{false}},
			{0, []bool{true}},
		} {
			free.Store(step.free)
			<-time.After(maxInterval)
			synctest.Wait()
			var got []bool
			for len(told) > 0 {
				got = append(got, <-told)
			}
			if !slices.Equal(got, step.want) {
				t.Errorf("with %d free: told %v, want %v", step.free, got, step.want)
			}
		}
	})
}

func TestWatchLooksSoonerNearTheLimit(t *testing.T) {
	for _, test := range []struct {
		name string
		free int64
		want time.Duration
	}{
		{"far away", 1 << 50, maxInterval},
		{"two seconds of writing away", 2*fastest + 50, time.Second},
		{"at the limit", 50, minInterval},
		{"below it", 10, minInterval},
	} {
		w := &Watch{Limit: 50, Log: zerolog.Nop(), Low: func(bool) {}, free: func(string) (int64, error) { return test.free, nil }}
		if got, err := w.look(); err != nil || got != test.want {
			t.Errorf("%s: next look after %v, error %v, want %v", test.name, got, err, test.want)
		}
	}
}

func TestFreeSpaceOfThisDirectory(t *testing.T) {
	free, err := Free(t.TempDir())
	if err != nil || free <= 0 {
		t.Errorf("%d octets free, error %v", free, err)
	}
}
