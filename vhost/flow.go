package vhost

import "sync/atomic"

// A flow counts what clients have published to one exchange.
type flow struct {
	in  atomic.Uint64 // messages
	out atomic.Uint64 // and once more for each queue that got one
}

// A Flow is what clients have published to an exchange since it was made, or found
// again: messages, and how many times a queue got one.
type Flow struct{ In, Out uint64 }

func (f *flow) flow() Flow { return Flow{In: f.in.Load(), Out: f.out.Load()} }

// count counts a message that is published along r.
func (p *Publisher) count(r *route) {
	if p.flow != r.flow {
		p.noteFlow()
		p.flow = r.flow
	}
	p.in++
	p.out += uint64(len(r.queues))
}

// noteFlow notes what was counted. An exchange may have gone meanwhile.
func (p *Publisher) noteFlow() {
	if p.in > 0 && p.flow != nil {
		p.flow.in.Add(p.in)
		p.flow.out.Add(p.out)
	}
	p.in, p.out = 0, 0
}
