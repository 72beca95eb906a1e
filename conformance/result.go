package conformance

import (
	"fmt"
	"slices"
	"time"
)

// Outcome is how the check of a rule ended.
type Outcome string

// The outcomes of a rule.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // does not apply to this broker, or was left out
)

// A Result is what came of a rule.
type Result struct {
	Chapter  string   `json:"chapter"`
	Rule     string   `json:"rule"`     // its name
	Sentence string   `json:"sentence"` // the name in words
	Outcome  Outcome  `json:"outcome"`
	Seconds  float64  `json:"seconds"`
	Messages []string `json:"messages,omitempty"` // got and want of each difference, or why it was skipped
}

// A Report is what came of all rules, in the order of the chapters.
type Report struct {
	Product string    `json:"product"` // as the broker calls itself
	Version string    `json:"version"`
	Address string    `json:"address"` // without user and password
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	Results []Result  `json:"results"`
}

// Count returns how many results of a chapter, or of all if it is empty, ended
// in either way.
func (r Report) Count(chapter string) (c Count) {
	for _, result := range r.Results {
		if chapter == "" || chapter == result.Chapter {
			c.Add(result.Outcome)
		}
	}
	return c
}

// Failures returns the rules that do not hold.
func (r Report) Failures() []Result {
	return slices.DeleteFunc(slices.Clone(r.Results), func(r Result) bool { return r.Outcome != Failed })
}

// A Count is how many rules held, did not hold, and were not checked.
type Count struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
}

// Add counts one more.
func (c *Count) Add(o Outcome) {
	switch o {
	case Passed:
		c.Passed++
	case Failed:
		c.Failed++
	case Skipped:
		c.Skipped++
	}
}

// String returns passed/checked.
func (c Count) String() string { return fmt.Sprintf("%d/%d", c.Passed, c.Passed+c.Failed) }
