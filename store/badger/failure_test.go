package badger

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

var errDisk = errors.New("disk is broken")

// breakable returns options of a store whose disk breaks when the flag is set.
func breakable() (Options, *atomic.Bool) {
	broken := new(atomic.Bool)
	return Options{Fault: func() error {
		if broken.Load() {
			return errDisk
		}
		return nil
	}}, broken
}

// A receipt passes on what it is told of a single tag.
type receipt chan bool

func (r receipt) Confirm(_, _ uint64, ok bool) { r <- ok }

func awaited(queue, seq uint64) (*store.Record, receipt) {
	return awaitedMessage(text("%d", seq), queue, seq)
}

func awaitedMessage(m *amqp.Message, queue, seq uint64) (*store.Record, receipt) {
	told := make(receipt, 1)
	r := new(store.Record)
	r.Init(m, told, 1)
	r.Add(store.Ref{Queue: queue, Seq: seq})
	r.Release()
	return r, told
}

func TestFailedWriteIsAnsweredAndStopsTheStore(t *testing.T) {
	dir := t.TempDir()
	o, broken := breakable()
	s := open(t, dir, o)
	writeTexts(t, s, 1, 1, 3)
	broken.Store(true)
	for seq := uint64(4); seq < 6; seq++ {
		r, told := awaited(1, seq)
		if err := tryWrite(s, store.Batch{Records: []*store.Record{r}}); !errors.Is(err, errDisk) {
			t.Errorf("answered with %v, want %v", err, errDisk)
		}
		if <-told {
			t.Error("confirmed")
		}
		broken.Store(false) // it stays stopped even if the disk recovers
	}
	if err := s.Err(); !errors.Is(err, errDisk) {
		t.Errorf("Err() = %v, want %v", err, errDisk)
	}
	if err := s.Sync(); !errors.Is(err, errDisk) {
		t.Errorf("Sync() = %v, want %v", err, errDisk)
	}
	if id := s.NextQueueID(); id == 0 {
		t.Error("no queue id")
	}
	if err := s.Close(); !errors.Is(err, errDisk) {
		t.Errorf("Close() = %v, want %v", err, errDisk)
	}
	s = open(t, dir, Options{})
	expectSeqs(t, s, 1, 1, 2, 3)
}

// TestUnsyncedValueLogStopsTheStore lets Badger log while it writes.
func TestUnsyncedValueLogStopsTheStore(t *testing.T) {
	var format atomic.Value
	format.Store("nothing much: %v")
	var s *Store
	s = open(t, t.TempDir(), Options{Fault: func() error {
		if s != nil {
			logger{s}.Errorf(format.Load().(string), errDisk)
		}
		return nil
	}})
	writeTexts(t, s, 1, 1, 1)
	format.Store("Error while curlf sync: %v\n")
	r, told := awaited(1, 2)
	if err := tryWrite(s, store.Batch{Records: []*store.Record{r}}); err == nil {
		t.Error("answered without an error")
	}
	if <-told || s.Err() == nil {
		t.Error("confirmed, or goes on")
	}
}

func TestClosedStoreAnswers(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close() = %v", err)
	}
	r, told := awaited(1, 1)
	if err := tryWrite(s, store.Batch{Records: []*store.Record{r}}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("answered with %v, want %v", err, store.ErrClosed)
	}
	if <-told {
		t.Error("confirmed")
	}
	if err := s.Sync(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Sync() = %v, want %v", err, store.ErrClosed)
	}
	failed := make(chan error, 1)
	s.Load(1, lane0, 1, func(_ []store.Stored, err error) { failed <- err })
	if err := <-failed; !errors.Is(err, store.ErrClosed) {
		t.Errorf("loaded with %v, want %v", err, store.ErrClosed)
	}
}

func TestTooLargeDefinitionIsRefusedAlone(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	r, told := awaited(1, 1)
	large := store.Doc{Kind: store.Queues, Key: "q", Value: make([]byte, store.DocMost+1)}
	if err := tryWrite(s, store.Batch{Records: []*store.Record{r}, Docs: []store.Doc{large}}); err == nil {
		t.Error("no error")
	}
	if <-told {
		t.Error("confirmed")
	}
	large.Value = large.Value[:store.DocMost]
	write(t, s, store.Batch{Docs: []store.Doc{large}})
}

func TestCloseWritesWhatNobodyWaitsFor(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	writeTexts(t, s, 1, 1, 2)
	s.Append(store.Batch{Records: []*store.Record{record(text("3"), store.Ref{Queue: 1, Seq: 3})}})
	s.Append(store.Batch{Settled: []store.Settled{settledOne(1, 2)}})
	s = reopen(t, s, dir, Options{})
	expectSeqs(t, s, 1, 1, 3)
}

func TestRoomIsClosedOnlyBelowTheLimit(t *testing.T) {
	writing, proceed := make(chan struct{}), make(chan struct{})
	go func() { <-writing; proceed <- struct{}{} }() // the format
	s := open(t, t.TempDir(), Options{Fault: func() error {
		writing <- struct{}{}
		<-proceed
		return nil
	}})
	m := text("")
	m.Body = make([]byte, pendingLimit/2)
	s.Append(store.Batch{Records: []*store.Record{record(m, store.Ref{Queue: 1, Seq: 1})}})
	<-s.Room()
	s.Append(store.Batch{Records: []*store.Record{record(m, store.Ref{Queue: 1, Seq: 2})}})
	<-writing
	room := s.Room()
	select {
	case <-room:
		t.Fatal("there is room for more although nothing is written")
	default:
	}
	proceed <- struct{}{}
	<-room
	go func() {
		for range writing {
			proceed <- struct{}{}
		}
	}()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	close(writing)
}
