package badger

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/harebellmq/harebell/store"
)

// Sync implements store.Store. If nobody writes the caller does, so that no other
// goroutine need be woken before and after: that takes 20 to 30 µs each in a virtual
// machine. Measured with one client, a binding is made and deleted in 0.41 ms instead
// of 0.54, for three quarters of the CPU time; two syncs are 0.28 of it.
func (s *Store) Sync() error {
	answer := make(chan error, 1)
	await := func(g *group) { g.await(func(err error) { answer <- err }) }
	if !s.writer.lead(await, answer) && !s.add(await) {
		return store.ErrClosed
	}
	return <-answer
}

// lead has the caller write, if nobody does: all up to the answer that it waits for.
// What nobody waits for it leaves to the goroutine.
func (c *committer) lead(await func(*group), answer <-chan error) bool {
	if !c.mu.TryLock() {
		return false
	}
	defer c.mu.Unlock()
	if c.syncing != nil { // which only the goroutine is told of
		return false
	}
	if open, _ := c.s.gather(await); !open {
		return false
	}
	defer dieOfPanic()
	for len(answer) == 0 {
		g := c.s.take(false)
		c.grace.holdBack(g)
		c.process(g)
	}
	c.rest()
	if c.s.hasUrgent() {
		c.s.signal()
	}
	return true
}

// dieOfPanic ends the process if it is called while its goroutine panics, even where
// a panic is taken for the fault of one client. Half a group may have been written,
// and those who wait for it would do so forever.
func dieOfPanic() {
	if r := recover(); r != nil {
		stack := debug.Stack()
		go panic(fmt.Sprintf("%v\n\n%s", r, stack))
		select {}
	}
}

// lazySync is how long segments that nobody waits for may wait to be synced.
// RabbitMQ waits as long. Messages that are published without confirms are so
// written as fast as the system takes them: 450,000 of 1 KiB in a second, on a disk
// that syncs 250,000.
const lazySync = 200 * time.Millisecond

// A syncing is a sync that nobody waits for.
type syncing struct {
	files []*file
	until horizon // what was written when it began
	err   error
}

// here returns the horizon of all segments that are written.
func (c *committer) here() horizon { return horizon{next: c.next, location: c.s.files.end()} }

// beginSync syncs what is written, without waiting for it.
func (c *committer) beginSync() {
	c.lazily = time.Now()
	s := syncing{files: c.s.files.unsynced(), until: c.here()}
	done := make(chan syncing, 1)
	c.syncing = done
	go func() {
		s.err = c.s.syncAll(s.files)
		done <- s
	}()
}

// endSync is called when a sync is done.
func (c *committer) endSync(s syncing) error {
	if s.err != nil {
		return s.err
	}
	c.synced = s.until
	return c.s.files.closeFull(s.files)
}

// sync returns when all segments are on disk.
func (c *committer) sync() error {
	if c.syncing != nil {
		s := <-c.syncing
		c.syncing = nil
		if err := c.endSync(s); err != nil {
			return err
		}
	}
	s := syncing{files: c.s.files.unsynced(), until: c.here()}
	s.err = c.s.syncAll(s.files)
	return c.endSync(s)
}

// landed is called when a sync that nobody waited for is done.
func (c *committer) landed(s syncing) {
	c.syncing = nil
	c.try(func() error { return c.note(s) })
}

// note tells the database of segments that are synced now. Settlements wait.
func (c *committer) note(s syncing) error {
	if err := c.endSync(s); err != nil {
		return err
	}
	if settlements, segments := c.unsaved(); settlements || !segments {
		return nil
	}
	w := newWriter(c.s.db, c.s.fault)
	c.flush(w)
	return c.transact(w)
}
