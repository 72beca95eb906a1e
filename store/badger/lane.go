package badger

import (
	"cmp"
	"slices"

	"github.com/harebellmq/harebell/store"
)

// A lane is what the store knows of one lane of a queue: a few runs, however
// many messages there are.
type lane struct {
	queue, number uint64

	// runs is in the order of lo. Runs may overlap: messages are not always
	// written in the order of their numbers. Empty ones stay until there are
	// many.
	runs  []*run
	empty int
	hint  int // where the last settlement was

	last  uint64 // the highest number written
	saved uint64 // what is on disk of last
	dirty bool   // in index.dirtyLanes

	recovered store.Extent // what was there when the store was opened
}

// add puts a run in its place.
func (l *lane) add(r *run) {
	i := len(l.runs)
	if i > 0 && l.runs[i-1].lo > r.lo {
		i, _ = slices.BinarySearchFunc(l.runs, r.lo, func(r *run, lo uint64) int {
			return cmp.Compare(r.lo, lo)
		})
	}
	l.runs = slices.Insert(l.runs, i, r)
	reach := r.hi
	if i > 0 {
		reach = max(reach, l.runs[i-1].reach)
	}
	r.reach = reach
	for _, after := range l.runs[i+1:] {
		if after.reach >= reach {
			break
		}
		after.reach = reach
	}
}

// find returns the index of the first run that may hold numbers from lo on.
func (l *lane) find(lo uint64) int {
	if h := l.hint; h < len(l.runs) && l.runs[h].reach >= lo && (h == 0 || l.runs[h-1].reach < lo) {
		return h
	}
	i, _ := slices.BinarySearchFunc(l.runs, lo, func(r *run, lo uint64) int {
		if r.reach < lo {
			return -1
		}
		return 1
	})
	return i
}

// settle takes the numbers of span out of the lane, and tells of every segment
// that lost messages by it.
func (l *lane) settle(span store.Span, lost func(*segment, uint32)) {
	i := l.find(span.Lo)
	l.hint = i
	for ; i < len(l.runs) && l.runs[i].lo <= span.Hi; i++ {
		r := l.runs[i]
		n := r.settle(span)
		if n == 0 {
			continue
		}
		lost(r.segment, n)
		if r.live == 0 {
			l.empty++
		}
	}
	l.trim()
}

// trim forgets the empty runs in front, and the others when they are many.
func (l *lane) trim() {
	front := 0
	for front < len(l.runs) && l.runs[front].live == 0 {
		l.runs[front] = nil
		front++
	}
	l.runs = l.runs[front:]
	l.empty -= front
	l.hint = max(0, l.hint-front)
	if l.empty > 16 && l.empty > len(l.runs)/2 {
		l.runs = slices.DeleteFunc(l.runs, func(r *run) bool { return r.live == 0 })
		l.empty, l.hint = 0, 0
	}
}

// A place is where a message is: its number, and its segment and ordinal there.
type place struct {
	seq     uint64
	segment *segment
	ordinal uint32
}

// places returns the first of the messages in span that are not settled, max at
// most, in their order.
func (l *lane) places(span store.Span, max int) []place {
	var found []place
	for i := l.find(span.Lo); i < len(l.runs) && l.runs[i].lo <= span.Hi; i++ {
		r := l.runs[i]
		if len(found) >= max && r.lo > found[max-1].seq {
			break
		}
		sorted, taken := len(found) == 0 || r.lo > found[len(found)-1].seq, 0
		r.each(span, func(seq uint64, ordinal uint32) bool {
			found = append(found, place{seq: seq, segment: r.segment, ordinal: ordinal})
			taken++
			return taken < max
		})
		if !sorted {
			slices.SortFunc(found, func(a, b place) int { return cmp.Compare(a.seq, b.seq) })
		}
		found = found[:min(len(found), max)]
	}
	return found
}
