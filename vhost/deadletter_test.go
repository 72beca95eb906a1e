package vhost

import (
	"reflect"
	"strings"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
)

func dying(to string, more amqp.Table) amqp.Table {
	t := amqp.Table{"x-dead-letter-exchange": to}
	for key, v := range more {
		t[key] = v
	}
	return t
}

// reject rejects the next message of a queue.
func (s *site) reject(name string) {
	s.Helper()
	q, err := s.Queue(name, nil)
	if err != nil {
		s.Fatal(err)
	}
	e, _, ok, err := q.Get(false)
	if !ok || err != nil {
		s.Fatalf("get from %s: got ok %v, error %v", name, ok, err)
	}
	q.Reject([]queue.Entry{e})
}

// send publishes a message to the default exchange, by its own key.
func (s *site) send(m amqp.Message) {
	s.Helper()
	p := s.NewPublisher()
	if routed, err := p.Publish(m, nil, nil, 0); !routed || err != nil {
		s.Fatalf("publish: routed %v, error %v", routed, err)
	}
	p.Flush()
}

func (s *site) wantCount(name string, want int) {
	s.Helper()
	q, err := s.Queue(name, nil)
	if err != nil {
		s.Fatal(err)
	}
	if got := q.Stats().Ready; got != want {
		s.Errorf("queue %s: got %d messages, want %d", name, got, want)
	}
}

func TestDeadLettersKeepTheirKeys(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q", Arguments: dying("amq.direct", nil)})
	for _, name := range []string{"key", "cc"} {
		s.queue(queue.Declaration{Name: name})
		s.bind(toQueue("amq.direct", name, name))
	}
	s.bind(toQueue("amq.topic", "q", "#"))
	s.publish("amq.topic", "key", "m", amqp.Fields{Headers: amqp.Table{"CC": []any{"cc"}}}, "cc")
	s.reject("q")
	s.wantReady("key", "m")
	s.wantReady("cc", "m")
}

func TestDeadLettersWithAKeyOfTheQueue(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q", Arguments: dying("", amqp.Table{"x-dead-letter-routing-key": "dead"})})
	s.queue(queue.Declaration{Name: "dead"})
	s.queue(queue.Declaration{Name: "cc"})
	s.publish("", "q", "m", amqp.Fields{Headers: amqp.Table{"CC": []any{"cc"}}})
	s.reject("q")
	s.wantReady("cc", "")
	q, _ := s.Queue("dead", nil)
	e, _, ok, err := q.Get(true)
	if !ok || err != nil {
		t.Fatalf("get: ok %v, error %v", ok, err)
	}
	if m := e.Message; m.Exchange != "" || m.RoutingKey != "dead" || e.Redelivered {
		t.Errorf("got exchange %q, key %q, redelivered %v", m.Exchange, m.RoutingKey, e.Redelivered)
	}
}

func TestDeadLettersWithAKeyOfTheQueueForgetTheOthers(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q", Arguments: dying("", amqp.Table{"x-dead-letter-routing-key": "second"})})
	s.queue(queue.Declaration{Name: "second", Arguments: dying("amq.direct", nil)})
	for _, name := range []string{"cc", "bcc", "end"} {
		s.queue(queue.Declaration{Name: name})
	}
	s.bind(toQueue("amq.direct", "cc", "cc"))
	s.bind(toQueue("amq.direct", "bcc", "bcc"))
	s.bind(toQueue("amq.direct", "end", "second"))
	s.send(amqp.Message{RoutingKey: "q", Properties: amqp.Fields{Headers: amqp.Table{"CC": []any{"cc"}}}.Properties(), Hidden: &[]string{"bcc"}})
	s.reject("q")
	s.reject("second")
	s.wantCount("cc", 0)
	s.wantCount("bcc", 0)
	s.wantCount("end", 1)
}

func TestDeadLettersGoByHiddenKeysToo(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q", Arguments: dying("amq.direct", nil)})
	s.queue(queue.Declaration{Name: "again", Arguments: dying("amq.fanout", nil)})
	s.queue(queue.Declaration{Name: "end"})
	s.bind(toQueue("amq.direct", "again", "bcc"))
	s.bind(toQueue("amq.fanout", "end", ""))
	s.send(amqp.Message{RoutingKey: "q", Hidden: &[]string{"bcc"}})
	s.reject("q")
	s.reject("again")
	q, _ := s.Queue("end", nil)
	e, _, ok, err := q.Get(true)
	if !ok || err != nil {
		t.Fatalf("get: ok %v, error %v", ok, err)
	}
	if keys := queue.Deaths(e.Message)[0]["routing-keys"]; !reflect.DeepEqual(keys, []any{"q"}) {
		t.Errorf("routing-keys of x-death: got %v, want only the one in sight", keys)
	}
}

func TestDeadLettersWithoutExchangeAreLost(t *testing.T) {
	s := newSite(t)
	q := s.queue(queue.Declaration{Name: "q", Arguments: dying("none", nil)})
	s.publish("", "q", "m", amqp.Fields{})
	s.reject("q")
	if got := q.Stats(); got != (queue.Stats{}) {
		t.Errorf("got %+v, want an empty queue", got)
	}
	if !strings.Contains(s.log.String(), "no such exchange") {
		t.Errorf("log: got %s", s.log.String())
	}
}

func TestDeathsInACircle(t *testing.T) {
	t.Run("end when nobody rejects", func(t *testing.T) {
		s := newSite(t)
		// What a gets it cannot keep, nor can b.
		full := amqp.Table{"x-max-length": int32(0)}
		s.exchange(exchange.Declaration{Name: "to a"})
		s.exchange(exchange.Declaration{Name: "to b"})
		a := s.queue(queue.Declaration{Name: "a", Arguments: dying("to b", full)})
		b := s.queue(queue.Declaration{Name: "b", Arguments: dying("to a", full)})
		s.bind(toQueue("to a", "a", ""))
		s.bind(toQueue("to b", "b", ""))
		s.publish("to a", "", "m", amqp.Fields{})
		if a.Stats().Ready+b.Stats().Ready != 0 {
			t.Error("still there")
		}
		if n := strings.Count(s.log.String(), "it has been in this queue before"); n != 1 {
			t.Errorf("dropped %d times, want once: %s", n, s.log.String())
		}
	})
	t.Run("go on by rejecting", func(t *testing.T) {
		s := newSite(t)
		q := s.queue(queue.Declaration{Name: "q", Arguments: dying("", nil)})
		s.publish("", "q", "m", amqp.Fields{})
		for range 5 {
			s.reject("q")
		}
		e, _, ok, _ := q.Get(true)
		if !ok {
			t.Fatal("the message is gone")
		}
		if deaths := queue.Deaths(e.Message); len(deaths) != 1 || deaths[0]["count"] != int64(5) {
			t.Errorf("deaths: got %v, want one entry with count 5", deaths)
		}
	})
}

func TestPersistentDeadLettersLast(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q", Durable: true, Arguments: dying("", amqp.Table{"x-dead-letter-routing-key": "dead"})})
	s.queue(queue.Declaration{Name: "dead", Durable: true})
	p := s.NewPublisher()
	for _, body := range []string{"a", "b"} {
		m := amqp.NewMessage("", "q", amqp.Fields{DeliveryMode: 2}.Properties(), []byte(body))
		if _, err := p.Publish(m, nil, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	p.Flush()
	s.reject("q")
	s.restart()
	s.wantReady("q", "b")
	s.wantReady("dead", "a")
}
