package amqptest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/amqp"
)

// confirming returns a channel in confirm mode on a connection of its own, and a
// durable queue q.
func confirming(t testing.TB, b *Broker) *amqp091.Channel {
	t.Helper()
	ch := channel(t, connect(t, b, "/"))
	if _, err := ch.QueueDeclare("q", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	return ch
}

// send publishes a persistent message to q.
func send(t testing.TB, ch *amqp091.Channel, body string) *amqp091.DeferredConfirmation {
	t.Helper()
	d, err := ch.PublishWithDeferredConfirm("", "q", true, false, amqp091.Publishing{DeliveryMode: 2, Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// wantConfirm fails t unless a publish is answered so.
func wantConfirm(t testing.TB, d *amqp091.DeferredConfirmation, want bool) {
	t.Helper()
	if got, err := d.WaitContext(t.Context()); err != nil || got != want {
		t.Errorf("confirm: got %v, %v, want %v", got, err, want)
	}
}

func TestNackPublish(t *testing.T) {
	b := New(t)
	ch := confirming(t, b)
	declare(t, ch, "other", nil)
	f := b.Inject(NackPublish().Times(2), OnQueue("q"), OnExchange(""))
	for i, want := range []bool{false, false, true} {
		wantConfirm(t, send(t, ch, fmt.Sprint(i)), want)
	}
	publish(t, ch, "other", "elsewhere")
	wantBodies(t, b.VirtualHost, "q", "2")
	if f.Hits() != 2 {
		t.Errorf("got %d hits, want 2", f.Hits())
	}
	if events, err := b.Journal().Await(t.Context(), 2, Refused); err != nil || events[0].Message == nil || string(events[0].Message.Body) != "0" {
		t.Errorf("refused: got %v, %v, want the first two messages", events, err)
	}
}

func TestFaultsOfAVirtualHost(t *testing.T) {
	b := New(t)
	v := b.VHost(t)
	f := v.Inject(NackPublish())
	wantConfirm(t, send(t, confirming(t, b), "a"), true)
	f.Remove()
	f.Remove()
	g := b.Inject(NackPublish(), OnKey("q"))
	ch := channel(t, connect(t, b, v.Name()))
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.QueueDeclare("q", false, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	wantConfirm(t, send(t, ch, "b"), false)
	if f.Hits() != 0 || g.Hits() != 1 {
		t.Errorf("hits: got %d and %d, want 0 and 1", f.Hits(), g.Hits())
	}
}

func TestNackInATransaction(t *testing.T) {
	b := New(t)
	ch := channel(t, connect(t, b, "/"))
	declare(t, ch, "q", nil)
	if err := ch.Tx(); err != nil {
		t.Fatal(err)
	}
	b.Inject(NackPublish(), WithBody("bad"))
	publish(t, ch, "q", "bad")
	publish(t, ch, "q", "good")
	var closed *amqp091.Error
	if err := ch.TxCommit(); !errors.As(err, &closed) || closed.Code != 406 {
		t.Errorf("commit: got %v, want 406", err)
	}
	wantBodies(t, b.VirtualHost, "q", "good")
}

func TestCloseChannel(t *testing.T) {
	b := New(t)
	ch := confirming(t, b)
	closed := ch.NotifyClose(make(chan *amqp091.Error, 1))
	b.Inject(CloseChannel(amqp.AccessRefused, "not today").Times(1))
	send(t, ch, "lost")
	if err := <-closed; err == nil || err.Code != 403 || err.Reason != "ACCESS_REFUSED - not today" {
		t.Errorf("closed with %v, want 403 and its text", err)
	}
	wantConfirm(t, send(t, confirming(t, b), "kept"), true)
	wantBodies(t, b.VirtualHost, "q", "kept")
}

func TestCloseConnection(t *testing.T) {
	for _, code := range []amqp.Code{amqp.ConnectionForced, amqp.NotFound} {
		t.Run(code.String(), func(t *testing.T) {
			b := New(t)
			conn := connect(t, b, "/")
			closed := conn.NotifyClose(make(chan *amqp091.Error, 1))
			b.Inject(CloseConnection(code, "maintenance"))
			publish(t, channel(t, conn), "q", "lost")
			if err := <-closed; err == nil || err.Code != int(code) || err.Reason != code.String()+" - maintenance" {
				t.Errorf("closed with %v, want %d and its text", err, code)
			}
		})
	}
}

func TestCutAroundTheConfirm(t *testing.T) {
	for _, c := range []struct {
		fault Fault
		heard bool
	}{
		{CutBeforeConfirm(), false},
		{CutAfterConfirm(), true},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			b := New(t)
			conn := connect(t, b, "/")
			ch := channel(t, conn)
			if _, err := ch.QueueDeclare("q", true, false, false, false, nil); err != nil {
				t.Fatal(err)
			}
			if err := ch.Confirm(false); err != nil {
				t.Fatal(err)
			}
			closed := conn.NotifyClose(make(chan *amqp091.Error, 1))
			confirms := ch.NotifyPublish(make(chan amqp091.Confirmation, 10))
			b.Inject(c.fault, WithBody("last"))
			send(t, ch, "first")
			if got := <-confirms; !got.Ack {
				t.Error("the first message was not confirmed")
			}
			send(t, ch, "last")
			<-closed
			if _, heard := <-confirms; heard != c.heard {
				t.Errorf("heard of the last message: got %v, want %v", heard, c.heard)
			}
			wantBodies(t, b.VirtualHost, "q", "first", "last")
			if err := b.Await(t.Context(), func() bool { return b.Journal().Count(ConnectionClosed) == 1 }); err != nil {
				t.Error(err)
			}
			wantHeard := 1
			if c.heard {
				wantHeard = 2
			}
			b.Journal().Expect(t, wantHeard, Confirmed)
		})
	}
}

func TestCutWithoutConfirms(t *testing.T) {
	b := New(t)
	conn := connect(t, b, "/")
	ch := channel(t, conn)
	declare(t, ch, "q", nil)
	closed := conn.NotifyClose(make(chan *amqp091.Error, 1))
	b.Inject(CutBeforeConfirm())
	publish(t, ch, "q", "taken")
	<-closed
	wantBodies(t, b.VirtualHost, "q", "taken")
}

func TestDelayPublish(t *testing.T) {
	b := New(t, WithManualClock(), WithSystemHeartbeats())
	ch := confirming(t, b)
	returns := ch.NotifyReturn(make(chan amqp091.Return, 1))
	b.Inject(DelayPublish(time.Minute), That("late ones", func(e *Event) bool { return string(e.Message.Body) != "quick" }))
	late := send(t, ch, "late")
	wantConfirm(t, send(t, ch, "quick"), true)
	if err := ch.Publish("", "nowhere", true, false, amqp091.Publishing{}); err != nil {
		t.Fatal(err)
	}
	if err := b.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, b.VirtualHost, "q", "quick")
	b.Advance(time.Minute)
	wantBodies(t, b.VirtualHost, "q", "quick", "late")
	wantConfirm(t, late, true)
	if r := <-returns; r.RoutingKey != "nowhere" {
		t.Errorf("returned: got %+v, want the one to nowhere", r)
	}
}

func TestBlockPublish(t *testing.T) {
	b := New(t)
	conn := connect(t, b, "/")
	blocked := conn.NotifyBlocked(make(chan amqp091.Blocking, 2))
	ch := channel(t, conn)
	declare(t, ch, "q", nil)
	f := b.Inject(BlockPublish("low on patience").Times(1), OnQueue("q"))
	publish(t, ch, "q", "held")
	if got := <-blocked; !got.Active || got.Reason != "low on patience" {
		t.Errorf("blocked: got %+v, want low on patience", got)
	}
	other := channel(t, connect(t, b, "/"))
	publish(t, other, "q", "goes on")
	if err := b.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, b.VirtualHost, "q", "goes on")
	f.Remove()
	if got := <-blocked; got.Active {
		t.Errorf("got %+v, want an end of it", got)
	}
	if err := b.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, b.VirtualHost, "q", "goes on", "held")
}

func TestDelayDelivery(t *testing.T) {
	b := New(t, WithManualClock(), WithSystemHeartbeats())
	ch := channel(t, connect(t, b, "/"))
	declare(t, ch, "q", nil)
	b.Inject(DelayDelivery(time.Minute), OnQueue("q"), WithBody("slow"))
	consume(t, ch, "q", true)
	for _, body := range []string{"quick", "slow", "behind"} {
		publish(t, ch, "q", body)
	}
	if err := b.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Journal().Expect(t, 1, Delivered)
	wantBodies(t, b.VirtualHost, "q", "slow", "behind")
	b.Advance(59 * time.Second)
	b.Journal().Expect(t, 1, Delivered)
	b.Advance(time.Second)
	b.Journal().Expect(t, 3, Delivered)
}

func TestDuplicateDelivery(t *testing.T) {
	t.Run("with acks", func(t *testing.T) {
		b := New(t)
		ch := channel(t, connect(t, b, "/"))
		declare(t, ch, "q", nil)
		f := b.Inject(DuplicateDelivery(), OnQueue("q"))
		deliveries := consume(t, ch, "q", false)
		publish(t, ch, "q", "twice")
		for _, redelivered := range []bool{false, true} {
			d := next(t, deliveries)
			if string(d.Body) != "twice" || d.Redelivered != redelivered {
				t.Errorf("got %q, redelivered %v, want twice, %v", d.Body, d.Redelivered, redelivered)
			}
			if err := d.Ack(false); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if q, err := b.Queue("q"); err != nil || q.Ready != 0 || q.Unacked != 0 {
			t.Errorf("got %+v, %v, want an empty queue", q, err)
		}
		if f.Hits() != 1 {
			t.Errorf("got %d hits, want 1", f.Hits())
		}
		if err := b.Journal().Check(); err != nil {
			t.Error(err)
		}
	})
	t.Run("without", func(t *testing.T) {
		b := New(t)
		ch := channel(t, connect(t, b, "/"))
		declare(t, ch, "q", nil)
		b.Inject(DuplicateDelivery().Times(1))
		deliveries := consume(t, ch, "q", true)
		publish(t, ch, "q", "twice")
		publish(t, ch, "q", "once")
		for i, want := range []string{"twice", "twice", "once"} {
			if d := next(t, deliveries); string(d.Body) != want || d.DeliveryTag != uint64(i+1) || d.Redelivered != (i == 1) {
				t.Errorf("delivery %d: got %q, tag %d, redelivered %v", i+1, d.Body, d.DeliveryTag, d.Redelivered)
			}
		}
	})
}

func TestCutOnDelivery(t *testing.T) {
	b := New(t)
	declareIn(t, b.VirtualHost, b, "q")
	conn := connect(t, b, "/")
	closed := conn.NotifyClose(make(chan *amqp091.Error, 1))
	b.Inject(CutOnDelivery().Times(1))
	consume(t, channel(t, conn), "q", false)
	if err := b.Publish(Message{RoutingKey: "q", Body: []byte("job")}); err != nil {
		t.Fatal(err)
	}
	<-closed
	b.Journal().Expect(t, 1, Delivered)
	if d := next(t, consume(t, channel(t, connect(t, b, "/")), "q", false)); !d.Redelivered {
		t.Error("the message came again as if for the first time")
	}
}

func TestWrongFaultsFailTheTest(t *testing.T) {
	for want, inject := range map[string]func(b *Broker){
		"close channel with 541: want 311":                         func(b *Broker) { b.Inject(CloseChannel(amqp.InternalError, "")) },
		"close connection with 200: want a code from 300 to 599":   func(b *Broker) { b.Inject(CloseConnection(200, "")) },
		"nack publish 0 times: want 1 or more":                     func(b *Broker) { b.VirtualHost.Inject(NackPublish().Times(0)) },
		"delay delivery by -1s: want more than 0":                  func(b *Broker) { b.Inject(DelayDelivery(-time.Second)) },
		"the fault is empty: want one such as NackPublish()":       func(b *Broker) { b.Inject(Fault{}) },
		`block publish for reason "": want one of 1 to 255 octets`: func(b *Broker) { b.Inject(BlockPublish("")) },
	} {
		t.Run(want, func(t *testing.T) {
			var tb fakeTB
			tb.run(func() { inject(New(&tb)) })
			tb.wantSaid(t, want)
		})
	}
}

func TestAlarmBlocksPublishers(t *testing.T) {
	b := New(t)
	conn := connect(t, b, "/")
	blocked := conn.NotifyBlocked(make(chan amqp091.Blocking, 2))
	ch := channel(t, conn)
	declare(t, ch, "q", nil)
	if err := b.SetAlarm("disk", true); err != nil {
		t.Fatal(err)
	}
	publish(t, ch, "q", "held")
	if got := <-blocked; !got.Active || got.Reason != "low on disk" {
		t.Errorf("blocked: got %+v, want low on disk", got)
	}
	if err := b.SetAlarm("disk", false); err != nil {
		t.Fatal(err)
	}
	if got := <-blocked; got.Active {
		t.Errorf("got %+v, want an end of it", got)
	}
	wantError(t, b.SetAlarm("", true), `the resource is empty: want one such as "disk" or "memory"`)
}

func TestFailedDisk(t *testing.T) {
	b := New(t)
	ch := confirming(t, b)
	wantConfirm(t, send(t, ch, "before"), true)
	wantError(t, b.FailDisk(nil), "the cause is nil")
	if err := b.FailDisk(errors.New("scratched")); err != nil {
		t.Fatal(err)
	}
	wantConfirm(t, send(t, ch, "after"), false)
	if err := b.Restart(); err != nil {
		t.Fatal(err)
	}
	wantReady(t, b.VirtualHost, "q", 1)
	wantConfirm(t, send(t, confirming(t, b), "mended"), true)
}
