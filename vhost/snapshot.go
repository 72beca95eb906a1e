package vhost

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/queue"
)

// A Snapshot is what there was in a virtual host: exchanges, bindings, queues and
// the messages in them. It does not change any more, and can be restored as often
// as one likes.
type Snapshot struct {
	taken     time.Time // by the broker's clock
	exchanges []exchange.Declaration
	bindings  []exchange.Binding
	queues    []filled
}

// A filled queue is a queue with its messages.
type filled struct {
	queue.Declaration
	entries []queue.Entry
}

// Snapshot returns what there is now. Exclusive queues are not part of it, as
// they belong to connections, and so it fails while a consumer has messages
// unacked that are to be.
func (v *VirtualHost) Snapshot() (*Snapshot, error) {
	v.changing.Lock()
	defer v.changing.Unlock()
	s := &Snapshot{taken: v.broker.Clock.Now()}
	for _, name := range slices.Sorted(maps.Keys(v.queues)) { // only whoever holds changing writes the maps
		h := v.queues[name]
		if h.owner != nil {
			continue
		}
		stats, ready := h.View()
		switch {
		case stats.Unacked > 0:
			return nil, fmt.Errorf("queue %q has %d unacked messages: want them acked, rejected or requeued first", name, stats.Unacked)
		case stats.Ready > len(ready):
			return nil, fmt.Errorf("queue %q has %d messages on disk only: want fewer, or more memory", name, stats.Ready-len(ready))
		}
		s.queues = append(s.queues, filled{h.Declaration(), ready})
	}
	for _, name := range slices.Sorted(maps.Keys(v.exchanges)) {
		x := v.exchanges[name]
		if !v.isPredeclared(name) {
			s.exchanges = append(s.exchanges, x.Declaration())
		}
		for b := range x.Bindings() {
			if !v.isExclusive(b.Destination) {
				s.bindings = append(s.bindings, b)
			}
		}
	}
	return s, nil
}

// isExclusive reports whether a destination is an exclusive queue.
func (v *VirtualHost) isExclusive(d exchange.Destination) bool {
	return d.Kind == exchange.ToQueue && v.queues[d.Name] != nil && v.queues[d.Name].owner != nil
}

// Restore removes everything, like Clear, and makes what there was when the
// snapshot was taken. Messages that are to expire have as much time left as they
// had then.
func (v *VirtualHost) Restore(s *Snapshot) error {
	v.changing.Lock()
	defer v.changing.Unlock()
	if v.deleted {
		return v.gone()
	}
	v.clear(audit.Internal)
	for _, d := range s.exchanges {
		if err := v.createExchange(d, nil); err != nil {
			return fmt.Errorf("exchange %q: %w", d.Name, err)
		}
	}
	later := v.broker.Clock.Now().Sub(s.taken)
	for _, f := range s.queues {
		d := f.Declaration
		d.VHost = v.name // it may be another one's snapshot
		h, err := v.createQueue(d, nil)
		if err != nil {
			return fmt.Errorf("queue %q: %w", f.Name, err)
		}
		h.Restock(f.entries, later)
	}
	for _, b := range s.bindings {
		x := v.exchanges[b.Source]
		if x == nil { // it is for events, and only in the snapshot's own virtual host
			return fmt.Errorf("binding of %q: %w", b.Destination.Name, v.noExchange(b.Source))
		}
		if _, err := v.bind(x, b, nil); err != nil {
			return fmt.Errorf("binding of %q to %q: %w", b.Destination.Name, b.Source, err)
		}
	}
	return nil
}
