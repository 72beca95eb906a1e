package badger

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRefSorter(t *testing.T) {
	var s refSorter
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		queues := 1 + random.IntN(2*partsMost)
		if seed%2 == 0 {
			queues = 1 + random.IntN(4)
		}
		next := make([]uint64, queues)
		var refs []ref
		for entry := range uint32(random.IntN(500)) {
			for q := range queues {
				if random.IntN(3) > 0 {
					continue
				}
				next[q]++
				refs = append(refs, ref{queue: uint64(q), seq: next[q], entry: entry})
				if n := len(refs); random.IntN(20) == 0 && n > 1 { // another publisher was quicker
					refs[n-1], refs[n-2] = refs[n-2], refs[n-1]
				}
			}
		}
		want := slices.Clone(refs)
		slices.SortFunc(want, compareRefs)
		if got := s.sort(refs); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %d references of %d queues are not in order", seed, len(refs), queues)
		}
	}
}
