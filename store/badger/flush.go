package badger

import (
	"encoding/binary"
	"slices"
	"time"
)

// flush writes what is settled and not on disk: a live record for each segment
// that lost messages, or the end of it if it lost the last.
//
// A segment is put on the list of the dead before it is deleted, and its lanes'
// highest numbers are saved before that, in case all do not fit into one
// transaction.
func (c *committer) flush(w *writer) {
	x := c.s.index
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.unsaved() {
		return
	}
	c.flushed = time.Now()

	for _, l := range x.dirtyLanes {
		l.dirty, l.saved = false, l.last
		w.set(lastKey(l.queue, l.number), binary.BigEndian.AppendUint64(nil, l.last))
	}
	for _, l := range x.lostLanes {
		if l.saved > 0 {
			w.remove(lastKey(l.queue, l.number))
		}
	}
	for _, s := range x.dirty {
		if s.live == 0 && !s.gone {
			x.dead.bury(s.number)
		}
	}
	c.setGraves(w, &x.dead)
	for _, s := range x.dirty {
		s.dirty = false
		switch {
		case s.gone:
		case s.live == 0:
			c.removeSegment(w, s)
		default:
			s.marked = true
			w.set(liveKey(s.number), s.liveBits())
		}
	}
	for _, key := range x.strays {
		w.remove(key)
	}

	clear(x.dirty)
	clear(x.dirtyLanes)
	x.dirty, x.dirtyLanes = x.dirty[:0], x.dirtyLanes[:0]
	x.lostLanes, x.strays = nil, nil
}

// buryMoved deletes the segments whose survivors the group writes anew.
func (c *committer) buryMoved(w *writer, moves []*move) {
	if len(moves) == 0 {
		return
	}
	x := c.s.index
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, m := range moves {
		if !m.old.gone {
			x.dead.bury(m.old.number)
		}
	}
	c.setGraves(w, &x.dead)
	for _, m := range moves {
		if !m.old.gone {
			c.removeSegment(w, m.old)
		}
	}
}

// removeSegment deletes a segment that is on the list of the dead.
func (c *committer) removeSegment(w *writer, s *segment) {
	s.gone = true
	if s.size >= valueThreshold {
		c.s.garbage.Add(int64(s.size))
	}
	delete(c.s.index.segments, s.number)
	w.remove(segmentKey(s.number))
	if s.marked {
		w.remove(liveKey(s.number))
	}
	for i := range s.chunks {
		w.remove(chunkKey(s.number, i))
	}
}

// setGraves writes those parts of the list of the dead that have changed.
func (c *committer) setGraves(w *writer, g *graves) {
	floor := g.floor
	passed := g.raise()
	for number := range g.dirty {
		// The block is copied: it may change before the writer commits.
		w.set(deadKey(number), slices.Clone(g.blocks[number].bits))
	}
	clear(g.dirty)
	if g.floor > floor {
		w.set(floorKey(), binary.BigEndian.AppendUint64(nil, g.floor))
	}
	for _, number := range passed {
		w.remove(deadKey(number))
	}
}
