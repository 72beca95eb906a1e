// Package disk watches how much room there is on the disk.
package disk

import (
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/clock"
)

// The intervals between two looks at the disk: the closer to the limit, the
// sooner the next.
//
// rabbitmq: from ten seconds down to a tenth of one
const (
	minInterval = 100 * time.Millisecond
	maxInterval = 10 * time.Second
)

// fastest is the most that is written to a disk in a second, in octets: what
// lies between the free space and the limit lasts at least so long.
const fastest = 500 << 20

// A Watch calls Low when less than Limit octets are free, and again when it is
// over.
type Watch struct {
	Dir   string
	Limit int64
	Clock clock.Clock
	Log   zerolog.Logger
	Low   func(bool)

	free func(string) (int64, error) // Free, but for tests
	low  bool                        // owned by whoever looks

	mu    sync.Mutex // guards timer
	timer clock.Timer
}

// Start looks once, then goes on until Stop. On a system that cannot tell it
// says so in the log, and watches nothing.
func (w *Watch) Start() {
	if w.free == nil {
		w.free = Free
	}
	next, err := w.look()
	if errors.Is(err, errors.ErrUnsupported) {
		w.Log.Warn().Msg("free disk space is not watched on this system")
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = w.Clock.AfterFunc(next, w.again)
}

// Stop ends the watch.
func (w *Watch) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}

func (w *Watch) again() {
	next, err := w.look()
	if err != nil {
		w.Log.Error().Err(err).Msg("free disk space unknown")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Reset(next)
	}
}

// look compares once, and returns when to look again.
func (w *Watch) look() (next time.Duration, err error) {
	free, err := w.free(w.Dir)
	if err != nil {
		return maxInterval, err
	}
	if low := free < w.Limit; low != w.low {
		w.low = low
		if low {
			w.Log.Error().Int64("free", free).Int64("limit", w.Limit).Msg("low on disk: publishers are blocked")
		} else {
			w.Log.Info().Int64("free", free).Int64("limit", w.Limit).Msg("enough disk again")
		}
		w.Low(low)
	}
	if w.low {
		return minInterval, nil
	}
	left := time.Duration(float64(free-w.Limit) / fastest * float64(time.Second))
	return min(max(left/2, minInterval), maxInterval), nil
}
