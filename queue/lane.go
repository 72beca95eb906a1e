package queue

import (
	"container/heap"

	"github.com/harebellmq/harebell/store"
)

// A lane is the ready messages of one priority, oldest first. A queue without
// priorities has one lane. In order, a lane is
//
//	head       entries in memory
//	paged      extents whose entries are only on disk
//	tail       entries in memory, empty unless something is paged
//
// and among them deliveries that came back: of a classic queue those are all older
// than the rest.
type lane struct {
	returned returned
	head     deque
	paged    []store.Extent
	tail     deque

	taken      map[uint64]bool // of what is paged, by number: what Take has taken out
	last       uint64          // the number given last
	loading    bool            // a Load is under way
	generation int             // counts purges, so that what is being loaded can be told from what is new
	top        [1]Entry        // of returned, as front shows it
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
	if len(l.returned) > 0 && l.returnedIsNext() {
		if l.returned[0].Message == nil {
			return nil
		}
		l.top[0] = l.returned[0].Entry
		return l.top[:]
	}
	if l.head.len() == 0 && len(l.paged) == 0 {
		// What was to be paged has not been written so soon.
		l.head, l.tail = l.tail, deque{}
	}
	es := l.head.front(n)
	if len(l.returned) > 0 {
		return l.beforeReturned(es)
	}
	return es
}

// beforeReturned returns the first of es, up to where one that came back has its
// place.
func (l *lane) beforeReturned(es []Entry) []Entry {
	for i := range es {
		if es[i].seq > l.returned[0].after {
			return es[:i]
		}
	}
	return es
}

// returnedIsNext reports whether the next entry is one that came back, if there are
// any of those.
func (l *lane) returnedIsNext() bool {
	first := uint64(0)
	switch {
	case l.head.len() > 0:
		first = l.head.at(0).seq
	case len(l.paged) > 0:
		first = l.paged[0].Lo
	case l.tail.len() > 0:
		first = l.tail.at(0).seq
	}
	return first == 0 || first > l.returned[0].after
}

// returnedFirst reports whether the first entry came back to the very front.
func (l *lane) returnedFirst() bool { return len(l.returned) > 0 && l.returned[0].after == 0 }

// drop removes the first n entries that front returned.
func (l *lane) drop(n int) {
	switch {
	case n == 0:
	case len(l.returned) > 0 && l.returnedIsNext():
		heap.Pop(&l.returned)
		l.top[0] = Entry{}
	default:
		l.head.drop(n)
	}
}

// giveBack puts an entry behind those with numbers up to after, and among others
// that came back to this place by turn.
func (l *lane) giveBack(e Entry, after, turn uint64) {
	heap.Push(&l.returned, returnedEntry{Entry: e, after: after, turn: turn})
}
