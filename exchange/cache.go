package exchange

import (
	"math"
	"strconv"

	"github.com/harebellmq/harebell/amqp"
)

// A Cache is what a Deduplicating exchange is to remember of its messages: who owns
// the exchange remembers it.
type Cache struct {
	Size int   // how many messages
	TTL  int64 // for how many milliseconds, 0 for as long as there is room
	Disk bool  // over a restart, if the exchange outlives one
}

// cache reads what a Deduplicating exchange is to remember.
//
// rabbitmq: the plug-in's texts; numbers may be written as text
func (d Declaration) cache() (*Cache, error) {
	c := new(Cache)
	size, ok := positive(d.Arguments["x-cache-size"])
	if !ok {
		return nil, amqp.Errorf(amqp.PreconditionFailed, "Missing or invalid argument, 'x-cache-size' must be an integer greater than 0")
	}
	c.Size = int(min(size, math.MaxInt32))
	if v, given := d.Arguments["x-cache-ttl"]; given {
		if c.TTL, ok = positive(v); !ok {
			return nil, amqp.Errorf(amqp.PreconditionFailed, "Invalid argument, 'x-cache-ttl' must be an integer greater than 0")
		}
	}
	switch v, given := d.Arguments["x-cache-persistence"]; {
	case !given || v == "memory":
	case v == "disk":
		c.Disk = true
	default:
		return nil, amqp.Errorf(amqp.PreconditionFailed, "Invalid argument, 'x-cache-persistence' must be either 'disk' or 'memory'")
	}
	return c, nil
}

// positive returns an integer that is greater than 0.
func positive(v any) (n int64, ok bool) {
	if text, is := v.(string); is {
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil && n > 0
	}
	n, ok = amqp.Integer(v)
	return n, ok && n > 0
}
