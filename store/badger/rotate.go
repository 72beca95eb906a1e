package badger

// rotate writes padding until Badger starts a new table. Only then does it learn
// which of the older values are deleted, and can collect them; the few small
// keys of the segments would take hours to fill a table.
func (c *committer) rotate() {
	c.written = 0
	w := newWriter(c.s.db, c.s.fault)
	padding := make([]byte, docPartBytes)
	for i := range int(c.s.limits.memTable/docPartBytes) + 1 {
		w.set(paddingKey(i), padding)
	}
	if err := w.commit(); err != nil {
		c.s.fail(err)
		return
	}
	select {
	case c.s.rotated <- struct{}{}:
	default:
	}
}
