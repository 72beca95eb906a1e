package oauth2

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestWhereScopesAre(t *testing.T) {
	with := func(change func(*Options)) Options {
		o := Options{ResourceServer: "rabbitmq", ScopePrefix: "rabbitmq."}
		if change != nil {
			change(&o)
		}
		return o
	}
	additional := func(paths ...string) Options {
		return with(func(o *Options) { o.AdditionalScopes = paths })
	}
	rich := with(func(o *Options) { o.ResourceType = "broker" })
	tests := []struct {
		name    string
		options Options
		claims  string
		want    []string
	}{
		{"in a text", with(nil), `{"scope": "openid  rabbitmq.a rabbitmq.b "}`, []string{"a", "b"}},
		{"in a list", with(nil), `{"scope": ["openid", "rabbitmq.a", 7, "rabbitmq.a"]}`, []string{"a"}},
		{"nowhere", with(nil), `{}`, nil},
		{"in something else", with(nil), `{"scope": {"rabbitmq": "a"}}`, nil},
		{"with another prefix", with(func(o *Options) { o.ScopePrefix = "api://" }), `{"scope": "api://a rabbitmq.b"}`, []string{"a"}},
		{"without a prefix", with(func(o *Options) { o.ScopePrefix = "" }), `{"scope": "a"}`, []string{"a"}},

		{"in permissions, as Keycloak has them", with(nil),
			`{"scope": "email", "authorization": {"permissions": [{"scopes": ["rabbitmq.a", "rabbitmq.b"]}, {"rsid": "x"}, "x", {"scopes": "rabbitmq.c"}]}}`,
			[]string{"a", "b", "c"}},
		{"and in such without any", with(nil), `{"scope": "rabbitmq.a", "authorization": {}}`, []string{"a"}},

		{"in an additional text", additional("roles"), `{"scope": "rabbitmq.a", "roles": "rabbitmq.b rabbitmq.c"}`, []string{"a", "b", "c"}},
		{"in an additional list", additional("roles"), `{"roles": ["rabbitmq.b"]}`, []string{"b"}},
		{"for each resource server, in a list", additional("x"), `{"x": {"rabbitmq": ["a", "b"], "kafka": ["c"]}}`, []string{"a", "b"}},
		{"for each resource server, in a text", additional("x"), `{"x": {"rabbitmq": "a b", "kafka": "c"}}`, []string{"a", "b"}},
		{"in several places", additional("x", "y.z"), `{"x": "rabbitmq.a", "y": {"z": ["rabbitmq.b"]}}`, []string{"a", "b"}},
		{"deep down, through lists", additional("a.b.c"), `{"a": [{"b": [{"c": "rabbitmq.a"}, {"d": 1}]}, {"b": {"c": ["rabbitmq.b"]}}]}`, []string{"a", "b"}},
		{"on a way that ends", additional("a.b.c"), `{"a": {"b": "rabbitmq.a"}}`, nil},

		{"behind aliases", with(func(o *Options) {
			o.Aliases = map[string][]string{"admin": {"rabbitmq.a", "rabbitmq.b"}, "api://dev": {"rabbitmq.c"}, "more": {"admin"}}
		}), `{"scope": "admin api://dev rabbitmq.d more"}`, []string{"a", "b", "c", "d"}},

		{"in a rich request", rich, `{"authorization_details": [{"type": "broker", "locations": ["cluster:rabbit*/vhost:shop"], "actions": ["read", "write", "dance"]}]}`,
			[]string{"read:shop/*/*", "write:shop/*/*"}},
		{"with names and keys", rich, `{"authorization_details": [{"type": "broker",
			"locations": ["cluster:*/vhost:a/queue:q:1", "vrn/cluster:*/exchange:x/routing-key:k*"], "actions": "configure"}]}`,
			[]string{"configure:*/x/k*", "configure:a/q:1/*"}},
		{"for tags", rich, `{"authorization_details": [{"type": "broker", "locations": "cluster:rabbitmq", "actions": ["administrator"]}]}`, []string{"tag:administrator"}},
		{"of another type", rich, `{"authorization_details": [{"type": "other", "locations": "cluster:*", "actions": "read"}]}`, nil},
		{"of another cluster", rich, `{"authorization_details": [{"type": "broker", "locations": ["cluster:kafka", "vhost:a"], "actions": ["read", "administrator"]}]}`, nil},
		{"for a queue and an exchange at once", rich, `{"authorization_details": [{"type": "broker", "locations": "cluster:*/queue:a/exchange:b", "actions": "read"}]}`, nil},
		{"though nobody reads them", with(nil), `{"authorization_details": [{"type": "", "locations": "cluster:*", "actions": "read"}]}`, nil},
		{"made of something else", rich, `{"authorization_details": {"type": "broker"}}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var c claims
			if err := json.Unmarshal([]byte(test.claims), &c); err != nil {
				t.Fatal(err)
			}
			got, err := New(test.options).scopes(c)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}
