package badger

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

// BenchmarkRaw is what the disk can do: the same groups, encoded the plainest
// way, appended to a file and synced.
func BenchmarkRaw(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) { benchmarkRaw(b, size, groupOf(size)) })
	}
}

func benchmarkRaw(b *testing.B, size, n int) {
	f := newRawFile(b, b.TempDir())
	m := benchmarkMessage(size)
	b.SetBytes(int64(n * size))
	for b.Loop() {
		for range n {
			f.add(m)
		}
		if err := f.sync(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), msgsPerSecond)
}

// BenchmarkRawConfirm is BenchmarkConfirm with a file instead of a store: while one
// group is synced the next one gathers.
func BenchmarkRawConfirm(b *testing.B) {
	for _, n := range benchmarkPublishers {
		b.Run(fmt.Sprintf("%dpublishers", n), func(b *testing.B) { benchmarkRawConfirm(b, n) })
	}
}

func benchmarkRawConfirm(b *testing.B, publishers int) {
	m := benchmarkMessage(1 << 10)
	c := startRaw(newRawFile(b, b.TempDir()), func(f *rawFile, group []confirmed) {
		for range group {
			f.add(m)
		}
		err := f.sync()
		for _, waits := range group {
			waits <- err == nil
		}
	})
	defer c.stop()
	publishAndWait(b, publishers, c.append)
}

// A rawFile is appended to and synced, and begins anew when it has a GiB.
type rawFile struct {
	file   *os.File
	octets []byte // not written
	offset int64
	seq    uint64
}

func newRawFile(tb testing.TB, dir string) *rawFile {
	tb.Helper()
	f, err := os.Create(filepath.Join(dir, "raw"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { f.Close() })
	return &rawFile{file: f}
}

func (f *rawFile) add(m *amqp.Message) {
	f.seq++
	f.octets = binary.BigEndian.AppendUint64(f.octets, f.seq)
	f.octets = binary.BigEndian.AppendUint32(f.octets, uint32(len(m.Body)))
	f.octets = binary.BigEndian.AppendUint32(f.octets, checksum(m.Properties, m.Body))
	f.octets = append(f.octets, m.Properties...)
	f.octets = append(f.octets, m.Body...)
}

// sync returns when all that was added is on disk.
func (f *rawFile) sync() error {
	if _, err := f.file.WriteAt(f.octets, f.offset); err != nil {
		return err
	}
	if f.offset += int64(len(f.octets)); f.offset > 1<<30 {
		f.offset = 0
	}
	f.octets = f.octets[:0]
	return syscall.Fdatasync(int(f.file.Fd()))
}

// A rawCommitter writes whatever has gathered while it was writing, as the store's
// committer does.
type rawCommitter[T any] struct {
	mu      sync.Mutex
	filled  sync.Cond
	pending []T
	closed  bool
	ended   chan struct{}
}

// startRaw starts one that has write write each group.
func startRaw[T any](f *rawFile, write func(f *rawFile, group []T)) *rawCommitter[T] {
	c := &rawCommitter[T]{ended: make(chan struct{})}
	c.filled.L = &c.mu
	go func() {
		defer close(c.ended)
		for group := c.take(nil); group != nil; group = c.take(group) {
			write(f, group)
		}
	}()
	return c
}

func (c *rawCommitter[T]) append(one T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = append(c.pending, one)
	c.filled.Signal()
}

// take waits for a group, in exchange for the last one, and returns nil when there
// will be none.
func (c *rawCommitter[T]) take(written []T) []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.pending) == 0 {
		if c.closed {
			return nil
		}
		c.filled.Wait()
	}
	group := c.pending
	clear(written)
	c.pending = written[:0]
	return group
}

func (c *rawCommitter[T]) stop() {
	c.mu.Lock()
	c.closed = true
	c.filled.Signal()
	c.mu.Unlock()
	<-c.ended
}
