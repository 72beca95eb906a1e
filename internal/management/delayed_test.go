package management

import (
	"strings"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/exchange"
)

func TestDelayedMessages(t *testing.T) {
	s := newSite(t)
	v, err := s.vhosts.Get("/")
	s.ok(err)
	_, err = v.DeclareExchange(exchange.Declaration{Name: "later", Kind: "x-delayed-message", Arguments: amqp.Table{"x-delayed-type": "fanout"}}, nil, nil)
	s.ok(err)
	for _, body := range []string{"a", "\xff"} {
		s.ok(s.broker.Publish(amqptest.Message{Exchange: "later", RoutingKey: "k", Body: []byte(body), Properties: amqp.Fields{
			Headers: amqp.Table{"x-delay": int32(3_600_000)},
		}}))
	}
	const path = "/api/exchanges/%2F/later/delayed"
	w := s.ask("mon", "GET", path+"?columns=id,exchange,routing_key,payload,payload_encoding,payload_bytes,properties", "")
	want := `[{"exchange":"later","id":1,"payload":"a","payload_bytes":1,"payload_encoding":"string","properties":{"headers":{"x-delay":3600000}},"routing_key":"k"},` +
		`{"exchange":"later","id":2,"payload":"/w==","payload_bytes":1,"payload_encoding":"base64","properties":{"headers":{"x-delay":3600000}},"routing_key":"k"}]`
	if got := w.Body.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for request, status := range map[string]int{
		"guest GET " + path + "?count=1":                      200,
		"guest GET " + path + "?count=0":                      400,
		"guest GET " + path + "?count=x":                      400,
		"man GET " + path:                                     401,
		"mon DELETE " + path + "/1":                           401,
		"guest DELETE " + path + "/3":                         404,
		"guest DELETE " + path + "/x":                         404,
		"guest GET /api/exchanges/%2F/amq.fanout/delayed":     404,
		"guest GET /api/exchanges/nowhere/later/delayed":      404,
		"guest DELETE /api/exchanges/%2F/amq.topic/delayed/1": 404,
	} {
		words := strings.Fields(request)
		if w := s.ask(words[0], words[1], words[2], ""); w.Code != status {
			t.Errorf("%s: got %d %s, want %d", request, w.Code, w.Body, status)
		}
	}
	if w := s.ask("guest", "DELETE", path+"/1", ""); w.Code != 204 {
		t.Errorf("cancel: got %d %s", w.Code, w.Body)
	}
	if got := s.ask("guest", "GET", path+"?columns=id", "").Body.String(); got != `[{"id":2}]` {
		t.Errorf("left: got %s", got)
	}
}
