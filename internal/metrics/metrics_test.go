package metrics

import (
	"compress/gzip"
	"io"
	"maps"
	"math"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/amqp/server"
)

// A site is the metrics of a broker.
type site struct {
	testing.TB
	*Server
	at *amqptest.Broker
}

func newSite(t testing.TB, o Options) *site {
	t.Helper()
	var broker *server.Server
	at := amqptest.New(t, amqptest.WithServer(func(s *server.Server) { broker = s }))
	o.Node = "harebell@test"
	return &site{TB: t, Server: New(broker, o), at: at}
}

func (s *site) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *site) connect() *amqp091.Connection {
	s.Helper()
	c, err := amqp091.DialConfig(s.at.URL(), amqp091.Config{Dial: s.at.Dial})
	s.ok(err)
	s.Cleanup(func() { c.Close() })
	return c
}

func (s *site) channel() *amqp091.Channel {
	s.Helper()
	ch, err := s.connect().Channel()
	s.ok(err)
	return ch
}

// ask asks for a path, and returns the answer.
func (s *site) ask(method, path string, headers ...string) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = "127.0.0.1:9999"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// A scrape is what Prometheus finds.
type scrape struct {
	t        testing.TB
	families map[string]*dto.MetricFamily
}

// scrape reads what is at a path as Prometheus does.
func (s *site) scrape(path string) scrape {
	s.Helper()
	w := s.ask("GET", path)
	if w.Code != 200 {
		s.Fatalf("GET %s: got %d %s", path, w.Code, w.Body)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(w.Body)
	s.ok(err)
	return scrape{s.TB, families}
}

// series returns all values, by name and labels.
func (sc scrape) series() map[string]float64 {
	all := make(map[string]float64)
	for name, f := range sc.families {
		for _, m := range f.Metric {
			all[name+labelsOf(m)] = valueOf(m)
		}
	}
	return all
}

// value returns that of a series such as name{a="b"}, NaN if it is not there.
func (sc scrape) value(series string) float64 {
	if v, ok := sc.series()[series]; ok {
		return v
	}
	return math.NaN()
}

// has sees that series have these values.
func (sc scrape) has(want map[string]float64) {
	sc.t.Helper()
	have := sc.series()
	for _, series := range slices.Sorted(maps.Keys(want)) {
		if got, ok := have[series]; !ok || got != want[series] {
			sc.t.Errorf("%s: got %v, %v, want %v", series, got, ok, want[series])
		}
	}
}

func valueOf(m *dto.Metric) float64 {
	switch {
	case m.Gauge != nil:
		return m.Gauge.GetValue()
	case m.Counter != nil:
		return m.Counter.GetValue()
	case m.Untyped != nil:
		return m.Untyped.GetValue()
	}
	return math.NaN()
}

// labelsOf returns labels as PromQL writes them.
func labelsOf(m *dto.Metric) string {
	var pairs []string
	for _, l := range m.Label {
		pairs = append(pairs, l.GetName()+`="`+l.GetValue()+`"`)
	}
	if pairs == nil {
		return ""
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

func TestPaths(t *testing.T) {
	s := newSite(t, Options{})
	for _, test := range []struct {
		name, method, path string
		headers            []string
		status             int
		body               string // begins so
	}{
		{"metrics", "GET", "/metrics", nil, 200, "# HELP "},
		{"a slash more means nothing", "GET", "/metrics/", nil, 200, "# HELP "},
		{"nothing needs to be asked for", "GET", "/metrics/detailed", nil, 200, "# HELP rabbitmq_build_info"},
		{"nobody else has that", "GET", "/metrics/all", nil, 404, "Not Found: metrics are at /metrics"},
		{"there is nothing else", "GET", "/", nil, 404, "Not Found: metrics are at /metrics"},
		{"nor is what looks like it", "GET", "/metricsall", nil, 404, "Not Found"},
		{"the head alone", "HEAD", "/metrics", nil, 200, ""},
		{"nothing can be put there", "POST", "/metrics", nil, 405, "Method Not Allowed: want GET"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := s.ask(test.method, test.path, test.headers...)
			if w.Code != test.status || !strings.HasPrefix(w.Body.String(), test.body) || test.body == "" && w.Body.Len() > 0 {
				t.Errorf("got %d %.200s, want %d %s", w.Code, w.Body, test.status, test.body)
			}
			if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") {
				t.Errorf("it is of type %s", kind)
			}
			if allow := w.Header().Get("Allow"); (allow == "GET, HEAD") != (test.status == 405) {
				t.Errorf("it allows %q", allow)
			}
		})
	}
}

func TestThePathMayBeAnother(t *testing.T) {
	for path, want := range map[string]string{"/numbers": "/numbers/per-object", "/": "/per-object", "/a/b/": "/a/b/per-object"} {
		s := newSite(t, Options{Path: path})
		for _, there := range []string{path, want} {
			if w := s.ask("GET", there); w.Code != 200 {
				t.Errorf("path %s, GET %s: got %d", path, there, w.Code)
			}
		}
		if w := s.ask("GET", "/metrics"); w.Code != 404 {
			t.Errorf("path %s, GET /metrics: got %d", path, w.Code)
		}
	}
}

func TestAnswersAreCompressedForWhoAccepts(t *testing.T) {
	s := newSite(t, Options{})
	for accepts, want := range map[string]bool{
		"gzip": true, "deflate, GZIP;q=0.5": true, "gzip;q=1.0,identity;q=0.1": true,
		"": false, "identity": false, "gzip;q=0": false, "gzip;q=0.0": false, "gzipped": false, "gzip;q=much": false,
	} {
		w := s.ask("GET", "/metrics", "Accept-Encoding", accepts)
		var text io.Reader = w.Body
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("%q: compressed is %v", accepts, got)
		} else if got {
			z, err := gzip.NewReader(w.Body)
			s.ok(err)
			text = z
		}
		body, err := io.ReadAll(text)
		s.ok(err)
		if !strings.Contains(string(body), "\nrabbitmq_identity_info{") {
			t.Errorf("%q: got %.100q", accepts, body)
		}
	}
}

func TestProtobufIsForWhoAsks(t *testing.T) {
	s := newSite(t, Options{})
	w := s.ask("GET", "/metrics", "Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	decoder := expfmt.NewDecoder(w.Body, expfmt.ResponseFormat(w.Header()))
	names := make(map[string]bool)
	for {
		var f dto.MetricFamily
		err := decoder.Decode(&f)
		if err == io.EOF {
			break
		}
		s.ok(err)
		names[f.GetName()] = true
	}
	if !names["rabbitmq_identity_info"] || !names["rabbitmq_queues"] {
		t.Errorf("got %v", names)
	}
}

func TestWhoAsksMayHaveToSayWho(t *testing.T) {
	s := newSite(t, Options{Authenticate: true})
	_, err := s.broker.Users.Put("", userWithTag("mon", "monitoring"))
	s.ok(err)
	_, err = s.broker.Users.Put("", userWithTag("man", "management"))
	s.ok(err)
	for _, test := range []struct {
		name, user, password string
		status               int
	}{
		{"nobody", "", "", 401},
		{"an administrator", "guest", "guest", 200},
		{"a monitor", "mon", "mon", 200},
		{"one with the wrong password", "mon", "man", 401},
		{"one who may not monitor", "man", "man", 401},
	} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = "127.0.0.1:9999"
		if test.user != "" {
			r.SetBasicAuth(test.user, test.password)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != test.status || (w.Header().Get("WWW-Authenticate") != "") != (test.status == 401) {
			t.Errorf("%s: got %d %v, want %d", test.name, w.Code, w.Header(), test.status)
		}
	}
}
