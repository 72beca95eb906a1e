// Harebell-conformance holds the rules of AMQP 0-9-1, as RabbitMQ's clients
// know it, against any broker.
//
//	harebell-conformance --url amqp://guest:guest@127.0.0.1:5672/
//
// It exits with 0 only if all rules that apply hold; 1 if some do not, and 2 if
// they could not be checked.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"
)

// errDiffers says that the rules were checked and some did not hold.
var errDiffers = errors.New("some rules do not hold")

func main() {
	err := newApp(os.Stdout, os.Stderr).Run(os.Args)
	switch {
	case errors.Is(err, errDiffers):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "harebell-conformance:", err)
		os.Exit(2)
	}
}

func newApp(out, progress io.Writer) *cli.App {
	app := cli.NewApp()
	app.Name = "harebell-conformance"
	app.Usage = "hold the rules of AMQP 0-9-1 against any broker"
	app.HideHelpCommand = true
	app.HideVersion = true
	app.Writer = out
	app.Flags = []cli.Flag{
		&cli.StringSliceFlag{Name: "url", Usage: "`ADDRESS` of the broker; several make several columns", EnvVars: []string{"AMQP_URL"}},
		&cli.StringSliceFlag{Name: "management-url", Usage: "`ADDRESS` of the broker's management API, http://user:password@host:port; one for each --url", EnvVars: []string{"MANAGEMENT_URL"}},
		&cli.StringFlag{Name: "run", Usage: "check only rules whose name matches the `REGEXP`"},
		&cli.BoolFlag{Name: "short", Usage: "leave out what waits for a broker's own timers"},
		&cli.IntFlag{Name: "parallel", Value: 16, Usage: "check so many rules at a time"},
		&cli.StringFlag{Name: "restart", Usage: "restart the broker by the shell `COMMAND`, to see what survives", EnvVars: []string{"RESTART_CMD"}},
		&cli.BoolFlag{Name: "json", Usage: "print the results as JSON instead of a table"},
		htmlFlag(),
		&cli.StringFlag{Name: "record", Usage: "write the totals to `FILE`, for the page command"},
	}
	app.OnUsageError = func(_ *cli.Context, err error, _ bool) error { return err }
	app.ExitErrHandler = func(*cli.Context, error) {} // main exits
	app.Action = func(c *cli.Context) error { return judge(c, out, progress) }
	app.Commands = []*cli.Command{pageCommand(out), reportCommand(out)}
	return app
}

func htmlFlag() cli.Flag {
	return &cli.StringFlag{Name: "html", Usage: "write a page of the results to `FILE`"}
}
