package queue

import (
	"slices"
	"sync/atomic"
)

// A Fate is what becomes of messages that die.
type Fate uint8

// The fates.
const (
	Discarded   Fate = iota // there is no dead-letter exchange
	AtMostOnce              // they are dead-lettered, and that is all
	AtLeastOnce             // they are kept until they have arrived
)

// Burials are how many messages have died in all queues of a broker: those that are
// gone as well, so nothing is kept of it in a queue. Its zero value is ready.
type Burials struct {
	classic, quorum [5][3]atomic.Uint64 // by reason and fate
	arrived         atomic.Uint64
}

func (b *Burials) of(quorum bool, why Reason, f Fate) *atomic.Uint64 {
	i := slices.Index(reasons, why)
	if quorum {
		return &b.quorum[i][f]
	}
	return &b.classic[i][f]
}

// Of returns how many messages have died in queues of a type, of a reason and with a
// fate. In streams nothing dies.
func (b *Burials) Of(t Type, why Reason, f Fate) uint64 {
	if t == Stream {
		return 0
	}
	return b.of(t == Quorum, why, f).Load()
}

// Arrived returns how many of those that are dead-lettered at least once have arrived.
func (b *Burials) Arrived() uint64 { return b.arrived.Load() }

// countBurials counts messages that die.
func (q *FIFO) countBurials(n int, why Reason, f Fate) {
	if q.burials != nil {
		q.burials.of(q.quorum, why, f).Add(uint64(n))
	}
}

// countBuried counts messages that are about to be dead-lettered at least once, or are
// not dead-lettered at all. What becomes of the others only the Host knows.
func (q *FIFO) countBuried(n int, why Reason) {
	switch {
	case !q.limits.deadLetter:
		q.countBurials(n, why, Discarded)
	case q.limits.atLeastOnce:
		q.countBurials(n, why, AtLeastOnce)
	}
}

// countDead counts messages that the Host has dead-lettered, or could not. The lock is
// held.
func (q *FIFO) countDead(dead []Dead) {
	if q.burials == nil {
		return
	}
	for i := range dead {
		switch d := &dead[i]; {
		case q.limits.atLeastOnce:
			if !d.Untaken {
				q.burials.arrived.Add(1)
			}
		case d.Lost:
			q.countBurials(1, d.Reason, Discarded)
		default:
			q.countBurials(1, d.Reason, AtMostOnce)
		}
	}
}
