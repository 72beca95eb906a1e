package conformance

import (
	"strings"
	"unicode"
)

//go:generate go run ./internal/generate .

// A Chapter is the rules about one thing.
type Chapter struct {
	Title       string
	Rules       []Rule
	Differences []Difference
}

// A Rule is one behaviour that a client can observe. Its name says what holds.
type Rule struct {
	Name  string // of the Go function: TestMaxLengthDropsTheOldest
	Check func(T)
}

// A Difference is a place where a rule knows that brokers answer differently.
type Difference struct {
	Kind   Kind
	Rule   string // where it is made; empty if several rules share it
	Since  string // the version of RabbitMQ that changed; empty for Ours
	Reason string
}

// A Kind says how Harebell and versions of RabbitMQ differ.
type Kind string

const (
	Ours   Kind = "ours"   // Harebell differs from every RabbitMQ
	Since  Kind = "since"  // versions of RabbitMQ differ, and Harebell does as the one it follows
	Always Kind = "always" // versions differ, and Harebell does as new ones whatever it follows
	Never  Kind = "never"  // versions differ, and Harebell does as old ones whatever it follows
)

// Deliberate reports whether Harebell stays apart from RabbitMQ on purpose.
func (d Difference) Deliberate() bool { return d.Kind != Since }

// Sentence returns the name of a rule in words: max length drops the oldest.
func (r Rule) Sentence() string { return sentence(r.Name) }

// sentence parts words where a capital or a number begins. Words of capitals,
// such as TTL, stay as they are, and so does the one unit there is.
func sentence(name string) string {
	letters := []rune(strings.TrimPrefix(name, "Test"))
	var words []string
	for start, i := 0, 1; i <= len(letters); i++ {
		if i < len(letters) && !wordBegins(letters, i) {
			continue
		}
		word := string(letters[start:i])
		if len(words) > 0 && (word == "A" || strings.ToUpper(word) != word) {
			word = strings.ToLower(word)
		}
		words, start = append(words, word), i
	}
	return strings.ReplaceAll(strings.Join(words, " "), "mi B", "MiB")
}

// wordBegins reports whether a word begins with the letter at i.
func wordBegins(letters []rune, i int) bool {
	before, here := letters[i-1], letters[i]
	switch {
	case unicode.IsDigit(here):
		return !unicode.IsDigit(before)
	case !unicode.IsUpper(here):
		return false
	case unicode.IsLower(before) || unicode.IsDigit(before):
		return true
	}
	return i+1 < len(letters) && unicode.IsLower(letters[i+1])
}
