package main

import (
	"errors"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/internal/bench"
	"github.com/harebellmq/harebell/internal/bench/report"
)

// pageCommand writes the page about performance, docs/performance.md.
func pageCommand() *cli.Command {
	return &cli.Command{
		Name:      "page",
		Usage:     "make the page about performance, and its charts, of what --json wrote",
		ArgsUsage: "FILE",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "`directory` for performance.md and performance/", Value: "docs"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return errors.New("page: one FILE is needed, which --json wrote")
			}
			results, err := read(c.Args().First())
			if err != nil {
				return err
			}
			return report.Write(c.String("out"), results)
		},
	}
}

func read(name string) (*bench.Results, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return bench.Read(f)
}
