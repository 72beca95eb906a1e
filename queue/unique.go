package queue

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// DeduplicationHeader is the header by whose value messages are told apart, by queues and
// exchanges that deduplicate.
const DeduplicationHeader = "x-deduplication-header"

// A Digest stands for a value of the header by which messages are told apart. That two
// values have the same will not happen.
type Digest [16]byte

// DigestOf returns what tells a message apart, and false if nothing does: it has no such
// header, or one with other values in it.
//
// rabbitmq: the community's plug-in. Integers are the same whatever their widths, and so
// are floats; a text and octets may be the same, a text and a number are not. Void is a
// value.
func DigestOf(m *amqp.Message) (d Digest, ok bool) {
	header, given := m.Properties.Header(DeduplicationHeader)
	if !given {
		return d, false
	}
	var b [9]byte
	octets := b[:]
	switch v := header.(type) {
	case nil:
		b[0] = 'V'
	case string:
		octets = append([]byte{'S'}, v...)
	case []byte:
		octets = append([]byte{'S'}, v...)
	case bool:
		b[0] = 't'
		if v {
			b[1] = 1
		}
	case float32:
		b[0] = 'd'
		binary.BigEndian.PutUint64(b[1:], math.Float64bits(float64(v)))
	case float64:
		b[0] = 'd'
		binary.BigEndian.PutUint64(b[1:], math.Float64bits(v))
	case amqp.Timestamp:
		b[0] = 'T'
		binary.BigEndian.PutUint64(b[1:], uint64(v))
	default:
		n, is := amqp.Integer(v)
		if !is {
			return d, false
		}
		b[0] = 'l'
		binary.BigEndian.PutUint64(b[1:], uint64(n))
	}
	sum := sha256.Sum256(octets)
	return Digest(sum[:len(d)]), true
}

// unique is what the messages of a queue with x-message-deduplication are told apart
// by, ready and unacked ones. It is as bounded as the queue.
type unique struct {
	on bool
	by map[Digest]uint64 // number of the message
	of map[uint64]Digest // by number
}

func (u *unique) init(on bool) {
	if u.on = on; on {
		u.by, u.of = make(map[Digest]uint64), make(map[uint64]Digest)
	}
}

func (u *unique) add(seq uint64, m *amqp.Message) {
	if d, ok := DigestOf(m); ok {
		u.by[d], u.of[seq] = seq, d
	}
}

func (u *unique) forget(seq uint64) {
	d, found := u.of[seq]
	if !found {
		return
	}
	delete(u.of, seq)
	if u.by[d] == seq {
		delete(u.by, d)
	}
}

func (u *unique) forgetSpan(s store.Span) {
	for seq := range u.of {
		if s.Lo <= seq && seq <= s.Hi {
			u.forget(seq)
		}
	}
}

// leaveOut reports whether a message is left out, as the queue has its like. Its
// publisher hears that it is safe when all that came before it is on disk: it may be a
// message published again, of whose first copy nothing has been heard.
func (q *FIFO) leaveOut(p *Publishing) bool {
	d, ok := DigestOf(p.Message)
	if !ok {
		return false
	}
	if _, found := q.unique.by[d]; !found {
		return false
	}
	if p.Record != nil && q.decl.Durable {
		l := &q.lanes[0]
		l.last++
		p.Record.Add(store.Ref{Queue: q.id, Seq: l.last}).Abandon()
		q.settleSpan(store.Span{Lo: l.last, Hi: l.last})
	}
	if q.dropped != nil {
		q.dropped(q, []Entry{{Message: p.Message}}, Duplicate)
	}
	return true
}

// recoverUnique reads all messages that the store has kept.
func (q *FIFO) recoverUnique() error {
	for _, x := range q.store.Backlog(q.id) {
		span := x.Span
		for x.Messages > 0 && span.Lo <= span.Hi {
			ms, err := q.load(span, loadMost)
			if err != nil || len(ms) == 0 {
				return err // those left over are damaged
			}
			for i := range ms {
				q.unique.add(ms[i].Seq, ms[i].Message)
			}
			span.Lo = ms[len(ms)-1].Seq + 1
		}
	}
	return nil
}

// load reads messages back and waits for them.
func (q *FIFO) load(span store.Span, most int) ([]store.Stored, error) {
	type answer struct {
		ms  []store.Stored
		err error
	}
	answered := make(chan answer, 1)
	q.store.Load(q.id, span, most, func(ms []store.Stored, err error) { answered <- answer{ms, err} })
	a := <-answered
	return a.ms, a.err
}
