package queue

import (
	"container/heap"
	"maps"
	"slices"

	"github.com/harebellmq/harebell/store"
)

// Take implements Queue.
func (q *FIFO) Take(number uint64) (e Entry, ok bool, err error) {
	e, found := q.pick(number, nil)
	if !found || e.Message != nil {
		return e, found, nil
	}
	// It is only on disk, if it is there at all. It stays ready while it is read: so it
	// is looked for again then.
	ms, err := q.load(store.Span{Lo: number, Hi: number}, 1)
	if err != nil || len(ms) == 0 {
		return Entry{}, false, err
	}
	e, found = q.pick(number, &ms[0])
	return e, found, nil
}

// pick takes an entry out of its lane. One that is not in memory is only said to be
// found, unless the store has given it.
func (q *FIFO) pick(number uint64, given *store.Stored) (e Entry, found bool) {
	q.mu.Lock()
	defer q.unlock()
	lane := int(number >> store.LaneShift)
	if q.deleted || lane >= len(q.lanes) {
		return e, false
	}
	l := &q.lanes[lane]
	if i := slices.IndexFunc(l.returned, func(r returnedEntry) bool { return r.seq == number }); i >= 0 {
		if e = l.returned[i].Entry; e.Message == nil && given == nil {
			return e, true
		}
		heap.Remove(&l.returned, i)
		return q.picked(e, given), true
	}
	for _, d := range []*deque{&l.head, &l.tail} {
		if i := d.find(number); i < d.len() && d.at(i).seq == number {
			return q.picked(d.remove(i), nil), true
		}
	}
	i := slices.IndexFunc(l.paged, func(x store.Extent) bool { return x.Lo <= number && number <= x.Hi })
	if i < 0 || l.taken[number] {
		return e, false
	}
	if given == nil {
		return e, true
	}
	var ready bool
	if e, ready = q.readyEntry(given); !ready {
		return Entry{}, false
	}
	x := &l.paged[i]
	x.Messages--
	x.Bytes -= int64(e.size)
	if l.taken == nil {
		l.taken = make(map[uint64]bool)
	}
	l.taken[number] = true // so that it is not read back with its neighbours
	e.Message = nil        // of those that are left to the disk none counts as in memory
	return q.picked(e, given), true
}

// picked counts an entry out that was ready, and returns it with its message.
func (q *FIFO) picked(e Entry, given *store.Stored) Entry {
	q.left([]Entry{e})
	q.unacked++
	q.unackedBytes += int64(e.size)
	q.unique.forget(e.seq) // or the queue would leave out its copy as its like
	if e.Message == nil {
		e.Message = given.Message
	}
	return e
}

// Drop implements Queue.
func (q *FIFO) Drop(e Entry) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.cameBack([]Entry{e})
	q.settle([]Entry{e})
	q.deliver()
}

// PutBack implements Queue.
func (q *FIFO) PutBack(e Entry) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.cameBack([]Entry{e})
	if q.unique.on {
		q.unique.add(e.seq, e.Message)
	}
	q.expiry.used = q.expiry.used || e.expires != 0
	lane := int(e.seq >> store.LaneShift)
	q.lanes[lane].giveBack(e, e.seq, 0)
	q.entered(lane, &e)
	q.trim()
	q.expire()
	q.deliver()
}

// readPast forgets what was taken with numbers up to one that is read back.
func (l *lane) readPast(upTo uint64) {
	for seq := range l.taken {
		if seq <= upTo {
			delete(l.taken, seq)
		}
	}
}

// untaken returns what a span of what is paged leaves without what was taken, which may
// come back.
func (l *lane) untaken(s store.Span) (left []store.Span) {
	for _, seq := range slices.Sorted(maps.Keys(l.taken)) {
		if seq < s.Lo || seq > s.Hi {
			continue
		}
		if seq > s.Lo {
			left = append(left, store.Span{Lo: s.Lo, Hi: seq - 1})
		}
		s.Lo = seq + 1
	}
	if s.Lo <= s.Hi {
		left = append(left, s)
	}
	return left
}

// remove takes the i-th entry out. It moves those before it, or those behind it if
// these are fewer.
func (d *deque) remove(i int) Entry {
	e := *d.at(i)
	if i < d.count/2 {
		for ; i > 0; i-- {
			*d.at(i) = *d.at(i - 1)
		}
		d.drop(1)
		return e
	}
	for ; i < d.count-1; i++ {
		*d.at(i) = *d.at(i + 1)
	}
	*d.at(i) = Entry{}
	if d.count--; d.count == 0 {
		d.first = 0
	}
	return e
}

// Take implements Queue.
func (q *stream) Take(uint64) (Entry, bool, error) {
	return Entry{}, false, q.decl.unsupported("taking a single message")
}

// Drop implements Queue: nothing was taken.
func (q *stream) Drop(Entry) {}

// PutBack implements Queue: nothing was taken.
func (q *stream) PutBack(Entry) {}
