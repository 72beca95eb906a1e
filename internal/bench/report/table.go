package report

import (
	"fmt"
	"strings"

	"github.com/harebellmq/harebell/internal/bench"
)

// A table is one in Markdown. Cells of numbers are aligned to the right.
type table struct {
	head  []string // names beginning with ">" are of numbers
	rows  [][]string
	notes []string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// note adds a line below the table, once.
func (t *table) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, n := range t.notes {
		if n == text {
			return
		}
	}
	t.notes = append(t.notes, text)
}

// String returns the table, and nothing if it has no rows.
func (t *table) String() string {
	if len(t.rows) == 0 {
		return ""
	}
	var b strings.Builder
	var names, rule []string
	for _, name := range t.head {
		align := "---"
		if number, ok := strings.CutPrefix(name, ">"); ok {
			name, align = number, "--:"
		}
		names, rule = append(names, name), append(rule, align)
	}
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(names)
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
	if len(t.notes) > 0 {
		b.WriteString("\n" + strings.Join(t.notes, "<br>\n"))
	}
	return strings.TrimSpace(b.String())
}

// A maker makes the tables of a page.
type maker struct {
	results   *bench.Results
	reference reference
}

// A column is a metric in a table.
type column struct {
	name   string
	metric string
	write  func(float64) string
}

const none = "–"

// The mark of figures that were not measured here, and what it means.
const (
	mark = "≈ "
	why  = "≈ not measured here: LavinMQ " + referenceVersion + " beside RabbitMQ 3.10.8 on two cores elsewhere, scaled by what RabbitMQ does here; memory as it was there."
)

// brokers returns those that were measured, in their order.
func (m *maker) brokers() (all []bench.Broker) {
	for _, b := range m.results.Brokers {
		if b.Absent == "" {
			all = append(all, b)
		}
	}
	return all
}

// shapes returns the loads of a chapter that were made.
func (m *maker) shapes(chapter string) (all []bench.Shape) {
	for _, s := range bench.Shapes(m.results.Full) {
		if s.Chapter() == chapter && m.made(s) {
			all = append(all, s)
		}
	}
	return all
}

func (m *maker) made(s bench.Shape) bool {
	for _, b := range m.brokers() {
		if len(m.results.Of(s.Name, b.Name)) > 0 {
			return true
		}
	}
	return false
}

// cells returns the medians of metrics, and whether there are any.
func (m *maker) cells(shape, broker string, columns []column) (cells []string, any bool) {
	for _, c := range columns {
		v, ok := m.results.Median(shape, broker, c.metric)
		any = any || ok
		if !ok {
			cells = append(cells, none)
			continue
		}
		cells = append(cells, c.write(v))
	}
	return cells, any
}

// estimates returns the figures of a broker of the reference, and whether there
// are any.
func (m *maker) estimates(shape, broker string, columns []column) (cells []string, any bool) {
	for _, c := range columns {
		s, ok := m.reference.scaled(m.results, shape, c.metric, broker)
		if c.metric == bench.Anon || c.metric == bench.Idle {
			s, ok = m.reference.memory(shape, broker)
		}
		any = any || ok
		if !ok {
			cells = append(cells, none)
			continue
		}
		cells = append(cells, mark+spanned(s, c.write))
	}
	return cells, any
}

// each adds to a table the loads of a chapter: a row for each broker, with its
// metrics and, against the first of them that main returns, how Harebell compares.
// If less is better it is the other way round.
func (m *maker) each(t *table, chapter string, columns []column, main func(shape string) string, less bool) {
	for _, s := range m.shapes(chapter) {
		title := "**" + s.Title + "**"
		for _, b := range m.brokers() {
			cells, any := m.cells(s.Name, b.Name, columns)
			m.problem(t, s, b)
			if !any && len(m.results.Of(s.Name, b.Name)) == 0 {
				continue
			}
			t.add(append(append([]string{title, label(b)}, cells...), m.compared(s.Name, main(s.Name), b.Name, less))...)
			title = ""
		}
		for _, broker := range referenceBrokers {
			if !m.reference.applies(m.results, broker) {
				continue
			}
			cells, any := m.estimates(s.Name, broker, columns)
			if !any {
				continue
			}
			t.add(append(append([]string{title, referenceTitle(broker)}, cells...), m.comparedTo(s.Name, main(s.Name), broker, less))...)
			t.note(why)
		}
	}
}

// compared returns how many times as good Harebell is as a broker, pair by pair.
func (m *maker) compared(shape, metric, broker string, less bool) string {
	if broker == harebell {
		return ""
	}
	a, b := harebell, broker
	if less {
		a, b = b, a
	}
	v, ok := m.results.Ratio(shape, metric, a, b)
	if !ok {
		return none
	}
	return times(v)
}

// comparedTo does so with a broker of the reference.
func (m *maker) comparedTo(shape, metric, broker string, less bool) string {
	ours, ok := m.results.Median(shape, harebell, metric)
	theirs, known := m.reference.scaled(m.results, shape, metric, broker)
	if !ok || !known {
		return none
	}
	ratios := span{ours / theirs.high, ours / theirs.low}
	if less {
		ratios = span{theirs.low / ours, theirs.high / ours}
	}
	return mark + spanned(ratios, times)
}

// problem notes what went wrong.
func (m *maker) problem(t *table, s bench.Shape, b bench.Broker) {
	if text, _ := m.results.Problem(s.Name, b.Name); text != "" {
		first, _, _ := strings.Cut(text, "\n")
		t.note("%s, %s: %s.", b.Title, s.Title, strings.TrimSuffix(first, "."))
	}
}

const harebell = "harebell"

// label returns the name of a broker with its version.
func label(b bench.Broker) string {
	if b.Name == harebell || b.Version == "" {
		return b.Title
	}
	return b.Title + " " + b.Version
}

func referenceTitle(broker string) string {
	if broker == "lavinmq-no-sync" {
		return "LavinMQ --no-sync"
	}
	return "LavinMQ"
}
