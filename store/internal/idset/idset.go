// Package idset remembers the ids of queues that were dropped lately: the last of
// their messages may still be on their way to the store.
package idset

import "slices"

// Limit is how many spans of ids a Set remembers. The ids that matter are the
// latest; the others must not add up.
const Limit = 128

// A Set is ids, as spans in their order that do not touch. The zero value is
// empty.
type Set struct {
	spans []span
}

type span struct{ lo, hi uint64 }

// Add puts the ids from lo to hi, both included, into the set. When there are
// more than Limit spans the lowest ids are forgotten.
func (s *Set) Add(lo, hi uint64) {
	// In most cases hi is the highest id so far.
	if n := len(s.spans); n > 0 && s.spans[n-1].lo <= lo && lo <= s.spans[n-1].hi+1 {
		s.spans[n-1].hi = max(s.spans[n-1].hi, hi)
		return
	}

	i := s.search(lo) // the first span that is not wholly below lo
	if i > 0 && s.spans[i-1].hi+1 == lo {
		i--
	}
	end := i
	for end < len(s.spans) && s.spans[end].lo <= hi+1 {
		lo, hi = min(lo, s.spans[end].lo), max(hi, s.spans[end].hi)
		end++
	}
	s.spans = slices.Replace(s.spans, i, end, span{lo, hi})
	if len(s.spans) > Limit {
		s.spans = slices.Delete(s.spans, 0, 1)
	}
}

// Has reports whether an id is in the set.
func (s *Set) Has(n uint64) bool {
	if k := len(s.spans); k == 0 || n > s.spans[k-1].hi {
		return false
	}
	i := s.search(n)
	return s.spans[i].lo <= n
}

// search returns the index of the first span that ends at n or above.
func (s *Set) search(n uint64) int {
	i, _ := slices.BinarySearchFunc(s.spans, n, func(sp span, n uint64) int {
		switch {
		case sp.hi < n:
			return -1
		case sp.hi > n:
			return 1
		}
		return 0
	})
	return i
}
