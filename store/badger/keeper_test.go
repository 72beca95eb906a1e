package badger

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// TestCleaningFreesSegmentsOfFewMessages leaves every 100th message, and expects
// a few segments instead of many.
func TestCleaningFreesSegmentsOfFewMessages(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{limits: limits{file: 8 << 10}})
	const segments, each = 50, 100
	var want []uint64
	for n := range uint64(segments) {
		var b store.Batch
		var settled []store.Settled
		for i := range uint64(each) {
			seq := n*each + i + 1
			r := record(text("%d", seq), store.Ref{Queue: 1, Seq: seq}, store.Ref{Queue: 2, Seq: seq})
			b.Records = append(b.Records, r)
			if i == 50 {
				want = append(want, seq)
				continue
			}
			settled = append(settled, settledOne(1, seq), settledOne(2, seq))
		}
		write(t, s, b)
		write(t, s, store.Batch{Settled: settled})
	}
	if n := len(s.index.segments); n != segments {
		t.Fatalf("%d segments before cleaning, want %d", n, segments)
	}
	for range 3 { // they must be quiet for two rounds
		s.rewrite(s.index.sparse(s.limits.file))
	}
	if n := len(s.index.segments); n > 5 {
		t.Errorf("%d segments after cleaning, want 5 at most", n)
	}
	for range 2 {
		expectSeqs(t, s, 1, want...)
		expectSeqs(t, s, 2, want...)
		for _, f := range loadAll(t, s, 2, lane0, 1000) {
			if !same(f.Message, text("%d", f.Seq)) {
				t.Errorf("message %d is %.20q", f.Seq, f.Message.Body)
			}
		}
		s = reopen(t, s, dir, Options{})
	}
	expectBodiesOnce(t, s)
}

// expectBodiesOnce makes sure that a message of two queues was not doubled.
func expectBodiesOnce(t *testing.T, s *Store) {
	t.Helper()
	r := newLoader(s)
	defer r.close()
	c := &r.contents
	for number, segment := range s.index.segments {
		if _, err := r.open(segment); err != nil {
			t.Fatal(err)
		}
		if len(c.refs) != 2*len(c.entries) {
			t.Errorf("segment %d has %d messages in %d places, want 2 for each", number, len(c.entries), len(c.refs))
		}
	}
}

// TestDiskIsGivenBack writes and settles many times what the disk may hold.
func TestDiskIsGivenBack(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 100 MB")
	}
	dir := t.TempDir()
	o := Options{limits: limits{memTable: 1 << 20, file: 2 << 20}}
	s := open(t, dir, o)
	m := &amqp.Message{Body: bytes.Repeat([]byte{'x'}, 100<<10), Persistent: true}
	const count = 1000
	for seq := uint64(1); seq <= count; seq++ {
		b := store.Batch{Records: []*store.Record{record(cloned(m), store.Ref{Queue: 1, Seq: seq})}}
		if seq > 10 {
			b.Settled = []store.Settled{settledOne(1, seq-10)}
		}
		write(t, s, b)
	}
	s.tend()
	if used := diskUse(t, dir); used > 40<<20 {
		t.Errorf("%d MB on disk for 1 MB of messages, of 100 MB written", used>>20)
	}
	s = reopen(t, s, dir, o)
	if got := len(loadAll(t, s, 1, lane0, 100)); got != 10 {
		t.Errorf("%d messages left, want 10", got)
	}
}

// diskUse returns the octets of all files in dir. Those that Badger is writing
// are sparse, so it counts what is not zero of them.
func diskUse(t *testing.T, dir string) (octets int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			continue // collected meanwhile
		}
		octets += info.Size()
	}
	return octets
}

func TestLongBacklogCostsLittleMemory(t *testing.T) {
	var before, after runtime.MemStats
	x := newIndex()
	const segments, each = 5000, 2000
	refs := make([]ref, each)
	runtime.GC()
	runtime.ReadMemStats(&before)
	seq := uint64(0)
	for n := range uint64(segments) {
		for i := range refs {
			seq++
			refs[i] = ref{queue: 1, seq: seq}
		}
		x.add(&segment{number: n, refs: each}, refs, nil)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 4<<20 {
		t.Errorf("%d KiB for %d messages, want 4 MiB at most", used>>10, seq)
	}
	if got := len(x.places(1, lane0, 10)); got != 10 {
		t.Errorf("%d places, want 10", got)
	}
	x.settle(store.Settled{Queue: 1, Span: lane0})
	if n := len(x.dirty); n != segments {
		t.Errorf("%d segments touched by a purge, want %d", n, segments)
	}
}

// TestRunsOverlap gives a lane runs of numbers that were written late.
func TestRunsOverlap(t *testing.T) {
	x := newIndex()
	add := func(number uint64, seqs ...uint64) {
		refs := make([]ref, len(seqs))
		for i, seq := range seqs {
			refs[i] = ref{queue: 1, seq: seq}
		}
		x.add(&segment{number: number, refs: uint32(len(refs))}, refs, nil)
	}
	add(1, 1, 2, 5, 6, 100)
	add(2, 200, 201)
	add(3, 3, 4, 50, 150)
	add(4, 7, 8, 9)
	expect := func(span store.Span, max int, want ...uint64) {
		t.Helper()
		places := x.places(1, span, max)
		if len(places) != len(want) {
			t.Fatalf("places %v, want numbers %v", places, want)
		}
		for i := range want {
			if places[i].seq != want[i] {
				t.Errorf("place %d is %d, want %d", i, places[i].seq, want[i])
			}
		}
	}
	expect(lane0, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 50, 100, 150, 200, 201)
	expect(lane0, 4, 1, 2, 3, 4)
	expect(store.Span{Lo: 51, Hi: 150}, 100, 100, 150)
	x.settle(store.Settled{Queue: 1, Span: store.Span{Lo: 4, Hi: 7}})
	expect(store.Span{Lo: 3, Hi: 50}, 3, 3, 8, 9)
	x.settle(store.Settled{Queue: 1, Span: store.Span{Lo: 1, Hi: 149}})
	expect(lane0, 100, 150, 200, 201)
}

func TestQuietStoreWritesNothing(t *testing.T) {
	writes := 0
	s := open(t, t.TempDir(), Options{Fault: func() error { writes++; return nil }})
	write(t, s, store.Batch{}) // waits for the committer
	write(t, s, store.Batch{Settled: []store.Settled{settledOne(1, 1)}})
	if writes != 1 {
		t.Errorf("%d writes, want only that of the format", writes)
	}
}
