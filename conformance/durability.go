package conformance

import (
	"os"
	"os/exec"

	amqp "github.com/rabbitmq/amqp091-go"
)

// TestRestart shows what survives a restart of the broker. It needs a command in
// RESTART_CMD that restarts the broker of AMQP_URL in good order and does not
// return before it has stopped. Not parallel: every other test would lose its connection.
func TestRestart(t T) {
	command := os.Getenv("RESTART_CMD")
	if command == "" {
		t.Skip("no RESTART_CMD to restart the broker with")
	}
	before := open(t)
	queue, x, gone := before.shared(nil), before.exchangeName(), before.exchange("fanout", nil)
	before.ok(before.ExchangeDeclare(x, "fanout", true, false, false, false, nil))
	before.bind(queue, x, "", amqp.Table{"an": "argument"})
	before.bind(queue, gone, "", nil)
	limited := before.shared(amqp.Table{"x-max-length": int32(1)})

	transient := unique(t)
	if transientQueues(t) {
		_, err := before.QueueDeclare(transient, false, false, false, false, nil)
		before.ok(err)
		before.bind(transient, x, "", nil)
	}

	before.confirm()
	publish := func(queue, body string, mode uint8) {
		t.Helper()
		if !before.confirmed("", queue, amqp.Publishing{Body: []byte(body), DeliveryMode: mode}) {
			t.Fatalf("publish %s: got a nack, want an ack", body)
		}
	}
	publish(queue, "delivered", amqp.Persistent)
	publish(queue, "transient", amqp.Transient)
	publish(queue, "acked", amqp.Persistent)
	publish(queue, "persistent", amqp.Persistent)
	before.get(queue) // delivered, and unacked when the broker stops
	before.get(queue)
	before.ok(before.get(queue).Ack(false))
	before.wantReady(queue, 1)

	if output, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
		t.Fatalf("restart: %v\n%s", err, output)
	}
	eventually(t, "the broker is back", func() bool {
		connection, err := amqp.Dial(target.url)
		if err != nil {
			return false
		}
		return connection.Close() == nil
	})
	after := open(t)

	t.Run("acked and transient messages are gone, persistent ones in their order", func(t T) {
		first, second := after.get(queue), after.get(queue)
		if string(first.Body) != "delivered" || string(second.Body) != "persistent" {
			t.Errorf("got %q and %q, want delivered and persistent", first.Body, second.Body)
		}
		if !first.Redelivered {
			t.Error("redelivered: got false, want true for one delivered before")
		}
		after.ok(second.Ack(true))
		after.wantDrain(queue, "")
	})
	t.Run("durable queues keep their arguments", func(t T) {
		after.publish("", limited, "a", "b")
		after.wantDrain(limited, "b")
		_, err := after.QueueDeclare(limited, true, false, false, false, amqp.Table{"x-max-length": int32(1)})
		after.ok(err)
	})
	t.Run("bindings of durable ends survive", func(t T) {
		after.publish(x, "", "a")
		after.wantDrain(queue, "a")
	})
	t.Run("bindings keep their arguments", func(t T) {
		after.ok(after.QueueUnbind(queue, "", x, amqp.Table{"an": "argument"}))
		after.publish(x, "", "a")
		after.wantDrain(queue, "")
	})
	t.Run("transient queues are gone", func(t T) { after.missing(transient) })
	t.Run("transient exchanges are gone", func(t T) { after.gone(gone) })
	t.Run("predeclared exchanges are there", func(t T) {
		after.ok(after.ExchangeDeclarePassive("amq.topic", "topic", true, false, false, false, nil))
	})
}
