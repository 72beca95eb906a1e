package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/internal/testapi"
)

// The codes with which "harebell test" ends.
const (
	notSo    = 1 // what was awaited has not come, or the broker is in no state for it
	notAsked = 2 // the broker could not be asked, or not like this
)

// A question is a command of "harebell test": it asks the test API something, and
// shows the answer.
type question struct {
	name        string
	arguments   string // those in brackets may be left out; ... are any number
	usage       string
	description string
	flags       []cli.Flag

	ask  func(c *cli.Context, arguments []string) (request, error)
	show func(w io.Writer, answer []byte) error                              // nil for nothing to show
	run  func(c *cli.Context, client *testapi.Client, request request) error // nil for asking once
}

// A request is what is sent.
type request struct {
	method, path string
	body         any
}

// testName is the command whose commands take arguments.
const testName = "test"

func testCommand() *cli.Command {
	return &cli.Command{
		Name:  testName,
		Usage: "do with a broker what tests need: move its clock on, make faults, look inside",
		Description: "Asks a broker that was started with --test-api. Ends with 0, with 1 if what was\n" +
			"awaited or checked is not so, and with 2 if the broker could not be asked.",
		Subcommands: append(commands(questions()), &cli.Command{
			Name: "fault", Usage: "have something go wrong with the messages that flags pick",
			Subcommands: commands(faultQuestions()), Action: noCommand, HideHelpCommand: true, OnUsageError: wrongUsage,
		}),
		Action:       noCommand,
		OnUsageError: wrongUsage,
	}
}

// noCommand is for whoever names no command, or one that is not there.
func noCommand(c *cli.Context) error {
	if c.Args().Present() {
		return failure{fmt.Errorf("%s: there is no such command; see %s --help", c.Args().First(), c.Command.HelpName), notAsked}
	}
	return cli.ShowSubcommandHelp(c)
}

func wrongUsage(_ *cli.Context, err error, _ bool) error { return failure{err, notAsked} }

// commands makes commands of questions.
func commands(questions []question) []*cli.Command {
	var all []*cli.Command
	for _, q := range questions {
		all = append(all, &cli.Command{
			Name: q.name, Usage: q.usage, Description: q.description, ArgsUsage: cmp.Or(q.arguments, " "),
			Flags: append(q.flags,
				&cli.StringFlag{Name: "url", Usage: "`address` of the test API", Value: "http://127.0.0.1:15673", EnvVars: []string{"HAREBELL_TEST_URL"}},
				&cli.BoolFlag{Name: "json", Usage: "print the answer as it is, in JSON", DisableDefaultText: true}),
			Action:          q.action,
			OnUsageError:    wrongUsage,
			HideHelpCommand: true,
		})
	}
	return all
}

// action asks, and shows the answer.
func (q question) action(c *cli.Context) error {
	arguments, err := q.take(c)
	if err != nil {
		return failure{err, notAsked}
	}
	r, err := q.ask(c, arguments)
	if err != nil {
		return failure{err, notAsked}
	}
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	defer stop()
	c.Context = ctx
	run := q.run
	if run == nil {
		run = q.once
	}
	err = run(c, &testapi.Client{URL: c.String("url")}, r)
	if p, ok := errors.AsType[*testapi.Problem](err); ok && p.Status == 409 {
		return failure{err, notSo}
	}
	if err != nil {
		return failure{err, notAsked}
	}
	return nil
}

// once asks once.
func (q question) once(c *cli.Context, client *testapi.Client, r request) error {
	var answer json.RawMessage
	if err := client.Do(c.Context, r.method, r.path, r.body, &answer); err != nil {
		return err
	}
	switch {
	case len(answer) == 0:
		return nil
	case c.Bool("json"):
		_, err := fmt.Fprintf(c.App.Writer, "%s\n", answer)
		return err
	case q.show == nil:
		return nil
	}
	return q.show(c.App.Writer, answer)
}

// take returns the arguments of a command, and sets the flags that follow on some
// of them, which the parser of flags leaves alone.
func (q question) take(c *cli.Context) (arguments []string, err error) {
	for rest := c.Args().Slice(); len(rest) > 0; rest = rest[1:] {
		name, isFlag := strings.CutPrefix(rest[0], "-")
		if !isFlag || name == "" {
			arguments = append(arguments, rest[0])
			continue
		}
		name, value, given := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		at := slices.IndexFunc(c.Command.Flags, func(f cli.Flag) bool { return f.Names()[0] == name })
		if at < 0 {
			return nil, fmt.Errorf("flag provided but not defined: -%s", name)
		}
		if _, isSwitch := c.Command.Flags[at].(*cli.BoolFlag); !given && isSwitch {
			value = "true"
		} else if !given {
			if len(rest) < 2 {
				return nil, fmt.Errorf("flag needs an argument: -%s", name)
			}
			rest = rest[1:]
			value = rest[0]
		}
		if err := c.Set(name, value); err != nil {
			return nil, fmt.Errorf("invalid value %q for flag -%s: %w", value, name, err)
		}
	}
	words := strings.Fields(q.arguments)
	least := len(slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.HasPrefix(w, "[") }))
	if n := len(arguments); n < least || n > len(words) && !strings.HasSuffix(q.arguments, "...") {
		return nil, fmt.Errorf("got %d arguments: want %s", n, strings.TrimSpace(c.Command.HelpName+" "+q.arguments))
	}
	return arguments, nil
}

// followJournal asks for events again and again until it is interrupted.
func followJournal(c *cli.Context, client *testapi.Client, r request) error {
	if !c.Bool("follow") {
		return question{show: showJournal}.once(c, client, r)
	}
	query := journalQuery(c)
	query.Set("wait", "1")
	query.Set("timeout", "1m")
	for {
		var answer struct {
			Events []json.RawMessage `json:"events"`
			Last   int               `json:"last"`
		}
		err := client.Do(c.Context, "GET", testapi.Path("journal")+"?"+query.Encode(), nil, &answer)
		if p, ok := errors.AsType[*testapi.Problem](err); ok && p.Code == testapi.NotMet {
			continue // nothing has happened
		}
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, e := range answer.Events {
			if err := showEvent(c.App.Writer, e, c.Bool("json")); err != nil {
				return err
			}
		}
		query.Set("after", fmt.Sprint(answer.Last))
	}
}
