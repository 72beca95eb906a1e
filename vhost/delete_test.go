package vhost

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// furnish fills a virtual host with one of everything.
func (s *site) furnish(v *VirtualHost) {
	s.Helper()
	for _, d := range []exchange.Declaration{
		{Name: "x", Kind: exchange.Topic, Durable: true},
		{Name: "auto", Kind: exchange.Direct, Durable: true, AutoDelete: true},
		{Name: "transient", Kind: exchange.Fanout},
	} {
		if _, err := v.DeclareExchange(d, nil, nil); err != nil {
			s.Fatal(err)
		}
	}
	for _, d := range []queue.Declaration{{Name: "q", Durable: true}, {Name: "own", Exclusive: true}, {Name: "t"}} {
		if _, _, err := v.DeclareQueue(d, "me", nil); err != nil {
			s.Fatal(err)
		}
	}
	for _, b := range []exchange.Binding{
		toQueue("x", "q", "a"), toQueue("amq.topic", "q", "b"), toQueue("transient", "own", ""),
		toExchange("x", "auto", "c"), toExchange("auto", "x", "d"), toExchange("amq.direct", "x", "e"),
		toExchange("amq.direct", "amq.fanout", "f"), toExchange("amq.fanout", "amq.fanout", ""),
	} {
		if _, err := v.Bind(b, "me"); err != nil {
			s.Fatal(err)
		}
	}
	if _, err := v.NewReplyQueue(); err != nil {
		s.Fatal(err)
	}
}

var topology = []store.Kind{store.Exchanges, store.Queues, store.Bindings, store.Deliveries}

func TestDeleteLeavesNothing(t *testing.T) {
	s := newSite(t)
	v, err := s.registry.Create("other")
	if err != nil {
		t.Fatal(err)
	}
	s.furnish(v)
	p := v.NewPublisher()
	p.Publish(amqp.NewMessage("", "q", amqp.Fields{DeliveryMode: 2}.Properties(), []byte("m")), nil, nil, 0)
	p.Flush()

	evicted := 0
	if err := v.Enter("me", "ann", func() { evicted++ }); err != nil {
		t.Fatal(err)
	}
	if err := v.Enter("left", "ann", func() { t.Error("a connection that has ended was told") }); err != nil {
		t.Fatal(err)
	}
	v.Release("left")
	if err := s.registry.Delete("", "other"); err != nil {
		t.Fatal(err)
	}
	if evicted != 1 {
		t.Errorf("the connection was told %d times, want once", evicted)
	}
	for _, k := range topology {
		s.wantDocs(k, 0)
	}
	s.wantDocs(store.VirtualHosts, 1)
	_, err = s.registry.Get("other")
	s.wantError(err, amqp.NotAllowed, "vhost other not found")
	s.wantError(s.registry.Delete("", "other"), amqp.NotAllowed, "vhost other not found")

	s.restart()
	_, err = s.registry.Get("other")
	s.wantError(err, amqp.NotAllowed, "vhost other not found")
	if s.log.Len() > 0 {
		t.Errorf("log: got %s", s.log.String())
	}
}

func TestNothingIsMadeInADeletedVirtualHost(t *testing.T) {
	s := newSite(t)
	v, err := s.registry.Create("other")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.registry.Delete("", "other"); err != nil {
		t.Fatal(err)
	}
	const text = "vhost 'other' is deleted"
	_, err = v.DeclareExchange(exchange.Declaration{Name: "x", Kind: exchange.Direct, Durable: true}, nil, nil)
	s.wantError(err, amqp.ConnectionForced, text)
	_, _, err = v.DeclareQueue(queue.Declaration{Name: "q", Durable: true}, nil, nil)
	s.wantError(err, amqp.ConnectionForced, text)
	_, err = v.Bind(toExchange("amq.direct", "amq.topic", ""), nil)
	s.wantError(err, amqp.ConnectionForced, text)
	_, err = v.NewReplyQueue()
	s.wantError(err, amqp.ConnectionForced, text)
	s.wantError(v.Enter("late", "ann", func() {}), amqp.NotAllowed, "vhost other not found")
	for _, k := range topology {
		s.wantDocs(k, 0)
	}
	again, err := s.registry.Create("other")
	if err != nil || again == v {
		t.Errorf("create again: got %v, %v, want a new one", again, err)
	}
}

func TestDeleteWhileOthersWork(t *testing.T) {
	s := newSite(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				v, err := s.registry.Create("other")
				if err != nil {
					t.Errorf("create: %v", err)
				}
				_, _, err = v.DeclareQueue(queue.Declaration{Name: "q", Durable: true}, nil, nil)
				if e, ok := errors.AsType[*amqp.Error](err); err != nil && (!ok || e.Code != amqp.ConnectionForced) {
					t.Errorf("declare: %v", err)
				}
				if err := s.registry.Delete("", "other"); err != nil {
					if e, ok := errors.AsType[*amqp.Error](err); !ok || e.Code != amqp.NotAllowed {
						t.Errorf("delete: %v", err)
					}
				}
			}
		})
	}
	all.Wait()
	s.wantDocs(store.Queues, 0)
	s.wantDocs(store.VirtualHosts, 1)
}

func TestDeleteReportsWhatTheStoreSays(t *testing.T) {
	s := newSite(t)
	broken := errors.New("broken")
	s.store.Fail(broken)
	if err := s.registry.Delete("", Default); !errors.Is(err, broken) {
		t.Errorf("got %v, want the store's error", err)
	}
}

func TestClear(t *testing.T) {
	s := newSite(t)
	before := s.Exchanges()
	s.furnish(s.VirtualHost)
	if got, want := s.Queues(), []string{"own", "q", "t"}; !slices.Equal(got, want) {
		t.Errorf("queues: got %q, want %q", got, want)
	}
	if _, bindings, ok := s.Exchange("x"); !ok || len(bindings) != 2 || bindings[0].Key != "a" || bindings[1].Key != "c" {
		t.Errorf("bindings of x: got %v, want a and c", bindings)
	}
	if d, bindings, ok := s.Exchange(""); !ok || len(bindings) != 3 || bindings[0].Key != "own" || d.Kind != exchange.Direct {
		t.Errorf("default exchange: got %+v, %v, want a binding for each queue", d, bindings)
	}
	if err := s.Enter("me", "ann", func() { t.Error("the connection was told to end") }); err != nil {
		t.Fatal(err)
	}
	s.Clear()
	if got := s.Queues(); len(got) > 0 || s.Find("q") != nil {
		t.Errorf("queues: got %q, want none", got)
	}
	if got := s.Exchanges(); !slices.Equal(got, before) {
		t.Errorf("exchanges: got %q, want %q", got, before)
	}
	for _, name := range s.Exchanges() {
		if _, bindings, _ := s.Exchange(name); len(bindings) > 0 {
			t.Errorf("bindings of %s: got %v, want none", name, bindings)
		}
	}
	if _, _, ok := s.Exchange("x"); ok {
		t.Error("exchange x is still there")
	}
	for _, k := range topology {
		s.wantDocs(k, 0)
	}
	s.furnish(s.VirtualHost)
}
