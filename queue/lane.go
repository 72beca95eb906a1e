package queue

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/harebellmq/harebell/store"
)

// A lane is the ready messages of one priority, oldest first. A queue without
// priorities has one lane. In order, a lane is
//
//	returned   deliveries that were requeued; all older than the rest
//	head       entries in memory
//	paged      extents whose entries are only on disk
//	tail       entries in memory, empty unless something is paged
type lane struct {
	returned returned
	head     deque
	paged    []store.Extent
	tail     deque

	last       uint64 // the number given last
	loading    bool   // a Load is under way
	generation int    // counts purges, so that what is being loaded can be told from what is new
}

func (l *lane) empty() bool {
	return l.head.len() == 0 && len(l.returned) == 0 && len(l.paged) == 0 && l.tail.len() == 0
}

func (l *lane) push(e Entry) {
	if len(l.paged) > 0 || l.tail.len() > 0 {
		l.tail.push(e)
		return
	}
	l.head.push(e)
}

// front returns the next entries that can be handed out together, at most n. It
// is empty if the lane is, and if the next one is not in memory.
func (l *lane) front(n int) []Entry {
	if len(l.returned) > 0 {
		if l.returned[0].Message == nil {
			return nil
		}
		return l.returned[:1]
	}
	if l.head.len() == 0 && len(l.paged) == 0 {
		// What was to be paged has not been written so soon.
		l.head, l.tail = l.tail, deque{}
	}
	return l.head.front(n)
}

// drop removes the first n entries that front returned.
func (l *lane) drop(n int) {
	if len(l.returned) > 0 {
		if n > 0 {
			heap.Pop(&l.returned)
		}
		return
	}
	l.head.drop(n)
}

func (l *lane) giveBack(e Entry) { heap.Push(&l.returned, e) }

// sorted returns the entries in their order.
func (r returned) sorted() []Entry {
	return slices.SortedFunc(slices.Values(r), func(a, b Entry) int { return cmp.Compare(a.seq, b.seq) })
}

// returned is a heap of entries, the lowest number on top.
type returned []Entry

func (r returned) Len() int           { return len(r) }
func (r returned) Less(i, j int) bool { return r[i].seq < r[j].seq }
func (r returned) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *returned) Push(x any)        { *r = append(*r, x.(Entry)) }

func (r *returned) Pop() any {
	last := len(*r) - 1
	e := (*r)[last]
	(*r)[last] = Entry{}
	*r = (*r)[:last]
	return e
}
