package amqptest

import (
	"encoding/json"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/amqpjson"
)

// A messageDoc is a message in JSON.
type messageDoc struct {
	Exchange        string              `json:"exchange"`
	RoutingKey      string              `json:"routing_key"`
	Properties      amqpjson.Properties `json:"properties"`
	Payload         string              `json:"payload"`
	PayloadEncoding string              `json:"payload_encoding"`
	PayloadBytes    int                 `json:"payload_bytes"`
	Redelivered     bool                `json:"redelivered"`
}

// MarshalJSON implements json.Marshaler, in the spelling of RabbitMQ's management
// API: with a payload, and its payload_encoding "string", or "base64" if it is no
// text.
func (m Message) MarshalJSON() ([]byte, error) {
	doc := messageDoc{
		Exchange: m.Exchange, RoutingKey: m.RoutingKey, Properties: amqpjson.Properties(m.Properties),
		PayloadBytes: len(m.Body), Redelivered: m.Redelivered,
	}
	doc.Payload, doc.PayloadEncoding = amqpjson.Payload(m.Body)
	return json.Marshal(doc)
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Message) UnmarshalJSON(data []byte) error {
	var doc messageDoc
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	body, err := amqpjson.Body(doc.Payload, doc.PayloadEncoding)
	if err != nil {
		return err
	}
	*m = Message{
		Exchange: doc.Exchange, RoutingKey: doc.RoutingKey, Properties: amqp.Fields(doc.Properties),
		Body: body, Redelivered: doc.Redelivered,
	}
	return nil
}
