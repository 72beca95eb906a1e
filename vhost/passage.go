package vhost

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// passagesMost is how many exchanges a queue knows that messages came from. What comes
// from more is not told apart.
const passagesMost = 256

// passages count what came into one queue, by the exchanges that it was published to.
type passages struct {
	mu   sync.Mutex
	from map[*flow]*atomic.Uint64
}

// of returns the counter of what came from an exchange, nil if there are too many.
func (p *passages) of(f *flow) *atomic.Uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.from[f]
	if n != nil {
		return n
	}
	if len(p.from) >= passagesMost {
		maps.DeleteFunc(p.from, func(f *flow, _ *atomic.Uint64) bool { return f.gone() })
	}
	if len(p.from) >= passagesMost {
		return nil
	}
	if p.from == nil {
		p.from = make(map[*flow]*atomic.Uint64)
	}
	n = new(atomic.Uint64)
	p.from[f] = n
	return n
}

// A Passage is how many of the messages that clients published to an exchange came
// into a queue, be it through other exchanges.
type Passage struct {
	Exchange, Queue string
	Messages        uint64
}

// PassagesInto returns from which exchanges messages came into a queue, by their names.
func (v *VirtualHost) PassagesInto(queue string) []Passage {
	v.mu.RLock()
	h := v.queues[queue]
	v.mu.RUnlock()
	if h == nil {
		return nil
	}
	var list []Passage
	h.passages.mu.Lock()
	for f, n := range h.passages.from {
		if !f.gone() && n.Load() > 0 {
			list = append(list, Passage{f.exchange, queue, n.Load()})
		}
	}
	h.passages.mu.Unlock()
	slices.SortFunc(list, func(a, b Passage) int { return cmp.Compare(a.Exchange, b.Exchange) })
	return list
}

// PassagesFrom returns into which queues messages came from an exchange, by their names.
func (v *VirtualHost) PassagesFrom(exchange string) []Passage {
	v.mu.RLock()
	f, queues := v.flows[exchange], maps.Clone(v.queues)
	v.mu.RUnlock()
	var list []Passage
	for name, h := range queues {
		h.passages.mu.Lock()
		if n := h.passages.from[f]; n != nil && n.Load() > 0 {
			list = append(list, Passage{exchange, name, n.Load()})
		}
		h.passages.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b Passage) int { return cmp.Compare(a.Queue, b.Queue) })
	return list
}

// into are the counters of what comes from an exchange into queues. The topology's lock
// is held.
func (p *Publisher) into(r *route) []*atomic.Uint64 {
	if r.flow == nil {
		return nil
	}
	var counters []*atomic.Uint64
	for _, q := range r.queues {
		h := p.router.v.queues[q.Declaration().Name]
		if h == nil || q != h.Hosted {
			continue // it holds messages back, or is for replies
		}
		if n := h.passages.of(r.flow); n != nil {
			counters = append(counters, n)
		}
	}
	return counters
}
