// Package management is the HTTP API that a broker is administered by, as
// RabbitMQ's management plugin has it: what there is of connections, channels,
// consumers, queues, exchanges and bindings, and what has happened to them; what an
// operator does to them; users, their permissions and limits, virtual hosts, policies,
// and definitions of all that.
//
// It holds no lock while it writes: names are taken first, then one thing is looked at
// after the other, as it is at that moment. What happens is counted where it happens;
// rates come of two reads (rates.go), so that nothing is done while nobody looks.
//
// routes.go is the table of resources. A resource is a path, who may use it, and
// what each verb does there; everything else is the same for all of them: logging
// in, reading a body, answering, refusing.
//
//	m := management.New(broker, management.Options{Node: "harebell@localhost"})
//	err := m.Serve(listener) // until m.Shutdown
package management

import (
	"context"
	"crypto/x509"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/management/ui"
	"github.com/harebellmq/harebell/internal/watermark"
	"github.com/harebellmq/harebell/internal/web"
	"github.com/harebellmq/harebell/vhost"
)

// What a body may have.
const (
	bodyMost  = 1 << 20  // octets
	largeMost = 20 << 20 // octets of definitions, or of a message; rabbitmq: 20 MB for all
)

// Options are what a Server is told.
type Options struct {
	Node string         // the broker's name, of the form name@host
	Log  zerolog.Logger // the zero value writes nothing

	Settings func() []Setting // in force; nil for nobody to know

	PathPrefix string // that paths begin with, "/…"; "" for nothing

	Listeners     []Listener                 // where the broker and its API can be found
	DataDir       string                     // where it keeps what must last, "" if nothing must
	Memory        *watermark.Watch           // what publishers are blocked above; nil if nobody looks
	Disk          *watermark.Watch           // what must be free, or they are blocked; likewise
	MachineMemory int64                      // octets; 0 if that is not known
	Certificates  func() []*x509.Certificate // what is shown to clients; nil for none

	// What only the control socket offers; nil for what is not offered.
	SetLogLevel func(level string) bool // false for no such level
	Stop        func()                  // has the broker end in order, and returns at once
}

// A Setting is one that is in force.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
	Line   string `json:"-"` // as in a file
}

// A Server answers the management API of one broker. It is an http.Handler.
type Server struct {
	*web.Server

	broker *server.Server
	users  *auth.Users
	vhosts *vhost.Registry
	node   string
	log    zerolog.Logger
	rates  rates

	mux     *http.ServeMux
	control *http.ServeMux // of the control socket
	pages   http.Handler
	options Options
	began   time.Time

	admitted, turnedAway atomic.Uint64 // who has asked
}

// New returns the management API of a broker.
func New(broker *server.Server, o Options) *Server {
	s := &Server{
		broker: broker, users: broker.Users, vhosts: broker.VHosts, node: o.Node, log: o.Log,
		mux: http.NewServeMux(), control: http.NewServeMux(),
	}
	s.rates.clock = s.vhosts.Clock()
	s.options, s.began = o, s.rates.clock.Now()
	for _, r := range s.resources() {
		s.mux.Handle(r.path, &served{resource: r, server: s})
		s.control.Handle(r.path, &served{resource: r, server: s, local: true})
	}
	for _, r := range s.ownResources() {
		s.control.Handle(r.path, &served{resource: r, server: s, local: true})
	}
	s.mux.HandleFunc("/api", s.reference)
	s.mux.HandleFunc("/api/index.html", s.reference)
	s.mux.HandleFunc("/", notFound)
	s.control.HandleFunc("/", notFound)
	s.pages = ui.Handler()
	s.Server = web.NewServer(s, "http", o.Log)
	return s
}

// Shutdown stops accepting, waits for the requests under way, and cuts them off
// when ctx is done.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.rates.stop()
	return s.Server.Shutdown(ctx)
}

// ServeHTTP implements http.Handler. What is no resource of the API may be one of its
// pages, package ui.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.isPage(r.URL.Path) {
		s.servePage(w, r)
		return
	}
	route(s.mux, s.options.PathPrefix, w, r)
}

// route hands a multiplexer the path behind a prefix as it was sent, as if that were its
// text: in "/api/vhosts/%2F" the name of the virtual host would be no segment otherwise.
//
// rabbitmq: names in paths are encoded; a slash at the end of one means nothing,
// and what is not clean is not there.
func route(to *http.ServeMux, prefix string, w http.ResponseWriter, r *http.Request) {
	sent, ours := strings.CutPrefix(strings.TrimSuffix(r.URL.EscapedPath(), "/"), prefix)
	if !ours || path.Clean(sent) != sent {
		notFound(w, r)
		return
	}
	as, u := *r, *r.URL
	u.Path, u.RawPath = sent, ""
	as.URL = &u
	to.ServeHTTP(w, &as)
}

// isPage reports whether a path is that of a page, or of a part of one.
func (s *Server) isPage(sent string) bool {
	sent, ours := strings.CutPrefix(sent, s.options.PathPrefix)
	return ours && (sent == "" || sent == "/" || strings.HasPrefix(sent, "/ui/"))
}

// servePage serves it. What a page names is beside it: so its path must end with a
// slash.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == s.options.PathPrefix {
		http.Redirect(w, r, s.options.PathPrefix+"/", http.StatusMovedPermanently)
		return
	}
	http.StripPrefix(s.options.PathPrefix, s.pages).ServeHTTP(w, r)
}
