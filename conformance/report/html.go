package report

import (
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/harebellmq/harebell/conformance"
)

//go:embed report.html
var source string

var reportPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"label": label,
	"total": func(r conformance.Report) conformance.Count { return r.Count("") },
	"share": share,
	"split": split,
	"join":  strings.Join,
}).Parse(source))

// share is the part of the checked rules that held, in percent and rounded down,
// so that only all of them are 100.
func share(c conformance.Count) int {
	if c.Passed+c.Failed == 0 {
		return 0
	}
	return 100 * c.Passed / (c.Passed + c.Failed)
}

// HTML writes one page that needs nothing else: totals, what did not hold, all
// rules by chapter, and where brokers are known to differ.
func HTML(w io.Writer, reports []conformance.Report) error {
	p := page{Reports: reports, Deliberate: differences(true), Versions: differences(false)}
	p.gather()
	return reportPage.Execute(w, p)
}

// A page is what the template shows. An entry has a cell for each report.
type page struct {
	Reports              []conformance.Report
	Chapters             []chapter
	Failed               []entry
	Deliberate, Versions []Difference
}

type chapter struct {
	Title  string
	Counts []conformance.Count
	Rules  []entry
}

// An entry is one rule.
type entry struct {
	Chapter, Rule, Sentence string
	Cells                   []conformance.Result // with an empty outcome where the rule was not checked
	Differences             []Difference
}

// gather makes chapters and entries of the results, which may be of other rules than
// there are today.
func (p *page) gather() {
	at := make(map[string]int) // index of the chapter
	for column, r := range p.Reports {
		for _, result := range r.Results {
			i, known := at[result.Chapter]
			if !known {
				i = len(p.Chapters)
				at[result.Chapter] = i
				p.Chapters = append(p.Chapters, chapter{Title: result.Chapter})
			}
			*p.Chapters[i].cell(result, column, len(p.Reports)) = result
		}
	}
	for i := range p.Chapters {
		c := &p.Chapters[i]
		for _, r := range p.Reports {
			c.Counts = append(c.Counts, r.Count(c.Title))
		}
		for _, e := range c.Rules {
			if e.Any(conformance.Failed) {
				p.Failed = append(p.Failed, e)
			}
		}
	}
}

// cell returns where a result belongs.
func (c *chapter) cell(r conformance.Result, column, columns int) *conformance.Result {
	i := slices.IndexFunc(c.Rules, func(have entry) bool { return have.Rule == r.Rule })
	if i < 0 {
		i = len(c.Rules)
		c.Rules = append(c.Rules, entry{
			Chapter: c.Title, Rule: r.Rule, Sentence: r.Sentence,
			Cells: make([]conformance.Result, columns), Differences: differencesOf(r.Rule),
		})
	}
	return &c.Rules[i].Cells[column]
}

// Any reports whether the rule ended that way for any broker.
func (e entry) Any(o conformance.Outcome) bool {
	return slices.ContainsFunc(e.Cells, func(c conformance.Result) bool { return c.Outcome == o })
}

// Kinds returns the words by which the page can be filtered.
func (e entry) Kinds() []string {
	var kinds []string
	for _, o := range []conformance.Outcome{conformance.Failed, conformance.Skipped} {
		if e.Any(o) {
			kinds = append(kinds, string(o))
		}
	}
	if len(e.Differences) > 0 {
		kinds = append(kinds, "known")
	}
	return kinds
}

// Of returns how many rules one can filter for by a word.
func (p page) Of(kind string) (n int) {
	for _, c := range p.Chapters {
		for _, e := range c.Rules {
			if kind == "" || slices.Contains(e.Kinds(), kind) {
				n++
			}
		}
	}
	return n
}

// A Difference is one with where it is made.
type Difference struct {
	conformance.Difference
	Chapter string
	What    string // the rule in words; of the chapter, if several rules share it
}

// differences returns those that are deliberate, or those between versions of
// RabbitMQ.
func differences(deliberate bool) (found []Difference) {
	for _, chapter := range conformance.Chapters {
		for _, d := range chapter.Differences {
			if d.Deliberate() == deliberate {
				found = append(found, Difference{d, chapter.Title, what(d)})
			}
		}
	}
	return found
}

// differencesOf returns those that a rule makes.
func differencesOf(rule string) (found []Difference) {
	for _, chapter := range conformance.Chapters {
		for _, d := range chapter.Differences {
			if d.Rule == rule {
				found = append(found, Difference{d, chapter.Title, what(d)})
			}
		}
	}
	return found
}

func what(d conformance.Difference) string {
	if d.Rule == "" {
		return "Several rules"
	}
	return conformance.Rule{Name: d.Rule}.Sentence()
}
