package badger

import (
	"bytes"
	"errors"
	"fmt"
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
	s.save() // or it would be written over
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

// TestStrayLiveRecordIsNotTaken leaves the live record of a segment that is gone,
// as a crash between two transactions of a group may.
func TestStrayLiveRecordIsNotTaken(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	writeTexts(t, s, 1, 1, 3)
	const next = 3 // after segments 0 to 2
	put(t, s, liveKey(next), []byte{0})
	s = reopen(t, s, dir, Options{})
	writeTexts(t, s, 1, 4, 4)
	s = reopen(t, s, dir, Options{})
	expectSeqs(t, s, 1, 1, 2, 3, 4)
	if found, err := s.value(liveKey(next)); err != nil || found != nil {
		t.Errorf("the record is still there: %q, %v", found, err)
	}
}

func TestUnknownAndDamagedValuesAreSkipped(t *testing.T) {
	for name, test := range map[string]struct {
		key, value []byte
		want       string // in the log
	}{
		"unknown kind":             {[]byte("zebra"), []byte("?"), `"kind":"'z'"`},
		"short key":                {[]byte{keySegment, 1}, []byte("?"), "key of 2 octets"},
		"short location":           {segmentKey(77), []byte{1}, "location of 1 octets"},
		"location without a file":  {segmentKey(77), location{file: 9}.encode(), "is missing"},
		"location without segment": {segmentKey(77), location{file: 1, offset: 5}.encode(), `"number":77`},
		"location of another":      {segmentKey(77), location{file: 1}.encode(), "it is segment 0"},
		"short horizon":            {horizonKey(), []byte{1}, "horizon of 1 octets"},
		"short number":             {lastKey(1, 0), []byte{1}, `"kind":"L"`},
		"live record of too many":  {liveKey(0), bytes.Repeat([]byte{0}, 50), "does not fit"},
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
	segment, _ := new(builder).encode(nil, 5, messages)
	h := decodeHeader(segment)
	h.format++
	h.encode(segment)
	for name, prepare := range map[string]func(t *testing.T, s *Store){
		"store": func(t *testing.T, s *Store) { put(t, s, formatKey(), []byte{format + 1}) },
		"known segment": func(t *testing.T, s *Store) {
			put(t, s, segmentKey(5), location{file: 1}.encode(), horizonKey(), horizon{next: 9, location: location{file: 2}}.encode())
		},
		"segment behind the horizon": func(*testing.T, *Store) {},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Options{})
			prepare(t, s)
			if err := os.WriteFile(s.files.path(1), segment, 0o600); err != nil {
				t.Fatal(err)
			}
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

func TestOlderFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	put(t, s, formatKey(), []byte{format - 1})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("opened as %v with error %v, want one with %s", s, err, dir)
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
	file := newest(t, dir, fileEnding)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	scribble(t, file, int64(bytes.Index(content, []byte("body 2"))), []byte("BODY"))

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
	small := Options{limits: limits{memTable: 1 << 20, file: 1 << 20}}
	for name, damage := range map[string]func(t *testing.T, dir string){
		"nothing damaged": func(*testing.T, string) {},
		"empty .mem": func(t *testing.T, dir string) {
			touch(t, filepath.Join(dir, "00099.mem"))
		},
		"empty .vlog": func(t *testing.T, dir string) {
			touch(t, filepath.Join(dir, "000099.vlog"))
		},
		"empty segment file": func(t *testing.T, dir string) {
			touch(t, filepath.Join(dir, "00000099"+fileEnding))
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
// left must open, and have all messages that come before the damage.
func TestTornTail(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, bound := range []bool{true, false} {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		for seq := uint64(1); seq <= tornCount; seq++ {
			writeTorn(t, s, seq, bound)
		}
		for _, ending := range []string{".mem", fileEnding} {
			size := usedSize(t, newest(t, dir, ending))
			for range 5 {
				at := rng.Int64N(size)
				name := fmt.Sprintf("bound %v, %s at %d of %d", bound, ending, at, size)
				t.Run(name+" cut", func(t *testing.T) {
					torn := abandoned(t, s, dir)
					if err := os.Truncate(newest(t, torn, ending), at); err != nil {
						t.Fatal(err)
					}
					expectTorn(t, torn, bound || ending == fileEnding)
				})
				t.Run(name+" overwritten", func(t *testing.T) {
					torn := abandoned(t, s, dir)
					garbage := make([]byte, 200)
					for i := range garbage {
						garbage[i] = byte(rng.Uint32())
					}
					scribble(t, newest(t, torn, ending), max(at, tableHeader), garbage)
					expectTorn(t, torn, bound || ending == fileEnding)
				})
			}
		}
	}
}

const tornCount = 30

// tableHeader is how many octets a table's log begins with that are written when it
// is made: they are not part of its tail, and Badger opens none without them.
const tableHeader = 20

// writeTorn writes a message of TestTornTail, as a bound segment or as any other.
func writeTorn(t *testing.T, s *Store, seq uint64, bound bool) {
	t.Helper()
	m := text("%d", seq)
	if seq%3 == 0 {
		m.Body = append(m.Body, bytes.Repeat([]byte{'+'}, 32<<10)...)
	}
	if bound {
		s.add(func(g *group) {
			g.add(&store.Batch{Records: []*store.Record{record(m, store.Ref{Queue: 1, Seq: seq})}})
			g.whole = true
		})
		write(t, s, store.Batch{})
		return
	}
	r, told := awaitedMessage(m, 1, seq)
	s.Append(store.Batch{Records: []*store.Record{r}})
	if !<-told {
		t.Fatal("not confirmed")
	}
}

// usedSize returns the size of a file without the zeros at its end.
func usedSize(t *testing.T, file string) int64 {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return int64(len(bytes.TrimRight(content, "\x00")))
}

func scribble(t *testing.T, file string, at int64, octets []byte) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(octets, at); err != nil {
		t.Fatal(err)
	}
}

// expectTorn opens a damaged store, looks at the messages that it still has, and
// makes sure that it takes new ones.
func expectTorn(t *testing.T, dir string, some bool) {
	t.Helper()
	s := open(t, dir, Options{})
	found := loadAll(t, s, 1, lane0, 1000)
	gaps := 0
	for i, f := range found {
		if !bytes.HasPrefix(f.Message.Body, fmt.Append(nil, f.Seq)) {
			t.Errorf("message %d is %.20q", f.Seq, f.Message.Body)
		}
		if i > 0 && f.Seq != found[i-1].Seq+1 {
			gaps++
		}
	}
	if gaps > 1 {
		t.Errorf("messages %v, want them without gaps but where the damage is", seqs(found))
	}
	if !some && len(found) != tornCount {
		t.Errorf("messages %v, want all: their files are whole", seqs(found))
	}

	const last = tornCount + 1
	writeTorn(t, s, last, false)
	s = reopen(t, s, dir, Options{})
	all := seqs(loadAll(t, s, 1, lane0, 1000))
	if len(all) == 0 || all[len(all)-1] != last {
		t.Errorf("messages %v, want the last to be new, %d", all, last)
	}
}
