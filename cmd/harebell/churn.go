package main

import (
	"context"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/internal/perf"
)

func churnCommand() *cli.Command {
	return &cli.Command{
		Name:  "churn",
		Usage: "open and close, or create and delete, over and over",
		Flags: []cli.Flag{
			urlFlag(),
			&cli.StringFlag{Name: "of", Usage: "connection (with a channel), channel, consumer, queue or binding", Value: "connection"},
			&cli.BoolFlag{Name: "durable", Usage: "durable queues and bindings", DisableDefaultText: true},
			&cli.IntFlag{Name: "connections", Usage: "`number` of connections that do it side by side, each on a channel", Value: 1},
			queueFlag(),
			&cli.IntFlag{Name: "cycles", Usage: "`number` of cycles after which to end; 0 is no limit"},
			&cli.DurationFlag{Name: "duration", Usage: "`time` to measure", DefaultText: "10s, or no limit if --cycles is given"},
			warmupFlag(),
			jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			return measure(c, func(ctx context.Context, progress io.Writer) (summary, time.Duration, error) {
				s, err := perf.RunChurn(ctx, churnOptions(c), progress)
				return &s, s.Elapsed, err
			})
		},
	}
}

func churnOptions(c *cli.Context) perf.Churn {
	o := perf.Churn{
		URL:         c.String("url"),
		Of:          c.String("of"),
		Durable:     c.Bool("durable"),
		Connections: c.Int("connections"),
		Queue:       c.String("queue"),
		Cycles:      c.Int("cycles"),
		Duration:    c.Duration("duration"),
		Warmup:      c.Duration("warmup"),
	}
	if o.Duration == 0 && o.Cycles == 0 {
		o.Duration = 10 * time.Second
	}
	return o
}
