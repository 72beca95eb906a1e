package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/harebellmq/harebell/cmd/harebell/rabbitmqadmin"
	"github.com/harebellmq/harebell/cmd/harebell/rabbitmqctl"
	"github.com/harebellmq/harebell/internal/control"
)

// The program answers to the names of RabbitMQ's tools as well: when it is called by one,
// through a link, or with one as its first argument.
const (
	serverTool = "rabbitmq-server"
	adminTool  = "rabbitmqadmin"
)

// toolNames are the names of RabbitMQ's tools that the program has.
func toolNames() []string { return append(slices.Clone(rabbitmqctl.Tools), adminTool, serverTool) }

// calledAs returns the tool that the program was called as, "" for none.
func calledAs(program string) string {
	name := strings.TrimSuffix(filepath.Base(program), ".exe")
	if slices.Contains(toolNames(), name) {
		return name
	}
	return ""
}

// runTool carries out a tool's command line, and returns the exit code.
func runTool(ctx context.Context, name string, arguments []string) int {
	if name == serverTool {
		if err := newApp().RunContext(ctx, append([]string{"harebell", "serve"}, serverFlags(arguments)...)); err != nil {
			complain(err)
			return exitCode(err)
		}
		return 0
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if name == adminTool {
		return rabbitmqadmin.Run(ctx, arguments, rabbitmqadmin.Env{
			Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Home: os.Getenv("HOME"), Version: version(),
		})
	}
	return rabbitmqctl.Run(ctx, name, arguments, rabbitmqctl.Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Find: findBroker,
	})
}

// serverFlags leaves out what RabbitMQ's script takes to go into the background: that is
// what service managers are for.
func serverFlags(arguments []string) []string {
	return slices.DeleteFunc(slices.Clone(arguments), func(a string) bool { return a == "-detached" })
}

// findBroker returns the broker of the settings on this machine: those that serve takes
// without flags.
func findBroker() (b rabbitmqctl.Broker, err error) {
	s, err := foundSettings(os.Getenv("HAREBELL_CONFIG"))
	if err != nil {
		return b, err
	}
	c := s.Config()
	path := controlSocket(c)
	if c.Memory && c.ControlSocket == "" && path != "" { // it is among everybody's files
		if err := control.Private(filepath.Dir(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return b, err
		}
	}
	return rabbitmqctl.Broker{Node: c.NodeName(), Socket: path, Version: c.Version}, nil
}

// toolCommands are the tools as commands of the program, for who has no links.
func toolCommands() []*cli.Command {
	var all []*cli.Command
	for _, name := range toolNames() {
		all = append(all, &cli.Command{
			Name: name, Usage: "what RabbitMQ's " + name + " does; see harebell " + name + " help", Category: "RabbitMQ's tools",
			SkipFlagParsing: true, HideHelpCommand: true,
			Action: func(c *cli.Context) error {
				if code := runTool(c.Context, name, c.Args().Slice()); code != 0 {
					return ended(code)
				}
				return nil
			},
		})
	}
	return all
}

// An ended is a code to end with when all is said.
type ended int

func (ended) Error() string { return "" }
