package amqptest

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

func TestMessageInJSON(t *testing.T) {
	for want, m := range map[string]Message{
		`{"exchange":"x","routing_key":"k","properties":{"headers":{"n":1},"delivery_mode":2},"payload":"text","payload_encoding":"string","payload_bytes":4,"redelivered":true}`: {
			Exchange: "x", RoutingKey: "k", Body: []byte("text"), Redelivered: true,
			Properties: amqp.Fields{DeliveryMode: 2, Headers: amqp.Table{"n": int64(1)}},
		},
		`{"exchange":"","routing_key":"","properties":{},"payload":"/w==","payload_encoding":"base64","payload_bytes":1,"redelivered":false}`: {
			Body: []byte{0xff},
		},
	} {
		b, err := json.Marshal(m)
		if err != nil || string(b) != want {
			t.Errorf("got  %s, %v\nwant %s", b, err, want)
		}
		var again Message
		if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("came back as %+v, %v, want %+v", again, err, m)
		}
	}
	wantError(t, json.Unmarshal([]byte(`{"payload":"?","payload_encoding":"base64"}`), new(Message)), "want base64")
	wantError(t, json.Unmarshal([]byte(`{"payload":1}`), new(Message)), "cannot unmarshal")
}

func TestEventsComeBackFromJSON(t *testing.T) {
	b := New(t)
	declareIn(t, b.VirtualHost, b, "q")
	if err := b.Publish(Message{RoutingKey: "q", Body: []byte("m")}); err != nil {
		t.Fatal(err)
	}
	events := b.Journal().Events()
	text, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	var again []Event
	if err := json.Unmarshal(text, &again); err != nil || len(again) != len(events) {
		t.Fatalf("got %v, %v", again, err)
	}
	for i := range events {
		if again[i].String() != events[i].String() || !again[i].Time.Equal(events[i].Time) {
			t.Errorf("got  %s\nwant %s", again[i], events[i])
		}
	}
}
