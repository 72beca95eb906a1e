package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/conformance"
)

// reportCommand shows results again that were printed as JSON.
func reportCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "show what --json printed: as a table, or with --html as a page",
		ArgsUsage: "FILE...",
		Flags:     []cli.Flag{htmlFlag()},
		Action: func(c *cli.Context) error {
			reports, err := readReports(c.Args().Slice())
			if err != nil {
				return err
			}
			if err := show(c, out, reports); err != nil {
				return err
			}
			return verdict(reports)
		},
	}
}

// readReports reads the results of files, each of which may hold several reports.
func readReports(names []string) (all []conformance.Report, err error) {
	if len(names) == 0 {
		return nil, errors.New("report: a FILE is needed that --json wrote; flags come before it")
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var reports []conformance.Report
		if err := json.Unmarshal(content, &reports); err != nil {
			return nil, fmt.Errorf("%s: not what --json prints: %w", name, err)
		}
		all = append(all, reports...)
	}
	if len(all) == 0 {
		return nil, errors.New("report: no results in any FILE")
	}
	return all, nil
}
