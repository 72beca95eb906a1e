package perf

import (
	"math/bits"
	"time"
)

// A Histogram counts durations in buckets that grow with the duration, so that
// each is known to within 1.6 %, from a nanosecond to centuries, in 15 KiB. The
// zero value is empty. It is not safe for concurrent use.
//
// The first buckets are a nanosecond wide each. From there on every power of two
// is cut into as many buckets as half of those.
type Histogram struct {
	buckets [buckets]uint64
	count   uint64
	max     time.Duration
}

const (
	exactBits = 6
	exact     = 1 << exactBits // durations below, in nanoseconds, have a bucket each
	half      = exact / 2
	buckets   = exact + (63-exactBits)*half
)

// bucketOf returns the bucket for d nanoseconds.
func bucketOf(d uint64) int {
	if d < exact {
		return int(d)
	}
	shift := bits.Len64(d) - exactBits
	return exact + (shift-1)*half + int(d>>shift) - half
}

// upperBound returns the longest duration that falls into a bucket.
func upperBound(bucket int) time.Duration {
	if bucket < exact {
		return time.Duration(bucket)
	}
	shift := (bucket-exact)/half + 1
	top := uint64((bucket-exact)%half + half)
	return time.Duration((top+1)<<shift - 1)
}

// Record counts n durations of d. Negative ones, which two clocks that differ
// can give, count as none.
func (h *Histogram) Record(d time.Duration, n uint64) {
	d = max(d, 0)
	h.buckets[bucketOf(uint64(d))] += n
	h.count += n
	h.max = max(h.max, d)
}

// Add counts everything that o has counted.
func (h *Histogram) Add(o *Histogram) {
	for i, n := range o.buckets {
		h.buckets[i] += n
	}
	h.count += o.count
	h.max = max(h.max, o.max)
}

// Count returns the number of durations.
func (h *Histogram) Count() uint64 { return h.count }

// Max returns the longest duration.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile returns a duration that the part q (from 0 to 1) of all durations did
// not exceed, 0 if there are none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := uint64(q * float64(h.count))
	var below uint64
	for i, n := range h.buckets {
		below += n
		if n > 0 && below >= rank {
			return min(upperBound(i), h.max)
		}
	}
	return h.max
}
