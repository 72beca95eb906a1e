package queue

import "github.com/harebellmq/harebell/store"

// Ack implements Queue.
func (q *FIFO) Ack(es []Entry) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.cameBack(es)
	q.counts.Acked += uint64(len(es))
	q.settle(es)
	q.deliver()
}

// Requeue implements Queue.
//
// rabbitmq: what is too much then is dropped though a consumer may wait for it.
func (q *FIFO) Requeue(es []Entry, why Return) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.cameBack(es)
	if q.quorum || q.limits.retry.on() {
		es = q.countReturns(es, why)
	}
	for i := range es {
		q.giveBack(es[i], why)
	}
	q.trim()
	q.expire()
	q.deliver()
}

// Reject implements Queue.
func (q *FIFO) Reject(es []Entry) {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.cameBack(es)
	q.bury(es, Rejected)
	q.deliver()
}

// settle notes that the queue is done with entries.
func (q *FIFO) settle(es []Entry) {
	for i := range es {
		e := &es[i]
		q.forget(e.seq)
		if e.ref != nil {
			if e.ref.Settle() {
				continue // cancelled: the store never saw it
			}
		} else if !e.onDisk {
			continue
		}
		q.settleSpan(store.Span{Lo: e.seq, Hi: e.seq})
	}
}

// forget forgets what there is to remember of a message.
func (q *FIFO) forget(seq uint64) {
	if len(q.notes.of) > 0 {
		q.docs = q.notes.forget(seq, q.docs)
	}
	if q.unique.on {
		q.unique.forget(seq)
	}
}

// forgetSpan forgets what there is to remember of the messages of a span.
func (q *FIFO) forgetSpan(s store.Span) {
	q.docs = q.notes.forgetSpan(s, q.docs)
	q.unique.forgetSpan(s)
}

// settleSpan notes that the store must be told of a span; neighbours are told as
// one.
func (q *FIFO) settleSpan(s store.Span) {
	if n := len(q.settled); n > 0 && q.settled[n-1].Span.Hi+1 == s.Lo {
		q.settled[n-1].Span.Hi = s.Hi
		return
	}
	q.settled = append(q.settled, store.Settled{Queue: q.id, Span: s})
}
