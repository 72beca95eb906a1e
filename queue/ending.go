package queue

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// Purge implements Queue.
//
// spec: queue.purge; rabbitmq: what is unacked stays, nothing is dead-lettered.
func (q *FIFO) Purge() (int, error) {
	q.mu.Lock()
	defer q.unlock()
	n := q.ready
	for i := range q.lanes {
		q.purgeLane(&q.lanes[i])
	}
	q.ready, q.readyBytes, q.resident = 0, 0, q.retries.resident()
	return n, nil
}

func (q *FIFO) purgeLane(l *lane) {
	q.settle(l.returned.sorted())
	for i := range l.head.len() {
		q.settle([]Entry{*l.head.at(i)})
	}
	for i := range l.paged {
		for _, s := range l.untaken(l.paged[i].Span) {
			q.forgetSpan(s)
			q.settleSpan(s)
		}
	}
	for i := range l.tail.len() {
		q.settle([]Entry{*l.tail.at(i)})
	}
	*l = lane{last: l.last, loading: l.loading, generation: l.generation + 1}
}

// Delete implements Queue.
//
// rabbitmq: if-empty is looked at before if-unused; the count is of what is
// ready; nothing is dead-lettered.
func (q *FIFO) Delete(ifUnused, ifEmpty bool) (int, error) {
	q.mu.Lock()
	defer q.unlock()
	switch {
	case q.deleted:
		return 0, nil
	case q.quorum && ifUnused:
		return 0, q.notSupported("if-unused")
	case q.quorum && ifEmpty:
		return 0, q.notSupported("if-empty")
	case ifEmpty && q.ready > 0:
		return 0, amqp.Errorf(amqp.PreconditionFailed, "queue '%s' in vhost '%s' not empty", q.decl.Name, q.decl.VHost)
	case ifUnused && q.consumers.len() > 0:
		return 0, amqp.Errorf(amqp.PreconditionFailed, "queue '%s' in vhost '%s' in use", q.decl.Name, q.decl.VHost)
	}
	n := q.ready
	q.releaseRecords()
	q.end()
	q.dropStored()
	for _, s := range q.consumers.all {
		q.later = append(q.later, s.consumer.Cancelled)
	}
	q.consumers = consumers{}
	return n, nil
}

// notSupported is the answer to a condition for which a quorum queue would have to
// ask other nodes.
func (q *FIFO) notSupported(flag string) error {
	return amqp.Errorf(amqp.NotImplemented, "cannot delete queue '%s' in vhost '%s'. queue.delete operations with %s flag set are not supported by quorum queues",
		q.decl.Name, q.decl.VHost, flag)
}

// releaseRecords lets go of the records of what is ready, so that publishers
// hear of messages nobody will get.
func (q *FIFO) releaseRecords() {
	for i := range q.lanes {
		q.purgeLane(&q.lanes[i])
	}
	q.settle(q.retries.drop())
	q.settled = q.settled[:0] // dropping the queue says it all
	q.docs = q.notes.clear(q.docs)
}

// dropStored has the store drop what it has of the queue.
func (q *FIFO) dropStored() {
	switch {
	case q.decl.Durable:
		q.store.Append(store.Batch{Dropped: []uint64{q.id}, Docs: []store.Doc{markDoc(q.id, nil)}})
	case q.spilled:
		q.store.Append(store.Batch{Dropped: []uint64{q.id}})
	}
}

// Stop implements Hosted.
func (q *FIFO) Stop() {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return
	}
	q.mark.close(q)
	q.end()
	q.stopped = true
}

// end makes the queue ignore what still comes.
func (q *FIFO) end() {
	q.deleted = true
	q.expiry.stop()
	q.retries.stop()
	q.stuck.stop()
	if q.noting != nil {
		q.noting.Stop()
	}
	q.lease.stop()
	q.lanes, q.dying = make([]lane, len(q.lanes)), nil
	q.ready, q.readyBytes, q.resident, q.unacked, q.unackedBytes = 0, 0, 0, 0, 0
	q.mark.wake()
	q.filled()
}
