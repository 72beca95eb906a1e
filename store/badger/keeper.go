package badger

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// gcRatio is how much of a value log file must be garbage before Badger rewrites
// it. It is high because rewriting is what can bring deleted keys back, and
// because cleaning leaves nothing to be rewritten.
const gcRatio = 0.9

// keep is the goroutine that keeps the disk tidy: some time after something has
// been written, and after each rotation. While nothing is written it sleeps.
func (s *Store) keep() {
	defer close(s.tended)
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	armed := false
	for {
		select {
		case <-s.quit:
			timer.Stop()
			return
		case <-s.stirred:
			if !armed {
				armed = true
				timer.Reset(s.limits.tendEvery)
			}
		case <-timer.C:
			armed = false
			s.tidy()
			s.turn()
		case <-s.rotated:
			s.tidy()
		}
	}
}

func (s *Store) tidy() {
	s.clean()
	s.sweep()
	collected := false
	for s.Err() == nil && !s.quitting() {
		err := s.collect()
		if err != nil {
			if !errors.Is(err, badger.ErrNoRewrite) && !errors.Is(err, badger.ErrRejected) {
				s.log.Warn().Err(err).Msg("value log not collected")
			}
			break
		}
		collected = true
	}
	if collected {
		s.sweep()
	}
}

func (s *Store) collect() error {
	if raceDetector {
		s.turns.Lock()
		defer s.turns.Unlock()
	}
	return s.db.RunValueLogGC(gcRatio)
}

func (s *Store) quitting() bool {
	select {
	case <-s.quit:
		return true
	default:
		return false
	}
}

// sweep looks for keys of deleted segments, which collecting can bring back, and
// has them deleted again.
func (s *Store) sweep() {
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	found := 0
	for _, kind := range []byte{keySegment, keyChunk, keyLive} {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kind}})
		for it.Rewind(); it.Valid(); it.Next() {
			number, ok := keyNumber(it.Item().Key())
			if ok && s.index.sweep(number, it.Item()) {
				found++
			}
		}
		it.Close()
	}
	if found > 0 {
		s.log.Debug().Int("count", found).Msg("deleted keys were back")
		s.signal()
	}
}

// sweep notes a key of a segment as stray if the segment is dead.
func (x *index) sweep(segment uint64, item *badger.Item) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.dead.has(segment) {
		return false
	}
	x.strays = append(x.strays, item.KeyCopy(nil))
	return true
}

// A few messages that nobody settles keep a whole segment on disk. Cleaning
// writes them anew, together with those of other such segments. It also unites
// small segments when there are many, because each costs memory.
const (
	cleanBelow = 4        // a segment is clean if one in so many messages is left
	smallBytes = 16 << 10 // a small segment
	smallLimit = 4096     // how many of them there may be

	// The limits of one move and of one round.
	moveSegments = 64
	moveBytes    = 4 << 20
	roundMoves   = 64
)

// clean writes the survivors of old segments anew.
func (s *Store) clean() {
	r := loader{s: s}
	old := s.index.unclean()
	for n := 0; n < roundMoves && len(old) > 0 && s.Err() == nil && !s.quitting(); n++ {
		var moves []*move
		done := make(chan struct{})
		for size := 0; len(old) > 0 && len(moves) < moveSegments && size < moveBytes; old = old[1:] {
			m, octets := r.move(old[0])
			if m == nil {
				continue
			}
			size += octets
			moves = append(moves, m)
		}
		if len(moves) == 0 {
			return
		}
		ok := s.add(func(g *group) {
			g.moves = append(g.moves, moves...)
			g.urgent = true
			g.dones = append(g.dones, func(error) { close(done) })
		})
		if !ok {
			return
		}
		<-done
	}
}

// unclean returns the segments to clean, oldest first. Those that have changed
// since the round before last are left alone: most will soon be gone anyway.
func (x *index) unclean() []*segment {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.round++
	var sparse, small []*segment
	for _, s := range x.segments {
		switch {
		case s.touched+2 > x.round || s.chunks > 0 || s.fixed:
		case s.live*cleanBelow < s.refs:
			sparse = append(sparse, s)
		case s.size < smallBytes:
			small = append(small, s)
		}
	}
	if len(small) > smallLimit {
		sparse = append(sparse, small...)
	}
	slices.SortFunc(sparse, func(a, b *segment) int { return cmp.Compare(a.number, b.number) })
	return sparse
}
