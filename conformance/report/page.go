package report

import (
	_ "embed"
	"io"
	"text/template"

	"github.com/harebellmq/harebell/conformance"
	"github.com/harebellmq/harebell/internal/compat"
)

//go:embed page.md
var pageSource string

var compatibility = template.Must(template.New("page").Funcs(template.FuncMap{
	"total":    total,
	"sentence": func(rule string) string { return conformance.Rule{Name: rule}.Sentence() },
}).Parse(pageSource))

// total adds up the chapters.
func total(r Record) (sum conformance.Count) {
	for _, c := range r.Chapters {
		sum.Passed += c.Passed
		sum.Failed += c.Failed
		sum.Skipped += c.Skipped
	}
	return sum
}

// Page writes the page about compatibility in Markdown.
func Page(w io.Writer, records []Record) error {
	var rules int
	for _, chapter := range conformance.Chapters {
		rules += len(chapter.Rules)
	}
	return compatibility.Execute(w, struct {
		Rules                int
		Records              []Record
		Chapters             []conformance.Chapter
		Default              string
		Series               []string
		Profiles             []compat.Difference
		Deliberate, Versions []Difference
		Arguments            any
	}{
		rules, records, conformance.Chapters,
		compat.Default, compat.Series(), compat.Differences(),
		differences(true), differences(false), conformance.Arguments,
	})
}
