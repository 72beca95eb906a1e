package conformance

import (
	"fmt"
	"net/url"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// RabbitMQ forgets that one virtual host is traced when two are switched at the same time:
// rules about tracing are not parallel.

// traced opens a session in a virtual host that is traced, and a consumer of the
// copies.
func traced(t T) (s *session, copies *consumer) {
	t.Helper()
	a := administer(t)
	vhost := a.newVHost()
	a.do("PUT", []string{"vhosts", vhost}, map[string]any{"tracing": true})
	address, err := url.Parse(target.url)
	if err != nil {
		t.Fatalf("%v", err)
	}
	address.Path, address.RawPath = "/"+vhost, ""
	connection, err := amqp.Dial(address.String())
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { connection.Close() })
	s = newSession(t, connection, connection.NotifyClose(make(chan *amqp.Error, 1)))
	return s, s.sibling().consumeWith(s.bound("amq.rabbitmq.trace", "#", nil), true, false, nil)
}

func TestTracedMessagesAreCopiedWhenTheyArePublished(t T) {
	s, copies := traced(t)
	x := s.exchange("direct", nil)
	queue := s.bound(x, "k", nil)
	s.send(x, "k", amqp.Publishing{
		ContentType: "text/x", Priority: 3, DeliveryMode: amqp.Persistent, MessageId: "m", Timestamp: time.Unix(7, 0),
		Headers: amqp.Table{"a": "b", "CC": []any{"other"}}, Body: []byte("body"),
	})
	d := copies.next()
	if d.RoutingKey != "publish."+x || d.Exchange != "amq.rabbitmq.trace" || string(d.Body) != "body" || d.DeliveryMode == amqp.Persistent {
		t.Errorf("got key %q, body %q, mode %d", d.RoutingKey, d.Body, d.DeliveryMode)
	}
	h := d.Headers
	if got, want := fmt.Sprintf("%v %v %v %T", h["exchange_name"], h["routing_keys"], h["routed_queues"], h["channel"]),
		fmt.Sprintf("%s [k other] [%s] int32", x, queue); got != want {
		t.Errorf("headers: got %s, want %s", got, want)
	}
	for _, name := range []string{"node", "vhost", "connection", "user"} {
		if text, _ := h[name].(string); text == "" {
			t.Errorf("header %s: got %v, want a text", name, h[name])
		}
	}
	p, _ := h["properties"].(amqp.Table)
	if got, want := fmt.Sprintf("%v %v %v %v %v", p["content_type"], p["priority"], p["delivery_mode"], p["message_id"], p["headers"]),
		"text/x 3 2 m map[CC:[other] a:b]"; got != want {
		t.Errorf("properties: got %s, want %s", got, want)
	}
}

func TestTracedMessagesAreCopiedWhenTheyAreDelivered(t T) {
	s, copies := traced(t)
	queue := s.queue(nil)
	s.publish("", queue, "m")
	if d := copies.next(); d.RoutingKey != "publish." {
		t.Errorf("got key %q, want publish.", d.RoutingKey)
	}
	c := s.consume(queue)
	s.ok(c.next().Reject(true))
	s.ok(c.next().Ack(false))
	for redelivered := range int32(2) {
		d := copies.next()
		if d.RoutingKey != "deliver."+queue || string(d.Body) != "m" || d.Headers["redelivered"] != redelivered {
			t.Errorf("got key %q, body %q, redelivered %v, want deliver.%s, m, %d", d.RoutingKey, d.Body, d.Headers["redelivered"], queue, redelivered)
		}
	}
}

func TestTracedMessagesAreCopiedWhenTheyAreGot(t T) {
	s, copies := traced(t)
	queue := s.queue(nil)
	s.publish("", queue, "m")
	copies.next()
	s.wantDrain(queue, "m")
	if d := copies.next(); d.RoutingKey != "deliver."+queue || string(d.Body) != "m" {
		t.Errorf("got key %q, body %q", d.RoutingKey, d.Body)
	}
}

func TestMessagesOfTheManagementAPIAreTracedToo(t T) {
	s, copies := traced(t)
	queue := s.shared(nil)
	s.publish("", queue, "m")
	vhost, _ := copies.next().Headers["vhost"].(string)
	s.wantDrain(queue, "m")
	copies.next()
	a := administer(t)
	a.want(a.ask("POST", []string{"exchanges", vhost, "amq.default", "publish"},
		`{"routing_key":"`+queue+`","properties":{},"payload":"by the API","payload_encoding":"string"}`), 200, `{"routed":true}`)
	a.want(a.ask("POST", []string{"queues", vhost, queue, "get"}, `{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}`), 200, "")
	for _, key := range []string{"publish.", "deliver." + queue} {
		d := copies.next()
		if connection, _ := d.Headers["connection"].(string); d.RoutingKey != key || string(d.Body) != "by the API" || connection == "" {
			t.Errorf("got key %q, body %q, connection %q, want key %q", d.RoutingKey, d.Body, connection, key)
		}
	}
}

func TestUnroutableMessagesAreTracedToo(t T) {
	s, copies := traced(t)
	s.publish("amq.direct", "nobody's", "m")
	if d := copies.next(); d.RoutingKey != "publish.amq.direct" || fmt.Sprint(d.Headers["routed_queues"]) != "[]" {
		t.Errorf("got key %q, routed to %v", d.RoutingKey, d.Headers["routed_queues"])
	}
}

func TestTracingEndsWhenItIsSwitchedOff(t T) {
	a := administer(t)
	vhost := a.newVHost()
	a.do("PUT", []string{"vhosts", vhost}, map[string]any{"tracing": true})
	a.want(a.ask("GET", []string{"vhosts", vhost}, ""), 200, `{"tracing":true}`)
	a.do("PUT", []string{"vhosts", vhost}, map[string]any{"description": "of something else"})
	a.want(a.ask("GET", []string{"vhosts", vhost}, ""), 200, `{"tracing":true}`)
	a.do("PUT", []string{"vhosts", vhost}, map[string]any{"tracing": false})
	a.want(a.ask("GET", []string{"vhosts", vhost}, ""), 200, `{"tracing":false}`)
}
