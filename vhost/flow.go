package vhost

import "sync/atomic"

// A flow counts what clients have published to one exchange.
type flow struct {
	exchange string // its name
	in       tally  // messages
	out      tally  // and once more for each queue that got one
}

// A Flow is what clients have published to an exchange since it was made, or found
// again: messages, and how many times a queue got one.
type Flow struct{ In, Out uint64 }

func (f Flow) plus(g Flow) Flow { return Flow{In: f.In + g.In, Out: f.Out + g.Out} }

func (f *flow) flow() Flow { return Flow{In: f.in.count(), Out: f.out.count()} }

// end returns what has been counted, which does not change any more.
func (f *flow) end() Flow { return Flow{In: f.in.end(), Out: f.out.end()} }

// gone reports whether the exchange has been deleted.
func (f *flow) gone() bool { return f.in.n.Load()&ended != 0 }

// A tally is a count that may end. Who would have counted later learns of it, so that
// nothing is counted twice, or not at all: a batch may be on its way as an exchange goes.
type tally struct {
	n    atomic.Uint64 // with ended
	last atomic.Uint64 // what it was when it ended
}

const ended = 1 << 63

// add reports false if it is too late.
func (t *tally) add(n uint64) bool { return t.n.Add(n)&ended == 0 }

func (t *tally) count() uint64 {
	if n := t.n.Load(); n&ended == 0 {
		return n
	}
	return t.last.Load()
}

// end ends it. It is called once.
func (t *tally) end() uint64 {
	for {
		n := t.n.Load()
		t.last.Store(n)
		if t.n.CompareAndSwap(n, n|ended) {
			return n
		}
	}
}

// count counts a message that is published along r.
func (p *Publisher) count(r *route) {
	if r.published == 0 {
		p.taken = append(p.taken, r)
	}
	r.published++
}

// noteFlow notes what was counted. An exchange may have gone meanwhile: then it is noted
// among what was published to those that are gone.
func (p *Publisher) noteFlow() {
	late := &p.router.v.late
	for _, r := range p.taken {
		n := r.published
		r.published = 0
		if r.flow == nil {
			continue
		}
		if !r.flow.in.add(n) {
			late.in.add(n)
		}
		if out := n * uint64(len(r.queues)); !r.flow.out.add(out) {
			late.out.add(out)
		}
		for _, into := range r.into {
			into.Add(n)
		}
	}
	clear(p.taken)
	p.taken = p.taken[:0]
}
