package amqptest

import (
	"errors"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/amqp"
)

func TestDelayedMessagesCanBeSeenAndCancelled(t *testing.T) {
	b := New(t, WithManualClock())
	ch := channel(t, connect(t, b, "/"))
	if err := ch.ExchangeDeclare("later", "x-delayed-message", true, false, false, false, amqp091.Table{"x-delayed-type": "fanout"}); err != nil {
		t.Fatal(err)
	}
	declare(t, ch, "q", nil)
	if err := ch.QueueBind("q", "", "later", false, nil); err != nil {
		t.Fatal(err)
	}
	for body, delay := range map[string]int32{"a": 2000, "b": 1000} {
		if err := b.Publish(Message{Exchange: "later", Body: []byte(body), Properties: amqp.Fields{Headers: amqp.Table{"x-delay": delay}}}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := b.Delayed("later", 10)
	if err != nil || len(all) != 2 || string(all[0].Body)+string(all[1].Body) != "ba" || all[1].Due.Sub(all[0].Due) != time.Second {
		t.Fatalf("got %+v, %v, want b, and a one second later", all, err)
	}
	if err := b.CancelDelayed("later", all[0].ID); err != nil {
		t.Error(err)
	}
	if err := b.CancelDelayed("later", all[0].ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("cancelled twice: got %v", err)
	}
	b.Advance(time.Minute)
	if q, err := b.Queue("q"); err != nil || q.Ready != 1 || string(q.Messages[0].Body) != "a" {
		t.Errorf("got %+v, %v, want a", q, err)
	}
	if _, err := b.Delayed("amq.fanout", 10); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "x-delayed-message") {
		t.Errorf("of another exchange: got %v", err)
	}
}
