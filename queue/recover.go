package queue

import (
	"errors"
	"fmt"

	"github.com/harebellmq/harebell/store"
)

// Recover implements Hosted.
func (q *FIFO) Recover(k Kept) error {
	q.mu.Lock()
	defer q.unlock()
	for _, x := range q.store.Backlog(q.id) {
		i := int(x.Last >> store.LaneShift) // an empty lane has no Lo
		if i >= len(q.lanes) {
			// Priorities cannot change while a queue exists. Should somebody
			// have changed the stored declaration, its messages still come.
			q.lanes = append(q.lanes, make([]lane, i+1-len(q.lanes))...)
		}
		q.recoverLane(i, x)
	}
	err := q.mark.recover(q, k.Delivered)
	err = errors.Join(err, q.recoverNotes(k.Notes))
	if q.unique.on {
		err = errors.Join(err, q.recoverUnique())
	}
	q.fill()
	return err
}

// recoverNotes takes over what was noted of messages that are still there. Those
// that had been delivered when the broker was killed have come back by that.
func (q *FIFO) recoverNotes(pages []store.Doc) error {
	if len(pages) == 0 && (!q.quorum || q.mark.crashed == nil) {
		return nil
	}
	var damaged error
	q.docs, damaged = q.notes.recover(pages, q.docs)
	there := make(map[uint64]bool) // of those with notes
	var back []uint64
	err := q.store.Expiries(q.id, func(seq uint64, _ int64) {
		if _, noted := q.notes.of[seq]; noted {
			there[seq] = true
		}
		lane := int(seq >> store.LaneShift)
		if q.quorum && lane < len(q.mark.crashed) && seq&(1<<store.LaneShift-1) <= q.mark.crashed[lane] {
			back = append(back, seq)
		}
	})
	if err != nil {
		return errors.Join(damaged, fmt.Errorf("look what a queue holds: %w", err))
	}
	q.docs = q.notes.keepOnly(there, q.docs)
	list := make([]numbered, len(back))
	for i, seq := range back {
		n := q.notes.get(seq)
		n.returns = min(n.returns+1, maxReturns)
		list[i] = numbered{seq, n}
	}
	q.docs = q.notes.set(list, q.docs)
	return damaged
}

func (q *FIFO) recoverLane(i int, x store.Extent) {
	l := &q.lanes[i]
	l.last = max(l.last, x.Last&(1<<store.LaneShift-1))
	if x.Messages == 0 {
		return
	}
	l.paged = append(l.paged, x)
	q.ready += x.Messages
	q.readyBytes += x.Bytes
	q.top = max(q.top, i)
}
