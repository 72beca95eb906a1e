package report

import (
	"fmt"

	"gonum.org/v1/plot/plotter"

	"github.com/harebellmq/harebell/internal/bench"
)

// charts returns those for which there are measurements.
func (m *maker) charts() (all []*chart) {
	for _, c := range []*chart{
		m.throughputChart(),
		m.backlogChart(),
		m.curves("publishers", "More publishers, one queue, one consumer", "publishers"),
		m.curves("consumers", "One publisher, one queue, more consumers", "consumers"),
		m.curves("queues", "More queues, a publisher and a consumer each", "queues"),
		m.sizes(),
	} {
		if len(c.curves)+len(c.bars) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// throughputChart is of rates, as multiples of the yardstick's.
func (m *maker) throughputChart() *chart {
	c := &chart{file: "throughput", title: "Messages a second, as multiples of RabbitMQ's", y: "times"}
	names := map[string]string{
		"throughput/transient": "transient", "throughput/persistent": "persistent,\nconfirms, acks", "throughput/publish": "publish only",
		"throughput/publish-confirm": "publish only,\nconfirms", "throughput/fanout": "fanout to 10",
	}
	shapes := m.shapes("throughput")
	for i, s := range shapes {
		c.ticks = append(c.ticks, tick{float64(i), names[s.Name]})
	}
	var compared []bars
	for _, b := range m.brokers() {
		one := bars{broker: b.Name, label: label(b)}
		for _, s := range shapes {
			v, _ := m.results.Ratio(s.Name, m.mainRate(s.Name), b.Name, yardstick)
			one.values = append(one.values, v)
		}
		compared = append(compared, one)
	}
	for _, broker := range referenceBrokers[:1] {
		one := bars{broker: broker, label: referenceTitle(broker) + " (not measured here)"}
		for _, s := range shapes {
			one.values = append(one.values, m.reference.ratio(s.Name, m.mainRate(s.Name), broker))
		}
		if m.reference.applies(m.results, broker) {
			compared = append(compared, one)
		}
	}
	if y := m.results.Broker(yardstick); y != nil && y.Absent == "" && len(shapes) > 0 {
		c.bars = compared
	}
	return c
}

// ratio returns how many times as much as the yardstick a broker of the reference
// does, 0 if that is not known.
func (r reference) ratio(shape, metric, broker string) float64 {
	a, ok := r[referenceKey{shape, metric, broker}]
	b, known := r[referenceKey{shape, metric, yardstick}]
	if !ok || !known {
		return 0
	}
	return a.low / b.low
}

// backlogChart is of the rate on the way.
func (m *maker) backlogChart() *chart {
	c := &chart{file: "backlog", title: "A backlog: messages a second on the way", x: "part of the messages", y: "messages/s"}
	for i := 1; i <= 10; i++ {
		c.ticks = append(c.ticks, tick{float64(i), fmt.Sprintf("%d%%", 10*i)})
	}
	for _, s := range m.shapes("backlog") {
		for _, b := range m.brokers() {
			for _, side := range []struct {
				series, what string
				dashed       bool
			}{{bench.PublishTenths, "published", true}, {bench.ConsumedTenths, "consumed", false}} {
				var points plotter.XYs
				for i, v := range m.results.MedianSeries(s.Name, b.Name, side.series) {
					points = append(points, plotter.XY{X: float64(i + 1), Y: v})
				}
				if len(points) > 0 {
					c.curves = append(c.curves, curve{b.Name, label(b) + ", " + side.what, points, side.dashed})
				}
			}
		}
	}
	return c
}

// curves are of rates while one number grows.
func (m *maker) curves(chapter, title, x string) *chart {
	c := &chart{file: chapter, title: title, x: x, y: "messages/s", log: true}
	for _, s := range m.shapes(chapter) {
		c.ticks = append(c.ticks, tick{s.X, fmt.Sprint(int(s.X))})
	}
	same := func(s bench.Shape, rate float64) float64 { return rate }
	c.curves = m.points(chapter, bench.Delivered, same)
	if chapter != "publishers" {
		return c
	}
	// Many publishers may leave one consumer behind.
	for i := range c.curves {
		c.curves[i].label += ", consumed"
	}
	for _, published := range m.points(chapter, bench.Published, same) {
		published.label, published.dashed = published.label+", published", true
		c.curves = append(c.curves, published)
	}
	return c
}

// sizes is of what goes through while bodies grow.
func (m *maker) sizes() *chart {
	c := &chart{file: "size", title: "Larger messages", x: "body", y: "MB/s", log: true}
	shapes := m.shapes("size")
	for i, s := range shapes {
		label := ""
		if len(shapes) <= 7 || i%2 == 0 {
			label = binary(int(s.X))
		}
		c.ticks = append(c.ticks, tick{s.X, label})
	}
	c.curves = m.points("size", bench.Delivered, func(s bench.Shape, rate float64) float64 { return rate * s.X / 1e6 })
	return c
}

// points returns a curve of a metric for each broker.
func (m *maker) points(chapter, metric string, y func(s bench.Shape, rate float64) float64) (curves []curve) {
	for _, b := range m.brokers() {
		var points plotter.XYs
		for _, s := range m.shapes(chapter) {
			if v, ok := m.results.Median(s.Name, b.Name, metric); ok {
				points = append(points, plotter.XY{X: s.X, Y: y(s, v)})
			}
		}
		if len(points) > 0 {
			curves = append(curves, curve{broker: b.Name, label: label(b), points: points})
		}
	}
	return curves
}

// binary writes a size that is a power of two.
func binary(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
