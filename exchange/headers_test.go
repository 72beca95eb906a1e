package exchange

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

func TestHeaders(t *testing.T) {
	type table = amqp.Table
	tests := []struct {
		name      string
		arguments table
		headers   table
		want      bool
	}{
		{"without x-match all must match", table{"a": "1", "b": "2"}, table{"a": "1", "b": "2"}, true},
		{"without x-match one is not enough", table{"a": "1", "b": "2"}, table{"a": "1"}, false},
		{"more headers do no harm", table{"x-match": "all", "a": "1"}, table{"a": "1", "c": "3"}, true},
		{"all: another value does not match", table{"x-match": "all", "a": "1"}, table{"a": "2"}, false},
		{"all of nothing is every message", table{"x-match": "all"}, table{"a": "1"}, true},
		{"all of nothing is even a message without headers", nil, nil, true},
		{"all: x- arguments do not take part", table{"x-foo": "1", "a": "1"}, table{"a": "1"}, true},
		{"all: nothing but x- arguments is every message", table{"x-foo": "1"}, nil, true},
		{"any: one is enough", table{"x-match": "any", "a": "1", "b": "2"}, table{"b": "2"}, true},
		{"any: none is not", table{"x-match": "any", "a": "1", "b": "2"}, table{"a": "2", "b": "1"}, false},
		{"any of nothing is no message", table{"x-match": "any"}, table{"a": "1"}, false},
		{"any: x- arguments do not take part", table{"x-match": "any", "x-a": "1"}, table{"x-a": "1"}, false},
		{"all-with-x: x- arguments take part", table{"x-match": "all-with-x", "x-a": "1"}, table{"x-a": "2"}, false},
		{"all-with-x: and can match", table{"x-match": "all-with-x", "x-a": "1"}, table{"x-a": "1"}, true},
		{"any-with-x: x- arguments take part", table{"x-match": "any-with-x", "x-a": "1", "b": "2"}, table{"x-a": "1"}, true},
		{"with-x: x-match itself does not", table{"x-match": "all-with-x"}, nil, true},

		{"a void argument asks for presence", table{"a": nil}, table{"a": "whatever"}, true},
		{"a void header is present", table{"a": nil}, table{"a": nil}, true},
		{"a missing header is not present", table{"a": nil}, table{"b": nil}, false},
		{"a void header is no other value", table{"a": "1"}, table{"a": nil}, false},
		{"any: a void argument asks for presence", table{"x-match": "any", "a": nil, "b": "2"}, table{"a": int32(1)}, true},
		{"integers of different widths are equal", table{"a": int32(1)}, table{"a": int64(1)}, true},
		{"down to an octet", table{"a": int64(-1)}, table{"a": int8(-1)}, true},
		{"unsigned or not", table{"a": uint16(200)}, table{"a": int16(200)}, true},
		{"different integers are not", table{"a": int32(1)}, table{"a": int64(2)}, false},
		{"a float is no integer", table{"a": float64(1)}, table{"a": int32(1)}, false},
		{"an integer is no string", table{"a": int32(1)}, table{"a": "1"}, false},
		{"a bool is no integer", table{"a": true}, table{"a": int32(1)}, false},
		{"a bool is no string", table{"a": true}, table{"a": "true"}, false},
		{"bools compare", table{"a": true}, table{"a": true}, true},
		{"strings and binaries with the same octets are equal", table{"a": "xy"}, table{"a": []byte("xy")}, true},
		{"strings are case-sensitive", table{"a": "xy"}, table{"a": "Xy"}, false},
		{"timestamps compare", table{"a": amqp.Timestamp(5)}, table{"a": amqp.Timestamp(5)}, true},
		{"floats compare", table{"a": 1.5}, table{"a": 1.5}, true},
		{"arrays compare in order", table{"a": []any{"1", int32(2)}}, table{"a": []any{"1", int32(2)}}, true},
		{"another order is another array", table{"a": []any{int32(2), "1"}}, table{"a": []any{"1", int32(2)}}, false},
		{"tables compare", table{"a": table{"b": "c"}}, table{"a": table{"b": "c"}}, true},
		{"tables with other values differ", table{"a": table{"b": "c"}}, table{"a": table{"b": "d"}}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := newExchange(t, Headers)
			bind(t, x, Binding{Destination: queue("q"), Key: "ignored", Arguments: test.arguments})
			want := 0
			if test.want {
				want = 1
			}
			if got := len(x.Route(nil, []string{"key"}, with(test.headers))); got != want {
				t.Errorf("matches: got %d, want %d", got, want)
			}
		})
	}
}

func TestHeadersRefusesABadMode(t *testing.T) {
	tests := []struct {
		name  string
		value any
		want  string
	}{
		{"an unknown word", "some",
			`PRECONDITION_FAILED - Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x`},
		{"no word", "",
			"PRECONDITION_FAILED - Invalid x-match field value <<>>; expected all, any, all-with-x, or any-with-x"},
		{"octets", "\x00\xff",
			"PRECONDITION_FAILED - Invalid x-match field value <<0,255>>; expected all, any, all-with-x, or any-with-x"},
		{"a number", int32(1),
			"PRECONDITION_FAILED - Invalid x-match field type signedint (value 1); expected longstr"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := newExchange(t, Headers)
			added, err := x.Bind(Binding{Destination: queue("q"), Arguments: amqp.Table{"x-match": test.value}})
			checkError(t, err, test.want)
			if added || x.Len() != 0 {
				t.Errorf("added %v, %d bindings, want none", added, x.Len())
			}
		})
	}
}

func TestHeadersNamesABindingOnce(t *testing.T) {
	x := newExchange(t, Headers)
	bind(t, x, Binding{Destination: queue("q"), Arguments: amqp.Table{"x-match": "any", "a": "1", "b": nil, "c": "3"}})
	if got := x.Route(nil, []string{""}, with(amqp.Table{"a": "1", "b": "2", "c": "3"})); len(got) != 1 {
		t.Errorf("got %v, want q once", got)
	}
}

// accepts is the definition of a filter, without an index.
func accepts(arguments, table amqp.Table) bool {
	any := arguments["x-match"] == "any"
	for name, value := range arguments {
		if name == "x-match" {
			continue
		}
		header, ok := table[name]
		matches := ok && (value == nil || amqp.EqualValue(value, header))
		if matches == any {
			return any
		}
	}
	return !any
}

func TestHeadersAgreesWithItsDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	some := func() amqp.Table {
		values := []any{nil, "1", []byte("1"), int32(1), int8(1), true, 1.0, amqp.Timestamp(1)}
		table := make(amqp.Table)
		for range random.IntN(4) {
			table[string(rune('a'+random.IntN(4)))] = values[random.IntN(len(values))]
		}
		return table
	}
	for range 200 {
		x := newExchange(t, Headers)
		var bindings []Binding
		for i := range 40 {
			b := Binding{Destination: queue(fmt.Sprint("q", i)), Arguments: some()}
			if random.IntN(2) == 0 {
				b.Arguments["x-match"] = "any"
			}
			bind(t, x, b)
			bindings = append(bindings, b)
		}
		random.Shuffle(len(bindings), func(i, j int) { bindings[i], bindings[j] = bindings[j], bindings[i] })
		for _, b := range bindings[20:] {
			x.Unbind(b)
		}
		bindings = bindings[:20]

		table := some()
		var got, want []string
		for _, d := range x.Route(nil, []string{""}, with(table)) {
			got = append(got, d.Name)
		}
		for _, b := range bindings {
			if accepts(b.Arguments, table) {
				want = append(want, b.Destination.Name)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("headers %v:\n got %v\nwant %v\n of %v", table, got, want, bindings)
		}
	}
}

func BenchmarkHeaders(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			x := newExchange(b, Headers)
			for i := range size {
				bind(b, x, Binding{Destination: queue(fmt.Sprint("q", i)),
					Arguments: amqp.Table{"format": "pdf", "customer": int32(i)}})
			}
			benchmarkRoute(b, x, "", amqp.Table{"format": "pdf", "customer": int64(size / 2), "page": int32(1)}, 1)
		})
	}
}
