package amqptest

import (
	"errors"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/store"
)

// names returns the names of virtual hosts.
func names(t *testing.T, b *Broker) (all []string) {
	t.Helper()
	vhosts, err := b.VHosts()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vhosts {
		all = append(all, v.Name())
	}
	return all
}

func TestVHostsThatOutliveTheirTest(t *testing.T) {
	b := New(t)
	v, err := b.NewVHost()
	if err != nil {
		t.Fatal(err)
	}
	declareIn(t, v, b, "q")
	if got := names(t, b); len(got) != 2 || got[0] != "/" || got[1] != v.Name() {
		t.Errorf("names: got %q, want / and %s", got, v.Name())
	}
	again, err := b.FindVHost(v.Name())
	if err != nil {
		t.Fatal(err)
	}
	wantReady(t, again, "q", 0)
	if err := again.Delete(); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{v.Delete(), v.Reset(), v.Publish(Message{RoutingKey: "q"})} {
		wantError(t, err, "no virtual host", `want one of ["/"]`)
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	}
	_, err = b.FindVHost("nowhere")
	wantError(t, err, `no virtual host "nowhere": want one of ["/"]`)
}

func TestAVHostMayBeDeletedBeforeItsTestEnds(t *testing.T) {
	b := New(t)
	t.Run("sub", func(t *testing.T) {
		if err := b.VHost(t).Delete(); err != nil {
			t.Error(err)
		}
	})
}

func TestDefaultVHost(t *testing.T) {
	b := New(t, WithDefaultVHost("orders"))
	if got := names(t, b); len(got) != 1 || got[0] != "orders" || b.Name() != "orders" {
		t.Errorf("names: got %q, and %q as the default one, want orders only", got, b.Name())
	}
	conn, err := amqp091.Dial(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	declare(t, channel(t, conn), "q", nil)
	wantReady(t, b.VirtualHost, "q", 0)
	_, err = Start(store.NewMemory(), zerolog.Nop(), WithDefaultVHost(""))
	wantError(t, err, `default virtual host "": want a name of 1 to 255 octets`)
}

func TestMemoryLimit(t *testing.T) {
	b := New(t, WithMemoryLimit(0)) // leaves a mebibyte of each queue
	ch := channel(t, connect(t, b, "/"))
	if _, err := ch.QueueDeclare("q", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 1<<20)
	for range 8 {
		if err := b.Publish(Message{RoutingKey: "q", Body: body, Properties: persistent}); err != nil {
			t.Fatal(err)
		}
	}
	q, err := b.Queue("q")
	if err != nil || q.Ready != 8 || len(q.Messages) == 8 {
		t.Errorf("got %d ready and %d in memory, %v, want 8 and fewer", q.Ready, len(q.Messages), err)
	}
	_, err = Start(store.NewMemory(), zerolog.Nop(), WithMemoryLimit(-1))
	wantError(t, err, "memory limit of -1 octets: want 0 or more")
}
