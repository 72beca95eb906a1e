package amqptest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/event"
	"github.com/harebellmq/harebell/store"
)

// publish publishes a text to the default exchange, through a client.
func publish(t testing.TB, ch *amqp091.Channel, queue, body string) {
	t.Helper()
	if err := ch.Publish("", queue, false, false, amqp091.Publishing{Body: []byte(body)}); err != nil {
		t.Fatal(err)
	}
}

// consume starts a consumer with a tag like the queue's name.
func consume(t testing.TB, ch *amqp091.Channel, queue string, noAck bool) <-chan amqp091.Delivery {
	t.Helper()
	deliveries, err := ch.Consume(queue, queue, noAck, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return deliveries
}

// next returns the next delivery, and fails t if there is none to come.
func next(t testing.TB, deliveries <-chan amqp091.Delivery) amqp091.Delivery {
	t.Helper()
	d, ok := <-deliveries
	if !ok {
		t.Fatal("no delivery: the channel has been closed")
	}
	return d
}

func kinds(events []Event) (all []Kind) {
	for _, e := range events {
		all = append(all, e.Kind)
	}
	return all
}

func TestJournalFollowsAMessage(t *testing.T) {
	b := New(t, WithManualClock(), WithSystemHeartbeats())
	ch := channel(t, connect(t, b, "/"))
	declare(t, ch, "dead", nil)
	declare(t, ch, "q", amqp091.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead", "x-message-ttl": 1000})
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	publish(t, ch, "q", "expires")
	if _, err := b.Journal().Await(t.Context(), 1, Confirmed, WithBody("expires")); err != nil {
		t.Fatal(err)
	}
	b.Advance(time.Second)
	d := next(t, consume(t, ch, "dead", false))
	if err := d.Reject(false); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Journal().Await(t.Context(), 1, Dropped); err != nil {
		t.Fatal(err)
	}
	events := b.Journal().Events()
	want := []Kind{ConnectionOpened, Published, Routed, Confirmed, DeadLettered, Delivered, Rejected, Dropped}
	if !slices.Equal(kinds(events), want) {
		t.Fatalf("got\n%s\nwant %q", b.Journal(), want)
	}
	for i, e := range events {
		if e.Number != i+1 || e.VHost != "/" || e.Time.IsZero() {
			t.Errorf("got number %d, virtual host %q, time %v of event %d", e.Number, e.VHost, e.Time, i+1)
		}
	}
	if e := events[2]; !slices.Equal(e.Queues, []string{"q"}) || e.RoutingKey != "q" || e.Tag != 1 || e.Channel != 1 || e.Connection == "" {
		t.Errorf("routed: got %+v, want to q, with tag 1 of channel 1", e)
	}
	if e := events[4]; e.Queue != "q" || e.Reason != "expired" || !slices.Equal(e.Queues, []string{"dead"}) || e.Time.Sub(dawn) != time.Second {
		t.Errorf("dead-lettered: got %+v, want from q to dead as it expired after a second", e)
	}
	if e := events[5]; e.Queue != "dead" || e.Consumer != "dead" || e.Tag != 1 || e.NoAck || e.Redelivered || string(e.Message.Body) != "expires" {
		t.Errorf("delivered: got %+v, want the message to consumer dead with tag 1", e)
	}
	if e := events[7]; e.Queue != "dead" || e.Reason != "rejected" {
		t.Errorf("dropped: got %+v, want from dead as it was rejected", e)
	}
}

func TestJournalTellsOfAcksReturnsAndCloses(t *testing.T) {
	b := New(t)
	conn := connect(t, b, "/")
	ch := channel(t, conn)
	declare(t, ch, "q", nil)
	for _, body := range []string{"ack", "requeue", "get", "left"} {
		publish(t, ch, "q", body)
	}
	if err := ch.Publish("", "nowhere", true, false, amqp091.Publishing{}); err != nil {
		t.Fatal(err)
	}
	if err := ch.Qos(1, 0, false); err != nil {
		t.Fatal(err)
	}
	deliveries := consume(t, ch, "q", false)
	if err := next(t, deliveries).Ack(false); err != nil {
		t.Fatal(err)
	}
	if err := next(t, deliveries).Nack(false, true); err != nil {
		t.Fatal(err)
	}
	if err := ch.Cancel("q", false); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := ch.Get("q", true); !ok || err != nil {
		t.Fatalf("get: got %v, %v, want a message", ok, err)
	}
	if _, err := ch.QueueDeclarePassive("missing", false, false, false, false, nil); err == nil {
		t.Fatal("a missing queue was found")
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	j := b.Journal()
	j.Expect(t, 5, Published)
	j.Expect(t, 1, Acked, OnQueue("q"), WithBody("ack"))
	j.Expect(t, 1, Requeued, WithBody("requeue"), That("by the client", func(e *Event) bool { return !e.Ended }))
	j.Expect(t, 1, Got, That("no-ack", func(e *Event) bool { return e.NoAck }))
	if e := j.Expect(t, 1, Returned); len(e) == 1 && (e[0].Code != 312 || e[0].RoutingKey != "nowhere") {
		t.Errorf("returned: got %+v, want 312 of key nowhere", e[0])
	}
	if e := j.Expect(t, 1, ChannelClosed); len(e) == 1 && (e[0].Code != 404 || e[0].ByClient || !strings.Contains(e[0].Text, "missing")) {
		t.Errorf("channel closed: got %+v, want 404 about queue missing", e[0])
	}
	if e := j.Expect(t, 1, ConnectionClosed); len(e) == 1 && (e[0].Code != 200 || !e[0].ByClient) {
		t.Errorf("connection closed: got %+v, want 200 by the client", e[0])
	}
}

func TestJournalOfAVirtualHost(t *testing.T) {
	b := New(t)
	v := b.VHost(t)
	for _, host := range []*VirtualHost{b.VirtualHost, v} {
		ch := channel(t, connect(t, b, host.Name()))
		declare(t, ch, "q", nil)
		if err := host.Publish(Message{RoutingKey: "q", Body: []byte(host.Name())}); err != nil {
			t.Fatal(err)
		}
	}
	v.Journal().Expect(t, 1, Published, WithBody(v.Name()))
	v.Journal().Expect(t, 0, Published, WithBody("/"))
	b.Journal().Expect(t, 2, Published)
	b.VirtualHost.Journal().Expect(t, 1, Routed, OnExchange(""), OnKey("q"))
}

func TestJournalKeepsTheLastEvents(t *testing.T) {
	b := New(t, WithJournal(3))
	declare(t, channel(t, connect(t, b, "/")), "q", nil)
	for _, body := range []string{"a", "b", "c"} {
		if err := b.Publish(Message{RoutingKey: "q", Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	got := b.Journal().Events()
	if want := []Kind{Routed, Published, Routed}; !slices.Equal(kinds(got), want) || got[2].Number != 7 {
		t.Errorf("got %v, the last with number %d, want %v and number 7", kinds(got), got[len(got)-1].Number, want)
	}
	b.Journal().Erase()
	b.Journal().Expect(t, 0)
}

func TestJournalAfterAnEvent(t *testing.T) {
	b := New(t, WithJournal(4))
	declare(t, channel(t, connect(t, b, "/")), "q", nil) // the first event is of the connection
	for _, body := range []string{"a", "b", "c"} {
		if err := b.Publish(Message{RoutingKey: "q", Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	j := b.Journal()
	if j.Last() != 7 || j.Forgotten() != 3 {
		t.Errorf("got %d as the last and %d as the last forgotten, want 7 and 3", j.Last(), j.Forgotten())
	}
	for after, want := range map[int]int{0: 4, 3: 4, 4: 3, 6: 1, 7: 0, 100: 0} {
		events := j.After(after).Events()
		if len(events) != want || want > 0 && events[want-1].Number != 7 {
			t.Errorf("after %d: got %v, want %d", after, events, want)
		}
	}
	v := b.VHost(t)
	if n := v.Journal().After(3).Count(); n != 0 {
		t.Errorf("another virtual host: got %d events, want none", n)
	}
	if err := b.Publish(Message{RoutingKey: "q", Body: []byte("d")}); err != nil {
		t.Fatal(err)
	}
	if events, err := j.After(7).Await(t.Context(), 2, WithBody("d")); err != nil || len(events) != 2 {
		t.Errorf("got %v, %v, want the two of d", events, err)
	}
	j.Erase()
	if j.Last() != 9 || j.Forgotten() != 9 {
		t.Errorf("erased: got %d as the last and %d as the last forgotten, want 9", j.Last(), j.Forgotten())
	}
}

func TestKindsAreAllThereAre(t *testing.T) {
	known := Kinds()
	if len(known) != 15 || known[0] != ConnectionOpened || known[14] != ConnectionClosed {
		t.Errorf("got %q, want 15", known)
	}
	if sorted := slices.Compact(slices.Sorted(slices.Values(known))); len(sorted) != len(known) {
		t.Errorf("some of %q are there twice", known)
	}
}

func TestJournalKeepsBodiesOfBoundedSize(t *testing.T) {
	b := newBook(time.Now, 100)
	body := make([]byte, bookOctets/4)
	for range 6 {
		b.Event(eventWith(body))
	}
	if got, _ := b.read(0, nil); len(got) != 4 {
		t.Errorf("got %d events with a quarter of the room each, want 4", len(got))
	}
}

func TestAwaitGivesUpWithWhatHasHappened(t *testing.T) {
	b := New(t)
	declare(t, channel(t, connect(t, b, "/")), "q", nil)
	if err := b.Publish(Message{RoutingKey: "q", Body: []byte("hello")}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.Journal().Await(ctx, 1, Delivered, OnQueue("q"))
	wantError(t, err, `delivered, queue "q": got 0, want 1; of 3 events in the journal`)
	wantError(t, err, `routed        exchange "" key "q" to "q" "hello"`)
}

func TestExpectFailsTheTest(t *testing.T) {
	var tb fakeTB
	tb.run(func() { New(&tb).Journal().Expect(&tb, 2, Acked) })
	tb.wantSaid(t, "acked: got 0, want 2")
}

func TestCheckFindsWhatIsLeft(t *testing.T) {
	b := New(t)
	conn := connect(t, b, "/")
	ch := channel(t, conn)
	declare(t, ch, "q", nil)
	for _, body := range []string{"acked", "rejected", "requeued", "left"} {
		publish(t, ch, "q", body)
	}
	deliveries := consume(t, ch, "q", false)
	settle := []func(amqp091.Delivery) error{
		func(d amqp091.Delivery) error { return d.Ack(false) },
		func(d amqp091.Delivery) error { return d.Reject(false) },
		func(d amqp091.Delivery) error { return d.Reject(true) },
		func(d amqp091.Delivery) error { return nil },
		func(d amqp091.Delivery) error { return d.Ack(false) }, // the one that came back
	}
	for _, f := range settle {
		if err := f(next(t, deliveries)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := b.Journal().Check()
	wantError(t, err, `left unacked`)
	wantError(t, err, `"left"`)
	if n := len(strings.Split(err.Error(), "\n")); n != 1 {
		t.Errorf("got %d mistakes, want one:\n%v", n, err)
	}
	if err := conn.Close(); err != nil { // does not settle it
		t.Fatal(err)
	}
	wantError(t, b.Journal().Check(), `"left"`)
}

func TestCheckForgivesWhatWasDeliveredAnew(t *testing.T) {
	b := New(t)
	conn := connect(t, b, "/")
	ch := channel(t, conn)
	declare(t, ch, "q", nil)
	publish(t, ch, "q", "handled later")
	publish(t, ch, "q", "left")
	deliveries := consume(t, ch, "q", false)
	next(t, deliveries)
	next(t, deliveries)
	if err := ch.Close(); err != nil {
		t.Fatal(err)
	}
	again := consume(t, channel(t, conn), "q", false) // on a channel of the same number, with the same tags
	if err := next(t, again).Ack(false); err != nil {
		t.Fatal(err)
	}
	next(t, again)
	if err := b.Idle(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := b.Journal().Check()
	wantError(t, err, `"left"`)
	if strings.Contains(err.Error(), "handled later") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got\n%v\nwant nothing but the message that is left", err)
	}
}

func TestCheckSaysWhatItCannotKnow(t *testing.T) {
	b := New(t, WithJournal(2))
	declare(t, channel(t, connect(t, b, "/")), "q", nil)
	if err := b.Publish(Message{RoutingKey: "q"}); err != nil {
		t.Fatal(err)
	}
	wantError(t, b.Journal().Check(), "1 events have been forgotten, and cannot be checked")
	b.Journal().Erase() // on purpose
	if err := b.Journal().Check(); err != nil {
		t.Error(err)
	}
	_, err := Start(store.NewMemory(), zerolog.Nop(), WithFinalCheck(), WithJournal(0))
	wantError(t, err, "WithFinalCheck and WithJournal(0): want a journal of 1 event or more")
}

func TestFinalCheckFailsTheTest(t *testing.T) {
	var tb fakeTB
	tb.run(func() {
		b := New(&tb, WithFinalCheck())
		ch := channel(t, connect(t, b, "/"))
		publish(t, ch, "nowhere", "lost")
		if err := b.Idle(t.Context()); err != nil {
			t.Error(err)
		}
	})
	tb.wantSaid(t, `no queue got it`)
}

func TestEventsTellThemselvesInALine(t *testing.T) {
	for want, e := range map[string]Event{
		`   1 published     exchange "x" key "k" tag 3 mandatory "body"`: {
			Number: 1, Kind: Published, Exchange: "x", RoutingKey: "k", Tag: 3, Mandatory: true, Message: &Message{Body: []byte("body")}},
		`  12 routed        exchange "" key "k" to no queue`: {Number: 12, Kind: Routed, RoutingKey: "k"},
		`   2 dead-lettered queue "q" exchange "dlx" key "k" to "a", "b" as it was rejected`: {
			Number: 2, Kind: DeadLettered, Queue: "q", Exchange: "dlx", RoutingKey: "k", Queues: []string{"a", "b"}, Reason: "rejected"},
		`   3 delivered     queue "q" consumer "c" exchange "" key "q" tag 1 redelivered no-ack`: {
			Number: 3, Kind: Delivered, Queue: "q", Consumer: "c", RoutingKey: "q", Tag: 1, Redelivered: true, NoAck: true},
		`   4 channel-closed 406 unknown delivery tag 7`: {Number: 4, Kind: ChannelClosed, Code: 406, Text: "unknown delivery tag 7"},
		`   5 published     exchange "" key "k" "0123456789012345678901234567890123456789" and 2 octets more`: {
			Number: 5, Kind: Published, RoutingKey: "k", Message: &Message{Body: []byte("012345678901234567890123456789012345678901")}},
	} {
		if got := e.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestSnapshotAndRestore(t *testing.T) {
	b := New(t, WithManualClock(), WithSystemHeartbeats())
	ch := channel(t, connect(t, b, "/"))
	if err := ch.ExchangeDeclare("x", "topic", true, false, false, false, amqp091.Table{"alternate-exchange": "amq.fanout"}); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.QueueDeclare("durable", true, false, false, false, amqp091.Table{"x-max-priority": 5}); err != nil {
		t.Fatal(err)
	}
	declare(t, ch, "q", amqp091.Table{"x-message-ttl": 10_000})
	for _, bind := range [][3]string{{"durable", "a.#", "x"}, {"q", "", "amq.fanout"}} {
		if err := ch.QueueBind(bind[0], bind[1], bind[2], false, nil); err != nil {
			t.Fatal(err)
		}
	}
	for priority, body := range []string{"low", "high"} {
		m := Message{Exchange: "x", RoutingKey: "a.b", Body: []byte(body), Properties: amqp.Fields{DeliveryMode: 2, Priority: uint8(priority)}}
		if err := b.Publish(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Publish(Message{RoutingKey: "q", Body: []byte("expires")}); err != nil {
		t.Fatal(err)
	}
	b.Advance(4 * time.Second) // six are left to it
	s, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	b.Advance(time.Minute)
	wantBodies(t, b.VirtualHost, "q")
	other := b.VHost(t)
	for _, v := range []*VirtualHost{b.VirtualHost, other} {
		declareIn(t, v, b, "rubbish")
		for range 2 { // once is as good as twice
			if err := v.Restore(s); err != nil {
				t.Fatal(err)
			}
		}
		wantBodies(t, v, "durable", "high", "low")
		wantBodies(t, v, "q", "expires")
		if _, err := v.Queue("rubbish"); err == nil {
			t.Error("a queue that was not in the snapshot is still there")
		}
		x, err := v.Exchange("x")
		if err != nil || x.Kind != "topic" || !x.Durable || len(x.Bindings) != 1 {
			t.Errorf("exchange: got %+v, %v, want a durable topic exchange with one binding", x, err)
		}
		if err := v.Publish(Message{Exchange: "x", RoutingKey: "other", Body: []byte("alternate")}); err != nil {
			t.Error(err)
		}
	}
	b.Advance(5999 * time.Millisecond)
	wantBodies(t, b.VirtualHost, "q", "expires", "alternate")
	b.Advance(time.Millisecond)
	wantBodies(t, b.VirtualHost, "q", "alternate")
	if err := b.Restart(); err != nil {
		t.Fatal(err)
	}
	wantReady(t, b.VirtualHost, "durable", 2)
}

// declareIn makes a queue through a client of its own.
func declareIn(t testing.TB, v *VirtualHost, b *Broker, name string) {
	t.Helper()
	declare(t, channel(t, connect(t, b, v.Name())), name, nil)
}

// persistent are the properties of a message that lasts.
var persistent = amqp.Fields{DeliveryMode: 2}

// wantReady fails t unless a queue has so many messages, wherever they are.
func wantReady(t testing.TB, v *VirtualHost, name string, want int) {
	t.Helper()
	if q, err := v.Queue(name); err != nil || q.Ready != want {
		t.Errorf("queue %s: got %d ready, %v, want %d", name, q.Ready, err, want)
	}
}

func TestSnapshotOfUnsettledMessagesIsRefused(t *testing.T) {
	b := New(t)
	ch := channel(t, connect(t, b, "/"))
	declare(t, ch, "q", nil)
	publish(t, ch, "q", "held")
	next(t, consume(t, ch, "q", false))
	_, err := b.Snapshot()
	wantError(t, err, `queue "q" has 1 unacked messages: want them acked`)
	wantError(t, b.Restore(nil), "the snapshot is nil")
}

func TestIdleWaitsForWhatClientsHaveSent(t *testing.T) {
	for name, dial := range map[string]func(*testing.T, *Broker) *amqp091.Connection{
		"in memory": func(t *testing.T, b *Broker) *amqp091.Connection { return connect(t, b, "/") },
		"over a socket": func(t *testing.T, b *Broker) *amqp091.Connection {
			conn, err := amqp091.Dial(b.URL())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			return conn
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(t)
			ch := channel(t, dial(t, b))
			declare(t, ch, "q", nil)
			for n := 1; n <= 50; n++ {
				publish(t, ch, "q", "message")
				if err := b.Idle(t.Context()); err != nil {
					t.Fatal(err)
				}
				wantReady(t, b.VirtualHost, "q", n)
			}
		})
	}
}

func TestIdleGivesUp(t *testing.T) {
	b := New(t)
	if _, err := b.Dial("", ""); err != nil { // a client that never says a word is no work
		t.Fatal(err)
	}
	if err := b.Idle(t.Context()); err != nil {
		t.Error(err)
	}
	conn, err := b.Dial("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil { // and does not read the answer
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(context.Canceled)
	wantError(t, b.Idle(ctx), "the broker is still at work: context canceled")
}

func eventWith(body []byte) event.Event {
	return event.Event{Kind: event.Published, Message: &amqp.Message{Body: body}}
}
