package metrics

import (
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"

	"github.com/harebellmq/harebell/internal/auth"
)

// An endpoint is what is told at one path: it writes into e.
type endpoint func(s *Server, e *exposition, r *http.Request)

// endpoints are those behind Path.
var endpoints = map[string]endpoint{
	"": func(s *Server, e *exposition, _ *http.Request) {
		if s.options.PerObject {
			s.perObject(e)
		} else {
			s.aggregated(e)
		}
	},
	"/per-object":       func(s *Server, e *exposition, _ *http.Request) { s.perObject(e) },
	"/detailed":         func(s *Server, e *exposition, r *http.Request) { s.detailed(e, r.URL.Query()) },
	"/memory-breakdown": func(s *Server, e *exposition, _ *http.Request) { s.memoryBreakdown(e) },
}

// ServeHTTP implements http.Handler.
//
// rabbitmq: a slash at the end of a path means nothing
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tell, ok := s.endpoint(r.URL.Path)
	switch {
	case !ok:
		http.Error(w, "Not Found: metrics are at "+s.options.Path+"/", http.StatusNotFound)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method Not Allowed: want GET", http.StatusMethodNotAllowed)
		return
	case s.options.Authenticate && !s.mayAsk(r):
		w.Header().Set("WWW-Authenticate", `Basic realm="RabbitMQ Prometheus"`)
		http.Error(w, "Not Authorised: want a user with tag monitoring or administrator", http.StatusUnauthorized)
		return
	}
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultAcceptedFormats()...)
	w.Header().Set("Content-Type", string(format))
	w.Header().Set("Vary", "Accept, Accept-Encoding")
	zipped := acceptsGzip(r.Header)
	if zipped {
		w.Header().Set("Content-Encoding", "gzip")
	}
	if r.Method == http.MethodHead {
		return
	}
	select {
	case s.scrapes <- struct{}{}:
		defer func() { <-s.scrapes }()
	case <-r.Context().Done():
		return
	}
	if err := s.answer(w, r, tell, format, zipped); err != nil && r.Context().Err() == nil {
		s.options.Log.Warn().Err(err).Str("peer", r.RemoteAddr).Msg("metrics not written")
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
}

// mayAsk reports whether somebody has shown the name and password of a user who may see
// metrics.
//
// rabbitmq: whoever may monitor; nobody is asked unless it is said
func (s *Server) mayAsk(r *http.Request) bool {
	name, password, ok := r.BasicAuth()
	if !ok {
		return false
	}
	var peer net.Addr
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		peer = net.TCPAddrFromAddrPort(from)
	}
	identity, err := s.broker.Backend().Login(r.Context(), name, password, peer)
	if err != nil {
		s.options.Log.Warn().Err(err).Str("peer", r.RemoteAddr).Msg("HTTP access denied")
		return false
	}
	return identity.User().Has(auth.Monitoring, auth.Administrator)
}

// endpoint finds what is told at a path.
func (s *Server) endpoint(path string) (tell endpoint, ok bool) {
	below, ok := strings.CutPrefix(strings.TrimSuffix(path, "/"), s.options.Path)
	if !ok {
		return nil, false
	}
	tell, ok = endpoints[below]
	return tell, ok
}

func (s *Server) answer(w io.Writer, r *http.Request, tell endpoint, format expfmt.Format, zipped bool) error {
	if !zipped {
		e := newExposition(w, format)
		tell(s, e, r)
		return e.end()
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	e := newExposition(z, format)
	tell(s, e, r)
	if err := e.end(); err != nil {
		return err
	}
	return z.Close()
}

// acceptsGzip reports whether an answer may be compressed.
//
// RFC 9110, 12.5.3
func acceptsGzip(h http.Header) bool {
	for _, list := range h.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(list, ",") {
			name, parameters, _ := strings.Cut(coding, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			weight, given := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
			if !given {
				return true
			}
			q, err := strconv.ParseFloat(weight, 64)
			return err == nil && q > 0
		}
	}
	return false
}
