package auth

import (
	"errors"
	"strings"
	"testing"
)

func TestPatterns(t *testing.T) {
	tests := []struct {
		name    string
		pattern string
		matches []string
		fails   []string
	}{
		{"everything", ".*", []string{"", "a", "ä\nb"}, nil},
		{"nothing", "", []string{""}, []string{"a", "amq.default"}},
		{"a pattern need not match the whole name", "foo", []string{"foo", "xfoox"}, []string{"fo"}},
		{"anchors", "^foo$", []string{"foo"}, []string{"xfoo", "foox"}},
		{"alternatives", "^(orders|amq\\.gen).*", []string{"orders", "orders.eu", "amq.gen-x"}, []string{"amqxgen", "my.orders"}},
		{"letters of either case", "(?i)^foo", []string{"FOO"}, []string{"bar"}},
		{"classes", `^[[:alpha:]]\d+$`, []string{"a1"}, []string{"1a"}},
		{"braces that repeat nothing are themselves", "^{a}$", []string{"{a}"}, []string{"a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := compile(test.pattern)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range test.matches {
				if !p.match(name) {
					t.Errorf("%q does not match", name)
				}
			}
			for _, name := range test.fails {
				if p.match(name) {
					t.Errorf("%q matches", name)
				}
			}
		})
	}
}

// What RE2 does not know is refused, and so is what nobody knows.
func TestPatternsThatAreNone(t *testing.T) {
	for _, text := range []string{"(", "[", "*", `\`, "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", `(a)\1`, "a++", "(?>a)", `a\Z`} {
		_, err := compile(text)
		e, ok := errors.AsType[*PatternError](err)
		if !ok || e.Pattern != text || !strings.Contains(e.Reason, "RE2") {
			t.Errorf("%q: got %v, want an error that says what patterns are", text, err)
		}
	}
}

func TestTopicPatterns(t *testing.T) {
	tests := []struct {
		name    string
		pattern string
		matches string
		fails   string
	}{
		{"the user's name", "^{username}-", "a.b-x", "{username}-x"},
		{"the name is no expression", "^{username}-", "a.b-x", "axb-x"},
		{"the virtual host's name", "^{vhost}/{username}$", "v(/a.b", "v/a.b"},
		{"other variables are themselves", "^{client_id}$", "{client_id}", "a.b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := compileTopic(test.pattern, "a.b", "v(")
			if err != nil {
				t.Fatal(err)
			}
			if !p.match(test.matches) || p.match(test.fails) {
				t.Errorf("%q: got %v for %q and %v for %q", test.pattern, p.match(test.matches), test.matches, p.match(test.fails), test.fails)
			}
		})
	}
	if p, err := compileTopic("", "ann", "v"); err != nil || !p.match("") || p.match("a") {
		t.Errorf("the empty pattern: got error %v", err)
	}
}
