package report

import (
	"regexp"
	"unicode/utf8"
)

// A message is what a rule says of a difference, taken apart.
type message struct {
	About     string // where, and what is different
	Got, Want *compared
	Text      string // the whole, if it does not tell got from want
}

// A compared is one of two texts, in three parts of which the middle one is
// different.
type compared struct{ Before, Middle, After string }

var gotAndWant = regexp.MustCompile(`(?s)^(.*?):?\s+got (.*?)[,;]?\s+want (.*)$`)

// split takes a message apart.
func split(text string) message {
	parts := gotAndWant.FindStringSubmatch(text)
	if parts == nil {
		return message{Text: text}
	}
	m := message{About: parts[1]}
	m.Got, m.Want = compare(parts[2], parts[3])
	return m
}

// compare finds where two texts begin to differ, and where they end to.
func compare(got, want string) (*compared, *compared) {
	before := 0
	for before < len(got) && before < len(want) && got[before] == want[before] {
		before++
	}
	for before > 0 && (!starts(got, before) || !starts(want, before)) {
		before--
	}
	after := 0
	for after < min(len(got), len(want))-before && got[len(got)-1-after] == want[len(want)-1-after] {
		after++
	}
	for after > 0 && (!starts(got, len(got)-after) || !starts(want, len(want)-after)) {
		after--
	}
	parts := func(s string) *compared {
		return &compared{s[:before], s[before : len(s)-after], s[len(s)-after:]}
	}
	return parts(got), parts(want)
}

// starts reports whether a character begins at an octet, or the text ends there.
func starts(text string, at int) bool { return at == len(text) || utf8.RuneStart(text[at]) }
