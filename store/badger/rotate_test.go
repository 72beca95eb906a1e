package badger

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// TestIdleStoreGivesItsDiskBack fills value logs, settles everything, and waits
// for the files to go without writing anything more.
func TestIdleStoreGivesItsDiskBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{limits: limits{valueLog: 8 << 20, tendEvery: time.Second}})
	const count = 64
	for seq := range uint64(count) {
		m := &amqp.Message{Persistent: true, Body: make([]byte, 1<<20)}
		write(t, s, store.Batch{Records: []*store.Record{record(m, store.Ref{Queue: 1, Seq: seq + 1})}})
	}
	if size := valueLogs(t, dir); size < count<<20 {
		t.Fatalf("%d octets of value logs, want all %d", size, count<<20)
	}
	write(t, s, store.Batch{Settled: []store.Settled{{Queue: 1, Span: store.Span{Lo: 1, Hi: count}}}})
	deadline := time.After(20 * time.Second)
	for valueLogs(t, dir) > 24<<20 { // the file being written, and one that Badger keeps
		select {
		case <-deadline:
			t.Fatalf("%d octets of value logs after everything was settled", valueLogs(t, dir))
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// valueLogs returns how much of the disk the value log files take.
func valueLogs(t *testing.T, dir string) (size int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.vlog"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err == nil { // one may go while we look
			size += info.Size()
		}
	}
	return size
}
