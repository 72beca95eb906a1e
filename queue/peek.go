package queue

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sort"

	"github.com/harebellmq/harebell/store"
)

// A Look is which messages of a queue somebody wants to see, and how much of them.
type Look struct {
	From     uint64 // number of the first; 0 for the one that is delivered next
	Newest   bool   // the last ones instead, as far as their numbers are without gaps
	Messages int    // at most
	Bytes    int64  // of bodies; of one message there may be more
}

// A Sight is what Peek has seen.
type Sight struct {
	Entries []Entry
	Next    uint64 // number to go on from; 0 if there is nothing behind

	// Of a stream, the numbers of its first and its last message; 0 if there are none.
	First, Last uint64
}

// Number returns the message's number in its queue, which it keeps as long as it is
// there. The order of numbers is that of publishing, among messages of one priority.
func (e *Entry) Number() uint64 { return e.seq }

// Expires returns when the message expires, in Unix milliseconds, 0 for never; in a
// stream, when it was published.
func (e *Entry) Expires() int64 { return e.expires }

// Peek implements Queue.
func (q *FIFO) Peek(want Look) (seen Sight, err error) {
	from, left := q.from(want), want.Bytes
	for len(seen.Entries) < want.Messages && left > 0 {
		es, next, err := q.peek(from, want.Messages-len(seen.Entries))
		if err != nil {
			return Sight{}, err
		}
		for i := range es {
			left -= int64(es[i].size)
			if left < 0 && len(seen.Entries) > 0 {
				next = es[i].seq
				break
			}
			seen.Entries = append(seen.Entries, es[i])
		}
		if from = next; from == 0 {
			break
		}
	}
	seen.Next = q.onward(from)
	return seen, nil
}

// from returns the number at which to begin.
func (q *FIFO) from(want Look) uint64 {
	q.mu.Lock()
	defer q.unlock()
	switch {
	case want.Newest:
		for i := range q.lanes {
			if l := &q.lanes[i]; !l.empty() {
				return l.newest(want.Messages)
			}
		}
	case want.From == 0 || want.From>>store.LaneShift >= uint64(len(q.lanes)):
		return firstOf(len(q.lanes) - 1)
	}
	return want.From
}

// firstOf is where the numbers of a lane begin.
func firstOf(lane int) uint64 { return uint64(lane)<<store.LaneShift + 1 }

// onward returns the number itself, or 0 if there is no message from there on.
func (q *FIFO) onward(from uint64) uint64 {
	q.mu.Lock()
	defer q.unlock()
	for from != 0 {
		if g := q.glance(from, 1); len(g.es) > 0 || g.span.Lo != 0 {
			return from
		}
		from = q.below(from)
	}
	return 0
}

// below returns where the lane begins that is delivered after the one of a number, 0
// if there is none.
func (q *FIFO) below(from uint64) uint64 {
	lane := int(from >> store.LaneShift)
	if lane == 0 || lane >= len(q.lanes) {
		return 0
	}
	return firstOf(lane - 1)
}

// peek returns some of the next entries, at least one if there are any, and the number
// behind them. What is not in memory it waits for.
func (q *FIFO) peek(from uint64, most int) (es []Entry, next uint64, err error) {
	q.mu.Lock()
	g := q.glance(from, most)
	below := q.below(from)
	q.unlock()
	switch {
	case len(g.es) > 0:
		return g.es, g.es[len(g.es)-1].seq + 1, nil
	case g.span.Lo == 0:
		return nil, below, nil
	}
	if g.slim != nil {
		most = loadMost // there may be many among them that are unacked
	}
	ms, err := q.load(g.span, most)
	if err != nil || len(ms) == 0 { // those that are missing are damaged, or gone by now
		return nil, g.span.Hi + 1, err
	}
	return q.still(g, ms), ms[len(ms)-1].Seq + 1, nil
}

// still makes entries of those messages read back that were meant, and may be
// delivered.
func (q *FIFO) still(g glimpse, ms []store.Stored) (es []Entry) {
	q.mu.Lock()
	defer q.unlock()
	for i := range ms {
		if g.slim != nil {
			if e, meant := g.slim[ms[i].Seq]; meant {
				e.Message = ms[i].Message
				es = append(es, e)
			}
			continue
		}
		if e, ready := q.readyEntry(&ms[i]); ready && !g.taken[e.seq] {
			es = append(es, e)
		}
	}
	return es
}

// readyEntry makes an entry of a message as the store has it, and reports whether it
// could be delivered.
func (q *FIFO) readyEntry(m *store.Stored) (e Entry, ready bool) {
	e = q.foundEntry(m)
	n := q.notes.get(e.seq)
	if n.returns > 0 {
		e.count, e.Redelivered = n.returns+1, true
	}
	return e, n.dead == "" && n.until <= q.moment()
}

// A glimpse is entries that are in memory or, if there are none, what is to be read
// back to see the next ones.
type glimpse struct {
	es    []Entry
	span  store.Span
	slim  map[uint64]Entry // of span, those that only lack their messages; nil if all are paged
	taken map[uint64]bool  // of what is paged
}

// glance looks at a lane from a number on.
func (q *FIFO) glance(from uint64, most int) (g glimpse) {
	lane := int(from >> store.LaneShift)
	if q.deleted || lane >= len(q.lanes) {
		return g
	}
	l := &q.lanes[lane]
	es := l.inMemory(from, most)
	for _, x := range l.paged {
		if x.Hi < from || x.Messages == 0 { // all of it was taken
			continue
		}
		g.span = store.Span{Lo: max(from, x.Lo), Hi: x.Hi}
		if len(es) > 0 && es[0].seq <= g.span.Lo {
			behind, _ := slices.BinarySearchFunc(es, g.span.Lo+1, bySeqOf)
			es, g.span = es[:behind], store.Span{}
			break
		}
		if len(es) > 0 {
			g.span.Hi = min(g.span.Hi, es[0].seq-1)
		}
		g.taken = maps.Clone(l.taken)
		return g
	}
	if len(es) == 0 || es[0].Message != nil {
		if slim := slices.IndexFunc(es, func(e Entry) bool { return e.Message == nil }); slim > 0 {
			es = es[:slim]
		}
		g.es = es
		return g
	}
	g.slim = make(map[uint64]Entry)
	for i := 0; i < len(es) && es[i].Message == nil; i++ {
		g.slim[es[i].seq] = es[i]
		g.span = store.Span{Lo: es[0].seq, Hi: es[i].seq}
	}
	return g
}

func bySeqOf(e Entry, seq uint64) int { return cmp.Compare(e.seq, seq) }

// inMemory returns the first entries of a lane from a number on that have not been left
// to the disk, in the order of their numbers. The messages of some may be gone.
func (l *lane) inMemory(from uint64, most int) (es []Entry) {
	first := func() {
		slices.SortFunc(es, func(a, b Entry) int { return cmp.Compare(a.seq, b.seq) })
		es = es[:min(len(es), most)]
	}
	for i := range l.returned {
		if e := l.returned[i].Entry; e.seq >= from {
			if es = append(es, e); len(es) > 2*most {
				first()
			}
		}
	}
	for _, d := range []*deque{&l.head, &l.tail} {
		i := d.find(from)
		for end := min(d.len(), i+most); i < end; i++ {
			es = append(es, *d.at(i))
		}
	}
	first()
	return es
}

// newest returns the number of the message with about so many behind it.
func (l *lane) newest(most int) uint64 {
	switch n, m := l.tail.len(), l.head.len(); {
	case n >= most:
		return l.tail.at(n - most).seq
	case len(l.paged) == 0 && n == 0 && m > 0:
		return l.head.at(max(0, m-most)).seq
	}
	return max(l.last, uint64(most)) - uint64(most) + 1
}

// find returns the index of the first entry with a number from seq on, or how many
// entries there are. They are in the order of their numbers.
func (d *deque) find(seq uint64) int {
	return sort.Search(d.count, func(i int) bool { return d.at(i).seq >= seq })
}

// Peek implements Queue. It shows only what is written, as consumers get it.
func (q *stream) Peek(want Look) (seen Sight, err error) {
	from, left := want.From, want.Bytes
	if want.Newest {
		from = math.MaxUint64
	}
	for len(seen.Entries) < want.Messages && left > 0 {
		var es []Entry
		if es, from, err = q.peek(from, want.Messages-len(seen.Entries), &seen); err != nil {
			return Sight{}, err
		}
		for i := range es {
			left -= int64(es[i].size)
			if left < 0 && len(seen.Entries) > 0 {
				from = es[i].seq
				break
			}
			seen.Entries = append(seen.Entries, es[i])
		}
		if from > seen.Last {
			return seen, nil
		}
	}
	seen.Next = from
	return seen, nil
}

// peek returns some of the next messages, and the number behind them. From behind the
// last it goes back to see so many.
func (q *stream) peek(from uint64, most int, seen *Sight) (es []Entry, next uint64, err error) {
	q.mu.Lock()
	if q.messages == 0 || q.written < q.first {
		q.unlock()
		return nil, math.MaxUint64, nil
	}
	seen.First, seen.Last = q.first, q.written
	if from == math.MaxUint64 {
		from = max(q.written, uint64(most)) - uint64(most) + 1
	}
	from = max(from, q.first)
	span := store.Span{Lo: from, Hi: min(q.tail.begin(q.last+1)-1, q.written)}
	if from > span.Hi {
		es = slices.Clone(q.tail.from(from, min(q.written, from+uint64(most)-1)))
		q.unlock()
		return es, from + uint64(max(len(es), 1)), nil
	}
	q.unlock()
	ms, err := q.read(span, most)
	if err != nil || len(ms) == 0 {
		return nil, span.Hi + 1, err
	}
	for i := range ms {
		m := ms[i].Message
		es = append(es, Entry{Message: withOffset(m, ms[i].Seq), size: uint32(len(m.Body)), seq: ms[i].Seq, expires: ms[i].Expires, onDisk: true})
	}
	return es, ms[len(ms)-1].Seq + 1, nil
}
