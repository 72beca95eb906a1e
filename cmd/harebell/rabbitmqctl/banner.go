package rabbitmqctl

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// The banners that depend on more than the arguments, and commands too short for files of
// their own.

func clearingUserLimits(c *call) string {
	if c.arguments[1] == "all" {
		return fmt.Sprintf("Clearing all limits for user \"%s\" ...", c.arguments[0])
	}
	return fmt.Sprintf("Clearing \"%s\" limit for user \"%s\" ...", c.arguments[1], c.arguments[0])
}

func clearingTopics(c *call) string {
	if len(c.arguments) > 1 {
		return fmt.Sprintf("Clearing topic permissions on \"%s\" for user \"%s\" in vhost \"%s\" ...", c.arguments[1], c.arguments[0], c.vhost)
	}
	return fmt.Sprintf("Clearing topic permissions for user \"%s\" in vhost \"%s\" ...", c.arguments[0], c.vhost)
}

func settingPolicy(what string) func(*call) string {
	return func(c *call) string {
		return fmt.Sprintf("Setting %s \"%s\" for pattern \"%s\" to \"%s\" with priority \"%s\" for vhost \"%s\" ...",
			what, c.arguments[0], c.arguments[1], c.arguments[2], c.priority(), c.vhost)
	}
}

func settingMemoryLimit(c *call) string {
	if c.arguments[0] == "absolute" {
		return fmt.Sprintf("Setting memory threshold on %s to %s bytes ...", c.node, c.arguments[1])
	}
	return fmt.Sprintf("Setting memory threshold on %s to %s ...", c.node, c.arguments[0])
}

func settingDiskLimit(c *call) string {
	if c.arguments[0] == "mem_relative" {
		return fmt.Sprintf("Setting disk free limit on %s to %s times the total RAM ...", c.node, c.arguments[1])
	}
	return fmt.Sprintf("Setting disk free limit on %s to %s bytes ...", c.node, c.arguments[0])
}

func closingAll(c *call) string {
	which := "all"
	if n := c.most("limit"); n > 0 {
		which = strconv.Itoa(n)
	}
	if c.options["global"] != "" {
		return fmt.Sprintf("Closing %s connections to node %s, reason: %s...", which, c.node, c.arguments[0])
	}
	return fmt.Sprintf("Closing %s connections in vhost %s, reason: %s...", which, c.vhost, c.arguments[0])
}

func deletingQueue(c *call) string {
	var conditions []string
	if len(c.some("if-empty", "e")) > 0 {
		conditions = append(conditions, "if queue is empty ")
	}
	if len(c.some("if-unused", "u")) > 0 {
		conditions = append(conditions, "if queue is unused ")
	}
	return fmt.Sprintf("Deleting queue '%s' on vhost '%s' %s...", c.arguments[0], c.vhost, strings.Join(conditions, "and "))
}

func enabling(c *call) string {
	return "Enabling plugins on node " + c.configuredNode() + ":\n" + strings.Join(c.arguments, "\n")
}

// checkLogLevel sees that there is such a level, before anything is said.
func checkLogLevel(i invocation) (int, string) {
	if !slices.Contains(logLevels, i.arguments[0]) {
		return exitUnavailable, fmt.Sprintf("level %s is not supported. Try one of debug, info, warning, error, critical, none", i.arguments[0])
	}
	return 0, ""
}

// listPolicies returns what lists those of a kind.
func listPolicies(kind string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		all, err := c.list("/api" + tool.Path(kind, c.vhost))
		if missing(err) {
			return nil, noVHost(c.vhost)
		}
		return policyColumns.rows(nil, all), err
	}
}

// awaitNodes waits for a number of nodes.
func awaitNodes(c *call) (any, error) {
	if n, err := strconv.Atoi(c.arguments[0]); err != nil || n > 1 {
		return nil, alone("there will not be " + c.arguments[0])
	}
	return nil, nil
}

// rebalance tells what is where, of the queues that are meant.
func rebalance(c *call) (any, error) {
	var in, called *regexp.Regexp
	for option, pattern := range map[string]**regexp.Regexp{"vhost-pattern": &in, "queue-pattern": &called} {
		var err error
		if *pattern, err = regexp.Compile(c.options[option]); err != nil {
			return nil, failf(exitUsage, "--%s: %v", option, err)
		}
	}
	all, err := c.list("/api/queues?columns=type,vhost,name")
	quorum := len(slices.DeleteFunc(all, func(q tool.Object) bool {
		return q.Text("type") != "quorum" || !in.MatchString(q.Text("vhost")) || !called.MatchString(q.Text("name"))
	}))
	return rows{[]string{"Node name", "Number of quorum queues", "Number of replicated classic queues"}, [][]any{{c.node, quorum, 0}}, false}, err
}

func noErlang(*call) (any, error) {
	return nil, failf(exitUsage, "Harebell is written in Go and has neither Erlang nor Elixir to evaluate this")
}
