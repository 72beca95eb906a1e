package main

import (
	"errors"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/conformance/report"
)

// pageCommand prints the page about compatibility, docs/compatibility.md.
func pageCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "page",
		Usage:     "print the page about compatibility from what --record wrote",
		ArgsUsage: "FILE",
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return errors.New("page: one FILE is needed")
			}
			return printPage(out, c.Args().First())
		},
	}
}

func printPage(out io.Writer, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	records, err := report.ReadRecord(file)
	if err != nil {
		return err
	}
	return report.Page(out, records)
}
