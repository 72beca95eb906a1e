package testapi

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/harebellmq/harebell/amqp/amqptest"
)

// snapshotsMost is how many snapshots are kept: of more, the last ones.
const snapshotsMost = 100

// A Snapshot is what was in a virtual host.
type Snapshot struct {
	ID    int       `json:"id"`
	VHost string    `json:"vhost"`
	Taken time.Time `json:"taken"` // by the broker's clock

	snapshot *amqptest.Snapshot
}

// snapshots are those that were taken.
type snapshots struct {
	mu   sync.Mutex // guards what follows
	made int
	kept []Snapshot
}

func (s *snapshots) add(taken Snapshot) Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	taken.ID = s.made
	s.kept = append(s.kept, taken)
	if len(s.kept) > snapshotsMost {
		s.kept = slices.Delete(s.kept, 0, 1)
	}
	return taken
}

func (s *snapshots) list() []Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Snapshot{}, s.kept...)
}

// find returns the snapshot that a path names.
func (s *snapshots) find(r *http.Request) (Snapshot, error) {
	kept := s.list()
	ids := make([]int, len(kept))
	for i, k := range kept {
		if ids[i] = k.ID; strconv.Itoa(k.ID) == r.PathValue("id") {
			return k, nil
		}
	}
	return Snapshot{}, &Problem{http.StatusNotFound, NotFound,
		fmt.Sprintf("no snapshot %s: want one of %v; the last %d are kept", r.PathValue("id"), ids, snapshotsMost)}
}

func (s *snapshots) remove(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = slices.DeleteFunc(s.kept, func(k Snapshot) bool { return k.ID == id })
}

func (h *Handler) listSnapshots(*http.Request) (any, error) { return h.snapshots.list(), nil }

func (h *Handler) takeSnapshot(r *http.Request) (any, error) {
	var in In
	if err := read(r, &in); err != nil {
		return nil, err
	}
	v, err := h.vhost(in.VHost)
	if err != nil {
		return nil, err
	}
	taken := Snapshot{VHost: v.Name(), Taken: h.broker.Now()}
	if taken.snapshot, err = v.Snapshot(); err != nil {
		return nil, err
	}
	return created{h.snapshots.add(taken)}, nil
}

func (h *Handler) restoreSnapshot(r *http.Request) (any, error) {
	taken, err := h.snapshots.find(r)
	if err != nil {
		return nil, err
	}
	in := In{VHost: taken.VHost}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	v, err := h.vhost(in.VHost)
	if err != nil {
		return nil, err
	}
	return nil, v.Restore(taken.snapshot)
}

func (h *Handler) deleteSnapshot(r *http.Request) (any, error) {
	taken, err := h.snapshots.find(r)
	if err != nil {
		return nil, err
	}
	h.snapshots.remove(taken.ID)
	return nil, nil
}
