package queue

import (
	"cmp"
	"slices"
)

// A returnedEntry is a delivery that came back, and where in its lane it has its
// place: behind the entries with numbers up to after, and among those that share
// this place by turn.
type returnedEntry struct {
	Entry
	after uint64
	turn  uint64
}

func (a *returnedEntry) compare(b *returnedEntry) int {
	return cmp.Or(cmp.Compare(a.after, b.after), cmp.Compare(a.turn, b.turn))
}

// returned is a heap of entries, the one that leaves first on top.
type returned []returnedEntry

func (r returned) Len() int           { return len(r) }
func (r returned) Less(i, j int) bool { return r[i].compare(&r[j]) < 0 }
func (r returned) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *returned) Push(x any)        { *r = append(*r, x.(returnedEntry)) }

func (r *returned) Pop() any {
	last := len(*r) - 1
	e := (*r)[last]
	(*r)[last] = returnedEntry{}
	*r = (*r)[:last]
	return e
}

// sorted returns the entries in their order.
func (r returned) sorted() []Entry {
	s := slices.Clone(r)
	slices.SortFunc(s, func(a, b returnedEntry) int { return a.compare(&b) })
	es := make([]Entry, len(s))
	for i := range s {
		es[i] = s[i].Entry
	}
	return es
}
