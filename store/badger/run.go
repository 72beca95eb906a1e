package badger

import (
	"math/bits"

	"github.com/harebellmq/harebell/store"
)

// maxGap is how many numbers may be missing between two messages of a run. A
// gap costs a bit or two for each number in it, a new run about 60 octets.
const maxGap = 128

// A run is messages of one lane in one segment with neighbouring numbers. It is
// all that is kept in memory of messages that are only on disk.
//
// While no number between lo and hi is missing or settled, bits is nil: a run
// that is settled from its front, as most are, only moves lo.
type run struct {
	segment *segment
	lo, hi  uint64
	first   uint32 // the ordinal of lo, or with bits of bits.lo
	live    uint32 // messages that are not settled
	reach   uint64 // the highest hi of this run and all before it in its lane
	bits    *runBits
}

// runBits has a bit for each number from lo on.
type runBits struct {
	lo      uint64
	present []uint64 // in the segment; nil: all
	left    []uint64 // present and not settled
}

// newRuns returns the runs of a segment's references, in their order. live tells
// by ordinal which of them are not settled; nil means all are.
func newRuns(s *segment, refs []ref, live func(ordinal int) bool) []run {
	var runs []run
	for i := 0; i < len(refs); {
		if live != nil && !live(i) {
			i++
			continue
		}
		end := i + 1
		for end < len(refs) && sameLane(&refs[i], &refs[end]) && refs[end].seq-refs[end-1].seq <= maxGap {
			end++
		}
		runs = append(runs, newRun(s, refs, i, end, live))
		i = end
	}
	return runs
}

// newRun returns the run of the references from i to before end; the first one
// is live.
func newRun(s *segment, refs []ref, i, end int, live func(int) bool) run {
	r := run{segment: s, lo: refs[i].seq, hi: refs[end-1].seq, first: uint32(i)}
	if live == nil {
		r.live = uint32(end - i)
	} else {
		for j := i; j < end; j++ {
			if live(j) {
				r.live++
			}
		}
	}
	if r.hi-r.lo+1 == uint64(r.live) {
		return r
	}

	r.bits = &runBits{lo: r.lo, left: newBits(r.hi - r.lo + 1)}
	if r.hi-r.lo+1 != uint64(end-i) {
		r.bits.present = newBits(r.hi - r.lo + 1)
	}
	for j := i; j < end; j++ {
		at := refs[j].seq - r.lo
		if r.bits.present != nil {
			setBit(r.bits.present, at)
		}
		if live == nil || live(j) {
			setBit(r.bits.left, at)
		}
	}
	return r
}

// settle takes the numbers of span out of the run and returns how many were
// still in it.
func (r *run) settle(span store.Span) (settled uint32) {
	lo, hi := max(span.Lo, r.lo), min(span.Hi, r.hi)
	switch {
	case lo > hi || r.live == 0:
		return 0
	case lo == r.lo && hi == r.hi:
		settled = r.live
		r.bits = nil
	case r.bits != nil:
		settled = uint32(clearBits(r.bits.left, lo-r.bits.lo, hi-r.bits.lo))
	case lo == r.lo:
		settled = uint32(hi - lo + 1)
		r.first += settled
		r.lo = hi + 1
	case hi == r.hi:
		settled = uint32(hi - lo + 1)
		r.hi = lo - 1
	default:
		r.bits = &runBits{lo: r.lo, left: fullBits(r.hi - r.lo + 1)}
		settled = uint32(clearBits(r.bits.left, lo-r.lo, hi-r.lo))
	}
	r.live -= settled
	return settled
}

// each calls f with the number and the ordinal of every message of the run that
// is in span and not settled, in their order, until f returns false.
func (r *run) each(span store.Span, f func(seq uint64, ordinal uint32) bool) {
	lo, hi := max(span.Lo, r.lo), min(span.Hi, r.hi)
	if lo > hi || r.live == 0 {
		return
	}
	if r.bits == nil {
		for seq := lo; ; seq++ {
			if !f(seq, r.first+uint32(seq-r.lo)) || seq == hi {
				return
			}
		}
	}
	b := r.bits
	for at := nextBit(b.left, lo-b.lo); at <= hi-b.lo; at = nextBit(b.left, at+1) {
		if !f(b.lo+at, r.first+b.rank(at)) {
			return
		}
	}
}

// rank returns how many numbers below bit at are in the segment.
func (b *runBits) rank(at uint64) uint32 {
	if b.present == nil {
		return uint32(at)
	}
	n := 0
	for _, w := range b.present[:at/64] {
		n += bits.OnesCount64(w)
	}
	return uint32(n + bits.OnesCount64(b.present[at/64]&(1<<(at%64)-1)))
}

func newBits(n uint64) []uint64 { return make([]uint64, (n+63)/64) }

func fullBits(n uint64) []uint64 {
	b := newBits(n)
	for i := range b {
		b[i] = ^uint64(0)
	}
	if n%64 != 0 {
		b[len(b)-1] = 1<<(n%64) - 1
	}
	return b
}

func setBit(b []uint64, at uint64) { b[at/64] |= 1 << (at % 64) }

// clearBits clears the bits from lo to hi, both included, and returns how many
// were set.
func clearBits(b []uint64, lo, hi uint64) (cleared int) {
	for i := lo / 64; i <= hi/64; i++ {
		mask := ^uint64(0)
		if i == lo/64 {
			mask <<= lo % 64
		}
		if i == hi/64 {
			mask &= ^uint64(0) >> (63 - hi%64)
		}
		cleared += bits.OnesCount64(b[i] & mask)
		b[i] &^= mask
	}
	return cleared
}

// nextBit returns the first bit set at or after at, or a number beyond b.
func nextBit(b []uint64, at uint64) uint64 {
	i := at / 64
	if i >= uint64(len(b)) {
		return ^uint64(0)
	}
	w := b[i] &^ (1<<(at%64) - 1)
	for w == 0 {
		if i++; i == uint64(len(b)) {
			return ^uint64(0)
		}
		w = b[i]
	}
	return i*64 + uint64(bits.TrailingZeros64(w))
}
