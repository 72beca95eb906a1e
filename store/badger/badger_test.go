package badger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// open opens the store in dir; it is closed at the end of the test.
func open(tb testing.TB, dir string, o Options) *Store {
	tb.Helper()
	s, err := Open(dir, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

// reopen closes s and opens its directory again.
func reopen(tb testing.TB, s *Store, dir string, o Options) *Store {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return open(tb, dir, o)
}

// record returns the record of a message that nobody waits for.
func record(m *amqp.Message, refs ...store.Ref) *store.Record {
	r := new(store.Record)
	r.Init(m, nil, 0)
	r.Reserve(len(refs))
	for _, ref := range refs {
		r.Add(ref)
	}
	r.Release()
	return r
}

// text returns a persistent message with a body.
func text(format string, args ...any) *amqp.Message {
	return &amqp.Message{
		Exchange:   "amq.topic",
		RoutingKey: "a.b",
		Properties: amqp.Properties{0x10, 0x00, 2},
		Body:       fmt.Appendf(nil, format, args...),
		Persistent: true,
	}
}

// write appends b and waits until it is on disk.
func write(tb testing.TB, s store.Store, b store.Batch) {
	tb.Helper()
	if err := tryWrite(s, b); err != nil {
		tb.Fatal(err)
	}
}

func tryWrite(s store.Store, b store.Batch) error {
	done := make(chan error, 1)
	b.Done = func(err error) { done <- err }
	s.Append(b)
	return <-done
}

func loadAll(tb testing.TB, s store.Store, queue uint64, span store.Span, max int) []store.Stored {
	tb.Helper()
	found, err := tryLoad(s, queue, span, max)
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// tryLoad asks until there are max messages, or no more.
func tryLoad(s store.Store, queue uint64, span store.Span, max int) (found []store.Stored, err error) {
	for len(found) < max && span.Lo <= span.Hi {
		done := make(chan []store.Stored)
		s.Load(queue, span, max-len(found), func(f []store.Stored, failure error) { err = failure; done <- f })
		more := <-done
		if err != nil || len(more) == 0 {
			return found, err
		}
		found = append(found, more...)
		span.Lo = more[len(more)-1].Seq + 1
	}
	return found, nil
}

func TestNoMoreIsReadBackAtOnceThanFitsIntoMemory(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	queue := s.NextQueueID()
	const messages, size = 64, 100 << 10
	var b store.Batch
	for i := range uint64(messages) {
		b.Records = append(b.Records, record(&amqp.Message{Body: bytes.Repeat([]byte{byte(i)}, size), Persistent: true}, store.Ref{Queue: queue, Seq: i + 1}))
	}
	write(t, s, b)
	done := make(chan int)
	s.Load(queue, lane0, messages, func(found []store.Stored, err error) { done <- len(found) })
	if n := <-done; n*size < loadBytes || n*size > loadBytes+maxSegmentBytes {
		t.Errorf("%d messages of %d octets at once, want %d octets or a segment more", n, size, loadBytes)
	}
	if n := len(loadAll(t, s, queue, lane0, messages)); n != messages {
		t.Errorf("%d messages in all, want %d", n, messages)
	}
}

// lane0 is all numbers of a queue without priorities.
var lane0 = store.Span{Lo: 1, Hi: 1<<store.LaneShift - 1}

func seqs(found []store.Stored) []uint64 {
	var all []uint64
	for _, f := range found {
		all = append(all, f.Seq)
	}
	return all
}

func same(got, want *amqp.Message) bool {
	return got.Exchange == want.Exchange && got.RoutingKey == want.RoutingKey &&
		bytes.Equal(got.Properties, want.Properties) && bytes.Equal(got.Body, want.Body) &&
		got.Persistent == want.Persistent && got.Priority == want.Priority &&
		got.DeadLettered == want.DeadLettered && got.Rekeyed == want.Rekeyed && slices.Equal(got.BCC(), want.BCC())
}

func TestMessagesComeBackAsTheyWere(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	queue := s.NextQueueID()
	large := bytes.Repeat([]byte("0123456789abcdef"), 10<<16)
	messages := []*amqp.Message{
		{Persistent: true},
		{Exchange: "x", RoutingKey: "key", Properties: amqp.Properties{0x08, 0, 7}, Body: []byte("hello"), Persistent: true, Priority: 7},
		{RoutingKey: "key", Body: bytes.Repeat([]byte{0}, 100), Persistent: true},
		{Exchange: "x", Body: large, Persistent: true, Priority: 255},
		{Exchange: "x", Body: large[:maxSegmentBytes], Persistent: true},
		{RoutingKey: "key", Persistent: true, Hidden: &[]string{"key", "hidden"}, Priority: 1},
		{RoutingKey: "key", Persistent: true, DeadLettered: true},
		{RoutingKey: "key", Persistent: true, Rekeyed: true},
		{Exchange: "last", RoutingKey: "one", Persistent: true},
	}
	var b store.Batch
	for i, m := range messages {
		ref := store.Ref{Queue: queue, Seq: uint64(i + 1), Expires: int64(i) * 1e12}
		b.Records = append(b.Records, record(m, ref))
	}
	write(t, s, b)

	for _, when := range []string{"before", "after"} {
		found := loadAll(t, s, queue, lane0, 100)
		if len(found) != len(messages) {
			t.Fatalf("%s reopening: %d messages, want %d", when, len(found), len(messages))
		}
		for i, f := range found {
			if f.Seq != uint64(i+1) || f.Expires != int64(i)*1e12 || !same(f.Message, messages[i]) {
				t.Errorf("%s reopening: message %d is not as it was", when, i)
			}
		}
		s = reopen(t, s, dir, Options{})
	}

	want := store.Extent{Span: store.Span{Lo: 1, Hi: 9}, Messages: 9, Last: 9}
	for _, m := range messages {
		want.Bytes += int64(len(m.Body))
	}
	if got := s.Backlog(queue); len(got) != 1 || got[0] != want {
		t.Errorf("backlog %v, want %v", got, want)
	}
}

func TestSettledMessagesStayAway(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	queue := s.NextQueueID()
	var b store.Batch
	for seq := uint64(1); seq <= 10; seq++ {
		b.Records = append(b.Records, record(text("%d", seq), store.Ref{Queue: queue, Seq: seq}))
	}
	write(t, s, b)
	settle := func(lo, hi uint64) {
		write(t, s, store.Batch{Settled: []store.Settled{{Queue: queue, Span: store.Span{Lo: lo, Hi: hi}}}})
	}

	settle(1, 3)
	settle(6, 6)
	settle(9, 100)
	want := []uint64{4, 5, 7, 8}
	if got := seqs(loadAll(t, s, queue, lane0, 100)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("messages %v, want %v", got, want)
	}
	s = reopen(t, s, dir, Options{})
	if got := seqs(loadAll(t, s, queue, lane0, 100)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after reopening: messages %v, want %v", got, want)
	}

	settle(1, 8)
	s = reopen(t, s, dir, Options{})
	extents := s.Backlog(queue)
	if want := (store.Extent{Last: 10}); len(extents) != 1 || extents[0] != want {
		t.Errorf("backlog %v, want only %v", extents, want)
	}
	if n := len(s.index.segments); n != 0 {
		t.Errorf("%d segments are left, want none", n)
	}
}

func TestDirectoryInUseIsNamed(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, Options{})
	_, err := Open(dir, Options{})
	if !errors.Is(err, errInUse) || !bytes.Contains([]byte(err.Error()), []byte(dir)) {
		t.Errorf("error %v, want %v with %s", err, errInUse, dir)
	}
}

func TestQueueIDsAreNeverGivenTwice(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	given := make(map[uint64]bool)
	for range 3 {
		for range queueIDBlock + 10 {
			id := s.NextQueueID()
			if id == 0 || given[id] {
				t.Fatalf("id %d is zero or given before", id)
			}
			given[id] = true
		}
		s = reopen(t, s, dir, Options{})
	}
}

func TestOpenOfAnEmptyDirectoryIsQuick(t *testing.T) {
	start := time.Now()
	open(t, t.TempDir()+"/new", Options{})
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
}

// roles are what this test binary is, instead of tests, if a variable of the
// environment has a value.
var roles = map[string]func(value string){victimVariable: runVictim}

func TestMain(m *testing.M) {
	for variable, run := range roles {
		if value := os.Getenv(variable); value != "" {
			run(value)
			return
		}
	}
	os.Exit(m.Run())
}
