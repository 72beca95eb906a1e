package amqptest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/store"
)

// connect connects a client in memory.
func connect(t testing.TB, b *Broker, vhost string) *amqp091.Connection {
	t.Helper()
	conn, err := amqp091.DialConfig("amqp://guest:guest@broker/", amqp091.Config{Dial: b.Dial, Vhost: vhost})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) // the broker may have closed it
	return conn
}

func channel(t testing.TB, conn *amqp091.Connection) *amqp091.Channel {
	t.Helper()
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// declare makes a queue that is not durable.
func declare(t testing.TB, ch *amqp091.Channel, name string, arguments amqp091.Table) {
	t.Helper()
	if _, err := ch.QueueDeclare(name, false, false, false, false, arguments); err != nil {
		t.Fatal(err)
	}
}

func TestItImportsNeitherDatabaseNorClient(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "github.com/harebellmq/harebell/amqp/server") {
		t.Fatalf("dependencies: got %q, which are not those of this package", deps)
	}
	for _, dep := range deps {
		if strings.Contains(dep, "badger") || strings.Contains(dep, "amqp091") {
			t.Errorf("it depends on %s", dep)
		}
	}
}

func TestURL(t *testing.T) {
	b := New(t)
	conn, err := amqp091.Dial(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := b.Connections(); len(got) != 1 || got[0].User != "guest" || got[0].VHost != "/" || !strings.HasPrefix(got[0].Name, "127.0.0.1:") {
		t.Errorf("connections: got %+v, want guest's on /", got)
	}
	if again := b.URL(); !strings.HasPrefix(again, "amqp://guest:guest@127.0.0.1:") || again != b.URL() {
		t.Errorf("got %q, want the same address again", again)
	}
}

func TestTLSURL(t *testing.T) {
	b := New(t)
	v := b.VHost(t)
	for _, url := range []string{b.TLSURL(), v.TLSURL(), strings.Replace(b.TLSURL(), "127.0.0.1", "localhost", 1)} {
		conn, err := amqp091.DialTLS(url, &tls.Config{RootCAs: b.CertPool()})
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		channel(t, conn)
		if err := conn.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if _, err := amqp091.DialTLS(b.TLSURL(), &tls.Config{RootCAs: New(t).CertPool()}); err == nil {
		t.Error("a client that trusts another broker's authority was let in")
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		for range 3 {
			b := New(t)
			conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(b.URL(), "amqp://guest:guest@"), "/"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			b.TLSURL()
		}
	})
}

func TestInTheTimeOfABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(t)
		ch := channel(t, connect(t, b, "/"))
		declare(t, ch, "q", amqp091.Table{"x-message-ttl": 3_600_000})
		if err := b.Publish(Message{RoutingKey: "q", Body: []byte("m")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - time.Millisecond)
		synctest.Wait()
		if q, err := b.Queue("q"); err != nil || q.Ready != 1 {
			t.Errorf("before an hour: got %+v, %v, want the message", q, err)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if q, err := b.Queue("q"); err != nil || q.Ready != 0 {
			t.Errorf("after an hour: got %+v, %v, want no message", q, err)
		}
	})
}

func TestAdvanceInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(t)
		ch := channel(t, connect(t, b, "/"))
		declare(t, ch, "q", amqp091.Table{"x-message-ttl": 3_600_000})
		if err := b.Publish(Message{RoutingKey: "q", Body: []byte("m")}); err != nil {
			t.Fatal(err)
		}
		began := b.Now()
		time.Sleep(time.Minute)
		b.Advance(time.Hour - time.Minute)
		wantBodies(t, b.VirtualHost, "q")
		time.Sleep(time.Second)
		if passed := b.Now().Sub(began); passed != time.Hour+time.Second {
			t.Errorf("time passed: got %v, want 1h0m1s", passed)
		}
	})
}

func TestServeErrorsAreReported(t *testing.T) {
	var tb fakeTB
	tb.run(func() {
		b := New(&tb)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		if err := b.Serve(l); err != nil {
			t.Error(err)
		}
		l.Close() // as if the system had taken it away
		err = b.Await(t.Context(), func() bool {
			b.now.mu.Lock()
			defer b.now.mu.Unlock()
			return len(b.now.lost) > 0
		})
		if err != nil {
			t.Error(err)
		}
	})
	tb.wantSaid(t, "use of closed network connection")
}

func TestErrorsOfTheStoreAreReported(t *testing.T) {
	broken := errors.New("broken")
	st := store.NewMemory()
	st.Fail(broken)
	if _, err := Start(st, zerolog.Nop()); !errors.Is(err, broken) {
		t.Errorf("start: got %v, want the store's error", err)
	}
}

func TestCloseTwice(t *testing.T) {
	b, err := Start(store.NewMemory(), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.Close(), b.Close()); err != nil {
		t.Errorf("close: got %v, want no error", err)
	}
	if _, err := b.Dial("", ""); !errors.Is(err, ErrClosed) {
		t.Errorf("dial: got %v, want ErrClosed", err)
	}
	if err := b.Publish(Message{RoutingKey: "q"}); !errors.Is(err, ErrClosed) {
		t.Errorf("publish: got %v, want ErrClosed", err)
	}
}

func TestStartFindsWhatTheStoreHas(t *testing.T) {
	st := store.NewMemory()
	b, err := Start(st, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := amqp091.Dial(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := channel(t, conn).QueueDeclare("q", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err = Start(st.Reopen(), zerolog.Nop()); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Queue("q"); err != nil {
		t.Error(err)
	}
}

func TestOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a login that is refused takes three seconds
		var log bytes.Buffer
		b := New(t, WithLogger(zerolog.New(zerolog.SyncWriter(&log))), WithUser("alice", "secret"))
		dial := func(userinfo string) error {
			conn, err := amqp091.DialConfig("amqp://"+userinfo+"@broker/", amqp091.Config{Dial: b.Dial})
			if err == nil {
				err = conn.Close()
			}
			return err
		}
		if err := dial("alice:secret"); err != nil {
			t.Errorf("alice: %v", err)
		}
		if err := dial("alice:wrong"); !errors.Is(err, amqp091.ErrCredentials) {
			t.Errorf("wrong password: got %v, want %v", err, amqp091.ErrCredentials)
		}
		if err := b.Close(); err != nil { // and the log is complete
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "connection opened") {
			t.Errorf("log: got %q, want to read of the connection", log.String())
		}
	})
}

func TestMistakesSayWhatWouldBeRight(t *testing.T) {
	for name, c := range map[string]struct {
		mistake func(tb *fakeTB)
		want    string
	}{
		"nil option":      {func(tb *fakeTB) { New(tb, nil) }, "want one that a With function returned"},
		"user":            {func(tb *fakeTB) { New(tb, WithUser("alice", "")) }, "want a name and a password"},
		"Advance back":    {func(tb *fakeTB) { New(tb, WithManualClock()).Advance(-1) }, "want 0 or more"},
		"SetNow back":     {func(tb *fakeTB) { New(tb, WithManualClock()).SetNow(dawn.Add(-1)) }, "want 2000-01-01 00:00:00 +0000 UTC or later"},
		"URL after Close": {func(tb *fakeTB) { b := New(tb); b.Close(); b.URL() }, "use it before Close"},
		"VHost after it":  {func(tb *fakeTB) { b := New(tb); b.Close(); b.VHost(tb) }, "use it before Close"},
		"TLS after Close": {func(tb *fakeTB) { b := New(tb); b.Close(); b.TLSURL() }, "use it before Close"},
	} {
		t.Run(name, func(t *testing.T) {
			var tb fakeTB
			tb.run(func() { c.mistake(&tb) })
			tb.wantSaid(t, c.want)
		})
	}
	if _, err := Start(nil, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "store.NewMemory()") {
		t.Errorf("store nil: got %v, want it to name store.NewMemory()", err)
	}
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "want 0 or more") {
			t.Errorf("outside a test: got panic %q, want it to say what would be right", text)
		}
	}()
	b, err := Start(store.NewMemory(), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.Advance(-1)
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		broker, err := Start(store.NewMemory(), zerolog.Nop())
		if err != nil {
			b.Fatal(err)
		}
		broker.URL()
		if err := broker.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
