package exchange

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestTopic(t *testing.T) {
	tests := []struct {
		name    string
		binding string
		match   []string
		refuse  []string
	}{
		{"# is any number of words", "#", []string{"", "a", "a.b", "."}, nil},
		{"* is exactly one word", "*", []string{"a", "*", "#"}, []string{"", "a.b", "."}},
		{"the empty key has no words", "", []string{""}, []string{"a", "."}},
		{"literal words match themselves", "a.b", []string{"a.b"}, []string{"a", "b", "a.b.c", "a.B", "a.b.", ".a.b"}},
		{"a word may be empty", "a.*", []string{"a.b", "a."}, []string{"a", "a.b.c", ""}},
		{"# at the end", "a.#", []string{"a", "a.", "a.b", "a.b.c"}, []string{"b", "", "ab"}},
		{"# at the beginning", "#.a", []string{"a", "b.a", ".a", "a.a", "c.b.a"}, []string{"a.b", "", "ba"}},
		{"# in the middle", "a.#.z", []string{"a.z", "a.b.z", "a.z.z", "a.z.a.z"}, []string{"a", "z", "a.z.b"}},
		{"two words", "*.*", []string{"a.b", "."}, []string{"a", "a.b.c", ""}},
		{"at least one word, # first", "#.*", []string{"a", "a.b"}, []string{""}},
		{"at least one word, * first", "*.#", []string{"a", "a.b"}, []string{""}},
		{"# on both sides", "#.b.#", []string{"b", "a.b", "b.c", "a.b.c", "b.b"}, []string{"a", ""}},
		{"two # are as good as one", "#.#", []string{"", "a", "a.b", "."}, nil},
		{"* and # one after the other", "a.*.#", []string{"a.b", "a.b.c", "a."}, []string{"a", ""}},
		{"* between two #", "#.*.#", []string{"a", "a.b", "a.b.c"}, []string{""}},
		{"an empty word in the middle", "a..b", []string{"a..b"}, []string{"a.b", "a.x.b"}},
		{"three empty words", "..", []string{".."}, []string{".", "...", ""}},
		{"* is a wildcard only on its own", "*a", []string{"*a"}, []string{"xa", "a"}},
		{"# is a wildcard only on its own", "a#", []string{"a#"}, []string{"a", "ab"}},
		{"words between two # keep their order", "#.a.#.b.#", []string{"a.b", "x.a.x.b.x", "b.a.b"}, []string{"b.a", "a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := newExchange(t, Topic)
			bind(t, x, Binding{Destination: queue("q"), Key: test.binding})
			for _, key := range test.match {
				if len(routed(x, key, nil)) == 0 {
					t.Errorf("%q does not match %q", test.binding, key)
				}
			}
			for _, key := range test.refuse {
				if len(routed(x, key, nil)) != 0 {
					t.Errorf("%q matches %q", test.binding, key)
				}
			}
		})
	}
}

func TestTopicNamesABindingOnce(t *testing.T) {
	x := newExchange(t, Topic)
	bind(t, x, Binding{Destination: queue("q"), Key: "#.a.#.a.#.#"})
	if got := x.Route(nil, []string{"a.a.a.a.a.a"}, nil); len(got) != 1 {
		t.Errorf("got %v, want q once", got)
	}
}

func TestTopicWithKeysLongerThanUsual(t *testing.T) {
	long := strings.Repeat("w.", 5_000) + "end"
	x := newExchange(t, Topic)
	for _, key := range []string{"#", "#.end", "w.#.w.*", "#.#.#", "*.*", "#.w"} {
		bind(t, x, Binding{Destination: queue(key), Key: key})
	}
	if got, want := routed(x, long, nil), []string{"#", "#.#.#", "#.end", "w.#.w.*"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTopicDoesNotAllocateForKeysOfUsualLength(t *testing.T) {
	x := newExchange(t, Topic)
	for _, key := range []string{"#", "site.*.disk.#", "#.error", "site.#.disk.#"} {
		bind(t, x, Binding{Destination: queue(key), Key: key})
	}
	var dst []Destination
	keys := []string{"site.berlin.disk.full.error"}
	allocs := testing.AllocsPerRun(100, func() {
		dst = x.Route(dst[:0], keys, nil)
	})
	if len(dst) != 4 || allocs != 0 {
		t.Errorf("got %d matches with %v allocations, want 4 with 0", len(dst), allocs)
	}
}

func TestTopicUnbindKeepsWhatLiesOnTheWay(t *testing.T) {
	x := newExchange(t, Topic)
	for _, key := range []string{"a", "a.b.c", "a.b.*", "a.b.#"} {
		bind(t, x, Binding{Destination: queue(key), Key: key})
	}
	x.Unbind(Binding{Destination: queue("a.b.c"), Key: "a.b.c"})
	if got, want := routed(x, "a.b.c", nil), []string{"a.b.#", "a.b.*"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	x.Unbind(Binding{Destination: queue("a.b.*"), Key: "a.b.*"})
	x.Unbind(Binding{Destination: queue("a.b.#"), Key: "a.b.#"})
	if a := x.matcher.(*topic).root.words["a"]; a == nil || !a.leaf() {
		t.Errorf("want nothing below a, got %+v", a)
	}
	if got, want := routed(x, "a", nil), []string{"a"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// matches is the definition: slow, and plain to see.
func matches(pattern, words []string) bool {
	switch {
	case len(pattern) == 0:
		return len(words) == 0
	case pattern[0] == "#":
		return matches(pattern[1:], words) || len(words) > 0 && matches(pattern, words[1:])
	}
	return len(words) > 0 && (pattern[0] == "*" || pattern[0] == words[0]) && matches(pattern[1:], words[1:])
}

func checkTopic(t *testing.T, patterns []string, key string) {
	t.Helper()
	x := newExchange(t, Topic)
	var want []string
	for _, pattern := range patterns {
		if added, err := x.Bind(Binding{Destination: queue(pattern), Key: pattern}); err != nil {
			t.Fatal(err)
		} else if added && matches(appendWords(nil, pattern), appendWords(nil, key)) {
			want = append(want, pattern)
		}
	}
	var got []string
	for _, d := range x.Route(nil, []string{key}, nil) {
		got = append(got, d.Name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("key %q with %q:\n got %q\nwant %q", key, patterns, got, want)
	}
}

func TestTopicAgreesWithItsDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	some := func(vocabulary []string) string {
		words := make([]string, random.IntN(6))
		for i := range words {
			words[i] = vocabulary[random.IntN(len(vocabulary))]
		}
		return strings.Join(words, ".")
	}
	for range 2_000 {
		patterns := make([]string, 1+random.IntN(20))
		for i := range patterns {
			patterns[i] = some([]string{"a", "b", "", "*", "#", "#"})
		}
		checkTopic(t, patterns, some([]string{"a", "b", "", "c"}))
	}
}

func FuzzTopic(f *testing.F) {
	f.Add("#", "")
	f.Add("a.*.#\na..b\n#.#.a", "a..b")
	f.Add("#.*.#\n*.#\n#.*", "a")
	f.Add("..\n*a\na#", "..")
	f.Fuzz(func(t *testing.T, patterns, key string) {
		if len(patterns) > 60 || len(key) > 30 {
			t.Skip("the definition takes exponential time")
		}
		checkTopic(t, strings.Split(patterns, "\n"), key)
	})
}

func BenchmarkTopic(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			x := newExchange(b, Topic)
			for i := range size {
				bind(b, x, Binding{Destination: queue(fmt.Sprint("q", i)), Key: fmt.Sprintf("site.%d.*.#", i)})
			}
			benchmarkRoute(b, x, fmt.Sprintf("site.%d.disk.error", size/2), nil, 1)
		})
	}
	b.Run("many #", func(b *testing.B) {
		x := newExchange(b, Topic)
		bind(b, x, Binding{Destination: queue("q"), Key: strings.Repeat("#.a.", 20) + "#.b"})
		benchmarkRoute(b, x, strings.Repeat("a.", 40)+"c", nil, 0)
	})
	b.Run("1000 patterns of #", func(b *testing.B) {
		x := newExchange(b, Topic)
		for i := range 1_000 {
			bind(b, x, Binding{Destination: queue(fmt.Sprint("q", i)), Key: fmt.Sprintf("#.w%d.#", i)})
		}
		benchmarkRoute(b, x, "a.w7.b", nil, 1)
	})
}
