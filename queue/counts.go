package queue

// Counts are what has happened in a queue since it was made, or found again by the
// broker. They only grow.
type Counts struct {
	Published      uint64 // messages that were routed here, also those that were refused
	Delivered      uint64 // to consumers that are to ack
	DeliveredNoAck uint64
	Got            uint64 // by Get, to be acked
	GotNoAck       uint64
	GetEmpty       uint64 // how often Get found nothing
	Redelivered    uint64 // of all that was delivered or got
	Acked          uint64
}

// Plus returns the sum of two.
func (c Counts) Plus(d Counts) Counts {
	return Counts{
		Published: c.Published + d.Published, Delivered: c.Delivered + d.Delivered, DeliveredNoAck: c.DeliveredNoAck + d.DeliveredNoAck,
		Got: c.Got + d.Got, GotNoAck: c.GotNoAck + d.GotNoAck, GetEmpty: c.GetEmpty + d.GetEmpty,
		Redelivered: c.Redelivered + d.Redelivered, Acked: c.Acked + d.Acked,
	}
}

// countRedelivered counts the entries that go out again.
func (q *FIFO) countRedelivered(es []Entry) {
	for i := range es {
		if es[i].Redelivered {
			q.counts.Redelivered++
		}
	}
}

// cameBack counts entries that are no longer unacked.
func (q *FIFO) cameBack(es []Entry) {
	q.unacked -= len(es)
	for i := range es {
		q.unackedBytes -= int64(es[i].size)
	}
}
