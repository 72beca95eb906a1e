package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/internal/perf"
)

func perfCommand() *cli.Command {
	return &cli.Command{
		Name:  "perf",
		Usage: "make load for a broker and measure it",
		Description: "Works with any broker that speaks AMQP 0-9-1. Without --rate it publishes as fast\n" +
			"as the broker takes it; then latencies say how long the queues are, and little else.\n\n" +
			"   harebell perf --confirm 1000 --size 1024 --persistent   as fast as is safe\n" +
			"   harebell perf --rate 10000 --duration 1m                latency under a steady load\n" +
			"   harebell perf --exchange x --type fanout --queues 10    one message, ten queues",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "url", Usage: "`address` of the broker", Value: "amqp://guest:guest@127.0.0.1:5672/"},
			&cli.IntFlag{Name: "publishers", Aliases: []string{"x"}, Usage: "`number` of connections that publish", Value: 1},
			&cli.IntFlag{Name: "consumers", Aliases: []string{"y"}, Usage: "`number` of connections that consume", Value: 1},
			&cli.IntFlag{Name: "queues", Usage: "`number` of queues, which publishers and consumers take in turn", Value: 1},
			&cli.StringFlag{Name: "queue", Usage: "`name` that the queues' names begin with", Value: "harebell-perf"},
			&cli.StringFlag{Name: "exchange", Usage: "`name` of an exchange to publish to, instead of the default exchange"},
			&cli.StringFlag{Name: "type", Usage: "`type` of that exchange, direct if not given"},
			&cli.StringFlag{Name: "routing-key", Usage: "`key` of all messages and bindings, instead of the names of the queues"},
			&cli.IntFlag{Name: "size", Usage: "`octets` of a body", Value: 16},
			&cli.BoolFlag{Name: "persistent", Usage: "persistent messages, durable queues", DisableDefaultText: true},
			&cli.IntFlag{Name: "confirm", Usage: "`number` of messages a publisher may have unconfirmed; 0 is without confirms"},
			&cli.BoolFlag{Name: "ack", Usage: "acknowledge deliveries; --ack=false and --no-ack do not", Value: true, DisableDefaultText: true},
			&cli.BoolFlag{Name: "no-ack", Usage: "consume without acknowledging", DisableDefaultText: true},
			&cli.IntFlag{Name: "prefetch", Usage: "`number` of messages a consumer may have unacknowledged; 0 is no limit"},
			&cli.IntFlag{Name: "ack-every", Usage: "`number` of messages to acknowledge at once", Value: 1},
			&cli.Float64Flag{Name: "rate", Usage: "`messages` a second of all publishers together; 0 is as fast as possible"},
			&cli.DurationFlag{Name: "duration", Usage: "`time` to measure", DefaultText: "10s, or no limit if --messages is given"},
			&cli.IntFlag{Name: "messages", Usage: "`number` of messages after which to end; 0 is no limit"},
			&cli.DurationFlag{Name: "warmup", Usage: "`time` before the measurement", DefaultText: "none"},
			&cli.BoolFlag{Name: "latency", Usage: "measure latency, with bodies of at least 16 octets", DefaultText: "true if --rate is given"},
			&cli.BoolFlag{Name: "json", Usage: "print the summary as one JSON object", DisableDefaultText: true},
			&cli.BoolFlag{Name: "keep", Usage: "do not delete the queues and the exchange at the end", DisableDefaultText: true},
		},
		Action: runPerf,
	}
}

func runPerf(c *cli.Context) error {
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	defer stop()
	summary, err := perf.Run(ctx, perfOptions(c), c.App.ErrWriter)
	if summary.Elapsed == 0 {
		return err
	}
	write := summary.WriteText
	if c.Bool("json") {
		write = summary.WriteJSON
	}
	if failed := write(c.App.Writer); err == nil {
		err = failed
	}
	return err
}

func perfOptions(c *cli.Context) perf.Options {
	o := perf.Options{
		URL:        c.String("url"),
		Publishers: c.Int("publishers"),
		Consumers:  c.Int("consumers"),
		Queue:      c.String("queue"),
		Queues:     c.Int("queues"),
		Exchange:   c.String("exchange"),
		Type:       c.String("type"),
		RoutingKey: c.String("routing-key"),
		Size:       c.Int("size"),
		Persistent: c.Bool("persistent"),
		Confirm:    c.Int("confirm"),
		NoAck:      c.Bool("no-ack") || !c.Bool("ack"),
		Prefetch:   c.Int("prefetch"),
		AckEvery:   c.Int("ack-every"),
		Rate:       c.Float64("rate"),
		Messages:   c.Int("messages"),
		Duration:   c.Duration("duration"),
		Warmup:     c.Duration("warmup"),
		Latency:    c.Bool("latency"),
		Keep:       c.Bool("keep"),
	}
	if o.Duration == 0 && o.Messages == 0 {
		o.Duration = 10 * time.Second
	}
	if !c.IsSet("latency") {
		o.Latency = o.Rate > 0 && o.Size >= perf.StampSize
	}
	return o
}
