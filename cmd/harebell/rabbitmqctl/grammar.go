package rabbitmqctl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// An invocation is a command line that has been understood.
type invocation struct {
	tool      string
	given     []string // as it was written
	command   *command // nil as long as that is not known
	arguments []string
	options   map[string]string

	nodeName  string // "" for the broker of the settings
	vhost     string
	formatter string // "" for the usual one of the command
	quiet     bool
	silent    bool
	headless  bool // no line of headers
	timeout   time.Duration
}

// general are the options of all commands, by all their names. Those that are for the
// machinery of Erlang are taken and mean nothing: scripts for RabbitMQ have them.
var general = map[string]option{
	"-n": {name: "node", value: true}, "--node": {name: "node", value: true},
	"-p": {name: "vhost", value: true}, "--vhost": {name: "vhost", value: true},
	"-t": {name: "timeout", value: true}, "--timeout": {name: "timeout", value: true},
	"-q": {name: "quiet"}, "--quiet": {name: "quiet"},
	"-s": {name: "silent"}, "--silent": {name: "silent"},
	"--formatter": {name: "formatter", value: true}, "--no-table-headers": {name: "no-table-headers"},
	"-?": {name: "help"}, "-h": {name: "help"}, "--help": {name: "help"}, "--version": {name: "version"},

	"-l": {name: "longnames"}, "--longnames": {name: "longnames"}, "--script-name": {name: "script-name", value: true},
	"--rabbitmq-home": {name: "rabbitmq-home", value: true}, "--mnesia-dir": {name: "mnesia-dir", value: true},
	"--plugins-dir": {name: "plugins-dir", value: true}, "--enabled-plugins-file": {name: "enabled-plugins-file", value: true},
	"--erlang-cookie": {name: "erlang-cookie", value: true}, "--aliases-file": {name: "aliases-file", value: true},
}

// An option is one that a command takes.
type option struct {
	name  string // without dashes
	value bool   // something follows it
}

// parse reads a command line. Options may stand anywhere, up to "--"; the first word that
// is none is the command.
func parse(name string, arguments []string) (invocation, error) {
	i := invocation{tool: name, given: arguments, vhost: "/", options: make(map[string]string), timeout: defaultTimeout}
	word := firstWord(arguments)
	i.command = find(name, word)
	known := general
	if i.command != nil {
		known = i.command.known()
	}
	var wrong []string
	for rest := arguments; len(rest) > 0; rest = rest[1:] {
		one := rest[0]
		if one == "--" {
			i.arguments = append(i.arguments, rest[1:]...)
			break
		}
		if len(one) < 2 || one[0] != '-' {
			i.arguments = append(i.arguments, one)
			continue
		}
		written, value, given := strings.Cut(one, "=")
		o, ok := known[written]
		switch {
		case !ok || given && !o.value:
			wrong = append(wrong, written+" : "+value)
			continue
		case !o.value:
			value = "true"
		case !given:
			if len(rest) < 2 || isOption(rest[1]) {
				wrong = append(wrong, written+" : ")
				continue
			}
			rest = rest[1:]
			value = rest[0]
		}
		if o.name == "timeout" {
			if i.timeout, ok = parseTimeout(value); !ok {
				wrong = append(wrong, written+" : "+value)
			}
		}
		i.options[o.name] = value
	}
	i.settle()
	return i.check(word, wrong)
}

// isOption tells an option from a negative number.
func isOption(word string) bool {
	_, err := strconv.ParseFloat(word, 64)
	return len(word) > 1 && word[0] == '-' && err != nil
}

// firstWord finds the command among the arguments before it is known what it takes.
func firstWord(arguments []string) string {
	for j := 0; j < len(arguments); j++ {
		one := arguments[j]
		switch {
		case one == "--" && j+1 < len(arguments):
			return arguments[j+1]
		case len(one) < 2 || one[0] != '-':
			return one
		case general[one].value:
			j++
		}
	}
	return ""
}

// settle takes what is common to all commands out of the options.
func (i *invocation) settle() {
	if len(i.arguments) > 0 {
		i.arguments = i.arguments[1:] // the command
	}
	i.nodeName = i.options["node"]
	if vhost, ok := i.options["vhost"]; ok {
		i.vhost = vhost
	}
	i.formatter = i.options["formatter"]
	i.silent = i.options["silent"] != ""
	i.quiet = i.silent || i.options["quiet"] != ""
	i.headless = i.silent || i.options["no-table-headers"] != ""
}

// parseTimeout reads a number of seconds; 0 is for no limit.
func parseTimeout(given string) (time.Duration, bool) {
	if given == "infinity" {
		return 0, true
	}
	seconds, err := strconv.ParseFloat(given, 64)
	return time.Duration(seconds * float64(time.Second)), err == nil && seconds >= 0 && seconds <= 1e9
}

// check sees that the command line is one that there is.
func (i invocation) check(word string, wrong []string) (invocation, error) {
	_, help := i.options["help"]
	_, version := i.options["version"]
	switch {
	case version && word == "":
		i.command = find(i.tool, "version")
		return i, nil
	case i.command == nil && help && word == "":
		i.command, i.arguments = find(i.tool, "help"), nil
		return i, nil
	case i.command == nil:
		return i, &unknownCommand{i.tool, word}
	case help:
		i.command, i.arguments = find(i.tool, "help"), []string{i.command.name}
		return i, nil
	case len(wrong) > 0:
		return i, i.misused(exitUsage, "Invalid options for this command:\n"+strings.Join(wrong, "\n"))
	case len(i.arguments) < i.command.least:
		return i, i.misused(exitUsage, "not enough arguments.")
	case i.command.most >= 0 && len(i.arguments) > i.command.most:
		return i, i.misused(exitUsage, "too many arguments.")
	}
	if i.formatter != "" && !slices.Contains(formatters, i.formatter) {
		return i, i.misused(exitUsage, fmt.Sprintf("no formatter %s: want one of %s", i.formatter, strings.Join(formatters, ", ")))
	}
	if i.command.columns != nil {
		if err := i.checkColumns(); err != nil {
			return i, err
		}
	}
	if i.command.check != nil {
		switch code, text := i.command.check(i); code {
		case 0:
		case exitUnavailable: // rabbitmq: so it is where the command line is right
			return i, failf(code, "%s", text)
		default:
			return i, i.misused(code, text)
		}
	}
	return i, nil
}

// checkColumns sees that the columns asked for are there.
//
// rabbitmq: words with commas or blanks between columns are taken apart
func (i *invocation) checkColumns() error {
	var wanted, strange []string
	for _, word := range i.arguments {
		wanted = append(wanted, strings.FieldsFunc(word, func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	for _, name := range wanted {
		if !slices.Contains(i.command.columns.names(), name) {
			strange = append(strange, name)
		}
	}
	slices.Sort(strange)
	if len(strange) > 0 {
		return i.misused(exitUsage, fmt.Sprintf("Info key(s) %s are not supported", strings.Join(slices.Compact(strange), ",")))
	}
	i.arguments = wanted
	return nil
}

// known are the options of a command, by all their names.
func (c *command) known() map[string]option {
	all := make(map[string]option, len(general)+len(c.options))
	for written, o := range general {
		all[written] = o
	}
	for _, o := range c.options {
		written := "--" + o.name
		if len(o.name) == 1 {
			written = "-" + o.name
		}
		all[written] = o
	}
	return all
}

// find returns a tool's command of that name, nil if it has none.
func find(name, word string) *command {
	for _, c := range commandsOf(name) {
		if c.name == word {
			return c
		}
	}
	return nil
}

// An unknownCommand is a command that a tool does not have.
type unknownCommand struct{ tool, word string }

// Error implements error.
//
// rabbitmq: it names the command that is most like the one given, or all
func (u *unknownCommand) Error() string {
	var names []string
	for _, c := range commandsOf(u.tool) {
		names = append(names, c.name)
	}
	text := ""
	if u.word != "" {
		text = fmt.Sprintf("\nCommand '%s' not found. \n", u.word)
		if nearest := tool.Nearest(u.word, names, 0.85); nearest != "" {
			return text + fmt.Sprintf("Did you mean '%s'? \n", nearest)
		}
	}
	return text + overview(u.tool)
}
