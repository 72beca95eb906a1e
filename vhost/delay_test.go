package vhost

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
)

// delaying declares a durable exchange that holds messages back, and a durable queue
// with its name that is bound to it with the key k.
func (s *site) delaying(name, kind string) {
	s.Helper()
	s.exchange(exchange.Declaration{Name: name, Kind: exchange.Delayed, Durable: true, Arguments: amqp.Table{"x-delayed-type": kind}})
	s.queue(queue.Declaration{Name: name, Durable: true})
	s.bind(toQueue(name, name, "k"))
}

func delay(milliseconds int32) amqp.Fields {
	return amqp.Fields{DeliveryMode: 2, Headers: amqp.Table{"x-delay": milliseconds}}
}

// wait lets time pass, and everything happen that is due.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestDelayedMessagesOutliveTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.delaying("x", exchange.Direct)
		s.publish("x", "k", "short", delay(100))
		s.publish("x", "k", "long", delay(10_000))
		s.publish("x", "k", "none", amqp.Fields{})
		s.wantReady("x", "none")
		s.restart()
		wait(100 * time.Millisecond)
		s.wantReady("x", "short")
		s.restart()
		if n := s.Delay("x").Len(); n != 1 {
			t.Errorf("%d are held back, want 1", n)
		}
		wait(10 * time.Second)
		s.wantReady("x", "long")
		s.restart()
		s.wantReady("x", "")
		s.registry.Stop()
	})
}

func TestDelayedMessagesGoWithTheirExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.delaying("x", exchange.Direct)
		s.publish("x", "k", "lost", delay(1000))
		id := s.Delay("x").ID()
		if _, err := s.DeleteExchange("x", nil, false); err != nil {
			t.Fatal(err)
		}
		if err := s.store.Expiries(id, func(seq uint64, _ int64) { t.Errorf("message %d is left", seq) }); err != nil {
			t.Fatal(err)
		}
		s.exchange(exchange.Declaration{Name: "x", Kind: exchange.Delayed, Durable: true, Arguments: amqp.Table{"x-delayed-type": "direct"}})
		s.bind(toQueue("x", "x", "k"))
		wait(time.Minute)
		s.wantReady("x", "")
		s.registry.Stop()
	})
}

func TestDelayedMessagesAreRoutedLikeOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.exchange(exchange.Declaration{Name: "spare"})
		s.queue(queue.Declaration{Name: "spare"})
		s.bind(toQueue("spare", "spare", ""))
		s.exchange(exchange.Declaration{Name: "x", Kind: exchange.Delayed,
			Arguments: amqp.Table{"x-delayed-type": "topic", "alternate-exchange": "spare"}})
		for _, key := range []string{"a", "b"} {
			s.queue(queue.Declaration{Name: key})
			s.bind(toQueue("x", key, key+".#"))
		}
		s.exchange(exchange.Declaration{Name: "front"})
		s.bind(toExchange("front", "x", ""))

		copied := delay(10)
		copied.Headers["CC"] = []any{"b.1"}
		s.publish("x", "a.1", "both", copied, "b.1")
		s.publish("front", "a.2", "through another", delay(20))
		s.publish("x", "c", "nobody's", delay(30))
		s.wantReady("a", "")
		wait(30 * time.Millisecond)
		s.wantReady("a", "both through another")
		s.wantReady("b", "both")
		s.wantReady("spare", "nobody's")
	})
}

// TestDelayIsNoQueue makes sure that only the exchange reaches what it holds back.
func TestDelayIsNoQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.delaying("x", exchange.Direct)
		if s.publish("", delayName+"x", "direct", delay(10)) {
			t.Error("the default exchange knows it")
		}
		if _, err := s.Queue(delayName+"x", nil); err == nil {
			t.Error("it can be asked for as a queue")
		}
		p := s.NewPublisher()
		m := amqp.NewMessage("x", "k", delay(10).Properties(), []byte("by name"))
		names, err := p.Queues(m, nil)
		if err != nil || !slices.Equal(names, []string{delayName + "x"}) {
			t.Fatalf("it goes to %q, %v", names, err)
		}
		if !p.PublishTo(names, m, nil, 0) {
			t.Error("what was promised a way goes nowhere")
		}
		p.Flush()
		wait(10 * time.Millisecond)
		s.wantReady("x", "by name")
	})
}
