// Package shop is the Go in docs/testing.md: a small shop, and how it is tested
// against a broker inside the test.
package shop

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/amqp/amqptest"
)

// declare declares the queues: what a worker rejects comes back after an hour.
func declare(ch *amqp091.Channel) error {
	_, err := ch.QueueDeclare("orders", true, false, false, false, amqp091.Table{
		"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders.later",
	})
	if err != nil {
		return err
	}
	_, err = ch.QueueDeclare("orders.later", true, false, false, false, amqp091.Table{
		"x-message-ttl": time.Hour.Milliseconds(), "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders",
	})
	return err
}

// place publishes an order, and tries again if the broker does not take it.
func place(ctx context.Context, ch *amqp091.Channel, order string) error {
	for range 3 {
		message := amqp091.Publishing{DeliveryMode: amqp091.Persistent, MessageId: order, Body: []byte(order)}
		confirm, err := ch.PublishWithDeferredConfirmWithContext(ctx, "", "orders", true, false, message)
		if err != nil {
			return err
		}
		if taken, err := confirm.WaitContext(ctx); taken || err != nil {
			return err
		}
	}
	return errors.New("the broker does not take the order")
}

// work handles orders until the connection is gone, each of them once.
func work(conn *amqp091.Connection, handle func(order string) error) error {
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	orders, err := ch.Consume("orders", "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	done := make(map[string]bool)
	for d := range orders {
		if !done[d.MessageId] {
			if handle(string(d.Body)) != nil {
				if err := d.Reject(false); err != nil {
					return err
				}
				continue
			}
			done[d.MessageId] = true
		}
		if err := d.Ack(false); err != nil {
			return err
		}
	}
	return errors.New("connection lost")
}

// shop starts a broker with the queues of the shop.
func shop(t *testing.T, opts ...amqptest.Option) (*amqptest.Broker, *amqp091.Connection, *amqp091.Channel) {
	t.Helper()
	b := amqptest.New(t, opts...)
	conn := dial(t, b.URL())
	return b, conn, confirming(t, conn)
}

func dial(t *testing.T, url string) *amqp091.Connection {
	t.Helper()
	conn, err := amqp091.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) // the broker may have closed it
	return conn
}

func confirming(t *testing.T, conn *amqp091.Connection) *amqp091.Channel {
	t.Helper()
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(ch.Confirm(false), declare(ch)); err != nil {
		t.Fatal(err)
	}
	return ch
}

func TestAnOrderIsTriedAgainAfterAnHour(t *testing.T) {
	b, conn, ch := shop(t)
	tries := make(chan string)
	go work(conn, func(order string) error {
		tries <- order
		return errors.New("out of stock")
	})
	if err := place(t.Context(), ch, "a book"); err != nil {
		t.Fatal(err)
	}
	<-tries
	waiting := func() bool {
		q, err := b.Count("orders.later")
		return err == nil && q.Ready == 1
	}
	if err := b.Await(t.Context(), waiting); err != nil {
		t.Fatal(err)
	}
	b.Advance(59 * time.Minute)
	b.Journal().Expect(t, 1, amqptest.Delivered)
	b.Advance(time.Minute)
	<-tries
}

func TestAnOrderIsPublishedUntilTheBrokerTakesIt(t *testing.T) {
	b, _, ch := shop(t)
	nack := b.Inject(amqptest.NackPublish().Times(2), amqptest.OnKey("orders"))
	if err := place(t.Context(), ch, "a book"); err != nil {
		t.Error(err)
	}
	if nack.Hits() != 2 {
		t.Errorf("got %d nacks, want 2", nack.Hits())
	}
	b.Journal().Expect(t, 1, amqptest.Confirmed)
}

func TestAWorkerComesBackWhenItsConnectionIsCut(t *testing.T) {
	b, _, ch := shop(t)
	handled := make(chan string, 10)
	go func() {
		for t.Context().Err() == nil {
			if conn, err := amqp091.Dial(b.URL()); err == nil {
				work(conn, func(order string) error { handled <- order; return nil })
			}
		}
	}()
	if err := place(t.Context(), ch, "a book"); err != nil {
		t.Fatal(err)
	}
	<-handled
	b.CutConnections() // Restart and Kill are worse

	ch = confirming(t, dial(t, b.URL()))
	if err := place(t.Context(), ch, "a pen"); err != nil {
		t.Fatal(err)
	}
	for order := range handled {
		if order == "a pen" {
			break // "a book" may come again, if its ack was cut off
		}
	}
}

func TestAnOrderThatComesTwiceIsHandledOnce(t *testing.T) {
	b, conn, ch := shop(t)
	b.Inject(amqptest.DuplicateDelivery().Times(1), amqptest.OnQueue("orders"))
	handled := make(chan string, 2)
	go work(conn, func(order string) error { handled <- order; return nil })
	if err := place(t.Context(), ch, "a book"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Journal().Await(t.Context(), 2, amqptest.Acked); err != nil {
		t.Fatal(err)
	}
	if times := len(handled); times != 1 {
		t.Errorf("handled %d times, want once", times)
	}
}

func TestAPublisherIsBlockedWhileTheDiskIsFull(t *testing.T) {
	b, conn, ch := shop(t)
	blocked := conn.NotifyBlocked(make(chan amqp091.Blocking, 2))
	if err := b.SetAlarm("disk", true); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	placed := make(chan error)
	go func() { placed <- place(ctx, ch, "a book") }()
	if b := <-blocked; b.Reason != "low on disk" {
		t.Errorf("got %+v, want low on disk", b)
	}
	cancel()
	if err := <-placed; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it to be given up", err)
	}
	b.Journal().Expect(t, 0, amqptest.Published)

	// When there is room again the order is read from the socket after all.
	if err := b.SetAlarm("disk", false); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Journal().Await(t.Context(), 1, amqptest.Published); err != nil {
		t.Error(err)
	}
}

func TestEachPartBeginsWithTheSame(t *testing.T) {
	b, _, ch := shop(t)
	if err := place(t.Context(), ch, "a book"); err != nil {
		t.Fatal(err)
	}
	begin, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"purge", "publish"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			v := b.VHost(t) // one of its own
			if err := v.Restore(begin); err != nil {
				t.Fatal(err)
			}
			if q, err := v.Queue("orders"); err != nil || q.Ready != 1 {
				t.Errorf("got %d orders, %v, want the one there was", q.Ready, err)
			}
		})
	}
}

func TestNothingIsLost(t *testing.T) {
	b, conn, ch := shop(t, amqptest.WithFinalCheck()) // fails the test for what was left unacked, or went nowhere
	go work(conn, func(string) error { return nil })
	if err := place(t.Context(), ch, "a book"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Journal().Await(t.Context(), 1, amqptest.Acked); err != nil {
		t.Error(err)
	}
}

func TestADayPassesInNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := amqptest.New(t)
		conn, err := amqp091.DialConfig("amqp://guest:guest@broker/", amqp091.Config{Dial: b.Dial})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		ch := confirming(t, conn)
		if err := place(t.Context(), ch, "a book"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ch.Get("orders", true); err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(amqptest.Message{RoutingKey: "orders.later", Body: []byte("a pen")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour) // heartbeats go to and fro all day
		if q, err := b.Queue("orders"); err != nil || q.Ready != 1 {
			t.Errorf("got %d orders, %v, want the one that was for later", q.Ready, err)
		}
	})
}
