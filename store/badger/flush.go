package badger

import (
	"encoding/binary"
	"slices"
	"time"
)

// flush writes all that the database does not know: definitions, the locations of
// segments that are synced and still have messages, a live record for each that lost
// some, and the end of those that lost the last.
//
// All may not fit into one transaction, so their order matters: the lanes' highest
// numbers come before the end of segments, and the horizon comes last.
func (c *committer) flush(w *writer) {
	x := c.s.index
	x.mu.Lock()
	defer x.mu.Unlock()
	c.flushed = time.Now()
	c.flushDocs(w)
	if !w.any && !w.wrote && !x.unsettled() && len(x.fresh) == 0 {
		return
	}

	for _, l := range x.dirtyLanes {
		l.dirty, l.saved = false, l.last
		w.set(lastKey(l.queue, l.number), binary.BigEndian.AppendUint64(nil, l.last))
	}
	for _, l := range x.lostLanes {
		if l.saved > 0 {
			w.remove(lastKey(l.queue, l.number))
		}
	}
	x.fresh = slices.DeleteFunc(x.fresh, func(s *segment) bool {
		if s.number >= c.synced.next {
			return false
		}
		if s.live > 0 && !s.gone {
			s.noted = true
			w.set(segmentKey(s.number), s.location().encode())
		}
		return true
	})
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

	w.set(horizonKey(), c.synced.encode())

	clear(x.dirty)
	clear(x.dirtyLanes)
	x.dirty, x.dirtyLanes = x.dirty[:0], x.dirtyLanes[:0]
	x.lostLanes, x.strays = nil, nil
}

// removeMoved deletes the segments whose survivors the group writes anew.
func (c *committer) removeMoved(w *writer, moves []*move) {
	x := c.s.index
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, m := range moves {
		if !m.old.gone {
			c.removeSegment(w, m.old)
		}
	}
}

// removeSegment deletes a segment. Its live record goes after it: a record without
// a segment is known to be stray, a segment without its record would have all its
// messages back.
func (c *committer) removeSegment(w *writer, s *segment) {
	s.gone = true
	c.s.index.remove(s)
	if s.noted {
		w.remove(segmentKey(s.number))
	}
	if s.marked {
		w.remove(liveKey(s.number))
	}
	c.s.files.release(s.file)
}
