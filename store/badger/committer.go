package badger

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// The committer is the goroutine that writes. Nothing else does, so that all
// share one sync. It has no timer for what somebody waits for: while one group
// is written the next one gathers, and that is all there is to batching. Only
// what nobody waits for is held back a little, and what consumers have got
// already, because most of it will need no writing soon.
type committer struct {
	s     *Store
	timer *time.Timer
	armed bool
	grace *grace

	next     uint64 // number of the next segment
	builders []*builder
	sealed   []*segment // of this group, one for each builder in use
	octets   []byte     // to encode segments in

	flushed time.Time // when settlements were last written

	adviser *adviser
	advised int // octets of the database since the last advice
}

// adviseEvery is after how many octets the committer looks for new files of
// Badger.
const adviseEvery = 1 << 20

func (c *committer) run() {
	defer close(c.s.committed)
	c.grace = newGrace()
	c.timer = time.NewTimer(time.Hour)
	c.disarm()
	c.rest()
	for {
		due := false
		select {
		case <-c.s.wake:
		case <-c.timer.C:
			due, c.armed = true, false
		case <-c.grace.timer.C:
			c.process(c.grace.turn())
		}
		closing := c.s.isClosing()
		for g := c.s.take(due || closing); g != nil; g = c.s.take(due || closing) {
			c.grace.holdBack(g)
			c.process(g)
		}
		if c.s.trimming.Swap(false) {
			c.tolerate(c.s.files.trim())
		}
		if due || closing {
			g := &group{last: closing}
			if closing {
				c.grace.holdBack(g)
			}
			c.process(g)
		}
		if closing {
			c.disarm()
			c.grace.timer.Stop()
			return
		}
		c.rest()
	}
}

// rest arms the timer if something is held back.
func (c *committer) rest() {
	if c.armed || !c.s.holdsBack() && !c.unsaved() {
		return
	}
	c.armed = true
	c.timer.Reset(max(time.Millisecond, c.s.limits.settleAfter-time.Since(c.flushed)))
}

func (c *committer) disarm() {
	c.timer.Stop()
	c.armed = false
}

func (c *committer) unsaved() bool {
	x := c.s.index
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.unsaved() && c.s.Err() == nil
}

// process writes a group and answers it. What the database must know in the end it
// is told when nobody waits for it.
func (c *committer) process(g *group) {
	err := c.s.Err()
	if err == nil {
		err = c.attempt(func() error { return c.write(g) })
	} else {
		g.claim()
	}
	store.Answer(g.records, err)
	for _, done := range g.dones {
		done(err)
	}
	c.s.recycle(g)
	if time.Since(c.flushed) >= c.s.limits.settleAfter && c.unsaved() {
		_ = c.attempt(c.settle) // the store tells of it from now on
	}
	if c.advised >= adviseEvery && !c.s.limits.noAdvice {
		c.advised = 0
		c.adviser.advise()
	}
}

// attempt writes, and has the store fail if that does.
func (c *committer) attempt(write func() error) error {
	if err := write(); err != nil {
		c.s.fail(err)
	}
	return c.s.Err() // Badger may have failed without saying so, see logger
}

// write returns when the group is on disk. Most groups are messages only: their
// segments are synced and that is all. Where anything else comes with them they
// count only together with it, and so only if the database has their locations.
func (c *committer) write(g *group) error {
	if len(g.moves) > 0 {
		c.s.moving.Lock()
		defer c.s.moving.Unlock()
	}
	defer c.release()
	c.pack(g)

	if err := c.s.checkSpace(g.bytes); err != nil {
		return err
	}
	bound := g.forced() || len(g.docs) > 0
	if err := c.writeSegments(bound); err != nil {
		return fmt.Errorf("write segments: %w", err)
	}
	if bound {
		if err := c.writeRest(g); err != nil {
			return err
		}
	}
	c.enter(g)
	if bound || len(c.sealed) > 0 {
		select {
		case c.s.stirred <- struct{}{}:
		default:
		}
	}
	return nil
}

// writeSegments returns when the segments of the group are on disk.
func (c *committer) writeSegments(bound bool) (err error) {
	if len(c.sealed) == 0 {
		return nil
	}
	for i, s := range c.sealed {
		b := c.builders[i]
		segment, rest := b.encode(c.octets, s.number, bound)
		s.refs, s.size, s.noted = uint32(len(b.refs)), int64(len(segment)+len(rest)), bound
		if s.file, s.offset, err = c.s.files.append(segment, rest); err != nil {
			return err
		}
		c.octets = segment
	}
	if c.s.fault != nil {
		if err := c.s.fault(); err != nil {
			return err
		}
	}
	return c.s.files.sync()
}

// writeRest returns when the database has all that is in the group besides
// messages, and the locations of these.
func (c *committer) writeRest(g *group) error {
	w := newWriter(c.s.db, c.s.fault)
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

// settle writes what the database does not know.
func (c *committer) settle() error {
	return c.commit(newWriter(c.s.db, c.s.fault))
}

// commit writes what is in w, and all that the database does not know.
func (c *committer) commit(w *writer) error {
	c.flush(w)
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
// be written.
func (c *committer) pack(g *group) {
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
	for _, r := range g.claim() {
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
