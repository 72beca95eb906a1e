package testapi

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/amqp/amqptest"
)

// A fixture is a broker, its API over a real listener, and a client of that.
type fixture struct {
	*testing.T
	broker  *amqptest.Broker
	handler *Handler
	client  Client
}

func start(t *testing.T, opts ...amqptest.Option) *fixture {
	t.Helper()
	b := amqptest.New(t, opts...)
	u, err := url.Parse(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, broker: b, handler: New(b, *u)}
	served := httptest.NewServer(noting{f.handler})
	t.Cleanup(served.Close)
	f.client.URL = served.URL
	return f
}

// do asks for something that is to be done, and puts the answer into out.
func (f *fixture) do(method, path string, in, out any) {
	f.Helper()
	if err := f.client.Do(f.Context(), method, path, in, out); err != nil {
		f.Fatalf("%s %s: %v", method, path, err)
	}
}

// refused asks for something that cannot be done, and returns the problem.
func (f *fixture) refused(method, path, body string) Problem {
	f.Helper()
	status, text := f.raw(method, path, body)
	p := Problem{Status: status}
	if err := json.Unmarshal([]byte(text), &p); err != nil || p.Code == "" || p.Reason == "" {
		f.Errorf("%s %s: got %d %s, want an error and a reason", method, path, status, text)
	}
	return p
}

// raw sends what no Client would, and returns what comes.
func (f *fixture) raw(method, path, body string) (status int, text string) {
	f.Helper()
	r, err := http.NewRequestWithContext(f.Context(), method, f.client.URL+path, strings.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		f.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		f.Fatal(err)
	}
	return answer.StatusCode, string(read)
}

// channel opens a channel on a connection of its own.
func (f *fixture) channel(vhostURL string) *amqp091.Channel {
	f.Helper()
	conn, err := amqp091.Dial(vhostURL)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { conn.Close() }) // the broker may have closed it
	ch, err := conn.Channel()
	if err != nil {
		f.Fatal(err)
	}
	return ch
}

// declare makes a durable queue.
func (f *fixture) declare(ch *amqp091.Channel, name string, arguments amqp091.Table) {
	f.Helper()
	if _, err := ch.QueueDeclare(name, true, false, false, false, arguments); err != nil {
		f.Fatal(err)
	}
}

// publish puts a message into a queue, by the API.
func (f *fixture) publish(queue, payload string) {
	f.Helper()
	f.do("POST", Path("publish"), Publish{RoutingKey: queue, Payload: payload}, nil)
}

// queue returns a queue of the default virtual host.
func (f *fixture) queue(name string) (q Queue) {
	f.Helper()
	f.do("GET", Path("queues", "/", name), nil, &q)
	return q
}

// worked are the routes that have done what they were asked for in some test.
var worked sync.Map

// noting notes them.
type noting struct{ *Handler }

func (n noting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answered := &answered{ResponseWriter: w}
	n.Handler.ServeHTTP(answered, r)
	if answered.status < 300 {
		worked.Store(r.Method+" "+r.Pattern, true)
	}
}

type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// TestMain fails if a route has not worked in any test.
func TestMain(m *testing.M) {
	status := m.Run()
	if status == 0 && flag.Lookup("test.run").Value.String() == "" {
		for _, route := range Routes() {
			if _, ok := worked.Load(route.Method + " " + route.Path); !ok {
				fmt.Printf("no test has done %s %s\n", route.Method, route.Path)
				status = 1
			}
		}
	}
	os.Exit(status)
}

func TestIndex(t *testing.T) {
	f := start(t)
	var index Index
	f.do("GET", "/api/test", nil, &index)
	if index.URL != strings.TrimSuffix(f.broker.URL(), "/")+"/%2F" || len(index.Routes) != len(Routes()) {
		t.Errorf("got %s and %d routes, want the broker's URL and all routes", index.URL, len(index.Routes))
	}
	if status, text := f.raw("HEAD", "/api/test", ""); status != 200 || text != "" {
		t.Errorf("HEAD: got %d %q, want 200 and nothing", status, text)
	}
}

func TestTheURLNamesAHostThatCanBeReached(t *testing.T) {
	b := amqptest.New(t)
	for host, want := range map[string]string{
		"127.0.0.1:5672":   "amqp://u:p@127.0.0.1:5672/%2F",
		"[::]:5672":        "amqp://u:p@tests.example:5672/%2F",
		"0.0.0.0:5672":     "amqp://u:p@tests.example:5672/%2F",
		":5672":            "amqp://u:p@tests.example:5672/%2F",
		"broker.test:5672": "amqp://u:p@broker.test:5672/%2F",
	} {
		h := New(b, url.URL{Scheme: "amqp", User: url.UserPassword("u", "p"), Host: host})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://tests.example:15673/api/test", nil))
		var index Index
		if err := json.Unmarshal(w.Body.Bytes(), &index); err != nil || index.URL != want {
			t.Errorf("%s: got %s, %v, want %s", host, index.URL, err, want)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	f := start(t)
	for _, path := range []string{"/", "/api/test/", "/api/test/dance", "/api/test/queues/%2F/q/dance"} {
		if p := f.refused("GET", path, ""); p.Status != 404 || p.Code != NotFound || !strings.Contains(p.Reason, "GET /api/test lists those there are") {
			t.Errorf("%s: got %+v, want 404", path, p)
		}
	}
	p := f.refused("PUT", "/api/test/clock", "")
	if p.Status != 405 || p.Code != MethodNotAllowed || p.Reason != "PUT /api/test/clock: want GET" {
		t.Errorf("got %+v, want 405", p)
	}
	r, err := http.Post(f.client.URL+"/api/test/faults/1", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if got := r.Header.Get("Allow"); got != "GET, DELETE" {
		t.Errorf("allow: got %q, want GET, DELETE", got)
	}
}

func TestWebPagesOfOtherOriginsAreRefused(t *testing.T) {
	f := start(t)
	r, err := http.NewRequestWithContext(t.Context(), "POST", f.client.URL+"/api/test/kill", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://evil.example")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var p Problem
	if err := json.NewDecoder(answer.Body).Decode(&p); err != nil || answer.StatusCode != 403 || p.Code != Forbidden {
		t.Errorf("got %d %+v, %v, want 403", answer.StatusCode, p, err)
	}
	if _, err := f.broker.VHosts(); err != nil {
		t.Errorf("the broker was killed: %v", err)
	}
}

// Every way in which a request can be wrong is told with what would be right.
func TestWrongRequests(t *testing.T) {
	f := start(t)
	f.declare(f.channel(f.broker.URL()), "q", nil)
	for _, c := range []struct {
		method, path, body string
		status             int
		reason             string
	}{
		{"POST", "/clock/advance", `{"by": "1 hour"}`, 400, `got "1 hour": want a duration as text, such as "500ms", "10s" or "1h30m"`},
		{"POST", "/clock/advance", `{"by": 5}`, 400, `got 5: want a duration as text`},
		{"POST", "/clock/advance", `{"by": "-1s"}`, 400, "by -1s: time does not go back: want 0 or more"},
		{"POST", "/clock/advance", `{"for": "1s"}`, 400, `"for": there is no such field: want some of "by"`},
		{"POST", "/clock/advance", `{by: 1h}`, 400, "not JSON"},
		{"POST", "/clock/set", `{"to": "tomorrow"}`, 400, `"tomorrow"`},
		{"POST", "/clock/set", `{"to": "1999-01-01T00:00:00Z"}`, 400, "time does not go back: want"},
		{"POST", "/clock/set", `{"to": "9999-01-01T00:00:00Z"}`, 400, "want a time within the next 290 years"},
		{"GET", "/clock?zone=UTC", ``, 400, `parameter "zone": GET /api/test/clock takes none`},
		{"GET", "/clock?a;b", ``, 400, `query: invalid semicolon separator in query`},
		{"POST", "/vhosts", `{"name": "mine"}`, 400, `"name": there is no such field: want an empty object`},
		{"DELETE", "/vhosts/mine", ``, 404, `no virtual host "mine": want one of ["/"]`},
		{"POST", "/reset", `{"vhost": "mine"}`, 404, `no virtual host "mine": want one of ["/"]`},
		{"POST", "/reset", `{"vhost": 1}`, 400, `"vhost": got number, want a string`},
		{"POST", "/snapshots", `{"vhost": "mine"}`, 404, `no virtual host "mine"`},
		{"POST", "/snapshots", `[]`, 400, "got array, want an object"},
		{"POST", "/snapshots/1/restore", ``, 404, "no snapshot 1: want one of []; the last 100 are kept"},
		{"DELETE", "/snapshots/x", ``, 404, "no snapshot x: want one of []"},
		{"GET", "/queues/mine", ``, 404, `no virtual host "mine"`},
		{"GET", "/queues/mine/q", ``, 404, `no virtual host "mine"`},
		{"GET", "/queues/%2F/missing", ``, 404, `no queue "missing" in virtual host "/": want one of ["q"]`},
		{"GET", "/queues/%2F/missing/messages", ``, 404, `no queue "missing"`},
		{"GET", "/queues/mine/q/messages", ``, 404, `no virtual host "mine"`},
		{"GET", "/queues/%2F/q/messages?count=0", ``, 400, `count "0": want a whole number from 1 to`},
		{"GET", "/exchanges/mine", ``, 404, `no virtual host "mine"`},
		{"GET", "/exchanges/mine/x", ``, 404, `no virtual host "mine"`},
		{"GET", "/exchanges/%2F/x", ``, 404, `no exchange "x" in virtual host "/": want one of ["amq.direct"`},
		{"POST", "/publish", `{"routing_key": "q", "payload": "?", "payload_encoding": "base64"}`, 400, "want base64, as payload_encoding says"},
		{"POST", "/publish", `{"routing_key": "q", "payload_encoding": "zip"}`, 400, `payload_encoding "zip": want "string" or "base64"`},
		{"POST", "/publish", `{"routing_key": "q", "properties": {"ttl": 5}}`, 400, `properties: "ttl": there is no such field: want some of "content_type"`},
		{"POST", "/publish", `{"routing_key": "q", "properties": {"expiration": "soon"}}`, 400, `expiration "soon": want milliseconds`},
		{"POST", "/publish", `{"routing_key": "nowhere"}`, 409, `no queue gets what is published to exchange "" with key "nowhere"`},
		{"POST", "/publish", `{"exchange": "x"}`, 404, `no exchange "x"`},
		{"POST", "/publish", `{"vhost": "mine"}`, 404, `no virtual host "mine"`},
		{"POST", "/publish", `{"body": "x"}`, 400, `"body": there is no such field: want some of "vhost", "exchange", "routing_key"`},
		{"POST", "/publish", `{"payload": "` + strings.Repeat("x", bodyMost) + `"}`, 413, "the body has more than 16777216 octets: want fewer"},
		{"POST", "/purge", `{"queue": "missing"}`, 404, `no queue "missing"`},
		{"POST", "/purge", `{"vhost": "mine", "queue": "q"}`, 404, `no virtual host "mine"`},
		{"POST", "/purge", `{"name": "q"}`, 400, `"name": there is no such field`},
		{"POST", "/await", `{"queue": "q"}`, 400, "nothing to wait for: want some of messages, messages_ready, messages_unacknowledged, consumers"},
		{"POST", "/await", `{"queue": "q", "messages": "3"}`, 400, `"messages": got string, want a whole number`},
		{"POST", "/await", `{"queue": "q", "messages": 3, "timeout": "-5s"}`, 400, "timeout -5s: want more than 0, and 10m0s at most"},
		{"POST", "/await", `{"queue": "q", "messages": 3, "timeout": "5ms"}`, 409, `queue "q" in virtual host "/": got messages 0, want 3: not within 5ms`},
		{"POST", "/await", `{"queue": "missing", "messages": 3, "timeout": "5ms"}`, 409, `no queue "missing" in virtual host "/": want one of ["q"]: not within 5ms`},
		{"POST", "/await", `{"vhost": "mine", "queue": "q", "messages": 3}`, 404, `no virtual host "mine"`},
		{"POST", "/idle", `{"timeout": "1h"}`, 400, "timeout 1h0m0s: want more than 0, and 10m0s at most"},
		{"POST", "/idle", `{"seconds": 1}`, 400, `"seconds": there is no such field: want some of "timeout"`},
		{"GET", "/journal?kind=danced", ``, 400, `kind "danced": want some of connection-opened, published, routed`},
		{"GET", "/journal?from=1", ``, 400, `parameter "from": want some of kind, vhost, exchange, routing_key`},
		{"GET", "/journal?after=-1", ``, 400, `after "-1": want a whole number from 0 to`},
		{"GET", "/journal?limit=0", ``, 400, `limit "0": want a whole number from 1 to 100000`},
		{"GET", "/journal?limit=5&wait=6", ``, 400, `wait "6": want a whole number from 0 to 5`},
		{"GET", "/journal?wait=1&timeout=soon", ``, 400, `got "soon": want a duration as text`},
		{"GET", "/journal?wait=1&timeout=-1s", ``, 400, "timeout -1s: want more than 0"},
		{"GET", "/journal?kind=acked&wait=1&timeout=5ms", ``, 409, "events acked: got 0, want 1; of 3 events in the journal, which are"},
		{"GET", "/journal/check?vhost=mine", ``, 404, `no virtual host "mine"`},
		{"GET", "/faults/7", ``, 404, "no fault 7: want one of []"},
		{"DELETE", "/faults/7", ``, 404, "no fault 7: want one of []"},
		{"POST", "/faults", ``, 400, `fault "": want one of "nack publish", "close channel"`},
		{"POST", "/faults", `{"fault": "nack publish", "times": -1}`, 400, "nack publish -1 times: want 1 or more"},
		{"POST", "/faults", `{"fault": "nack publish", "delay": "1s"}`, 400, `delay: "nack publish" does not take it`},
		{"POST", "/faults", `{"fault": "block publish", "text": "x"}`, 400, `text: "block publish" does not take it`},
		{"POST", "/faults", `{"fault": "delay delivery", "delay": "1s", "reason": "x"}`, 400, `reason: "delay delivery" does not take it`},
		{"POST", "/faults", `{"fault": "cut on delivery", "code": 404}`, 400, `code: "cut on delivery" does not take it`},
		{"POST", "/faults", `{"fault": "close channel"}`, 400, "close channel with 0: want 311, 312, 313, 403, 404, 405 or 406"},
		{"POST", "/faults", `{"fault": "close channel", "code": 65940, "times": 1}`, 400, "code 65940: want a reply code"},
		{"POST", "/faults", `{"fault": "close channel", "code": 541, "times": 1}`, 400, "close channel with 541: want 311"},
		{"POST", "/faults", `{"fault": "close connection", "code": 200}`, 400, "close connection with 200: want a code from 300 to 599"},
		{"POST", "/faults", `{"fault": "delay publish"}`, 400, "delay publish by 0s: want more than 0"},
		{"POST", "/faults", `{"fault": "block publish"}`, 400, `block publish for reason "": want one of 1 to 255 octets`},
		{"POST", "/faults", `{"fault": "nack publish", "key": "k"}`, 400, `"key": there is no such field: want some of "fault", "vhost", "exchange", "routing_key"`},
		{"POST", "/disk/fail", `{"cause": "x"}`, 400, `"cause": there is no such field: want some of "reason"`},
		{"POST", "/restart", `{"now": true}`, 400, `"now": there is no such field: want an empty object`},
		{"POST", "/kill", `{"signal": 9}`, 400, `"signal": there is no such field: want an empty object`},
	} {
		p := f.refused(c.method, "/api/test"+c.path, c.body)
		if p.Status != c.status || !strings.Contains(p.Reason, c.reason) {
			shown := c.body
			if len(shown) > 100 {
				shown = shown[:100]
			}
			t.Errorf("%s %s %s:\n got %d %s\nwant %d %s", c.method, c.path, shown, p.Status, p.Reason, c.status, c.reason)
		}
		if strings.Contains(p.Reason, "amqptest") {
			t.Errorf("%s %s: the reason %q names a Go package", c.method, c.path, p.Reason)
		}
	}
}

func TestADownedBrokerSaysSo(t *testing.T) {
	f := start(t)
	f.do("POST", Path("kill"), nil, nil)
	for _, route := range Routes() {
		path := strings.NewReplacer("{vhost}", "%2F", "{queue}", "q", "{exchange}", "x", "{resource}", "disk", "{id}", "1").Replace(route.Path)
		switch {
		case strings.Contains(path, "clock"), strings.Contains(path, "journal"), strings.Contains(path, "faults"), path == "/api/test",
			strings.Contains(path, "snapshots/"), route.Method == "GET" && strings.HasSuffix(path, "snapshots"), strings.HasSuffix(path, "connections"),
			strings.HasSuffix(path, "restart"):
			continue // these are not of the run
		}
		body := route.Takes
		p := f.refused(route.Method, path, body)
		if p.Status != 503 || p.Code != Down || !strings.Contains(p.Reason, "the broker is down") {
			t.Errorf("%s %s: got %+v, want 503", route.Method, path, p)
		}
	}
	f.do("POST", Path("restart"), nil, nil)
	f.do("GET", Path("vhosts"), nil, new([]VHost))
}

func TestClientSaysWhomItShouldAsk(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for address, want := range map[string]string{
		other.URL:            "404 Not Found: want the address of a broker that was started with --test-api",
		"http://127.0.0.1:1": "want a broker that was started with --test-api",
		"ftp://127.0.0.1":    "unsupported protocol scheme",
		"::":                 "missing protocol scheme",
	} {
		err := (&Client{URL: address}).Do(t.Context(), "GET", "/api/test", nil, nil)
		if err == nil || !strings.Contains(err.Error(), want) || errors.As(err, new(*Problem)) {
			t.Errorf("%s: got %v, want %s", address, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&Client{URL: other.URL}).Do(ctx, "GET", "/api/test", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

func TestPath(t *testing.T) {
	for want, segments := range map[string][]string{
		"/api/test":                   nil,
		"/api/test/queues/%2F/a%20b":  {"queues", "/", "a b"},
		"/api/test/queues/%2E%2E/%2E": {"queues", "..", "."},
		"/api/test/queues/a.b/%25%3F": {"queues", "a.b", "%?"},
	} {
		if got := Path(segments...); got != want {
			t.Errorf("%q: got %s, want %s", segments, got, want)
		}
	}
	f := start(t)
	ch := f.channel(f.broker.URL())
	for _, name := range []string{".", "..", "a/b", "%2F", "ü?#&", "//"} {
		f.declare(ch, name, nil)
		if q := f.queue(name); q.Name != name {
			t.Errorf("%q: got %q", name, q.Name)
		}
	}
}

// The names of routes in the table lead to examples that are right.
func TestExamplesInTheTable(t *testing.T) {
	var names []string
	for _, route := range Routes() {
		key := route.Method + " " + route.Path
		if slices.Contains(names, key) {
			t.Errorf("%s is there twice", key)
		}
		names = append(names, key)
		if route.Does == "" || !strings.HasPrefix(route.Path, "/api/test") {
			t.Errorf("%s: want a path in /api/test and what it does", key)
		}
		if route.Takes == "" {
			continue
		}
		f := start(t, amqptest.WithManualClock(), amqptest.WithSystemHeartbeats())
		ch := f.channel(f.broker.URL())
		f.declare(ch, "orders", nil)
		f.publish("orders", "a")
		f.do("POST", Path("snapshots"), nil, nil)
		if route.Path == "/api/test/await" { // for which three messages are there, one of them with a consumer
			f.publish("orders", "b")
			f.publish("orders", "c")
			if err := ch.Qos(1, 0, false); err != nil {
				t.Fatal(err)
			}
			if _, err := ch.Consume("orders", "", false, false, false, false, nil); err != nil {
				t.Fatal(err)
			}
		}
		status, text := f.raw(route.Method, strings.Replace(route.Path, "{id}", "1", 1), route.Takes)
		if status >= 300 {
			t.Errorf("%s %s: got %d %s", key, route.Takes, status, text)
		}
	}
}
