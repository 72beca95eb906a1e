package badger

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/harebellmq/harebell/store"
)

// A recovery reads a store from its first key to its last, then what is in the
// files behind the horizon, and builds the index. The keys are such that what it
// needs comes before what needs it: the live records before the segments.
type recovery struct {
	s       *Store
	reader  segmentReader
	live    map[uint64][]byte // live records of segments
	docs    docLog
	horizon horizon
	next    uint64 // number of the next segment

	warned map[byte]int // unknown keys by their first octet
}

func newRecovery(s *Store) *recovery {
	return &recovery{s: s, reader: segmentReader{s: s}, live: make(map[uint64][]byte)}
}

func (r *recovery) run() (err error) {
	defer r.reader.close()
	if r.s.files, err = listFiles(r.s.dir, r.s.limits.file); err != nil {
		return err
	}
	if err := r.s.db.View(r.takeAll); err != nil {
		return err
	}
	// The file that the horizon names may have been removed.
	r.s.files.last = max(r.s.files.last, r.horizon.file)
	r.next = max(r.next, r.horizon.next)
	if err := r.scan(); err != nil {
		return err
	}
	// A crash can leave the record of a deleted segment. No new segment may
	// have its number.
	for number := range r.live {
		r.next = max(r.next, number+1)
		r.s.index.strays = append(r.s.index.strays, liveKey(number))
	}
	for kind, count := range r.warned {
		r.s.log.Warn().Str("kind", fmt.Sprintf("%q", kind)).Int("count", count).Msg("unknown keys left alone")
	}
	r.s.ids.next = max(r.s.ids.next, 1)
	r.s.ids.limit = r.s.ids.next
	return r.s.files.removeEmpty()
}

func (r *recovery) takeAll(txn *badger.Txn) error {
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
	case keyFormat, keyDoc, keyDocPart:
		return nil
	case keyQueueID:
		return r.takeNumber(item, &r.s.ids.next)
	case keyHorizon:
		return item.Value(func(value []byte) (err error) {
			r.horizon, err = decodeHorizon(value)
			return err
		})
	case keyLive, keyLast, keySegment:
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
	case keyLast:
		return r.takeLast(item, number)
	default:
		return r.takeSegment(item, number)
	}
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

// takeSegment reads the index of a segment that the database knows, which is the
// first page or two, and puts into the index what is left of it.
func (r *recovery) takeSegment(item *badger.Item, number uint64) error {
	r.next = max(r.next, number+1)
	var p location
	err := item.Value(func(value []byte) (err error) {
		p, err = decodeLocation(value)
		return err
	})
	if err != nil {
		delete(r.live, number) // it is not stray
		return err
	}
	s := &segment{number: number, offset: p.offset, noted: true}
	if s.file = r.s.files.all[p.file]; s.file == nil {
		delete(r.live, number)
		return fmt.Errorf("%w: file %s is missing", errDamaged, r.s.files.path(p.file))
	}
	s.file.segments++ // even if it is damaged: nothing is removed that might be mended
	if _, err := r.reader.read(s); err != nil {
		delete(r.live, number)
		return err
	}
	r.enter(s)
	return nil
}

// enter puts the segment that has just been read into the index.
func (r *recovery) enter(s *segment) {
	x := r.s.index
	c := &r.reader.contents
	s.size, s.refs = int64(c.head.size), c.head.refs
	live := r.liveOf(s)
	x.add(s, c.refs, live)
	r.measure(s, live)
	if s.live == 0 {
		x.touch(s)
	}
}

// scan reads the segments behind the horizon. They end at the first that is not
// whole, or is one of those that were there before. A file that is found to have
// such segments is synced: the one who wrote it may have ended before that.
func (r *recovery) scan() error {
	p := r.horizon.location
	for least := r.horizon.next; p.file <= r.s.files.last; p = (location{file: p.file + 1}) {
		f := r.s.files.all[p.file]
		if f == nil {
			continue
		}
		var err error
		if least, err = r.scanFile(f, p.offset, least); err != nil {
			return err
		}
		r.next = max(r.next, least)
		if f.segments > 0 {
			if err := syncFile(r.s.files.path(f.number)); err != nil {
				return err
			}
		}
	}
	return nil
}

// scanFile reads the segments in a file from an offset on, of which none has a
// number below least, and returns the number after the last.
func (r *recovery) scanFile(f *file, offset int64, least uint64) (next uint64, err error) {
	c := &r.reader.contents
	for {
		at, err := r.reader.at(f, offset)
		if err == nil {
			err = c.read(at)
		}
		if errors.Is(err, errDamaged) || err == nil && c.head.number < least {
			return least, nil
		}
		if err != nil {
			return 0, err
		}
		switch s := (&segment{number: c.head.number, file: f, offset: offset}); {
		case c.head.kind == definitions:
			f.segments++
			r.docs.add(c.docs, f)
		case c.head.kind == messages && r.s.index.segments[s.number] == nil:
			if err := c.check(at); errors.Is(err, errDamaged) {
				return least, nil
			} else if err != nil {
				return 0, err
			}
			f.segments++
			r.enter(s)
		}
		least = c.head.number + 1
		offset += int64(c.head.size)
	}
}

// liveOf returns which of a segment's messages are left: those that were not
// settled and are persistent. nil means all.
func (r *recovery) liveOf(s *segment) func(int) bool {
	c := &r.reader.contents
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
	c := &r.reader.contents
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
