package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func at(ms int) time.Time { return time.Unix(1000, 0).Add(time.Duration(ms) * time.Millisecond) }

func TestWatchInterpolates(t *testing.T) {
	w := &watch{samples: []usage{
		{at: at(0), cpu: 0, anon: 10},
		{at: at(100), cpu: 100 * time.Millisecond, kernel: 40 * time.Millisecond, anon: 50, written: 1000},
		{at: at(200), cpu: 100 * time.Millisecond, kernel: 40 * time.Millisecond, anon: 30, written: 3000},
	}}
	tests := []struct {
		name    string
		ms      int
		cpu     time.Duration
		written int64
	}{
		{"before the first look", -5, 0, 0},
		{"at a look", 100, 100 * time.Millisecond, 1000},
		{"between two", 50, 50 * time.Millisecond, 500},
		{"nearer to one", 125, 100 * time.Millisecond, 1500},
		{"after the last", 300, 100 * time.Millisecond, 3000},
	}
	for _, test := range tests {
		got, _ := w.between(at(test.ms), at(test.ms))
		if got.cpu != test.cpu || got.kernel != test.cpu*2/5 || got.written != test.written {
			t.Errorf("%s: got %v, %v in the kernel, and %d, want %v, two fifths of it and %d", test.name, got.cpu, got.kernel, got.written, test.cpu, test.written)
		}
	}
	if got := w.anonPeak(at(0), at(200)); got != 50 {
		t.Errorf("peak: got %d, want 50", got)
	}
	if got := w.anonPeak(at(150), at(200)); got != 30 {
		t.Errorf("peak of a part: got %d, want 30", got)
	}
}

func TestWatchSeesThisProcess(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	s := thisSystem()
	if _, ok := s.stat(os.Getpid()); !ok {
		t.Skip("there is no /proc")
	}
	w := newWatch(s, os.Getpid(), dir)
	w.stop()
	from, to := w.span()
	if w.anonPeak(from, to) <= 0 || s.peak(w.pids) <= 0 {
		t.Error("got no memory")
	}
	if w.diskPeak < 100_000 {
		t.Errorf("disk: got %d octets, want at least 100,000", w.diskPeak)
	}
}

func TestDirectorySizeOfNothing(t *testing.T) {
	if got := directorySize(filepath.Join(t.TempDir(), "missing")); got != 0 {
		t.Errorf("got %d, want 0", got)
	}
}
