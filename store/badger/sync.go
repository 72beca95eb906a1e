package badger

import (
	"fmt"
	"runtime/debug"

	"github.com/harebellmq/harebell/store"
)

// Sync implements store.Store. If nobody writes the caller does, so that no other
// goroutine need be woken before and after: that takes 20 to 30 µs each in a virtual
// machine. Measured with one client, a binding is made and deleted in 0.39 ms instead
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
