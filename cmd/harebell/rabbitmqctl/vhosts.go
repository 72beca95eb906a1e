package rabbitmqctl

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

func (c *call) vhostPath() string { return "/api" + tool.Path("vhosts", c.vhost) }

// metadataOf is what the options say of a virtual host, beside what was said before.
func (c *call) metadataOf(before tool.Object) map[string]any {
	body := make(map[string]any)
	for _, field := range []string{"description", "tags", "default_queue_type", "protected_from_deletion"} {
		if value, ok := before[field]; ok {
			body[field] = value
		}
		if value, ok := c.options[strings.ReplaceAll(field, "_", "-")]; ok {
			body[field] = value
		}
	}
	if protected, ok := body["protected_from_deletion"].(string); ok {
		body["protected_from_deletion"] = protected != "false"
	}
	return body
}

// addVHost makes a virtual host.
//
// rabbitmq: one that is there already is no mistake, and stays as it is
func addVHost(c *call) (any, error) {
	c.vhost = c.arguments[0]
	err := c.get(c.vhostPath(), nil)
	if missing(err) {
		err = c.put(c.vhostPath(), c.metadataOf(nil))
	}
	return nil, err
}

// changeVHost says something else of a virtual host.
func (c *call) changeVHost(change func(body map[string]any)) error {
	var before tool.Object
	err := c.get(c.vhostPath(), &before)
	if missing(err) {
		return noVHost(c.vhost)
	}
	if err != nil {
		return err
	}
	body := c.metadataOf(before)
	change(body)
	return c.put(c.vhostPath(), body)
}

func updateVHost(c *call) (any, error) {
	c.vhost = c.arguments[0]
	return nil, c.changeVHost(func(map[string]any) {})
}

func setVHostTags(c *call) (any, error) {
	c.vhost = c.arguments[0]
	return nil, c.changeVHost(func(body map[string]any) { body["tags"] = strings.Join(c.arguments[1:], ",") })
}

// protect returns what keeps a virtual host from being deleted, or no longer does.
func protect(yes bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		c.vhost = c.arguments[0]
		return nil, c.changeVHost(func(body map[string]any) { body["protected_from_deletion"] = yes })
	}
}

func deleteVHost(c *call) (any, error) {
	c.vhost = c.arguments[0]
	err := c.delete(c.vhostPath())
	if missing(err) {
		return nil, noVHost(c.vhost)
	}
	return nil, err
}

// trace returns what switches the firehose on or off.
func trace(on bool, done string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		if err := c.changeVHost(func(body map[string]any) { body["tracing"] = on }); err != nil {
			return nil, err
		}
		return text(fmt.Sprintf("Trace %s for vhost %s", done, c.vhost)), nil
	}
}

// restartVHost has nothing to do: a virtual host runs as long as the broker does.
func restartVHost(c *call) (any, error) {
	err := c.get(c.vhostPath(), nil)
	if missing(err) {
		return nil, noVHost(c.vhost)
	}
	return text(fmt.Sprintf("Vhost '%s' is already running on node '%s'", c.vhost, c.node)), err
}

// object reads JSON from the command line.
func object(given string, into any) error {
	if tool.DecodeJSON(given, into) != nil { // rabbitmq: does not say why
		return failf(exitUnavailable, "JSON decoding error. Reason: badarg")
	}
	return nil
}

// setLimits sets limits of a virtual host or a user, each of which has a path of its own.
func (c *call) setLimits(given, path string) error {
	var set map[string]any
	if err := object(given, &set); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if err := c.put(path+tool.Path(name), map[string]any{"value": set[name]}); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) limitsPath() string { return "/api" + tool.Path("vhost-limits", c.vhost) }

// setVHostLimits replaces all limits of a virtual host.
func setVHostLimits(c *call) (any, error) {
	var set map[string]any
	if err := object(c.arguments[0], &set); err != nil {
		return nil, err
	}
	return nil, c.setParameter("vhost-limits", "limits", set)
}

func clearVHostLimits(c *call) (any, error) { return nil, c.clearParameter("vhost-limits", "limits") }

// listVHostLimits shows those of one virtual host as JSON, and those of all as a table.
func listVHostLimits(c *call) (any, error) {
	if c.options["global"] == "" {
		return c.limitsOf(c.limitsPath(), noVHost(c.vhost), "")
	}
	all, err := c.list("/api/vhost-limits")
	return columns{{name: "vhost", field: "vhost", usual: true}, {name: "limits", field: "value", as: asJSON, usual: true}}.rows(nil, all), err
}

// limitsOf shows the limits of one, or what is shown for none.
func (c *call) limitsOf(path string, gone error, none string) (any, error) {
	all, err := c.list(path)
	switch {
	case missing(err):
		return nil, gone
	case err != nil:
		return nil, err
	case len(all) == 0:
		return reported{none, map[string]any{}}, nil
	}
	return reported{tool.JSON(all[0]["value"], ""), all[0]["value"]}, nil
}

func userLimitsPath(user string) string { return "/api" + tool.Path("user-limits", user) }

func setUserLimits(c *call) (any, error) {
	err := c.setLimits(c.arguments[1], userLimitsPath(c.arguments[0]))
	if r := explainMissingUser(err, c.arguments[0]); r != nil {
		return nil, r
	}
	return nil, err
}

// explainMissingUser makes the failure of a user whom the API does not know.
func explainMissingUser(err error, user string) error {
	if missing(err) || err != nil && strings.Contains(err.Error(), `"no_such_user"`) {
		return noSuchUser(user)
	}
	return nil
}

// clearUserLimits clears one limit, or all.
func clearUserLimits(c *call) (any, error) {
	names := []string{c.arguments[1]}
	if names[0] == "all" {
		names = []string{"max-connections", "max-channels"}
	}
	for _, name := range names {
		if err := c.delete(userLimitsPath(c.arguments[0]) + tool.Path(name)); err != nil {
			if r := explainMissingUser(err, c.arguments[0]); r != nil {
				return nil, r
			}
			return nil, err
		}
	}
	return nil, nil
}

// limitedUser is whose limits are asked for.
//
// rabbitmq: those of guest, if nobody says whose
func (c *call) limitedUser() string {
	if user, ok := c.options["user"]; ok {
		return user
	}
	return "guest"
}

func listUserLimits(c *call) (any, error) {
	if c.options["global"] == "" {
		user := c.limitedUser()
		return c.limitsOf(userLimitsPath(user), noSuchUser(user), "{}")
	}
	all, err := c.list("/api/user-limits")
	return columns{{name: "user", field: "user", usual: true}, {name: "limits", field: "value", as: asJSON, usual: true}}.rows(nil, all), err
}

// Policies and parameters.

func (c *call) inVHost(kind, name string) string { return "/api" + tool.Path(kind, c.vhost, name) }

// setPolicy returns what sets a policy of a kind.
func setPolicy(kind string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		var definition any
		if err := object(c.arguments[2], &definition); err != nil {
			return nil, err
		}
		body := map[string]any{"pattern": c.arguments[1], "definition": definition, "priority": json.Number(c.priority())}
		if to, ok := c.options["apply-to"]; ok {
			body["apply-to"] = to
		}
		err := c.put(c.inVHost(kind, c.arguments[0]), body)
		if missing(err) {
			return nil, noVHost(c.vhost)
		}
		return nil, err
	}
}

func (c *call) priority() string {
	if p, ok := c.options["priority"]; ok {
		return p
	}
	return "0"
}

// checkPriority sees that it is a number.
func checkPriority(i invocation) (int, string) {
	if p, ok := i.options["priority"]; ok {
		if _, err := strconv.Atoi(p); err != nil {
			return exitUsage, "Invalid options for this command:\n--priority : " + p
		}
	}
	return 0, ""
}

// clearPolicy returns what clears a policy of a kind.
func clearPolicy(kind string) func(*call) (any, error) {
	return func(c *call) (any, error) { return nil, c.clear(c.inVHost(kind, c.arguments[0])) }
}

// clear deletes what is a parameter for RabbitMQ.
func (c *call) clear(path string) error {
	err := c.delete(path)
	if !missing(err) {
		return err
	}
	if missing(c.get(c.vhostPath(), nil)) {
		return noVHost(c.vhost)
	}
	return failf(exitUnavailable, "Parameter does not exist")
}

func (c *call) parameterPath(component, name string) string {
	return "/api" + tool.Path("parameters", component, c.vhost, name)
}

func (c *call) setParameter(component, name string, value any) error {
	err := c.put(c.parameterPath(component, name), map[string]any{"value": value})
	if missing(err) {
		return noVHost(c.vhost)
	}
	return err
}

func (c *call) clearParameter(component, name string) error {
	return c.clear(c.parameterPath(component, name))
}

func setParameter(c *call) (any, error) {
	var value any
	if err := object(c.arguments[2], &value); err != nil {
		return nil, err
	}
	return nil, c.setParameter(c.arguments[0], c.arguments[1], value)
}

func clearParameter(c *call) (any, error) {
	return nil, c.clearParameter(c.arguments[0], c.arguments[1])
}

// listParameters lists those of the virtual host.
func listParameters(c *call) (any, error) {
	if err := c.get(c.vhostPath(), nil); missing(err) {
		return nil, noVHost(c.vhost)
	}
	all, err := c.list("/api/parameters")
	all = slices.DeleteFunc(all, func(p tool.Object) bool { return p.Text("vhost") != c.vhost })
	return parameterColumns.rows(nil, all), err
}

func setGlobal(c *call) (any, error) {
	var value any
	if err := object(c.arguments[1], &value); err != nil {
		return nil, err
	}
	return nil, c.put("/api"+tool.Path("global-parameters", c.arguments[0]), map[string]any{"value": value})
}

func clearGlobal(c *call) (any, error) {
	return nil, c.clear("/api" + tool.Path("global-parameters", c.arguments[0]))
}
