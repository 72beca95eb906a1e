package queue

import (
	"fmt"
	"math"
	"sort"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A beginning is where in a stream a consumer begins.
type beginning struct {
	how   beginningKind
	value uint64 // a number, or a time in Unix milliseconds
}

type beginningKind uint8

const (
	atNext   beginningKind = iota // with what is published from now on
	atFirst                       // with the oldest message
	atLast                        // with the last chunk
	atNumber                      // with that of a number, which may be yet to come
	atTime                        // with the first that was published then or later
)

// offset reads where a consumer begins.
//
// rabbitmq: some values that are none end the connection there
func (a *arguments) offset(now time.Time) beginning {
	value, given := a.d.Arguments[offsetHeader]
	if !given {
		return beginning{}
	}
	if octets, ok := value.([]byte); ok {
		value = string(octets)
	}
	switch v := value.(type) {
	case string:
		switch v {
		case "first":
			return beginning{how: atFirst}
		case "last":
			return beginning{how: atLast}
		case "next":
			return beginning{}
		}
		if age, ok := parseAge(v); ok {
			return beginning{how: atTime, value: uint64(max(0, now.UnixMilli()-age))}
		}
		a.notOffset(fmt.Sprintf("<<%q>>", v))
	case amqp.Timestamp:
		return beginning{how: atTime, value: min(uint64(v), math.MaxInt64/1000) * 1000}
	default:
		if n, ok := amqp.Integer(v); ok {
			return beginning{how: atNumber, value: uint64(max(n, 0)) + 1}
		}
		a.notOffset(amqp.FormatValue(v))
	}
	return beginning{}
}

func (a *arguments) notOffset(text string) {
	a.invalid(offsetHeader, "{invalid_stream_offset_arg,{"+amqp.TypeName(a.d.Arguments[offsetHeader])+","+text+"}}")
}

// number returns the number that a beginning stands for now.
func (q *stream) number(b beginning) uint64 {
	switch b.how {
	case atFirst:
		return q.first
	case atLast:
		return max(q.first, q.chunk)
	case atNumber, atTime:
		return max(q.first, b.value)
	default:
		return q.last + 1
	}
}

// find returns the number of the first message that was published at some time or
// later; if there is none, that of the next one. It may read a few messages back.
func (q *stream) find(time uint64) (uint64, error) {
	at := int64(time)
	q.mu.Lock()
	lo, hi := q.first, q.tail.begin(q.last+1)
	if es := q.tail.entries; len(es) > 0 && es[0].expires < at {
		lo = hi + uint64(sort.Search(len(es), func(i int) bool { return es[i].expires >= at }))
	}
	q.mu.Unlock()
	// The number is from lo to hi.
	for lo < hi {
		middle := lo + (hi-lo)/2
		found, err := q.read(store.Span{Lo: middle, Hi: hi - 1}, 1)
		switch {
		case err != nil:
			return 0, fmt.Errorf("look for a time in a stream: %w", err)
		case len(found) == 0 || found[0].Expires >= at:
			hi = middle
		default:
			lo = found[0].Seq + 1
		}
	}
	return lo, nil
}

// read reads messages back, and waits for it.
func (q *stream) read(span store.Span, max int) (found []store.Stored, err error) {
	done := make(chan struct{})
	q.store.Load(q.id, span, max, func(ms []store.Stored, failure error) {
		found, err = ms, failure
		close(done)
	})
	<-done
	return found, err
}
