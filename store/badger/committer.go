package badger

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// The committer is what writes. Nothing else does, so that all share one sync. It is
// a goroutine, or whoever waits in Sync while that has nothing to do. It has no timer
// for what somebody waits for: while one group is written the next one gathers, and
// that is all there is to batching. Only what nobody waits for is held back a little,
// and what consumers have got already, because most of it will need no writing soon.
//
// To encode and write the next group while one is synced was tried: on two cores it
// changed nothing, as publishers have use for the processor meanwhile (16 octets:
// 0.99 times the messages, in five pairs of runs of the broker and four of the store).
type committer struct {
	s *Store

	mu    sync.Mutex // held by who writes
	grace *grace

	next     uint64       // number of the next segment
	synced   horizon      // of those that are on disk
	syncing  chan syncing // while what is not awaited is synced, or nil; the goroutine's
	lazily   time.Time    // when that began last
	awaited  bool         // somebody waits for a message of the group
	docs     docLog       // that the database does not know
	builders []*builder
	sealed   []*segment // of this group, one for each builder in use
	octets   []byte     // to encode segments in

	flushed time.Time // when settlements were last written
	free    int64     // octets of the disk, about
	asked   time.Time // when the system said so

	adviser *adviser
	advised int // octets of the database since the last advice
}

// adviseEvery is after how many octets the committer looks for new files of
// Badger.
const adviseEvery = 1 << 20

func (c *committer) run() {
	defer close(c.s.committed)
	first, due := func() {}, false
	for c.turn(first, due) {
		first, due = func() {}, false
		select {
		case <-c.s.wake:
		case <-c.s.timer.C:
			due = true
		case <-c.grace.timer.C:
			first = func() { c.process(c.grace.turn()) }
		case s := <-c.syncing:
			first = func() { c.landed(s) }
		}
	}
}

// turn does first, and then whatever there is to do. It reports false once the store
// is closing.
func (c *committer) turn(first func(), due bool) (goOn bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first()
	if due {
		c.s.timerFired()
	}
	closing := c.s.isClosing()
	for g := c.s.take(due || closing); g != nil; g = c.s.take(due || closing) {
		c.grace.holdBack(g)
		c.process(g)
		c.tend()
	}
	if c.syncing == nil && c.s.trimming.Swap(false) && c.s.Err() == nil {
		c.tolerate(c.s.files.trim())
	}
	if closing {
		g := &group{last: true}
		c.grace.holdBack(g)
		c.process(g)
		c.s.timer.Stop()
		c.grace.timer.Stop()
		if c.syncing != nil { // the store has failed, and the files are about to be closed
			<-c.syncing
		}
		return false
	}
	c.tend()
	c.rest()
	return true
}

// rest arms the timer if the database does not know everything.
func (c *committer) rest() {
	settlements, segments := c.unsaved()
	switch {
	case settlements:
		c.s.armIn(c.s.limits.settleAfter - time.Since(c.flushed))
	case segments && c.syncing == nil:
		c.s.armIn(lazySync - time.Since(c.lazily))
	}
}

// unsaved reports of what the database does not know. Definitions count as
// settlements.
func (c *committer) unsaved() (settlements, segments bool) {
	if c.s.Err() != nil {
		return false, false
	}
	x := c.s.index
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(c.docs.docs) > 0 || x.unsettled(), len(x.fresh) > 0
}

// process writes a group and answers it.
func (c *committer) process(g *group) {
	err := c.s.Err()
	if err == nil {
		err = c.try(func() error { return c.write(g) })
	} else {
		g.claim()
	}
	store.Answer(g.records, err)
	for _, done := range g.dones {
		done(err)
	}
	c.s.recycle(g)
}

// tend does what nobody waits for: it tells the database what it does not know, when
// it is time, and the kernel what is not needed in memory.
func (c *committer) tend() {
	if c.advised >= adviseEvery && !c.s.limits.noAdvice {
		c.advised = 0
		c.adviser.advise()
	}
	select {
	case s := <-c.syncing:
		c.landed(s)
	default:
	}
	settlements, segments := c.unsaved()
	switch {
	case settlements && time.Since(c.flushed) >= c.s.limits.settleAfter:
		c.try(c.settle)
	case segments && c.syncing == nil && time.Since(c.lazily) >= lazySync:
		c.beginSync()
	}
}

// try writes, and has the store fail if that does. It returns why the store has
// failed.
func (c *committer) try(write func() error) error {
	if err := write(); err != nil {
		c.s.fail(err)
	}
	return c.s.Err() // Badger may have failed without saying so, see logger
}

// write returns when the group is on disk; if nobody waits for any of it, when the
// system has it. Most groups are messages only, and some definitions only: their
// segments are synced and that is all. Where anything else comes with them they count
// only together with it, and so only if the database has it all.
func (c *committer) write(g *group) error {
	if len(g.moves) > 0 {
		c.s.moving.Lock()
		defer c.s.moving.Unlock()
	}
	defer c.release()
	bound := g.bound(c.pack(g))
	if err := c.writeSegments(g, bound); err != nil {
		return fmt.Errorf("write segments: %w", err)
	}
	if bound {
		if err := c.writeRest(g); err != nil {
			return err
		}
	}
	c.enter(g)
	if bound || len(c.sealed) > 0 {
		poke(c.s.stirred)
	}
	return nil
}

// writeSegments writes the segments of the group, and returns when they are on disk
// if they are awaited. What is bound is synced before it is committed.
func (c *committer) writeSegments(g *group, bound bool) error {
	docs := g.docs
	if bound {
		docs = nil
	}
	if len(c.sealed)+len(docs) > 0 {
		if c.s.fault != nil {
			if err := c.s.fault(); err != nil {
				return err
			}
		}
		if err := c.appendSegments(docs, bound); err != nil {
			return err
		}
	}
	if c.awaited || !bound && len(g.docs)+len(g.dones) > 0 {
		return c.sync()
	}
	return nil
}

// appendSegments writes the segments of messages, and one of definitions if there
// are any.
func (c *committer) appendSegments(docs []store.Doc, bound bool) (err error) {
	size := docBytes(docs)
	for _, b := range c.builders[:len(c.sealed)] {
		size += b.size
	}
	if err := c.checkSpace(size); err != nil {
		return err
	}
	c.s.files.free = c.free
	kind := messages
	if bound {
		kind = boundMessages
	}
	for i, s := range c.sealed {
		b := c.builders[i]
		segment, rest := b.encode(c.octets, s.number, kind)
		s.refs, s.size, s.noted = uint32(len(b.refs)), int64(len(segment)+len(rest)), bound
		if s.file, s.offset, err = c.s.append(segment, rest); err != nil {
			return err
		}
		c.octets = segment
	}
	if len(docs) > 0 {
		f, _, err := c.s.append(encodeDocs(docs, c.next))
		if err != nil {
			return err
		}
		c.next++
		c.docs.add(docs, f)
	}
	return nil
}

// writeRest returns when the database has all that is in the group besides
// messages, and the locations of these.
func (c *committer) writeRest(g *group) error {
	w := newWriter(c.s.db, c.s.fault)
	c.flushDocs(w) // they are older
	if g.reserve > 0 {
		w.set(queueIDKey(), binary.BigEndian.AppendUint64(nil, g.reserve))
	}
	for _, s := range c.sealed {
		w.set(segmentKey(s.number), s.location().encode())
	}
	for _, d := range g.docs {
		w.setDoc(d)
	}
	c.removeMoved(w, g.moves)
	return c.commit(w)
}

// settle tells the database what it does not know.
func (c *committer) settle() error {
	return c.commit(newWriter(c.s.db, c.s.fault))
}

// commit writes what is in w, and all that the database does not know. A settlement
// may stand for a message that is in a segment now, such as a dead letter; so all
// segments are synced before.
func (c *committer) commit(w *writer) error {
	if err := c.sync(); err != nil {
		return err
	}
	c.flush(w)
	return c.transact(w)
}

// transact returns when what is in w is on disk.
func (c *committer) transact(w *writer) error {
	if err := c.checkSpace(w.octets); err != nil {
		return err
	}
	if err := w.commit(); err != nil {
		return err
	}
	c.advised += w.octets
	c.tolerate(c.s.files.reuse())
	return nil
}

// tolerate logs that a file could not be removed, which costs nothing but its
// room on the disk until the store is opened again.
func (c *committer) tolerate(err error) {
	if err != nil {
		c.s.log.Warn().Err(err).Msg("segment file not removed")
	}
}

// pack applies the group's settlements to the index and gathers what is left to
// be written. It reports whether there are settlements that the database does not
// know.
func (c *committer) pack(g *group) (unsettled bool) {
	x := c.s.index
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range g.settled {
		x.settle(s)
	}
	for _, id := range g.dropped {
		x.drop(id)
	}
	if g.retains {
		x.retain(g.retain)
	}
	c.awaited = false
	for _, r := range g.claim() {
		c.awaited = c.awaited || r.Awaited()
		refs := r.Refs()
		for i := range refs {
			at := &refs[i]
			if !x.settled(at) {
				c.place(r.Message, ref{queue: at.Queue, seq: at.Seq, expires: at.Expires})
			}
		}
	}
	for _, m := range g.moves {
		for _, at := range m.survivors {
			if x.holds(m.old, at.ref) {
				c.place(at.message, at.ref)
			}
		}
	}
	return x.unsettled()
}

// place puts a message into the segment being built.
func (c *committer) place(m *amqp.Message, r ref) {
	n := len(c.sealed)
	if n == 0 || !c.builders[n-1].fits(m) {
		if n == len(c.builders) {
			c.builders = append(c.builders, new(builder))
		}
		c.sealed = append(c.sealed, &segment{number: c.next})
		c.next++
		n++
	}
	c.builders[n-1].add(m, r)
}

// enter puts what has been written into the index.
func (c *committer) enter(g *group) {
	x := c.s.index
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, m := range g.moves {
		for _, at := range m.survivors {
			if x.holds(m.old, at.ref) {
				x.settle(store.Settled{Queue: at.ref.queue, Span: store.Span{Lo: at.ref.seq, Hi: at.ref.seq}})
			}
		}
	}
	for i, s := range c.sealed {
		x.add(s, c.builders[i].refs, nil)
	}
	if x.small > x.crowded {
		poke(c.s.crowded)
	}
	if len(c.sealed) > 0 { // settlements may be of messages of this same group
		for _, s := range g.settled {
			x.settle(s)
		}
	}
}

// release forgets the messages of the group.
func (c *committer) release() {
	for _, b := range c.builders[:len(c.sealed)] {
		b.reset()
	}
	clear(c.sealed)
	c.sealed = c.sealed[:0]
}
