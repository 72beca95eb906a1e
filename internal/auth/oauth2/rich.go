package oauth2

import (
	"slices"
	"strings"

	"github.com/harebellmq/harebell/internal/auth"
)

// What a rich authorization request may ask for: permissions and tags.
var (
	richPermissions = []string{string(auth.ToConfigure), string(auth.ToWrite), string(auth.ToRead)}
	richTags        = []string{auth.Administrator, auth.Monitoring, auth.Management, auth.Policymaker}
)

// richRequest returns the scopes that a rich authorization request comes to:
//
//	[{"type": "rabbitmq", "locations": ["cluster:eu/vhost:shop/queue:orders*"], "actions": ["read"]}]
//
// RFC 9396; rabbitmq: the type must be resource_server_type, and the cluster match
// resource_server_id. Whatever else a location leaves out is *.
func (b *Backend) richRequest(value any) (scopes []string) {
	details, _ := value.([]any)
	for _, item := range details {
		detail, _ := item.(map[string]any)
		if kind, ok := detail["type"].(string); !ok || kind == "" || kind != b.options.ResourceType {
			continue
		}
		var where []string
		for _, location := range oneOrMore(detail["locations"]) {
			if resource, ok := b.resource(location); ok {
				where = append(where, resource)
			}
		}
		if len(where) == 0 {
			continue
		}
		actions := oneOrMore(detail["actions"])
		for _, tag := range richTags {
			if slices.Contains(actions, tag) {
				scopes = append(scopes, "tag:"+tag)
			}
		}
		for _, permission := range richPermissions {
			if !slices.Contains(actions, permission) {
				continue
			}
			for _, resource := range where {
				scopes = append(scopes, permission+":"+resource)
			}
		}
	}
	return b.prefixed(scopes)
}

// resource returns what a location means as scopes have it, if it is here.
func (b *Backend) resource(location string) (resource string, here bool) {
	place := map[string]string{"vhost": "*", "routing-key": "*"}
	for part := range strings.SplitSeq(location, "/") {
		if name, value, ok := strings.Cut(part, ":"); ok {
			place[name] = value
		}
	}
	cluster, ok := parseWildcard(place["cluster"])
	if _, said := place["cluster"]; !said || !ok || !cluster.match(b.options.ResourceServer) {
		return "", false
	}
	queue, isQueue := place["queue"]
	exchange, isExchange := place["exchange"]
	name := "*"
	switch {
	case isQueue && isExchange && queue != exchange:
		return "", false // it can be one only
	case isQueue:
		name = queue
	case isExchange:
		name = exchange
	}
	return place["vhost"] + "/" + name + "/" + place["routing-key"], true
}

// oneOrMore returns a text, or those of a list.
func oneOrMore(value any) []string {
	if text, ok := value.(string); ok {
		return []string{text}
	}
	return texts(value)
}
