package badger

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// BenchmarkRaw is what the disk can do: the same groups, encoded the plainest
// way, appended to a file and synced.
func BenchmarkRaw(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) { benchmarkRaw(b, size) })
	}
}

func benchmarkRaw(b *testing.B, size int) {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	n, m := groupOf(size), benchmarkMessage(size)
	var buf []byte
	var seq uint64
	var offset int64
	b.SetBytes(int64(n * size))
	for b.Loop() {
		buf = buf[:0]
		for range n {
			seq++
			buf = binary.BigEndian.AppendUint64(buf, seq)
			buf = binary.BigEndian.AppendUint32(buf, uint32(len(m.Body)))
			buf = binary.BigEndian.AppendUint32(buf, checksum(m.Properties, m.Body))
			buf = append(buf, m.Properties...)
			buf = append(buf, m.Body...)
		}
		if _, err := f.WriteAt(buf, offset); err != nil {
			b.Fatal(err)
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
		if offset += int64(len(buf)); offset > 1<<30 {
			offset = 0
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "msgs/s")
}
