package idset

import (
	"math/rand/v2"
	"testing"
)

func TestSetRemembersWhatWasAdded(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var s Set
		want := make(map[uint64]bool)
		for range 40 {
			lo := 1 + rng.Uint64N(300)
			hi := lo + rng.Uint64N(12)
			s.Add(lo, hi)
			for n := lo; n <= hi; n++ {
				want[n] = true
			}
			for n := range uint64(320) {
				if got := s.Has(n); got != want[n] {
					t.Fatalf("after adding %d-%d to %v: Has(%d) = %v, want %v", lo, hi, s.spans, n, got, want[n])
				}
			}
		}
		for i := 1; i < len(s.spans); i++ {
			if s.spans[i-1].hi+1 >= s.spans[i].lo {
				t.Fatalf("spans touch: %v", s.spans)
			}
		}
	}
}

func TestSetForgetsTheLowestBeyondItsLimit(t *testing.T) {
	var s Set
	for n := uint64(1); n <= 2*(Limit+1); n += 2 {
		s.Add(n, n)
	}
	if len(s.spans) != Limit {
		t.Errorf("%d spans, want %d", len(s.spans), Limit)
	}
	if s.Has(1) || !s.Has(3) {
		t.Errorf("Has(1), Has(3) = %v, %v, want false, true", s.Has(1), s.Has(3))
	}
}

func TestSetHoldsManyIDsAsOneSpan(t *testing.T) {
	var s Set
	s.Add(5, 5)
	s.Add(1, 1<<56-1)
	if len(s.spans) != 1 || !s.Has(1<<40) || s.Has(0) {
		t.Errorf("spans %v, want one from 1 to 2^56-1", s.spans)
	}
}
