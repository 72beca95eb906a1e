package main

import (
	"context"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/internal/perf"
)

func manyCommand() *cli.Command {
	return &cli.Command{
		Name:  "many",
		Usage: "make many of something, and a load while they are there",
		Description: "The load beside connections, which are idle consumers, goes through a queue of its\n" +
			"own; to queues it is one that takes them in turn; and bindings, of one queue to a\n" +
			"topic exchange, are matched in turn.",
		Flags: []cli.Flag{
			urlFlag(),
			&cli.StringFlag{Name: "of", Usage: "connections (each with a channel and a consumer), queues or bindings", Value: "connections"},
			&cli.IntFlag{Name: "number", Usage: "`number` of them", Value: 1000},
			&cli.BoolFlag{Name: "durable", Usage: "durable queues and bindings, persistent messages", DisableDefaultText: true},
			&cli.IntFlag{Name: "connections", Usage: "`number` of connections that make them side by side", Value: 1},
			queueFlag(),
			&cli.DurationFlag{Name: "rest", Usage: "`time` between making them and the load", DefaultText: "none"},
			&cli.IntFlag{Name: "size", Usage: "`octets` of a body", Value: 16},
			&cli.IntFlag{Name: "confirm", Usage: "`number` of messages that may be unconfirmed; 0 is without confirms"},
			&cli.IntFlag{Name: "messages", Usage: "`number` of messages after which the load ends; 0 is no limit"},
			&cli.DurationFlag{Name: "duration", Usage: "`time` to measure the load; 0 is without a load", DefaultText: "10s, or no limit if --messages is given"},
			warmupFlag(),
			jsonFlag(),
			keepFlag(),
		},
		Action: func(c *cli.Context) error {
			return measure(c, func(ctx context.Context, progress io.Writer) (summary, time.Duration, error) {
				s, err := perf.RunMany(ctx, manyOptions(c), progress)
				return &s, s.Elapsed, err
			})
		},
	}
}

func manyOptions(c *cli.Context) perf.Many {
	o := perf.Many{
		URL:         c.String("url"),
		Of:          c.String("of"),
		Number:      c.Int("number"),
		Durable:     c.Bool("durable"),
		Connections: c.Int("connections"),
		Queue:       c.String("queue"),
		Rest:        c.Duration("rest"),
		Size:        c.Int("size"),
		Confirm:     c.Int("confirm"),
		Messages:    c.Int("messages"),
		Duration:    c.Duration("duration"),
		Warmup:      c.Duration("warmup"),
		Keep:        c.Bool("keep"),
	}
	if !c.IsSet("duration") && o.Messages == 0 {
		o.Duration = 10 * time.Second
	}
	return o
}
