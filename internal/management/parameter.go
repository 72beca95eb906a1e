package management

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/vhost"
)

// A parameter is something that was said of a virtual host. Its component says of
// what it is.
//
// rabbitmq: policies are none of these, those of operators are
type parameter struct {
	Value     any    `json:"value"`
	VHost     string `json:"vhost"`
	Component string `json:"component"`
	Name      string `json:"name"`
}

// The components there are, and the one name that limits have.
const (
	limitsComponent   = "vhost-limits"
	limitsName        = "limits"
	operatorComponent = "operator_policy"
)

// parameters are those of a virtual host, of one component or, for "", all.
func parameters(v *vhost.VirtualHost, component string) []parameter {
	var all []parameter
	if set := v.Limits(); len(set) > 0 && (component == "" || component == limitsComponent) {
		all = append(all, parameter{set, v.Name(), limitsComponent, limitsName})
	}
	if component == "" || component == operatorComponent {
		for _, p := range v.Policies().All(policy.Operator) {
			all = append(all, parameter{policyValue(p), v.Name(), operatorComponent, p.Name})
		}
	}
	return all
}

// policyValue is a policy as the value of a parameter, which has a name of its own.
func policyValue(p *policy.Policy) any {
	return struct {
		Pattern    string            `json:"pattern"`
		Definition policy.Definition `json:"definition"`
		Priority   int64             `json:"priority"`
		ApplyTo    policy.Kind       `json:"apply-to"`
	}{p.Pattern, p.Definition, p.Priority, p.ApplyTo}
}

// setters are those who may set parameters.
func setters(c *call) error {
	if err := managers(c); err != nil {
		return err
	}
	if !c.user.Has(auth.Policymaker, auth.Administrator) {
		return notAuthorised("User not authorised to access object")
	}
	if name := c.name("vhost"); name != "" && c.server.vhosts.Has(name) && !c.sees(name) {
		return notAuthorised("User not authorised to access virtual host")
	}
	return nil
}

func (s *Server) listParameters(c *call) error {
	component := c.name("component")
	return c.list(s.inVHosts(c, func(_ *call, v *vhost.VirtualHost) iter.Seq[any] { return all(parameters(v, component)) }))
}

func (s *Server) listVHostParameters(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error { return c.list(all(parameters(v, c.name("component")))) })
}

func (c *call) parameter(v *vhost.VirtualHost) (parameter, error) {
	list := parameters(v, c.name("component"))
	i := slices.IndexFunc(list, func(p parameter) bool { return p.Name == c.name("name") })
	if i < 0 {
		return parameter{}, errNotFound
	}
	return list[i], nil
}

func (s *Server) getParameter(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error {
		p, err := c.parameter(v)
		if err != nil {
			return err
		}
		return c.answer(p)
	})
}

func (s *Server) putParameter(c *call) error {
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNoVHost
	}
	b, err := c.body("value")
	if err != nil {
		return err
	}
	_, missing := c.parameter(v)
	if err := setParameter(v, c.user.Name, c.name("component"), c.name("name"), b["value"]); err != nil {
		return err
	}
	return c.done(missing != nil)
}

func invalid(format string, args ...any) error {
	return badRequest("Validation failed\n\n" + fmt.Sprintf(format, args...) + "\n")
}

// setParameter sets a parameter of a virtual host.
func setParameter(v *vhost.VirtualHost, by, component, name string, value json.RawMessage) error {
	switch component {
	case limitsComponent:
		if name != limitsName {
			return invalid("name of %s is '%s': want '%s'", component, name, limitsName)
		}
		set, err := parseLimits(value, limits.MaxConnections, limits.MaxQueues)
		if err != nil {
			return err
		}
		return refused(v.SetLimits(by, set))
	case operatorComponent:
		var p policy.Policy
		if json.Unmarshal(value, &p) != nil {
			return invalid("value of %s should be a policy, actually was %s", component, erlang(value))
		}
		p.Name = name
		return setPolicy(v, by, policy.Operator, p)
	}
	return invalid("component %s not found", component)
}

// setPolicy checks a policy and puts it in force.
func setPolicy(v *vhost.VirtualHost, by string, l policy.List, p policy.Policy) error {
	ready, err := policy.New(l, p)
	if wrong, ok := errors.AsType[*policy.ValidationError](err); ok {
		return invalid("%s", wrong.Text)
	}
	if err != nil {
		return err
	}
	err = v.SetPolicy(by, l, ready)
	if told, ok := errors.AsType[*amqp.Error](err); ok {
		return badRequest(told.Text)
	}
	return err
}

// parseLimits reads limits of known names.
func parseLimits(value json.RawMessage, known ...string) (limits.Set, error) {
	var set limits.Set
	if json.Unmarshal(value, &set) != nil {
		return nil, invalid("limits should be an object of numbers, actually were %s", erlang(value))
	}
	for name, n := range set {
		if !slices.Contains(known, name) {
			return nil, invalid("Unrecognised terms [{<<%q>>,%d}] in limits", name, n)
		}
	}
	return set, nil
}

func (s *Server) deleteParameter(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error {
		p, err := c.parameter(v)
		if err != nil {
			return err
		}
		if p.Component == limitsComponent {
			err = v.SetLimits(c.user.Name, nil)
		} else {
			err = v.ClearPolicy(c.user.Name, policy.Operator, p.Name)
		}
		if err != nil {
			return refused(err)
		}
		return c.done(false)
	})
}

func (s *Server) listGlobals(c *call) error { return c.list(all(s.vhosts.Globals())) }

func (s *Server) getGlobal(c *call) error {
	value := s.vhosts.Global(c.name("name"))
	if value == nil {
		return errNotFound
	}
	return c.answer(vhost.Global{Name: c.name("name"), Value: value})
}

func (s *Server) putGlobal(c *call) error {
	b, err := c.body("value")
	if err != nil {
		return err
	}
	created, err := setGlobal(s.vhosts, c.name("name"), b["value"])
	if err != nil {
		return err
	}
	return c.done(created)
}

func setGlobal(vhosts *vhost.Registry, name string, value json.RawMessage) (created bool, err error) {
	var decoded any
	if json.Unmarshal(value, &decoded) != nil || decoded == nil {
		return false, badRequest("not_json")
	}
	created, err = vhosts.SetGlobal(name, decoded)
	if errors.Is(err, vhost.ErrName) {
		return false, badRequest(err.Error())
	}
	return created, refused(err)
}

func (s *Server) deleteGlobal(c *call) error {
	found, err := s.vhosts.ClearGlobal(c.name("name"))
	if err != nil {
		return err
	}
	if !found {
		return errNotFound
	}
	return c.done(false)
}
