package oauth2

import (
	"slices"

	"github.com/harebellmq/harebell/internal/auth"
)

// rights are what the scopes of a token allow in a virtual host. They implement
// auth.Rights, and follow when the bearer has another token.
type rights struct {
	// immutable
	bearer *bearer
	vhost  string

	version      uint64 // of the token that the rest is of
	scopes       map[auth.Permission][]scope
	topics       map[auth.Permission][]scope // with variables filled in
	impersonates bool
}

func newRights(b *bearer, vhost string) *rights {
	r := &rights{bearer: b, vhost: vhost}
	r.read()
	return r
}

// read takes from the token what it says of the virtual host.
func (r *rights) read() {
	t := r.bearer.token
	r.version = r.bearer.version
	r.scopes, r.topics = make(map[auth.Permission][]scope), make(map[auth.Permission][]scope)
	r.impersonates = slices.Contains(t.tags, auth.Impersonator)
	for _, s := range t.scopes {
		if !s.vhost.match(r.vhost) {
			continue
		}
		r.scopes[s.permission] = append(r.scopes[s.permission], s)
		if s.topic {
			r.topics[s.permission] = append(r.topics[s.permission], s)
		}
	}
	for _, text := range t.variable {
		if s, ok := parseScope(t.expand(text, r.vhost)); ok && s.topic && s.vhost.match(r.vhost) {
			r.topics[s.permission] = append(r.topics[s.permission], s)
		}
	}
}

func (r *rights) renew() {
	if r.version != r.bearer.version {
		r.read()
	}
}

func (r *rights) Version() uint64 { return r.bearer.version }

func (r *rights) May(p auth.Permission, name string) bool {
	r.renew()
	return slices.ContainsFunc(r.scopes[p], func(s scope) bool { return s.name.match(name) })
}

// HasTopics implements auth.Rights.
//
// rabbitmq: a scope without a routing key allows no routing key of a topic exchange
func (r *rights) HasTopics() bool { return true }

func (r *rights) MayTopic(p auth.Permission, exchange, key string) bool {
	r.renew()
	return slices.ContainsFunc(r.topics[p], func(s scope) bool { return s.name.match(exchange) && s.key.match(key) })
}

func (r *rights) Impersonates() bool {
	r.renew()
	return r.impersonates
}
