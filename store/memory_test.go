package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/harebellmq/harebell/amqp"
)

func appendOne(m *Memory, message *amqp.Message, refs ...Ref) {
	r := new(Record)
	r.Init(message, nil, 0)
	r.Reserve(len(refs))
	for _, ref := range refs {
		r.Add(ref)
	}
	r.Release()
	m.Append(Batch{Records: []*Record{r}})
}

func loaded(t *testing.T, s Store, queue uint64, span Span, max int) (seqs []uint64) {
	t.Helper()
	done := make(chan error, 1)
	s.Load(queue, span, max, func(found []Stored, err error) {
		for _, f := range found {
			seqs = append(seqs, f.Seq)
		}
		done <- err
	})
	if err := <-done; err != nil {
		t.Error(err)
	}
	return seqs
}

var wholeLane = Span{Lo: 1, Hi: 1<<LaneShift - 1}

// TestMemoryAgreesWithAMap does the same to a Memory and to a plain map.
func TestMemoryAgreesWithAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		m := NewMemory()
		live := make(map[uint64]bool)
		next := uint64(1)
		for range 200 {
			switch rng.IntN(3) {
			case 0, 1:
				seq := next
				if next++; rng.IntN(20) == 0 {
					next += rng.Uint64N(2000)
				}
				if rng.IntN(8) == 0 {
					seq = 1 + rng.Uint64N(next) // late
				}
				appendOne(m, &amqp.Message{Persistent: true}, Ref{Queue: 1, Seq: seq})
				live[seq] = true
			case 2:
				lo := 1 + rng.Uint64N(next)
				hi := lo + rng.Uint64N(20)
				m.Append(Batch{Settled: []Settled{{1, Span{lo, hi}}}})
				for seq := lo; seq <= hi; seq++ {
					live[seq] = false
				}
			}
			lo := rng.Uint64N(next)
			var want []uint64
			for seq := lo; seq <= next && len(want) < 7; seq++ {
				if live[seq] {
					want = append(want, seq)
				}
			}
			if got := loaded(t, m, 1, Span{lo, next}, 7); !slices.Equal(got, want) {
				t.Fatalf("7 messages from %d on: %v, want %v", lo, got, want)
			}
		}
	}
}

func TestMemoryReopenKeepsWhatLasts(t *testing.T) {
	m := NewMemory()
	id := m.NextQueueID()
	lane2 := uint64(2) << LaneShift
	appendOne(m, &amqp.Message{Persistent: true, Body: []byte("12345")}, Ref{Queue: id, Seq: 1}, Ref{Queue: id, Seq: lane2 | 9})
	appendOne(m, &amqp.Message{}, Ref{Queue: id, Seq: 2})
	appendOne(m, &amqp.Message{Persistent: true, Body: []byte("123")}, Ref{Queue: id, Seq: 300}, Ref{Queue: id + 1, Seq: 1})
	m.Append(Batch{
		Settled: []Settled{{id, Span{lane2 | 1, lane2 | 9}}},
		Docs:    []Doc{{Queues, "b", []byte("two")}, {Queues, "a", []byte("one")}, {Queues, "c", []byte("gone")}},
	})
	m.Append(Batch{Docs: []Doc{{Kind: Queues, Key: "c"}}})
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}

	m = m.Reopen()
	want := []Extent{{Span: Span{1, 300}, Messages: 2, Bytes: 8, Last: 300}, {Last: lane2 | 9}}
	if got := m.Backlog(id); !slices.Equal(got, want) {
		t.Errorf("backlog %v, want %v", got, want)
	}
	if got := loaded(t, m, id, wholeLane, 10); !slices.Equal(got, []uint64{1, 300}) {
		t.Errorf("messages %v, want 1 and 300", got)
	}
	var docs []string
	for d, err := range m.Docs(Queues) {
		docs = append(docs, fmt.Sprint(d.Key, " ", string(d.Value), " ", err))
	}
	if want := []string{"a one <nil>", "b two <nil>"}; !slices.Equal(docs, want) {
		t.Errorf("definitions %q, want %q", docs, want)
	}
	if next := m.NextQueueID(); next <= id {
		t.Errorf("queue id %d after %d", next, id)
	}

	m.Retain([]uint64{id})
	if got := loaded(t, m, id+1, wholeLane, 10); got != nil {
		t.Errorf("a queue that was not retained has %v", got)
	}
}

func TestMemoryLeavesOutWhatIsSettledInOneQueue(t *testing.T) {
	m := NewMemory()
	r := new(Record)
	r.Init(&amqp.Message{}, nil, 0)
	r.Reserve(2)
	r.Add(Ref{Queue: 1, Seq: 1}).Settle()
	r.Add(Ref{Queue: 2, Seq: 1})
	r.Release()
	m.Append(Batch{Records: []*Record{r}})
	if got := loaded(t, m, 1, wholeLane, 10); got != nil {
		t.Errorf("the queue that is done with the message has %v", got)
	}
	if got := loaded(t, m, 2, wholeLane, 10); !slices.Equal(got, []uint64{1}) {
		t.Errorf("the other queue has %v, want 1", got)
	}
}

func TestMemoryForgetsWhatComesAfterItsQueueIsDropped(t *testing.T) {
	m := NewMemory()
	id := m.NextQueueID()
	m.Append(Batch{Dropped: []uint64{id}})
	appendOne(m, &amqp.Message{}, Ref{Queue: id, Seq: 1})
	if got := loaded(t, m, id, wholeLane, 10); got != nil {
		t.Errorf("a dropped queue has %v", got)
	}
}

func TestMemoryAnswersWithWhyItDoesNotWrite(t *testing.T) {
	broken := errors.New("disk is broken")
	for name, test := range map[string]struct {
		stop func(*Memory)
		want error
	}{
		"failed": {func(m *Memory) { m.Fail(broken) }, broken},
		"closed": {func(m *Memory) { m.Close() }, ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			m := NewMemory()
			test.stop(m)
			var c confirms
			r := routed(&c, 1)
			r.Release()
			var got error
			m.Append(Batch{Records: []*Record{r}, Done: func(err error) { got = err }})
			if !errors.Is(got, test.want) {
				t.Errorf("answered with %v, want %v", got, test.want)
			}
			if err := m.Sync(); !errors.Is(err, test.want) {
				t.Errorf("Sync() = %v, want %v", err, test.want)
			}
			c.expect(t, "7-7 false")
		})
	}
}

func TestMemoryLoadCallsBackLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory()
		called := false
		m.Load(1, wholeLane, 1, func([]Stored, error) { called = true })
		synctest.Wait()
		if !called {
			t.Error("done was not called")
		}
	})
}

// BenchmarkMemory appends messages and settles each 1000 messages later.
func BenchmarkMemory(b *testing.B) {
	m := NewMemory()
	message := &amqp.Message{}
	records := make([]Record, 64)
	batch := Batch{Records: make([]*Record, len(records)), Settled: make([]Settled, 1)}
	seq := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		lo := seq + 1
		for i := range records {
			seq++
			records[i] = Record{}
			records[i].Init(message, nil, 0)
			records[i].Add(Ref{Queue: 1, Seq: seq})
			records[i].Release()
			batch.Records[i] = &records[i]
		}
		if lo > 1000 {
			batch.Settled[0] = Settled{1, Span{lo - 1000, seq - 1000}}
		}
		m.Append(batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(records)), "ns/message")
}
