package exchange

import (
	"fmt"
	"math"
	"strconv"

	"github.com/harebellmq/harebell/amqp"
)

// alternateExchange is the one argument that all types of exchanges know.
const alternateExchange = "alternate-exchange"

// A Declaration says what an exchange is.
type Declaration struct {
	Name       string
	Kind       string // the type, such as Direct
	Durable    bool   // survives a restart
	AutoDelete bool   // is deleted when its last binding as a source goes
	Internal   bool   // takes messages from other exchanges only
	Arguments  amqp.Table
}

// Equivalent returns nil if declaring the exchange again as d changes nothing,
// and PRECONDITION_FAILED naming the first difference otherwise. Of the
// arguments only alternate-exchange counts.
//
// rabbitmq: the order of the checks and their texts.
func (x *Exchange) Equivalent(vhost string, d Declaration) error {
	current := x.declaration
	differs := func(field, received, current string) error {
		return amqp.Errorf(amqp.PreconditionFailed, "inequivalent arg '%s' for %s: received %s but current is %s",
			field, x.declaration.in(vhost), received, current)
	}
	if d.Kind != current.Kind {
		return differs("type", "'"+d.Kind+"'", "'"+current.Kind+"'")
	}
	for _, flag := range []struct {
		name              string
		received, current bool
	}{
		{"durable", d.Durable, current.Durable},
		{"auto_delete", d.AutoDelete, current.AutoDelete},
		{"internal", d.Internal, current.Internal},
	} {
		if flag.received != flag.current {
			return differs(flag.name, quoteBool(flag.received), quoteBool(flag.current))
		}
	}
	received, given := d.Arguments[alternateExchange]
	present, has := current.Arguments[alternateExchange]
	switch {
	case given && has && !amqp.EqualValue(received, present):
		return differs(alternateExchange, quoteValue(received), quoteValue(present))
	case given && !has:
		return differs(alternateExchange, describeValue(received), "none")
	case has && !given:
		return differs(alternateExchange, "none", describeValue(present))
	}
	return nil
}

// routes returns the type by which the exchange routes, which is its own unless it
// is Delayed.
func (d Declaration) routes() (string, error) {
	if d.Kind != Delayed {
		return d.Kind, nil
	}
	kind, _ := d.Arguments["x-delayed-type"].(string)
	switch {
	case kind == Delayed:
		return "", amqp.Errorf(amqp.PreconditionFailed, "Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'")
	case !Known(kind):
		return "", amqp.Errorf(amqp.PreconditionFailed, "Invalid argument, 'x-delayed-type' must be an existing exchange type")
	}
	return kind, nil
}

// history reads how many messages a RecentHistory keeps.
func (d Declaration) history() (int, error) {
	value, given := d.Arguments["x-recent-history-length"]
	if !given {
		return 20, nil
	}
	if n, ok := amqp.Integer(value); ok && n > 0 {
		return int(min(n, math.MaxInt32)), nil
	}
	printed := amqp.FormatValue(value)
	if s, ok := value.(string); ok {
		printed = amqp.FormatBinary(s)
	}
	return 0, amqp.Errorf(amqp.PreconditionFailed, "Invalid argument %s, 'x-recent-history-length' must be a positive integer", printed)
}

// in names the exchange the way reply texts do.
func (d Declaration) in(vhost string) string {
	return fmt.Sprintf("exchange '%s' in vhost '%s'", d.Name, vhost)
}

func quoteBool(b bool) string { return "'" + strconv.FormatBool(b) + "'" }

// quoteValue prints a value beside another one; void looks as if there was none.
func quoteValue(v any) string {
	if v == nil {
		return "none"
	}
	return "'" + amqp.FormatValue(v) + "'"
}

// describeValue prints a value where there is no other.
func describeValue(v any) string {
	return fmt.Sprintf("the value '%s' of type '%s'", amqp.FormatValue(v), amqp.TypeName(v))
}
