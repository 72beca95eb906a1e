// Package report shows what came of judging brokers: as a table for a terminal,
// as a page of HTML, and as the page about compatibility in the documentation.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/harebellmq/harebell/conformance"
)

// Table writes the chapters with a column for each report, and then what did
// not hold.
func Table(w io.Writer, reports []conformance.Report) error {
	columns := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintf(columns, "\nchapter")
	for _, r := range reports {
		fmt.Fprintf(columns, "\t%s", label(r))
	}
	fmt.Fprintln(columns)
	for _, chapter := range conformance.Chapters {
		row(columns, chapter.Title, chapter.Title, reports)
	}
	row(columns, "total", "", reports)
	if err := columns.Flush(); err != nil {
		return err
	}
	for _, r := range reports {
		if err := failures(w, r); err != nil {
			return err
		}
	}
	return nil
}

// label names a report in the head of a column.
func label(r conformance.Report) string { return strings.TrimSpace(r.Product + " " + r.Version) }

// row writes the counts of one chapter, unless no rule of it was chosen.
func row(w io.Writer, title, chapter string, reports []conformance.Report) {
	if !chosen(reports, chapter) {
		return
	}
	fmt.Fprint(w, title)
	for _, r := range reports {
		fmt.Fprintf(w, "\t%s", cell(r.Count(chapter)))
	}
	fmt.Fprintln(w)
}

// chosen reports whether any rule of a chapter was.
func chosen(reports []conformance.Report, chapter string) bool {
	return slices.ContainsFunc(reports, func(r conformance.Report) bool {
		return r.Count(chapter) != conformance.Count{}
	})
}

// cell shows a count: passed/checked, and how many were not checked.
func cell(c conformance.Count) string {
	if c.Skipped == 0 {
		return c.String()
	}
	return fmt.Sprintf("%v (%d skipped)", c, c.Skipped)
}

func failures(w io.Writer, r conformance.Report) error {
	for _, f := range r.Failures() {
		text := strings.ReplaceAll(strings.Join(f.Messages, "\n"), "\n", "\n    ")
		if _, err := fmt.Fprintf(w, "\n%s: %s (%s)\n    %s\n", label(r), f.Sentence, f.Rule, text); err != nil {
			return err
		}
	}
	return nil
}
