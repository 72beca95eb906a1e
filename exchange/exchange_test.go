package exchange

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

func newExchange(tb testing.TB, kind string) *Exchange {
	tb.Helper()
	x, err := New("/", Declaration{Name: "x", Kind: kind})
	if err != nil {
		tb.Fatal(err)
	}
	return x
}

func bind(tb testing.TB, x *Exchange, b Binding) {
	tb.Helper()
	added, err := x.Bind(b)
	if err != nil {
		tb.Fatal(err)
	}
	if !added {
		tb.Fatalf("binding %v was there already", b)
	}
}

func queue(name string) Destination { return Destination{Kind: ToQueue, Name: name} }

// with returns properties with these headers.
func with(table amqp.Table) amqp.Properties { return amqp.Fields{Headers: table}.Properties() }

// routed returns the names of the destinations of one message, in order and
// without repetition.
func routed(x *Exchange, key string, table amqp.Table) []string {
	var names []string
	for _, d := range x.Route(nil, []string{key}, with(table)) {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestKnownTypes(t *testing.T) {
	for kind, want := range map[string]bool{
		"direct": true, "fanout": true, "topic": true, "headers": true,
		"x-random": true, "x-local-random": true, "x-modulus-hash": true, "x-consistent-hash": true,
		"": false, "Direct": false, "random": false,
	} {
		if got := Known(kind); got != want {
			t.Errorf("Known(%q): got %v, want %v", kind, got, want)
		}
	}
}

func TestNew(t *testing.T) {
	tests := []struct {
		name        string
		declaration Declaration
		want        string // the error, or "" for none
	}{
		{"a known type is fine", Declaration{Name: "x", Kind: "topic"}, ""},
		{"an unknown type is refused", Declaration{Name: "x", Kind: "x-unknown"},
			"PRECONDITION_FAILED - unknown exchange type 'x-unknown'"},
		{"an empty type is refused in its own words", Declaration{Name: "x"},
			"PRECONDITION_FAILED - invalid exchange type ''"},
		{"an alternate exchange is a name",
			Declaration{Name: "x", Kind: "fanout", Arguments: amqp.Table{"alternate-exchange": "spare"}}, ""},
		{"an alternate exchange is not a number",
			Declaration{Name: "x", Kind: "fanout", Arguments: amqp.Table{"alternate-exchange": int32(1)}},
			"PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange' in exchange 'x' in vhost '/'"},
		{"nor is it void",
			Declaration{Name: "x", Kind: "fanout", Arguments: amqp.Table{"alternate-exchange": nil}},
			"PRECONDITION_FAILED - invalid type 'void' for arg 'alternate-exchange' in exchange 'x' in vhost '/'"},
		{"other arguments are not looked at",
			Declaration{Name: "x", Kind: "fanout", Arguments: amqp.Table{"x-foo": int32(1)}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := New("/", test.declaration)
			checkError(t, err, test.want)
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
		if _, ok := errors.AsType[*amqp.Error](err); !ok {
			t.Errorf("got a %T, want an *amqp.Error", err)
		}
	}
	if got != want {
		t.Errorf("error:\n got %q\nwant %q", got, want)
	}
}

func TestAlternate(t *testing.T) {
	tests := []struct {
		name      string
		arguments amqp.Table
		want      string
		wantOK    bool
	}{
		{"none without the argument", nil, "", false},
		{"the name in the argument", amqp.Table{"alternate-exchange": "spare"}, "spare", true},
		{"an empty name is one that leads nowhere", amqp.Table{"alternate-exchange": ""}, "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x, err := New("/", Declaration{Kind: Fanout, Arguments: test.arguments})
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := x.Alternate(); got != test.want || ok != test.wantOK {
				t.Errorf("got %q, %v, want %q, %v", got, ok, test.want, test.wantOK)
			}
		})
	}
}

func TestEquivalent(t *testing.T) {
	spare := amqp.Table{"alternate-exchange": "spare"}
	tests := []struct {
		name          string
		current, next Declaration
		want          string
	}{
		{"the same declaration is equivalent",
			Declaration{Kind: "direct", Durable: true}, Declaration{Kind: "direct", Durable: true}, ""},
		{"the type comes first",
			Declaration{Kind: "direct", Durable: true}, Declaration{Kind: "fanout"},
			"inequivalent arg 'type' for exchange 'x' in vhost 'v': received 'fanout' but current is 'direct'"},
		{"an unknown type is just a different one",
			Declaration{Kind: "direct"}, Declaration{Kind: "bogus"},
			"inequivalent arg 'type' for exchange 'x' in vhost 'v': received 'bogus' but current is 'direct'"},
		{"then durable",
			Declaration{Kind: "direct", Durable: true}, Declaration{Kind: "direct", AutoDelete: true},
			"inequivalent arg 'durable' for exchange 'x' in vhost 'v': received 'false' but current is 'true'"},
		{"then auto_delete",
			Declaration{Kind: "direct", Internal: true}, Declaration{Kind: "direct", AutoDelete: true},
			"inequivalent arg 'auto_delete' for exchange 'x' in vhost 'v': received 'true' but current is 'false'"},
		{"then internal",
			Declaration{Kind: "direct", Internal: true}, Declaration{Kind: "direct", Arguments: spare},
			"inequivalent arg 'internal' for exchange 'x' in vhost 'v': received 'false' but current is 'true'"},
		{"an alternate exchange that was not there",
			Declaration{Kind: "direct"}, Declaration{Kind: "direct", Arguments: spare},
			"inequivalent arg 'alternate-exchange' for exchange 'x' in vhost 'v': received the value 'spare' of type 'longstr' but current is none"},
		{"an alternate exchange that is not there any more",
			Declaration{Kind: "direct", Arguments: spare}, Declaration{Kind: "direct"},
			"inequivalent arg 'alternate-exchange' for exchange 'x' in vhost 'v': received none but current is the value 'spare' of type 'longstr'"},
		{"another alternate exchange",
			Declaration{Kind: "direct", Arguments: spare},
			Declaration{Kind: "direct", Arguments: amqp.Table{"alternate-exchange": "other"}},
			"inequivalent arg 'alternate-exchange' for exchange 'x' in vhost 'v': received 'other' but current is 'spare'"},
		{"an alternate exchange of another type",
			Declaration{Kind: "direct", Arguments: spare},
			Declaration{Kind: "direct", Arguments: amqp.Table{"alternate-exchange": int32(7)}},
			"inequivalent arg 'alternate-exchange' for exchange 'x' in vhost 'v': received '7' but current is 'spare'"},
		{"other arguments are not compared",
			Declaration{Kind: "direct"}, Declaration{Kind: "direct", Arguments: amqp.Table{"x-foo": true}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.current.Name, test.next.Name = "x", "x"
			x, err := New("v", test.current)
			if err != nil {
				t.Fatal(err)
			}
			want := test.want
			if want != "" {
				want = "PRECONDITION_FAILED - " + want
			}
			checkError(t, x.Equivalent("v", test.next), want)
		})
	}
}

func TestBindingIdentity(t *testing.T) {
	base := Binding{Source: "x", Destination: queue("q"), Key: "k", Arguments: amqp.Table{"a": int32(1), "b": "2"}}
	tests := []struct {
		name  string
		other Binding
		added bool
	}{
		{"the same again is the same", base, false},
		{"another destination is another binding",
			Binding{Source: "x", Destination: queue("r"), Key: "k", Arguments: base.Arguments}, true},
		{"an exchange is not the queue of its name",
			Binding{Source: "x", Destination: Destination{ToExchange, "q"}, Key: "k", Arguments: base.Arguments}, true},
		{"another key is another binding",
			Binding{Source: "x", Destination: queue("q"), Key: "l", Arguments: base.Arguments}, true},
		{"the arguments' order does not matter",
			Binding{Source: "x", Destination: queue("q"), Key: "k", Arguments: amqp.Table{"b": "2", "a": int32(1)}}, false},
		{"another value is another binding",
			Binding{Source: "x", Destination: queue("q"), Key: "k", Arguments: amqp.Table{"a": int32(2), "b": "2"}}, true},
		{"the same value of another integer type is another binding",
			Binding{Source: "x", Destination: queue("q"), Key: "k", Arguments: amqp.Table{"a": int64(1), "b": "2"}}, true},
		{"no arguments are other arguments",
			Binding{Source: "x", Destination: queue("q"), Key: "k"}, true},
	}
	for _, kind := range []string{Direct, Fanout, Topic, Headers} {
		for _, test := range tests {
			t.Run(kind+": "+test.name, func(t *testing.T) {
				x := newExchange(t, kind)
				bind(t, x, base)
				if added, err := x.Bind(test.other); err != nil || added != test.added {
					t.Fatalf("Bind: got %v, %v, want %v", added, err, test.added)
				}
				if removed := x.Has(test.other) && x.Unbind(test.other) && !x.Has(test.other); !removed {
					t.Error("Unbind did not find the binding")
				}
				want := 0
				if test.added {
					want = 1
				}
				if got := x.Len(); got != want {
					t.Errorf("bindings left: got %d, want %d", got, want)
				}
				if x.Has(test.other) || x.Unbind(test.other) {
					t.Error("the second Unbind found a binding")
				}
			})
		}
	}
}

func TestNilAndEmptyArgumentsAreTheSame(t *testing.T) {
	x := newExchange(t, Direct)
	bind(t, x, Binding{Destination: queue("q")})
	if added, err := x.Bind(Binding{Destination: queue("q"), Arguments: amqp.Table{}}); added || err != nil {
		t.Errorf("got %v, %v, want false", added, err)
	}
}

func TestBindingsAreListedInTheOrderTheyWereMade(t *testing.T) {
	x := newExchange(t, Topic)
	for _, key := range []string{"d", "a", "c", "b"} {
		bind(t, x, Binding{Source: "x", Destination: queue("q" + key), Key: key})
	}
	x.Unbind(Binding{Source: "x", Destination: queue("qd"), Key: "d"})
	x.Unbind(Binding{Source: "x", Destination: queue("qc"), Key: "c"})
	bind(t, x, Binding{Source: "x", Destination: queue("qd"), Key: "d"})
	x.Unbind(Binding{Source: "x", Destination: queue("qd"), Key: "d"})
	bind(t, x, Binding{Source: "x", Destination: queue("qe"), Key: "e"})

	var keys []string
	for b := range x.Bindings() {
		keys = append(keys, b.Key)
	}
	if want := []string{"a", "b", "e"}; !slices.Equal(keys, want) {
		t.Errorf("got %v, want %v", keys, want)
	}
	for b := range x.Bindings() {
		if b.Key != "a" {
			t.Errorf("first binding: got %q, want a", b.Key)
		}
		break
	}
}

func TestRemoveTakesAllBindingsToADestination(t *testing.T) {
	for _, kind := range []string{Direct, Fanout, Topic, Headers} {
		t.Run(kind, func(t *testing.T) {
			x := newExchange(t, kind)
			for i := range 5 {
				for _, name := range []string{"gone", "stays"} {
					bind(t, x, Binding{Destination: queue(name), Key: fmt.Sprint(i)})
				}
			}
			x.Unbind(Binding{Destination: queue("gone"), Key: "4"})
			x.Unbind(Binding{Destination: queue("gone"), Key: "2"})

			var keys []string
			for _, b := range x.Remove(queue("gone")) {
				if b.Destination != queue("gone") {
					t.Errorf("removed a binding to %v", b.Destination)
				}
				keys = append(keys, b.Key)
			}
			if want := []string{"0", "1", "3"}; !slices.Equal(keys, want) {
				t.Errorf("keys removed: got %v, want %v", keys, want)
			}
			if got := x.Len(); got != 5 {
				t.Errorf("bindings left: got %d, want 5", got)
			}
			for i := range 5 {
				if got, want := routed(x, fmt.Sprint(i), nil), []string{"stays"}; !slices.Equal(got, want) {
					t.Errorf("key %d: got %v, want %v", i, got, want)
				}
			}
			if again := x.Remove(queue("gone")); again != nil {
				t.Errorf("removed again: %v", again)
			}
		})
	}
}

func TestNothingIsLeftOfWhatWasUnbound(t *testing.T) {
	keys := []string{"", "a", "a.b", "a.*.#", "#", "#.#.a", "a.b.c.d"}
	arguments := []amqp.Table{
		nil, {"x-match": "any", "a": "b", "c": int32(1)}, {"a": "b", "c": nil}, {"x-match": "any"},
	}
	for _, kind := range []string{Direct, Fanout, Topic, Headers} {
		t.Run(kind, func(t *testing.T) {
			x := newExchange(t, kind)
			for _, key := range keys {
				for _, args := range arguments {
					bind(t, x, Binding{Destination: queue("q"), Key: key, Arguments: args})
					bind(t, x, Binding{Destination: queue("r"), Key: key, Arguments: args})
				}
			}
			x.Remove(queue("q"))
			for b := range x.Bindings() {
				x.Unbind(b)
			}
			if x.Len() != 0 || len(x.bindings.to) != 0 || x.bindings.first != nil || x.bindings.last != nil {
				t.Errorf("registry is not empty: %+v", x.bindings)
			}
			switch m := x.matcher.(type) {
			case direct:
				if len(m) != 0 {
					t.Errorf("%d keys left", len(m))
				}
			case *fanout:
				if !m.bound.empty() {
					t.Errorf("%d bindings left", len(m.bound.bindings))
				}
			case *topic:
				if !m.root.leaf() || !m.root.bound.empty() {
					t.Errorf("the trie is not empty: %+v", m.root)
				}
			case *headers:
				if !m.always.empty() || len(m.candidates) != 0 {
					t.Errorf("the index is not empty: %+v", m)
				}
			}
		})
	}
}

func TestRouteAppends(t *testing.T) {
	x := newExchange(t, Fanout)
	bind(t, x, Binding{Destination: queue("q")})
	dst := append(make([]Destination, 0, 4), queue("before"))
	got := x.Route(dst, []string{""}, nil)
	if want := []Destination{queue("before"), queue("q")}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if &got[0] != &dst[0] {
		t.Error("dst had room but was not used")
	}
}

func TestReadersMayRouteAtOnce(t *testing.T) {
	table := amqp.Table{"n": int32(7), "kind": "error"}
	for _, kind := range []string{Direct, Fanout, Topic, Headers} {
		t.Run(kind, func(t *testing.T) {
			x := newExchange(t, kind)
			for i := range 100 {
				bind(t, x, Binding{Destination: queue(fmt.Sprint("q", i)), Key: fmt.Sprintf("a.#.%d", i%10),
					Arguments: amqp.Table{"n": int32(i % 10)}})
			}
			want := routed(x, "a.b.7", table)
			var readers sync.WaitGroup
			for range 8 {
				readers.Go(func() {
					for range 100 {
						if got := routed(x, "a.b.7", table); !slices.Equal(got, want) {
							t.Errorf("got %v, want %v", got, want)
						}
					}
				})
			}
			readers.Wait()
		})
	}
}

func TestDestinationKindNames(t *testing.T) {
	if got := strings.Join([]string{ToQueue.String(), ToExchange.String()}, " "); got != "queue exchange" {
		t.Errorf("got %q, want %q", got, "queue exchange")
	}
}

func benchmarkRoute(b *testing.B, x *Exchange, key string, table amqp.Table, matches int) {
	var dst []Destination
	keys, p := []string{key}, with(table)
	b.ReportAllocs()
	for b.Loop() {
		dst = x.Route(dst[:0], keys, p)
	}
	if len(dst) != matches {
		b.Fatalf("matches: got %d, want %d", len(dst), matches)
	}
}

// benchmarkSizes are how many bindings an exchange has in benchmarks.
var benchmarkSizes = []int{1, 1_000, 100_000}

func BenchmarkRemove(b *testing.B) {
	for _, kind := range []string{Direct, Fanout, Topic, Headers} {
		b.Run(kind, func(b *testing.B) {
			x := newExchange(b, kind)
			for i := range 100_000 {
				bind(b, x, Binding{Destination: queue(fmt.Sprint("q", i)), Key: "same"})
			}
			leaver := Binding{Destination: queue("leaver"), Key: "same"}
			b.ReportAllocs()
			for b.Loop() {
				bind(b, x, leaver)
				if got := len(x.Remove(leaver.Destination)); got != 1 {
					b.Fatalf("removed %d bindings, want 1", got)
				}
			}
		})
	}
}
