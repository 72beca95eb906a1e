package rabbitmqctl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/harebellmq/harebell/internal/config"
)

// builtIn are the plug-ins of RabbitMQ's whose work Harebell does without one, with what
// they are for. They are in force and cannot be switched off.
var builtIn = []struct{ name, about string }{
	{"rabbitmq_auth_backend_oauth2", "tokens of an OAuth 2.0 provider"},
	{"rabbitmq_auth_mechanism_ssl", "logins by certificates"},
	{"rabbitmq_consistent_hash_exchange", "exchanges of type x-consistent-hash"},
	{"rabbitmq_delayed_message_exchange", "exchanges of type x-delayed-message"},
	{"rabbitmq_event_exchange", "the exchange amq.rabbitmq.event"},
	{"rabbitmq_management", "the management API"},
	{"rabbitmq_management_agent", "what the management API shows"},
	{"rabbitmq_message_deduplication", "deduplication of messages"},
	{"rabbitmq_prometheus", "metrics for Prometheus"},
	{"rabbitmq_random_exchange", "exchanges of type x-random"},
	{"rabbitmq_recent_history_exchange", "exchanges of type x-recent-history"},
}

func pluginNames() []string {
	var all []string
	for _, p := range builtIn {
		all = append(all, p.name)
	}
	return all
}

// others returns those of the arguments that are not built in.
func (c *call) others() []string {
	return slices.DeleteFunc(slices.Clone(c.arguments), func(name string) bool { return slices.Contains(pluginNames(), name) })
}

// checkPattern sees that the argument of list is a pattern.
func checkPattern(i invocation) (int, string) {
	if len(i.arguments) > 0 {
		if _, err := regexp.Compile(i.arguments[0]); err != nil {
			return exitData, "Bad argument: " + err.Error()
		}
	}
	return 0, ""
}

func (c *call) pluginPattern() string {
	if len(c.arguments) > 0 {
		return c.arguments[0]
	}
	return ".*"
}

// listPlugins lists plug-ins, as RabbitMQ's: explicitly enabled, and running.
func listPlugins(c *call) (any, error) {
	pattern := regexp.MustCompile(c.pluginPattern()) // it was checked
	var names, shown []string
	objects := []any{}
	for _, p := range builtIn {
		if !pattern.MatchString(p.name) {
			continue
		}
		names = append(names, p.name)
		objects = append(objects, map[string]any{"name": p.name, "enabled": "enabled", "running": true, "version": c.version, "running_version": c.version})
		if c.options["verbose"] != "" || c.options["v"] != "" {
			shown = append(shown, fmt.Sprintf("[E*] %s\n     Version:     \t%s\n     Dependencies:\t[]\n     Description: \t%s, built in", p.name, c.version, p.about))
		}
	}
	object := map[string]any{"format": "normal", "plugins": objects}
	switch {
	case c.options["minimal"] != "" || c.options["m"] != "":
		return reported{strings.Join(names, "\n"), object}, nil
	case shown == nil:
		widest := 0
		for _, name := range names {
			widest = max(widest, len(name))
		}
		for _, name := range names {
			shown = append(shown, fmt.Sprintf("[E*] %-*s %s", widest, name, c.version))
		}
	}
	if !c.quiet {
		shown = append([]string{" Configured: E = explicitly enabled; e = implicitly enabled", " | Status: * = running on " + c.node, " |/"}, shown...)
	}
	return reported{strings.Join(shown, "\n"), object}, nil
}

// enablePlugins has nothing to do for what is built in, so that it needs no broker:
// images are made with it.
func enablePlugins(notFound int, text string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		if strange := c.others(); len(strange) > 0 {
			return nil, failf(notFound, text, strings.Join(strange, ", "))
		}
		return c.configured(), nil
	}
}

// configured says which plug-ins there are.
func (c *call) configured() any {
	return text("The following plugins have been configured:\n  " + strings.Join(pluginNames(), "\n  ") +
		"\nApplying plugin configuration to " + c.configuredNode() + "...\nPlugin configuration unchanged.")
}

// configuredNode is the node that the settings are for.
func (c *call) configuredNode() string {
	if c.nodeName != "" {
		return config.FullNodeName(c.nodeName)
	}
	broker, err := c.Find()
	if err != nil {
		return "this node"
	}
	return broker.Node
}

// disablePlugins refuses to switch off what is built in.
func disablePlugins(c *call) (any, error) {
	if c.options["all"] != "" {
		return nil, failf(exitUnavailable, "all plugins are built into Harebell: they cannot be switched off")
	}
	for _, name := range c.arguments {
		if !slices.Contains(c.others(), name) {
			return nil, failf(exitUnavailable, "%s is built into Harebell: it cannot be switched off", name)
		}
	}
	return c.configured(), nil
}

// isEnabled fails unless all are built in.
func isEnabled(c *call) (any, error) {
	one := len(c.arguments) == 1
	if strange := c.others(); len(strange) > 0 {
		return nil, failf(exitUnavailable, "%s not enabled on node %s. Enabled plugins and dependencies: %s",
			numbered(strange, "Plugin %s is", "Plugins %s are"), c.node, strings.Join(pluginNames(), ", "))
	}
	if one {
		return text(fmt.Sprintf("Plugin %s is enabled on node %s", c.arguments[0], c.node)), nil
	}
	return text(fmt.Sprintf("Plugins %s are enabled on node %s", strings.Join(c.arguments, ", "), c.node)), nil
}

// numbered says something of one, or of several.
func numbered(names []string, one, several string) string {
	format := several
	if len(names) == 1 {
		format = one
	}
	return fmt.Sprintf(format, strings.Join(names, ", "))
}
