package badger

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harebellmq/harebell/store"
)

func queueDoc(key string) store.Doc {
	return store.Doc{Kind: store.Queues, Key: key, Value: []byte("1")}
}

// TestSyncWritesWhatNobodyElseWaitsFor has definitions and messages appended for which
// nobody is woken, and crashes.
func TestSyncWritesWhatNobodyElseWaitsFor(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, unhurried)
	s.Append(store.Batch{Docs: []store.Doc{queueDoc("q")}})
	s.Append(store.Batch{Records: []*store.Record{record(text("1"), store.Ref{Queue: 1, Seq: 1})}})
	s.Append(store.Batch{Docs: []store.Doc{queueDoc("r")}})
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	s = open(t, abandoned(t, s, dir), unhurried)
	expectDocs(t, s, map[string]string{"q": "1", "r": "1"})
	expectSeqs(t, s, 1, 1)
}

// TestDefinitionsAreWrittenInTheEnd has nobody wait for one.
func TestDefinitionsAreWrittenInTheEnd(t *testing.T) {
	var defined atomic.Bool
	written := make(chan struct{}, 1)
	s := open(t, t.TempDir(), Options{limits: limits{settleAfter: time.Millisecond}, Fault: func() error {
		if defined.Load() {
			poke(written)
		}
		return nil
	}})
	if err := s.Sync(); err != nil { // what a new store has to write
		t.Fatal(err)
	}
	defined.Store(true)
	s.Append(store.Batch{Docs: []store.Doc{queueDoc("q")}})
	<-written
}

// TestManySync has many define, publish with confirms and without, and wait, all at the
// same time: each finds on disk what it has waited for, and everybody is answered.
func TestManySync(t *testing.T) {
	const users, rounds = 8, 30
	dir := t.TempDir()
	s := open(t, dir, unhurried)
	want := make(map[string]string)
	var all sync.WaitGroup
	for u := range uint64(users) {
		for i := range rounds {
			want[fmt.Sprintf("%d/%d", u, i)] = "1"
		}
		all.Go(func() {
			for i := range uint64(rounds) {
				s.Append(store.Batch{Docs: []store.Doc{queueDoc(fmt.Sprintf("%d/%d", u, i))}})
				s.Append(store.Batch{Records: []*store.Record{record(text("1"), store.Ref{Queue: u, Seq: 2*i + 1})}})
				r, told := awaited(u, 2*i+2)
				s.Append(store.Batch{Records: []*store.Record{r}})
				if i%2 == 0 {
					if !<-told {
						t.Error("not confirmed")
					}
				}
				if err := s.Sync(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	s = open(t, abandoned(t, s, dir), unhurried)
	expectDocs(t, s, want)
	for u := range uint64(users) {
		if n := len(loadAll(t, s, u, lane0, 1000)); n != 2*rounds {
			t.Errorf("queue %d has %d messages, want %d", u, n, 2*rounds)
		}
	}
}

// panicVariable makes this test binary write into the directory it names, and panic.
const panicVariable = "HAREBELL_PANIC"

func init() { roles[panicVariable] = runPanic }

func runPanic(dir string) {
	writing := false
	s, err := Open(dir, Options{Fault: func() error {
		if writing {
			panic("half way")
		}
		return nil
	}})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	writing = true
	defer func() { fmt.Println("went on after", recover()) }()
	s.Append(store.Batch{Docs: []store.Doc{queueDoc("q")}})
	s.Sync()
}

// TestPanicWhileWritingIsNotSurvived has somebody recover who would take the panic for
// the fault of one client.
func TestPanicWhileWritingIsNotSurvived(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), panicVariable+"="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		t.Errorf("ended with %v, want a panic", err)
	}
	for _, want := range []string{"panic: half way", "sync_test.go"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("output lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "went on") {
		t.Errorf("the process went on:\n%s", out)
	}
}
