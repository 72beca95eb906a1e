package badger

import (
	"io"
	"sync/atomic"
	"time"
)

// IO is how the files of messages and definitions have been used since the store was
// opened. What Badger does in its own is not in it.
type IO struct {
	Reads, Read     uint64 // turns, and octets
	Writes, Written uint64
	Syncs           uint64

	Reading, Writing, Syncing time.Duration // all in all
}

// IO returns how the files have been used until now.
func (s *Store) IO() IO {
	u := &s.used
	return IO{
		Reads: u.reads.n.Load(), Read: u.reads.octets.Load(), Reading: u.reads.took(),
		Writes: u.writes.n.Load(), Written: u.writes.octets.Load(), Writing: u.writes.took(),
		Syncs: u.syncs.n.Load(), Syncing: u.syncs.took(),
	}
}

// uses are what IO tells.
type uses struct{ reads, writes, syncs use }

type use struct{ n, octets, nanoseconds atomic.Uint64 }

// note notes one that began at a time.
func (u *use) note(octets int, began time.Time) {
	u.n.Add(1)
	u.octets.Add(uint64(octets))
	u.nanoseconds.Add(uint64(time.Since(began)))
}

func (u *use) took() time.Duration { return time.Duration(u.nanoseconds.Load()) }

// A notedReader notes how it is read from.
type notedReader struct {
	io.ReaderAt
	reads *use
}

// ReadAt implements io.ReaderAt.
func (r notedReader) ReadAt(p []byte, offset int64) (n int, err error) {
	began := time.Now()
	n, err = r.ReaderAt.ReadAt(p, offset)
	r.reads.note(n, began)
	return n, err
}
