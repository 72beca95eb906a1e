package perf

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Options say what load to make.
type Options struct {
	URL string // of the broker: amqp://user:password@host:port/vhost

	Publishers int
	Consumers  int
	Queue      string // what the names of the queues begin with
	Queues     int    // publishers and consumers take them in turn
	Exchange   string // to publish to; "" for the default exchange
	Type       string // of Exchange, "direct" if empty
	RoutingKey string // for all messages; if empty, the name of each queue in turn

	Size       int  // octets of a body
	Persistent bool // messages; and the queues durable
	Confirm    int  // messages a publisher may have unconfirmed; 0 for no confirms
	NoAck      bool // consumers do not acknowledge
	Prefetch   int  // unacknowledged messages of a consumer; 0 for no limit
	AckEvery   int  // messages acknowledged with one basic.ack, 1 if 0

	Rate         float64       // messages a second, of all publishers; 0 for as fast as possible
	ConsumerRate float64       // messages a second that all consumers take; 0 for as fast as they come
	Messages     int           // to publish in all, or to consume without publishers; 0 for no limit
	Duration     time.Duration // of the measurement; 0 for no limit
	Warmup       time.Duration // before the measurement
	Latency      bool          // measure how long messages take

	Keep bool // leave queues and exchange at the end
}

// The limits of a run.
const (
	maxConnections = 10_000
	maxQueues      = 100_000
	maxSize        = 512 << 20 // octets; no broker takes more
	maxConfirm     = 1 << 20
	maxPrefetch    = 65535
	maxName        = 200 // octets; a number is appended to some
)

// Check returns an error that says what is wrong with the options, by their
// flags.
func (o Options) Check() error {
	if _, err := parseURL(o.URL); err != nil {
		return err
	}
	if err := checkNumbers([]number{
		{"publishers", o.Publishers, 0, maxConnections},
		{"consumers", o.Consumers, 0, maxConnections},
		{"queues", o.Queues, 1, maxQueues},
		{"size", o.Size, 0, maxSize},
		{"confirm", o.Confirm, 0, maxConfirm},
		{"prefetch", o.Prefetch, 0, maxPrefetch},
		{"ack-every", o.AckEvery, 0, 1 << 30},
		{"messages", o.Messages, 0, 1 << 60},
	}); err != nil {
		return err
	}
	if err := checkTimes(o.Duration, o.Warmup); err != nil {
		return err
	}
	switch {
	case o.Publishers == 0 && o.Consumers == 0:
		return errors.New("--publishers 0 --consumers 0: want at least one of either")
	case o.Rate < 0 || o.Rate > 1e9:
		return fmt.Errorf("--rate %v: want messages a second from 0 to 1e9", o.Rate)
	case o.ConsumerRate < 0 || o.ConsumerRate > 1e9:
		return fmt.Errorf("--consumer-rate %v: want messages a second from 0 to 1e9", o.ConsumerRate)
	case o.ConsumerRate > 0 && o.Consumers == 0:
		return fmt.Errorf("--consumer-rate %v: want --consumers too", o.ConsumerRate)
	case o.Exchange == "" && o.RoutingKey != "":
		return fmt.Errorf("--routing-key %s: want an --exchange too, as the default one goes by the names of queues", o.RoutingKey)
	case o.Exchange == "" && o.Type != "":
		return fmt.Errorf("--type %s: want an --exchange too", o.Type)
	case max(len(o.Exchange), len(o.Type), len(o.RoutingKey), len(o.Queue)) > maxName:
		return fmt.Errorf("--exchange, --type, --routing-key, --queue: want at most %d octets each", maxName)
	case o.Prefetch > 0 && o.AckEvery > o.Prefetch:
		return fmt.Errorf("--ack-every %d: want at most --prefetch, which is %d", o.AckEvery, o.Prefetch)
	case o.Latency && o.Size < StampSize:
		return fmt.Errorf("--latency: want a --size of at least %d, to carry the time", StampSize)
	}
	return nil
}

// A number is the value of a flag, and what it may be.
type number struct {
	flag           string
	value, low, up int
}

func checkNumbers(numbers []number) error {
	for _, n := range numbers {
		if n.value < n.low || n.value > n.up {
			return fmt.Errorf("--%s %d: want a number from %d to %d", n.flag, n.value, n.low, n.up)
		}
	}
	return nil
}

func checkTimes(duration, warmup time.Duration) error {
	switch {
	case duration < 0:
		return fmt.Errorf("--duration %v: want a duration such as 30s", duration)
	case warmup < 0:
		return fmt.Errorf("--warmup %v: want a duration such as 5s", warmup)
	}
	return nil
}

// queues returns the names of the queues.
func (o Options) queues() []string {
	names := make([]string, o.Queues)
	for i := range names {
		names[i] = o.name(i)
	}
	return names
}

// name returns the name of the i-th queue.
func (o Options) name(i int) string { return fmt.Sprintf("%s-%d", o.Queue, i+1) }

// exchangeType returns the type to declare the exchange with.
func (o Options) exchangeType() string {
	if o.Type == "" {
		return "direct"
	}
	return o.Type
}

// bindingKey returns the key to bind a queue with.
func (o Options) bindingKey(queue string) string {
	if o.RoutingKey != "" {
		return o.RoutingKey
	}
	return queue
}

// keys returns the routing keys that publishers take in turn.
func (o Options) keys() []string {
	if o.RoutingKey != "" {
		return []string{o.RoutingKey}
	}
	return o.queues()
}

// copies returns how many queues get a message, as far as that can be told from
// the exchange's type.
func (o Options) copies() int {
	switch o.exchangeType() {
	case "direct", "topic":
		if o.RoutingKey == "" {
			return 1
		}
	}
	return o.Queues
}

// A target is what a URL says.
type target struct {
	address, user, password, vhost string
}

func parseURL(text string) (target, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "amqp" || u.Hostname() == "" {
		return target{}, errors.New("--url: want amqp://user:password@host:port/vhost")
	}
	t := target{address: u.Host, user: "guest", password: "guest", vhost: "/"}
	if u.Port() == "" {
		t.address += ":5672"
	}
	if u.User != nil {
		t.user = u.User.Username()
		t.password, _ = u.User.Password()
	}
	if path := u.EscapedPath(); len(path) > 1 {
		vhost, err := url.PathUnescape(path[1:])
		if err != nil || len(vhost) > 255 {
			return target{}, errors.New("--url: want a vhost of at most 255 octets")
		}
		t.vhost = vhost
	}
	return t, nil
}
