package management

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// TestWhoPublishesAndWhoConsumes has messages go from a fanout through a topic into a
// queue, and out of it by a consumer and by basic.get.
func TestWhoPublishesAndWhoConsumes(t *testing.T) {
	s := newSite(t)
	s.does("PUT", "/api/exchanges/%2F/wide", `{"type":"fanout"}`, 201)
	s.does("PUT", "/api/queues/%2F/q", "", 201)
	s.does("POST", "/api/bindings/%2F/e/wide/e/amq.topic", "", 201)
	s.does("POST", "/api/bindings/%2F/e/amq.topic/q/q", `{"routing_key":"#"}`, 201)
	conn, ch := s.channel()
	s.ok(ch.Confirm(false))
	publish := func(exchange, key string, n int) {
		t.Helper()
		for range n {
			confirmed, err := ch.PublishWithDeferredConfirm(exchange, key, false, false, amqp091.Publishing{})
			s.ok(err)
			confirmed.Wait()
		}
	}
	publish("wide", "k", 3)
	publish("", "q", 2)
	publish("wide", "nobody minds", 1)
	publish("amq.direct", "nowhere", 1)

	out, err := conn.Channel()
	s.ok(err)
	d, ok, err := out.Get("q", false)
	if err != nil || !ok {
		t.Fatalf("got nothing, error %v", err)
	}
	s.ok(d.Ack(false))
	deliveries, err := out.Consume("q", "", true, false, false, false, nil)
	s.ok(err)
	for range 5 {
		<-deliveries
	}
	_, ok, err = out.Get("q", true)
	if err != nil || ok {
		t.Fatalf("got a message that was delivered, error %v", err)
	}

	name := s.broker.Connections()[0].Name
	channel := func(n int) string { return fmt.Sprintf(`{"name":"%s (%d)","number":%d,"user":"guest"}`, name, n, n) }
	s.shows("/api/queues/%2F/q", `{
		"incoming":[{"exchange":{"name":"","vhost":"/"},"stats":{"publish":2}},{"exchange":{"name":"wide","vhost":"/"},"stats":{"publish":4}}],
		"deliveries":[{"channel_details":`+channel(2)+`,"stats":{"deliver_no_ack":5,"deliver":0,"get":1,"get_empty":1,"ack":1,"deliver_get":6}}]}`)
	s.shows("/api/exchanges/%2F/wide", `{
		"incoming":[{"channel_details":`+channel(1)+`,"stats":{"publish":4}}],
		"outgoing":[{"queue":{"name":"q","vhost":"/"},"stats":{"publish":4}}]}`)
	s.shows("/api/exchanges/%2F/amq.topic", `{"incoming":[],"outgoing":[]}`)
	s.shows("/api/channels/"+url.PathEscape(name+" (1)"), `{
		"publishes":[
			{"exchange":{"name":"","vhost":"/"},"stats":{"publish":2}},
			{"exchange":{"name":"amq.direct","vhost":"/"},"stats":{"publish":1}},
			{"exchange":{"name":"wide","vhost":"/"},"stats":{"publish":4}}],
		"deliveries":[]}`)
	s.shows("/api/channels/"+url.PathEscape(name+" (2)"), `{
		"publishes":[],"deliveries":[{"queue":{"name":"q","vhost":"/"},"stats":{"deliver_no_ack":5,"get":1}}]}`)

	s.does("DELETE", "/api/exchanges/%2F/wide", "", 204)
	s.shows("/api/queues/%2F/q", `{"incoming":[{"exchange":{"name":"","vhost":"/"},"stats":{"publish":2}}]}`)
	s.does("PUT", "/api/exchanges/%2F/wide", "", 201)
	s.shows("/api/exchanges/%2F/wide", `{"outgoing":[]}`)
	s.does("DELETE", "/api/queues/%2F/q", "", 204)
	s.shows("/api/exchanges/%2F/amq.default", `{"outgoing":[]}`)
	s.shows("/api/channels/"+url.PathEscape(name+" (2)"), `{"deliveries":[]}`)
}

// TestTrafficWithManyQueues has a channel see more queues, and exchanges, than it tells
// apart.
func TestTrafficWithManyQueues(t *testing.T) {
	s := newSite(t)
	_, ch := s.channel()
	_, err := ch.QueueDeclare("steady", false, false, false, false, nil)
	s.ok(err)
	deliveries, err := ch.Consume("steady", "", true, false, false, false, nil)
	s.ok(err)
	s.ok(ch.Publish("", "steady", false, false, amqp091.Publishing{}))
	<-deliveries
	for i := range 600 {
		name := fmt.Sprintf("passing %d", i)
		_, err := ch.QueueDeclare(name, false, true, false, false, nil)
		s.ok(err)
		s.ok(ch.ExchangeDeclare(name, "direct", false, false, false, false, nil))
		s.ok(ch.QueueBind("steady", "", name, false, nil))
		s.ok(ch.Publish(name, "", false, false, amqp091.Publishing{}))
		<-deliveries
		_, _, err = ch.Get(name, true)
		s.ok(err)
		_, err = ch.QueueDelete(name, false, false, false)
		s.ok(err)
		s.ok(ch.ExchangeDelete(name, false, false))
	}
	s.shows("/api/queues/%2F/steady", `{
		"incoming":[{"exchange":{"name":"","vhost":"/"},"stats":{"publish":1}}],
		"deliveries":[{"stats":{"deliver_no_ack":601}}]}`)
	n := 0
	for range s.Server.broker.Traffic(every) {
		n++
	}
	if n > 600 {
		t.Errorf("got traffic with %d queues and exchanges, want no more than the channel tells apart", n)
	}
}

// TestVirtualHostsHaveTheirShare publishes in one of two, closes everything and deletes it.
func TestVirtualHostsHaveTheirShare(t *testing.T) {
	s := newSite(t)
	conn, ch := s.channel()
	s.ok(ch.Confirm(false))
	for range 3 {
		confirmed, err := ch.PublishWithDeferredConfirm("", "nowhere", false, false, amqp091.Publishing{})
		s.ok(err)
		confirmed.Wait()
	}
	const three = `{"message_stats":{"publish":3,"confirm":3,"drop_unroutable":3}}`
	s.shows("/api/vhosts/%2F", three)
	s.shows("/api/vhosts/a%2Fb", `{"message_stats":null,"recv_oct":0,"send_oct":0}`)
	s.ok(conn.Close())
	s.shows("/api/vhosts/%2F", three)
	s.does("POST", "/api/exchanges/%2F/amq.default/publish", posting("nowhere", "m"), 200)
	s.shows("/api/vhosts/%2F", `{"message_stats":{"publish":4,"return_unroutable":1}}`)
	var got struct {
		Received int `json:"recv_oct"`
		Sent     int `json:"send_oct"`
	}
	s.ok(json.Unmarshal(s.ask("guest", "GET", "/api/vhosts/%2F", "").Body.Bytes(), &got))
	if got.Received == 0 || got.Sent == 0 {
		t.Errorf("got %+v octets, want some", got)
	}
	s.does("DELETE", "/api/vhosts/%2F", "", 204)
	s.does("PUT", "/api/vhosts/%2F", "", 201)
	s.shows("/api/vhosts/%2F", `{"message_stats":null,"recv_oct":0}`)
	s.does("POST", "/api/exchanges/%2F/amq.default/publish", posting("nowhere", "m"), 200)
	s.shows("/api/overview", `{"message_stats":{"publish":5}}`)
}
