package management

import (
	"encoding/json"
	"errors"
	"iter"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/vhost"
)

// A policies is the resources of one list of policies.
type policies struct {
	*Server
	list policy.List
}

// shownPolicy is how a policy is shown.
type shownPolicy struct {
	VHost string `json:"vhost"`
	policy.Policy
}

func (s policies) of(v *vhost.VirtualHost) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, p := range v.Policies().All(s.list) {
			if !yield(shownPolicy{v.Name(), *p}) {
				return
			}
		}
	}
}

func (s policies) all(c *call) error {
	return c.list(func(yield func(any) bool) {
		for v := range s.visible(c) {
			for p := range s.of(v) {
				if !yield(p) {
					return
				}
			}
		}
	})
}

func (s policies) inVHost(c *call) error {
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNotFound
	}
	return c.list(s.of(v))
}

func (s policies) get(c *call) error {
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNotFound
	}
	p := v.Policies().Get(s.list, c.name("policy"))
	if p == nil {
		return errNotFound
	}
	return c.write(shownPolicy{v.Name(), *p})
}

func (s policies) put(c *call) error {
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNoVHost
	}
	p, err := s.parse(c)
	if invalid, ok := errors.AsType[*policy.ValidationError](err); ok {
		return badRequest("Validation failed\n\n" + invalid.Text + "\n")
	}
	if err != nil {
		return err
	}
	created := v.Policies().Get(s.list, p.Name) == nil
	err = v.SetPolicy(c.user.Name, s.list, p)
	if refused, ok := errors.AsType[*amqp.Error](err); ok { // it is too large, or the virtual host has gone
		return badRequest(refused.Text)
	}
	if err != nil {
		return err
	}
	return c.done(created)
}

// parse reads a policy from the body.
func (s policies) parse(c *call) (*policy.Policy, error) {
	b, err := c.body("pattern", "definition")
	if err != nil {
		return nil, err
	}
	p := policy.Policy{Name: c.name("policy")}
	if p.Pattern, err = b.text("pattern"); err != nil {
		return nil, err
	}
	applyTo, err := b.text("apply-to")
	if err != nil {
		return nil, err
	}
	p.ApplyTo = policy.Kind(applyTo)
	if b.has("priority") && json.Unmarshal(b["priority"], &p.Priority) != nil {
		return nil, &policy.ValidationError{Text: "priority should be a number, actually was " + erlang(b["priority"])}
	}
	if json.Unmarshal(b["definition"], &p.Definition) != nil {
		return nil, &policy.ValidationError{Text: "definition should be a JSON object, actually was " + erlang(b["definition"])}
	}
	return policy.New(s.list, p)
}

func (s policies) delete(c *call) error {
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNotFound
	}
	if v.Policies().Get(s.list, c.name("policy")) == nil {
		return errNotFound
	}
	if err := v.ClearPolicy(c.user.Name, s.list, c.name("policy")); err != nil {
		return err
	}
	return c.done(false)
}
