package badger

import (
	"sync"
)

// queueIDBlock is how many queue ids are reserved with one write.
const queueIDBlock = 1024

// queueIDs gives out queue ids. Those below limit are reserved on disk: after a
// crash the rest of them is skipped, so that no id is given twice.
type queueIDs struct {
	mu          sync.Mutex
	next, limit uint64
}

// NextQueueID implements store.Store. Once in 1024 times it waits for the disk.
func (s *Store) NextQueueID() uint64 {
	s.ids.mu.Lock()
	defer s.ids.mu.Unlock()
	if s.ids.next == s.ids.limit {
		s.reserveIDs(s.ids.limit + queueIDBlock)
	}
	id := s.ids.next
	s.ids.next++
	return id
}

// reserveIDs returns when the ids below limit are reserved. If the store is
// closed or has failed they are not, but then no queue will be kept either.
func (s *Store) reserveIDs(limit uint64) {
	done := make(chan struct{})
	if s.add(func(g *group) {
		g.reserve, g.urgent = limit, true
		g.dones = append(g.dones, func(error) { close(done) })
	}) {
		<-done
	}
	s.ids.limit = limit
}
