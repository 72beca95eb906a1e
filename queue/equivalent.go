package queue

import (
	"fmt"
	"strconv"

	"github.com/harebellmq/harebell/amqp"
)

// compared are the arguments in which a declaration must agree with the queue
// that is there, by its type; all others may differ.
var compared = map[Type][]string{
	Classic: {
		"x-expires", "x-message-ttl", "x-dead-letter-exchange", "x-dead-letter-routing-key", "x-max-length",
		"x-max-length-bytes", "x-max-priority", "x-overflow", "x-queue-mode", "x-queue-version",
		"x-single-active-consumer", "x-queue-type", "x-queue-master-locator",
	},
	Quorum: {
		"x-expires", "x-message-ttl", "x-dead-letter-exchange", "x-dead-letter-routing-key", "x-dead-letter-strategy",
		"x-max-length", "x-max-length-bytes", "x-max-in-memory-length", "x-max-in-memory-bytes", "x-overflow",
		"x-single-active-consumer", "x-queue-type", "x-quorum-initial-group-size", "x-delivery-limit",
		"x-queue-leader-locator", "x-delayed-retry-type", "x-delayed-retry-min", "x-delayed-retry-max",
	},
	Stream: {
		"x-queue-type", "x-max-length-bytes", "x-max-age", "x-stream-max-segment-size-bytes",
		"x-stream-filter-size-bytes", "x-initial-cluster-size", "x-queue-leader-locator",
	},
}

// Equivalent returns RabbitMQ's error if a queue that was declared with d cannot
// be declared with n. Whether the queue is exclusive to somebody else has been
// looked at before.
func (d Declaration) Equivalent(n Declaration) error {
	if err := d.same("durable", quoteBool(n.Durable), quoteBool(d.Durable)); err != nil {
		return err
	}
	if err := d.same("auto_delete", quoteBool(n.AutoDelete), quoteBool(d.AutoDelete)); err != nil {
		return err
	}
	for _, key := range compared[d.Type()] {
		now, inNow := d.argument(key, d.Type())
		wanted, inWanted := n.argument(key, d.Type())
		var err error
		switch {
		case inNow && inWanted && !amqp.EqualValue(now, wanted):
			err = d.differs(key, quote(wanted), quote(now))
		case inNow && !inWanted:
			err = d.differs(key, "none", describe(now))
		case !inNow && inWanted:
			err = d.differs(key, describe(wanted), "none")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// argument returns an argument. Beside a classic queue, naming this type is not
// naming one.
func (d Declaration) argument(key string, current Type) (any, bool) {
	v, ok := d.Arguments[key]
	if key == "x-queue-type" && current == Classic && d.Type() == Classic {
		return nil, false
	}
	return v, ok
}

func (d Declaration) same(key, wanted, now string) error {
	if wanted == now {
		return nil
	}
	return d.differs(key, wanted, now)
}

func (d Declaration) differs(key, wanted, now string) error {
	return amqp.Errorf(amqp.PreconditionFailed, "inequivalent arg '%s' for queue '%s' in vhost '%s': received %s but current is %s",
		key, d.Name, d.VHost, wanted, now)
}

// quote prints a value beside another one; void looks as if there was none.
func quote(v any) string {
	if v == nil {
		return "none"
	}
	return "'" + amqp.FormatValue(v) + "'"
}

// describe prints a value where there is no other.
func describe(v any) string {
	return fmt.Sprintf("the value '%s' of type '%s'", amqp.FormatValue(v), amqp.TypeName(v))
}

func quoteBool(b bool) string { return "'" + strconv.FormatBool(b) + "'" }
