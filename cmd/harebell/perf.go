package main

import (
	"context"
	"io"
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
			"   harebell perf --exchange x --type fanout --queues 10    one message, ten queues\n" +
			"   harebell perf churn --of queue --durable                queues made and deleted\n" +
			"   harebell perf many --of connections --number 1000       a load beside idle connections",
		Flags: []cli.Flag{
			urlFlag(),
			&cli.IntFlag{Name: "publishers", Aliases: []string{"x"}, Usage: "`number` of connections that publish", Value: 1},
			&cli.IntFlag{Name: "consumers", Aliases: []string{"y"}, Usage: "`number` of connections that consume", Value: 1},
			&cli.IntFlag{Name: "queues", Usage: "`number` of queues, which publishers and consumers take in turn", Value: 1},
			queueFlag(),
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
			&cli.Float64Flag{Name: "consumer-rate", Usage: "`messages` a second that all consumers take; 0 is as fast as they come"},
			&cli.DurationFlag{Name: "duration", Usage: "`time` to measure", DefaultText: "10s, or no limit if --messages is given"},
			&cli.IntFlag{Name: "messages", Usage: "`number` of messages after which to end; 0 is no limit"},
			warmupFlag(),
			&cli.BoolFlag{Name: "latency", Usage: "measure latency, with bodies of at least 16 octets", DefaultText: "true if --rate is given"},
			jsonFlag(),
			keepFlag(),
		},
		Action: func(c *cli.Context) error {
			return measure(c, func(ctx context.Context, progress io.Writer) (summary, time.Duration, error) {
				s, err := perf.Run(ctx, perfOptions(c), progress)
				return &s, s.Elapsed, err
			})
		},
		Subcommands: []*cli.Command{churnCommand(), manyCommand()},
	}
}

// A summary is what there is to say when something was measured.
type summary interface {
	WriteText(io.Writer) error
	WriteJSON(io.Writer) error
}

// measure runs until it is done or the process is told to end, and writes the
// summary if any time was measured.
func measure(c *cli.Context, run func(ctx context.Context, progress io.Writer) (summary, time.Duration, error)) error {
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, elapsed, err := run(ctx, c.App.ErrWriter)
	if elapsed == 0 {
		return err
	}
	write := s.WriteText
	if c.Bool("json") {
		write = s.WriteJSON
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

		ConsumerRate: c.Float64("consumer-rate"),
	}
	if o.Duration == 0 && o.Messages == 0 {
		o.Duration = 10 * time.Second
	}
	if !c.IsSet("latency") {
		o.Latency = o.Rate > 0 && o.Size >= perf.StampSize
	}
	return o
}

func urlFlag() cli.Flag {
	return &cli.StringFlag{Name: "url", Usage: "`address` of the broker", Value: "amqp://guest:guest@127.0.0.1:5672/"}
}

func queueFlag() cli.Flag {
	return &cli.StringFlag{Name: "queue", Usage: "`name` that the queues' names begin with", Value: "harebell-perf"}
}

func warmupFlag() cli.Flag {
	return &cli.DurationFlag{Name: "warmup", Usage: "`time` before the measurement", DefaultText: "none"}
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print the summary as one JSON object", DisableDefaultText: true}
}

func keepFlag() cli.Flag {
	return &cli.BoolFlag{Name: "keep", Usage: "do not delete the queues and the exchange at the end", DisableDefaultText: true}
}
