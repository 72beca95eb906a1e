package conformance

import (
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/store"
)

// target is the broker that is judged.
var target broker

// A broker is where to connect and what it says of itself.
type broker struct {
	url            string
	address        string // host:port
	vhost          string
	user, password string
	harebell       bool // says so in its server properties
	major, minor   int  // of the version it presents
}

func TestMain(m *testing.M) {
	flag.Parse()
	// Tests wait for the broker far more than they compute.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		if err := flag.Set("test.parallel", "16"); err != nil {
			panic(err)
		}
	}
	os.Exit(judge(m, os.Getenv("AMQP_URL")))
}

// judge runs the tests against the broker of the address, or against one inside
// this process if there is no address.
func judge(m *testing.M, address string) int {
	if address == "" {
		b, err := amqptest.Start(store.NewMemory(), zerolog.Nop())
		if err != nil {
			fmt.Fprintln(os.Stderr, "conformance: start a broker:", err)
			return 1
		}
		defer b.Close()
		address = b.URL()
	}
	var err error
	if target, err = meet(address); err != nil {
		fmt.Fprintf(os.Stderr, "conformance: broker of AMQP_URL %q: %v\n", address, err)
		return 1
	}
	return m.Run()
}

// meet connects to a broker once and learns who it is.
func meet(address string) (broker, error) {
	uri, err := amqp.ParseURI(address)
	if err != nil {
		return broker{}, err
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return broker{}, err
	}
	b := broker{url: address, vhost: uri.Vhost, user: uri.Username, password: uri.Password}
	b.address = net.JoinHostPort(parsed.Hostname(), strconv.Itoa(uri.Port))

	connection, err := amqp.Dial(address)
	if err != nil {
		return broker{}, err
	}
	defer connection.Close()
	_, b.harebell = connection.Properties["harebell"]
	version, _ := connection.Properties["version"].(string)
	if _, err := fmt.Sscanf(version, "%d.%d", &b.major, &b.minor); err != nil {
		return broker{}, fmt.Errorf("version %q: %w", version, err)
	}
	return b, nil
}

// ours reports whether the broker is Harebell, which answers better than
// RabbitMQ here. The reason says how.
func ours(t *testing.T, reason string) bool {
	t.Helper()
	t.Log("differs:", reason)
	return target.harebell
}

// since reports whether the broker behaves like RabbitMQ of the given version or
// later; Harebell follows the 4.2 series. The reason says what changed.
func since(t *testing.T, version, reason string) bool {
	t.Helper()
	t.Logf("since %s: %s", version, reason)
	major, minor, _ := strings.Cut(version, ".")
	x, errX := strconv.Atoi(major)
	y, errY := strconv.Atoi(minor)
	if errX != nil || errY != nil {
		t.Fatalf("version %q", version)
	}
	follows := [2]int{target.major, target.minor}
	if target.harebell {
		follows = [2]int{4, 2}
	}
	return follows[0] > x || follows[0] == x && follows[1] >= y
}

// slow skips a test that waits for a broker's timer.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("waits for a timer of the broker")
	}
}
