// Package badger is the store that lasts: definitions and messages in a Badger
// database, in one directory.
//
//	s, err := badger.Open(dir, badger.Options{Logger: log})
//
// Messages are not kept one by one but in segments, which hold all that one
// group of batches wrote, in files beside the database. One goroutine, the
// committer, writes them, each group with one sync. What is settled before it was
// written is not written at all, and a segment of which everything is settled is
// deleted.
package badger

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/store"
)

// A Store keeps everything in a directory. It implements store.Store.
type Store struct {
	// Immutable.
	db     *badger.DB
	log    zerolog.Logger
	dir    string
	limits limits
	fault  func() error
	index  *index // has a lock of its own
	files  *files // the committer's
	writer *committer

	wake      chan struct{} // for the committer, holds one
	timer     *time.Timer   // the same, once something has waited for long enough
	committed chan struct{} // closed when the committer has ended
	stirred   chan struct{} // for the keeper, holds one: something is written
	crowded   chan struct{} // the same: there are too many small segments
	quit      chan struct{} // closed to end the keeper
	tended    chan struct{} // closed when the keeper has ended

	rewriting sync.Mutex   // held while segments are rewritten: no message is moved twice
	moving    sync.RWMutex // held for writing while messages change their segment
	failed    atomic.Pointer[error]
	trimming  atomic.Bool // asks the committer to give disk back
	used      uses

	mu      sync.Mutex // guards all below
	due     time.Time  // when the timer fires; zero if it is not armed
	pending []*group   // in their order; only the last one grows
	free    *group     // for the next
	urgent  bool       // somebody waits for the last of pending
	bytes   int64      // of messages not written
	room    chan struct{}
	closing bool
	loads   []*load
	loading sync.WaitGroup

	ids queueIDs // has a lock of its own
}

var _ store.Store = (*Store)(nil)

// maxDocKey is how many octets the key of a definition may have.
const maxDocKey = 8 << 10

// start begins the work of a store whose index is complete. Definitions that were
// found in segments are in the database then.
func (s *Store) start(r *recovery) error {
	c := &committer{s: s, next: r.next, docs: r.docs, flushed: time.Now(), grace: newGrace(), adviser: newAdviser(s.db.Opts().Dir)}
	c.synced = c.here()
	if len(c.docs.docs) > 0 {
		if err := c.settle(); err != nil {
			return err
		}
	}
	if !s.limits.noAdvice {
		c.adviser.advise()
	}
	s.writer = c
	go c.run()
	go s.keep()
	return nil
}

// Append implements store.Store. Receipts and Done are called by who writes, or for a
// batch that cannot be written by a goroutine of its own.
func (s *Store) Append(b store.Batch) {
	if err := check(&b); err != nil {
		go refuse(copied(b), err)
		return
	}
	if !s.add(func(g *group) { g.add(&b) }) {
		go refuse(copied(b), store.ErrClosed)
	}
}

// copied returns b with slices of its own, for a goroutine that is still busy
// with them when Append has returned.
func copied(b store.Batch) store.Batch {
	b.Records = slices.Clone(b.Records)
	return b
}

// check returns why a batch cannot be written.
func check(b *store.Batch) error {
	for _, d := range b.Docs {
		if len(d.Value) > store.DocMost || len(d.Key) > maxDocKey {
			return fmt.Errorf("definition %.40q of %d octets is too large", d.Key, len(d.Value))
		}
	}
	return nil
}

// add lets f put something into the group that is gathering, and wakes the
// committer if need be. It reports false if the store is closed.
func (s *Store) add(f func(*group)) bool {
	open, urgent := s.gather(f)
	if urgent {
		s.signal()
	}
	return open
}

// gather is add without waking anybody: urgent says that somebody waits now. The
// committer sees by itself what comes after that.
func (s *Store) gather(f func(*group)) (open, urgent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false, false
	}
	g := s.gathering()
	before := g.bytes
	f(g)
	s.bytes += g.bytes - before
	switch {
	case s.urgent:
	case g.urgent:
		s.urgent, urgent = true, true
	default:
		s.arm(s.limits.settleAfter)
	}
	return true, urgent
}

// armIn is arm for who does not hold the lock.
func (s *Store) armIn(wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arm(wait)
}

// timerFired notes that it has.
func (s *Store) timerFired() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = time.Time{}
}

// arm has the timer fire after a while, unless it does earlier anyway. The lock is
// held.
func (s *Store) arm(wait time.Duration) {
	wait = max(time.Millisecond, wait)
	if due := time.Now().Add(wait); s.due.IsZero() || due.Before(s.due) {
		s.due = due
		s.timer.Reset(wait)
	}
}

func (s *Store) signal() { poke(s.wake) }

// poke puts a signal into a channel that holds one, if there is none.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// gathering returns the group to which the next batch belongs.
func (s *Store) gathering() *group {
	if n := len(s.pending); n > 0 && s.pending[n-1].bytes < groupLimit {
		return s.pending[n-1]
	}
	g := s.free
	s.free = nil
	if g == nil {
		g = new(group)
	}
	s.pending = append(s.pending, g)
	return g
}

// take returns the next group to write, or nil if there is none or, unless it is
// due, nobody waits for it.
func (s *Store) take(due bool) *group {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 || !due && !s.urgent {
		return nil
	}
	g := s.pending[0]
	s.pending = slices.Delete(s.pending, 0, 1)
	if len(s.pending) == 0 {
		s.urgent = false
	}
	return g
}

// recycle notes that a group is answered.
func (s *Store) recycle(g *group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= g.bytes
	if s.room != nil && s.bytes <= pendingLimit {
		close(s.room)
		s.room = nil
	}
	g.reset()
	s.free = g
}

// hasUrgent reports whether somebody waits for what is gathering.
func (s *Store) hasUrgent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.urgent
}

func (s *Store) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// Room implements store.Store. The limit is 16 MiB.
func (s *Store) Room() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes <= pendingLimit {
		return always
	}
	if s.room == nil {
		s.room = make(chan struct{})
	}
	return s.room
}

var always = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Backlog implements store.Store.
func (s *Store) Backlog(queue uint64) []store.Extent {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	q := s.index.queues[queue]
	if q == nil {
		return nil
	}
	var all []store.Extent
	for _, l := range q.lanes {
		if l.recovered.Last > 0 {
			all = append(all, l.recovered)
		}
	}
	return all
}

// Retain implements store.Store.
func (s *Store) Retain(queues []uint64) {
	queues = slices.Clone(queues)
	s.add(func(g *group) { g.retain, g.retains = queues, true })
}

// Err implements store.Store.
func (s *Store) Err() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// fail stops the store from writing.
func (s *Store) fail(err error) {
	if s.failed.CompareAndSwap(nil, &err) {
		s.log.Error().Err(err).Msg("store has failed, nothing is written any more")
	}
}

// Close implements store.Store. A second call returns nil.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return nil
	}
	s.closing = true
	s.signal()
	s.mu.Unlock()

	<-s.committed
	close(s.quit)
	<-s.tended
	s.loading.Wait()
	if err := errors.Join(s.files.close(s.Err() != nil), s.db.Close()); err != nil {
		return errors.Join(s.Err(), fmt.Errorf("close store: %w", err))
	}
	return s.Err()
}
