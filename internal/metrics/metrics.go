// Package metrics tells Prometheus how a broker is doing, as RabbitMQ's plug-in does and
// under the same names, so that dashboards and alert rules made for that work here.
//
// It counts nothing itself: what happens is counted where it happens, and read when
// somebody asks. Then no lock is held while anything is written: names are taken first,
// and one thing is looked at after the other. Counters include what has happened on
// connections, and in queues, that are gone.
//
// A sheet is what there is to say of many things of one kind: a row for each, and columns
// that turn it into numbers, each under a name of its own (queue.go, channel.go and so on
// are these tables). The sum of all rows is one more row, so what is aggregated and what is
// not are the same columns. A sheet is written column by column, as the format wants it,
// and so 50,000 queues take their rows and one column of memory, rather than a million
// series as a prometheus.Registry would hold. That collects only what the process itself
// has to say.
//
//	m := metrics.New(broker, metrics.Options{Node: "harebell@localhost"})
//	err := m.Serve(listener) // until m.Shutdown
package metrics

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/watermark"
	"github.com/harebellmq/harebell/internal/web"
)

// scrapesMost is how many scrapes are answered at once; others wait.
const scrapesMost = 4

// DefaultPath is where metrics are unless it is said otherwise.
const DefaultPath = "/metrics"

// Options are what a Server is told.
type Options struct {
	Node string         // the broker's name, of the form name@host
	Log  zerolog.Logger // the zero value writes nothing

	Path      string // where metrics are; "" means DefaultPath
	PerObject bool   // Path has a series for each object, as Path/per-object has

	Authenticate bool // only users who are monitors, or administrators, get an answer

	DataDir string           // where the broker keeps what must last, "" if nothing must
	Memory  *watermark.Watch // what publishers are blocked above; nil if nobody looks
	Disk    *watermark.Watch // what must be free, or they are blocked; likewise

	HTTPAttempts func() (admitted, refused uint64) // of logging in to the management API; nil if there is none
	IO           func() IO                         // of the store; nil if it has no disk
}

// IO is how the disk has been used.
type IO struct {
	Reads, Read     uint64 // turns, and octets
	Writes, Written uint64
	Syncs           uint64

	Reading, Writing, Syncing time.Duration // all in all
}

// A Server answers Prometheus for one broker. It is an http.Handler.
type Server struct {
	*web.Server
	broker  *server.Server
	options Options
	began   time.Time
	process *prometheus.Registry
	scrapes chan struct{} // holds one for each that is being answered
}

// New returns the metrics of a broker.
func New(broker *server.Server, o Options) *Server {
	if o.Path == "" {
		o.Path = DefaultPath
	}
	o.Path = strings.TrimSuffix(o.Path, "/")
	s := &Server{broker: broker, options: o, began: broker.VHosts.Clock().Now(), scrapes: make(chan struct{}, scrapesMost)}
	s.process = prometheus.NewRegistry()
	s.process.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.Server = web.NewServer(s, "http/prometheus", o.Log)
	return s
}
