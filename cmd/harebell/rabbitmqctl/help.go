package rabbitmqctl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// usage is how a command is called.
func usage(name string, c *command) string {
	return strings.TrimSpace(fmt.Sprintf("%s [--node <node>] [--longnames] [--quiet] %s %s", name, c.name, c.usage))
}

// overview lists the commands of a tool by their sections.
func overview(name string) string {
	all := commandsOf(name)
	widest := 0
	for _, c := range all {
		widest = max(widest, len(c.name))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n%s [--node <node>] [--timeout <timeout>] [--longnames] [--quiet] <command> [<command options>]\n\nAvailable commands:\n", tool.Bold("Usage"), name)
	for _, title := range titles {
		var of []*command
		for _, c := range all {
			if c.title == title {
				of = append(of, c)
			}
		}
		if len(of) == 0 {
			continue
		}
		slices.SortFunc(of, func(a, b *command) int { return strings.Compare(a.name, b.name) })
		fmt.Fprintf(&b, "\n%s:\n\n", tool.Bold(title))
		for _, c := range of {
			fmt.Fprintf(&b, "   %-*s  %s\n", widest, c.name, c.about)
		}
	}
	fmt.Fprintf(&b, "\nUse '%s help <command>' to learn more about a specific command", name)
	return b.String()
}

// page is the help for one command.
func page(name string, c *command) string {
	text := fmt.Sprintf("\n%s\n\n%s\n\n%s.\n\n", tool.Bold("Usage"), usage(name, c), strings.TrimSuffix(c.about, "."))
	if c.columns != nil {
		names := c.columns.names()
		slices.Sort(names)
		text += fmt.Sprintf("\n%s\n\n<column>\n\tmust be one of %s\n\n", tool.Bold("Arguments and Options"), strings.Join(names, ", "))
	}
	return text + "\n" + tool.Bold("General Options") + generalHelp
}

const generalHelp = `

The following options are accepted by most or all commands.

short            | long          | description
-----------------|---------------|--------------------------------
-?               | --help        | displays command help
-n <node>        | --node <node> | the broker's name, which must be that of this machine's
-t               | --timeout <n> | operation timeout in seconds
-q               | --quiet       | suppress informational messages
-s               | --silent      | suppress informational messages
                                 | and table header row
-p               | --vhost       | for commands that are scoped to a virtual host,
                 |               | virtual host to use
                 | --formatter   | result formatter to use: json, pretty_table, table, csv
`

func help(c *call) (any, error) {
	if len(c.arguments) == 0 {
		return text(overview(c.tool)), nil
	}
	about := find(c.tool, c.arguments[0])
	if about == nil {
		return nil, failf(exitUsage, "\nCommand '%s' not found.", c.arguments[0])
	}
	return text(page(c.tool, about)), nil
}

// autocomplete lists the commands that begin like this.
func autocomplete(c *call) (any, error) {
	var names []string
	for _, name := range Commands(c.tool) {
		if len(c.arguments) == 0 || strings.HasPrefix(name, c.arguments[0]) {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil, nil
	}
	return text(strings.Join(names, "\n")), nil
}

// Commands are the names of a tool's commands, in order.
func Commands(name string) []string {
	var names []string
	for _, c := range commandsOf(name) {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return names
}

// version tells the version of RabbitMQ that the settings have the broker be like.
func version(c *call) (any, error) {
	broker, err := c.Find()
	if err != nil {
		return nil, err
	}
	return text(broker.Version), nil
}
