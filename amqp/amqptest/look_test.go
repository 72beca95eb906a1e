package amqptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
)

// wantError fails t unless err says all of want.
func wantError(t *testing.T, err error, want ...string) {
	t.Helper()
	for _, text := range want {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want an error with %q", err, text)
		}
	}
}

func TestQueueShowsWhatIsThere(t *testing.T) {
	b := New(t)
	ch := channel(t, connect(t, b, "/"))
	if _, err := ch.QueueDeclare("q", false, true, true, false, amqp091.Table{"x-max-priority": int32(5)}); err != nil {
		t.Fatal(err)
	}
	fields := amqp.Fields{ContentType: "text/plain", Headers: amqp.Table{"n": int32(1)}, MessageID: "id"}
	urgent := amqp.Fields{Priority: 5}
	for _, m := range []Message{
		{RoutingKey: "q", Body: []byte("first")},
		{RoutingKey: "q", Body: []byte("second"), Properties: fields},
		{RoutingKey: "q", Body: []byte("urgent"), Properties: urgent},
	} {
		if err := b.Publish(m); err != nil {
			t.Fatal(err)
		}
	}
	d, ok, err := ch.Get("q", false)
	if err != nil || !ok || string(d.Body) != "urgent" {
		t.Fatalf("get: got %q, %v, %v, want urgent", d.Body, ok, err)
	}
	want := Queue{
		Declaration: queue.Declaration{VHost: "/", Name: "q", Exclusive: true, AutoDelete: true, Arguments: amqp.Table{"x-max-priority": int32(5)}},
		Ready:       2,
		Unacked:     1,
		Messages:    []Message{{RoutingKey: "q", Body: []byte("first")}, {RoutingKey: "q", Body: []byte("second"), Properties: fields}},
	}
	if got, err := b.Queue("q"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if err := d.Nack(false, true); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Consume("q", "", false, false, false, false, nil); err != nil { // and the nack has been carried out
		t.Fatal(err)
	}
	want.Ready, want.Unacked, want.Consumers, want.Messages = 0, 3, 1, nil
	if got, err := b.Queue("q"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with a consumer: got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestQueueShowsRedelivery(t *testing.T) {
	b := New(t)
	ch := channel(t, connect(t, b, "/"))
	declare(t, ch, "q", nil)
	if err := b.Publish(Message{RoutingKey: "q", Body: []byte("m")}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ch.Get("q", false); err != nil {
		t.Fatal(err)
	}
	if err := ch.Close(); err != nil {
		t.Fatal(err)
	}
	q, err := b.Queue("q")
	if err != nil || len(q.Messages) != 1 || !q.Messages[0].Redelivered {
		t.Fatalf("got %+v, %v, want one message, redelivered", q, err)
	}
	q.Messages[0].Body[0] = '?'
	wantBodies(t, b.VirtualHost, "q", "m")
}

func TestExchangeShowsItsBindings(t *testing.T) {
	b := New(t)
	ch := channel(t, connect(t, b, "/"))
	declare(t, ch, "q", nil)
	if err := ch.ExchangeDeclare("x", "topic", true, true, false, false, nil); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"b.*", "a.#"} {
		if err := ch.QueueBind("q", key, "x", false, nil); err != nil {
			t.Fatal(err)
		}
	}
	to := exchange.Destination{Kind: exchange.ToQueue, Name: "q"}
	got, err := b.Exchange("x")
	if err != nil || got.Kind != exchange.Topic || !got.Durable || !got.AutoDelete || len(got.Bindings) != 2 {
		t.Fatalf("got %+v, %v, want a durable auto-delete topic exchange with 2 bindings", got, err)
	}
	for i, key := range []string{"b.*", "a.#"} {
		if x := got.Bindings[i]; x.Source != "x" || x.Destination != to || x.Key != key {
			t.Errorf("binding %d: got %+v, want %s", i, x, key)
		}
	}
	if got, err := b.Exchange(""); err != nil || len(got.Bindings) != 1 || got.Bindings[0].Key != "q" {
		t.Errorf("default exchange: got %+v, %v, want a binding of q", got, err)
	}
	_, err = b.Exchange("y")
	wantError(t, err, `no exchange "y"`, `"x"`, `"amq.topic"`)
}

func TestWhatThereIs(t *testing.T) {
	b := New(t)
	ch := channel(t, connect(t, b, "/"))
	for _, name := range []string{"b", "a"} {
		declare(t, ch, name, nil)
	}
	publish(t, ch, "b", "m")
	consume(t, ch, "a", false)
	if err := b.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	queues, err := b.Queues()
	if err != nil || len(queues) != 2 || queues[0].Name != "a" || queues[0].Consumers != 1 || queues[1].Ready != 1 || queues[1].Messages != nil {
		t.Errorf("queues: got %+v, %v, want a with a consumer and b with a message", queues, err)
	}
	if q, err := b.Count("b"); err != nil || !reflect.DeepEqual(q, queues[1]) {
		t.Errorf("count: got %+v, %v, want %+v", q, err, queues[1])
	}
	if _, err := b.Count("c"); !errors.Is(err, ErrNotFound) {
		t.Errorf("count: got %v, want ErrNotFound", err)
	}
	exchanges, err := b.Exchanges()
	if err != nil || len(exchanges) != 8 || exchanges[0].Name != "" || len(exchanges[0].Bindings) != 2 || exchanges[1].Name != "amq.direct" {
		t.Errorf("exchanges: got %+v, %v, want the default one with 2 bindings, and 7 others", exchanges, err)
	}
	v, err := b.NewVHost()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Delete(); err != nil {
		t.Fatal(err)
	}
	for _, look := range []func() error{
		func() error { _, err := v.Queues(); return err },
		func() error { _, err := v.Exchanges(); return err },
	} {
		wantError(t, look(), "no virtual host")
	}
}

func TestPublishRoutes(t *testing.T) {
	b := New(t)
	ch := channel(t, connect(t, b, "/"))
	for _, name := range []string{"one", "two"} {
		declare(t, ch, name, nil)
		if err := ch.QueueBind(name, "", "amq.fanout", false, nil); err != nil {
			t.Fatal(err)
		}
	}
	body := []byte("m")
	if err := b.Publish(Message{Exchange: "amq.fanout", Body: body}); err != nil {
		t.Fatal(err)
	}
	body[0] = '?' // is the caller's
	wantBodies(t, b.VirtualHost, "one", "m")
	wantBodies(t, b.VirtualHost, "two", "m")
	cc := amqp.Fields{Headers: amqp.Table{"CC": []any{"two"}}}
	if err := b.Publish(Message{RoutingKey: "one", Body: []byte("cc"), Properties: cc}); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, b.VirtualHost, "one", "m", "cc")
	wantBodies(t, b.VirtualHost, "two", "m", "cc")
	if n, err := b.Purge("one"); n != 2 || err != nil {
		t.Errorf("purge: got %d, %v, want 2", n, err)
	}
	wantBodies(t, b.VirtualHost, "one")
}

func TestPublishSaysWhatIsWrong(t *testing.T) {
	b := New(t)
	declare(t, channel(t, connect(t, b, "/")), "full", amqp091.Table{"x-max-length": 0, "x-overflow": "reject-publish"})
	long := strings.Repeat("x", 256)
	for _, c := range []struct {
		m    Message
		want string
	}{
		{Message{Exchange: "x"}, `no exchange "x" in virtual host "/": want one of ["amq.direct"`},
		{Message{Exchange: "amq.rabbitmq.trace"}, "is internal"},
		{Message{RoutingKey: "q"}, `want a binding that matches; queues are ["full"]`},
		{Message{RoutingKey: "full"}, "it is full"},
		{Message{RoutingKey: long}, "routing key of 256 octets: want 255 or fewer"},
		{Message{RoutingKey: "full", Properties: amqp.Fields{MessageID: long}}, "message id of 256 octets"},
		{Message{RoutingKey: "full", Properties: amqp.Fields{Expiration: "1s"}}, `expiration "1s": want milliseconds`},
		{Message{RoutingKey: "full", Properties: amqp.Fields{Expiration: "315360000001"}}, "want milliseconds"},
		{Message{RoutingKey: "full", Properties: amqp.Fields{Headers: amqp.Table{"n": struct{}{}}}}, "want values that AMQP has types for"},
		{Message{RoutingKey: "full", Properties: amqp.Fields{Headers: amqp.Table{"BCC": []any{"q"}}}}, "header BCC"},
	} {
		wantError(t, b.Publish(c.m), c.want)
	}
	_, err := b.Queue("q")
	wantError(t, err, `no queue "q" in virtual host "/": want one of ["full"]`)
	_, err = b.Purge("q")
	wantError(t, err, `no queue "q"`)
}

func TestPublishWaitsForTheStore(t *testing.T) {
	b := New(t)
	if _, err := channel(t, connect(t, b, "/")).QueueDeclare("q", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	m := Message{RoutingKey: "q", Properties: amqp.Fields{DeliveryMode: 2}}
	if err := b.Publish(m); err != nil {
		t.Fatal(err)
	}
	if err := b.FailDisk(errors.New("broken")); err != nil {
		t.Fatal(err)
	}
	wantError(t, b.Publish(m), "the store has failed")
}

func TestVHostsAreApart(t *testing.T) {
	b := New(t)
	var gone *VirtualHost
	t.Run("sub", func(t *testing.T) {
		one, two := b.VHost(t), b.VHost(t)
		gone = one
		for i, v := range []*VirtualHost{one, two} {
			conn, err := amqp091.Dial(v.URL())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			declare(t, channel(t, conn), "q", nil)
			if err := v.Publish(Message{RoutingKey: "q", Body: fmt.Append(nil, i)}); err != nil {
				t.Fatal(err)
			}
		}
		wantBodies(t, one, "q", "0")
		wantBodies(t, two, "q", "1")
		if one.Name() == two.Name() || b.Name() != "/" {
			t.Errorf("names: got %q, %q and %q", one.Name(), two.Name(), b.Name())
		}
		if _, err := b.Queue("q"); err == nil {
			t.Error("the default virtual host has q too")
		}
	})
	_, err := amqp091.Dial(gone.URL())
	if err == nil {
		t.Error("the virtual host is there after the end of its test")
	}
	if got := b.now.registry.Delete("", gone.Name()); got == nil {
		t.Error("the registry still has it")
	}
}

func TestVHostEndsItsConnections(t *testing.T) {
	b := New(t)
	var closed chan *amqp091.Error
	t.Run("sub", func(t *testing.T) {
		v := b.VHost(t)
		conn, err := amqp091.Dial(v.URL()) // and nobody closes it
		if err != nil {
			t.Fatal(err)
		}
		closed = conn.NotifyClose(make(chan *amqp091.Error, 1))
	})
	err := <-closed
	if err == nil || err.Code != 320 || !strings.HasPrefix(err.Reason, "CONNECTION_FORCED - vhost 'test-") || !strings.HasSuffix(err.Reason, "' is deleted") {
		t.Errorf("got %v, want 320 and that the vhost is deleted", err)
	}
}

func TestVHostOutlivesItsBroker(t *testing.T) {
	b := New(t)
	t.Run("sub", func(t *testing.T) {
		b.VHost(t)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestReset(t *testing.T) {
	b := New(t)
	ch := channel(t, connect(t, b, "/"))
	declare(t, ch, "q", nil)
	cancelled := ch.NotifyCancel(make(chan string, 1))
	if _, err := ch.Consume("q", "tag", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Reset(); err != nil {
		t.Fatal(err)
	}
	if tag := <-cancelled; tag != "tag" {
		t.Errorf("cancelled: got %q, want tag", tag)
	}
	if _, err := b.Queue("q"); err == nil {
		t.Error("the queue is still there")
	}
	declare(t, ch, "q", amqp091.Table{"x-max-length": 1}) // the connection goes on
}

func TestConnections(t *testing.T) {
	b := New(t)
	conn := connect(t, b, "/")
	channel(t, conn)
	gone := channel(t, conn)
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	got := b.Connections()
	if len(got) != 1 || got[0].Name != "pipe -> pipe" || got[0].User != "guest" || got[0].VHost != "/" || got[0].Channels != 1 {
		t.Errorf("got %+v, want guest on / with one channel", got)
	}
}

func TestAwait(t *testing.T) {
	b := New(t)
	ch := channel(t, connect(t, b, "/"))
	declare(t, ch, "q", nil)
	for range 3 {
		if err := ch.Publish("", "q", false, false, amqp091.Publishing{}); err != nil {
			t.Fatal(err)
		}
	}
	err := b.Await(t.Context(), func() bool {
		q, err := b.Queue("q")
		return err == nil && q.Ready == 3
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	b := New(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	err := b.Await(ctx, func() bool { return false })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
	wantError(t, b.Await(t.Context(), nil), "want a function")
}

func TestStreamIsShownAndRestored(t *testing.T) {
	b := New(t)
	ch := channel(t, connect(t, b, "/"))
	args := amqp091.Table{"x-queue-type": "stream"}
	if _, err := ch.QueueDeclare("s", true, false, false, false, args); err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat([]byte("x"), 40<<10)
	for range 3 { // more than a stream without consumers keeps in memory
		if err := b.Publish(Message{RoutingKey: "s", Body: large}); err != nil {
			t.Fatal(err)
		}
	}
	if err := ch.Qos(10, 0, false); err != nil {
		t.Fatal(err)
	}
	offsets := func() (all []any) {
		t.Helper()
		deliveries, err := ch.Consume("s", "c", false, false, false, false, amqp091.Table{"x-stream-offset": "first"})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // and leaves them unacked
			all = append(all, (<-deliveries).Headers["x-stream-offset"])
		}
		if err := ch.Cancel("c", false); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if got := fmt.Sprint(offsets()); got != "[0 1 2]" {
		t.Errorf("got %s", got)
	}
	taken, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(Message{RoutingKey: "s"}); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Queue("s"); err != nil || got.Ready != 4 || len(got.Messages) != 4 || got.Unacked != 0 {
		t.Errorf("got %d ready, %d shown, %d unacked, %v; want 4 and none", got.Ready, len(got.Messages), got.Unacked, err)
	}
	for range 2 {
		if err := b.Restore(taken); err != nil {
			t.Fatal(err)
		}
		got, err := b.Queue("s")
		if err != nil || got.Ready != 3 || len(got.Messages) != 3 || len(got.Messages[2].Body) != len(large) {
			t.Errorf("restored: got %d ready, %d shown, %v; want 3", got.Ready, len(got.Messages), err)
		}
		if got := fmt.Sprint(offsets()); got != "[0 1 2]" {
			t.Errorf("restored: got %s", got)
		}
	}
}
