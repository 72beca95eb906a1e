package vhost

import (
	"slices"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// gather puts a message into the batch, if its route leads anywhere.
func (p *Publisher) gather(r *route, m amqp.Message, receipt store.Receipt, tag uint64) (routed bool) {
	p.count(r)
	if len(r.queues) == 0 {
		p.noteSeen()
		p.noteFlow()
		return false
	}
	way, ok := p.way(r)
	if !ok || len(p.batch) >= batchMost {
		p.Flush()
		way, _ = p.way(r)
	}
	p.noteSeen()
	if receipt != nil && r.saw {
		receipt = p.afterStored(receipt, tag, 2)
	}
	ps := queue.Publishing{Message: p.keep(m)}
	if receipt != nil || r.keeps[0] || m.Persistent && r.keeps[1] {
		ps.Record = p.record()
		ps.Record.Init(ps.Message, receipt, tag)
		ps.Record.Reserve(len(r.queues))
	}
	p.batch = append(p.batch, ps)
	p.ways = append(p.ways, way)
	p.octets += len(m.Body)
	return true
}

// way returns which way a message of the batch goes. Where each goes to one queue they
// may be several: each queue gets its messages in their order, though one may get all of
// its own before another its first. It is not ok if the batch has to leave first.
//
// spec: 4.7 promises the order of what goes the same way to the same queue
//
// Two publishers of 16 octets to two queues in turn, persistent, with confirms and acks:
// 1,240,000 messages/s for 0.9 µs of CPU each, instead of 860,000 for 1.6 with a batch
// for each queue.
func (p *Publisher) way(r *route) (n uint8, ok bool) {
	switch {
	case len(p.batch) == 0:
		p.to = r
		return 0, true
	case r.alike(p.to):
		return 0, true
	case len(r.queues) > 1 || len(p.to.queues) > 1:
		return 0, false
	}
	i := slices.Index(p.others, r.queues[0])
	if i < 0 {
		if i = len(p.others); i == othersMost {
			return 0, false
		}
		p.others = append(p.others, r.queues[0])
	}
	return uint8(i + 1), true
}

// toQueues hands the batch to its queues.
func (p *Publisher) toQueues() {
	if p.octets < ownBuffer && (slices.ContainsFunc(p.to.queues, queue.Target.Long) || slices.ContainsFunc(p.others, queue.Target.Long)) {
		p.detach()
	}
	if len(p.others) == 0 {
		for _, q := range p.to.queues {
			q.Publish(p.batch)
		}
		return
	}
	p.toQueue(p.to.queues[0], 0)
	for i, q := range p.others {
		p.toQueue(q, uint8(i+1))
	}
}

// toQueue hands a queue that part of the batch which goes its way.
func (p *Publisher) toQueue(q queue.Target, way uint8) {
	for i, w := range p.ways {
		if w == way {
			p.part = append(p.part, p.batch[i])
		}
	}
	q.Publish(p.part)
	clear(p.part) // or a longer part would keep its messages alive behind the next
	p.part = p.part[:0]
}

// detach copies what was read, because it will stay for long, and a few messages
// would keep the whole buffer alive. What came together lies together: one message
// keeps no more than detachedBlock of its neighbours.
func (p *Publisher) detach() {
	left := p.octets
	for _, ps := range p.batch {
		left += len(ps.Message.Properties)
	}
	var block []byte
	for _, ps := range p.batch {
		m := ps.Message
		need := len(m.Body) + len(m.Properties)
		if need > cap(block)-len(block) {
			block = make([]byte, 0, max(need, min(left, detachedBlock)))
		}
		left -= need
		n := len(block)
		block = append(append(block, m.Body...), m.Properties...)
		body := n + len(m.Body)
		m.Body, m.Properties = block[n:body:body], block[body:len(block):len(block)]
	}
}

// keep puts a message where it can stay.
func (p *Publisher) keep(m amqp.Message) *amqp.Message {
	if len(p.messages) == 0 {
		p.messages = make([]amqp.Message, slabSize)
	}
	kept := &p.messages[0]
	p.messages = p.messages[1:]
	*kept = m
	return kept
}

func (p *Publisher) record() *store.Record {
	if len(p.recordSlab) == 0 {
		p.recordSlab = make([]store.Record, slabSize)
	}
	r := &p.recordSlab[0]
	p.recordSlab = p.recordSlab[1:]
	return r
}
