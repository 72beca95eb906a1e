package watermark

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A Memory knows how much of the memory that the process may take is left, and gives
// back what is not needed any more. One at a time may ask it.
type Memory struct {
	samples []metrics.Sample
	over    int // how often in a row nothing was left

	looked    time.Time
	allocated uint64 // until then, in octets
	given     uint64 // the same, when garbage was given back
}

// freeEvery is how often garbage is given back while nothing is left: every so many
// looks, as it stops the world for a moment.
const freeEvery = 10

// Left returns how many octets are left up to a limit. Garbage counts as long as the system does not
// have it back; when nothing is left it is given back first.
func (m *Memory) Left(limit int64) (int64, error) {
	left := limit - m.used()
	if left >= 0 {
		m.over = 0
		m.giveBack()
		return left, nil
	}
	if m.over++; m.over%freeEvery == 1 {
		debug.FreeOSMemory()
	}
	return limit - m.used(), nil
}

// Who has allocated less than idleRate octets in a second since the last look has
// nothing to do, and may have the time to give garbage back, of which there are up to
// idleGarbage octets or more.
//
// The heap grows to three times of what is alive, and the runtime lets it stay so large:
// four seconds of 1 KiB messages left 127 MB of anonymous memory, now 10; 50,000 queues
// 2.2 KB each, now 1.6.
const (
	idleRate    = 100 << 10
	idleGarbage = 4 << 20
)

// giveBack gives garbage back if there is nothing else to do. What is left after that
// the next look tells.
func (m *Memory) giveBack() {
	now, allocated := time.Now(), m.samples[2].Value.Uint64()
	idle := !m.looked.IsZero() && float64(allocated-m.allocated) < idleRate*now.Sub(m.looked).Seconds()
	m.looked, m.allocated = now, allocated
	if idle && allocated-m.given >= idleGarbage {
		m.given = allocated
		debug.FreeOSMemory()
	}
}

// used returns the memory that the process has from the system, without what is
// mapped from files.
func (m *Memory) used() int64 {
	if m.samples == nil {
		m.samples = []metrics.Sample{
			{Name: "/memory/classes/total:bytes"},
			{Name: "/memory/classes/heap/released:bytes"},
			{Name: "/gc/heap/allocs:bytes"},
		}
	}
	metrics.Read(m.samples)
	return int64(m.samples[0].Value.Uint64() - m.samples[1].Value.Uint64())
}
