package badger

import (
	"cmp"
	"slices"
)

// A refSorter brings references into the order of their ordinals. A message that went
// to many queues has one of each in turn, and those of one queue are in their order
// but for a few. So the queues are taken apart: a third of the work of sorting all
// references, which was a quarter of what a fanout to ten queues cost the store.
//
// It keeps its memory from time to time.
type refSorter struct {
	parts []part // in the order of their queues
	other []ref
}

// A part is the references of one queue.
type part struct {
	queue uint64
	count int
	end   int // of those that are in their place
}

// partsMost is how many queues are taken apart. More of them in one segment have few
// references each.
const partsMost = 64

// sort returns the references in order. It may use the memory of refs for the next
// ones.
func (s *refSorter) sort(refs []ref) []ref {
	if slices.IsSortedFunc(refs, compareRefs) {
		return refs
	}
	if !s.count(refs) {
		slices.SortFunc(refs, compareRefs)
		return refs
	}
	end := 0
	for i := range s.parts {
		s.parts[i].end = end
		end += s.parts[i].count
	}
	sorted := slices.Grow(s.other[:0], len(refs))[:len(refs)]
	at := 0
	for _, r := range refs {
		at = s.find(r.queue, at)
		sorted[s.parts[at].end] = r
		s.parts[at].end++
	}
	for _, p := range s.parts {
		if own := sorted[p.end-p.count : p.end]; !slices.IsSortedFunc(own, compareRefs) {
			slices.SortFunc(own, compareRefs)
		}
	}
	s.other = refs
	return sorted
}

// count finds the parts, and reports false if there are too many.
func (s *refSorter) count(refs []ref) bool {
	s.parts = s.parts[:0]
	at := 0
	for i := range refs {
		queue := refs[i].queue
		if at = s.find(queue, at); at == len(s.parts) || s.parts[at].queue != queue {
			if len(s.parts) == partsMost {
				return false
			}
			s.parts = slices.Insert(s.parts, at, part{queue: queue})
		}
		s.parts[at].count++
	}
	return true
}

// find returns where the part of a queue is, or should be. It is mostly the one behind
// the one found before, or the first.
func (s *refSorter) find(queue uint64, before int) int {
	for _, at := range [...]int{before + 1, before, 0} {
		if at < len(s.parts) && s.parts[at].queue == queue {
			return at
		}
	}
	at, _ := slices.BinarySearchFunc(s.parts, queue, func(p part, queue uint64) int { return cmp.Compare(p.queue, queue) })
	return at
}
