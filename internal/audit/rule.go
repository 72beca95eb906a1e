package audit

import "github.com/harebellmq/harebell/amqp"

// ParameterSet is a parameter that has another value now.
type ParameterSet struct {
	By, VHost, Component, Name string
	Value                      any // what JSON can express
}

func (ParameterSet) key() string { return "parameter.set" }

func (h ParameterSet) headers(string) amqp.Table {
	return amqp.Table{
		"user_who_performed_action": h.By, "vhost": h.VHost, "component": h.Component, "name": h.Name, "value": value(h.Value),
	}
}

// ParameterCleared is a parameter that is gone.
type ParameterCleared struct{ By, VHost, Component, Name string }

func (ParameterCleared) key() string { return "parameter.cleared" }

func (h ParameterCleared) headers(string) amqp.Table {
	return amqp.Table{"user_who_performed_action": h.By, "vhost": h.VHost, "component": h.Component, "name": h.Name}
}

// PolicySet is a policy, of users or of operators, that holds now.
type PolicySet struct {
	By, VHost, Name, Pattern, ApplyTo string
	Priority                          int64
	Definition                        map[string]any
}

func (PolicySet) key() string { return "policy.set" }

func (h PolicySet) headers(string) amqp.Table {
	t := h.Value()
	return amqp.Table{
		"user_who_performed_action": h.By, "vhost": h.VHost, "name": h.Name,
		"pattern": t["pattern"], "apply-to": t["apply-to"], "priority": t["priority"], "definition": value(t["definition"]),
	}
}

// Value is the policy as the value of a parameter, which it is too.
func (h PolicySet) Value() map[string]any {
	return map[string]any{"pattern": h.Pattern, "apply-to": h.ApplyTo, "priority": h.Priority, "definition": h.Definition}
}

// PolicyCleared is a policy that is gone.
type PolicyCleared struct {
	By, VHost, Name string
	Operator        bool // it was one of operators
}

func (h PolicyCleared) key() string {
	if h.Operator {
		return "operator.policy.cleared"
	}
	return "policy.cleared"
}

func (h PolicyCleared) headers(string) amqp.Table {
	return amqp.Table{"user_who_performed_action": h.By, "vhost": h.VHost, "name": h.Name}
}

// The name of the parameter that limits are.
const limits = "limits"

// VHostLimitsSet is the limits of a virtual host as they are now. The headers do not
// name it; the parameter's, told just before, do.
type VHostLimitsSet struct {
	By     string
	Limits map[string]int64
}

func (VHostLimitsSet) key() string { return "vhost.limits.set" }

// Value is the limits as the value of a parameter, which they are too.
func (h VHostLimitsSet) Value() map[string]any {
	all := make(map[string]any, len(h.Limits))
	for name, n := range h.Limits {
		all[name] = n
	}
	return all
}

func (h VHostLimitsSet) headers(string) amqp.Table {
	t := amqp.Table{"user_who_performed_action": h.By, "name": limits}
	for name, n := range h.Limits {
		t[name] = n
	}
	return t
}

// VHostLimitsCleared is the limits of a virtual host that is gone.
type VHostLimitsCleared struct{ By string }

func (VHostLimitsCleared) key() string { return "vhost.limits.cleared" }

func (h VHostLimitsCleared) headers(string) amqp.Table {
	return amqp.Table{"user_who_performed_action": h.By, "name": limits}
}
