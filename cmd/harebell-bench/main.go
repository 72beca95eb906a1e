// Harebell-bench measures Harebell beside its peers, pair by pair, and makes a
// page of what came of it.
//
//	harebell-bench --json results.json
//	harebell-bench page results.json
//
// It starts the brokers itself, each anew for every run.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/internal/bench"
)

func main() {
	if err := newApp(os.Stdout, os.Stderr).Run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "harebell-bench:", err)
		os.Exit(1)
	}
}

func newApp(out, progress io.Writer) *cli.App {
	app := cli.NewApp()
	app.Name = "harebell-bench"
	app.Usage = "measure Harebell beside its peers"
	app.Description = "Each load is made on each broker in turn, and again for each pair. Every run has a\n" +
		"broker process and a data directory of its own."
	app.HideHelpCommand = true
	app.HideVersion = true
	app.Writer, app.ErrWriter = out, progress
	app.Flags = []cli.Flag{
		&cli.IntFlag{Name: "pairs", Usage: "`number` of runs of each load on each broker", Value: 3},
		&cli.IntFlag{Name: "seconds", Usage: "`number` of seconds that each load is measured", Value: 5},
		&cli.StringFlag{Name: "shapes", Usage: "make only loads whose names match the `regexp`"},
		&cli.BoolFlag{Name: "list", Usage: "list the loads, and make none", DisableDefaultText: true},
		&cli.StringFlag{Name: "brokers", Usage: "measure only these, `names` separated by commas", DefaultText: "all that are there"},
		&cli.StringSliceFlag{Name: "broker", Usage: "`name=amqp://…` of one that runs already, with ,pid=N to see what it takes; may be given several times"},
		&cli.BoolFlag{Name: "full", Usage: "more points, and a backlog of ten million: takes hours", DisableDefaultText: true},
		&cli.StringFlag{Name: "json", Usage: "write the results to `file`, after each run, for the page command"},
		&cli.BoolFlag{Name: "add", Usage: "keep what the --json file holds of other loads, and of those that are broken off", DisableDefaultText: true},
		&cli.StringFlag{Name: "harebell", Usage: "`path` of the harebell program", Value: besideUs("harebell"), DefaultText: "beside this one"},
		&cli.StringFlag{Name: "dir", Usage: "`directory` to make data directories in; on a real disk, as that is measured", DefaultText: "the system's for temporary files"},
		&cli.IntFlag{Name: "port", Usage: "`number` of the first port to try for the brokers", Value: 26200},
	}
	app.OnUsageError = func(_ *cli.Context, err error, _ bool) error { return err }
	app.ExitErrHandler = func(*cli.Context, error) {} // main exits
	app.Action = func(c *cli.Context) error { return measure(c, out, progress) }
	app.Commands = []*cli.Command{pageCommand(), {
		Name: bench.EchoCommand, Hidden: true, Usage: "be the other end of connections that are measured",
		Action: func(c *cli.Context) error { return bench.Echo(os.Stdin, out) },
	}}
	return app
}

// besideUs returns the path of a program in the directory of this one.
func besideUs(name string) string {
	us, err := os.Executable()
	if err != nil {
		return name
	}
	return filepath.Join(filepath.Dir(us), name)
}
