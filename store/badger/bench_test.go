package badger

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

var benchmarkSizes = []int{16, 256, 1 << 10, 16 << 10}

// groupOf returns how many messages a benchmark writes at once.
func groupOf(size int) int { return min(2000, 1<<20/size) }

func benchmarkMessage(size int) *amqp.Message {
	return &amqp.Message{
		Exchange:   "amq.topic",
		RoutingKey: "a.b.c",
		Properties: amqp.Properties{0x10, 0x00, 2},
		Body:       bytes.Repeat([]byte{'m'}, size),
		Persistent: true,
	}
}

// BenchmarkAppend writes groups of messages as publishers with confirms do, and waits for
// those of each group, with one being gathered meanwhile. A consumer settles them 10
// groups later. Compare it with BenchmarkRaw.
func BenchmarkAppend(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) { benchmarkAppend(b, Options{}, size, groupOf(size), 1) })
	}
}

// BenchmarkFanout writes messages that are in ten queues each.
func BenchmarkFanout(b *testing.B) {
	benchmarkAppend(b, Options{}, 1<<10, groupOf(1<<10), 10)
}

func benchmarkAppend(b *testing.B, o Options, size, n, queues int) {
	s := open(b, b.TempDir(), o)
	ids := make([]uint64, queues)
	for i := range ids {
		ids[i] = s.NextQueueID()
	}
	inFlight := &inGroups{n: uint64(n), confirmed: make(confirmed, 2)}
	b.SetBytes(int64(n * size))
	b.ReportAllocs()
	var seq uint64
	pending := 0
	for b.Loop() {
		// Every message is made anew, as if it came from a socket.
		records := make([]store.Record, n)
		refs := make([]*store.Record, n)
		messages := make([]amqp.Message, n)
		prototype := benchmarkMessage(size)
		for i := range records {
			seq++
			messages[i] = *prototype
			records[i].Init(&messages[i], inFlight, seq)
			records[i].Reserve(queues)
			for _, id := range ids {
				records[i].Add(store.Ref{Queue: id, Seq: seq})
			}
			records[i].Release()
			refs[i] = &records[i]
		}
		batch := store.Batch{Records: refs}
		if behind := uint64(10 * n); seq > behind {
			hi := seq - behind
			for _, id := range ids {
				batch.Settled = append(batch.Settled, store.Settled{Queue: id, Span: store.Span{Lo: hi - uint64(n) + 1, Hi: hi}})
			}
		}
		s.Append(batch)
		if pending++; pending == 2 {
			if !<-inFlight.confirmed {
				b.Fatal("refused")
			}
			pending--
		}
	}
	for ; pending > 0; pending-- {
		if !<-inFlight.confirmed {
			b.Fatal("refused")
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), msgsPerSecond)
}

const msgsPerSecond = "msgs/s"

// benchmarkPublishers are how many publishers wait for their confirms.
var benchmarkPublishers = []int{1, 16, 64}

// BenchmarkConfirm has publishers wait for the confirm of each message of 1 KiB
// before they publish the next. Compare it with BenchmarkRawConfirm.
func BenchmarkConfirm(b *testing.B) {
	for _, n := range benchmarkPublishers {
		b.Run(fmt.Sprintf("%dpublishers", n), func(b *testing.B) { benchmarkConfirm(b, n) })
	}
}

func benchmarkConfirm(b *testing.B, publishers int) {
	s := open(b, b.TempDir(), Options{})
	queue := s.NextQueueID()
	prototype := benchmarkMessage(1 << 10)
	var last atomic.Uint64
	publishAndWait(b, publishers, func(confirmed confirmed) {
		r := new(store.Record)
		r.Init(cloned(prototype), confirmed, 1)
		seq := last.Add(1)
		r.Add(store.Ref{Queue: queue, Seq: seq})
		r.Release()
		batch := store.Batch{Records: []*store.Record{r}}
		if behind := uint64(10_000); seq > behind {
			batch.Settled = []store.Settled{settledOne(queue, seq-behind)}
		}
		s.Append(batch)
	})
}

// inGroups is the receipt of a publisher that waits for n messages at a time.
type inGroups struct {
	confirmed
	n, count uint64
}

func (g *inGroups) Confirm(lo, hi uint64, ok bool) {
	for g.count += hi - lo + 1; g.count >= g.n; g.count -= g.n {
		g.confirmed <- ok
	}
}

// confirmed is the receipt of a publisher that waits for each message.
type confirmed chan bool

func (c confirmed) Confirm(_, _ uint64, ok bool) { c <- ok }

// publishAndWait has publishers publish all messages of a benchmark.
func publishAndWait(b *testing.B, publishers int, publish func(confirmed)) {
	b.SetBytes(1 << 10)
	var begun atomic.Int64
	var working sync.WaitGroup
	b.ResetTimer()
	for range publishers {
		working.Go(func() {
			answer := make(confirmed, 1)
			for begun.Add(1) <= int64(b.N) {
				publish(answer)
				if !<-answer {
					b.Error("a message was refused")
					return
				}
			}
		})
	}
	working.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), msgsPerSecond)
}

// fill writes count messages to a queue, in groups.
func fill(b *testing.B, s *Store, queue uint64, count, size int) {
	b.Helper()
	n := groupOf(size)
	prototype := benchmarkMessage(size)
	for seq := 1; seq <= count; {
		var batch store.Batch
		for range n {
			batch.Records = append(batch.Records, record(cloned(prototype), store.Ref{Queue: queue, Seq: uint64(seq)}))
			if seq++; seq > count {
				break
			}
		}
		write(b, s, batch)
	}
}

func cloned(m *amqp.Message) *amqp.Message {
	c := *m
	return &c
}

// BenchmarkSettle acks messages one by one in their order, of a backlog of a
// million.
func BenchmarkSettle(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	queue := s.NextQueueID()
	const count = 1_000_000
	fill(b, s, queue, count, 16)
	seq := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		if seq++; seq == count {
			b.StopTimer()
			seq, queue = 1, s.NextQueueID()
			fill(b, s, queue, count, 16)
			b.StartTimer()
		}
		s.Append(store.Batch{Settled: []store.Settled{{Queue: queue, Span: store.Span{Lo: seq, Hi: seq}}}})
	}
}

// BenchmarkLoad pages through a backlog, 1000 messages at a time.
func BenchmarkLoad(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			s := open(b, b.TempDir(), Options{})
			queue, count := s.NextQueueID(), 64<<20/max(size, 256)
			fill(b, s, queue, count, size)
			span := lane0
			read := 0
			for b.Loop() {
				found := loadAll(b, s, queue, span, 1000)
				read += len(found)
				if span.Lo = found[len(found)-1].Seq + 1; span.Lo > uint64(count) {
					span.Lo = 1
				}
			}
			b.ReportMetric(float64(read)/b.Elapsed().Seconds(), msgsPerSecond)
		})
	}
}

// BenchmarkOpen opens a store with a backlog of a million messages of 1 KiB, or of
// ten million of 16 octets.
func BenchmarkOpen(b *testing.B) {
	b.Run("1Mx1KiB", func(b *testing.B) { benchmarkOpen(b, 1_000_000, 1<<10, nil) })
	b.Run("10Mx16B", func(b *testing.B) { benchmarkOpen(b, 10_000_000, 16, nil) })
}

// benchmarkOpen calls before, if it is not nil, before each time.
func benchmarkOpen(b *testing.B, count, size int, before func(b *testing.B, dir string)) {
	dir := b.TempDir()
	s := open(b, dir, Options{})
	fill(b, s, s.NextQueueID(), count, size)
	var took time.Duration
	for b.Loop() {
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		if before != nil {
			before(b, dir)
		}
		b.StartTimer()
		began := time.Now()
		s = open(b, dir, Options{})
		took += time.Since(began)
	}
	b.ReportMetric(took.Seconds()/float64(b.N), secondsEach)
}

const secondsEach = "s/open"

// BenchmarkOpenEmpty opens a new store.
func BenchmarkOpenEmpty(b *testing.B) {
	for b.Loop() {
		s, err := Open(b.TempDir(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
