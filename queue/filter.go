package queue

import (
	"slices"

	"github.com/harebellmq/harebell/amqp"
)

// filterHeader is what a message of a stream can be filtered by.
const filterHeader = "x-stream-filter-value"

// A filter is which messages of a stream a consumer wants. Nil is all.
//
// rabbitmq: there, whole chunks are left out in which a Bloom filter finds none of the
// values, and clients have to look again
type filter struct {
	values     []string
	unfiltered bool // those without a value too
}

// passes reports whether the consumer wants a message.
func (f *filter) passes(m *amqp.Message) bool {
	v, _ := m.Properties.Header(filterHeader)
	value, ok := v.(string)
	if !ok {
		return f.unfiltered
	}
	return slices.Contains(f.values, value)
}

// cut parts entries into some that the consumer does not want and then some that it
// does. A filter does not look far ahead: who has no room is offered them again.
func (f *filter) cut(es []Entry) (passed, wanted []Entry) {
	if f == nil {
		return nil, es
	}
	n := 0
	for n < len(es) && !f.passes(es[n].Message) {
		n++
	}
	end := n
	for end < min(len(es), n+blockSize) && f.passes(es[end].Message) {
		end++
	}
	return es[:n], es[n:end]
}

// filter reads which messages a consumer wants.
func (a *arguments) filter() *filter {
	const key = "x-stream-filter"
	f := &filter{unfiltered: a.flag("x-stream-match-unfiltered")}
	switch v := a.d.Arguments[key].(type) {
	case nil:
		if _, given := a.d.Arguments[key]; !given {
			return nil
		}
		a.invalid(key, "{unacceptable_type,void}")
	case string:
		f.values = []string{v}
	case []any:
		for _, one := range v {
			value, ok := one.(string)
			if !ok {
				a.invalid(key, "{unacceptable_type,"+amqp.TypeName(one)+"}")
			}
			f.values = append(f.values, value)
		}
	default:
		a.invalid(key, "{unacceptable_type,"+amqp.TypeName(v)+"}")
	}
	return f
}
