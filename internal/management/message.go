package management

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/amqpjson"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// publish publishes a message, and answers whether a queue got it.
func (s *Server) publish(c *call) error {
	v, x, err := c.target()
	if err != nil {
		return err
	}
	b, err := c.bodyOf(largeMost, "routing_key", "properties", "payload", "payload_encoding")
	if err != nil {
		return err
	}
	key, err := b.text("routing_key")
	if err != nil {
		return err
	}
	payload, err := b.payload()
	if err != nil {
		return err
	}
	properties, err := b.properties()
	if err != nil {
		return err
	}
	if err := isShort("routing_key", key); err != nil {
		return err
	}
	return c.visit(func(_ *vhost.VirtualHost, visit *server.Visit) error {
		routed, refused, err := visit.Publish(x, key, properties, payload)
		if told, ok := errors.AsType[*amqp.Error](err); ok {
			return badRequest(fmt.Sprintf("%d %s - %s", told.Code, told.Code, told.Text))
		}
		switch {
		case err != nil:
			return err
		case refused:
			return badRequest("rejected Unable to publish message. Check queue limits.")
		}
		s.log.Debug().Str("user", c.user.Name).Str("vhost", v.Name()).Str("exchange", x).Msg("published over HTTP")
		return c.write(struct {
			Routed bool `json:"routed"`
		}{routed})
	})
}

// target finds the exchange that is published to.
//
// rabbitmq: from 4.0 on its words when there is none
func (c *call) target() (*vhost.VirtualHost, string, error) {
	v, err := c.server.vhosts.Get(c.name("vhost"))
	if err != nil {
		return nil, "", errNoVHost
	}
	name := c.exchangeName("exchange")
	if _, ok := v.ExchangeInfo(name); !ok {
		return nil, "", missing("exchange_not_found")
	}
	return v, name, nil
}

func missing(reason string) *refusal {
	return &refusal{status: http.StatusNotFound, code: "not_found", reason: reason}
}

// shortMost is how many octets a name or a key may have.
const shortMost = 255

// isShort refuses what AMQP has no room for.
func isShort(what, text string) error {
	if len(text) > shortMost {
		return badRequest(fmt.Sprintf("%s has %d octets: want %d or fewer", what, len(text), shortMost))
	}
	return nil
}

// payload returns the body of a message.
func (b body) payload() ([]byte, error) {
	encoding, err := b.text("payload_encoding")
	if err != nil {
		return nil, err
	}
	payload, err := b.text("payload")
	if err != nil {
		return nil, badRequest("payload_not_string")
	}
	if encoding != amqpjson.String && encoding != amqpjson.Base64 {
		return nil, badRequest("unsupported_encoding", encoding)
	}
	octets, err := amqpjson.Body(payload, encoding)
	if err != nil {
		return nil, badRequest("not_base64", payload)
	}
	return octets, nil
}

// properties returns the properties of a message.
//
// rabbitmq: what is not one of them is nothing
func (b body) properties() (amqp.Properties, error) {
	var named map[string]json.RawMessage
	if json.Unmarshal(b["properties"], &named) != nil {
		return nil, badRequest("not_a_table", "properties", b["properties"])
	}
	for name, value := range named {
		if !amqpjson.IsProperty(name) || string(value) == "null" {
			delete(named, name)
		}
	}
	var p amqpjson.Properties
	if err := json.Unmarshal(marshal(named), &p); err != nil {
		return nil, badRequest(err.Error())
	}
	if err := amqp.Fields(p).Headers.Check(); err != nil {
		return nil, badRequest("headers: " + err.Error())
	}
	for name, value := range named {
		var text string
		if name != "headers" && json.Unmarshal(value, &text) == nil {
			if err := isShort(name, text); err != nil {
				return nil, err
			}
		}
	}
	return amqp.Fields(p).Properties(), nil
}

// A gotMessage is how a message is shown that was got.
type gotMessage struct {
	PayloadBytes    int    `json:"payload_bytes"`
	Redelivered     bool   `json:"redelivered"`
	Exchange        string `json:"exchange"`
	RoutingKey      string `json:"routing_key"`
	MessageCount    int    `json:"message_count"` // behind it
	Properties      any    `json:"properties"`
	Payload         string `json:"payload"`
	PayloadEncoding string `json:"payload_encoding"`
}

// A getting is what the client wants of a queue.
type getting struct {
	count    int
	mode     string
	base64   bool
	truncate int // octets; negative for not at all
}

// getMost is how many octets of messages are got at once, so that a client cannot fill
// the memory with them; of one message there may be more. Besides its properties and its
// body each counts for what it takes to hold and show it.
const (
	getMost = 64 << 20
	getEach = 512
)

// getMessages gets messages, and shows them.
func (s *Server) getMessages(c *call) error {
	if !s.vhosts.Has(c.name("vhost")) {
		return errNoVHost
	}
	if _, _, err := c.queue(); err != nil {
		return missing("queue_not_found")
	}
	g, err := c.getting()
	if err != nil {
		return err
	}
	return c.visit(func(_ *vhost.VirtualHost, visit *server.Visit) error {
		q, err := visit.Queue(c.name("queue"))
		if err != nil {
			return err
		}
		shown, err := g.from(visit, q)
		if err != nil {
			return err
		}
		return c.list(all(shown))
	})
}

func (c *call) getting() (g getting, err error) {
	b, err := c.body("ackmode", "count", "encoding")
	if err != nil {
		return g, err
	}
	if g.mode, err = b.text("ackmode"); err != nil {
		return g, err
	}
	switch g.mode {
	case "ack_requeue_true", "ack_requeue_false", "reject_requeue_true", "reject_requeue_false":
	default:
		return g, badRequest(fmt.Sprintf("ackmode is '%s': want ack_requeue_true, ack_requeue_false, reject_requeue_true or reject_requeue_false", g.mode))
	}
	encoding, err := b.text("encoding")
	if err != nil {
		return g, err
	}
	if encoding != "auto" && encoding != amqpjson.Base64 {
		return g, badRequest("Unsupported encoding. Please use auto or base64.")
	}
	g.base64 = encoding == amqpjson.Base64
	if g.count, err = b.number("count", 0); err != nil {
		return g, err
	}
	g.truncate, err = b.number("truncate", -1)
	return g, err
}

// from gets the messages. Those that are to go back do so when all have been seen.
//
// rabbitmq: a negative count is any number
func (g getting) from(visit *server.Visit, q queue.Queue) (shown []gotMessage, err error) {
	noAck := g.mode == "ack_requeue_false"
	var held []queue.Entry
	defer func() {
		switch g.mode {
		case "ack_requeue_true":
			q.Requeue(held, queue.Abandoned)
		case "reject_requeue_true":
			q.Requeue(held, queue.Failed)
		case "reject_requeue_false":
			q.Reject(held)
		}
	}()
	for octets := 0; len(shown) != g.count && octets < getMost; {
		e, left, ok, err := visit.Get(q, noAck)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if !noAck {
			held = append(held, e)
		}
		m, err := g.show(e.Outgoing(), e.Redelivered, left)
		if err != nil {
			return nil, err
		}
		octets += getEach + len(e.Message.Properties) + len(e.Message.Body)
		shown = append(shown, m)
	}
	return shown, nil
}

func (g getting) show(m *amqp.Message, redelivered bool, left int) (gotMessage, error) {
	fields, err := m.Properties.Fields()
	if err != nil {
		return gotMessage{}, fmt.Errorf("read properties: %w", err)
	}
	shown := gotMessage{
		PayloadBytes: len(m.Body), Redelivered: redelivered, Exchange: m.Exchange, RoutingKey: m.RoutingKey, MessageCount: left,
		Properties: shownProperties(fields),
	}
	body := m.Body
	if g.truncate >= 0 {
		body = body[:min(g.truncate, len(body))]
	}
	if g.base64 || !utf8.Valid(body) {
		shown.Payload, shown.PayloadEncoding = base64.StdEncoding.EncodeToString(body), amqpjson.Base64
	} else {
		shown.Payload, shown.PayloadEncoding = string(body), amqpjson.String
	}
	return shown, nil
}

// shownProperties is how properties are shown.
//
// rabbitmq: none at all are an empty list
func shownProperties(f amqp.Fields) any {
	if shown := objectOf(amqpjson.Properties(f)); len(shown) > 0 {
		return amqpjson.Properties(f)
	}
	return []any{}
}
