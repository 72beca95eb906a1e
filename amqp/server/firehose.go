package server

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// The firehose is copies of all messages that are published in a virtual host, and
// of all that are delivered there, for whoever is bound to the trace exchange: as long
// as somebody has it traced. What the exchange itself hands on is not copied.
//
// rabbitmq: the keys and headers
const traceExchange = "amq.rabbitmq.trace"

// A tapped is a delivery to be copied.
type tapped struct {
	message     *amqp.Message
	queue       string
	channel     uint16
	redelivered bool
}

// traces reports whether a message is to be copied.
func (c *connection) traces(m *amqp.Message) bool {
	return c.vhost.Tracing() && m.Exchange != traceExchange
}

// tracePublished copies a message that is about to be routed, and notes where it goes.
// The read loop calls it.
func (ch *channel) tracePublished(p *publication) error {
	c := ch.conn
	if p.queues == nil {
		var err error
		if p.queues, err = c.publisher.Queues(p.message, p.also); err != nil {
			return err
		}
	}
	return c.tap(ch.number).published(c.publisher, &p.message, p.queues)
}

// traceGot copies a message that basic.get has taken. The read loop calls it.
func (ch *channel) traceGot(q queue.Queue, e *queue.Entry) error {
	return ch.conn.tap(ch.number).delivered(ch.conn.publisher, tapped{e.Message, q.Declaration().Name, ch.number, e.Redelivered})
}

// traceWritten copies deliveries that have been written. The write loop calls it.
func (c *connection) traceWritten(deliveries []tapped) {
	if len(deliveries) == 0 {
		return
	}
	p := c.vhost.NewPublisher()
	for _, d := range deliveries {
		if err := c.tap(d.channel).delivered(p, d); err != nil {
			c.log.Warn().Err(err).Msg("delivery not traced")
			return
		}
	}
	p.Flush()
}

// traceKeyMost is how many octets a routing key may have: with a long name in it it
// would have more.
const traceKeyMost = 255

// trace publishes a copy. Headers that are nested so deeply already that they cannot
// be part of others are left out.
func trace(p *vhost.Publisher, key string, headers amqp.Table, body []byte) error {
	if headers.Check() != nil {
		delete(headers["properties"].(amqp.Table), "headers")
	}
	key = key[:min(len(key), traceKeyMost)]
	m := amqp.NewMessage(traceExchange, key, amqp.Fields{Headers: headers}.Properties(), body)
	_, err := p.Publish(m, nil, nil, 0)
	return err
}

// A tap is whose messages are copied.
type tap struct {
	node, vhost, connection, user string
	channel                       uint16
}

func (c *connection) tap(channel uint16) tap {
	shown := c.shown.Load()
	return tap{c.server.Node, shown.VHost, shown.Name, shown.User, channel}
}

// published copies a message that goes to some queues.
func (t tap) published(p *vhost.Publisher, m *amqp.Message, queues []string) error {
	headers := t.headers(m)
	headers["routed_queues"] = texts(queues)
	return trace(p, "publish."+m.Exchange, headers, m.Body)
}

// delivered copies a delivery.
func (t tap) delivered(p *vhost.Publisher, d tapped) error {
	headers := t.headers(d.message)
	headers["redelivered"] = int32(0)
	if d.redelivered {
		headers["redelivered"] = int32(1)
	}
	return trace(p, "deliver."+d.queue, headers, d.message.Body)
}

// headers say what was copied, and whose it is.
func (t tap) headers(m *amqp.Message) amqp.Table {
	return amqp.Table{
		"exchange_name": m.Exchange,
		"routing_keys":  texts(append(queue.RoutingKeys(m), m.BCC()...)),
		"properties":    traceProperties(m.Properties),
		"node":          t.node,
		"vhost":         t.vhost,
		"connection":    t.connection,
		"channel":       int32(t.channel),
		"user":          t.user,
	}
}

// traceProperties returns the properties that are there, as a table.
func traceProperties(p amqp.Properties) amqp.Table {
	t := make(amqp.Table)
	f, err := p.Fields()
	if err != nil {
		return t // they were checked when they came
	}
	for name, text := range map[string]string{
		"content_type": f.ContentType, "content_encoding": f.ContentEncoding, "correlation_id": f.CorrelationID,
		"reply_to": f.ReplyTo, "expiration": f.Expiration, "message_id": f.MessageID, "type": f.Type, "user_id": f.UserID,
		"app_id": f.AppID, "cluster_id": f.ClusterID,
	} {
		if text != "" {
			t[name] = text
		}
	}
	if f.Headers != nil {
		t["headers"] = f.Headers
	}
	if f.DeliveryMode != 0 {
		t["delivery_mode"] = int32(f.DeliveryMode)
	}
	if p.Has(amqp.FlagPriority) {
		t["priority"] = int32(f.Priority)
	}
	if p.Has(amqp.FlagTimestamp) {
		t["timestamp"] = f.Timestamp
	}
	return t
}

func texts(list []string) []any {
	all := make([]any, len(list))
	for i, text := range list {
		all[i] = text
	}
	return all
}
