package badger

import (
	"bytes"
	"fmt"
	"testing"

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

// BenchmarkAppend writes groups of messages and waits for each to be on disk,
// with one group being gathered meanwhile. A consumer settles them 10 groups
// later. Compare it with BenchmarkRaw.
func BenchmarkAppend(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) { benchmarkAppend(b, Options{}, size, groupOf(size)) })
	}
}

func benchmarkAppend(b *testing.B, o Options, size, n int) {
	s := open(b, b.TempDir(), o)
	queue := s.NextQueueID()
	inFlight := make(chan error, 2)
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
			records[i].Init(&messages[i], nil, 0)
			records[i].Add(store.Ref{Queue: queue, Seq: seq})
			records[i].Release()
			refs[i] = &records[i]
		}
		batch := store.Batch{Records: refs, Done: func(err error) { inFlight <- err }}
		if behind := uint64(10 * n); seq > behind {
			hi := seq - behind
			batch.Settled = []store.Settled{{Queue: queue, Span: store.Span{Lo: hi - uint64(n) + 1, Hi: hi}}}
		}
		s.Append(batch)
		if pending++; pending == 2 {
			if err := <-inFlight; err != nil {
				b.Fatal(err)
			}
			pending--
		}
	}
	for ; pending > 0; pending-- {
		<-inFlight
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "msgs/s")
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
			b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}

// BenchmarkOpen opens a store with a backlog of a million messages of 1 KiB.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir, Options{})
	fill(b, s, s.NextQueueID(), 1_000_000, 1<<10)
	for b.Loop() {
		s = reopen(b, s, dir, Options{})
	}
}

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
