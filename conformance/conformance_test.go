package conformance

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/compat"
	"github.com/harebellmq/harebell/internal/management"
	"github.com/harebellmq/harebell/store"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Rules wait for the broker far more than they compute.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		if err := flag.Set("test.parallel", "16"); err != nil {
			panic(err)
		}
	}
	os.Exit(judgeTests(m, os.Getenv("AMQP_URL"), os.Getenv("MANAGEMENT_URL")))
}

// An api is the management API of a broker inside this process, at one address
// however often that is restarted.
type api struct {
	server *httptest.Server
	now    atomic.Pointer[http.Handler]
}

// served has the API of a broker served as soon as that starts.
func (a *api) served() amqptest.Option {
	a.server = httptest.NewServer(a)
	return amqptest.WithServer(func(s *server.Server) {
		var handler http.Handler = management.New(s, management.Options{Node: "harebell@localhost"})
		a.now.Store(&handler)
	})
}

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*a.now.Load()).ServeHTTP(w, r) }

// url returns its address, with user and password.
func (a *api) url() string { return strings.Replace(a.server.URL, "://", "://guest:guest@", 1) }

// judgeTests runs the tests against the broker of the address, or against one
// inside this process if there is no address.
func judgeTests(m *testing.M, address, administration string) int {
	turning.broker = restartCommand(os.Getenv("RESTART_CMD"))
	if address == "" {
		var a api
		b, err := startOurs(a.served())
		if err != nil {
			fmt.Fprintln(os.Stderr, "conformance: start a broker:", err)
			return 1
		}
		defer b.Close()
		defer a.server.Close()
		address, administration = b.URL(), a.url()
		turning.broker = b.Restart
	}
	var err error
	if target, err = meet(address, administration); err != nil {
		fmt.Fprintf(os.Stderr, "conformance: broker of AMQP_URL %q: %v\n", address, err)
		return 1
	}
	impatient = testing.Short()
	return m.Run()
}

// startOurs starts a broker that is short of patience with what is not acked, and
// says so to the rules: longer than they keep anything, shorter than they wait.
func startOurs(o amqptest.Option) (*amqptest.Broker, error) {
	const timeout = 8 * time.Second
	if err := os.Setenv("CONSUMER_TIMEOUT", strconv.FormatInt(timeout.Milliseconds(), 10)); err != nil {
		return nil, err
	}
	return amqptest.Start(store.NewMemory(), zerolog.Nop(), o,
		amqptest.WithServer(func(s *server.Server) { s.ConsumerTimeout = timeout }))
}

// TestRules checks each rule as a test of its name: go test -run Rules/MaxLength.
func TestRules(t *testing.T) { checkRules(t) }

// TestProfiles checks them against Harebell following the other series of RabbitMQ,
// without those that wait: go test -run Profiles/4.3/MaxLength.
func TestProfiles(t *testing.T) {
	if os.Getenv("AMQP_URL") != "" {
		t.Skip("only Harebell inside the test process has profiles")
	}
	before, hurry, turn := target, impatient, turning
	t.Cleanup(func() { target, impatient, turning = before, hurry, turn })
	for _, series := range compat.Series() {
		if series == compat.Default {
			continue // which is what TestRules checks
		}
		t.Run(series, func(t *testing.T) {
			var a api
			b := amqptest.New(t, amqptest.WithCompat(series), a.served())
			t.Cleanup(a.server.Close)
			met, err := meet(b.URL(), a.url())
			if err != nil {
				t.Fatal(err)
			}
			target, impatient, turning = met, true, restart{broker: b.Restart}
			checkRules(t)
		})
	}
}

// checkRules checks each rule as a part of t. Those in parallel go on when it has
// returned, and the broker has been restarted if a rule wants that.
func checkRules(t *testing.T) {
	for _, chapter := range Chapters {
		for _, rule := range chapter.Rules {
			t.Run(rule.Name, func(t *testing.T) { rule.Check(tester{t}) })
		}
	}
	turning.happen()
}

// A tester gives a rule the T of the testing package.
type tester struct{ *testing.T }

func (t tester) Run(name string, part func(T)) bool {
	t.Helper()
	return t.T.Run(name, func(t *testing.T) { part(tester{t}) })
}
