package management

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/queue"
)

// declare makes queues in "/", each a name and pairs of arguments.
func (s *site) declare(name string, arguments amqp.Table) {
	s.Helper()
	v, err := s.vhosts.Get("/")
	s.ok(err)
	_, _, err = v.DeclareQueue(queue.Declaration{Name: name, Durable: true, Arguments: arguments}, nil, nil)
	s.ok(err)
}

// say publishes to a queue of "/".
func (s *site) say(queue, body string, properties amqp.Fields) {
	s.Helper()
	s.ok(s.broker.Publish(amqptest.Message{RoutingKey: queue, Body: []byte(body), Properties: properties}))
}

// holds is the ids and payloads that a look at a queue of "/" finds.
func (s *site) holds(queue, query string) string {
	s.Helper()
	w := s.ask("guest", "GET", "/api/messages/%2F/"+queue+query, "")
	var got browsedQueue
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		return w.Body.String()
	}
	var words []string
	for _, m := range got.Messages {
		words = append(words, m.ID+":"+m.Payload)
	}
	if got.Next != nil {
		words = append(words, "next "+*got.Next)
	}
	return strings.Join(words, " ")
}

func TestMessagesAreBrowsed(t *testing.T) {
	s := newSite(t)
	s.declare("orders", amqp.Table{"x-max-priority": int32(5)})
	s.say("orders", "one", amqp.Fields{MessageID: "m", Expiration: "600000", Headers: amqp.Table{"n": int32(1)}})
	s.say("orders", "two \xff", amqp.Fields{Priority: 5})
	s.say("orders", "three", amqp.Fields{})
	for query, want := range map[string]string{
		"":                           "5.1:dHdvIP8= 1:one 2:three",
		"?count=1":                   "5.1:dHdvIP8= next 1",
		"?from=2":                    "2:three",
		"?from=5.2&count=1&truncate": "1:one next 2",
		"?truncate=2":                "5.1:tw 1:on 2:th",
		"?from=last&count=1":         "2:three",
		"?count=0":                   bad(`"count is '0': want a number from 1 to 500"`),
		"?from=yesterday":            bad(`"from is 'yesterday': want first, last, or the id of a message"`),
		"?truncate=-1":               bad(`"truncate is '-1': want a number of octets"`),
	} {
		if got := s.holds("orders", query); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	var one map[string]any
	s.ok(json.Unmarshal(s.ask("guest", "GET", "/api/messages/%2F/orders/1", "").Body.Bytes(), &one))
	if due := one["expires"].(float64); time.Until(time.UnixMilli(int64(due))) > 10*time.Minute {
		t.Errorf("expires: got %v", due)
	}
	delete(one, "expires")
	want := `{"exchange":"","id":"1","payload":"one","payload_bytes":3,"payload_encoding":"string",` +
		`"properties":{"expiration":"600000","headers":{"n":1},"message_id":"m"},"redelivered":false,"routing_key":"orders"}`
	if got := string(marshal(one)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if m, _ := s.broker.Queue("orders"); m.Ready != 3 || m.Messages[0].Redelivered {
		t.Errorf("after looking: got %+v", m)
	}
}

func TestMessagesOfAStreamAreBrowsedByOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.declare("log", amqp.Table{"x-queue-type": "stream"})
		s.declare("q", nil)
		for _, body := range []string{"a", "b", "c"} {
			s.say("log", body, amqp.Fields{})
		}
		synctest.Wait()
		for query, want := range map[string]string{
			"":                   "0:a 1:b 2:c",
			"?from=1&count=1":    "1:b next 2",
			"?from=last&count=2": "1:b 2:c",
			"?from=5.1":          bad(`"from is '5.1': want first, last, or the id of a message"`),
		} {
			if got := s.holds("log", query); got != want {
				t.Errorf("%s: got %s, want %s", query, got, want)
			}
		}
		if got := s.ask("guest", "GET", "/api/messages/%2F/log?count=1", "").Body.String(); !strings.Contains(got, `"first_offset":"0","last_offset":"2"`) {
			t.Errorf("got %s, want its offsets", got)
		}
		for _, verb := range []string{"DELETE ", "POST /move"} {
			method, path, _ := strings.Cut(verb, " ")
			if w := s.ask("guest", method, "/api/messages/%2F/log/1"+path, `{"queue":"q"}`); w.Code != 400 || !strings.Contains(w.Body.String(), "not supported by stream queues") {
				t.Errorf("%s: got %d %s", verb, w.Code, w.Body)
			}
		}
		if w := s.ask("guest", "POST", "/api/messages/%2F/log/1/copy", `{"queue":"q"}`); w.Code != 204 {
			t.Errorf("copy: got %d %s", w.Code, w.Body)
		}
		q, err := s.broker.Queue("q")
		s.ok(err)
		if len(q.Messages) != 1 || string(q.Messages[0].Body) != "b" || q.Messages[0].Properties.Headers["x-stream-offset"] != nil {
			t.Errorf("copied: got %+v", q.Messages)
		}
	})
}

func TestMessagesAreMovedOneByOne(t *testing.T) {
	s := newSite(t)
	for _, q := range []string{"from", "to", "full"} {
		arguments := amqp.Table{}
		if q == "full" {
			arguments = amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"}
		}
		s.declare(q, arguments)
	}
	death := amqp.Table{"x-death": []any{amqp.Table{"queue": "to", "reason": "rejected"}}, "x-first-death-queue": "to", "kept": "yes"}
	for _, body := range []string{"a", "b", "c", "d"} {
		s.say("from", body, amqp.Fields{UserID: "guest", CorrelationID: "id of " + body, Headers: death})
	}
	const path = "/api/messages/%2F/from/"
	for _, c := range []struct {
		request, body string
		status        int
		says          string
	}{
		{"POST 2/move", `{"queue":"to"}`, 204, ""},
		{"POST 2/move", `{"queue":"to"}`, 404, "Not Found"},
		{"POST 3/move", `{"exchange":"amq.direct","routing_key":"nobody"}`, 409, "no queue is bound there with such a routing key; the message is where it was"},
		{"POST 3/move", `{"queue":"full"}`, 409, "a queue has refused it: it may be full; the message is where it was"},
		{"POST 3/move", `{"queue":"gone"}`, 404, "no queue 'gone' in vhost '/'"},
		{"POST 3/move", `{"exchange":"gone"}`, 404, "no exchange 'gone' in vhost '/'"},
		{"POST 3/move", `{}`, 400, "where to? want queue, or exchange and routing_key"},
		{"POST 3/move", `{"queue":"to","exchange":""}`, 400, "where to?"},
		{"POST 3/move", `{"exchange":"amq.default","routing_key":"to","forget_deaths":true}`, 204, ""},
		{"POST 4/copy", `{"queue":"to"}`, 204, ""},
		{"POST 9/copy", `{"queue":"to"}`, 404, "Not Found"},
		{"POST x/move", `{"queue":"to"}`, 404, "Not Found"},
		{"DELETE 1", ``, 204, ""},
		{"DELETE 1", ``, 404, "Not Found"},
		{"GET 1", ``, 404, "Not Found"},
	} {
		method, rest, _ := strings.Cut(c.request, " ")
		if w := s.ask("guest", method, path+rest, c.body); w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s: got %d %s, want %d %s", c.request, c.body, w.Code, w.Body, c.status, c.says)
		}
	}
	if got := s.holds("from", ""); got != "4:d" {
		t.Errorf("left: got %s, want 4:d", got)
	}
	q, err := s.broker.Queue("to")
	s.ok(err)
	var got []string
	for _, m := range q.Messages {
		words := string(m.Body) + " " + m.Properties.CorrelationID
		if m.Properties.Headers["x-death"] != nil {
			words += " with its deaths"
		}
		if m.Properties.Headers["kept"] != "yes" || m.Redelivered {
			words += " changed"
		}
		got = append(got, words)
	}
	if got, want := strings.Join(got, ", "), "b id of b with its deaths, c id of c, d id of d with its deaths"; got != want {
		t.Errorf("moved: got %s, want %s", got, want)
	}
	if m, _ := s.broker.Queue("from"); m.Unacked != 0 || m.Messages[0].Redelivered {
		t.Errorf("after all: got %+v", m)
	}
}

func TestWhoMayBrowseAndMove(t *testing.T) {
	s := newSite(t)
	s.declare("r", nil)
	s.declare("w", nil)
	s.say("r", "a", amqp.Fields{})
	s.put(auth.User{Name: "reader", Tags: []string{"management"}}.WithPassword("reader"))
	_, err := s.users.SetPermissions("", auth.Permissions{User: "reader", VHost: "/", Configure: "^$", Write: "^other$", Read: "^r$"}, s.vhosts.Has)
	s.ok(err)
	for request, status := range map[string]int{
		"reader GET r":         200,
		"reader GET r/1":       200,
		"reader GET w":         401,
		"reader DELETE w/1":    401,
		"reader POST r/1/move": 401,
		"reader POST r/1/copy": 401,
		"mon GET r":            401, // monitors see numbers, not messages
		"man GET r":            401,
		"none GET r":           401,
		"guest GET gone":       404,
	} {
		words := strings.Fields(request)
		if w := s.ask(words[0], words[1], "/api/messages/%2F/"+words[2], `{"queue":"w"}`); w.Code != status {
			t.Errorf("%s: got %d %s, want %d", request, w.Code, w.Body, status)
		}
	}
	if got := s.holds("r", ""); got != "1:a" {
		t.Errorf("left: got %s", got)
	}
}

func TestMessageThatCannotBeWrittenStays(t *testing.T) {
	s := newSite(t)
	s.declare("from", nil)
	s.declare("to", nil)
	s.say("from", "a", amqp.Fields{DeliveryMode: 2})
	s.ok(s.broker.SetAlarm("disk", true))
	if w := s.ask("guest", "POST", "/api/messages/%2F/from/1/move", `{"queue":"to"}`); w.Code != 400 {
		t.Errorf("with an alarm: got %d %s", w.Code, w.Body)
	}
	s.ok(s.broker.SetAlarm("disk", false))
	s.ok(s.broker.FailDisk(errDisk))
	if w := s.ask("guest", "POST", "/api/messages/%2F/from/1/move", `{"queue":"to"}`); w.Code != 409 {
		t.Errorf("with a broken disk: got %d %s", w.Code, w.Body)
	}
	if got := s.holds("from", ""); got != "1:a" {
		t.Errorf("left: got %s, want 1:a", got)
	}
}

var errDisk = errors.New("the disk is broken")
