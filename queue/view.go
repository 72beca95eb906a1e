package queue

import (
	"slices"
	"time"

	"github.com/harebellmq/harebell/store"
)

// View implements Hosted.
func (q *FIFO) View() (Stats, []Entry) {
	q.mu.Lock()
	defer q.unlock()
	var ready []Entry
	for i := len(q.lanes) - 1; i >= 0; i-- {
		for e := range q.lanes[i].entries() {
			if e.Message != nil {
				ready = append(ready, e)
			}
		}
	}
	return q.stats(), ready
}

// Restock implements Hosted.
func (q *FIFO) Restock(es []Entry, later time.Duration) {
	records := q.restock(es, later)
	for _, r := range records {
		r.Release()
	}
	records = slices.DeleteFunc(records, func(r *store.Record) bool { return len(r.Refs()) == 0 })
	q.store.Append(store.Batch{Records: records})
}

func (q *FIFO) restock(es []Entry, later time.Duration) []*store.Record {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return nil
	}
	records := make([]*store.Record, len(es))
	for i, e := range es {
		records[i] = new(store.Record)
		records[i].Init(e.Message, nil, 0)
		expires := e.expires
		if expires != 0 {
			q.expiry.used = true
			expires += later.Milliseconds()
		}
		q.place(&Publishing{Message: e.Message, Record: records[i]}, expires, e.Redelivered)
	}
	q.deliver()
	q.expire()
	q.trim()
	q.pageOut()
	return records
}
