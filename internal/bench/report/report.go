// Package report makes a page of what package bench has measured: tables and
// charts in Markdown and SVG.
//
// It is the one that imports a plotting library. No broker needs it.
package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"github.com/harebellmq/harebell/internal/bench"
)

//go:embed page.md
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// pictures is the directory of the charts, beside the page.
const pictures = "performance"

// A page is what the template fills in.
type page struct {
	*maker
	drawn []*chart
}

// Write writes performance.md into a directory, and its charts into another one
// in it. Charts of an earlier page are removed.
func Write(dir string, r *bench.Results) error {
	p, err := newPage(r)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, pictures, "*.svg"))
	if err != nil {
		return err
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, pictures), 0o755); err != nil {
		return err
	}
	for _, c := range p.drawn {
		for _, t := range []theme{light, dark} {
			var svg bytes.Buffer
			if err := c.write(&svg, t); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, c.path(t)), svg.Bytes(), 0o644); err != nil {
				return err
			}
		}
	}
	var text bytes.Buffer
	if err := p.write(&text); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "performance.md"), text.Bytes(), 0o644)
}

func newPage(r *bench.Results) (*page, error) {
	reference, err := parseReference(referenceTable)
	if err != nil {
		return nil, err
	}
	m := &maker{results: r, reference: reference}
	return &page{maker: m, drawn: m.charts()}, nil
}

func (p *page) write(w io.Writer) error { return pageTemplate.Execute(w, p) }

// path returns where a chart is, from the page on.
func (c *chart) path(t theme) string { return pictures + "/" + c.file + "-" + t.name + ".svg" }

// Chart returns what shows a chart, in the colours that the reader's page has, and
// nothing if there is no such chart.
func (p *page) Chart(file string) string {
	for _, c := range p.drawn {
		if c.file == file {
			return fmt.Sprintf(`<picture><source media="(prefers-color-scheme: dark)" srcset="%s"><img alt="%s" src="%s"></picture>`,
				c.path(dark), c.title, c.path(light))
		}
	}
	return ""
}

// Peers returns the names of the brokers measured besides Harebell.
func (p *page) Peers() []string {
	var names []string
	for _, b := range p.brokers() {
		if b.Name != harebell {
			names = append(names, label(b))
		}
	}
	return names
}

// Machine returns what it was measured on.
func (p *page) Machine() bench.Machine { return p.results.Machine }

// Memory returns the memory of the machine.
func (p *page) Memory() string {
	return fmt.Sprintf("%.0f GiB", float64(p.results.Machine.Memory)/(1<<30))
}

// Runs returns how often and how long each load was measured.
func (p *page) Runs() string {
	return counted(p.results.Pairs, "run") + " of " + counted(p.results.Seconds, "second")
}

// Day returns when it was measured.
func (p *page) Day() string { return p.results.Began.UTC().Format(time.DateOnly) }

// Took returns how long that took.
func (p *page) Took() string {
	d := time.Duration(p.results.Took * float64(time.Second))
	if d < time.Hour {
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	}
	return fmt.Sprintf("%.1f hours", d.Hours())
}
