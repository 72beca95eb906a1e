package store

import (
	"cmp"
	"slices"

	"github.com/harebellmq/harebell/amqp"
)

// memoryLane is the messages of one lane of a queue, in pages: a page has a slot
// for each of 256 neighbouring numbers and exists while one of them holds a
// message. So neither gaps nor what lies between two messages cost anything.
type memoryLane struct {
	number uint64
	pages  []*page // by number
	spare  *page   // an empty one, for the next
	last   uint64  // the highest number that ever held a message
}

const pageShift = 8

type page struct {
	number uint64 // the numbers of its messages, without the low bits
	live   int
	slots  [1 << pageShift]slot
}

type slot struct {
	message *amqp.Message // nil: there is none
	expires int64
}

// seq returns the number that belongs to slot i.
func (p *page) seq(i int) uint64 { return p.number<<pageShift | uint64(i) }

// find returns where the page with number is, or should be.
func (l *memoryLane) find(number uint64) (int, bool) {
	// The newest and the oldest page are asked for most.
	switch n := len(l.pages); {
	case n == 0 || number > l.pages[n-1].number:
		return n, false
	case number == l.pages[n-1].number:
		return n - 1, true
	case number == l.pages[0].number:
		return 0, true
	}
	return slices.BinarySearchFunc(l.pages, number, func(p *page, n uint64) int {
		return cmp.Compare(p.number, n)
	})
}

func (l *memoryLane) put(s Stored) {
	number := s.Seq >> pageShift
	i, found := l.find(number)
	if !found {
		l.pages = slices.Insert(l.pages, i, l.newPage(number))
	}
	p := l.pages[i]
	at := &p.slots[s.Seq&(1<<pageShift-1)]
	if at.message == nil {
		p.live++
	}
	*at = slot{message: s.Message, expires: s.Expires}
	l.last = max(l.last, s.Seq)
}

func (l *memoryLane) newPage(number uint64) *page {
	p := l.spare
	if p == nil {
		p = new(page)
	}
	l.spare = nil
	p.number = number
	return p
}

// settle takes the messages of span away.
func (l *memoryLane) settle(span Span) {
	first, _ := l.find(span.Lo >> pageShift)
	end := first
	for ; end < len(l.pages) && l.pages[end].number <= span.Hi>>pageShift; end++ {
		l.pages[end].clear(span)
	}
	l.dropEmpty(first, end)
}

// clear empties the slots in span and returns how many held a message.
func (p *page) clear(span Span) (cleared uint64) {
	lo, hi := max(span.Lo, p.seq(0)), min(span.Hi, p.seq(1<<pageShift-1))
	for i := lo; i <= hi; i++ {
		if at := &p.slots[i&(1<<pageShift-1)]; at.message != nil {
			*at = slot{}
			cleared++
		}
	}
	p.live -= int(cleared)
	return cleared
}

// dropEmpty removes the empty pages from first to before end.
func (l *memoryLane) dropEmpty(first, end int) {
	keep := first
	for i := first; i < end; i++ {
		if l.pages[i].live == 0 {
			l.spare = l.pages[i]
			continue
		}
		l.pages[keep] = l.pages[i]
		keep++
	}
	switch {
	case keep == end:
	case keep == 0: // the oldest are gone: nothing need be moved
		clear(l.pages[:end])
		l.pages = l.pages[end:]
	default:
		l.pages = slices.Delete(l.pages, keep, end)
	}
}

func (l *memoryLane) load(span Span, max int) []Stored {
	var found []Stored
	i, _ := l.find(span.Lo >> pageShift)
	for ; i < len(l.pages) && l.pages[i].number <= span.Hi>>pageShift; i++ {
		p := l.pages[i]
		for j := range p.slots {
			at, seq := &p.slots[j], p.seq(j)
			if at.message == nil || seq < span.Lo || seq > span.Hi {
				continue
			}
			if len(found) == max {
				return found
			}
			found = append(found, Stored{Seq: seq, Expires: at.expires, Message: at.message})
		}
	}
	return found
}

func (l *memoryLane) forgetTransient() {
	for _, p := range l.pages {
		for i := range p.slots {
			if at := &p.slots[i]; at.message != nil && !at.message.Persistent {
				*at = slot{}
				p.live--
			}
		}
	}
	l.dropEmpty(0, len(l.pages))
}

func (l *memoryLane) extent() Extent {
	e := Extent{Last: l.last}
	for _, p := range l.pages {
		for i := range p.slots {
			if p.slots[i].message == nil {
				continue
			}
			seq := p.seq(i)
			if e.Messages == 0 {
				e.Lo = seq
			}
			e.Hi = seq
			e.Messages++
			e.Bytes += int64(len(p.slots[i].message.Body))
		}
	}
	return e
}
