// Harebell is a message broker that speaks AMQP 0-9-1, for clients made for
// RabbitMQ.
//
//	harebell serve --data-dir /var/lib/harebell
//
// harebell --help lists the other commands, and harebell serve --help all
// settings. Called as rabbitmqctl, rabbitmq-diagnostics, rabbitmq-plugins or
// rabbitmqadmin it does what these do; harebell install-links makes the links.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

func main() {
	if name := calledAs(os.Args[0]); name != "" {
		os.Exit(runTool(context.Background(), name, os.Args[1:]))
	}
	if err := newApp().Run(os.Args); err != nil {
		if code, ok := errors.AsType[ended](err); ok {
			os.Exit(int(code))
		}
		complain(err)
		os.Exit(exitCode(err))
	}
}

// A failure is an error that ends the program with a code of its own instead of 1.
type failure struct {
	error
	code int
}

func exitCode(err error) int {
	if f, ok := errors.AsType[failure](err); ok {
		return f.code
	}
	return 1
}

// complain writes an error to standard error: a line for each mistake.
func complain(err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(os.Stderr, "harebell:", line)
	}
}

func newApp() *cli.App {
	app := cli.NewApp()
	app.Name = "harebell"
	app.Usage = "a message broker that speaks AMQP 0-9-1, for clients made for RabbitMQ"
	app.Version = version()
	app.HideVersion = true // there is a command for it
	app.HideHelpCommand = true
	app.Commands = []*cli.Command{
		serveCommand(), configCommand(), pingCommand(), perfCommand(), testCommand(), linksCommand(), completionCommand(), versionCommand(),
	}
	app.Action = func(c *cli.Context) error {
		if c.Args().Present() {
			return fmt.Errorf("%s: there is no such command; see harebell --help", c.Args().First())
		}
		return cli.ShowAppHelp(c)
	}
	app.OnUsageError = plainError
	plain(app.Commands)
	app.Commands = append(app.Commands, toolCommands()...)
	return app
}

// plain makes commands, and those below them, take flags only and say plainly
// what is wrong with them.
func plain(commands []*cli.Command) {
	for _, command := range commands {
		command.HideHelpCommand = true
		if slices.Contains([]string{testName, linksName, completionName}, command.Name) {
			continue // they see to their arguments themselves
		}
		command.OnUsageError = plainError
		command.Before = noArguments
		plain(command.Subcommands)
	}
}

// plainError keeps the page of help away from a mistake in the flags.
func plainError(_ *cli.Context, err error, _ bool) error { return err }

// noArguments refuses what stands behind the flags: no command takes anything
// but a command below it.
func noArguments(c *cli.Context) error {
	if first := c.Args().First(); first != "" && c.Command.Command(first) == nil {
		return fmt.Errorf("%s: %s takes no arguments, only flags", first, c.Command.HelpName)
	}
	return nil
}
