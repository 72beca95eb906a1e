package queue

import (
	"slices"
	"time"

	"github.com/harebellmq/harebell/amqp"
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

// An Info is a queue's numbers at one moment, and what has happened in it.
type Info struct {
	Stats
	UnackedBytes int64 // of bodies
	Resident     int64 // octets that messages take in memory, but for those that are unacked
	Head         int64 // when the first message that is ready was made, if it is in memory and says so, or 0
	Counts       Counts
}

// Info implements Hosted.
func (q *FIFO) Info() Info {
	q.mu.Lock()
	defer q.unlock()
	return Info{Stats: q.stats(), UnackedBytes: q.unackedBytes, Resident: q.resident, Head: q.head(), Counts: q.counts}
}

// head returns the timestamp of the first message that is ready, or 0.
func (q *FIFO) head() int64 {
	for i := len(q.lanes) - 1; i >= 0; i-- {
		l := &q.lanes[i]
		if l.empty() {
			continue
		}
		if es := l.front(1); len(es) > 0 && es[0].Message != nil {
			t, _ := es[0].Message.Properties.Timestamp()
			return int64(t)
		}
		break
	}
	return 0
}

// A Consuming is what a queue knows of one of its consumers.
type Consuming struct {
	Consumer  Consumer
	NoAck     bool
	Exclusive bool
	Arguments amqp.Table
	Single    bool // only one of the queue's consumers is active
	Active    bool // and this is it, or all are
}

// Consumers implements Hosted.
func (q *FIFO) Consumers() []Consuming {
	q.mu.Lock()
	defer q.unlock()
	cs := q.consumers // a copy: asking who is active may change that
	active := cs.single(q.unacked)
	all := make([]Consuming, len(cs.all))
	for i, s := range cs.all {
		all[i] = Consuming{
			Consumer: s.consumer, NoAck: s.noAck, Exclusive: s.exclusive, Arguments: s.arguments,
			Single: cs.singleActive, Active: !cs.singleActive || s == active,
		}
	}
	return all
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
