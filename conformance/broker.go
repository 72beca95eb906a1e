package conformance

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// target is the broker that is judged.
var target broker

// impatient leaves out what waits for a broker's timer.
var impatient bool

// A broker is where to connect and what it says of itself.
type broker struct {
	url            string
	address        string // host:port
	vhost          string
	user, password string
	product        string
	version        string
	harebell       bool // says so in its server properties
	major, minor   int  // of the version it presents
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
	b.product, _ = connection.Properties["product"].(string)
	b.version, _ = connection.Properties["version"].(string)
	if own, found := connection.Properties["harebell"]; found {
		b.harebell, b.product = true, "Harebell"
		if version, isText := own.(string); isText {
			b.version = version
		}
	}
	return b, b.number(connection.Properties["version"])
}

// number takes major and minor from the version a broker presents.
func (b *broker) number(version any) error {
	text, _ := version.(string)
	if _, err := fmt.Sscanf(text, "%d.%d", &b.major, &b.minor); err != nil {
		return fmt.Errorf("version %q: %w", text, err)
	}
	return nil
}

// ours reports whether the broker is Harebell, which answers better than
// RabbitMQ here. The reason says how.
func ours(t T, reason string) bool {
	t.Helper()
	t.Log("differs:", reason)
	return target.harebell
}

// since reports whether the broker behaves like RabbitMQ of the given version or
// later; Harebell follows the 4.2 series. The reason says what changed.
func since(t T, version, reason string) bool {
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

// slow skips a rule that waits for a broker's timer.
func slow(t T) {
	t.Helper()
	if impatient {
		t.Skip("waits for a timer of the broker")
	}
}
