package vhost

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// everything are arguments with a value of every type.
var everything = amqp.Table{
	"int8": int8(1), "uint8": uint8(1), "int16": int16(1), "uint16": uint16(1), "int32": int32(1), "uint32": uint32(1), "int64": int64(1),
	"bool": true, "float": float32(1.5), "double": 1.5, "decimal": amqp.Decimal{}, "text": "text", "octets": []byte("octets"),
	"time": amqp.Timestamp(7), "nothing": nil, "list": []any{int16(1), "a"}, "table": amqp.Table{"deep": int8(-1)},
}

func bindings(s *site, name string) []exchange.Binding {
	return slices.Collect(s.exchanges[name].Bindings())
}

func TestWhatIsDurableLasts(t *testing.T) {
	s := newSite(t)
	s.exchange(exchange.Declaration{Name: "x", Kind: exchange.Topic, Durable: true, AutoDelete: true, Internal: true, Arguments: everything})
	s.exchange(exchange.Declaration{Name: "transient x"})
	s.queue(queue.Declaration{Name: "q", Durable: true, AutoDelete: true, Arguments: everything})
	s.queue(queue.Declaration{Name: "transient q"})
	b := toQueue("x", "q", "a.*")
	b.Arguments = everything
	kept := []exchange.Binding{b, toExchange("x", "amq.fanout", "b")}
	for _, b := range append(kept, toQueue("x", "transient q", "c"), toExchange("x", "transient x", "d")) {
		s.bind(b)
	}
	s.bind(toQueue("transient x", "q", "e"))
	p := s.NewPublisher()
	for i := range 6 {
		f := amqp.Fields{DeliveryMode: uint8(1 + i%2), MessageID: "id"}
		p.Publish(amqp.NewMessage("", "q", f.Properties(), []byte(fmt.Sprint(i))), nil, nil, 0)
	}
	p.Flush()
	wantX, wantQ := s.exchanges["x"].Declaration(), s.queues["q"].Declaration()

	s.restart()
	if got := s.exchanges["x"].Declaration(); !reflect.DeepEqual(got, wantX) {
		t.Errorf("exchange:\n got %+v\nwant %+v", got, wantX)
	}
	if got := s.queues["q"].Declaration(); !reflect.DeepEqual(got, wantQ) {
		t.Errorf("queue:\n got %+v\nwant %+v", got, wantQ)
	}
	got := bindings(s, "x")
	slices.SortFunc(got, func(a, b exchange.Binding) int { return strings.Compare(a.Key, b.Key) })
	if !reflect.DeepEqual(got, kept) {
		t.Errorf("bindings:\n got %+v\nwant %+v", got, kept)
	}
	s.wantExchange("transient x", false)
	if _, err := s.Queue("transient q", nil); err == nil {
		t.Error("the transient queue is back")
	}
	s.wantReady("q", "1 3 5")
	if s.log.Len() > 0 {
		t.Errorf("log: got %s", s.log.String())
	}
	if stored, err := s.Unbind(kept[0], nil); !stored || err != nil || len(bindings(s, "x")) != 1 {
		t.Errorf("unbind what was recovered: got %v, %v, %v left", stored, err, bindings(s, "x"))
	}
	s.wantDocs(store.Bindings, 1)
}

func TestDeletedDefinitionsDoNotComeBack(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q", Durable: true})
	for _, name := range []string{"x", "y"} {
		s.exchange(exchange.Declaration{Name: name, Durable: true})
	}
	s.exchange(exchange.Declaration{Name: "auto", Durable: true, AutoDelete: true})
	for _, b := range []exchange.Binding{
		toQueue("x", "q", ""), toExchange("x", "x", ""), toExchange("x", "y", ""), toExchange("y", "x", ""),
		toExchange("auto", "x", ""), toQueue("y", "q", "1"), toQueue("y", "q", "2"),
	} {
		s.bind(b)
	}
	s.wantDocs(store.Bindings, 7)
	if stored, err := s.DeleteExchange("x", nil, false); !stored || err != nil {
		t.Errorf("delete exchange: got %v, %v", stored, err)
	}
	s.wantDocs(store.Bindings, 2)
	s.wantDocs(store.Exchanges, 1)
	if stored, err := s.Unbind(toQueue("y", "q", "1"), nil); !stored || err != nil {
		t.Errorf("unbind: got %v, %v", stored, err)
	}
	s.wantDocs(store.Bindings, 1)
	if _, stored, err := s.DeleteQueue("q", nil, false, false); !stored || err != nil {
		t.Errorf("delete queue: got %v, %v", stored, err)
	}
	s.wantDocs(store.Bindings, 0)
	s.wantDocs(store.Queues, 0)
	s.restart()
	s.wantExchange("x", false)
	s.wantExchange("auto", false)
	s.wantExchange("y", true)
	if s.log.Len() > 0 {
		t.Errorf("log: got %s", s.log.String())
	}
}

func TestDamagedDefinitionsAreLoggedAndSkipped(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "good", Durable: true})
	s.bind(toQueue("amq.direct", "good", "k"))
	s.queue(queue.Declaration{Name: "strange", Durable: true})
	id := s.queues["strange"].ID()
	p := s.NewPublisher()
	p.Publish(amqp.NewMessage("", "strange", amqp.Fields{DeliveryMode: 2}.Properties(), []byte("m")), nil, nil, 0)
	p.Flush()
	doc := func(v any) []byte {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key := func(names ...string) string { return store.Key(append([]string{Default}, names...)...) }
	docs := []store.Doc{
		{Kind: store.VirtualHosts, Key: "v1", Value: []byte("{")},
		{Kind: store.VirtualHosts, Key: "v2", Value: []byte("{}")},
		{Kind: store.Parameters, Key: "m1", Value: []byte("{")},
		{Kind: store.Parameters, Key: key("policy", "p"), Value: doc(limitsDoc{VHost: Default, Component: "policy", Name: "p"})},
		{Kind: store.Parameters, Key: limitsKey("gone"), Value: doc(limitsDoc{VHost: "gone", Component: limitsComponent, Name: limitsName})},
		{Kind: store.Exchanges, Key: key("x2"), Value: doc(exchangeDoc{VHost: Default, Name: "x2", Type: "odd"})},
		{Kind: store.Exchanges, Key: "x3", Value: doc(exchangeDoc{VHost: Default, Name: "x3", Type: "direct"})},
		{Kind: store.Exchanges, Key: "x4", Value: doc(exchangeDoc{VHost: "gone", Name: "x4", Type: "direct"})},
		{Kind: store.Queues, Key: "q1", Value: []byte("null")},
		{Kind: store.Queues, Key: key("strange"), Value: doc(queueDoc{VHost: Default, Name: "strange", ID: id, Arguments: []byte{1}})},
		{Kind: store.Queues, Key: "q3", Value: doc(queueDoc{VHost: Default, Name: "q3", ID: 99})},
		{Kind: store.Bindings, Key: "b1", Value: doc(bindingDoc{VHost: Default, Source: "amq.direct", Destination: "good"})},
		{Kind: store.Bindings, Key: bindingKey(Default, toQueue("none", "good", "")), Value: doc(bindingDoc{
			VHost: Default, Source: "none", Destination: "good", DestinationKind: "queue"})},
	}
	s.store.Append(store.Batch{Docs: docs})
	s.restart()
	if got, want := strings.Count(s.log.String(), "not understood"), len(docs); got != want {
		t.Errorf("logged %d times, want %d:\n%s", got, want, s.log.String())
	}
	if !s.publish("amq.direct", "k", "m", amqp.Fields{}) {
		t.Error("what is not damaged has gone as well")
	}
	if len(s.registry.vhosts) != 1 || len(s.queues) != 1 {
		t.Errorf("got %d virtual hosts and %d queues, want 1 and 1", len(s.registry.vhosts), len(s.queues))
	}

	s.store.Append(store.Batch{Docs: []store.Doc{
		{Kind: store.Queues, Key: key("strange"), Value: doc(queueDoc{VHost: Default, Name: "strange", ID: id})},
	}})
	s.restart()
	s.wantReady("strange", "m") // its messages have waited
}

func TestDamagedMarkIsLogged(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q", Durable: true})
	s.store.Append(store.Batch{Docs: []store.Doc{{Kind: store.Deliveries, Key: fmt.Sprint(s.queues["q"].ID()), Value: []byte("?")}}})
	s.restart()
	if !strings.Contains(s.log.String(), "what was kept of deliveries not understood") {
		t.Errorf("log: got %s", s.log.String())
	}
	if _, err := s.Queue("q", nil); err != nil {
		t.Error(err)
	}
}

// TestRoutesFollowTheTopology publishes while bindings come and go. A message
// published after a change has been made goes by it.
func TestRoutesFollowTheTopology(t *testing.T) {
	s := newSite(t)
	const publishers, rounds = 3, 300
	s.queue(queue.Declaration{Name: "always"})
	s.bind(toQueue("amq.direct", "always", "k"))
	var others sync.WaitGroup
	for range publishers {
		others.Go(func() {
			p := s.NewPublisher()
			for range rounds {
				if err := p.Check("amq.direct"); err != nil {
					t.Error(err)
				}
				if routed, err := p.Publish(amqp.NewMessage("amq.direct", "k", nil, []byte("m")), nil, nil, 0); !routed || err != nil {
					t.Errorf("got routed %v, error %v", routed, err)
				}
				p.Flush()
			}
		})
	}
	p := s.NewPublisher()
	for i := range rounds {
		name := fmt.Sprint("now and then ", i%3)
		q := s.queue(queue.Declaration{Name: name})
		s.bind(toQueue("amq.direct", name, "mine"))
		if routed, err := p.Publish(amqp.NewMessage("amq.direct", "mine", nil, []byte("m")), nil, nil, 0); !routed || err != nil {
			t.Fatalf("bound: got routed %v, error %v", routed, err)
		}
		p.Flush()
		if got := q.Stats().Ready; got != 1 {
			t.Fatalf("ready: got %d, want 1", got)
		}
		s.Unbind(toQueue("amq.direct", name, "mine"), nil)
		if routed, _ := p.Publish(amqp.NewMessage("amq.direct", "mine", nil, []byte("m")), nil, nil, 0); routed {
			t.Fatal("routed though unbound")
		}
		s.DeleteQueue(name, nil, false, false)
	}
	others.Wait()
	q, _ := s.Queue("always", nil)
	if got := q.Stats().Ready; got != publishers*rounds {
		t.Errorf("ready: got %d, want %d", got, publishers*rounds)
	}
}
