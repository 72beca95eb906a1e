package management

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// An importer makes what definitions say.
//
// rabbitmq: the order; users, permissions, policies and parameters are replaced,
// queues and exchanges that are there stay as they are
type importer struct {
	users  *auth.Users
	vhosts *vhost.Registry
	log    zerolog.Logger
	by     operator // whose doing it is
}

// all imports definitions of a broker.
func (i importer) all(d imported) error {
	for _, step := range []struct {
		what string
		of   []json.RawMessage
		make func(body) error
	}{
		{"users", d.Users, i.user},
		{"vhosts", d.VHosts, i.vhost},
		{"permissions", d.Permissions, i.permissions},
		{"topic_permissions", d.TopicPermissions, i.topicPermissions},
		{"global_parameters", d.Globals, i.global},
	} {
		for n, item := range step.of {
			b, err := parseBody(item)
			if err == nil {
				err = step.make(b)
			}
			if err != nil {
				return within(fmt.Sprintf("%s[%d]", step.what, n), err)
			}
		}
	}
	// Of several virtual hosts, what is of each says so itself.
	for _, p := range d.Parameters {
		if err := i.in(p.VHost, func(v *vhost.VirtualHost) error { return setParameter(v, string(i.by), p.Component, p.Name, p.Value) }); err != nil {
			return within("parameter '"+p.Name+"'", err)
		}
	}
	for _, p := range d.Policies {
		if err := i.in(p.VHost, func(v *vhost.VirtualHost) error { return setPolicy(v, string(i.by), policy.User, p.Policy) }); err != nil {
			return within("policy '"+p.Name+"'", err)
		}
	}
	for _, q := range d.Queues {
		if err := i.in(q.VHost, func(v *vhost.VirtualHost) error { return q.declare(v, i.by) }); err != nil {
			return within("queue '"+q.Name+"'", err)
		}
	}
	for _, x := range d.Exchanges {
		if err := i.in(x.VHost, func(v *vhost.VirtualHost) error { return x.declare(v, i.by) }); err != nil {
			return within("exchange '"+x.Name+"'", err)
		}
	}
	for _, b := range d.Bindings {
		if err := i.in(b.VHost, func(v *vhost.VirtualHost) error { return b.bind(v, i.by) }); err != nil {
			return within(fmt.Sprintf("binding of '%s' to '%s'", b.Destination, b.Source), err)
		}
	}
	return i.synced()
}

// into imports definitions into one virtual host, whatever they say of others.
func (i importer) into(v *vhost.VirtualHost, d imported) error {
	d.Users, d.VHosts, d.Permissions, d.TopicPermissions, d.Globals = nil, nil, nil, nil, nil
	for n := range d.Parameters {
		d.Parameters[n].VHost = v.Name()
	}
	for n := range d.Policies {
		d.Policies[n].VHost = v.Name()
	}
	for n := range d.Queues {
		d.Queues[n].VHost = v.Name()
	}
	for n := range d.Exchanges {
		d.Exchanges[n].VHost = v.Name()
	}
	for n := range d.Bindings {
		d.Bindings[n].VHost = v.Name()
	}
	return i.all(d)
}

// within says of which definition a refusal is.
func within(what string, err error) error {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return fmt.Errorf("import %s: %w", what, err)
	}
	return badRequest(fmt.Sprintf("%s: %v", what, r.reason))
}

// in does something in the virtual host of a definition.
func (i importer) in(name string, do func(*vhost.VirtualHost) error) error {
	v, err := i.vhosts.Get(name)
	if err != nil {
		return badRequest(fmt.Sprintf("virtual host '%s' is not there: want it among the definitions, or made before", name))
	}
	return refused(do(v))
}

// synced waits until what was imported is on disk.
func (i importer) synced() error {
	for _, name := range i.vhosts.Names() {
		if v, err := i.vhosts.Get(name); err == nil { // one is enough: they share the store
			return v.Sync()
		}
	}
	return nil
}

// user makes or replaces a user.
func (i importer) user(b body) error {
	name, err := b.text("name")
	if err != nil {
		return err
	}
	if b.has("password") && b.has("password_hash") {
		delete(b, "password") // rabbitmq: the hash counts
	}
	if !b.has("tags") {
		b["tags"] = json.RawMessage(`[]`)
	}
	if b.has("password") {
		i.log.Warn().Str("user", name).Msg("definitions with a plain password imported: want its hash there")
	}
	user, err := b.user(name)
	if err != nil {
		return err
	}
	if _, err = i.users.Put(string(i.by), user); err != nil {
		return refuseUser(user, err)
	}
	if !b.has("limits") {
		return nil
	}
	set, err := parseLimits(b["limits"], limits.MaxConnections, limits.MaxChannels)
	if err != nil {
		return err
	}
	for limit, n := range set {
		if err := i.users.SetLimit(string(i.by), name, limit, n); err != nil {
			return err
		}
	}
	return nil
}

// vhost makes a virtual host, or changes what is said of it.
func (i importer) vhost(b body) error {
	name, err := b.text("name")
	if err != nil {
		return err
	}
	if b.has("metadata") { // what is said there counts, unless it is said beside it too
		said, err := parseBody(b["metadata"])
		if err != nil {
			return err
		}
		for key, value := range said {
			if !b.has(key) {
				b[key] = value
			}
		}
	}
	m, err := b.metadata()
	if err != nil {
		return err
	}
	if _, err := i.vhosts.Put(string(i.by), name, m); err != nil {
		if errors.Is(err, vhost.ErrName) {
			return badRequest(err.Error())
		}
		return refused(err)
	}
	if !b.has("limits") {
		return nil
	}
	var listed []any // rabbitmq: no limits are an empty list there
	if json.Unmarshal(b["limits"], &listed) == nil && len(listed) == 0 {
		return nil
	}
	return i.in(name, func(v *vhost.VirtualHost) error {
		return setParameter(v, string(i.by), limitsComponent, limitsName, b["limits"])
	})
}

func (i importer) permissions(b body) error {
	texts, err := b.texts("user", "vhost", "configure", "write", "read")
	if err != nil {
		return err
	}
	_, err = i.users.SetPermissions(string(i.by), auth.Permissions{
		User: texts[0], VHost: texts[1], Configure: texts[2], Write: texts[3], Read: texts[4],
	}, i.vhosts.Has)
	if err != nil {
		return refusePermissions(err)
	}
	return nil
}

func (i importer) topicPermissions(b body) error {
	texts, err := b.texts("user", "vhost", "exchange", "write", "read")
	if err != nil {
		return err
	}
	_, err = i.users.SetTopicPermissions(string(i.by), auth.TopicPermissions{
		User: texts[0], VHost: texts[1], Exchange: texts[2], Write: texts[3], Read: texts[4],
	}, i.vhosts.Has)
	if err != nil {
		return refusePermissions(err)
	}
	return nil
}

func (i importer) global(b body) error {
	name, err := b.text("name")
	if err != nil {
		return err
	}
	_, err = setGlobal(i.vhosts, name, b["value"])
	return err
}

// declare makes the queue unless there is one of that name.
func (q definedQueue) declare(v *vhost.VirtualHost, by operator) error {
	if v.Has(exchange.Destination{Kind: exchange.ToQueue, Name: q.Name}) {
		return nil
	}
	if err := isDefinable("queue", q.Name, amqp.Table(q.Arguments)); err != nil {
		return err
	}
	_, _, err := v.DeclareQueue(v.WithDefaultType(queue.Declaration{
		Name: q.Name, Durable: q.Durable, AutoDelete: q.AutoDelete, Arguments: amqp.Table(q.Arguments),
	}), by, nil)
	return err
}

// declare makes the exchange unless there is one of that name.
func (x definedExchange) declare(v *vhost.VirtualHost, by operator) error {
	if v.Has(exchange.Destination{Kind: exchange.ToExchange, Name: x.Name}) {
		return nil
	}
	if err := isDefinable("exchange", x.Name, amqp.Table(x.Arguments)); err != nil {
		return err
	}
	_, err := v.DeclareExchange(exchange.Declaration{
		Name: x.Name, Kind: x.Type, Durable: x.Durable, AutoDelete: x.AutoDelete, Internal: x.Internal, Arguments: amqp.Table(x.Arguments),
	}, by, nil)
	return err
}

// bind makes the binding, which may be there.
func (b definedBinding) bind(v *vhost.VirtualHost, by operator) error {
	made := exchange.Binding{Source: b.Source, Key: b.RoutingKey, Arguments: amqp.Table(b.Arguments)}
	made.Destination = exchange.Destination{Kind: exchange.ToQueue, Name: b.Destination}
	if b.DestinationType == exchange.ToExchange.String() {
		made.Destination.Kind = exchange.ToExchange
	}
	if err := isDefinable("routing key", b.RoutingKey, made.Arguments); err != nil {
		return err
	}
	_, err := v.Bind(made, by)
	return err
}

// isDefinable refuses what no client could have declared.
func isDefinable(what, name string, arguments amqp.Table) error {
	if err := isShort("the "+what, name); err != nil {
		return err
	}
	if err := arguments.Check(); err != nil {
		return badRequest("arguments: " + err.Error())
	}
	return nil
}
