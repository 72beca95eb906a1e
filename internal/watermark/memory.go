package watermark

import (
	"runtime/debug"
	"runtime/metrics"
)

// A Memory knows how much of the memory that the process may take is left. One at a
// time may ask it.
type Memory struct {
	samples []metrics.Sample
	over    int // how often in a row nothing was left
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
		return left, nil
	}
	if m.over++; m.over%freeEvery == 1 {
		debug.FreeOSMemory()
	}
	return limit - m.used(), nil
}

// used returns the memory that the process has from the system, without what is
// mapped from files.
func (m *Memory) used() int64 {
	if m.samples == nil {
		m.samples = []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	}
	metrics.Read(m.samples)
	return int64(m.samples[0].Value.Uint64() - m.samples[1].Value.Uint64())
}
