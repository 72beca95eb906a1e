package bench

import (
	"fmt"
	"strings"
	"time"
)

// A Shape is a kind of load.
type Shape struct {
	Name    string  // "chapter/name", by which --shapes picks it
	Title   string  // in words
	Command string  // what harebell perf is given, without what all loads have
	X       float64 // of a chapter that is a curve: where on it

	Extra time.Duration // about how much longer it takes than it measures
	Bound time.Duration // after which it is given up; 0 for the usual

	measure func(*trial) error // nil for one load
}

// Chapter returns what the name begins with.
func (s Shape) Chapter() string {
	chapter, _, _ := strings.Cut(s.Name, "/")
	return chapter
}

// bound returns how long one run may take. The broker's start counts.
func (s Shape) bound(measured time.Duration) time.Duration {
	if s.Bound > 0 {
		return s.Bound + measured
	}
	return 2*measured + 45*time.Second
}

// Shapes returns all loads, in the order in which they are made; with full, curves
// have more points and backlogs are ten times as long.
func Shapes(full bool) []Shape {
	shapes := []Shape{
		{Name: "throughput/transient", Title: "16 B transient, no acks",
			Command: "--size 16 --no-ack"},
		{Name: "throughput/persistent", Title: "1 KiB persistent, confirms (200), acks (prefetch 200)",
			Command: "--size 1024 --persistent --confirm 200 --prefetch 200"},
		{Name: "throughput/publish", Title: "1 KiB persistent, published only, no confirms",
			Command: "--size 1024 --persistent --consumers 0"},
		{Name: "throughput/publish-confirm", Title: "1 KiB persistent, published only, confirms (200)",
			Command: "--size 1024 --persistent --consumers 0 --confirm 200"},
		{Name: "throughput/fanout", Title: "16 B transient to 10 queues, 10 consumers, no acks",
			Command: "--size 16 --no-ack --exchange bench --type fanout --queues 10 --consumers 10"},

		{Name: "latency/transient", Title: "64 B transient, no acks",
			Command: "--rate 1000 --size 64 --no-ack"},
		{Name: "latency/persistent", Title: "1 KiB persistent, confirms, acks",
			Command: "--rate 1000 --size 1024 --persistent --confirm 200 --prefetch 200"},
	}
	shapes = append(shapes, churns()...)
	shapes = append(shapes, manies()...)
	shapes = append(shapes, backlogs(full)...)
	shapes = append(shapes, slowConsumer(full))
	return append(shapes, curves(full)...)
}

// churns are what is opened and closed, or created and deleted, by one connection
// and by several.
func churns() (shapes []Shape) {
	for _, c := range []struct{ name, title, flags string }{
		{"connection", "connection with a channel", "--of connection"},
		{"channel", "channel", "--of channel"},
		{"consumer", "consumer", "--of consumer"},
		{"queue", "transient queue", "--of queue"},
		{"queue-durable", "durable queue", "--of queue --durable"},
		{"binding", "binding of a transient queue", "--of binding"},
		{"binding-durable", "binding of a durable queue", "--of binding --durable"},
	} {
		for _, n := range []int{1, ChurnClients} {
			s := Shape{Name: "churn/" + c.name, Title: c.title, Command: "churn " + c.flags}
			if n > 1 {
				s.Name += fmt.Sprintf("-%d", n)
				s.Command += fmt.Sprintf(" --connections %d", n)
			}
			shapes = append(shapes, s)
		}
	}
	return shapes
}

// ChurnClients is how many connections churn besides one.
const ChurnClients = 16

// curvePoints are the numbers of publishers, consumers and queues, and curveSizes
// the octets of bodies.
func curvePoints(full bool) []int {
	if full {
		return []int{1, 2, 4, 8, 16, 32, 64}
	}
	return []int{1, 4, 16, 64}
}

func curveSizes(full bool) (sizes []int) {
	step := 16
	if full {
		step = 4
	}
	for size := 16; size <= 16<<20; size *= step {
		sizes = append(sizes, size)
	}
	return sizes
}

// curves are loads of which one number grows. Their other numbers are those of
// throughput/persistent.
func curves(full bool) (shapes []Shape) {
	const base = "--persistent --confirm 200 --prefetch 200"
	add := func(chapter, title string, x int, flags string) {
		shapes = append(shapes, Shape{
			Name: fmt.Sprintf("%s/%d", chapter, x), Title: title, Command: flags, X: float64(x),
		})
	}
	for _, n := range curvePoints(full) {
		add("publishers", fmt.Sprintf("%d publishers", n), n, fmt.Sprintf("--size 1024 %s --publishers %d", base, n))
	}
	for _, n := range curvePoints(full) {
		add("consumers", fmt.Sprintf("%d consumers of one queue", n), n, fmt.Sprintf("--size 1024 %s --consumers %d", base, n))
	}
	for _, n := range curvePoints(full) {
		add("queues", fmt.Sprintf("%d queues, each with a publisher and a consumer", n), n,
			fmt.Sprintf("--size 1024 %s --queues %d --publishers %d --consumers %d", base, n, n, n))
	}
	for _, size := range curveSizes(full) {
		// No more than 64 MiB are unconfirmed, and 64 MiB unacknowledged.
		window := min(200, max(2, 64<<20/size))
		add("size", fmt.Sprintf("%d octets", size), size,
			fmt.Sprintf("--size %d --persistent --confirm %d --prefetch %d", size, window, window))
	}
	return shapes
}
