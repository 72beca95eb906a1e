package badger

// idleGarbage is how many octets of deleted segments make a rotation worth its
// while when little is written.
const idleGarbage = 16 << 20

// turn asks for a rotation if there is garbage that Badger does not know of. The
// keeper does so at its leisure: while much is written rotations come by
// themselves.
func (s *Store) turn() {
	if s.garbage.Load() >= idleGarbage {
		s.turning.Store(true)
		s.signal()
	}
}

// rotate writes padding until Badger starts a new table. Only then does it learn
// which of the older values are deleted, and can collect them; the few small
// keys of the segments would take hours to fill a table.
func (c *committer) rotate() {
	c.written = 0
	c.s.garbage.Store(0)
	w := newWriter(c.s.db, c.s.fault)
	padding := make([]byte, docPartBytes)
	for i := range int(c.s.limits.memTable/docPartBytes) + 1 {
		w.set(paddingKey(i), padding)
	}
	err := w.commit()
	if err == nil {
		// Badger looks whether its table is full when it is about to write.
		w = newWriter(c.s.db, c.s.fault)
		w.set(paddingKey(0), nil)
		err = w.commit()
	}
	if err != nil {
		c.s.fail(err)
		return
	}
	for _, keeper := range []chan struct{}{c.s.rotated, c.s.stirred} { // now, and when Badger has sorted what it found
		select {
		case keeper <- struct{}{}:
		default:
		}
	}
}
