package badger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/harebellmq/harebell/store"
)

// A recovery reads a store from its first key to its last and builds the index.
// The keys are such that what it needs comes before what needs it: the live
// records and the list of the dead before the segments.
type recovery struct {
	s    *Store
	live map[uint64][]byte // live records of segments
	next uint64            // number of the next segment

	contents contents
	warned   map[byte]int // unknown keys by their first octet
}

func (r *recovery) run() error {
	err := r.s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			item := it.Item()
			err := r.take(item)
			switch {
			case errors.Is(err, errNewer):
				return err
			case err != nil:
				r.warn(item.Key(), err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	x := r.s.index
	r.next = max(r.next, x.dead.next())
	for kind, count := range r.warned {
		r.s.log.Warn().Str("kind", fmt.Sprintf("%q", kind)).Int("count", count).Msg("unknown keys left alone")
	}
	r.s.ids.next = max(r.s.ids.next, 1)
	r.s.ids.limit = r.s.ids.next
	return nil
}

// warn tells of a key that is left alone.
func (r *recovery) warn(key []byte, err error) {
	e := r.s.log.Warn().Err(err).Str("kind", string(key[:1]))
	if n, ok := keyNumber(key); ok {
		e = e.Uint64("number", n)
	}
	e.Msg("stored value skipped")
}

func (r *recovery) take(item *badger.Item) error {
	key := item.Key()
	number, numbered := keyNumber(key)
	switch key[0] {
	case keyFormat, keyDoc, keyDocPart, keyPadding:
		return nil
	case keyQueueID:
		return r.takeNumber(item, &r.s.ids.next)
	case keyFloor:
		return r.takeNumber(item, &r.s.index.dead.floor)
	case keyLive, keyDead, keyLast, keySegment, keyChunk:
		if !numbered {
			return fmt.Errorf("%w: key of %d octets", errDamaged, len(key))
		}
	default:
		if r.warned == nil {
			r.warned = make(map[byte]int)
		}
		r.warned[key[0]]++
		return nil
	}

	switch key[0] {
	case keyLive:
		value, err := item.ValueCopy(nil)
		r.live[number] = value
		return err
	case keyDead:
		return item.Value(func(value []byte) error { return r.s.index.dead.load(number, value) })
	case keyLast:
		return r.takeLast(item, number)
	case keySegment:
		return r.takeSegment(item, number)
	}
	return nil // chunks: the keeper looks for strays
}

func (r *recovery) takeNumber(item *badger.Item, n *uint64) error {
	return item.Value(func(value []byte) error {
		if len(value) != 8 {
			return fmt.Errorf("%w: number of %d octets", errDamaged, len(value))
		}
		*n = binary.BigEndian.Uint64(value)
		return nil
	})
}

func (r *recovery) takeLast(item *badger.Item, queue uint64) error {
	if len(item.Key()) != 10 {
		return fmt.Errorf("%w: key of %d octets", errDamaged, len(item.Key()))
	}
	number := uint64(item.Key()[9])
	l := r.s.index.lane(queue, number<<store.LaneShift)
	err := r.takeNumber(item, &l.saved)
	l.last = max(l.last, l.saved)
	l.recovered.Last = l.last
	return err
}

// takeSegment reads the index of a segment, which is the first page or two, and
// puts into the index what is left of it.
func (r *recovery) takeSegment(item *badger.Item, number uint64) error {
	x := r.s.index
	if number >= r.next {
		r.next = number + 1
	}
	if x.dead.has(number) {
		x.strays = append(x.strays, item.KeyCopy(nil))
		return nil
	}
	s := &segment{number: number}
	err := item.Value(func(value []byte) error {
		s.size = len(value)
		return r.contents.decode(value)
	})
	if err != nil {
		return err
	}

	c := &r.contents
	s.refs = uint32(len(c.refs))
	if len(c.entries) == 1 && c.entries[0].flags&flagChunked != 0 {
		s.chunks = uint32((c.entries[0].body + chunkBytes - 1) / chunkBytes)
	}
	live := r.liveOf(s)
	x.add(s, c.refs, live)
	r.measure(s, live)
	if s.live == 0 {
		x.touch(s)
	}
	return nil
}

// liveOf returns which of a segment's messages are left: those that were not
// settled and are persistent. nil means all.
func (r *recovery) liveOf(s *segment) func(int) bool {
	c := &r.contents
	bits, marked := r.live[s.number]
	delete(r.live, s.number)
	s.marked = marked
	if marked && len(bits) != int(s.refs+7)/8 {
		r.s.log.Warn().Uint64("number", s.number).Msg("live record does not fit its segment")
		bits = nil
	}
	transient := false
	for i := range c.entries {
		transient = transient || c.entries[i].flags&flagPersistent == 0
	}
	if bits == nil && !transient {
		return nil
	}
	return func(ordinal int) bool {
		if bits != nil && bits[ordinal/8]&(1<<(ordinal%8)) == 0 {
			return false
		}
		return c.entries[c.refs[ordinal].entry].flags&flagPersistent != 0
	}
}

// measure adds the messages of a segment to what its lanes held.
func (r *recovery) measure(s *segment, live func(int) bool) {
	c := &r.contents
	x := r.s.index
	var l *lane
	for i := range c.refs {
		at := &c.refs[i]
		if i == 0 || !sameLane(&c.refs[i-1], at) {
			l = x.lane(at.queue, at.seq)
			l.recovered.Last = l.last
		}
		// The number must outlast the segment. That of a settled message
		// was saved with the settlement, that of a transient one was not.
		if live != nil && at.seq > l.saved && !live(i) {
			x.touchLane(l)
		}
	}
	for i := range s.runs {
		run := &s.runs[i]
		l := r.s.index.lane(c.refs[run.first].queue, run.lo)
		run.each(everything, func(seq uint64, ordinal uint32) bool {
			e := &l.recovered
			if e.Messages == 0 || seq < e.Lo {
				e.Lo = seq
			}
			e.Hi = max(e.Hi, seq)
			e.Messages++
			e.Bytes += int64(c.entries[c.refs[ordinal].entry].body)
			return true
		})
	}
}
