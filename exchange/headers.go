package exchange

import (
	"slices"
	"strings"

	"github.com/harebellmq/harebell/amqp"
)

// headers matches the arguments of its bindings with the headers of messages.
//
// Each argument is a criterion, and criteria are indexed by the property they
// ask for. So a match looks only at bindings that share a property with the
// message, not at all of them.
//
// spec: the headers exchange type
// rabbitmq: the x-match modes with-x, and how values compare
type headers struct {
	always     set // bindings that ask for nothing, and so match everything
	candidates map[property]*candidates
}

func newHeaders() *headers {
	return &headers{candidates: make(map[property]*candidates)}
}

// A filter is what a binding's arguments ask of a message's headers.
type filter struct {
	all      bool // rather than any one criterion
	criteria []criterion
	entries  []entry // where it is in the index, for unbind
}

// A criterion asks for a header: for this value, or with nil for any.
type criterion struct {
	name  string
	value any
}

// An entry is one place of a binding in the index.
type entry struct {
	property property
	at       int
}

// A candidate is a binding with one criterion that asks for a property.
type candidate struct {
	binding   *binding
	criterion int // which of the filter's
	entry     int // which of the filter's
}

// candidates are all bindings indexed under one property.
type candidates []candidate

func (h *headers) bind(b *binding) error {
	f, err := newFilter(b.Arguments)
	if err != nil {
		return err
	}
	b.filter = f
	switch {
	case f.all && len(f.criteria) == 0:
		h.always.add(b)
	case f.all:
		h.enter(b, h.rarest(f.criteria))
	default:
		for i := range f.criteria {
			h.enter(b, i)
		}
	}
	return nil
}

// rarest returns the criterion with the fewest candidates so far. A binding that
// asks for all of its criteria is indexed under that one alone.
func (h *headers) rarest(criteria []criterion) int {
	best, fewest := 0, -1
	for i, c := range criteria {
		n := 0
		if known := h.candidates[propertyOf(c.name, c.value)]; known != nil {
			n = len(*known)
		}
		if fewest < 0 || n < fewest {
			best, fewest = i, n
		}
	}
	return best
}

func (h *headers) enter(b *binding, i int) {
	c := b.filter.criteria[i]
	p := propertyOf(c.name, c.value)
	known := h.candidates[p]
	if known == nil {
		known = new(candidates)
		h.candidates[p] = known
	}
	*known = append(*known, candidate{binding: b, criterion: i, entry: len(b.filter.entries)})
	b.filter.entries = append(b.filter.entries, entry{property: p, at: len(*known) - 1})
}

func (h *headers) unbind(b *binding) {
	if b.filter.all && len(b.filter.criteria) == 0 {
		h.always.remove(b)
		return
	}
	for _, e := range b.filter.entries {
		known := h.candidates[e.property]
		if known.remove(e.at); len(*known) == 0 {
			delete(h.candidates, e.property)
		}
	}
}

// remove lets the last candidate take the place of the one at i.
func (c *candidates) remove(i int) {
	end := len(*c) - 1
	last := (*c)[end]
	(*c)[i] = last
	last.binding.filter.entries[last.entry].at = i
	(*c)[end] = candidate{}
	*c = (*c)[:end]
}

func (h *headers) match(dst []Destination, _ string, p amqp.Properties) []Destination {
	dst = append(dst, h.always.destinations...)
	if len(h.candidates) == 0 {
		return dst
	}
	table := p.Headers()
	for name, value := range table {
		dst = h.appendMatches(dst, property{name: name, class: presence}, table)
		if value != nil {
			dst = h.appendMatches(dst, propertyOf(name, value), table)
		}
	}
	return dst
}

func (h *headers) appendMatches(dst []Destination, p property, table amqp.Table) []Destination {
	known := h.candidates[p]
	if known == nil {
		return dst
	}
	for _, c := range *known {
		if c.binding.filter.matches(c.criterion, table) {
			dst = append(dst, c.binding.Destination)
		}
	}
	return dst
}

// matches reports whether a message that has the property of the i-th criterion
// passes the filter. A filter for any criterion passes it once only: by the first
// one that matches.
func (f *filter) matches(i int, table amqp.Table) bool {
	if f.all {
		for _, c := range f.criteria {
			if !c.matches(table) {
				return false
			}
		}
		return true
	}
	for _, c := range f.criteria[:i] {
		if c.matches(table) {
			return false
		}
	}
	return f.criteria[i].matches(table)
}

func (c criterion) matches(table amqp.Table) bool {
	value, ok := table[c.name]
	return ok && (c.value == nil || amqp.EqualValue(c.value, value))
}

// newFilter reads a binding's arguments.
func newFilter(arguments amqp.Table) (*filter, error) {
	all, withX, err := parseMode(arguments)
	if err != nil {
		return nil, err
	}
	f := &filter{all: all}
	for name, value := range arguments {
		if name == "x-match" || !withX && strings.HasPrefix(name, "x-") {
			continue
		}
		f.criteria = append(f.criteria, criterion{name: name, value: value})
	}
	slices.SortFunc(f.criteria, func(a, b criterion) int { return strings.Compare(a.name, b.name) })
	return f, nil
}

// parseMode reads x-match: whether all criteria must match, and whether
// arguments that start with "x-" are criteria too.
func parseMode(arguments amqp.Table) (all, withX bool, err error) {
	value, given := arguments["x-match"]
	if !given {
		return true, false, nil
	}
	mode, ok := value.(string)
	if !ok {
		return false, false, amqp.Errorf(amqp.PreconditionFailed,
			"Invalid x-match field type %s (value %s); expected longstr", amqp.TypeName(value), amqp.FormatValue(value))
	}
	switch mode {
	case "all":
		return true, false, nil
	case "any":
		return false, false, nil
	case "all-with-x":
		return true, true, nil
	case "any-with-x":
		return false, true, nil
	}
	return false, false, amqp.Errorf(amqp.PreconditionFailed,
		"Invalid x-match field value %s; expected all, any, all-with-x, or any-with-x", amqp.FormatBinary(mode))
}

// A property is what a header has in common with every header equal to it: equal
// values have equal properties, though not the other way round.
type property struct {
	name   string
	class  class
	text   string
	number int64
}

type class uint8

const (
	presence class = iota // the header is there, with whatever value
	text
	integer
	other
)

func propertyOf(name string, value any) property {
	if n, ok := amqp.Integer(value); ok {
		return property{name: name, class: integer, number: n}
	}
	switch v := value.(type) {
	case nil:
		return property{name: name, class: presence}
	case string:
		return property{name: name, class: text, text: v}
	case []byte:
		return property{name: name, class: text, text: string(v)}
	}
	return property{name: name, class: other}
}
