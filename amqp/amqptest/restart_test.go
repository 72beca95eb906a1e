package amqptest

import (
	"errors"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/store"
)

// dialSocket connects a client over a socket.
func dialSocket(t testing.TB, url string) *amqp091.Connection {
	t.Helper()
	conn, err := amqp091.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) // the broker may have closed it
	return conn
}

func TestRestartKeepsWhatIsDurable(t *testing.T) {
	b := New(t, WithManualClock(), WithSystemHeartbeats())
	url, secure := b.URL(), b.TLSURL()
	v := b.VHost(t)
	conn := dialSocket(t, url)
	closed := conn.NotifyClose(make(chan *amqp091.Error, 1))
	ch := channel(t, conn)
	for _, durable := range []bool{true, false} {
		name := map[bool]string{true: "durable", false: "transient"}[durable]
		if _, err := ch.QueueDeclare(name, durable, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []uint8{1, 2} {
		d, err := ch.PublishWithDeferredConfirm("", "durable", false, false, amqp091.Publishing{DeliveryMode: mode, Body: []byte{'0' + mode}})
		if err != nil {
			t.Fatal(err)
		}
		wantConfirm(t, d, true)
	}
	f := b.Inject(NackPublish().Times(1))
	if err := b.SetAlarm("memory", true); err != nil {
		t.Fatal(err)
	}
	b.Advance(time.Hour)
	now := b.Now()
	if err := b.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := <-closed; err == nil || err.Code != 320 {
		t.Errorf("closed with %v, want 320", err)
	}
	if b.URL() != url || b.TLSURL() != secure {
		t.Errorf("addresses: got %s and %s, want %s and %s", b.URL(), b.TLSURL(), url, secure)
	}
	if !b.Now().Equal(now) {
		t.Errorf("the clock shows %v, want %v", b.Now(), now)
	}
	wantReady(t, b.VirtualHost, "durable", 1)
	if _, err := b.Queue("transient"); err == nil {
		t.Error("the transient queue is there again")
	}
	if _, err := v.Exchange("amq.topic"); err != nil {
		t.Errorf("the other virtual host is gone: %v", err)
	}
	again := channel(t, dialSocket(t, url))
	if d := next(t, consume(t, again, "durable", false)); string(d.Body) != "2" {
		t.Errorf("got %q, want the persistent message", d.Body)
	}
	if err := again.Confirm(false); err != nil {
		t.Fatal(err)
	}
	d, err := again.PublishWithDeferredConfirm("", "durable", false, false, amqp091.Publishing{}) // the alarm is over, the fault is not
	if err != nil {
		t.Fatal(err)
	}
	wantConfirm(t, d, false)
	if f.Hits() != 1 {
		t.Errorf("got %d hits, want 1", f.Hits())
	}
}

func TestKillTellsNobody(t *testing.T) {
	b := New(t)
	url := b.URL()
	conn := dialSocket(t, url)
	closed := conn.NotifyClose(make(chan *amqp091.Error, 1))
	ch := channel(t, conn)
	// An orderly end of its consumer would delete it.
	if _, err := ch.QueueDeclare("q", true, true, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(Message{RoutingKey: "q", Properties: persistent, Body: []byte("held")}); err != nil {
		t.Fatal(err)
	}
	next(t, consume(t, ch, "q", false))
	if err := b.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-closed; err == nil || err.Code == 320 {
		t.Errorf("closed with %v, want the connection lost", err)
	}
	if _, err := amqp091.Dial(url); err == nil {
		t.Error("a killed broker let a client in")
	}
	_, err := b.Queue("q")
	wantError(t, err, "the broker is down, after Kill: Restart starts it again")
	wantError(t, b.Kill(), "the broker is down")
	wantError(t, b.Idle(t.Context()), "the broker is down")
	wantError(t, b.SetAlarm("disk", true), "the broker is down")
	wantError(t, b.Reset(), "the broker is down")
	_, err = b.NewVHost()
	wantError(t, err, "the broker is down")
	if _, err = b.VHosts(); !errors.Is(err, ErrDown) {
		t.Errorf("virtual hosts: got %v, want ErrDown", err)
	}
	_, err = b.Dial("", "")
	wantError(t, err, "the broker is down")
	if got := b.Connections(); len(got) != 0 {
		t.Errorf("connections: got %v, want none", got)
	}
	if err := b.Restart(); err != nil {
		t.Fatal(err)
	}
	if d := next(t, consume(t, channel(t, dialSocket(t, url)), "q", false)); string(d.Body) != "held" || !d.Redelivered {
		t.Errorf("got %q, redelivered %v, want the message again", d.Body, d.Redelivered)
	}
}

func TestCutConnections(t *testing.T) {
	b := New(t)
	conn := dialSocket(t, b.URL())
	closed := conn.NotifyClose(make(chan *amqp091.Error, 1))
	b.CutConnections()
	if err := <-closed; err == nil || err.Code == 320 {
		t.Errorf("closed with %v, want the connection lost", err)
	}
	dialSocket(t, b.URL())
}

func TestRestartOfAClosedBroker(t *testing.T) {
	b := New(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, b.Restart(), "the broker is closed")
	wantError(t, b.Kill(), "the broker is closed")
}

// A stranger is a store of somebody else's.
type stranger struct{ store.Store }

func TestRestartOnAStoreOfTheCallers(t *testing.T) {
	m := store.NewMemory()
	b, err := Start(stranger{m}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, b.Restart(), "do not know how to open a amqptest.stranger again: want WithReopen")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	m = store.NewMemory()
	b, err = Start(stranger{m}, zerolog.Nop(), WithReopen(func() (store.Store, error) { return stranger{m.Reopen()}, nil }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	if _, err := channel(t, connect(t, b, "/")).QueueDeclare("q", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Restart(); err != nil {
		t.Fatal(err)
	}
	wantReady(t, b.VirtualHost, "q", 0)
	wantError(t, b.FailDisk(errors.New("broken")), "want a store in memory, not a amqptest.stranger")
}

func TestServerIsConfiguredAtEachStart(t *testing.T) {
	b := New(t, WithServer(func(s *server.Server) { s.ChannelMax = 7 }))
	for range 2 {
		if got := connect(t, b, "/").Config.ChannelMax; got != 7 {
			t.Errorf("got a channel-max of %d, want 7", got)
		}
		if err := b.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	for want, opt := range map[string]Option{
		"journal of -1 events: want 0 or more": WithJournal(-1),
		"WithServer: the function is nil":      WithServer(nil),
		"WithReopen: the function is nil":      WithReopen(nil),
	} {
		_, err := Start(store.NewMemory(), zerolog.Nop(), opt)
		wantError(t, err, want)
	}
}
