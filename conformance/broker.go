package conformance

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
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
	management     *url.URL // of its management API, with user and password; nil if it is not known
	product        string
	version        string
	harebell       bool   // says so in its server properties
	presents       [3]int // the version: major, minor and patch
}

// meet connects to a broker once and learns who it is. The address of its
// management API may be empty.
func meet(address, management string) (broker, error) {
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
	if b.management, err = managementOf(management); err != nil {
		return broker{}, err
	}

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

// managementOf reads the address of a management API.
func managementOf(address string) (*url.URL, error) {
	if address == "" {
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.User == nil {
		return nil, fmt.Errorf("management API at %q: want http://user:password@host:port", address)
	}
	return u, nil
}

// number takes apart the version that a broker presents. What comes after the
// numbers, as in 4.3.0-rc.1, does not matter.
func (b *broker) number(version any) error {
	text, _ := version.(string)
	numbers, _, _ := strings.Cut(text, "-")
	var err error
	if b.presents, err = numbersOf(numbers); err != nil {
		return fmt.Errorf("version %q: %w", text, err)
	}
	return nil
}

// numbersOf returns the numbers of a version of two or three.
func numbersOf(version string) (numbers [3]int, err error) {
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return numbers, errors.New("want two or three numbers with dots between them")
	}
	for i, part := range parts[:min(len(parts), len(numbers))] {
		if numbers[i], err = strconv.Atoi(part); err != nil {
			return numbers, err
		}
	}
	return numbers, nil
}

// ours reports whether the broker is Harebell, which answers better than
// RabbitMQ here. The reason says how.
func ours(t T, reason string) bool {
	t.Helper()
	t.Log("differs:", reason)
	return target.harebell
}

// since reports whether the broker is RabbitMQ of the given version or later, or
// Harebell following one. The reason says what changed.
func since(t T, version, reason string) bool {
	t.Helper()
	t.Logf("since %s: %s", version, reason)
	return presents(t, version)
}

// always is since for what Harebell does also when it follows an older version.
func always(t T, version, reason string) bool {
	t.Helper()
	t.Logf("since %s, in Harebell always: %s", version, reason)
	return target.harebell || presents(t, version)
}

// never is since for what Harebell does not do even when it follows that version.
func never(t T, version, reason string) bool {
	t.Helper()
	t.Logf("since %s, in Harebell never: %s", version, reason)
	return !target.harebell && presents(t, version)
}

// presents reports whether the broker presents itself as the given version or a
// later one.
func presents(t T, version string) bool {
	t.Helper()
	numbers, err := numbersOf(version)
	if err != nil {
		t.Fatalf("version %q: %v", version, err)
	}
	return slices.Compare(target.presents[:], numbers[:]) >= 0
}

// slow skips a rule that waits for a broker's timer.
func slow(t T) {
	t.Helper()
	if impatient {
		t.Skip("waits for a timer of the broker")
	}
}
