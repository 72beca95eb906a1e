package badger

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/store/internal/idset"
)

// The index is all the store keeps in memory: which segments there are, which of
// their messages are not settled, and what of this is not on disk yet. It costs
// a few octets for each run of messages, not for each message.
//
// What is settled is known by segment, not by queue: a segment has a bit for each
// of its references. So numbers that never reach the disk (of transient and
// cancelled messages) leave no trace.
type index struct {
	mu       sync.Mutex // guards all below
	queues   map[uint64]*queue
	dropped  idset.Set // queues whose last messages may be on their way
	segments map[uint64]*segment

	fresh      []*segment // locations not in the database
	dirty      []*segment // settlements not on disk
	dirtyLanes []*lane    // last not on disk
	lostLanes  []*lane    // of dropped queues
	strays     [][]byte   // keys to delete that belong to nothing

	round   uint32 // of cleaning
	small   int    // segments that are
	crowded int    // how many of them are too many
}

// everything is the span of all numbers of all lanes.
var everything = store.Span{Hi: ^uint64(0)}

// A queue is its lanes, in the order of their numbers. There is one unless it is
// a priority queue.
type queue struct {
	lanes []*lane
}

// A segment is what is known of one on disk.
type segment struct {
	number  uint64
	file    *file
	offset  int64  // in the file
	size    int64  // octets
	refs    uint32 // how many places of messages it has
	live    uint32 // those not settled
	noted   bool   // the database has its location
	marked  bool   // it has a live record there
	dirty   bool   // in index.dirty
	gone    bool   // deleted
	fixed   bool   // cannot be cleaned
	touched uint32 // the round of cleaning in which it last lost a message
	runs    []run
}

func newIndex() *index {
	return &index{
		queues:   make(map[uint64]*queue),
		segments: make(map[uint64]*segment),
	}
}

// find returns the lane that seq belongs to, or nil if nothing was ever written
// there.
func (x *index) find(id, seq uint64) *lane {
	if q := x.queues[id]; q != nil {
		for _, l := range q.lanes {
			if l.number == seq>>store.LaneShift {
				return l
			}
		}
	}
	return nil
}

// lane returns the lane that seq belongs to, which may be new.
func (x *index) lane(id, seq uint64) *lane {
	q := x.queues[id]
	if q == nil {
		q = new(queue)
		x.queues[id] = q
	}
	number := seq >> store.LaneShift
	if len(q.lanes) > 0 && q.lanes[0].number == number {
		return q.lanes[0]
	}
	i, found := slices.BinarySearchFunc(q.lanes, number, func(l *lane, n uint64) int {
		return cmp.Compare(l.number, n)
	})
	if !found {
		q.lanes = slices.Insert(q.lanes, i, &lane{queue: id, number: number})
	}
	return q.lanes[i]
}

// settled reports whether a message that is about to be written is settled there
// already.
func (x *index) settled(r *store.Ref) bool {
	return r.Settled() || x.dropped.Has(r.Queue)
}

// add puts a segment with these references into the index; those that live does
// not tell of are settled (nil: none are). Its number of live references is
// counted here.
func (x *index) add(s *segment, refs []ref, live func(ordinal int) bool) {
	s.runs = newRuns(s, refs, live)
	for i := range refs {
		if i+1 == len(refs) || !sameLane(&refs[i], &refs[i+1]) {
			l := x.lane(refs[i].queue, refs[i].seq)
			l.last = max(l.last, refs[i].seq)
		}
	}
	for i := range s.runs {
		r := &s.runs[i]
		x.lane(refs[r.first].queue, r.lo).add(r)
		s.live += r.live
	}
	s.touched = x.round
	x.segments[s.number] = s
	if s.small() {
		x.small++
	}
	if !s.noted {
		x.fresh = append(x.fresh, s)
	}
}

// settle notes that a queue is done with the messages of a span.
func (x *index) settle(s store.Settled) {
	l := x.find(s.Queue, s.Span.Lo)
	if l == nil || s.Span.Lo > s.Span.Hi {
		return
	}
	l.settle(s.Span, x.lose)
	if l.last > l.saved {
		x.touchLane(l)
	}
}

// lose notes that n messages of s are settled.
func (x *index) lose(s *segment, n uint32) {
	s.live -= n
	s.touched = x.round
	x.touch(s)
}

func (x *index) touch(s *segment) {
	if !s.dirty {
		s.dirty = true
		x.dirty = append(x.dirty, s)
	}
}

func (x *index) touchLane(l *lane) {
	if !l.dirty {
		l.dirty = true
		x.dirtyLanes = append(x.dirtyLanes, l)
	}
}

// drop forgets a queue with all its messages.
func (x *index) drop(id uint64) {
	x.dropped.Add(id, id)
	q := x.queues[id]
	if q == nil {
		return
	}
	delete(x.queues, id)
	for _, l := range q.lanes {
		for _, r := range l.runs {
			if r.live > 0 {
				x.lose(r.segment, r.live)
				r.live, r.bits = 0, nil
			}
		}
		l.runs = nil
		x.lostLanes = append(x.lostLanes, l)
	}
}

// retain drops all queues but these.
func (x *index) retain(queues []uint64) {
	keep := make(map[uint64]bool, len(queues))
	for _, id := range queues {
		keep[id] = true
	}
	for id := range x.queues {
		if !keep[id] {
			x.drop(id)
		}
	}
}

// remove forgets a segment.
func (x *index) remove(s *segment) {
	delete(x.segments, s.number)
	if s.small() {
		x.small--
	}
}

// places returns where messages of a queue are, see lane.places.
func (x *index) places(id uint64, span store.Span, max int) []place {
	if l := x.find(id, span.Lo); l != nil {
		return l.places(span, max)
	}
	return nil
}

// placesOf returns where all messages of a queue are.
func (x *index) placesOf(id uint64) (all []place) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if q := x.queues[id]; q != nil {
		for _, l := range q.lanes {
			all = append(all, l.places(everything, math.MaxInt)...)
		}
	}
	return all
}

// holds reports whether s holds a message that is not settled.
func (x *index) holds(s *segment, r ref) bool {
	at := x.places(r.queue, store.Span{Lo: r.seq, Hi: r.seq}, 1)
	return len(at) > 0 && at[0].segment == s
}

// alive reports whether s still has messages, by what is written or will be.
func (x *index) alive(s *segment) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.segments[s.number] == s
}

// unsettled reports whether anything is settled of which the database does not
// know.
func (x *index) unsettled() bool {
	return len(x.dirty)+len(x.dirtyLanes)+len(x.lostLanes)+len(x.strays) > 0
}

// liveBits returns a bit for each reference of s, set while it is not settled.
func (s *segment) liveBits() []byte {
	b := make([]byte, (s.refs+7)/8)
	for i := range s.runs {
		s.runs[i].each(everything, func(_ uint64, ordinal uint32) bool {
			b[ordinal/8] |= 1 << (ordinal % 8)
			return true
		})
	}
	return b
}
