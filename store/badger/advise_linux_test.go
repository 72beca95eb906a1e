package badger

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAdviserFindsTheNewestFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{limits: limits{memTable: 1 << 20}})
	for seq := uint64(1); seq <= 200; seq++ { // several tables
		m := text("")
		m.Body = make([]byte, 12<<10)
		writeOne(t, s, m, seq)
	}
	a := newAdviser(dir)
	a.advise()
	if got, want := a.advised.file, newest(t, a.dir, ".mem"); got != want {
		t.Errorf("advised for %s, want %s", got, want)
	}
	if !strings.Contains(flagsOf(t, a.advised.file), " rr ") {
		t.Errorf("%s is not marked for random access", filepath.Base(a.advised.file))
	}
}

// flagsOf returns what the kernel notes of the mapping of a file.
func flagsOf(t *testing.T, file string) string {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := strings.Cut(string(maps), file+"\n")
	_, rest, _ = strings.Cut(rest, "VmFlags:")
	flags, _, _ := strings.Cut(rest, "\n")
	return flags + " "
}

// BenchmarkAdvice writes groups of 32 KiB with and without advice, and tells how
// many octets reach the disk for each octet of a body.
func BenchmarkAdvice(b *testing.B) {
	for name, o := range map[string]Options{
		"with":    {},
		"without": {limits: limits{noAdvice: true}},
	} {
		b.Run(name, func(b *testing.B) {
			const size, n = 1 << 10, 32
			before := writtenBytes(b)
			benchmarkAppend(b, o, size, n, 1)
			b.ReportMetric(float64(writtenBytes(b)-before)/float64(b.N*size*n), "written/octet")
		})
	}
}

// writtenBytes returns how many octets this process has caused to be written.
func writtenBytes(b *testing.B) (octets int64) {
	b.Helper()
	io, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Skip(err)
	}
	_, rest, _ := strings.Cut(string(io), "\nwrite_bytes:")
	if _, err := fmt.Sscan(rest, &octets); err != nil {
		b.Fatal(err)
	}
	return octets
}

func FuzzParseMapping(f *testing.F) {
	f.Add("7f0c00000000-7f0c08000000 rw-s 00000000 fe:00 1234   /dir/000001.vlog")
	f.Add("7f0c00000000 /")
	f.Fuzz(func(t *testing.T, line string) {
		if m, ok := parseMapping(line); ok && (m.to <= m.from || m.file == "") {
			t.Errorf("%q is %+v", line, m)
		}
	})
}
