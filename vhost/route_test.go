package vhost

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
)

func alternate(name string) amqp.Table { return amqp.Table{"alternate-exchange": name} }

func TestRouting(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"a", "b", "c"} {
		s.queue(queue.Declaration{Name: name})
	}
	direct := func(name, otherwise string) {
		d := exchange.Declaration{Name: name, Kind: exchange.Direct}
		if otherwise != "none" {
			d.Arguments = alternate(otherwise)
		}
		s.exchange(d)
	}
	direct("plain", "none")
	s.bind(toQueue("plain", "a", "a"))
	s.bind(toQueue("plain", "a", "b"))
	s.bind(toQueue("plain", "b", "b"))

	direct("first", "second")
	direct("second", "third")
	direct("third", "first")
	s.bind(toQueue("first", "a", "1"))
	s.bind(toQueue("second", "b", "2"))
	s.bind(toQueue("third", "c", "3"))
	direct("lost", "missing")
	direct("nameless", "")

	s.exchange(exchange.Declaration{Name: "into a dead end"})
	s.exchange(exchange.Declaration{Name: "dead end", Kind: exchange.Direct})
	s.bind(toExchange("into a dead end", "dead end", ""))

	s.exchange(exchange.Declaration{Name: "loop 1"})
	s.exchange(exchange.Declaration{Name: "loop 2", Arguments: alternate("loop 1")})
	s.bind(toExchange("loop 1", "loop 2", ""))
	s.bind(toExchange("loop 2", "loop 1", ""))
	s.bind(toExchange("loop 1", "loop 1", ""))
	s.bind(toQueue("loop 1", "a", ""))
	s.bind(toQueue("loop 2", "a", ""))
	s.bind(toQueue("loop 2", "b", ""))

	s.exchange(exchange.Declaration{Name: "over", Kind: exchange.Direct})
	s.bind(toExchange("over", "first", "2"))

	tests := []struct {
		name, exchange, key string
		also                []string
		a, b, c             int
	}{
		{"the default exchange knows queues by name", "", "a", nil, 1, 0, 0},
		{"and nobody else", "", "d", nil, 0, 0, 0},
		{"each queue once, however many keys", "", "a", []string{"b", "a"}, 1, 1, 0},
		{"each queue once, however many bindings", "plain", "b", []string{"a"}, 1, 1, 0},
		{"no key matches", "plain", "c", nil, 0, 0, 0},
		{"own bindings win over the alternate's", "first", "1", nil, 1, 0, 0},
		{"the alternate is asked", "first", "2", nil, 0, 1, 0},
		{"and the alternate's alternate", "first", "3", nil, 0, 0, 1},
		{"a circle of alternates ends", "first", "4", nil, 0, 0, 0},
		{"a missing alternate is none", "lost", "a", nil, 0, 0, 0},
		{"the empty alternate is not the default exchange", "nameless", "a", nil, 0, 0, 0},
		{"a matching exchange that leads nowhere is a match", "into a dead end", "a", nil, 0, 0, 0},
		{"a circle of exchanges, each queue once", "loop 1", "", nil, 1, 1, 0},
		{"an alternate behind an exchange", "over", "2", nil, 0, 1, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := s.NewPublisher()
			for range 2 { // found, then remembered
				m := amqp.NewMessage(test.exchange, test.key, nil, []byte("m"))
				routed, err := p.Publish(m, test.also, nil, 0)
				if err != nil || routed != (test.a+test.b+test.c > 0) {
					t.Errorf("got routed %v, error %v", routed, err)
				}
				p.Flush()
				for name, want := range map[string]int{"a": test.a, "b": test.b, "c": test.c} {
					if got := (len(s.ready(name)) + 1) / 2; got != want {
						t.Errorf("queue %s: got %d messages, want %d", name, got, want)
					}
				}
			}
		})
	}
}

func TestEachQueueOnceAmongMany(t *testing.T) {
	s := newSite(t)
	for i := range 3 * manyQueues {
		name := strconv.Itoa(i)
		s.queue(queue.Declaration{Name: name})
		s.bind(toQueue("amq.fanout", name, ""))
		s.bind(toQueue("amq.fanout", name, "again"))
	}
	for range 2 {
		s.publish("amq.fanout", "", "m", amqp.Fields{})
		for i := range 3 * manyQueues {
			s.wantReady(strconv.Itoa(i), "m")
		}
	}
}

func TestHeadersAreLookedAtForEveryMessage(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q"})
	b := toQueue("amq.headers", "q", "")
	b.Arguments = amqp.Table{"colour": "red"}
	s.bind(b)
	s.bind(toExchange("amq.fanout", "amq.headers", ""))
	p := s.NewPublisher()
	for i, colour := range []string{"red", "blue", "red"} {
		f := amqp.Fields{Headers: amqp.Table{"colour": colour}}
		routed, err := p.Publish(amqp.NewMessage("amq.fanout", "", f.Properties(), []byte(strconv.Itoa(i))), nil, nil, 0)
		if err != nil || routed != (colour == "red") {
			t.Errorf("%s: got routed %v, error %v", colour, routed, err)
		}
	}
	p.Flush()
	s.wantReady("q", "0 2")
}

func TestCheck(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q"})
	s.exchange(exchange.Declaration{Name: "inside", Internal: true})
	p := s.NewPublisher()
	if err := p.Check(""); err != nil {
		t.Errorf("default exchange: got %v", err)
	}
	s.wantError(p.Check("none"), amqp.NotFound, "no exchange 'none' in vhost '/'")
	s.wantError(p.Check("inside"), amqp.AccessRefused, "cannot publish to internal exchange 'inside' in vhost '/'")
	s.exchange(exchange.Declaration{Name: "x"})
	s.bind(toQueue("x", "q", ""))
	for range 2 {
		if err := p.Check("x"); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Publish(amqp.NewMessage("x", "k", nil, nil), nil, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	s.DeleteExchange("x", nil, false)
	s.wantError(p.Check("x"), amqp.NotFound, "no exchange 'x' in vhost '/'")
	_, err := p.Publish(amqp.NewMessage("x", "k", nil, nil), nil, nil, 0)
	s.wantError(err, amqp.NotFound, "no exchange 'x' in vhost '/'")
}

func TestNobodySeesAMessageBeforeFlush(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"a", "b"} {
		s.queue(queue.Declaration{Name: name})
	}
	p := s.NewPublisher()
	put := func(to, body string) {
		if _, err := p.Publish(amqp.NewMessage("", to, nil, []byte(body)), nil, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	put("a", "1")
	put("a", "2")
	put("b", "3") // goes another way, and leaves with the others
	s.wantReady("a", "")
	s.wantReady("b", "")
	p.Flush()
	s.wantReady("a", "1 2")
	s.wantReady("b", "3")
	put("b", "4")
	s.DeleteQueue("a", nil, false, false) // what was gathered goes the way it was routed
	put("b", "5")
	s.wantReady("b", "4")
	p.Flush()
	s.wantReady("b", "5")
	for range batchMost + 1 {
		put("b", "x")
	}
	q, _ := s.Queue("b", nil)
	if got := q.Stats().Ready; got != batchMost {
		t.Errorf("ready before flush: got %d, want a full batch of %d", got, batchMost)
	}
}

func TestABatchKeepsTheOrderOfEachQueue(t *testing.T) {
	s := newSite(t)
	var names []string
	for i := range othersMost + 3 { // more than fit into a batch
		names = append(names, fmt.Sprint("q", i))
		s.queue(queue.Declaration{Name: names[i], Durable: i%2 == 0})
		if i < 2 {
			s.bind(toQueue("amq.fanout", names[i], ""))
		}
	}
	want := make(map[string][]string)
	confirmed := &tags{make(map[uint64]int)}
	p := s.NewPublisher()
	n := 0
	put := func(to, key string, queues ...string) {
		n++
		if routed, err := p.Publish(amqp.NewMessage(to, key, amqp.Fields{DeliveryMode: 2}.Properties(), []byte(strconv.Itoa(n))), nil, confirmed, uint64(n)); !routed || err != nil {
			t.Fatalf("message %d: routed %v, %v", n, routed, err)
		}
		for _, name := range queues {
			want[name] = append(want[name], strconv.Itoa(n))
		}
	}
	for round := range 40 {
		for i, name := range names {
			if (round+i)%3 > 0 {
				put("", name, name)
			}
		}
		if round%4 == 0 {
			put("amq.fanout", "", names[0], names[1])
		}
	}
	p.Flush()
	for _, name := range names {
		s.wantReady(name, strings.Join(want[name], " "))
	}
	if err := s.VirtualHost.Sync(); err != nil {
		t.Fatal(err)
	}
	for tag := range uint64(n) {
		if times := confirmed.of[tag+1]; times != 1 {
			t.Errorf("message %d: confirmed %d times, want once", tag+1, times)
		}
	}
}

// tags counts how often each is confirmed.
type tags struct{ of map[uint64]int }

// Confirm implements store.Receipt.
func (c *tags) Confirm(lo, hi uint64, ok bool) {
	for tag := lo; ok && tag <= hi; tag++ {
		c.of[tag]++
	}
}

func TestMessagesOfALongQueueDoNotKeepWhatTheyWereReadInto(t *testing.T) {
	s := newSite(t)
	q := s.queue(queue.Declaration{Name: "q"})
	p := s.NewPublisher()
	put := func(body, properties []byte) {
		if _, err := p.Publish(amqp.NewMessage("", "q", properties, body), nil, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	before := 0
	for ; !q.Long(); before++ {
		put(nil, nil)
		p.Flush()
	}
	// Sizes from nothing to more than a block, read into one buffer.
	content := func(i int) string { return strings.Repeat(fmt.Sprint(i, ";"), i*i/7) }
	header := func(i int) amqp.Properties { return amqp.Fields{MessageID: fmt.Sprint(i)}.Properties() }
	const last = 60
	for i := range last {
		body, properties := []byte(content(i)), slices.Clone(header(i))
		put(body, properties)
		p.Flush()
		clear(body)
		clear(properties)
	}
	var read [][]byte
	for i := range last {
		read = append(read, []byte(content(i)), slices.Clone(header(i)))
		put(read[2*i], read[2*i+1])
	}
	p.Flush()
	for _, b := range read {
		clear(b)
	}
	for range before {
		q.Get(true)
	}
	for i := range 2 * last {
		e, _, ok, err := q.Get(true)
		if !ok || err != nil {
			t.Fatalf("message %d: got %v, %v, want it", i, ok, err)
		}
		if m := e.Message; string(m.Body) != content(i%last) || !bytes.Equal(m.Properties, header(i%last)) {
			t.Errorf("message %d: got %.40q with %q, want %.40q with %q", i, m.Body, m.Properties, content(i%last), header(i%last))
		}
	}
}

func TestRememberedRoutesAreBounded(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q"})
	s.bind(toQueue("amq.fanout", "q", ""))
	p := s.NewPublisher()
	for i := range 3 * routesMost {
		if _, err := p.Publish(amqp.NewMessage("amq.fanout", fmt.Sprint(i), nil, nil), nil, nil, 0); err != nil {
			t.Fatal(err)
		}
		if len(p.routes) > routesMost {
			t.Fatalf("%d routes remembered, want at most %d", len(p.routes), routesMost)
		}
	}
	p.Flush()
	q, _ := s.Queue("q", nil)
	if got := q.Stats().Ready; got != 3*routesMost {
		t.Errorf("ready: got %d, want %d", got, 3*routesMost)
	}
}

func TestAddressAllocatesOnlyOnce(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q"})
	s.bind(toQueue("amq.fanout", "q", ""))
	p := s.NewPublisher()
	for _, key := range []string{"one", "two"} {
		x, k := p.Address([]byte("amq.fanout"), []byte(key))
		if x != "amq.fanout" || k != key {
			t.Errorf("got %q, %q", x, k)
		}
		p.Publish(amqp.NewMessage(x, k, nil, nil), nil, nil, 0)
	}
	x, one, two := []byte("amq.fanout"), []byte("one"), []byte("two")
	if n := testing.AllocsPerRun(100, func() { p.Address(x, one); p.Address(x, two) }); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}
