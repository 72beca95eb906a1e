package exchange

import (
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/harebellmq/harebell/amqp"
)

// random hands each message to one of the bindings, whichever.
//
// rabbitmq: x-random; x-local-random is the same on one node, but takes no keys
type random struct {
	bound   set
	keyless bool // binding keys must be empty
}

func (r *random) bind(b *binding) error {
	if r.keyless && b.Key != "" {
		return amqp.Errorf(amqp.PreconditionFailed, "Non-empty binding key '%s' is not permitted for exchanges of type %s", b.Key, LocalRandom)
	}
	r.bound.add(b)
	return nil
}

func (r *random) unbind(b *binding) { r.bound.remove(b) }

func (r *random) match(dst []Destination, _ string, _ amqp.Properties) []Destination {
	if r.bound.empty() {
		return dst
	}
	return append(dst, r.bound.destinations[rand.IntN(len(r.bound.destinations))])
}

// modulus hands messages with the same routing key to the same binding, as long as
// bindings neither come nor go.
//
// rabbitmq: x-modulus-hash. Which binding it is differs: RabbitMQ has a hash
// function of Erlang's.
type modulus struct{ bound set }

func (m *modulus) bind(b *binding) error {
	m.bound.add(b)
	return nil
}

func (m *modulus) unbind(b *binding) { m.bound.remove(b) }

func (m *modulus) match(dst []Destination, key string, _ amqp.Properties) []Destination {
	if m.bound.empty() {
		return dst
	}
	at := xxhash.Sum64String(key) % uint64(len(m.bound.destinations))
	return append(dst, m.bound.destinations[at])
}

// consistent hands messages with the same value, which is the routing key unless the
// exchange's arguments say otherwise, to the same destination. A destination gets
// messages by its weight, the binding key, and when one comes or goes as few values
// as possible change theirs.
//
// rabbitmq: x-consistent-hash. Which destination it is differs: RabbitMQ has hash
// and random functions of Erlang's.
type consistent struct {
	value  func(key string, p amqp.Properties) string
	shares []share // in the order they were bound
	first  map[Destination]*binding
}

// A share is the buckets of one destination.
type share struct {
	binding *binding
	weight  int64
	end     int64 // of the buckets of this share and all before it
}

// maxWeight is how large a weight may be.
const maxWeight = 1<<31 - 1

func newConsistent(d Declaration) (matcher, error) {
	header, byHeader := d.Arguments["hash-header"]
	property, byProperty := d.Arguments["hash-property"]
	c := &consistent{first: make(map[Destination]*binding), value: func(key string, _ amqp.Properties) string { return key }}
	switch {
	case byHeader && byProperty:
		return nil, amqp.Errorf(amqp.PreconditionFailed, "hash-header and hash-property are mutually exclusive")
	case byHeader:
		name, ok := header.(string)
		if !ok {
			return nil, amqp.Errorf(amqp.PreconditionFailed, "Invalid hash-header field type %s; expected longstr", amqp.TypeName(header))
		}
		c.value = func(_ string, p amqp.Properties) string {
			v, given := p.Header(name)
			if !given {
				return ""
			}
			return amqp.FormatValue(v)
		}
	case byProperty:
		switch property {
		case "message_id":
			c.value = func(_ string, p amqp.Properties) string { return p.MessageID() }
		case "correlation_id":
			c.value = func(_ string, p amqp.Properties) string { return p.CorrelationID() }
		case "timestamp":
			c.value = func(_ string, p amqp.Properties) string {
				t, given := p.Timestamp()
				if !given {
					return ""
				}
				return strconv.FormatUint(uint64(t), 10)
			}
		default:
			return nil, amqp.Errorf(amqp.PreconditionFailed, "Unsupported property: %s", amqp.FormatValue(property))
		}
	}
	return c, nil
}

func (c *consistent) bind(b *binding) error {
	weight, err := strconv.ParseInt(b.Key, 10, 64)
	switch {
	case err != nil:
		return amqp.Errorf(amqp.PreconditionFailed, "The binding key must be an integer: %s", amqp.FormatBinary(b.Key))
	case weight < 1:
		return amqp.Errorf(amqp.PreconditionFailed, "The binding key must be greater than 0")
	case weight > maxWeight:
		return amqp.Errorf(amqp.PreconditionFailed, "The binding key must be at most %d", maxWeight)
	}
	// Of several bindings of one destination the first counts.
	if c.first[b.Destination] == nil {
		c.first[b.Destination] = b
		c.shares = append(c.shares, share{binding: b, weight: weight, end: c.buckets() + weight})
	}
	return nil
}

func (c *consistent) buckets() int64 {
	if len(c.shares) == 0 {
		return 0
	}
	return c.shares[len(c.shares)-1].end
}

func (c *consistent) unbind(b *binding) {
	if c.first[b.Destination] != b {
		return
	}
	delete(c.first, b.Destination)
	at := slices.IndexFunc(c.shares, func(s share) bool { return s.binding == b })
	weight := c.shares[at].weight
	c.shares = slices.Delete(c.shares, at, at+1)
	for i := range c.shares[at:] {
		c.shares[at+i].end -= weight
	}
}

func (c *consistent) match(dst []Destination, key string, p amqp.Properties) []Destination {
	if len(c.shares) == 0 {
		return dst
	}
	bucket := jump(xxhash.Sum64String(c.value(key, p)), c.buckets())
	at, _ := slices.BinarySearchFunc(c.shares, bucket, func(s share, bucket int64) int {
		if s.end <= bucket {
			return -1
		}
		return 1
	})
	return append(dst, c.shares[at].binding.Destination)
}

// jump returns which of so many buckets a hash belongs to. With one bucket more it
// is the same one, or the new one.
//
// Source: Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm".
func jump(hash uint64, buckets int64) int64 {
	bucket := int64(0)
	for next := int64(0); next < buckets; {
		bucket = next
		hash = hash*2862933555777941757 + 1
		next = int64(float64(bucket+1) * (float64(1<<31) / float64(hash>>33+1)))
	}
	return bucket
}
