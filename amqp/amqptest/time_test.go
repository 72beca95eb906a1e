package amqptest

import (
	"slices"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/amqp"
)

// wantBodies fails t unless exactly these are ready in a queue.
func wantBodies(t *testing.T, v *VirtualHost, name string, want ...string) {
	t.Helper()
	q, err := v.Queue(name)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range q.Messages {
		got = append(got, string(m.Body))
	}
	if !slices.Equal(got, want) || q.Ready != len(want) {
		t.Errorf("queue %s: got %d ready, %q, want %q", name, q.Ready, got, want)
	}
}

func TestAdvanceIsOverWhenAllDeadLettersHaveArrived(t *testing.T) {
	b := New(t, WithManualClock(), WithSystemHeartbeats())
	ch := channel(t, connect(t, b, "/"))
	for i, name := range []string{"a", "b", "c", "d"} {
		arguments := amqp091.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": string(rune('b' + i)), "x-message-ttl": 1000}
		if name == "d" {
			arguments = nil
		}
		if _, err := ch.QueueDeclare(name, i%2 == 0, false, false, false, arguments); err != nil {
			t.Fatal(err)
		}
	}
	for _, body := range []string{"1", "2"} {
		m := Message{RoutingKey: "a", Body: []byte(body), Properties: amqp.Fields{DeliveryMode: 2}}
		if err := b.Publish(m); err != nil {
			t.Fatal(err)
		}
	}
	b.Advance(999 * time.Millisecond)
	wantBodies(t, b.VirtualHost, "a", "1", "2")
	b.Advance(time.Millisecond)
	wantBodies(t, b.VirtualHost, "a")
	wantBodies(t, b.VirtualHost, "b", "1", "2")
	b.Advance(time.Hour)
	wantBodies(t, b.VirtualHost, "c")
	wantBodies(t, b.VirtualHost, "d", "1", "2")

	q, err := b.Queue("d")
	if err != nil {
		t.Fatal(err)
	}
	deaths, _ := q.Messages[0].Properties.Headers["x-death"].([]any)
	for i, from := range []string{"c", "b", "a"} {
		if len(deaths) != 3 {
			t.Fatalf("deaths: got %v, want 3", deaths)
		}
		want := amqp.Timestamp(dawn.Add(time.Duration(3-i) * time.Second).Unix())
		if death, _ := deaths[i].(amqp.Table); death["queue"] != from || death["time"] != want {
			t.Errorf("death %d: got %v, want in %s at %v", i, death, from, want)
		}
	}
}

func TestQueuesExpireByTheManualClock(t *testing.T) {
	b := New(t, WithManualClock(), WithSystemHeartbeats())
	declare(t, channel(t, connect(t, b, "/")), "q", amqp091.Table{"x-expires": 60_000})
	b.SetNow(dawn.Add(time.Minute - 1))
	if _, err := b.Queue("q"); err != nil {
		t.Errorf("before a minute: %v", err)
	}
	b.SetNow(dawn.Add(time.Minute))
	if _, err := b.Queue("q"); err == nil {
		t.Error("after a minute the queue is still there")
	}
	if got := b.Now(); !got.Equal(dawn.Add(time.Minute)) {
		t.Errorf("now: got %v, want a minute after %v", got, dawn)
	}
}

func TestAdvanceOfAClockThatGoes(t *testing.T) {
	b := New(t)
	conn := connect(t, b, "/")
	declare(t, channel(t, conn), "q", amqp091.Table{"x-message-ttl": 3_600_000})
	if err := b.Publish(Message{RoutingKey: "q", Body: []byte("m")}); err != nil {
		t.Fatal(err)
	}
	before := b.Now()
	b.Advance(59 * time.Minute)
	wantBodies(t, b.VirtualHost, "q", "m")
	b.SetNow(before.Add(2 * time.Hour))
	wantBodies(t, b.VirtualHost, "q")
	if now := b.Now(); now.Before(before.Add(2 * time.Hour)) {
		t.Errorf("now: got %v, want 2h after %v, or later", now, before)
	}
	channel(t, conn) // nobody was hung up on
}

func TestHeartbeatsObeyTheManualClock(t *testing.T) {
	b := New(t, WithManualClock())
	closed := connect(t, b, "/").NotifyClose(make(chan *amqp091.Error, 1))
	b.Advance(time.Hour)
	if err := <-closed; err == nil {
		t.Error("the connection was closed without an error, want it cut off")
	}
}

func TestHeartbeatsOnTheSystemClock(t *testing.T) {
	b := New(t, WithManualClock(), WithSystemHeartbeats())
	conn := connect(t, b, "/")
	b.Advance(1000 * time.Hour)
	channel(t, conn)
}

func TestConsumersGetWhatAdvanceSetsFree(t *testing.T) {
	b := New(t, WithManualClock(), WithSystemHeartbeats())
	ch := channel(t, connect(t, b, "/"))
	declare(t, ch, "later", amqp091.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "now"})
	declare(t, ch, "now", nil)
	deliveries, err := ch.Consume("now", "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := Message{RoutingKey: "later", Body: []byte("m"), Properties: amqp.Fields{Expiration: "86400000"}}
	if err := b.Publish(m); err != nil {
		t.Fatal(err)
	}
	b.Advance(24 * time.Hour)
	if d := <-deliveries; string(d.Body) != "m" {
		t.Errorf("got %q, want m", d.Body)
	}
}

func BenchmarkAdvance(b *testing.B) {
	broker := New(b, WithManualClock(), WithSystemHeartbeats())
	ch := channel(b, connect(b, broker, "/"))
	declare(b, ch, "later", amqp091.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "now", "x-message-ttl": 3_600_000})
	declare(b, ch, "now", nil)
	for b.Loop() {
		if err := broker.Publish(Message{RoutingKey: "later", Body: []byte("m")}); err != nil {
			b.Fatal(err)
		}
		broker.Advance(time.Hour)
		if n, err := broker.Purge("now"); n != 1 || err != nil {
			b.Fatalf("purge: got %d, %v, want 1", n, err)
		}
	}
}
