package metrics

import (
	"math"

	dto "github.com/prometheus/client_model/go"
)

// A kind is how Prometheus is to understand a number.
type kind uint8

const (
	gauge   kind = iota
	counter      // it only grows, until the broker starts again
	untyped      // rabbitmq: what is neither
)

var types = [...]dto.MetricType{gauge: dto.MetricType_GAUGE, counter: dto.MetricType_COUNTER, untyped: dto.MetricType_UNTYPED}

// none is the value of what a row says nothing about.
var none = math.NaN()

// A column is one number of each row, under a name.
type column[T any] struct {
	family string // RabbitMQ's name for the columns that belong together
	name   string // without prefix
	kind   kind
	help   string
	value  func(*T) float64
}

// A row is what there is to know of one thing.
type row[T any] struct {
	labels []*dto.LabelPair
	of     T
}

// A label is one of those that tell a row from others.
type label struct{ name, value string }

// labels makes the labels of a row.
func labels(list ...label) []*dto.LabelPair {
	pairs := make([]dto.LabelPair, len(list))
	refs := make([]*dto.LabelPair, len(list))
	for i := range list {
		pairs[i].Name, pairs[i].Value, refs[i] = &list[i].name, &list[i].value, &pairs[i]
	}
	return refs
}

// A sheet is rows that are ready to be written. What is made for a row is used for
// every column.
type sheet[T any] struct {
	rows    []row[T]
	metrics []dto.Metric
	values  []float64
	numbers []number
	refs    []*dto.Metric
}

// A number is the forms in which a metric may have its value.
type number struct {
	gauge   dto.Gauge
	counter dto.Counter
}

func newSheet[T any](rows []row[T]) *sheet[T] {
	n := len(rows)
	s := &sheet[T]{rows: rows, metrics: make([]dto.Metric, n), values: make([]float64, n), numbers: make([]number, n), refs: make([]*dto.Metric, n)}
	for i := range rows {
		s.metrics[i].Label = rows[i].labels
		s.numbers[i].gauge.Value, s.numbers[i].counter.Value = &s.values[i], &s.values[i]
	}
	return s
}

// label gives all rows labels of these names, in place of those they have.
func (s *sheet[T]) label(names []string, value func(row, label int) string) {
	n := len(s.rows) * len(names)
	pairs, refs, values := make([]dto.LabelPair, n), make([]*dto.LabelPair, n), make([]string, n)
	for i := range pairs {
		row, label := i/len(names), i%len(names)
		values[i] = value(row, label)
		pairs[i].Name, pairs[i].Value, refs[i] = &names[label], &values[i], &pairs[i]
	}
	for i := range s.metrics {
		from, to := i*len(names), (i+1)*len(names)
		s.metrics[i].Label = refs[from:to:to]
	}
}

// one is a sheet of a single row that needs no labels.
func one[T any](of T) *sheet[T] { return newSheet([]row[T]{{of: of}}) }

// write writes the columns of the families that are wanted, all if nil.
func (s *sheet[T]) write(e *exposition, prefix string, columns []column[T], wanted func(family string) bool) {
	for i := range columns {
		if c := &columns[i]; wanted == nil || wanted(c.family) {
			s.column(e, prefix, c)
		}
	}
}

// column writes one column. Who has nothing to say in it is left out.
func (s *sheet[T]) column(e *exposition, prefix string, c *column[T]) {
	name, t := prefix+c.name, types[c.kind]
	family := &dto.MetricFamily{Name: &name, Help: &c.help, Type: &t, Metric: s.refs[:0]}
	for i := range s.rows {
		v := c.value(&s.rows[i].of)
		if math.IsNaN(v) {
			continue
		}
		s.values[i] = v
		m, n := &s.metrics[i], &s.numbers[i]
		m.Gauge, m.Counter, m.Untyped = nil, nil, nil
		switch c.kind {
		case gauge:
			m.Gauge = &n.gauge
		case counter:
			m.Counter = &n.counter
		case untyped:
			m.Untyped = &dto.Untyped{Value: &s.values[i]} // there are few
		}
		family.Metric = append(family.Metric, m)
	}
	e.write(family)
}

// sum adds up what n returns of all rows.
func sum[T any](rows []row[T], n func(*T) float64) (total float64) {
	for i := range rows {
		total += n(&rows[i].of)
	}
	return total
}
