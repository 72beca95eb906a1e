package oauth2

import (
	"fmt"
	"slices"
	"strings"
)

// claims are what a token says, as JSON has it.
type claims map[string]any

// text returns a claim that is a text.
func (c claims) text(name string) (text string, ok bool) {
	text, ok = c[name].(string)
	return text, ok
}

// texts returns the texts of a list, or of one text with blanks between them.
func texts(value any) (list []string) {
	switch v := value.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		for _, item := range v {
			if text, ok := item.(string); ok {
				list = append(list, text)
			}
		}
	}
	return list
}

// requestingParty is where Keycloak has the scopes of a requesting party's token.
const requestingParty = "authorization.permissions.scopes"

// scopes returns the scopes of a token that are for us, without their prefix.
//
// rabbitmq: of the claim scope, of permissions as Keycloak has them, of additional
// claims, of what aliases stand for, and of rich authorization requests
func (b *Backend) scopes(c claims) ([]string, error) {
	all := texts(c["scope"])
	for _, path := range append([]string{requestingParty}, b.options.AdditionalScopes...) {
		for _, value := range at(map[string]any(c), strings.Split(path, ".")) {
			all = append(all, b.additional(value)...)
		}
	}
	slices.Sort(all)
	for _, alias := range slices.Compact(slices.Clone(all)) {
		all = append(all, b.options.Aliases[alias]...)
	}
	all = append(all, b.richRequest(c["authorization_details"])...)
	var ours []string
	for _, scope := range all {
		if scope, ok := strings.CutPrefix(scope, b.options.ScopePrefix); ok {
			ours = append(ours, scope)
		}
	}
	slices.Sort(ours)
	if ours = slices.Compact(ours); len(ours) > scopesMost {
		return nil, fmt.Errorf("it has %d scopes: want at most %d", len(ours), scopesMost)
	}
	return ours, nil
}

// at returns what there is at the end of a path through objects. In a list on the
// way each object is followed.
func at(value any, path []string) []any {
	if len(path) == 0 {
		return []any{value}
	}
	switch v := value.(type) {
	case map[string]any:
		if next, ok := v[path[0]]; ok {
			return at(next, path[1:])
		}
	case []any:
		var all []any
		for _, item := range v {
			if object, ok := item.(map[string]any); ok {
				all = append(all, at(object, path)...)
			}
		}
		return all
	}
	return nil
}

// additional returns the scopes of an additional claim: a text, a list, or an object
// with either for each resource server, where they have no prefix.
func (b *Backend) additional(value any) []string {
	if object, ok := value.(map[string]any); ok {
		return b.prefixed(texts(object[b.options.ResourceServer]))
	}
	return texts(value)
}

func (b *Backend) prefixed(scopes []string) []string {
	for i := range scopes {
		scopes[i] = b.options.ScopePrefix + scopes[i]
	}
	return scopes
}
