package badger

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/harebellmq/harebell/store"
)

// unhurried is options with which the database learns late what it may learn late.
var unhurried = Options{limits: limits{settleAfter: time.Hour}}

func define(t *testing.T, s *Store, key, value string) {
	t.Helper()
	d := store.Doc{Kind: store.Queues, Key: key}
	if value != "" {
		d.Value = []byte(value)
	}
	write(t, s, store.Batch{Docs: []store.Doc{d}})
}

func expectDocs(t *testing.T, s *Store, want map[string]string) {
	t.Helper()
	got := make(map[string]string)
	for d, err := range s.Docs(store.Queues) {
		if err != nil {
			t.Fatal(err)
		}
		got[d.Key] = string(d.Value)
	}
	if !maps.Equal(got, want) {
		t.Errorf("definitions %.300q, want %.300q", got, want)
	}
}

// TestDefinitionsOutlastACrash crashes before the database knows of definitions, and
// once more after it knows some: later ones must stay later.
func TestDefinitionsOutlastACrash(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, unhurried)
	large := string(bytes.Repeat([]byte("large"), 10_000))
	define(t, s, "a", "1")
	define(t, s, "b", large)
	define(t, s, "c", "1")
	define(t, s, "c", "")
	if found, err := s.value(docKey(store.Queues, "a")); err != nil || found != nil {
		t.Errorf("the database has %q already, %v", found, err)
	}

	dir = abandoned(t, s, dir)
	s = open(t, dir, unhurried)
	expectDocs(t, s, map[string]string{"a": "1", "b": large})
	define(t, s, "a", "2")
	// What comes with messages the database has at once.
	write(t, s, store.Batch{
		Records: []*store.Record{record(text("1"), store.Ref{Queue: 1, Seq: 1})},
		Docs:    []store.Doc{{Kind: store.Queues, Key: "a", Value: []byte("3")}},
	})
	define(t, s, "b", "2")

	dir = abandoned(t, s, dir)
	s = open(t, dir, unhurried)
	expectDocs(t, s, map[string]string{"a": "3", "b": "2"})
	expectSeqs(t, s, 1, 1)
	define(t, s, "b", "")
	expectDocs(t, s, map[string]string{"a": "3"})
	s = reopen(t, s, dir, unhurried)
	expectDocs(t, s, map[string]string{"a": "3"})
}

// TestFilesOfDefinitionsAreGivenBack fills files with definitions only.
func TestFilesOfDefinitionsAreGivenBack(t *testing.T) {
	dir := t.TempDir()
	o := unhurried
	o.limits.file = 4 << 10
	s := open(t, dir, o)
	for n := range 200 {
		define(t, s, "a", fmt.Sprintf("%0100d", n))
	}
	if n := len(s.files.all); n < 3 {
		t.Fatalf("%d files while the database knows of none, want more", n)
	}
	s.save()
	s = reopen(t, s, dir, o)
	if n := len(s.files.all); n > 0 {
		t.Errorf("%d files are left, want none", n)
	}
	expectDocs(t, s, map[string]string{"a": fmt.Sprintf("%0100d", 199)})
}

// TestTornDefinitions cuts the file off anywhere in the last definition.
func TestTornDefinitions(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, unhurried)
	define(t, s, "a", "1")
	whole := s.files.end().offset
	define(t, s, "a", "2")
	for at := whole; at < s.files.end().offset; at++ {
		torn := abandoned(t, s, dir)
		if err := os.Truncate(newest(t, torn, fileEnding), at); err != nil {
			t.Fatal(err)
		}
		s := open(t, torn, unhurried)
		expectDocs(t, s, map[string]string{"a": "1"})
		define(t, s, "a", "3")
		s = reopen(t, s, torn, unhurried)
		expectDocs(t, s, map[string]string{"a": "3"})
	}
}
