package conformance

import (
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// A consumer takes deliveries of the official client.
type consumer struct {
	s          *session
	tag        string
	deliveries <-chan amqp.Delivery
}

// consume starts a consumer that acks.
func (s *session) consume(queue string) *consumer {
	s.t.Helper()
	return s.consumeWith(queue, false, false, nil)
}

// consumeWith starts a consumer with a tag of its own.
func (s *session) consumeWith(queue string, noAck, exclusive bool, args amqp.Table) *consumer {
	s.t.Helper()
	tag := fmt.Sprintf("consumer-%d", names.Add(1))
	deliveries, err := s.Consume(queue, tag, noAck, exclusive, false, false, args)
	s.ok(err)
	return &consumer{s: s, tag: tag, deliveries: deliveries}
}

// next waits for a delivery.
func (c *consumer) next() amqp.Delivery {
	c.s.t.Helper()
	return receive(c.s.t, c.deliveries, "a delivery")
}

// want takes as many deliveries as there are words and compares their bodies.
func (c *consumer) want(words string) {
	c.s.t.Helper()
	for word := range strings.FieldsSeq(words) {
		if d := c.next(); string(d.Body) != word {
			c.s.t.Fatalf("delivery: got %q, want %q", d.Body, word)
		}
	}
}

// rest cancels the consumer and returns what had been delivered until then. As
// nothing comes after cancel-ok, what is not among it was not delivered.
func (c *consumer) rest() string {
	c.s.t.Helper()
	c.s.ok(c.s.Cancel(c.tag, false))
	var bodies []string
	for d := range c.deliveries {
		bodies = append(bodies, string(d.Body))
	}
	return strings.Join(bodies, " ")
}

// wantRest compares what rest returns.
func (c *consumer) wantRest(want string) {
	c.s.t.Helper()
	if got := c.rest(); got != want {
		c.s.t.Fatalf("delivered before cancel-ok: got %q, want %q", got, want)
	}
}
