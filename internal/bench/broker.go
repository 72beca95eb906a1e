package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// A Broker is one that is measured, or would be if it were there.
type Broker struct {
	Name    string `json:"name"` // that it goes by on the command line and in results
	Title   string `json:"title"`
	Version string `json:"version,omitempty"`
	Origin  string `json:"origin,omitempty"` // where its program comes from
	Absent  string `json:"absent,omitempty"` // why it is not measured; "" if it is

	// program starts it; nil if it runs already.
	program func(h *home) (*launch, error)
	// main is the name of the process to end in order, "" for the one started.
	main string

	external External
}

// kinds are the brokers that can be started, in the order of the table. Each
// looks whether its program is there.
var kinds = []struct {
	name string
	find func(context.Context, *Broker, Options, string)
}{
	{"harebell", findHarebell},
	{"rabbitmq", findRabbitMQ},
	{"garagemq", findGarageMQ},
	{"lavinmq", findLavinMQ},
	{"lavinmq-no-sync", findLavinMQNoSync},
}

// BrokerNames returns the names of the brokers that can be started.
func BrokerNames() (names []string) {
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// brokers returns those that are asked for: those to be started, and those that
// run. What must be built is built in the directory programs.
func brokers(ctx context.Context, o Options, programs string) (asked []*Broker) {
	for _, k := range kinds {
		if o.asksFor(k.name) {
			b := &Broker{Name: k.name}
			k.find(ctx, b, o, programs)
			asked = append(asked, b)
		}
	}
	for _, e := range o.External {
		if o.asksFor(e.Name) {
			asked = append(asked, &Broker{Name: e.Name, Title: e.Name, Origin: "running already", external: e})
		}
	}
	return asked
}

// started reports whether a broker has a program that is started for each run: then
// it begins with nothing, and can be restarted.
func (b *Broker) started() bool { return b.program != nil }

// An External is a broker that runs already.
type External struct {
	Name string
	URL  string
	PID  int // of its process, to see what it takes; 0 if it is not to be seen
}

// ParseExternal parses "name=amqp://…" or "name=amqp://…,pid=N".
func ParseExternal(text string) (External, error) {
	mistake := fmt.Errorf("--broker %s: want name=amqp://user:password@host:port/vhost, and ,pid=N if it runs here", text)
	name, address, ok := strings.Cut(text, "=")
	if !ok || name == "" || strings.ContainsAny(name, " ,|") {
		return External{}, mistake
	}
	address, number, hasPID := strings.Cut(address, ",pid=")
	if hostOf(address) == "" {
		return External{}, errors.New("--broker: want name=amqp://user:password@host:port/vhost")
	}
	e := External{Name: name, URL: address}
	if !hasPID {
		return e, nil
	}
	pid, err := strconv.Atoi(number)
	if err != nil || pid < 1 {
		return External{}, fmt.Errorf("--broker %s: pid=%s: want the number of a process", name, number)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err != nil {
		return External{}, fmt.Errorf("--broker %s: pid=%s: there is no such process", name, number)
	}
	e.PID = pid
	return e, nil
}

// hostOf returns the host and port of an address such as amqp://host, and nothing
// if it is none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "amqp" || u.Hostname() == "":
		return ""
	case u.Port() == "":
		return u.Host + ":5672"
	}
	return u.Host
}
