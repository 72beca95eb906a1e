package management

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// What an import does with each kind of definition.
//
// rabbitmq: the order; users, permissions, policies and parameters are replaced,
// queues and exchanges that are there stay as they are

// importAll imports definitions of a broker.
func (s *Server) importAll(c *call, d imported) error {
	for _, step := range []struct {
		what string
		of   []json.RawMessage
		make func(*call, body) error
	}{
		{"users", d.Users, s.importUser},
		{"vhosts", d.VHosts, s.importVHost},
		{"permissions", d.Permissions, s.importPermissions},
		{"topic_permissions", d.TopicPermissions, s.importTopicPermissions},
		{"global_parameters", d.Globals, s.importGlobal},
	} {
		for i, item := range step.of {
			b, err := parseBody(item)
			if err != nil {
				return err
			}
			if err := step.make(c, b); err != nil {
				return within(fmt.Sprintf("%s[%d]", step.what, i), err)
			}
		}
	}
	// Of several virtual hosts, what is of each says so itself.
	for _, p := range d.Parameters {
		if err := s.in(p.VHost, func(v *vhost.VirtualHost) error { return setParameter(v, c.user.Name, p.Component, p.Name, p.Value) }); err != nil {
			return within("parameter '"+p.Name+"'", err)
		}
	}
	for _, p := range d.Policies {
		if err := s.in(p.VHost, func(v *vhost.VirtualHost) error { return setPolicy(v, c.user.Name, policy.User, p.Policy) }); err != nil {
			return within("policy '"+p.Name+"'", err)
		}
	}
	for _, q := range d.Queues {
		if err := s.in(q.VHost, func(v *vhost.VirtualHost) error { return q.declare(v, c.operator()) }); err != nil {
			return within("queue '"+q.Name+"'", err)
		}
	}
	for _, x := range d.Exchanges {
		if err := s.in(x.VHost, func(v *vhost.VirtualHost) error { return x.declare(v, c.operator()) }); err != nil {
			return within("exchange '"+x.Name+"'", err)
		}
	}
	for _, b := range d.Bindings {
		if err := s.in(b.VHost, func(v *vhost.VirtualHost) error { return b.bind(v, c.operator()) }); err != nil {
			return within(fmt.Sprintf("binding of '%s' to '%s'", b.Destination, b.Source), err)
		}
	}
	return s.synced()
}

// importInto imports definitions into one virtual host, whatever they say of others.
func (s *Server) importInto(c *call, v *vhost.VirtualHost, d imported) error {
	d.Users, d.VHosts, d.Permissions, d.TopicPermissions, d.Globals = nil, nil, nil, nil, nil
	for i := range d.Parameters {
		d.Parameters[i].VHost = v.Name()
	}
	for i := range d.Policies {
		d.Policies[i].VHost = v.Name()
	}
	for i := range d.Queues {
		d.Queues[i].VHost = v.Name()
	}
	for i := range d.Exchanges {
		d.Exchanges[i].VHost = v.Name()
	}
	for i := range d.Bindings {
		d.Bindings[i].VHost = v.Name()
	}
	return s.importAll(c, d)
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
func (s *Server) in(name string, do func(*vhost.VirtualHost) error) error {
	v, err := s.vhosts.Get(name)
	if err != nil {
		return badRequest(fmt.Sprintf("virtual host '%s' is not there: want it among the definitions, or made before", name))
	}
	return refused(do(v))
}

// synced waits until what was imported is on disk.
func (s *Server) synced() error {
	for _, name := range s.vhosts.Names() {
		if v, err := s.vhosts.Get(name); err == nil { // one is enough: they share the store
			done := make(chan error, 1)
			v.Sync(func(err error) { done <- err })
			return <-done
		}
	}
	return nil
}

// importUser makes or replaces a user.
func (s *Server) importUser(c *call, b body) error {
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
		s.log.Warn().Str("user", name).Msg("definitions with a plain password imported: want its hash there")
	}
	user, err := b.user(name)
	if err != nil {
		return err
	}
	if _, err = s.users.Put(c.user.Name, user); err != nil {
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
		if err := s.users.SetLimit(c.user.Name, name, limit, n); err != nil {
			return err
		}
	}
	return nil
}

// importVHost makes a virtual host, or changes what is said of it.
func (s *Server) importVHost(c *call, b body) error {
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
	if _, err := s.vhosts.Put(c.user.Name, name, m); err != nil {
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
	return s.in(name, func(v *vhost.VirtualHost) error {
		return setParameter(v, c.user.Name, limitsComponent, limitsName, b["limits"])
	})
}

func (s *Server) importPermissions(c *call, b body) error {
	texts, err := b.texts("user", "vhost", "configure", "write", "read")
	if err != nil {
		return err
	}
	_, err = s.users.SetPermissions(c.user.Name, auth.Permissions{
		User: texts[0], VHost: texts[1], Configure: texts[2], Write: texts[3], Read: texts[4],
	}, s.vhosts.Has)
	if err != nil {
		return refusePermissions(err)
	}
	return nil
}

func (s *Server) importTopicPermissions(c *call, b body) error {
	texts, err := b.texts("user", "vhost", "exchange", "write", "read")
	if err != nil {
		return err
	}
	_, err = s.users.SetTopicPermissions(c.user.Name, auth.TopicPermissions{
		User: texts[0], VHost: texts[1], Exchange: texts[2], Write: texts[3], Read: texts[4],
	}, s.vhosts.Has)
	if err != nil {
		return refusePermissions(err)
	}
	return nil
}

func (s *Server) importGlobal(_ *call, b body) error {
	name, err := b.text("name")
	if err != nil {
		return err
	}
	_, err = s.setGlobal(name, b["value"])
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
