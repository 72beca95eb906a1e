package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/internal/amqpjson"
	"github.com/harebellmq/harebell/internal/testapi"
)

// Flags that several commands have.
func vhostFlag() cli.Flag {
	return &cli.StringFlag{Name: "vhost", Usage: "`name` of a virtual host", DefaultText: "the broker's default"}
}

func timeoutFlag() cli.Flag {
	return &cli.DurationFlag{Name: "timeout", Usage: "`time` to wait", DefaultText: "10s"}
}

// pickFlags pick messages.
func pickFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "vhost", Usage: "only of the virtual host of that `name`"},
		&cli.StringFlag{Name: "exchange", Usage: "only what was published to the exchange of that `name`; \"\" is the default one"},
		&cli.StringFlag{Name: "routing-key", Usage: "only with this `key`"},
		&cli.StringFlag{Name: "queue", Usage: "only in, or to, the queue of that `name`"},
		&cli.StringFlag{Name: "client", Usage: "only of connections that the client has given that `name`"},
		&cli.StringFlag{Name: "body", Usage: "only with exactly this `text`"},
	}
}

// questions are the commands, but those about faults.
func questions() []question {
	return []question{
		{name: "clock", usage: "show the broker's time", ask: asking("GET", "clock"), show: showClock},
		{name: "advance", arguments: "DURATION", usage: "move its clock on, for example by 1h30m", show: showClock,
			ask: func(_ *cli.Context, arguments []string) (request, error) {
				d, err := time.ParseDuration(arguments[0])
				if err != nil {
					return request{}, fmt.Errorf("%s: want a duration, such as 500ms, 10s or 1h30m", arguments[0])
				}
				return request{"POST", testapi.Path("clock", "advance"), testapi.Advance{By: testapi.Duration(d)}}, nil
			}},
		{name: "set-clock", arguments: "TIME", usage: "move its clock on to a time, such as 2040-01-01T00:00:00Z", show: showClock,
			ask: func(_ *cli.Context, arguments []string) (request, error) {
				t, err := time.Parse(time.RFC3339, arguments[0])
				if err != nil {
					return request{}, fmt.Errorf("%s: want a time, such as 2040-01-01T00:00:00Z", arguments[0])
				}
				return request{"POST", testapi.Path("clock", "set"), testapi.SetClock{To: t}}, nil
			}},

		{name: "vhosts", usage: "list the virtual hosts", ask: asking("GET", "vhosts"), show: showVHosts},
		{name: "add-vhost", usage: "make a virtual host that nobody else has, and show its name and URL", ask: asking("POST", "vhosts"), show: showVHost},
		{name: "delete-vhost", arguments: "NAME", usage: "delete one with all that is in it", ask: remove("vhosts")},
		{name: "reset", usage: "empty a virtual host", flags: []cli.Flag{vhostFlag()}, ask: inVHost("reset")},

		{name: "snapshots", usage: "list the snapshots", ask: asking("GET", "snapshots"), show: showSnapshots},
		{name: "snapshot", usage: "note all that is in a virtual host, and show the number to restore it by", flags: []cli.Flag{vhostFlag()},
			ask: inVHost("snapshots"), show: showSnapshot},
		{name: "restore", arguments: "ID", usage: "fill a virtual host with what is in a snapshot, and nothing else", flags: []cli.Flag{vhostFlag()},
			ask: func(c *cli.Context, arguments []string) (request, error) {
				var body any
				if c.IsSet("vhost") {
					body = testapi.In{VHost: c.String("vhost")}
				}
				return request{"POST", testapi.Path("snapshots", arguments[0], "restore"), body}, nil
			}},
		{name: "delete-snapshot", arguments: "ID", usage: "forget a snapshot", ask: remove("snapshots")},

		{name: "queues", usage: "list the queues with what they hold", flags: []cli.Flag{vhostFlag()}, ask: list("queues"), show: showQueues},
		{name: "messages", arguments: "QUEUE", usage: "show the messages that are ready, and leave them there", show: showMessages,
			flags: []cli.Flag{&cli.StringFlag{Name: "vhost", Usage: "`name` of a virtual host", Value: "/"}, &cli.IntFlag{Name: "count", Usage: "`number` of messages", DefaultText: "100"}},
			ask: func(c *cli.Context, arguments []string) (request, error) {
				path := testapi.Path("queues", c.String("vhost"), arguments[0], "messages")
				if c.IsSet("count") {
					path += fmt.Sprintf("?count=%d", c.Int("count"))
				}
				return request{"GET", path, nil}, nil
			}},
		{name: "exchanges", usage: "list the exchanges with their bindings", flags: []cli.Flag{vhostFlag()}, ask: list("exchanges"), show: showExchanges},
		{name: "connections", usage: "list the connections", ask: asking("GET", "connections"), show: showConnections},

		{name: "publish", arguments: "PAYLOAD", usage: "publish a message; - reads it from the standard input",
			flags: []cli.Flag{
				vhostFlag(),
				&cli.StringFlag{Name: "exchange", Usage: "`name` of the exchange", DefaultText: "the default exchange"},
				&cli.StringFlag{Name: "routing-key", Usage: "routing `key`: for the default exchange a queue's name"},
				&cli.StringFlag{Name: "properties", Usage: "`JSON` such as {\"delivery_mode\": 2, \"headers\": {\"n\": 1}}"},
			},
			ask: askPublish},
		{name: "purge", arguments: "QUEUE", usage: "drop the messages of a queue that are ready, and show how many they were", flags: []cli.Flag{vhostFlag()},
			ask: func(c *cli.Context, arguments []string) (request, error) {
				return request{"POST", testapi.Path("purge"), testapi.QueueName{VHost: c.String("vhost"), Queue: arguments[0]}}, nil
			}, show: showPurged},
		{name: "await", arguments: "QUEUE", usage: "wait until a queue has the numbers that flags give", show: showQueue,
			flags: []cli.Flag{
				vhostFlag(),
				&cli.IntFlag{Name: "ready", Usage: "`number` of messages that wait for a consumer", DefaultText: "any"},
				&cli.IntFlag{Name: "unacked", Usage: "`number` of messages that consumers have and have not acked", DefaultText: "any"},
				&cli.IntFlag{Name: "messages", Usage: "`number` of both", DefaultText: "any"},
				&cli.IntFlag{Name: "consumers", Usage: "`number` of consumers", DefaultText: "any"},
				timeoutFlag(),
			},
			ask: func(c *cli.Context, arguments []string) (request, error) {
				a := testapi.Await{VHost: c.String("vhost"), Queue: arguments[0], Timeout: testapi.Duration(c.Duration("timeout"))}
				for name, want := range map[string]**int{
					"ready": &a.MessagesReady, "unacked": &a.MessagesUnacknowledged, "messages": &a.Messages, "consumers": &a.Consumers,
				} {
					if c.IsSet(name) {
						*want = new(c.Int(name))
					}
				}
				return request{"POST", testapi.Path("await"), a}, nil
			}},
		{name: "idle", usage: "wait until the broker has nothing left to do", flags: []cli.Flag{timeoutFlag()},
			ask: func(c *cli.Context, _ []string) (request, error) {
				return request{"POST", testapi.Path("idle"), testapi.Idle{Timeout: testapi.Duration(c.Duration("timeout"))}}, nil
			}},

		{name: "journal", usage: "show what has happened to which message", run: followJournal,
			flags: append([]cli.Flag{&cli.StringSliceFlag{Name: "kind", Usage: "only events of this `kind`, such as published; may be given several times"}},
				append(pickFlags(),
					&cli.IntFlag{Name: "after", Usage: "only events after that `number`"},
					&cli.IntFlag{Name: "limit", Usage: "`number` of events at most", DefaultText: "1000"},
					&cli.IntFlag{Name: "wait", Usage: "wait until there are so many; a `number`"},
					timeoutFlag(),
					&cli.BoolFlag{Name: "follow", Usage: "go on until interrupted", DisableDefaultText: true})...),
			ask: func(c *cli.Context, _ []string) (request, error) {
				return request{"GET", testapi.Path("journal") + "?" + journalQuery(c).Encode(), nil}, nil
			}},
		{name: "erase-journal", usage: "forget what has happened", ask: asking("DELETE", "journal")},
		{name: "check", usage: "fail if a delivery was left unacked, or a message went to no queue",
			flags: []cli.Flag{&cli.StringFlag{Name: "vhost", Usage: "only in the virtual host of that `name`"}},
			ask: func(c *cli.Context, _ []string) (request, error) {
				path := testapi.Path("journal", "check")
				if c.IsSet("vhost") {
					path += "?vhost=" + url.QueryEscape(c.String("vhost"))
				}
				return request{"GET", path, nil}, nil
			}},

		{name: "alarm", arguments: "RESOURCE", usage: "have the broker be short of disk, memory or whatever, so that publishers are blocked",
			flags: []cli.Flag{&cli.BoolFlag{Name: "off", Usage: "no longer", DisableDefaultText: true}},
			ask: func(c *cli.Context, arguments []string) (request, error) {
				method := "PUT"
				if c.Bool("off") {
					method = "DELETE"
				}
				return request{method, testapi.Path("alarms", arguments[0]), nil}, nil
			}},
		{name: "fail-disk", arguments: "[REASON]", usage: "have all writes fail until a restart; with serve --memory only",
			ask: func(_ *cli.Context, arguments []string) (request, error) {
				return request{"POST", testapi.Path("disk", "fail"), testapi.DiskFailure{Reason: strings.Join(arguments, "")}}, nil
			}},
		{name: "cut-connections", usage: "cut all connections without a word", ask: asking("DELETE", "connections")},
		{name: "restart", usage: "stop the broker in order, and start it again", ask: asking("POST", "restart")},
		{name: "kill", usage: "end the broker as kill -9 would, until restart", ask: asking("POST", "kill")},
	}
}

// faultQuestions are the commands about faults.
func faultQuestions() []question {
	var kinds strings.Builder
	for _, k := range testapi.FaultKinds() {
		fmt.Fprintf(&kinds, "%-20s%s\n", k.Name, k.Does)
	}
	return []question{
		{name: "add", arguments: "FAULT...", usage: "inject a fault, and show the number to remove it by", description: kinds.String(), show: showFault,
			flags: append(pickFlags(),
				&cli.IntFlag{Name: "times", Usage: "`number` of times", DefaultText: "always"},
				&cli.IntFlag{Name: "code", Usage: "reply `code` of a close"},
				&cli.StringFlag{Name: "text", Usage: "`text` of a close"},
				&cli.DurationFlag{Name: "delay", Usage: "`time` of a delay", DefaultText: "none"},
				&cli.StringFlag{Name: "reason", Usage: "`text` that who is blocked is told"}),
			ask: func(c *cli.Context, arguments []string) (request, error) {
				i := testapi.Injection{
					Fault: strings.Join(arguments, " "), Times: c.Int("times"), Code: c.Int("code"), Text: c.String("text"),
					Delay: testapi.Duration(c.Duration("delay")), Reason: c.String("reason"),
				}
				for name, want := range map[string]**string{
					"vhost": &i.VHost, "exchange": &i.Exchange, "routing-key": &i.RoutingKey, "queue": &i.Queue, "client": &i.Client, "body": &i.Body,
				} {
					if c.IsSet(name) {
						*want = new(c.String(name))
					}
				}
				return request{"POST", testapi.Path("faults"), i}, nil
			}},
		{name: "list", usage: "list the faults, and how often each has happened", ask: asking("GET", "faults"), show: showFaults},
		{name: "remove", arguments: "ID", usage: "end a fault, or all",
			ask: func(c *cli.Context, arguments []string) (request, error) {
				if arguments[0] == "all" {
					return request{"DELETE", testapi.Path("faults"), nil}, nil
				}
				return request{"DELETE", testapi.Path("faults", arguments[0]), nil}, nil
			}},
	}
}

// asking asks what needs no more than a path.
func asking(method string, segments ...string) func(*cli.Context, []string) (request, error) {
	return func(*cli.Context, []string) (request, error) {
		return request{method, testapi.Path(segments...), nil}, nil
	}
}

// remove deletes the one that the argument names.
func remove(of string) func(*cli.Context, []string) (request, error) {
	return func(_ *cli.Context, arguments []string) (request, error) {
		return request{"DELETE", testapi.Path(of, arguments[0]), nil}, nil
	}
}

// list asks for what is in all virtual hosts, or one.
func list(of string) func(*cli.Context, []string) (request, error) {
	return func(c *cli.Context, _ []string) (request, error) {
		if c.IsSet("vhost") {
			return request{"GET", testapi.Path(of, c.String("vhost")), nil}, nil
		}
		return request{"GET", testapi.Path(of), nil}, nil
	}
}

// inVHost asks for something that is to be done in a virtual host.
func inVHost(verb string) func(*cli.Context, []string) (request, error) {
	return func(c *cli.Context, _ []string) (request, error) {
		return request{"POST", testapi.Path(verb), testapi.In{VHost: c.String("vhost")}}, nil
	}
}

// journalQuery makes parameters of the flags.
func journalQuery(c *cli.Context) url.Values {
	query := make(url.Values)
	for _, kind := range c.StringSlice("kind") {
		query.Add("kind", kind)
	}
	for _, name := range []string{"vhost", "exchange", "routing-key", "queue", "client", "body", "after", "limit", "wait", "timeout"} {
		if c.IsSet(name) {
			query.Set(strings.ReplaceAll(name, "-", "_"), fmt.Sprint(c.Value(name)))
		}
	}
	return query
}

func askPublish(c *cli.Context, arguments []string) (request, error) {
	body := []byte(arguments[0])
	if arguments[0] == "-" {
		var err error
		if body, err = io.ReadAll(c.App.Reader); err != nil {
			return request{}, err
		}
	}
	m := testapi.Publish{VHost: c.String("vhost"), Exchange: c.String("exchange"), RoutingKey: c.String("routing-key")}
	m.Payload, m.PayloadEncoding = amqpjson.Payload(body)
	if text := c.String("properties"); text != "" {
		if err := json.Unmarshal([]byte(text), &m.Properties); err != nil {
			return request{}, fmt.Errorf("--properties: %w", err)
		}
	}
	return request{"POST", testapi.Path("publish"), m}, nil
}
