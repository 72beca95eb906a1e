package badger

import (
	"encoding/binary"
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
	values   []byte     // of these segments

	flushed time.Time // when settlements were last written
	written int64     // octets of segments since the last rotation

	adviser *adviser
	advised int64 // octets of segments since the last advice
}

// adviseEvery is after how many octets of segments the committer looks for new
// files of Badger.
const adviseEvery = 4 << 20

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
			late := c.grace.turn()
			c.process(late)
			c.s.recycle(late)
		}
		closing := c.s.isClosing()
		for g := c.s.take(due || closing); g != nil; g = c.s.take(due || closing) {
			c.grace.holdBack(g)
			c.process(g)
			c.s.recycle(g)
		}
		if due || closing || c.s.turning.Load() {
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

// process writes a group and answers it.
func (c *committer) process(g *group) {
	if raceDetector {
		c.s.turns.Lock()
		defer c.s.turns.Unlock()
	}
	err := c.s.Err()
	if err == nil {
		if err = c.write(g); err != nil {
			c.s.fail(err)
		}
		err = c.s.Err() // Badger may have failed without saying so, see logger
	} else {
		g.claim()
	}
	store.Answer(g.records, err)
	for _, done := range g.dones {
		done(err)
	}
	if c.s.turning.Swap(false) || c.written >= c.s.limits.rotateEvery {
		if c.s.Err() == nil {
			c.rotate()
		}
	}
	if c.advised >= adviseEvery && !c.s.limits.noAdvice {
		c.advised = 0
		c.adviser.advise()
	}
}

// write returns when the group is on disk.
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
	w := newWriter(c.s.db, c.s.fault)
	if g.reserve > 0 {
		w.set(queueIDKey(), binary.BigEndian.AppendUint64(nil, g.reserve))
	}
	for i, s := range c.sealed {
		c.setSegment(w, s, c.builders[i])
	}
	for _, d := range g.docs {
		w.setDoc(d)
	}
	c.buryMoved(w, g.moves)
	if g.forced() || time.Since(c.flushed) >= c.s.limits.settleAfter {
		c.flush(w)
	}
	if err := w.commit(); err != nil {
		return err
	}
	c.enter(g)
	if w.wrote {
		select {
		case c.s.stirred <- struct{}{}:
		default:
		}
	}
	return nil
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

func (c *committer) setSegment(w *writer, s *segment, b *builder) {
	start := len(c.values)
	c.values = b.appendTo(c.values)
	value := c.values[start:]
	s.size, s.refs = len(value), uint32(len(b.refs))
	w.set(segmentKey(s.number), value)
	if b.chunked() {
		body := b.items[0].message.Body
		for ; len(body) > 0; s.chunks++ {
			n := min(len(body), chunkBytes)
			w.set(chunkKey(s.number, s.chunks), body[:n])
			s.size += n
			body = body[n:]
		}
	}
	c.written += int64(s.size)
	c.advised += int64(s.size)
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
	c.values = c.values[:0]
	if cap(c.values) > 2*groupLimit {
		c.values = nil
	}
}
