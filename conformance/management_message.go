package conformance

import (
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestAPIPublishes(t T) {
	t.Parallel()
	missing := request{"POST", "exchanges/{v}/other/publish", posting("q", "m"), 400, bad(`"404 NOT_FOUND - no exchange 'other' in vhost '{v}'"`)}
	if always(t, "4.0", "an exchange that is not there is not found") {
		missing.status, missing.want = 404, `{"error":"not_found","reason":"exchange_not_found"}`
	}
	with := func(properties, encoding, payload string) string {
		return `{"routing_key":"q","properties":` + properties + `,"payload":"` + payload + `","payload_encoding":"` + encoding + `"}`
	}
	requests(t,
		request{"PUT", "queues/{v}/q", `{"durable":true,"arguments":{"x-max-length":2,"x-overflow":"reject-publish"}}`, 201, ""},
		request{"POST", "exchanges/{v}/amq.default/publish", posting("q", "m"), 200, `{"routed":true}`},
		request{"POST", "exchanges/{v}/amq.default/publish", posting("other", "m"), 200, `{"routed":false}`},
		request{"POST", "exchanges/{v}/amq.default/publish", with(`{"delivery_mode":2,"headers":{"a":1},"other":5}`, "base64", "bQ=="), 200, `{"routed":true}`},
		request{"POST", "exchanges/{v}/amq.default/publish", posting("q", "m"), 400, bad(`"rejected Unable to publish message. Check queue limits."`)},
		request{"POST", "exchanges/{v}/amq.default/publish", with(`{}`, "other", "m"), 400, bad(`["unsupported_encoding","other"]`)},
		request{"POST", "exchanges/{v}/amq.default/publish", with(`{}`, "base64", "***"), 400, bad(`["not_base64","***"]`)},
		request{"POST", "exchanges/{v}/amq.default/publish", `{"routing_key":"q","properties":{},"payload":5,"payload_encoding":"string"}`, 400, bad(`"payload_not_string"`)},
		request{"POST", "exchanges/{v}/amq.default/publish", with(`{"expiration":"soon"}`, "string", "m"), 400, bad(`"406 PRECONDITION_FAILED - invalid expiration 'soon': no_integer"`)},
		request{"POST", "exchanges/{v}/amq.rabbitmq.trace/publish", posting("q", "m"), 400, bad(`"403 ACCESS_REFUSED - cannot publish to internal exchange 'amq.rabbitmq.trace' in vhost '{v}'"`)},
		missing,
		request{"POST", "queues/{v}/q/get", `{"count":5,"ackmode":"ack_requeue_false","encoding":"auto"}`, 200, `[
			{"payload":"m","payload_encoding":"string","payload_bytes":1,"exchange":"","routing_key":"q","message_count":1,"redelivered":false,"properties":[]},
			{"payload":"m","message_count":0,"properties":{"delivery_mode":2,"headers":{"a":1}}}]`},
	)
}

func TestAPIGets(t T) {
	t.Parallel()
	missing := request{"POST", "queues/{v}/other/get", `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}`, 404, `{"reason":"NOT_FOUND - no queue 'other' in vhost '{v}'"}`}
	if always(t, "4.0", "the API's words for a queue that is not there to get from") {
		missing.want = `{"error":"not_found","reason":"queue_not_found"}`
	}
	get := func(mode, more string) string { return `{"ackmode":"` + mode + `",` + more + `}` }
	binary := `{"routing_key":"q","properties":{},"payload":"/9j/","payload_encoding":"base64"}`
	requests(t,
		request{"PUT", "queues/{v}/dead", `{"durable":true}`, 201, ""},
		request{"PUT", "queues/{v}/q", `{"durable":true,"arguments":{"x-dead-letter-exchange":"","x-dead-letter-routing-key":"dead"}}`, 201, ""},
		request{"POST", "exchanges/{v}/amq.default/publish", posting("q", "first"), 200, ""},
		request{"POST", "exchanges/{v}/amq.default/publish", binary, 200, ""},
		request{"POST", "queues/{v}/q/get", get("ack_requeue_true", `"count":1,"encoding":"auto"`), 200, `[{"payload":"first","message_count":1,"redelivered":false}]`},
		request{"POST", "queues/{v}/q/get", get("reject_requeue_true", `"count":"5","encoding":"auto","truncate":"2"`), 200,
			`[{"payload":"fi","payload_bytes":5,"message_count":1,"redelivered":true},{"payload":"/9g=","payload_encoding":"base64","payload_bytes":3,"message_count":0}]`},
		request{"POST", "queues/{v}/q/get", get("ack_requeue_true", `"count":-1,"encoding":"base64"`), 200,
			`[{"payload":"Zmlyc3Q=","payload_encoding":"base64"},{"payload":"/9j/","payload_encoding":"base64"}]`},
		request{"POST", "queues/{v}/q/get", get("ack_requeue_true", `"count":0,"encoding":"auto"`), 200, `[]`},
		request{"POST", "queues/{v}/q/get", get("reject_requeue_false", `"count":1,"encoding":"auto"`), 200, `[{"payload":"first"}]`},
		request{"POST", "queues/{v}/q/get", get("ack_requeue_false", `"count":5,"encoding":"auto"`), 200, `[{"payload":"/9j/"}]`},
		request{"POST", "queues/{v}/q/get", get("ack_requeue_false", `"count":5,"encoding":"auto"`), 200, `[]`},
		request{"POST", "queues/{v}/dead/get", get("ack_requeue_false", `"count":5,"encoding":"auto"`), 200, `[{"payload":"first","routing_key":"dead"}]`},
		request{"POST", "queues/{v}/q/get", "", 400, bad(`"[{key_missing,ackmode},{key_missing,count},{key_missing,encoding}]"`)},
		request{"POST", "queues/{v}/q/get", `{"count":1,"requeue":true,"encoding":"auto"}`, 400, bad(`"[{key_missing,ackmode}]"`)},
		request{"POST", "queues/{v}/q/get", get("ack_requeue_true", `"count":"x","encoding":"auto"`), 400, bad(`["not_integer","x"]`)},
		request{"POST", "queues/{v}/q/get", get("ack_requeue_true", `"count":1,"encoding":"other"`), 400, bad(`"Unsupported encoding. Please use auto or base64."`)},
		missing,
	)
}

func TestAPIPublishesAsTheUserWhoAsks(t T) {
	t.Parallel()
	a := administer(t)
	body := strings.Replace(posting("q", "m"), `"properties":{}`, `"properties":{"user_id":"somebody"}`, 1)
	got := a.ask("POST", []string{"exchanges", target.vhost, "amq.default", "publish"}, body)
	a.want(got, 400, bad(`"406 PRECONDITION_FAILED - user_id property set to 'somebody' but authenticated user was '`+a.user.Username()+`'"`))
}

func TestAPIPublishesWhatClientsGet(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	q := s.queue(nil)
	body := toJSON(map[string]any{"routing_key": q, "payload": "m", "payload_encoding": "string", "properties": map[string]any{
		"content_type": "text/plain", "delivery_mode": 2, "priority": 3, "correlation_id": "c", "message_id": "i", "timestamp": 1000000000, "type": "t", "app_id": "a",
		"headers": map[string]any{"n": 1, "x": 1.5, "list": []any{"a", true}},
	}})
	a.want(a.ask("POST", []string{"exchanges", target.vhost, "amq.default", "publish"}, body), 200, `{"routed":true}`)
	d := s.consume(q).next()
	if string(d.Body) != "m" || d.ContentType != "text/plain" || d.DeliveryMode != 2 || d.Priority != 3 || d.CorrelationId != "c" ||
		d.MessageId != "i" || d.Timestamp.Unix() != 1000000000 || d.Type != "t" || d.AppId != "a" {
		t.Errorf("got %+v, want the properties that were published", d)
	}
	if list, _ := d.Headers["list"].([]any); d.Headers["n"] != int64(1) || d.Headers["x"] != 1.5 || len(list) != 2 || list[1] != true {
		t.Errorf("got headers %#v, want long, double and an array", amqp.Table(d.Headers))
	}
}
