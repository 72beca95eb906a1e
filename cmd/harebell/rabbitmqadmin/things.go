package rabbitmqadmin

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// A thing is a kind of what a broker has.
type thing struct {
	name, plural string
	ofVHost      bool     // listed for each virtual host
	columns      []string // shown unless others are asked for; nil for all
	json         []string // fields that are JSON

	// for what can be declared and deleted
	path      string   // below /api
	identity  []string // what must be said to find one
	mandatory []string // what must be said to declare one; "a|b" for one of them
	optional  fields
}

// fields are what may be said, with what it is otherwise; nil for nothing.
type fields []struct {
	name  string
	value any
}

var none = map[string]any{}

// things are all there are, and the fields of each.
var things = []*thing{
	{name: "connection", plural: "connections", columns: []string{"name", "user", "channels"}, path: "/connections/{name}", identity: []string{"name"}},
	{name: "channel", plural: "channels", columns: []string{"name", "user"}},
	{name: "consumer", plural: "consumers", ofVHost: true},
	{name: "exchange", plural: "exchanges", ofVHost: true, columns: []string{"name", "type"}, path: "/exchanges/{vhost}/{name}", identity: []string{"name"},
		mandatory: []string{"name", "type"}, json: []string{"arguments"},
		optional: fields{{"auto_delete", "false"}, {"durable", "true"}, {"internal", "false"}, {"arguments", none}}},
	{name: "queue", plural: "queues", ofVHost: true, columns: []string{"name", "messages"}, path: "/queues/{vhost}/{name}", identity: []string{"name"},
		mandatory: []string{"name"}, json: []string{"arguments"},
		optional: fields{{"auto_delete", "false"}, {"durable", "true"}, {"arguments", none}, {"node", nil}, {"queue_type", nil}}},
	{name: "binding", plural: "bindings", ofVHost: true, columns: []string{"source", "destination", "routing_key"},
		path: "/bindings/{vhost}/e/{source}/{destination_char}/{destination}", identity: []string{"source", "destination_type", "destination"},
		mandatory: []string{"source", "destination"}, json: []string{"arguments"},
		optional: fields{{"destination_type", "queue"}, {"routing_key", ""}, {"arguments", none}}},
	{name: "user", plural: "users", path: "/users/{name}", identity: []string{"name"},
		mandatory: []string{"name", "password|password_hash", "tags"}, optional: fields{{"hashing_algorithm", nil}}},
	{name: "vhost", plural: "vhosts", columns: []string{"name", "messages"}, path: "/vhosts/{name}", identity: []string{"name"},
		mandatory: []string{"name"}, optional: fields{{"tracing", nil}, {"description", nil}, {"tags", nil}, {"default_queue_type", nil}}},
	{name: "permission", plural: "permissions", path: "/permissions/{vhost}/{user}", identity: []string{"vhost", "user"},
		mandatory: []string{"vhost", "user", "configure", "write", "read"}},
	{name: "node", plural: "nodes", columns: []string{"name", "type", "mem_used"}},
	{name: "parameter", plural: "parameters", path: "/parameters/{component}/{vhost}/{name}", identity: []string{"component", "name"},
		mandatory: []string{"component", "name", "value"}, json: []string{"value"}},
	{name: "policy", plural: "policies", path: "/policies/{vhost}/{name}", identity: []string{"name"},
		mandatory: []string{"name", "pattern", "definition"}, json: []string{"definition", "priority"}, optional: fields{{"priority", 0}, {"apply-to", nil}}},
	{name: "operator_policy", plural: "operator_policies", path: "/operator-policies/{vhost}/{name}", identity: []string{"name"},
		mandatory: []string{"name", "pattern", "definition"}, json: []string{"definition", "priority"}, optional: fields{{"priority", 0}, {"apply-to", nil}}},
	{name: "vhost_limit", plural: "vhost_limits", path: "/vhost-limits/{vhost}/{name}", identity: []string{"vhost", "name"},
		mandatory: []string{"vhost", "name", "value"}, json: []string{"value"}},
	{name: "user_limit", plural: "user_limits", path: "/user-limits/{user}/{name}", identity: []string{"user", "name"},
		mandatory: []string{"user", "name", "value"}, json: []string{"value"}},
	{name: "feature_flag", plural: "feature_flags", columns: []string{"name", "state"}},
}

// upload makes a path of a template and a body of what was given, which must be among the
// fields that there are.
func (c *call) upload(template string, mandatory []string, optional fields, asJSON []string) (path string, body map[string]any, err error) {
	body = make(map[string]any)
	known := make(map[string]bool)
	for _, f := range optional {
		known[f.name] = true
		if f.value != nil {
			body[f.name] = f.value
		}
	}
	for _, names := range mandatory {
		for name := range strings.SplitSeq(names, "|") {
			known[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.given)) {
		value := c.given[name]
		if !known[name] {
			return "", nil, misused("Argument \"%s\" is not recognised", name)
		}
		body[name] = value
		if slices.Contains(asJSON, name) {
			var decoded any
			if tool.DecodeJSON(value, &decoded) != nil {
				return "", nil, fmt.Errorf("ERROR: Could not parse JSON:\n  %s", value)
			}
			body[name] = decoded
		}
	}
	for _, word := range c.strange {
		return "", nil, misused("Argument \"%s\" not in the name=value format", word)
	}
	if slices.Contains(mandatory, "vhost") {
		if _, ok := body["vhost"]; !ok && c.newStyle {
			body["vhost"] = c.declareVHost()
		}
	} else {
		body["vhost"] = c.declareVHost()
	}
	for _, names := range mandatory {
		alternatives := strings.Split(names, "|")
		if !slices.ContainsFunc(alternatives, func(name string) bool { _, ok := body[name]; return ok }) {
			if len(alternatives) > 1 {
				return "", nil, misused("one of mandatory arguments \"['%s']\" is required", strings.Join(alternatives, "', '"))
			}
			return "", nil, misused("mandatory argument \"%s\" is required", names)
		}
	}
	pairs := []string{}
	for name, value := range body {
		text, isText := value.(string)
		if !isText {
			continue
		}
		pairs = append(pairs, "{"+name+"}", url.PathEscape(text))
		if name == "destination_type" && text != "" {
			pairs = append(pairs, "{destination_char}", text[:1])
		}
	}
	return strings.NewReplacer(pairs...).Replace(template), body, nil
}
