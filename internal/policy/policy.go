// Package policy is what administrators say of many queues and exchanges at once, by
// their names, instead of in the arguments of each.
//
//	ttl, err := policy.New(policy.User, policy.Policy{Name: "ttl", Pattern: "^tmp\\.", Definition: policy.Definition{"message-ttl": int64(1000)}})
//	...
//	effective := set.With(policy.User, ttl).For(policy.ClassicQueues, "tmp.1") // Definition: message-ttl 1000
//
// A Set is the policies of one virtual host: those of its users, and those of its
// operators, which users cannot overrule. Of each kind at most one applies to an
// object.
package policy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/harebellmq/harebell/store"
)

// A List is one of the two lists of policies.
type List int

// The two lists.
const (
	User List = iota
	Operator
)

// Component returns what RabbitMQ calls policies of the list as parameters.
func (l List) Component() string {
	if l == Operator {
		return "operator_policy"
	}
	return "policy"
}

// A Kind is what a policy may apply to. Its text is that of apply-to.
type Kind string

// The kinds there are. AllQueues and All are for policies only.
const (
	ClassicQueues Kind = "classic_queues"
	QuorumQueues  Kind = "quorum_queues"
	Streams       Kind = "streams"
	Exchanges     Kind = "exchanges"
	AllQueues     Kind = "queues"
	All           Kind = "all"
)

// includes reports whether a policy for one kind applies to objects of another.
func (k Kind) includes(other Kind) bool {
	return k == other || k == All || k == AllQueues && other != Exchanges
}

// A Definition is settings by their keys. Their values are int64 or string, as the
// key's table says.
type Definition map[string]any

// UnmarshalJSON implements json.Unmarshaler. Numbers keep all their digits until New
// has looked at them.
func (d *Definition) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode((*map[string]any)(d))
}

// A Policy says what holds for objects whose names match a pattern, which need not
// match the whole name.
type Policy struct {
	Name       string     `json:"name"`
	Pattern    string     `json:"pattern"`
	ApplyTo    Kind       `json:"apply-to"`
	Priority   int64      `json:"priority"`
	Definition Definition `json:"definition"`

	expression *regexp.Regexp
}

// New checks a policy for a list and makes it ready for use. If ApplyTo is empty it
// is All. The error is a *ValidationError.
func New(l List, p Policy) (*Policy, error) {
	if len(p.Name) > store.NameMost {
		return nil, invalid("name of %d octets, want %d or fewer", len(p.Name), store.NameMost)
	}
	if p.ApplyTo == "" {
		p.ApplyTo = All
	}
	if !slices.Contains([]Kind{ClassicQueues, QuorumQueues, Streams, Exchanges, AllQueues, All}, p.ApplyTo) {
		return nil, invalid("apply-to '%s' unrecognised; should be one of: 'queues', 'exchanges', 'classic_queues', 'quorum_queues', 'streams', 'all'", p.ApplyTo)
	}
	var err error
	if p.expression, err = regexp.Compile(p.Pattern); err != nil {
		return nil, invalid("pattern should be a regular expression (RE2), got %q: %v", p.Pattern, err)
	}
	if len(p.Definition) == 0 {
		return nil, invalid("no policy provided")
	}
	if p.Definition, err = check(l, p.Definition); err != nil {
		return nil, err
	}
	return &p, nil
}

// matches reports whether the policy applies to an object.
func (p *Policy) matches(kind Kind, name string) bool {
	return p.ApplyTo.includes(kind) && p.expression.MatchString(name) && supports(kind, p.Definition)
}

// A ValidationError says what is wrong with a policy.
type ValidationError struct{ Text string }

func (e *ValidationError) Error() string { return e.Text }

func invalid(format string, args ...any) error {
	return &ValidationError{fmt.Sprintf(format, args...)}
}

// A Set is the policies of a virtual host. It does not change: With and Without
// return another. The zero value is empty.
type Set struct {
	lists [2]map[string]*Policy
}

// With returns the set with a policy in it, in the place of another of that name.
func (s Set) With(l List, p *Policy) Set {
	list := maps.Clone(s.lists[l])
	if list == nil {
		list = make(map[string]*Policy)
	}
	list[p.Name] = p
	s.lists[l] = list
	return s
}

// Without returns the set without the policy of a name, which may not be in it.
func (s Set) Without(l List, name string) Set {
	s.lists[l] = maps.Clone(s.lists[l])
	delete(s.lists[l], name)
	return s
}

// Get returns the policy of a name, or nil.
func (s Set) Get(l List, name string) *Policy { return s.lists[l][name] }

// All returns the policies of a list, in the order of their names.
func (s Set) All(l List) []*Policy {
	return slices.SortedFunc(maps.Values(s.lists[l]), func(a, b *Policy) int { return strings.Compare(a.Name, b.Name) })
}

// An Effective is what policies say of one object.
type Effective struct {
	Policy, Operator string     // names, "" for none
	Definition       Definition // both together, nil for nothing
}

// For returns what holds for an object.
//
// rabbitmq: of each list the policy with the highest priority; of equal ones any,
// here the first by name.
func (s Set) For(kind Kind, name string) (e Effective) {
	user, operator := s.first(User, kind, name), s.first(Operator, kind, name)
	if user != nil {
		e.Policy, e.Definition = user.Name, user.Definition
	}
	if operator == nil {
		return e
	}
	e.Operator, e.Definition = operator.Name, operator.Definition
	if user != nil {
		e.Definition = merge(user.Definition, operator.Definition)
	}
	return e
}

func (s Set) first(l List, kind Kind, name string) (best *Policy) {
	for _, p := range s.lists[l] {
		if !p.matches(kind, name) {
			continue
		}
		if best == nil || p.Priority > best.Priority || p.Priority == best.Priority && cmp.Less(p.Name, best.Name) {
			best = p
		}
	}
	return best
}

// merge puts what users and operators say together.
//
// rabbitmq: of two numbers the smaller holds, of anything else the operators'
func merge(user, operator Definition) Definition {
	both := maps.Clone(user)
	for key, value := range operator {
		mine, isNumber := value.(int64)
		theirs, wasNumber := both[key].(int64)
		if isNumber && wasNumber && key != "queue-version" {
			value = min(mine, theirs)
		}
		both[key] = value
	}
	return both
}
