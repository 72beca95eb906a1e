package queue

import "github.com/harebellmq/harebell/amqp"

// A Type is a kind of queue, as x-queue-type names it.
type Type string

// The types.
const (
	Classic Type = "classic"
	Quorum  Type = "quorum"
	Stream  Type = "stream"
)

// module is how error texts call a type.
func (t Type) module() string { return "rabbit_" + string(t) + "_queue" }

// Type returns the type that the arguments name: classic if they name none.
func (d Declaration) Type() Type {
	switch t, _ := d.Arguments["x-queue-type"].(string); t {
	case "", "undefined":
		return Classic
	default:
		return Type(t)
	}
}

// CheckServerNamed returns RabbitMQ's error if the server cannot name such a queue:
// only classic ones have names of its.
func (d Declaration) CheckServerNamed() error {
	if t := d.Type(); t != Classic {
		return amqp.Errorf(amqp.PreconditionFailed, "Cannot declare a server-named queue for type %s", t.module())
	}
	return nil
}
