// Package watermark watches something that the broker can run short of: room on the
// disk, memory.
package watermark

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/clock"
)

// The intervals between two looks: the closer to the limit, the sooner the next.
//
// rabbitmq: from ten seconds down to a tenth of one
const (
	minInterval = 100 * time.Millisecond
	maxInterval = 10 * time.Second
)

// fastest is the most that is written to a disk, or filled with messages, in a second,
// in octets: what is left lasts at least so long.
const fastest = 500 << 20

// A Watch calls Short when nothing is left, and again when that is over.
type Watch struct {
	What  string                           // for the log, such as "disk"
	Left  func(limit int64) (int64, error) // octets; fewer than 0 if it is too late
	Clock clock.Clock
	Log   zerolog.Logger
	Short func(bool)

	limit atomic.Int64

	looking sync.Mutex // held by whoever looks; guards short, and what Left has
	short   bool

	mu    sync.Mutex // guards timer
	timer clock.Timer
}

// Limit is what Left is asked about, in octets: 0 if there is no watch.
func (w *Watch) Limit() int64 {
	if w == nil {
		return 0
	}
	return w.limit.Load()
}

// SetLimit changes the limit. While there is a watch it looks at once, so that what
// follows from it is so when SetLimit returns.
func (w *Watch) SetLimit(octets int64) {
	w.limit.Store(octets)
	w.mu.Lock()
	watching := w.timer != nil
	w.mu.Unlock()
	if watching {
		w.again()
	}
}

// Start looks once, then goes on until Stop. On a system that cannot tell it
// says so in the log, and watches nothing.
func (w *Watch) Start() {
	next, err := w.look()
	if errors.Is(err, errors.ErrUnsupported) {
		w.Log.Warn().Str("resource", w.What).Msg("what is left is not known on this system: not watched")
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
		w.Log.Error().Err(err).Str("resource", w.What).Msg("what is left is not known")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Reset(next)
	}
}

// look looks once, and returns when to look again.
func (w *Watch) look() (next time.Duration, err error) {
	w.looking.Lock()
	defer w.looking.Unlock()
	left, err := w.Left(w.limit.Load())
	if err != nil {
		return maxInterval, err
	}
	if short := left < 0; short != w.short {
		w.short = short
		if short {
			w.Log.Error().Int64("missing", -left).Msg("low on " + w.What + ": publishers are blocked")
		} else {
			w.Log.Info().Int64("left", left).Msg("enough " + w.What + " again")
		}
		w.Short(short)
	}
	if w.short {
		return minInterval, nil
	}
	lasts := time.Duration(float64(left) / fastest * float64(time.Second))
	return min(max(lasts/2, minInterval), maxInterval), nil
}
