package queue

import (
	"slices"
	"time"

	"github.com/harebellmq/harebell/store"
)

// View returns the queue's numbers and, as of the same moment, copies of the
// entries that are ready, in the order in which they would be delivered. Those
// whose messages only the store has at the moment are left out.
func (q *Classic) View() (Stats, []Entry) {
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

// Restock puts messages behind all that is ready, from entries that View has
// returned of this queue or of one like it. What is left of their time to live is
// what was left then: later is how much time has passed since.
func (q *Classic) Restock(es []Entry, later time.Duration) {
	records := q.restock(es, later)
	for _, r := range records {
		r.Release()
	}
	records = slices.DeleteFunc(records, func(r *store.Record) bool { return len(r.Refs()) == 0 })
	q.store.Append(store.Batch{Records: records})
}

func (q *Classic) restock(es []Entry, later time.Duration) []*store.Record {
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
