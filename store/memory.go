package store

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/harebellmq/harebell/store/internal/idset"
)

// Memory is a Store that forgets everything with its process. Brokers that need
// nothing to last use it, and tests: as the model of what a store does, and,
// with Reopen, as a disk that is always quick.
//
// It answers at once: Append calls receipts and Done before it returns, with no
// lock held.
type Memory struct {
	opened map[uint64][]Extent // what Backlog tells

	mu      sync.Mutex // guards all below
	queues  map[uint64]*memoryQueue
	dropped idset.Set // queues whose last messages may be on their way
	docs    map[Kind]map[string][]byte
	next    uint64 // queue id
	err     error
	closed  bool
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		queues: make(map[uint64]*memoryQueue),
		docs:   make(map[Kind]map[string][]byte),
	}
}

// Reopen returns a store that holds what m holds, as if the process had ended
// and the disk been read again: definitions and the persistent messages that are
// not settled. m must be closed and is empty afterwards.
func (m *Memory) Reopen() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	again := &Memory{
		opened: make(map[uint64][]Extent),
		queues: m.queues,
		docs:   m.docs,
		next:   m.next,
	}
	m.queues = make(map[uint64]*memoryQueue)
	m.docs = make(map[Kind]map[string][]byte)
	for id, q := range again.queues {
		q.forgetTransient()
		again.opened[id] = q.extents()
	}
	return again
}

// NextQueueID implements Store.
func (m *Memory) NextQueueID() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next++
	return m.next
}

// Append implements Store.
func (m *Memory) Append(b Batch) {
	claimed, err := m.apply(b)
	Answer(claimed, err)
	if b.Done != nil {
		b.Done(err)
	}
}

// Sync implements Store.
func (m *Memory) Sync() error {
	_, err := m.apply(Batch{})
	return err
}

// apply keeps b and returns the records to answer, and with what.
func (m *Memory) apply(b Batch) (claimed []*Record, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	claimed = claim(b.Records)
	if m.closed {
		return claimed, ErrClosed
	}
	if m.err != nil {
		return claimed, m.err
	}

	for _, id := range b.Dropped {
		delete(m.queues, id)
		m.dropped.Add(id, id)
	}
	for _, r := range claimed {
		refs := r.Refs()
		for i := range refs {
			ref := &refs[i]
			if !ref.Settled() && !m.dropped.Has(ref.Queue) {
				m.queue(ref.Queue).put(Stored{Seq: ref.Seq, Expires: ref.Expires, Message: r.Message})
			}
		}
	}
	for _, s := range b.Settled {
		if q := m.queues[s.Queue]; q != nil {
			q.settle(s.Span)
		}
	}
	for _, d := range b.Docs {
		m.setDoc(d)
	}
	return claimed, nil
}

// claim returns those of records that were not cancelled. Usually these are
// all, and nothing is copied.
func claim(records []*Record) []*Record {
	claimed, copied := records, false
	for i, r := range records {
		switch ok := r.Claim(); {
		case !ok && !copied:
			claimed, copied = slices.Clone(records[:i]), true
		case ok && copied:
			claimed = append(claimed, r)
		}
	}
	return claimed
}

func (m *Memory) queue(id uint64) *memoryQueue {
	q := m.queues[id]
	if q == nil {
		q = new(memoryQueue)
		m.queues[id] = q
	}
	return q
}

func (m *Memory) setDoc(d Doc) {
	if d.Value == nil {
		delete(m.docs[d.Kind], d.Key)
		return
	}
	if m.docs[d.Kind] == nil {
		m.docs[d.Kind] = make(map[string][]byte)
	}
	m.docs[d.Kind][d.Key] = d.Value
}

// Room implements Store: there always is.
func (m *Memory) Room() <-chan struct{} { return always }

var always = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Load implements Store.
func (m *Memory) Load(queue uint64, span Span, max int, done func([]Stored, error)) {
	go func() {
		done(m.load(queue, span, max))
	}()
}

func (m *Memory) load(queue uint64, span Span, max int) ([]Stored, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	if q := m.queues[queue]; q != nil {
		return q.load(span, max), nil
	}
	return nil, nil
}

// Docs implements Store. It shows the definitions as they are when the loop
// begins.
func (m *Memory) Docs(k Kind) iter.Seq2[Doc, error] {
	return func(yield func(Doc, error) bool) {
		m.mu.Lock()
		docs := maps.Clone(m.docs[k])
		m.mu.Unlock()
		for _, key := range slices.Sorted(maps.Keys(docs)) {
			if !yield(Doc{Kind: k, Key: key, Value: docs[key]}, nil) {
				return
			}
		}
	}
}

// Backlog implements Store.
func (m *Memory) Backlog(queue uint64) []Extent {
	return slices.Clone(m.opened[queue])
}

// Expiries implements Store.
func (m *Memory) Expiries(queue uint64, each func(seq uint64, expires int64)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if q := m.queues[queue]; q != nil {
		for _, l := range q.lanes {
			for _, p := range l.pages {
				for i, at := range p.slots {
					if at.message != nil {
						each(p.seq(i), at.expires)
					}
				}
			}
		}
	}
	return nil
}

// Retain implements Store.
func (m *Memory) Retain(queues []uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.queues, func(id uint64, _ *memoryQueue) bool {
		return !slices.Contains(queues, id)
	})
}

// Fail makes every write from now on fail with err, like a broken disk.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Err implements Store.
func (m *Memory) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// Close implements Store. What is in m stays there for Reopen.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// memoryQueue is the messages of one queue. There is one lane unless it is a
// priority queue.
type memoryQueue struct {
	lanes []*memoryLane // by number
}

func (q *memoryQueue) lane(number uint64) *memoryLane {
	i, found := slices.BinarySearchFunc(q.lanes, number, func(l *memoryLane, n uint64) int {
		return cmp.Compare(l.number, n)
	})
	if !found {
		q.lanes = slices.Insert(q.lanes, i, &memoryLane{number: number})
	}
	return q.lanes[i]
}

func (q *memoryQueue) put(s Stored) { q.lane(s.Seq >> LaneShift).put(s) }

func (q *memoryQueue) settle(s Span) { q.lane(s.Lo >> LaneShift).settle(s) }

func (q *memoryQueue) load(span Span, max int) []Stored {
	if len(q.lanes) == 0 {
		return nil
	}
	return q.lane(span.Lo>>LaneShift).load(span, max)
}

func (q *memoryQueue) forgetTransient() {
	for _, l := range q.lanes {
		l.forgetTransient()
	}
}

func (q *memoryQueue) extents() []Extent {
	var all []Extent
	for _, l := range q.lanes {
		if l.last > 0 {
			all = append(all, l.extent())
		}
	}
	return all
}
