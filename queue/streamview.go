package queue

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/harebellmq/harebell/store"
)

// viewBytes is how much View reads back at most.
const viewBytes = 64 << 20

// View implements Hosted. It waits for the disk, and leaves out what is more than
// 64 MiB before the newest messages.
func (q *stream) View() (Stats, []Entry) {
	q.mu.Lock()
	stats, span := q.stats(), store.Span{Lo: q.first, Hi: q.tail.begin(q.last+1) - 1}
	newest := append([]Entry(nil), q.tail.entries...)
	q.mu.Unlock()
	var all []Entry
	for size := int64(0); span.Lo <= span.Hi && size < viewBytes; {
		ms, err := q.read(span, loadMost)
		if err != nil || len(ms) == 0 {
			break // an error shows as messages that are missing
		}
		for _, m := range ms {
			e := Entry{Message: withOffset(m.Message, m.Seq), size: uint32(len(m.Message.Body)), seq: m.Seq, expires: m.Expires, onDisk: true}
			size += footprint(e.Message)
			all = append(all, e)
		}
		span.Lo = ms[len(ms)-1].Seq + 1
	}
	return stats, append(all, newest...)
}

// Info implements Hosted.
func (q *stream) Info() Info {
	q.mu.Lock()
	defer q.mu.Unlock()
	return Info{Stats: q.stats(), Resident: q.resident, Counts: q.counts}
}

// Consumers implements Hosted.
func (q *stream) Consumers() []Consuming {
	q.mu.Lock()
	defer q.mu.Unlock()
	readers := slices.SortedFunc(maps.Values(q.readers), func(a, b *reader) int { return cmp.Compare(a.number, b.number) })
	all := make([]Consuming, len(readers))
	for i, r := range readers {
		all[i] = Consuming{Consumer: r.consumer, Arguments: r.arguments, Active: true}
	}
	return all
}

// Restock implements Hosted. A stream in which nothing was ever published counts on
// from where the other one's first message was. The messages are as old as they were
// then.
func (q *stream) Restock(es []Entry, later time.Duration) {
	records := make([]*store.Record, len(es))
	for i, e := range es {
		m := *e.Message
		m.Properties = m.Properties.WithoutHeader(offsetHeader)
		records[i] = new(store.Record)
		records[i].Init(&m, nil, 0)
	}
	if !q.restock(es, records, later) {
		return
	}
	for _, r := range records {
		r.Release()
	}
	q.store.Append(store.Batch{Records: records})
}

func (q *stream) restock(es []Entry, records []*store.Record, later time.Duration) bool {
	q.mu.Lock()
	defer q.unlock()
	if q.deleted || q.err != nil || len(es) == 0 {
		return false
	}
	if q.last == 0 {
		q.last = es[0].seq - 1
		q.first, q.written = es[0].seq, q.last
	}
	q.chunk = q.last + uint64(len(es))
	for i, e := range es {
		q.latest = max(q.latest, e.expires+later.Milliseconds())
		q.append(&Publishing{Message: records[i].Message, Record: records[i]}, q.latest)
	}
	q.retain()
	return true
}
