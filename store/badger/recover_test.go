package badger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A logged is what a store has logged.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logged) options() Options { return Options{Logger: zerolog.New(l)} }

// put writes keys past the committer.
func put(t *testing.T, s *Store, pairs ...[]byte) {
	t.Helper()
	w := newWriter(s.db, nil)
	for i := 0; i < len(pairs); i += 2 {
		w.set(pairs[i], pairs[i+1])
	}
	if err := w.commit(); err != nil {
		t.Fatal(err)
	}
}

// writeTexts writes persistent messages with numbers from lo to hi, each in a
// segment of its own.
func writeTexts(t *testing.T, s *Store, queue, lo, hi uint64) {
	t.Helper()
	for seq := lo; seq <= hi; seq++ {
		write(t, s, store.Batch{Records: []*store.Record{record(text("%d", seq), store.Ref{Queue: queue, Seq: seq})}})
	}
}

// writeOne writes one message to queue 1.
func writeOne(t *testing.T, s *Store, m *amqp.Message, seq uint64) {
	t.Helper()
	write(t, s, store.Batch{Records: []*store.Record{record(m, store.Ref{Queue: 1, Seq: seq})}})
}

func expectSeqs(t *testing.T, s *Store, queue uint64, want ...uint64) {
	t.Helper()
	if got := seqs(loadAll(t, s, queue, lane0, 1000)); !slices.Equal(got, want) {
		t.Errorf("queue %d has %v, want %v", queue, got, want)
	}
}

func TestTransientMessagesDoNotComeBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	transient := &amqp.Message{Body: []byte("spilled")}
	write(t, s, store.Batch{Records: []*store.Record{
		record(text("stays"), store.Ref{Queue: 1, Seq: 1}),
		record(transient, store.Ref{Queue: 1, Seq: 2}, store.Ref{Queue: 2, Seq: 9}),
	}})
	expectSeqs(t, s, 1, 1, 2)
	expectSeqs(t, s, 2, 9)

	for range 2 { // the second time its segment is gone
		s = reopen(t, s, dir, Options{})
		expectSeqs(t, s, 1, 1)
		expectSeqs(t, s, 2)
		if got := s.Backlog(2); len(got) != 1 || got[0] != (store.Extent{Last: 9}) {
			t.Errorf("backlog %v, want only that 9 is the last number", got)
		}
		write(t, s, store.Batch{Settled: []store.Settled{settledOne(3, 1)}})
	}
}

func TestRetainDropsUnknownQueues(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	writeTexts(t, s, 1, 1, 3)
	writeTexts(t, s, 2, 1, 3)
	s = reopen(t, s, dir, Options{})
	s.Retain([]uint64{2, 3})
	write(t, s, store.Batch{})
	expectSeqs(t, s, 1)
	s = reopen(t, s, dir, Options{})
	expectSeqs(t, s, 1)
	expectSeqs(t, s, 2, 1, 2, 3)
	if got := s.Backlog(1); got != nil {
		t.Errorf("backlog %v, want none", got)
	}
}

func TestDeletedSegmentsStayDeleted(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	writeTexts(t, s, 1, 1, 3)
	key := segmentKey(1)
	back, err := s.value(key)
	if err != nil || back == nil {
		t.Fatalf("segment 1: %v, %v", back, err)
	}
	write(t, s, store.Batch{Settled: []store.Settled{settledOne(1, 2)}})

	// Bring it back, as Badger's garbage collection may.
	put(t, s, key, back, chunkKey(1, 0), []byte("chunk"))
	s = reopen(t, s, dir, Options{})
	expectSeqs(t, s, 1, 1, 3)
	s.sweep()
	write(t, s, store.Batch{})
	for _, key := range [][]byte{key, chunkKey(1, 0)} {
		if found, err := s.value(key); err != nil || found != nil {
			t.Errorf("key %q is still there: %q, %v", key, found, err)
		}
	}
}

func TestUnknownAndDamagedValuesAreSkipped(t *testing.T) {
	for name, test := range map[string]struct {
		key, value []byte
		want       string // in the log
	}{
		"unknown kind":            {[]byte("zebra"), []byte("?"), `"kind":"'z'"`},
		"short key":               {[]byte{keySegment, 1}, []byte("?"), "key of 2 octets"},
		"random segment":          {segmentKey(77), bytes.Repeat([]byte{0xa7}, 100), `"number":77`},
		"short segment":           {segmentKey(77), []byte{1}, "segment of 1 octets"},
		"short list of the dead":  {deadKey(7), []byte{1}, `"kind":"D"`},
		"short number":            {lastKey(1, 0), []byte{1}, `"kind":"L"`},
		"live record of too many": {liveKey(0), bytes.Repeat([]byte{0}, 50), "does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Options{})
			writeTexts(t, s, 1, 1, 3)
			put(t, s, test.key, test.value)
			var log logged
			s = reopen(t, s, dir, log.options())
			expectSeqs(t, s, 1, 1, 2, 3)
			if !strings.Contains(log.String(), test.want) {
				t.Errorf("log %s\nwant in it %s", log.String(), test.want)
			}
			writeTexts(t, s, 1, 4, 4)
			expectSeqs(t, s, 1, 1, 2, 3, 4)
		})
	}
}

func TestNewerFormatsAreRefused(t *testing.T) {
	segment := new(builder).appendTo(nil)
	segment[0] = segmentFormat + 1
	sum := crc32.Update(crc32.Checksum(segment[:16], castagnoli), castagnoli, segment[headerBytes:])
	binary.BigEndian.PutUint32(segment[16:], sum)
	for name, pair := range map[string][2][]byte{
		"store":   {formatKey(), {format + 1}},
		"segment": {segmentKey(5), segment},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Options{})
			put(t, s, pair[0], pair[1])
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s, err := Open(dir, Options{})
			if !errors.Is(err, errNewer) || !strings.Contains(err.Error(), dir) {
				t.Errorf("opened as %v with error %v, want %v with %s", s, err, errNewer, dir)
			}
		})
	}
}

func TestDamagedMessageIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	var b store.Batch
	for seq := uint64(1); seq <= 3; seq++ {
		b.Records = append(b.Records, record(text("body %d", seq), store.Ref{Queue: 1, Seq: seq}))
	}
	write(t, s, b)
	value, err := s.value(segmentKey(0))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(value, []byte("body 2"))
	value[at] ^= 1
	put(t, s, segmentKey(0), value)

	var log logged
	s = reopen(t, s, dir, log.options())
	expectSeqs(t, s, 1, 1, 3)
	if got := seqs(loadAll(t, s, 1, store.Span{Lo: 2, Hi: 3}, 1)); !slices.Equal(got, []uint64{3}) {
		t.Errorf("one message from 2 on: %v, want 3", got)
	}
	if !strings.Contains(log.String(), `"seq":2`) {
		t.Errorf("log %s does not tell of number 2", log.String())
	}
	write(t, s, store.Batch{})
	s = reopen(t, s, dir, Options{})
	if got := s.Backlog(1); len(got) != 1 || got[0].Messages != 2 {
		t.Errorf("backlog %v, want 2 messages: the damaged one is settled", got)
	}
}

// abandoned returns the directory of a store as a crash leaves it: copied while
// the store is open.
func abandoned(t *testing.T, s *Store, dir string) string {
	t.Helper()
	copied := t.TempDir()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, f.Name()), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return copied
}

// newest returns the file with that ending that was made last.
func newest(t *testing.T, dir, ending string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"+ending))
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s file: %v", ending, err)
	}
	return slices.Max(files)
}

func TestCrashLeavesWhatWasWritten(t *testing.T) {
	small := Options{limits: limits{memTable: 1 << 20, valueLog: 1 << 20}}
	for name, damage := range map[string]func(t *testing.T, dir string){
		"nothing damaged": func(*testing.T, string) {},
		"empty .mem": func(t *testing.T, dir string) {
			touch(t, filepath.Join(dir, "00099.mem"))
		},
		"empty .vlog": func(t *testing.T, dir string) {
			touch(t, filepath.Join(dir, "000099.vlog"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, small)
			writeTexts(t, s, 1, 1, 20)
			dir = abandoned(t, s, dir)
			damage(t, dir)
			s = open(t, dir, small)
			expectSeqs(t, s, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)
		})
	}
}

func touch(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTornTail cuts the newest files off anywhere, or overwrites them: what is
// left must open. Of the table's log what comes before is left, and of the value
// log only large messages are lost.
func TestTornTail(t *testing.T) {
	small := Options{limits: limits{memTable: 1 << 20, valueLog: 1 << 20}}
	dir := t.TempDir()
	s := open(t, dir, small)
	for seq := uint64(1); seq <= tornCount; seq++ {
		m := text("%d", seq)
		if large(seq) {
			m.Body = append(m.Body, bytes.Repeat([]byte{'+'}, 2*valueThreshold)...)
		}
		write(t, s, store.Batch{Records: []*store.Record{record(m, store.Ref{Queue: 1, Seq: seq})}})
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, ending := range []string{".mem", ".vlog"} {
		size := usedSize(t, newest(t, dir, ending))
		for range 5 {
			at := rng.Int64N(size)
			t.Run(fmt.Sprintf("%s cut at %d of %d", ending, at, size), func(t *testing.T) {
				torn := abandoned(t, s, dir)
				if err := os.Truncate(newest(t, torn, ending), at); err != nil {
					t.Fatal(err)
				}
				expectTorn(t, torn, small, ending)
			})
			t.Run(fmt.Sprintf("%s garbage from %d of %d", ending, at, size), func(t *testing.T) {
				torn := abandoned(t, s, dir)
				scribble(t, newest(t, torn, ending), at, rng)
				expectTorn(t, torn, small, ending)
			})
		}
	}
}

const tornCount = 30

// large reports whether a message of TestTornTail goes to the value log.
func large(seq uint64) bool { return seq%3 == 0 }

// usedSize returns the size of a file without the zeros at its end.
func usedSize(t *testing.T, file string) int64 {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return int64(len(bytes.TrimRight(content, "\x00")))
}

func scribble(t *testing.T, file string, at int64, rng *rand.Rand) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	garbage := make([]byte, 200)
	for i := range garbage {
		garbage[i] = byte(rng.Uint32())
	}
	if _, err := f.WriteAt(garbage, at); err != nil {
		t.Fatal(err)
	}
}

// expectTorn opens a damaged store, looks at the messages that it still has, and
// makes sure that it takes new ones.
func expectTorn(t *testing.T, dir string, o Options, ending string) {
	t.Helper()
	s := open(t, dir, o)
	found := loadAll(t, s, 1, lane0, 1000)
	for i, f := range found {
		if !bytes.HasPrefix(f.Message.Body, fmt.Append(nil, f.Seq)) {
			t.Errorf("message %d is %.20q", f.Seq, f.Message.Body)
		}
		if ending == ".mem" && f.Seq != uint64(i+1) {
			t.Errorf("messages %v, want them without a gap", seqs(found))
		}
	}
	if ending == ".vlog" {
		small := slices.DeleteFunc(seqs(found), large)
		if len(small) != tornCount-tornCount/3 {
			t.Errorf("messages %v, want all that were not in the value log", seqs(found))
		}
	}

	last := uint64(tornCount + 1)
	writeTexts(t, s, 1, last, last)
	all := seqs(loadAll(t, s, 1, lane0, 1000))
	if len(all) == 0 || all[len(all)-1] != last {
		t.Errorf("messages %v, want the last to be new, %d", all, last)
	}
}
