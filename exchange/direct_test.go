package exchange

import (
	"fmt"
	"slices"
	"testing"
)

func TestDirect(t *testing.T) {
	tests := []struct {
		name    string
		binding string
		key     string
		want    bool
	}{
		{"the same key matches", "a.b", "a.b", true},
		{"another key does not", "a.b", "a.c", false},
		{"a longer key does not", "a.b", "a.b.c", false},
		{"case matters", "a", "A", false},
		{"the empty key matches the empty key", "", "", true},
		{"the empty key matches nothing else", "", "a", false},
		{"# is just a character", "#", "a", false},
		{"octets that are no UTF-8 are compared like any", "\xff\x00", "\xff\x00", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := newExchange(t, Direct)
			bind(t, x, Binding{Destination: queue("q"), Key: test.binding})
			if got := len(routed(x, test.key, nil)) == 1; got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestDirectReachesEveryQueueOfAKey(t *testing.T) {
	x := newExchange(t, Direct)
	for _, name := range []string{"a", "b", "c"} {
		bind(t, x, Binding{Destination: queue(name), Key: "k"})
		bind(t, x, Binding{Destination: queue(name), Key: name})
	}
	if got, want := routed(x, "k", nil), []string{"a", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	x.Unbind(Binding{Destination: queue("a"), Key: "k"})
	if got, want := routed(x, "k", nil), []string{"b", "c"}; !slices.Equal(got, want) {
		t.Errorf("after unbinding a: got %v, want %v", got, want)
	}
	if got, want := routed(x, "a", nil), []string{"a"}; !slices.Equal(got, want) {
		t.Errorf("its other binding: got %v, want %v", got, want)
	}
}

func BenchmarkDirect(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			x := newExchange(b, Direct)
			for i := range size {
				bind(b, x, Binding{Destination: queue(fmt.Sprint("q", i)), Key: fmt.Sprint("key.", i)})
			}
			benchmarkRoute(b, x, fmt.Sprint("key.", size/2), nil, 1)
		})
	}
}
