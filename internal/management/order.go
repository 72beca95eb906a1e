package management

import (
	"cmp"
	"iter"
	"slices"
)

// A keyed item has what it is sorted by.
type keyed struct {
	key  any
	came int // how many came before it
	item any
}

// inOrder returns items in the order that the query asks for: all of them, or at least as
// many of the first as are wanted, if that is not 0. No more than twice as many as are
// wanted are held.
//
// rabbitmq: without a field to sort by there is nothing to reverse either
func (c *call) inOrder(items iter.Seq[any], wanted int) iter.Seq[any] {
	query := c.URL.Query()
	field := query.Get("sort")
	if field == "" {
		return items
	}
	order := func(a, b keyed) int { return cmp.Or(compare(a.key, b.key), cmp.Compare(a.came, b.came)) }
	if query.Get("sort_reverse") == "true" {
		forth := order
		order = func(a, b keyed) int { return forth(b, a) }
	}
	return func(yield func(any) bool) {
		var held []keyed
		came := 0
		for item := range items {
			if wanted > 0 && len(held)/2 >= wanted { // any number may be asked for, also one that cannot be doubled
				slices.SortFunc(held, order)
				clear(held[wanted:])
				held = held[:wanted]
			}
			held = append(held, keyed{sortKey(fieldOf(item, field)), came, item})
			came++
		}
		slices.SortFunc(held, order)
		for _, k := range held {
			if !yield(k.item) {
				return
			}
		}
	}
}

// compare orders keys: numbers by their size, all else as text.
func compare(a, b any) int {
	m, aNumber := a.(float64)
	n, bNumber := b.(float64)
	if aNumber && bNumber {
		return cmp.Compare(m, n)
	}
	return cmp.Compare(text(a), text(b))
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(marshal(v))
}
