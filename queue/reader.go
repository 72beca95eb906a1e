package queue

import (
	"maps"
	"slices"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A reader is a consumer as its stream sees it: somewhere in the log.
type reader struct {
	consumer  Consumer
	filter    *filter
	arguments amqp.Table
	number    int // in the order in which they came

	next    uint64  // number of the next message to look at
	block   []Entry // messages read back, from next on
	bytes   int64   // of them, footprints
	read    uint64  // number behind what was read back, if it is higher than next
	loading bool
	parked  bool // it had no room; nothing is delivered until Wake
	touched bool // it took something since the last Flush
	gone    bool
}

// readBytes is how many octets of messages are read back for one consumer at once,
// about. More are read when half of them are delivered.
const readBytes = 256 << 10

// Consume implements Queue. If it has to look for a time it waits for the disk.
//
// rabbitmq: the exclusive flag means nothing
func (q *stream) Consume(c Consumer, o ConsumeOptions) error {
	from, f, err := q.wishes(o)
	if err != nil {
		return err
	}
	if from.how == atTime {
		if from.value, err = q.find(from.value); err != nil {
			return err
		}
	}
	q.mu.Lock()
	defer q.unlock()
	if q.deleted {
		return amqp.Errorf(amqp.NotFound, "no queue '%s' in vhost '%s'", q.decl.Name, q.decl.VHost)
	}
	q.arrived++
	r := &reader{consumer: c, filter: f, arguments: o.Arguments, number: q.arrived, next: q.number(from)}
	q.readers[c] = r
	q.deliver(r)
	return nil
}

// wishes reads what a consumer asks for.
//
// rabbitmq: arguments are looked at first, the prefetch before acks
func (q *stream) wishes(o ConsumeOptions) (from beginning, f *filter, err error) {
	d := q.decl
	d.Arguments = o.Arguments
	a := arguments{d: d}
	for _, key := range slices.Sorted(maps.Keys(o.Arguments)) {
		if key == "x-priority" || key == "x-cancel-on-ha-failover" { // for other queues
			a.fail("invalid arg '%s' for queue '%s' in vhost '%s' of queue type %s", key, d.Name, d.VHost, Stream.module())
		}
	}
	from, f = a.offset(q.clock.Now()), a.filter()
	switch {
	case a.err != nil:
		return from, f, a.err
	case o.Prefetch == 0:
		return from, f, amqp.Errorf(amqp.PreconditionFailed, "consumer prefetch count is not set for stream queue '%s' in vhost '%s'", d.Name, d.VHost)
	case o.NoAck:
		return from, f, amqp.Errorf(amqp.NotImplemented, "automatic acknowledgement not supported by stream queue '%s' in vhost '%s'", d.Name, d.VHost)
	case o.Global:
		return from, f, amqp.Errorf(amqp.NotImplemented, "queue '%s' in vhost '%s' does not support global qos", d.Name, d.VHost)
	}
	return from, f, nil
}

// Cancel implements Queue.
func (q *stream) Cancel(c Consumer) {
	q.mu.Lock()
	defer q.unlock()
	if r := q.readers[c]; r != nil {
		r.gone = true
		q.resident -= r.bytes
		delete(q.readers, c)
	}
}

// Wake implements Queue.
func (q *stream) Wake(c Consumer) {
	q.mu.Lock()
	defer q.unlock()
	if r := q.readers[c]; r != nil && r.parked {
		r.parked = false
		q.deliver(r)
	}
}

// deliver hands out what the reader has room for, and has more read back if need be.
func (q *stream) deliver(r *reader) {
	for !r.parked {
		es := q.ahead(r)
		if len(es) == 0 {
			break
		}
		passed, wanted := r.filter.cut(es)
		q.advance(r, passed)
		if len(wanted) == 0 {
			continue
		}
		taken := r.consumer.Deliver(wanted)
		q.counts.Delivered += uint64(taken)
		r.parked = taken < len(wanted)
		if taken > 0 && !r.touched {
			r.touched = true
			q.flush = append(q.flush, r)
		}
		q.advance(r, wanted[:taken])
	}
	q.readAhead(r)
}

// ahead returns messages that are in memory and next for the reader.
func (q *stream) ahead(r *reader) []Entry {
	switch {
	case len(r.block) > 0:
		return r.block
	case r.next > q.written || r.next < q.tail.begin(q.last+1):
		return nil
	default:
		return q.tail.from(r.next, q.written)
	}
}

// advance moves the reader behind entries that ahead returned.
func (q *stream) advance(r *reader, es []Entry) {
	if len(es) == 0 {
		return
	}
	q.resident -= r.skipTo(es[len(es)-1].seq + 1)
}

// skipTo moves the reader on to a number, and returns how many octets fewer it has.
func (r *reader) skipTo(next uint64) (skipped int64) {
	r.next = max(r.next, next)
	n := 0
	for ; n < len(r.block) && r.block[n].seq < r.next; n++ {
		skipped += footprint(r.block[n].Message)
	}
	clear(r.block[:n])
	r.block = r.block[n:]
	if len(r.block) == 0 { // what was read back may end with messages that are gone
		r.block, r.next = nil, max(r.next, r.read)
	}
	r.bytes -= skipped
	return skipped
}

// readAhead has messages read back if the reader will soon need some.
func (q *stream) readAhead(r *reader) {
	most := int64(readBytes)
	if q.short() {
		most = keepLittle
	}
	span := store.Span{Lo: max(r.next, r.read), Hi: min(q.tail.begin(q.last+1)-1, q.written)}
	if r.loading || q.err != nil || r.bytes > most/2 || span.Lo > span.Hi {
		return
	}
	r.loading = true
	size := q.bytes/int64(max(q.messages, 1)) + overhead
	q.store.Load(q.id, span, int(min(max(most/size, 1), loadMost)), func(ms []store.Stored, err error) {
		block := make([]Entry, len(ms)) // before there is a lock
		for i := range ms {
			m := ms[i].Message
			block[i] = Entry{Message: withOffset(m, ms[i].Seq), size: uint32(len(m.Body)), seq: ms[i].Seq, expires: ms[i].Expires, onDisk: true}
		}
		q.loaded(r, span, block, err)
	})
}

// loaded takes over what has been read back of a span: the first messages of it, or
// none if there are none. Those that are missing are damaged or were never written.
func (q *stream) loaded(r *reader, span store.Span, block []Entry, err error) {
	q.mu.Lock()
	defer q.unlock()
	r.loading = false
	if q.deleted || r.gone {
		return
	}
	if err != nil {
		q.err = err
		return
	}
	r.read = span.Hi + 1
	if n := len(block); n > 0 {
		r.read = block[n-1].seq + 1
	}
	r.block = append(r.block, block...)
	for i := range block {
		r.bytes += footprint(block[i].Message)
		q.resident += footprint(block[i].Message)
	}
	q.resident -= r.skipTo(q.first) // some may have been cut off meanwhile
	q.deliver(r)
}
