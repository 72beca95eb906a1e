package management

import (
	"strconv"

	"github.com/harebellmq/harebell/internal/amqpjson"
	"github.com/harebellmq/harebell/queue"
)

// A shownDelayed is how a message is shown that an x-delayed-message exchange holds
// back. RabbitMQ has no such resource: there nobody can see them.
type shownDelayed struct {
	ID              uint64              `json:"id"`
	Due             int64               `json:"due"` // Unix milliseconds
	Exchange        string              `json:"exchange"`
	RoutingKey      string              `json:"routing_key"`
	PayloadBytes    int                 `json:"payload_bytes"`
	Payload         string              `json:"payload"`
	PayloadEncoding string              `json:"payload_encoding"`
	Properties      amqpjson.Properties `json:"properties"`
}

const (
	// delayedUsual and delayedMost are how many are shown if the query does not say
	// how many, and at most.
	delayedUsual = 100
	delayedMost  = 10_000
)

// delay finds what holds back the messages of the exchange of the path.
func (c *call) delay() (*queue.Delay, error) {
	v, err := c.server.vhosts.Get(c.name("vhost"))
	if err != nil {
		return nil, errNotFound
	}
	if d := v.Delay(c.name("exchange")); d != nil {
		return d, nil
	}
	return nil, errNotFound
}

// listDelayed shows the messages that go first.
func (s *Server) listDelayed(c *call) error {
	d, err := c.delay()
	if err != nil {
		return err
	}
	count := delayedUsual
	if text := c.URL.Query().Get("count"); text != "" {
		if count, err = strconv.Atoi(text); err != nil || count < 1 || count > delayedMost {
			return badRequest("count is '" + text + "': want a number from 1 to " + strconv.Itoa(delayedMost))
		}
	}
	next, err := d.Next(count)
	if err != nil {
		return err
	}
	shown := make([]shownDelayed, len(next))
	for i := range next {
		if shown[i], err = showDelayed(&next[i]); err != nil {
			return err
		}
	}
	return c.list(all(shown))
}

func showDelayed(d *queue.Delayed) (shownDelayed, error) {
	fields, err := d.Message.Properties.Fields()
	if err != nil {
		return shownDelayed{}, err
	}
	s := shownDelayed{
		ID: d.ID, Due: d.Due.UnixMilli(), Exchange: d.Message.Exchange, RoutingKey: d.Message.RoutingKey,
		PayloadBytes: len(d.Message.Body), Properties: amqpjson.Properties(fields),
	}
	s.Payload, s.PayloadEncoding = amqpjson.Payload(d.Message.Body)
	return s, nil
}

// cancelDelayed drops one of them.
func (s *Server) cancelDelayed(c *call) error {
	d, err := c.delay()
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(c.name("id"), 10, 64)
	if err != nil || !d.Cancel(id) {
		return errNotFound
	}
	return c.done(false)
}
