//go:build amd64 || arm64

package badger

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/harebellmq/harebell/internal/bench"
	"github.com/harebellmq/harebell/store"
)

// targetsVariable says how many pairs TestTargets measures; it is skipped without.
const targetsVariable = "HAREBELL_TARGETS"

// A target is what the store, or the broker with it, is to reach.
type target struct {
	number  int
	what    string
	measure func(*meter) (measured string, reached bool)
}

// Ratios are to the raw reference, which is measured beside: the same groups,
// appended to a file and synced. The ceiling is the broker without a disk.
var targets = []target{
	{1, "store alone, 16 B in groups of 2,000: at least 60 % of raw", appendRatio(16, 2000, 0.60)},
	{1, "store alone, 256 B in groups of 2,000: at least 35 % of raw", appendRatio(256, 2000, 0.35)},
	{1, "store alone, 1 KiB in groups of 2,000: at least 45 % of raw", appendRatio(1<<10, 2000, 0.45)},
	{1, "store alone, 16 KiB in groups of 64: at least 35 % of raw", appendRatio(16<<10, 64, 0.35)},
	{2, "16 publishers that wait for each confirm: at least 85 % of raw", confirmRatio(16, 0.85)},
	{2, "64 publishers that wait for each confirm: at least 55 % of raw", confirmRatio(64, 0.55)},
	{3, "1 KiB with confirms, consumers keeping up: at least 75 % of the ceiling", keepingUpRatio},
	{4, "1 KiB with confirms, no consumers: at least 60 % of a raw store in the broker", writtenRatio},
	{5, "confirm to one publisher that waits: p50 at most 1.5 × that of a raw store", confirmLatency},
	{5, "the same with a consumer: p50 at most 0.1 ms", confirmLatencyConsumed},
	{6, "octets written for one of a body: at most 1.15", amplification},
	{6, "the same with consumers keeping up: at most 0.5", amplificationKeepingUp},
	{7, "CPU of the broker, 1 KiB, consumers keeping up: at most 3.5 µs", cpu(keepingUp, 3.5)},
	{7, "CPU of the broker, 1 KiB, all written: at most 6 µs", cpu(written, 6)},
	{7, "CPU of the broker, 16 B, consumers keeping up: at most 0.8 µs", cpu(keepingUpSmall, 0.8)},
	{7, "CPU of the broker, 16 B, all written: at most 1.3 µs", cpu(writtenSmall, 1.3)},
	{8, "anonymous memory of the broker, idle: at most 20 MiB", anonymous("", 20)},
	{8, "anonymous memory of the broker, consumers keeping up: at most 120 MiB", anonymous(keepingUp, 120)},
	{9, "opening 1 M × 1 KiB, files in memory: at most 0.3 s", opening(1_000_000, 1<<10, nil, 0.3)},
	{9, "opening 1 M × 1 KiB, files on disk only: at most 1.5 s", opening(1_000_000, 1<<10, forgetFiles, 1.5)},
	{9, "opening 10 M × 16 B, files in memory: at most 0.5 s", opening(10_000_000, 16, nil, 0.5)},
	{10, "disk, at full speed with 100 MB live: at most 4 × that and 512 MiB", diskAtSpeed},
	{11, "store alone, to 10 queues: at least 60 % of the messages to one", fanoutRatio},
	{12, "nothing confirmed is lost, nothing settled is back, over 1,000 kills", killed},
}

// Loads, as harebell perf takes them.
const (
	keepingUp      = "--size 1024 --persistent --publishers 2 --queues 2 --consumers 2 --confirm 2000 --prefetch 2000"
	keepingUpSmall = "--size 16 --persistent --publishers 2 --queues 2 --consumers 2 --confirm 2000 --prefetch 2000"
	written        = "--size 1024 --persistent --publishers 8 --queues 8 --consumers 0 --confirm 50"
	writtenSmall   = "--size 16 --persistent --publishers 2 --queues 2 --consumers 0 --confirm 2000"
	waiting        = "--size 1024 --persistent --consumers 0 --confirm 1"
	waitingServed  = "--size 1024 --persistent --confirm 1 --prefetch 200"
)

// TestTargets prints a table of what is reached. That something is not is no
// failure: the machine may have been busy.
func TestTargets(t *testing.T) {
	pairs, err := strconv.Atoi(os.Getenv(targetsVariable))
	if err != nil || pairs < 1 {
		t.Skipf("%s is %q; as a number of pairs to measure it would be measured", targetsVariable, os.Getenv(targetsVariable))
	}
	m := &meter{t: t, pairs: pairs, harebell: filepath.Join(t.TempDir(), "harebell"), loads: make(map[string][]bench.Metrics)}
	if out, err := exec.Command("go", "build", "-o", m.harebell, "../../cmd/harebell").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	const row = "%2v  %-82s %-22s %s\n"
	fmt.Printf(row, "", "target", "measured", "reached")
	for _, target := range targets {
		measured, reached := target.measure(m)
		answer := "yes"
		if !reached {
			answer = "NO"
		}
		fmt.Printf(row, target.number, target.what, measured, answer)
	}
}

// A meter measures.
type meter struct {
	t        *testing.T
	pairs    int
	harebell string // the program
	loads    map[string][]bench.Metrics
}

// takes returns how long a benchmark takes, which -benchtime says.
func (m *meter) takes() time.Duration {
	d, err := time.ParseDuration(flag.Lookup("test.benchtime").Value.String())
	if err != nil {
		m.t.Fatalf("-benchtime: want a duration: %v", err)
	}
	return d
}

// rate returns what a benchmark reports.
func (m *meter) rate(benchmark func(*testing.B), unit string) float64 {
	r := testing.Benchmark(benchmark)
	v, ok := r.Extra[unit]
	if !ok {
		m.t.Fatalf("a benchmark has reported no %s", unit)
	}
	return v
}

// ratio returns how many times as many messages a benchmark does as another one,
// pair by pair.
func (m *meter) ratio(a, b func(*testing.B)) float64 {
	var ratios []float64
	for range m.pairs {
		ours := m.rate(a, msgsPerSecond)
		ratios = append(ratios, ours/m.rate(b, msgsPerSecond))
	}
	return middle(ratios)
}

// A shelf is where a broker keeps its messages.
type shelf string

const (
	onDisk   shelf = "on disk"
	inMemory shelf = "in memory"
	inRaw    shelf = "in a raw file"
)

// program returns how to start the broker there.
func (m *meter) program(p shelf) bench.Program {
	return func(address, dir string) *exec.Cmd {
		if p == inRaw {
			c := exec.Command(os.Args[0])
			c.Env, c.Dir = append(os.Environ(), rawBrokerVariable+"="+address), dir
			return c
		}
		flags := []string{"serve", "--config", "none", "--listen", address, "--management-listen", "none", "--prometheus-listen", "none", "--data-dir", dir, "--log-level", "warn"}
		if p == inMemory {
			flags = append(flags, "--memory")
		}
		return exec.Command(m.harebell, flags...)
	}
}

// load returns what was measured of a load, once for each pair. Brokers in several
// places take turns.
func (m *meter) load(flags string, places ...shelf) (all [][]bench.Metrics) {
	options := bench.Options{Harebell: m.harebell, Time: max(time.Second, m.takes().Round(time.Second)), Port: 26800}
	key := func(p shelf) string { return string(p) + flags }
	for range m.pairs {
		for _, p := range places {
			if len(m.loads[key(p)]) == m.pairs {
				continue // for another target
			}
			measured, err := bench.Once(m.t.Context(), options, m.program(p), flags)
			if err != nil {
				m.t.Fatalf("%s, %s: %v", flags, p, err)
			}
			m.loads[key(p)] = append(m.loads[key(p)], measured)
		}
	}
	for _, p := range places {
		all = append(all, m.loads[key(p)])
	}
	return all
}

// compare returns how many times as much of a metric there is in a place as in
// another one, pair by pair.
func (m *meter) compare(flags, metric string, a, b shelf) float64 {
	both := m.load(flags, a, b)
	var ratios []float64
	for i, ours := range both[0] {
		ratios = append(ratios, ours[metric]/both[1][i][metric])
	}
	return middle(ratios)
}

// value returns a metric of a load of the broker on disk.
func (m *meter) value(flags, metric string) float64 {
	var values []float64
	for _, measured := range m.load(flags, onDisk)[0] {
		values = append(values, measured[metric])
	}
	return middle(values)
}

// middle returns the median, the lower one of two.
func middle(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}

func percent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }

func appendRatio(size, n int, least float64) func(*meter) (string, bool) {
	return func(m *meter) (string, bool) {
		v := m.ratio(
			func(b *testing.B) { benchmarkAppend(b, Options{}, size, n, 1) },
			func(b *testing.B) { benchmarkRaw(b, size, n) })
		return percent(v), v >= least
	}
}

func confirmRatio(publishers int, least float64) func(*meter) (string, bool) {
	return func(m *meter) (string, bool) {
		v := m.ratio(
			func(b *testing.B) { benchmarkConfirm(b, publishers) },
			func(b *testing.B) { benchmarkRawConfirm(b, publishers) })
		return percent(v), v >= least
	}
}

func fanoutRatio(m *meter) (string, bool) {
	v := m.ratio(
		func(b *testing.B) { benchmarkAppend(b, Options{}, 1<<10, 2000, 10) },
		func(b *testing.B) { benchmarkAppend(b, Options{}, 1<<10, 2000, 1) })
	return percent(v), v >= 0.6
}

func keepingUpRatio(m *meter) (string, bool) {
	v := m.compare(keepingUp, bench.Delivered, onDisk, inMemory)
	return percent(v), v >= 0.75
}

func writtenRatio(m *meter) (string, bool) {
	v := m.compare(written, bench.Published, onDisk, inRaw)
	return percent(v), v >= 0.60
}

func confirmLatency(m *meter) (string, bool) {
	v := m.compare(waiting, bench.P50, onDisk, inRaw)
	return fmt.Sprintf("%.2f × (%.2f ms)", v, m.value(waiting, bench.P50)), v <= 1.5
}

func confirmLatencyConsumed(m *meter) (string, bool) {
	v := m.value(waitingServed, bench.P50)
	return fmt.Sprintf("%.2f ms", v), v <= 0.1
}

func amplification(m *meter) (string, bool) {
	const unit, size, n = "written/octet", 1 << 10, 2000
	var values []float64
	for range m.pairs {
		values = append(values, m.rate(func(b *testing.B) {
			before := writtenBytes(b)
			benchmarkAppend(b, Options{}, size, n, 1)
			b.ReportMetric(float64(writtenBytes(b)-before)/float64(b.N*size*n), unit)
		}, unit))
	}
	v := middle(values)
	return fmt.Sprintf("%.2f", v), v <= 1.15
}

func amplificationKeepingUp(m *meter) (string, bool) {
	v := m.value(keepingUp, bench.Written) / 1024
	return fmt.Sprintf("%.2f", v), v <= 0.5
}

func cpu(flags string, most float64) func(*meter) (string, bool) {
	return func(m *meter) (string, bool) {
		v := m.value(flags, bench.CPU)
		return fmt.Sprintf("%.2f µs", v), v <= most
	}
}

func anonymous(flags string, most float64) func(*meter) (string, bool) {
	return func(m *meter) (string, bool) {
		v := m.value(flags, bench.Anon) / (1 << 20)
		return fmt.Sprintf("%.0f MiB", v), v <= most
	}
}

func opening(count, size int, before func(b *testing.B, dir string), most float64) func(*meter) (string, bool) {
	return func(m *meter) (string, bool) {
		v := m.rate(func(b *testing.B) { benchmarkOpen(b, count, size, before) }, secondsEach)
		return fmt.Sprintf("%.2f s", v), v <= most
	}
}

// forgetFiles has the kernel forget what it knows of the files in a directory.
func forgetFiles(b *testing.B, dir string) {
	b.Helper()
	const dontNeed = 4 // POSIX_FADV_DONTNEED
	eachFile(dir, func(path string, _ fs.FileInfo) {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		if err := f.Sync(); err != nil { // what is not written cannot be forgotten
			b.Fatal(err)
		}
		if _, _, failed := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0); failed != 0 {
			b.Fatal(failed)
		}
	})
}

// eachFile calls f for all files of a directory. Some may go meanwhile.
func eachFile(dir string, f func(path string, info fs.FileInfo)) {
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // it has gone
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			f(path, info)
		}
		return nil
	})
}

// diskAtSpeed writes as fast as it goes, with a consumer 100 MB behind, for forty times
// as long as a benchmark takes.
func diskAtSpeed(m *meter) (string, bool) {
	const live, size, n = 100_000_000, 1 << 10, 1000
	dir := m.t.TempDir()
	s := open(m.t, dir, Options{})
	queue := s.NextQueueID()
	prototype := benchmarkMessage(size)
	var most int64
	looked := time.Now()
	seq, behind := uint64(0), uint64(live/size)
	for began := time.Now(); time.Since(began) < 40*m.takes(); {
		var batch store.Batch
		for range n {
			seq++
			batch.Records = append(batch.Records, record(cloned(prototype), store.Ref{Queue: queue, Seq: seq}))
		}
		if seq > behind {
			hi := seq - behind
			batch.Settled = []store.Settled{{Queue: queue, Span: store.Span{Lo: hi - min(hi, n) + 1, Hi: hi}}}
		}
		write(m.t, s, batch)
		if time.Since(looked) > 100*time.Millisecond {
			looked = time.Now()
			var now int64
			eachFile(dir, func(_ string, info fs.FileInfo) { now += info.Sys().(*syscall.Stat_t).Blocks * 512 })
			most = max(most, now)
		}
	}
	if err := s.Close(); err != nil {
		m.t.Fatal(err)
	}
	return fmt.Sprintf("%d MB (of %.0f GB)", most/1_000_000, float64(seq*size)/1e9), most <= 4*live+512<<20
}

// killed kills as often as HAREBELL_KILLS says, a hundred times without it.
func killed(m *meter) (string, bool) {
	kills := 100
	if n, err := strconv.Atoi(os.Getenv(killsVariable)); err == nil {
		kills = n
	}
	ok := m.t.Run("kills", func(t *testing.T) { killAgainAndAgain(t, kills) })
	if !ok {
		return "see above", false
	}
	return fmt.Sprintf("so in %d", kills), kills >= 1000
}
