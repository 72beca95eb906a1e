package queue

import "github.com/harebellmq/harebell/store"

// Recover implements Hosted.
func (q *FIFO) Recover(delivered []byte) error {
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
	err := q.mark.recover(q, delivered)
	q.fill()
	return err
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
