// Package rabbitmqctl is RabbitMQ's command line tools for the machine that the broker
// runs on: rabbitmqctl, rabbitmq-diagnostics, rabbitmq-plugins, rabbitmq-queues and
// rabbitmq-upgrade. Names, options, texts and exit codes are those of RabbitMQ's.
//
// commands.go is the table of what there is. A command is a name, what it takes, and a
// function that asks the broker by its control socket and returns what to show; the rest
// is the same for all of them: reading the command line, finding the broker, formatting,
// and saying what went wrong.
//
//	code := rabbitmqctl.Run(ctx, "rabbitmqctl", os.Args[1:], env)
package rabbitmqctl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/control"
)

// An Env is where a tool runs.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Find returns the broker that the settings on this machine are for.
	Find func() (Broker, error)
}

// A Broker is where to find one.
type Broker struct {
	Node    string // its name, with its host, as the settings have it
	Socket  string // "" for none
	Version string // of RabbitMQ, that it presents itself as
}

// Tools are the names of the tools.
var Tools = []string{"rabbitmqctl", "rabbitmq-diagnostics", "rabbitmq-plugins", "rabbitmq-queues", "rabbitmq-upgrade"}

// A call is a command being carried out.
type call struct {
	context.Context
	Env
	invocation
	api     *tool.Client
	broker  Broker
	node    string // its name
	product string
	version string // that it presents itself as
	pid     int
}

// Run carries out a tool's command line, and returns the exit code.
func Run(ctx context.Context, name string, arguments []string, env Env) int {
	i, err := parse(name, arguments)
	if err == nil {
		err = run(ctx, env, i)
	}
	return report(env.Stderr, i, err)
}

func run(ctx context.Context, env Env, i invocation) error {
	c := &call{Context: ctx, Env: env, invocation: i}
	if i.timeout > 0 && !i.command.waits {
		limited, cancel := context.WithTimeout(ctx, i.timeout)
		defer cancel()
		c.Context = limited
	}
	if !i.command.offline {
		if err := c.connect(); err != nil {
			return err
		}
	}
	if i.command.banner != nil {
		if text := i.command.banner(c); text != "" && !c.quiet && !c.plain() {
			fmt.Fprintln(c.Stdout, text)
		}
	}
	result, err := i.command.run(c)
	if err != nil {
		return err
	}
	return c.show(result)
}

// connect finds the broker, and sees that it is the one that was meant.
func (c *call) connect() error {
	broker, err := c.Find()
	if err != nil {
		return &failure{exitConfig, "Error: " + err.Error(), true}
	}
	c.broker = broker
	wanted := broker.Node
	if c.nodeName != "" {
		wanted = config.FullNodeName(c.nodeName)
	}
	if broker.Socket == "" {
		return unreachable(wanted, "this broker has no control socket: want --control-socket, or HAREBELL_CONTROL_SOCKET, to be a path")
	}
	c.api = &tool.Client{Base: "http://harebell", HTTP: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return control.Dial(ctx, broker.Socket) },
	}}}
	var is struct {
		Node, Product, Version string
		PID                    int
	}
	limited, cancel := context.WithTimeout(c, cmp.Or(c.timeout, defaultTimeout))
	defer cancel()
	if err := c.api.Do(limited, "GET", "/control/broker", nil, &is); err != nil {
		return unreachable(wanted, why(broker.Socket, err))
	}
	if c.nodeName != "" && wanted != is.Node {
		return unreachable(wanted, fmt.Sprintf("Harebell is a single node, and this one is %s: want -n %s, or no -n", is.Node, is.Node))
	}
	c.node, c.product, c.version, c.pid = is.Node, is.Product, is.Version, is.PID
	return nil
}

// why says why a socket leads nowhere.
func why(socket string, err error) string {
	switch {
	case errors.Is(err, os.ErrPermission):
		return fmt.Sprintf("its control socket %s may be opened by the broker's user and by root only", socket)
	case errors.Is(err, control.ErrTooLong):
		return fmt.Sprintf("its control socket: %v; --control-socket sets another one for the broker, and HAREBELL_CONTROL_SOCKET for both", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("nobody has answered at its control socket %s in time", socket)
	}
	return fmt.Sprintf("nobody listens at its control socket %s: it does not run, or with other settings (HAREBELL_DATA_DIR, HAREBELL_CONTROL_SOCKET)", socket)
}

// get asks for something.
func (c *call) get(path string, answer any) error { return c.api.Do(c, "GET", path, nil, answer) }

func (c *call) put(path string, body any) error { return c.api.Do(c, "PUT", path, body, nil) }

func (c *call) delete(path string) error { return c.api.Do(c, "DELETE", path, nil, nil) }

// list asks for several things.
func (c *call) list(path string) ([]tool.Object, error) {
	var all []tool.Object
	err := c.get(path, &all)
	return all, err
}

// plain reports whether what is shown is for programs, which banners would disturb.
func (c *call) plain() bool { return slices.Contains([]string{"json", "csv"}, c.formatter) }

// say shows a line on the way, unless nobody wants to see it.
func (c *call) say(format string, args ...any) {
	if !c.quiet && !c.plain() {
		fmt.Fprintf(c.Stdout, format+"\n", args...)
	}
}

// defaultTimeout is how long commands may take that wait for the broker.
const defaultTimeout = 60 * time.Second
