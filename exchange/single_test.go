package exchange

import (
	"fmt"
	"math"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

// spread routes n messages with different routing keys, and counts where they go.
func spread(t *testing.T, x *Exchange, n int) map[string]int {
	t.Helper()
	counts := make(map[string]int)
	for i := range n {
		got := x.Route(nil, []string{fmt.Sprint("key ", i), "another"}, nil)
		if len(got) != 1 {
			t.Fatalf("message %d goes to %v, want one destination", i, got)
		}
		counts[got[0].Name]++
	}
	return counts
}

// expectShares compares counts with weights. By chance a count differs by more than
// five standard deviations less than once in a million times.
func expectShares(t *testing.T, counts map[string]int, weights map[string]int) {
	t.Helper()
	n, all := 0, 0
	for _, count := range counts {
		n += count
	}
	for _, weight := range weights {
		all += weight
	}
	for name, weight := range weights {
		share := float64(weight) / float64(all)
		want, deviation := float64(n)*share, math.Sqrt(float64(n)*share*(1-share))
		if got := float64(counts[name]); math.Abs(got-want) > 5*deviation {
			t.Errorf("%s got %v of %d messages, want about %.0f", name, got, n, want)
		}
	}
}

func TestTypesThatPickOne(t *testing.T) {
	for _, kind := range []string{Random, LocalRandom, ModulusHash, ConsistentHash} {
		t.Run(kind, func(t *testing.T) {
			x := newExchange(t, kind)
			if got := x.Route(nil, []string{"k"}, nil); len(got) != 0 {
				t.Errorf("without bindings a message goes to %v", got)
			}
			key := ""
			if kind == ConsistentHash {
				key = "10"
			}
			for _, name := range []string{"a", "b", "c"} {
				bind(t, x, Binding{Destination: queue(name), Key: key})
			}
			expectShares(t, spread(t, x, 10_000), map[string]int{"a": 1, "b": 1, "c": 1})
			x.Unbind(Binding{Destination: queue("b"), Key: key})
			expectShares(t, spread(t, x, 10_000), map[string]int{"a": 1, "c": 1})
			x.Remove(queue("a"))
			x.Remove(queue("c"))
			if got := x.Route(nil, []string{"k"}, nil); len(got) != 0 {
				t.Errorf("without bindings a message goes to %v", got)
			}
		})
	}
}

func TestHashingIsStable(t *testing.T) {
	for _, kind := range []string{ModulusHash, ConsistentHash} {
		x := newExchange(t, kind)
		for i := range 10 {
			bind(t, x, Binding{Destination: queue(fmt.Sprint("q", i)), Key: "3"})
		}
		for i := range 100 {
			key := []string{fmt.Sprint(i)}
			first := x.Route(nil, key, nil)[0]
			if again := x.Route(nil, key, nil)[0]; again != first {
				t.Errorf("%s: key %v goes to %v, then to %v", kind, key, first, again)
			}
		}
	}
}

func TestConsistentHashFollowsWeights(t *testing.T) {
	x := newExchange(t, ConsistentHash)
	bind(t, x, Binding{Destination: queue("light"), Key: "1"})
	bind(t, x, Binding{Destination: queue("heavy"), Key: "3"})
	bind(t, x, Binding{Destination: queue("light"), Key: "100"}) // the first one counts
	expectShares(t, spread(t, x, 10_000), map[string]int{"light": 1, "heavy": 3})
	x.Unbind(Binding{Destination: queue("light"), Key: "100"})
	expectShares(t, spread(t, x, 10_000), map[string]int{"light": 1, "heavy": 3})
}

func TestConsistentHashMovesLittle(t *testing.T) {
	x := newExchange(t, ConsistentHash)
	for i := range 9 {
		bind(t, x, Binding{Destination: queue(fmt.Sprint("q", i)), Key: "2"})
	}
	const n = 10_000
	before := make([]Destination, n)
	for i := range n {
		before[i] = x.Route(nil, []string{fmt.Sprint(i)}, nil)[0]
	}
	bind(t, x, Binding{Destination: queue("new"), Key: "2"})
	moved := 0
	for i := range n {
		if at := x.Route(nil, []string{fmt.Sprint(i)}, nil)[0]; at != before[i] {
			moved++
			if at != queue("new") {
				t.Fatalf("key %d has moved from %v to %v, which was there before", i, before[i], at)
			}
		}
	}
	if moved < n/20 || moved > n/5 {
		t.Errorf("%d of %d keys have moved, want about a tenth", moved, n)
	}
}

// TestConsistentHashOfOtherValues gives messages different routing keys and the same
// value, and the other way round.
func TestConsistentHashOfOtherValues(t *testing.T) {
	for name, test := range map[string]struct {
		arguments amqp.Table
		message   func(i int) amqp.Fields
	}{
		"a header":         {amqp.Table{"hash-header": "tenant"}, func(i int) amqp.Fields { return amqp.Fields{Headers: amqp.Table{"tenant": fmt.Sprint(i)}} }},
		"a numeric header": {amqp.Table{"hash-header": "tenant"}, func(i int) amqp.Fields { return amqp.Fields{Headers: amqp.Table{"tenant": int64(i)}} }},
		"the message's id": {amqp.Table{"hash-property": "message_id"}, func(i int) amqp.Fields { return amqp.Fields{MessageID: fmt.Sprint(i)} }},
		"the correlation":  {amqp.Table{"hash-property": "correlation_id"}, func(i int) amqp.Fields { return amqp.Fields{CorrelationID: fmt.Sprint(i)} }},
		"the time":         {amqp.Table{"hash-property": "timestamp"}, func(i int) amqp.Fields { return amqp.Fields{Timestamp: amqp.Timestamp(i)} }},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := New("/", Declaration{Name: "x", Kind: ConsistentHash, Arguments: test.arguments})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 10 {
				bind(t, x, Binding{Destination: queue(fmt.Sprint("q", i)), Key: "1"})
			}
			seen := make(map[Destination]bool)
			for i := range 100 {
				p := test.message(i).Properties()
				at := x.Route(nil, []string{"k"}, p)[0]
				if also := x.Route(nil, []string{fmt.Sprint("other ", i)}, p)[0]; also != at {
					t.Errorf("value %d goes to %v and %v", i, at, also)
				}
				seen[at] = true
			}
			if len(seen) != 10 {
				t.Errorf("100 values go to %d destinations, want all 10", len(seen))
			}
			if a, b := x.Route(nil, []string{"1"}, nil)[0], x.Route(nil, []string{"2"}, nil)[0]; a != b {
				t.Errorf("without the value messages go to %v and %v", a, b)
			}
		})
	}
}

func TestBindingsThatCannotBe(t *testing.T) {
	for _, test := range []struct{ kind, key, want string }{
		{ConsistentHash, "", "PRECONDITION_FAILED - The binding key must be an integer: <<>>"},
		{ConsistentHash, "1.5", "PRECONDITION_FAILED - The binding key must be an integer: <<\"1.5\">>"},
		{ConsistentHash, "0", "PRECONDITION_FAILED - The binding key must be greater than 0"},
		{ConsistentHash, "-1", "PRECONDITION_FAILED - The binding key must be greater than 0"},
		{ConsistentHash, "2147483648", "PRECONDITION_FAILED - The binding key must be at most 2147483647"},
		{LocalRandom, "k", "PRECONDITION_FAILED - Non-empty binding key 'k' is not permitted for exchanges of type x-local-random"},
	} {
		x := newExchange(t, test.kind)
		_, err := x.Bind(Binding{Destination: queue("q"), Key: test.key})
		checkError(t, err, test.want)
		if x.Len() != 0 {
			t.Errorf("%s: bound all the same", test.key)
		}
	}
}

func BenchmarkPickOne(b *testing.B) {
	for _, kind := range []string{Random, LocalRandom, ModulusHash, ConsistentHash} {
		for _, size := range benchmarkSizes {
			b.Run(fmt.Sprint(kind, " ", size, " bindings"), func(b *testing.B) {
				x := newExchange(b, kind)
				weight := "1"
				if kind == LocalRandom {
					weight = "" // it takes no other key
				}
				for i := range size {
					bind(b, x, Binding{Destination: queue(fmt.Sprint("q", i)), Key: weight})
				}
				benchmarkRoute(b, x, "key", nil, 1)
			})
		}
	}
}
