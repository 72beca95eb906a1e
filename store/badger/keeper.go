package badger

import (
	"cmp"
	"slices"
	"time"
)

// keep is the goroutine that keeps the disk tidy, some time after something has
// been written. While nothing is written it sleeps.
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
			s.tend()
		}
	}
}

func (s *Store) tend() {
	s.clean()
	s.trimming.Store(true)
	s.signal()
}

func (s *Store) quitting() bool {
	select {
	case <-s.quit:
		return true
	default:
		return false
	}
}

// A few messages that nobody settles keep a whole file on disk. Cleaning writes
// them anew, together with those of other such files. It also unites small segments
// when there are many, because each costs memory.
const (
	cleanBelow = 4        // clean is a file of which one in so many octets is left
	smallBytes = 16 << 10 // a small segment
	smallLimit = 4096     // how many of them there may be

	// The limits of one move and of one round.
	moveSegments = 64
	moveBytes    = 4 << 20
	roundMoves   = 64
)

// clean writes the survivors of old segments anew.
func (s *Store) clean() {
	r := newLoader(s)
	defer r.close()
	old := s.index.unclean(s.limits.file)
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

// unclean returns the segments to clean, oldest first: all of each file of which
// little is left. Those that have changed since the round before last are left
// alone: most will soon be gone anyway.
func (x *index) unclean(fileBytes int64) []*segment {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.round++
	live := make(map[*file]int64) // octets
	for _, s := range x.segments {
		live[s.file] += s.size * int64(s.live) / int64(s.refs)
	}
	var sparse, small []*segment
	for _, s := range x.segments {
		switch {
		case s.touched+2 > x.round || s.fixed:
		case s.file.full.Load() && live[s.file]*cleanBelow < fileBytes:
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
