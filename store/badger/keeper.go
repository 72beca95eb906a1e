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
		case <-s.crowded:
			s.rewrite(s.index.crowd(s.limits.small))
		case <-timer.C:
			armed = false
			s.tend()
		}
	}
}

func (s *Store) tend() {
	s.rewrite(s.index.sparse(s.limits.file))
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
// them anew, together with those of other such files. Uniting does so with small
// segments when there are many, because each costs memory: a publisher of 10,000
// messages/s that waits for confirms makes a thousand segments in a second.
const (
	cleanBelow = 4        // clean is a file of which one in so many octets is left
	smallBytes = 32 << 10 // a small segment

	// The limits of one move and of one round.
	moveSegments = 1024
	moveBytes    = 4 << 20
	roundMoves   = 64
)

// rewrite writes the survivors of some segments anew. Those that are gone meanwhile
// have none.
func (s *Store) rewrite(old []*segment) {
	s.rewriting.Lock()
	defer s.rewriting.Unlock()
	r := newLoader(s)
	defer r.close()
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

// sparse returns the segments to clean, oldest first: all of each file of which
// little is left. Those that have changed since the round before last are left
// alone: most will soon be gone anyway.
func (x *index) sparse(fileBytes int64) []*segment {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.round++
	live := make(map[*file]int64) // octets
	for _, s := range x.segments {
		live[s.file] += s.size * int64(s.live) / int64(s.refs)
	}
	var sparse []*segment
	for _, s := range x.segments {
		if s.touched+2 <= x.round && !s.fixed && s.file.full.Load() && live[s.file]*cleanBelow < fileBytes {
			sparse = append(sparse, s)
		}
	}
	return inOrder(sparse)
}

// crowd returns small segments to unite, oldest first, but neither the newest ones
// nor those that have changed since the last round.
func (x *index) crowd(limit int) []*segment {
	x.mu.Lock()
	defer x.mu.Unlock()
	var small []*segment
	for _, s := range x.segments {
		if s.small() && !s.fixed {
			small = append(small, s)
		}
	}
	small = inOrder(small)
	small = small[:max(0, len(small)-limit/2)]
	small = slices.DeleteFunc(small, func(s *segment) bool { return s.live < s.refs && s.touched == x.round })
	x.crowded = max(limit, 2*(x.small-len(small)))
	return small
}

func (s *segment) small() bool { return s.size < smallBytes }

func inOrder(segments []*segment) []*segment {
	slices.SortFunc(segments, func(a, b *segment) int { return cmp.Compare(a.number, b.number) })
	return segments
}
