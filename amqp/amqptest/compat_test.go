package amqptest

import (
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/store"
)

func TestWithCompat(t *testing.T) {
	for series, test := range map[string]struct {
		version   string
		transient bool // a queue may be neither durable nor exclusive
		size      int  // of the largest body, in MiB
	}{
		"":     {"4.2.0", true, 16},
		"3.13": {"3.13.7", true, 128},
		"4.2":  {"4.2.0", true, 16},
		"4.3":  {"4.3.0", false, 16},
	} {
		t.Run("series "+series, func(t *testing.T) {
			var opts []Option
			if series != "" {
				opts = append(opts, WithCompat(series))
			}
			b := New(t, opts...)
			conn := connect(t, b, "/")
			if got := conn.Properties["version"]; got != test.version {
				t.Errorf("version: got %v, want %s", got, test.version)
			}
			if got := b.now.server.MaxMessageSize >> 20; got != int64(test.size) {
				t.Errorf("largest message: got %d MiB, want %d", got, test.size)
			}
			_, err := channel(t, conn).QueueDeclare("q", false, false, false, false, nil)
			if got := err == nil; got != test.transient {
				t.Errorf("transient queue: got %v, want it declared: %v", err, test.transient)
			}
		})
	}
}

func TestWithCompatOfASeriesThereIsNot(t *testing.T) {
	_, err := Start(store.NewMemory(), zerolog.Nop(), WithCompat("4.1"))
	if err == nil || !strings.Contains(err.Error(), "3.13, 4.2 or 4.3") {
		t.Errorf("got %v, want it to say which there are", err)
	}
}

func TestAdvanceBeyondTheConsumerTimeout(t *testing.T) {
	b := New(t, WithManualClock(), WithSystemHeartbeats())
	ch := channel(t, connect(t, b, "/"))
	declare(t, ch, "q", nil)
	if err := b.Publish(Message{RoutingKey: "q", Body: []byte("m")}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := ch.Get("q", false); !ok || err != nil {
		t.Fatalf("get: got %v, %v", ok, err)
	}
	closed := ch.NotifyClose(make(chan *amqp091.Error, 1))
	b.Advance(29 * time.Minute)
	if _, err := ch.QueueDeclarePassive("q", false, false, false, false, nil); err != nil {
		t.Fatalf("before the timeout: %v", err)
	}
	b.Advance(2 * time.Minute)
	if err := b.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if q, err := b.Queue("q"); err != nil || q.Ready != 1 {
		t.Errorf("queue: got %d ready, %v, want the message back", q.Ready, err)
	}
	if err := <-closed; err == nil || err.Code != 406 || !strings.Contains(err.Reason, "Timeout value used: 1800000 ms") {
		t.Errorf("closed with %v, want 406 and the timeout", err)
	}
}

func TestRestartFollowsTheSameSeries(t *testing.T) {
	b := New(t, WithCompat("4.3"))
	if err := b.Restart(); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, b, "/")
	if got := conn.Properties["version"]; got != "4.3.0" {
		t.Errorf("version: got %v, want 4.3.0", got)
	}
	if _, err := channel(t, conn).QueueDeclare("q", false, false, false, false, nil); err == nil {
		t.Error("a transient queue is declared")
	}
}
