package badger

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A model does the same to a Store and to a store.Memory, and expects the same
// of both.
type model struct {
	t    testing.TB
	dir  string
	o    Options
	got  *Store
	want *store.Memory

	// next returns the next choice, below n. It says false when the run is over.
	next func(n int) int
	over func() bool

	queues []uint64
	gone   []uint64 // dropped
	last   map[lanePlace]uint64
	late   []planned // messages that have their numbers but are not appended yet
}

type lanePlace struct{ queue, lane uint64 }

type planned struct {
	message *amqp.Message
	refs    []store.Ref
	settled int // which of refs is settled before it is appended, if there is one
}

func newModel(t testing.TB, o Options, next func(int) int, over func() bool) *model {
	m := &model{t: t, dir: t.TempDir(), o: o, want: store.NewMemory(), next: next, over: over, last: make(map[lanePlace]uint64)}
	m.got = open(t, m.dir, o)
	for range 3 {
		m.addQueue()
	}
	return m
}

func (m *model) addQueue() {
	got, want := m.got.NextQueueID(), m.want.NextQueueID()
	for want < got { // a Store skips ids when it is opened
		want = m.want.NextQueueID()
	}
	m.queues = append(m.queues, got)
}

func (m *model) run() {
	for !m.over() {
		switch m.next(12) {
		case 0, 1, 2, 3:
			m.publish()
		case 4, 5, 6:
			m.write(store.Batch{Settled: m.settlements()})
		case 7:
			m.write(store.Batch{Docs: m.docs()})
		case 8:
			m.drop()
		case 9, 10:
			m.check()
		case 11:
			if m.next(3) == 0 {
				m.reopen()
			}
			m.got.tend()
		}
	}
	m.check()
	m.reopen()
	m.check()
}

// write appends the same to both stores.
func (m *model) write(b store.Batch, messages ...planned) {
	m.t.Helper()
	sync := m.next(3) == 0
	for _, s := range []store.Store{m.got, m.want} {
		mine := b
		for _, p := range messages {
			r := record(p.message, p.refs...)
			if p.settled < len(p.refs) {
				r.Refs()[p.settled].Settle()
			}
			mine.Records = append(mine.Records, r)
		}
		if !sync {
			write(m.t, s, mine)
			continue
		}
		s.Append(mine)
		if err := s.Sync(); err != nil {
			m.t.Fatal(err)
		}
	}
}

func (m *model) publish() {
	var messages []planned
	for range 1 + m.next(30) {
		p := m.plan()
		switch m.next(12) {
		case 0: // its number stays unused: it was transient, or cancelled
		case 1:
			m.late = append(m.late, p)
		default:
			messages = append(messages, p)
		}
	}
	if m.next(3) == 0 {
		messages = append(messages, m.late...)
		m.late = nil
	}
	b := store.Batch{}
	if m.next(4) == 0 {
		b.Settled = m.settlements()
	}
	m.write(b, messages...)
}

func (m *model) plan() planned {
	message := text("%d", m.next(1000))
	message.Persistent = m.next(5) > 0
	message.Priority = uint8(m.next(3))
	message.RoutingKey = fmt.Sprint("key", m.next(4))
	message.DeadLettered = m.next(10) == 0
	if m.next(10) == 0 {
		message.Hidden = &[]string{fmt.Sprint("key", m.next(8))}
	}
	if m.next(40) == 0 {
		message.Body = bytes.Repeat([]byte{byte(m.next(256))}, 1000*m.next(100))
	}
	p := planned{message: message, settled: m.next(10)}
	queues := slices.Clone(m.queues)
	for range 1 + m.next(len(queues)) {
		i := m.next(len(queues))
		at := lanePlace{queues[i], uint64(message.Priority)}
		queues = slices.Delete(queues, i, i+1)
		m.last[at] += 1
		if m.next(50) == 0 {
			m.last[at] += uint64(m.next(1000))
		}
		p.refs = append(p.refs, store.Ref{Queue: at.queue, Seq: at.lane<<store.LaneShift | m.last[at], Expires: int64(m.next(2) * 12345)})
		if len(queues) == 0 {
			break
		}
	}
	return p
}

// settlements returns spans of numbers that were given out.
func (m *model) settlements() []store.Settled {
	var all []store.Settled
	for range 1 + m.next(4) {
		at := lanePlace{m.queues[m.next(len(m.queues))], uint64(m.next(3))}
		last := m.last[at]
		if last == 0 {
			continue
		}
		lo := 1 + uint64(m.next(int(last)))
		hi := min(last, lo+uint64(m.next(20)))
		if m.next(10) == 0 {
			lo, hi = 1, last
		}
		base := at.lane << store.LaneShift
		all = append(all, store.Settled{Queue: at.queue, Span: store.Span{Lo: base | lo, Hi: base | hi}})
	}
	return all
}

func (m *model) docs() []store.Doc {
	var docs []store.Doc
	for range 1 + m.next(3) {
		d := store.Doc{Kind: store.Queues, Key: fmt.Sprint("queue.", m.next(20))}
		if m.next(3) > 0 {
			d.Value = bytes.Repeat([]byte{byte(m.next(256))}, m.next(200))
			if m.next(8) == 0 {
				d.Value = bytes.Repeat(d.Value, 300)
			}
		}
		docs = append(docs, d)
	}
	return docs
}

func (m *model) drop() {
	if len(m.queues) == 1 || m.next(3) > 0 {
		return
	}
	i := m.next(len(m.queues))
	m.write(store.Batch{Dropped: []uint64{m.queues[i]}})
	m.gone = append(m.gone, m.queues[i])
	m.queues = slices.Delete(m.queues, i, i+1)
	m.addQueue()
}

func (m *model) reopen() {
	m.got = reopen(m.t, m.got, m.dir, m.o)
	if err := m.want.Close(); err != nil {
		m.t.Fatal(err)
	}
	m.want = m.want.Reopen()
	m.late = nil // their numbers are lost with the process

	m.got.Retain(m.queues)
	m.want.Retain(m.queues)
	for _, id := range append(slices.Clone(m.queues), m.gone...) {
		got, want := m.got.Backlog(id), m.want.Backlog(id)
		if slices.Contains(m.gone, id) {
			continue
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			m.t.Fatalf("backlog of queue %d\n got %v\nwant %v", id, got, want)
		}
	}
	m.addQueue()
}

func (m *model) check() {
	m.t.Helper()
	for _, id := range append(slices.Clone(m.queues), m.gone...) {
		for lane := range uint64(3) {
			base := lane << store.LaneShift
			last := m.last[lanePlace{id, lane}]
			lo := 1 + uint64(m.next(int(last)+1))
			m.checkLoad(id, store.Span{Lo: base + lo, Hi: base + lo + uint64(m.next(100))}, 1+m.next(10))
			m.checkLoad(id, store.Span{Lo: base + 1, Hi: base + last}, 1<<20)
		}
		m.checkExpiries(id)
	}
	m.checkDocs()
	m.checkIndex()
}

func (m *model) checkLoad(id uint64, span store.Span, max int) {
	m.t.Helper()
	got, want := loadAll(m.t, m.got, id, span, max), loadAll(m.t, m.want, id, span, max)
	if fmt.Sprint(seqs(got)) != fmt.Sprint(seqs(want)) {
		m.t.Fatalf("queue %d, %v, at most %d\n got %v\nwant %v", id, span, max, seqs(got), seqs(want))
	}
	for i := range got {
		if got[i].Expires != want[i].Expires || !same(got[i].Message, want[i].Message) {
			m.t.Fatalf("queue %d, message %d\n got %v\nwant %v", id, got[i].Seq, got[i].Message, want[i].Message)
		}
	}
}

func (m *model) checkExpiries(id uint64) {
	m.t.Helper()
	list := func(s store.Store) (all []store.Stored) {
		err := s.Expiries(id, func(seq uint64, expires int64) { all = append(all, store.Stored{Seq: seq, Expires: expires}) })
		if err != nil {
			m.t.Fatal(err)
		}
		return all
	}
	if got, want := list(m.got), list(m.want); !slices.Equal(got, want) {
		m.t.Fatalf("queue %d: times of expiry\n got %v\nwant %v", id, got, want)
	}
}

func (m *model) checkDocs() {
	m.t.Helper()
	var got, want []string
	for d, err := range m.got.Docs(store.Queues) {
		if err != nil {
			m.t.Fatal(err)
		}
		got = append(got, d.Key+" "+string(d.Value))
	}
	for d := range m.want.Docs(store.Queues) {
		want = append(want, d.Key+" "+string(d.Value))
	}
	if !slices.Equal(got, want) {
		m.t.Fatalf("definitions\n got %.200q\nwant %.200q", got, want)
	}
}

// checkIndex makes sure that the numbers in the index agree with each other.
func (m *model) checkIndex() {
	m.t.Helper()
	x := m.got.index
	x.mu.Lock()
	defer x.mu.Unlock()
	live := make(map[*segment]uint32)
	for id, q := range x.queues {
		for _, l := range q.lanes {
			reach := uint64(0)
			for _, r := range l.runs {
				n := uint32(0)
				r.each(everything, func(uint64, uint32) bool { n++; return true })
				if reach = max(reach, r.hi); n != r.live || r.reach < reach {
					m.t.Fatalf("queue %d: run %+v has %d messages, and numbers up to %d", id, r, n, reach)
				}
				live[r.segment] += n
			}
		}
	}
	for _, s := range x.segments {
		if s.live != live[s] || s.gone {
			m.t.Fatalf("segment %d: %d messages live, in runs %d, gone %v", s.number, s.live, live[s], s.gone)
		}
	}
}

func TestStoreAgreesWithModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 7))
			steps := 250
			o := Options{limits: limits{memTable: 1 << 20, file: 64 << 10, small: 20}}
			m := newModel(t, o, rng.IntN, func() bool { steps--; return steps < 0 })
			m.run()
		})
	}
}

func FuzzStore(f *testing.F) {
	f.Add([]byte("a store is a single writer of a single sequence of batches"))
	f.Add(bytes.Repeat([]byte{0, 9, 3, 4, 2, 11, 0}, 20))
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) > 2000 {
			return
		}
		m := newModel(t, Options{}, func(n int) int {
			if len(choices) == 0 || n < 1 {
				return 0
			}
			c := choices[0]
			choices = choices[1:]
			return int(c) % n
		}, func() bool { return len(choices) == 0 })
		m.run()
	})
}
