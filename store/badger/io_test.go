package badger

import (
	"testing"

	"github.com/harebellmq/harebell/store"
)

func TestUsesOfTheDiskAreCounted(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	before := s.IO()
	write(t, s, store.Batch{Records: []*store.Record{record(text("%01000d", 1), store.Ref{Queue: 1, Seq: 1})}})
	written := s.IO()
	if written.Writes <= before.Writes || written.Written < before.Written+1000 || written.Syncs <= before.Syncs || written.Syncing <= before.Syncing || written.Writing <= before.Writing {
		t.Errorf("writing: from %+v to %+v", before, written)
	}
	if written.Reads != before.Reads {
		t.Errorf("writing has read: from %+v to %+v", before, written)
	}
	if found := loadAll(t, s, 1, store.Span{Lo: 1, Hi: 1}, 1); len(found) != 1 {
		t.Fatalf("found %d messages", len(found))
	}
	if read := s.IO(); read.Reads <= written.Reads || read.Read < written.Read+1000 || read.Reading <= written.Reading {
		t.Errorf("reading: from %+v to %+v", written, read)
	}
}
