package exchange

import (
	"fmt"
	"slices"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

func TestFanoutIgnoresKeysAndArguments(t *testing.T) {
	x := newExchange(t, Fanout)
	bind(t, x, Binding{Destination: queue("a"), Key: "k"})
	bind(t, x, Binding{Destination: queue("b"), Arguments: amqp.Table{"x-match": int32(1), "n": "m"}})
	bind(t, x, Binding{Destination: Destination{ToExchange, "c"}, Key: "#"})
	for _, key := range []string{"", "k", "other"} {
		if got, want := routed(x, key, nil), []string{"a", "b", "c"}; !slices.Equal(got, want) {
			t.Errorf("key %q: got %v, want %v", key, got, want)
		}
	}
	x.Unbind(Binding{Destination: queue("a"), Key: "k"})
	if got, want := routed(x, "k", nil), []string{"b", "c"}; !slices.Equal(got, want) {
		t.Errorf("after unbinding a: got %v, want %v", got, want)
	}
}

func BenchmarkFanout(b *testing.B) {
	for _, kind := range []string{Fanout, RecentHistory} {
		for _, size := range benchmarkSizes {
			b.Run(fmt.Sprint(kind, " ", size, " bindings"), func(b *testing.B) {
				x := newExchange(b, kind)
				for i := range size {
					bind(b, x, Binding{Destination: queue(fmt.Sprint("q", i))})
				}
				benchmarkRoute(b, x, "key", nil, size)
			})
		}
	}
}
