package report

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/harebellmq/harebell/conformance"
)

//go:embed report.html
var source string

var reportPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"label": label,
	"cell":  cell,
	"count": func(r conformance.Report, chapter string) conformance.Count { return r.Count(chapter) },
	"share": share,
	"sum":   func(c conformance.Count) int { return c.Passed + c.Failed + c.Skipped },
}).Parse(source))

// share is the part of the checked rules that held, in percent and rounded down,
// so that only all of them are 100.
func share(c conformance.Count) int {
	if c.Passed+c.Failed == 0 {
		return 0
	}
	return 100 * c.Passed / (c.Passed + c.Failed)
}

// HTML writes one page that needs nothing else: totals, chapters, what did not
// hold, what was skipped, and where brokers are known to differ.
func HTML(w io.Writer, reports []conformance.Report) error {
	return reportPage.Execute(w, struct {
		Reports              []conformance.Report
		Chapters             []conformance.Chapter
		Deliberate, Versions []Difference
	}{reports, chosenChapters(reports), differences(true), differences(false)})
}

// chosenChapters returns the chapters with results.
func chosenChapters(reports []conformance.Report) (chapters []conformance.Chapter) {
	for _, c := range conformance.Chapters {
		if chosen(reports, c.Title) {
			chapters = append(chapters, c)
		}
	}
	return chapters
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

func what(d conformance.Difference) string {
	if d.Rule == "" {
		return "Several rules"
	}
	return conformance.Rule{Name: d.Rule}.Sentence()
}
