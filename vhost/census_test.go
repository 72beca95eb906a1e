package vhost

import (
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
)

// TestACensusForgetsNothing takes away what something has happened in, under one that was
// taken before.
func TestACensusForgetsNothing(t *testing.T) {
	s := newSite(t)
	v, err := s.registry.Create("other")
	if err != nil {
		t.Fatal(err)
	}
	s.furnish(v)
	p := v.NewPublisher()
	for _, to := range []struct{ exchange, key string }{{"", "q"}, {"x", "a"}, {"transient", ""}, {"", "nowhere"}} {
		if _, err := p.Publish(amqp.NewMessage(to.exchange, to.key, nil, nil), nil, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	p.Flush()
	before := s.registry.Census()

	look := func(c *Census) (all queue.Counts, flow Flow) {
		flow = c.Flow
		for _, counts := range c.Counts {
			all = all.Plus(counts)
		}
		for _, q := range c.Queues {
			all = all.Plus(q.Info().Counts)
		}
		for i := range c.Exchanges {
			f := c.Exchanges[i].Flow()
			flow = flow.plus(f)
		}
		return all, flow
	}
	same := func(when string, c *Census) {
		t.Helper()
		if all, flow := look(c); all.Published != 3 || flow != (Flow{In: 4, Out: 3}) {
			t.Errorf("%s: got %+v, %+v, want 3 messages in queues, 4 from clients and 3 on their way", when, all, flow)
		}
	}
	same("at first", before)
	if c := before; len(c.Queues) != 3 || c.Queues[0].Name != "own" || c.Declared != 3 || c.Created != 3 || c.Deleted != 0 {
		t.Errorf("got %d queues, of which %d were declared, %d made and %d deleted", len(c.Queues), c.Declared, c.Created, c.Deleted)
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"a queue is deleted", func() error { _, _, err := v.DeleteQueue("q", "me", false, false); return err }},
		{"the connection of another ends", func() error { v.Release("me"); return nil }},
		{"an exchange is deleted", func() error { _, err := v.DeleteExchange("x", "me", false); return err }},
		{"the virtual host is deleted", func() error { return s.registry.Delete("ann", "other") }},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		same(step.name, s.registry.Census())
		same(step.name+", as of before", before)
	}
	c := s.registry.Census()
	if len(c.Queues) != 0 || c.Declared != 3 || c.Created != 3 || c.Deleted != 3 {
		t.Errorf("at last: got %d queues, of which %d were declared, %d made and %d deleted", len(c.Queues), c.Declared, c.Created, c.Deleted)
	}
	if counts := c.Counts[queue.Classic]; counts.Published != 3 {
		t.Errorf("by type: got %+v", c.Counts)
	}
	for _, x := range c.Exchanges {
		if x.VHost != Default {
			t.Errorf("exchange %q of virtual host %q is still there", x.Name, x.VHost)
		}
	}
}

// TestDeclaringIsCounted counts what RabbitMQ counts: not a passive declaration, nor one
// that is refused.
func TestDeclaringIsCounted(t *testing.T) {
	s := newSite(t)
	v, err := s.registry.Get(Default)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []queue.Declaration{{Name: "q"}, {Name: "q"}, {Name: "q", Durable: true}} {
		v.DeclareQueue(d, nil, nil) // the last is refused
	}
	if _, err := v.CheckQueue("q", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := v.DeclareExchange(exchange.Declaration{Name: "x", Kind: exchange.Direct}, nil, nil); err != nil {
		t.Fatal(err)
	}
	if c := s.registry.Census(); c.Declared != 2 || c.Created != 1 {
		t.Errorf("got %d declared and %d made, want 2 and 1", c.Declared, c.Created)
	}
}

// TestWhatIsPublishedAsAnExchangeGoesIsCounted has a message on its way then.
func TestWhatIsPublishedAsAnExchangeGoesIsCounted(t *testing.T) {
	s := newSite(t)
	v, err := s.registry.Create("other")
	if err != nil {
		t.Fatal(err)
	}
	s.furnish(v)
	p := v.NewPublisher()
	if _, err := p.Publish(amqp.NewMessage("x", "a", nil, nil), nil, nil, 0); err != nil {
		t.Fatal(err)
	}
	before := s.registry.Census()
	if _, err := v.DeleteExchange("x", "me", false); err != nil {
		t.Fatal(err)
	}
	p.Flush()
	if c := s.registry.Census(); c.Flow != (Flow{In: 1, Out: 1}) {
		t.Errorf("got %+v", c.Flow)
	}
	for i := range before.Exchanges {
		if f := before.Exchanges[i].Flow(); f != (Flow{}) {
			t.Errorf("as of before it is counted in %s too: %+v", before.Exchanges[i].Name, f)
		}
	}
}
