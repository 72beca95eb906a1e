package perf

import (
	"math"
	"testing"
	"time"
)

func TestHistogramOfNothing(t *testing.T) {
	var h Histogram
	if h.Count() != 0 || h.Max() != 0 || h.Quantile(0.5) != 0 {
		t.Errorf("got %d, %v, %v, want zeros", h.Count(), h.Max(), h.Quantile(0.5))
	}
}

func TestBucketsFollowEachOther(t *testing.T) {
	for b := range buckets {
		top := upperBound(b)
		if got := bucketOf(uint64(top)); got != b {
			t.Fatalf("upper bound %d of bucket %d lies in bucket %d", top, b, got)
		}
		if b+1 < buckets {
			if got := bucketOf(uint64(top) + 1); got != b+1 {
				t.Fatalf("%d, one above bucket %d, lies in bucket %d", top+1, b, got)
			}
		}
	}
	if got := upperBound(buckets - 1); got != math.MaxInt64 {
		t.Errorf("last bucket ends at %d, want %d", got, int64(math.MaxInt64))
	}
}

func TestQuantilesAreNearlyExact(t *testing.T) {
	tests := []struct {
		name string
		step time.Duration
	}{
		{"nanoseconds", 1}, {"microseconds", time.Microsecond}, {"seconds", time.Second}, {"days", 24 * time.Hour},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var h Histogram
			for i := 1; i <= 1000; i++ {
				h.Record(time.Duration(i)*test.step, 1)
			}
			for _, q := range []float64{0.01, 0.5, 0.95, 0.99, 0.999, 1} {
				want := float64(test.step) * q * 1000
				got := float64(h.Quantile(q))
				if got < want*0.999 || got > want*(1+2.0/exact)+1 {
					t.Errorf("quantile %v: got %v, want %v or little more", q, time.Duration(got), time.Duration(want))
				}
			}
			if got, want := h.Max(), 1000*test.step; got != want {
				t.Errorf("maximum: got %v, want %v", got, want)
			}
		})
	}
}

func TestNegativeDurationsCountAsNone(t *testing.T) {
	var h Histogram
	h.Record(-time.Second, 3)
	if h.Count() != 3 || h.Quantile(1) != 0 {
		t.Errorf("got %d, %v, want 3, 0", h.Count(), h.Quantile(1))
	}
}

func TestHistogramsAddUp(t *testing.T) {
	var a, b Histogram
	a.Record(time.Millisecond, 90)
	b.Record(time.Second, 10)
	a.Add(&b)
	if a.Count() != 100 || a.Max() != time.Second {
		t.Errorf("got %d up to %v, want 100 up to 1s", a.Count(), a.Max())
	}
	if got := a.Quantile(0.9); got < time.Millisecond || got > 2*time.Millisecond {
		t.Errorf("p90: got %v, want 1ms", got)
	}
	if got := a.Quantile(0.91); got != time.Second {
		t.Errorf("p91: got %v, want 1s", got)
	}
}

func BenchmarkRecord(b *testing.B) {
	var h Histogram
	b.ReportAllocs()
	for b.Loop() {
		h.Record(123456, 1)
	}
}
