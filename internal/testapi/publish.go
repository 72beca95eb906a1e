package testapi

import (
	"net/http"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/internal/amqpjson"
)

// A Publish puts a message into the queues that its exchange routes it to.
type Publish struct {
	VHost           string              `json:"vhost,omitempty"`
	Exchange        string              `json:"exchange"` // "" for the default exchange
	RoutingKey      string              `json:"routing_key"`
	Properties      amqpjson.Properties `json:"properties"`
	Payload         string              `json:"payload"`
	PayloadEncoding string              `json:"payload_encoding,omitempty"` // "string", as without it, or "base64"
}

// Published is the answer to it, true: what no queue gets is a Conflict.
type Published struct {
	Routed bool `json:"routed"`
}

func (h *Handler) publish(r *http.Request) (any, error) {
	var in Publish
	if err := read(r, &in); err != nil {
		return nil, err
	}
	body, err := amqpjson.Body(in.Payload, in.PayloadEncoding)
	if err != nil {
		return nil, badRequest("%v", err)
	}
	m := amqptest.Message{Exchange: in.Exchange, RoutingKey: in.RoutingKey, Properties: amqp.Fields(in.Properties), Body: body}
	if err := m.Check(); err != nil {
		return nil, badRequest("%s", reason(err))
	}
	v, err := h.vhost(in.VHost)
	if err != nil {
		return nil, err
	}
	if err := v.Publish(m); err != nil {
		return nil, err
	}
	return Published{Routed: true}, nil
}
