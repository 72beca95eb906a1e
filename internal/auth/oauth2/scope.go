package oauth2

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/harebellmq/harebell/internal/auth"
)

// A scope is one permission of a token:
//
//	write:shop/orders*           what begins with orders in virtual host shop
//	read:%2F/*                   everything in virtual host /
//	write:*/amq.topic/eu.#.*     routing keys of a topic exchange, too
//
// Between the slashes are wildcards.
type scope struct {
	permission auth.Permission
	vhost      wildcard
	name       wildcard
	key        wildcard // of a topic exchange
	topic      bool     // there is a key
}

// parseScope reads a scope, without its prefix. What is none, such as a tag, grants
// nothing.
func parseScope(text string) (s scope, ok bool) {
	permission, what, _ := strings.Cut(text, ":")
	s.permission = auth.Permission(permission)
	if s.permission != auth.ToConfigure && s.permission != auth.ToWrite && s.permission != auth.ToRead {
		return s, false
	}
	parts := strings.Split(what, "/")
	if len(parts) != 2 && len(parts) != 3 {
		return s, false
	}
	if s.vhost, ok = parseWildcard(parts[0]); !ok {
		return s, false
	}
	if s.name, ok = parseWildcard(parts[1]); !ok || len(parts) == 2 {
		return s, ok
	}
	s.topic = true
	s.key, ok = parseWildcard(parts[2])
	return s, ok
}

// variable is a place in a scope where the name of the virtual host belongs, or the
// text of a claim.
var variable = regexp.MustCompile(`\{[^{}]*\}`)

// expand fills in the variables of a scope.
//
// rabbitmq: {vhost}, and {name} for the claim of that name, which stands for itself if
// there is no such claim; for topics only. What is filled in is taken as it is:
// whoever is called "*" does not get all there is.
func (t *token) expand(scope, vhost string) string {
	return variable.ReplaceAllStringFunc(scope, func(v string) string {
		name := v[1 : len(v)-1]
		text, ok := t.claims.text(name)
		switch {
		case name == "vhost":
			text = vhost
		case !ok:
			text = name
		}
		return url.QueryEscape(text)
	})
}
