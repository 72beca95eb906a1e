package vhost

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// Policies returns what is said of many queues and exchanges at once.
func (v *VirtualHost) Policies() policy.Set {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.policies
}

// SetPolicy puts a policy in force for a user, in the place of one of that name. When
// it returns all queues and exchanges follow it, and it is on disk.
func (v *VirtualHost) SetPolicy(by string, l policy.List, p *policy.Policy) error {
	doc, err := document(store.Policies, policyKey(v.name, l, p.Name), policyDoc{VHost: v.name, Component: l.Component(), Policy: *p})
	if err != nil {
		return err
	}
	return v.changePolicies(doc, func(s policy.Set) policy.Set { return s.With(l, p) }, func() { v.tellSet(by, l, p) })
}

// ClearPolicy takes a policy away for a user; it may not be there.
func (v *VirtualHost) ClearPolicy(by string, l policy.List, name string) error {
	gone := store.Doc{Kind: store.Policies, Key: policyKey(v.name, l, name)}
	return v.changePolicies(gone, func(s policy.Set) policy.Set { return s.Without(l, name) }, func() { v.tellCleared(by, l, name) })
}

func (v *VirtualHost) changePolicies(doc store.Doc, how func(policy.Set) policy.Set, tell func()) error {
	if err := v.followPolicies(doc, how, tell); err != nil {
		return err
	}
	return v.Sync()
}

func (v *VirtualHost) followPolicies(doc store.Doc, how func(policy.Set) policy.Set, tell func()) error {
	v.changing.Lock()
	defer v.changing.Unlock()
	if v.deleted {
		return noVirtualHost(v.name)
	}
	v.keep(doc)
	set := how(v.policies) // only whoever holds changing writes it
	v.mu.Lock()
	v.policies = set
	for name, x := range v.exchanges {
		x.Follow(set.For(policy.Exchanges, name).Definition)
	}
	v.changed()
	queues := slices.Collect(maps.Values(v.queues))
	v.mu.Unlock()
	tell()
	for _, h := range queues { // without the lock: dead letters may have to be routed
		v.follow(h)
	}
	return nil
}

// tellSet tells of a policy that holds now.
//
// rabbitmq: one of operators is told as the parameter that it is first
func (v *VirtualHost) tellSet(by string, l policy.List, p *policy.Policy) {
	h := audit.PolicySet{
		By: by, VHost: v.name, Name: p.Name, Pattern: p.Pattern, ApplyTo: string(p.ApplyTo), Priority: p.Priority, Definition: p.Definition,
	}
	if l == policy.Operator {
		v.trail.Tell(audit.ParameterSet{By: by, VHost: v.name, Component: l.Component(), Name: p.Name, Value: h.Value()})
	}
	v.trail.Tell(h)
}

// tellCleared tells of a policy that is gone.
func (v *VirtualHost) tellCleared(by string, l policy.List, name string) {
	if l == policy.Operator {
		v.trail.Tell(audit.ParameterCleared{By: by, VHost: v.name, Component: l.Component(), Name: name})
	}
	v.trail.Tell(audit.PolicyCleared{By: by, VHost: v.name, Name: name, Operator: l == policy.Operator})
}

// follow has a queue follow the policies.
func (v *VirtualHost) follow(h *hosted) {
	d := h.Declaration()
	h.Follow(v.policies.For(kinds[d.Type()], d.Name).Definition)
}

// kinds are what policies call the types of queues.
var kinds = map[queue.Type]policy.Kind{
	queue.Classic: policy.ClassicQueues,
	queue.Quorum:  policy.QuorumQueues,
	queue.Stream:  policy.Streams,
}

// A policyDoc is a policy as the store has it.
//
// rabbitmq: policies are parameters, of a component for each list
type policyDoc struct {
	VHost     string        `json:"vhost"`
	Component string        `json:"component"`
	Policy    policy.Policy `json:"value"`
}

func policyKey(vhost string, l policy.List, name string) string {
	return store.Key(vhost, l.Component(), name)
}

// gonePolicies are the definitions of all policies, deleted.
func (v *VirtualHost) gonePolicies() (docs []store.Doc) {
	for _, p := range v.allPolicies() {
		docs = append(docs, store.Doc{Kind: store.Policies, Key: policyKey(v.name, p.list, p.Name)})
	}
	return docs
}

// A listed policy is one with the list that it is on.
type listed struct {
	list policy.List
	*policy.Policy
}

// allPolicies returns the policies of both lists. changing is held.
func (v *VirtualHost) allPolicies() (all []listed) {
	for _, l := range []policy.List{policy.User, policy.Operator} {
		for _, p := range v.policies.All(l) {
			all = append(all, listed{l, p})
		}
	}
	return all
}

func (r *Registry) loadPolicy(d store.Doc) error {
	var doc policyDoc
	if err := json.Unmarshal(d.Value, &doc); err != nil {
		return err
	}
	l := policy.User
	if doc.Component == policy.Operator.Component() {
		l = policy.Operator
	}
	if d.Key != policyKey(doc.VHost, l, doc.Policy.Name) {
		return store.ErrForeign
	}
	v, err := r.Get(doc.VHost)
	if err != nil {
		return err
	}
	p, err := policy.New(l, doc.Policy)
	if err != nil {
		return err
	}
	v.policies = v.policies.With(l, p)
	return nil
}
