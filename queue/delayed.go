package queue

import (
	"container/heap"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// delayHeader is the header that says for how many milliseconds a message is held
// back.
const delayHeader = "x-delay"

// DelayOf returns for how many milliseconds a message is to be held back, 0 if it is
// not.
//
// rabbitmq: x-delayed-message takes any number, also as text; what is none, or
// negative, is no delay.
func DelayOf(m *amqp.Message) int64 {
	value, given := m.Properties.Header(delayHeader)
	if !given {
		return 0
	}
	delay, _ := amqp.Integer(value)
	switch v := value.(type) {
	case float32:
		delay = int64(min(float64(v), math.MaxInt64/2))
	case float64:
		delay = int64(min(v, math.MaxInt64/2))
	case string:
		delay, _ = strconv.ParseInt(v, 10, 64)
	}
	return max(0, delay)
}

// undelayed returns a copy of a message that was held back, whose header says so by
// a negative delay.
func undelayed(m *amqp.Message) *amqp.Message {
	copied := *m
	value, _ := m.Properties.Header(delayHeader)
	switch v := value.(type) {
	case int8:
		value = -v
	case int16:
		value = -v
	case int32:
		value = -v
	default:
		value = -DelayOf(m)
	}
	copied.Properties = m.Properties.WithHeader(delayHeader, value)
	return &copied
}

// A Delayed is a message that is held back.
type Delayed struct {
	ID      uint64    // in this Delay
	Due     time.Time // when it goes
	Message *amqp.Message
}

// Next returns those that go first, at most max, in their order. It may wait for the
// disk. What goes meanwhile is left out.
func (q *Delay) Next(max int) ([]Delayed, error) {
	next := q.next(max)
	for i := range next {
		if next[i].Message != nil {
			continue
		}
		m, err := q.load(next[i].ID)
		if err != nil {
			return nil, err
		}
		next[i].Message = m
	}
	return slices.DeleteFunc(next, func(d Delayed) bool { return d.Message == nil }), nil
}

// next is Next without what is not in memory.
func (q *Delay) next(max int) []Delayed {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := slices.Concat(q.near, q.far)
	slices.SortFunc(all, compareMoments)
	var next []Delayed
	for _, at := range all[:min(max, len(all))] {
		d := Delayed{ID: at.seq, Due: time.UnixMilli(at.due)}
		if h := q.held[at.seq]; h != nil {
			d.Message = h.message
		}
		next = append(next, d)
	}
	return next
}

// load reads a message back, and returns nil if it is not there any more.
func (q *Delay) load(id uint64) (*amqp.Message, error) {
	type answer struct {
		messages []store.Stored
		err      error
	}
	answered := make(chan answer, 1)
	q.store.Load(q.id, store.Span{Lo: id, Hi: id}, 1, func(ms []store.Stored, err error) { answered <- answer{ms, err} })
	a := <-answered
	if a.err != nil || len(a.messages) == 0 {
		return nil, a.err
	}
	return a.messages[0].Message, nil
}

// Cancel drops a message that is held back, and reports false if it is not there
// any more.
func (q *Delay) Cancel(id uint64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	is := func(at moment) bool { return at.seq == id }
	if i := slices.IndexFunc(q.near, is); i >= 0 {
		q.near = slices.Delete(q.near, i, i+1)
		q.absent = slices.DeleteFunc(q.absent, func(seq uint64) bool { return seq == id })
	} else if i := slices.IndexFunc(q.far, is); i >= 0 {
		heap.Remove(&q.far, i)
	} else {
		return false
	}
	h := q.held[id]
	if h != nil {
		q.bytes -= int64(len(h.message.Body))
		q.forget(id, h)
	}
	if h == nil || h.stored || h.ref != nil && !h.ref.Settle() {
		q.store.Append(store.Batch{Settled: []store.Settled{{Queue: q.id, Span: store.Span{Lo: id, Hi: id}}}})
	}
	q.arm()
	return true
}
