// Package rabbitmqadmin is RabbitMQ's command line tool for the management API: it goes to
// any broker, by HTTP, with a user and a password. It understands what the Python program
// of RabbitMQ up to 4.0 understands, and answers as that one does; and the commands of
// rabbitmqadmin-ng, of RabbitMQ 4.1 on, whose answers it shows in the same formats.
//
//	rabbitmqadmin -V shop declare queue name=orders durable=true    # the old way
//	rabbitmqadmin -V shop queues declare --name orders --durable true  # the new one
//
// things.go is the table of what can be listed, declared and deleted.
package rabbitmqadmin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// An Env is where the tool runs.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Home           string // where .rabbitmqadmin.conf may be; "" for nowhere
	Version        string // of this program
}

// A call is a command being carried out.
type call struct {
	context.Context
	Env
	options
	api *tool.Client
}

// A usageError is a command line that is none.
type usageError struct{ text string }

// An optionError is an option that there is not.
type optionError struct{ text string }

func (o *optionError) Error() string { return o.text }

func (u *usageError) Error() string { return u.text }

func misused(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// Run carries out a command line, and returns the exit code.
func Run(ctx context.Context, arguments []string, env Env) int {
	err := run(ctx, arguments, env)
	if err == nil {
		return 0
	}
	if u, ok := errors.AsType[*usageError](err); ok {
		fmt.Fprintf(env.Stderr, "\nERROR: %s\n\nrabbitmqadmin --help for help\n\n", u.text)
		return 1
	}
	if o, ok := errors.AsType[*optionError](err); ok {
		fmt.Fprintf(env.Stderr, "Usage\n=====\n  rabbitmqadmin [options] subcommand\n\nrabbitmqadmin: error: %s\n", o.text)
		return 2
	}
	fmt.Fprintf(env.Stderr, "*** %s\n\n", explain(err))
	return 1
}

// explain says in the Python program's words what the API has refused.
func explain(err error) string {
	r, ok := errors.AsType[*tool.Refusal](err)
	switch op, isNetwork := errors.AsType[*net.OpError](err); {
	case isNetwork && op.Op == "dial":
		return fmt.Sprintf("Could not connect: %v", op.Err)
	case errors.Is(err, context.DeadlineExceeded):
		return "Timed out getting HTTP response"
	case !ok:
		return err.Error()
	case r.Status == http.StatusBadRequest:
		return r.Reason
	case r.Status == http.StatusUnauthorized:
		return "Access refused: " + r.Path
	case r.Status == http.StatusNotFound:
		return "Not found: " + r.Path
	}
	return fmt.Sprintf("Received response %d %s for path %s\n%s", r.Status, http.StatusText(r.Status), r.Path, r.Reason)
}

func run(ctx context.Context, arguments []string, env Env) error {
	o, err := parse(arguments, env)
	if err != nil {
		return err
	}
	switch {
	case o.flags["version"] != "":
		_, err := fmt.Fprintln(env.Stdout, "rabbitmqadmin "+env.Version)
		return err
	case o.flags["bash-completion"] != "":
		_, err := fmt.Fprintf(env.Stdout, "complete -W %q rabbitmqadmin\n", strings.Join(Words(), " "))
		return err
	case o.flags["help"] != "":
		_, err := fmt.Fprint(env.Stdout, help())
		return err
	case len(o.words) == 0:
		return misused("Action not specified")
	}
	do, ok := verbs[o.words[0]]
	if !ok {
		return misused("Action %s not understood", o.words[0])
	}
	c := &call{Env: env, options: o}
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	c.Context = limited
	if c.api, err = o.client(); err != nil {
		return err
	}
	return do(c)
}

// say tells that something was done, unless nobody wants to know.
func (c *call) say(format string, args ...any) error {
	if c.quiet {
		return nil
	}
	_, err := fmt.Fprintf(c.Stdout, format+"\n", args...)
	return err
}

// ask asks for something below /api.
func (c *call) ask(method, path string, body any) ([]byte, error) {
	return c.api.Raw(c, method, "/api"+path, body)
}

// verbs are what can be done.
var verbs map[string]func(*call) error

func init() { // it would refer to itself otherwise
	verbs = map[string]func(*call) error{
		"help": showHelp, "list": list, "show": show, "declare": declare, "delete": deleteOne, "close": closeOne, "purge": purge,
		"export": export, "import": importFile, "publish": publish, "get": get, "health_check": check,
	}
}

// Words are the words that a command may begin with.
func Words() []string {
	var all []string
	for verb := range verbs {
		all = append(all, verb)
	}
	for _, t := range things {
		all = append(all, t.plural)
	}
	slices.Sort(all)
	return all
}

func showHelp(c *call) error {
	_, err := fmt.Fprint(c.Stdout, help())
	return err
}

// find returns the thing that a command is about.
func (c *call) find(can func(*thing) bool) (*thing, error) {
	if len(c.words) < 2 {
		return nil, misused("Type not specified")
	}
	for _, t := range things {
		if (t.name == c.words[1] || t.plural == c.words[1]) && can(t) {
			return t, nil
		}
	}
	return nil, misused("Type %s not recognised", c.words[1])
}

func list(c *call) error {
	t, err := c.find(func(*thing) bool { return true })
	if err != nil {
		if len(c.words) > 1 {
			return misused("Don't know how to list %s", c.words[1])
		}
		return err
	}
	path := "/" + strings.ReplaceAll(t.plural, "_", "-")
	if t.ofVHost && c.vhost != "" {
		path += tool.Path(c.vhost)
	}
	return c.shown(path, t, false)
}

// shown shows what is at a path.
func (c *call) shown(path string, t *thing, single bool) error {
	wanted := c.columns
	if len(wanted) == 0 && c.depth == 1 && !strings.Contains(c.format, "json") {
		wanted = t.columns
	}
	var query []string
	if len(wanted) > 0 {
		query = append(query, "columns="+url.QueryEscape(strings.Join(wanted, ",")))
	}
	if c.flags["sort"] != "" {
		query = append(query, "sort="+url.QueryEscape(c.flags["sort"]))
	}
	if c.flags["sort-reverse"] != "" {
		query = append(query, "sort_reverse=true")
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	octets, err := c.ask("GET", path, nil)
	if err != nil {
		return err
	}
	if single {
		octets = append(append([]byte("["), octets...), ']')
	}
	asJSON := slices.DeleteFunc(slices.Clone(t.json), func(field string) bool { return field == "arguments" }) // it has columns of its own
	return c.showList(octets, wanted, asJSON)
}

func show(c *call) error {
	if len(c.words) > 1 && c.words[1] == "overview" {
		return c.shown("/overview", &thing{columns: []string{"rabbitmq_version", "cluster_name", "queue_totals.messages", "object_totals.queues"}}, true)
	}
	if len(c.words) < 2 {
		return misused("Type not specified")
	}
	t, err := c.find(func(t *thing) bool { return t.path != "" })
	if err != nil {
		return misused("Don't know how to show %s", c.words[1])
	}
	path, _, err := c.upload(t.path, t.identity, nil, nil)
	if err != nil {
		return err
	}
	return c.shown(path, t, true)
}

func declare(c *call) error {
	t, err := c.find(func(t *thing) bool { return t.mandatory != nil })
	if err != nil {
		return err
	}
	path, body, err := c.upload(t.path, t.mandatory, t.optional, t.json)
	if err != nil {
		return err
	}
	if kind, ok := body["queue_type"]; ok && t.name == "queue" {
		arguments, _ := body["arguments"].(map[string]any)
		if arguments == nil {
			arguments = make(map[string]any)
		}
		arguments["x-queue-type"] = kind
		body["arguments"] = arguments
	}
	method := "PUT"
	if t.name == "binding" {
		method = "POST"
	}
	if _, err := c.ask(method, path, body); err != nil {
		return err
	}
	return c.say("%s declared", t.name)
}

func deleteOne(c *call) error {
	t, err := c.find(func(t *thing) bool { return t.mandatory != nil })
	if err != nil {
		return err
	}
	path, mandatory, optional := t.path, t.identity, fields{}
	if t.name == "binding" {
		path += "/{properties_key}"
		optional = fields{{"properties_key", "~"}}
	}
	if path, _, err = c.upload(path, mandatory, optional, nil); err != nil {
		return err
	}
	if _, err := c.ask("DELETE", path, nil); err != nil {
		return err
	}
	return c.say("%s deleted", t.name)
}

// only sees that a command is about one kind of thing.
func (c *call) only(name string) error {
	if len(c.words) < 2 {
		return misused("Type not specified")
	}
	if c.words[1] != name && c.words[1] != name+"s" {
		return misused("Type %s not recognised", c.words[1])
	}
	return nil
}

// do does something with one thing.
func (c *call) do(method, template string, mandatory []string, done string) error {
	path, _, err := c.upload(template, mandatory, nil, nil)
	if err != nil {
		return err
	}
	if _, err := c.ask(method, path, nil); err != nil {
		return err
	}
	return c.say("%s", done)
}

func closeOne(c *call) error {
	if err := c.only("connection"); err != nil {
		return err
	}
	return c.do("DELETE", "/connections/{name}", []string{"name"}, "connection closed")
}

func purge(c *call) error {
	if err := c.only("queue"); err != nil {
		return err
	}
	return c.do("DELETE", "/queues/{vhost}/{name}/contents", []string{"name"}, "queue purged")
}

// check asks for a health check by its name.
func check(c *call) error {
	if len(c.words) < 2 {
		return misused("Type not specified")
	}
	parts := append([]string{strings.ReplaceAll(c.words[1], "_", "-")}, c.words[2:]...)
	for _, name := range []string{"port", "protocol"} {
		if value, ok := c.given[name]; ok {
			parts = append(parts, value)
		}
	}
	if _, err := c.ask("GET", "/health/checks"+tool.Path(parts...), nil); err != nil {
		return err
	}
	return c.say("health check passed")
}
