package vhost

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// A site is a broker's virtual hosts over a store in memory.
type site struct {
	testing.TB
	store    *store.Memory
	registry *Registry
	*VirtualHost
	log   bytes.Buffer
	rules Broker // the manner of the broker; other fields are not used
}

func newSite(t testing.TB) *site { return newSiteIn(t, Broker{}) }

// newSiteIn makes a site in some manner.
func newSiteIn(t testing.TB, rules Broker) *site {
	s := &site{TB: t, store: store.NewMemory(), rules: rules}
	s.start()
	return s
}

func (s *site) start() {
	s.Helper()
	var err error
	b := s.rules
	b.Store, b.Clock, b.Log = s.store, clock.System, zerolog.New(&s.log)
	s.registry, err = Open(b, Default)
	if err != nil {
		s.Fatal(err)
	}
	if s.VirtualHost, err = s.registry.Get(Default); err != nil {
		s.Fatal(err)
	}
}

// restart ends the process and starts it again.
func (s *site) restart() {
	s.Helper()
	s.registry.Stop()
	s.store.Close()
	s.store = s.store.Reopen()
	s.start()
}

func (s *site) exchange(d exchange.Declaration) {
	s.Helper()
	if d.Kind == "" {
		d.Kind = exchange.Fanout
	}
	if _, err := s.DeclareExchange(d, nil, nil); err != nil {
		s.Fatal(err)
	}
}

func (s *site) queue(d queue.Declaration) queue.Queue {
	s.Helper()
	q, _, err := s.DeclareQueue(d, nil, nil)
	if err != nil {
		s.Fatal(err)
	}
	return q
}

func (s *site) bind(b exchange.Binding) {
	s.Helper()
	if _, err := s.Bind(b, nil); err != nil {
		s.Fatal(err)
	}
}

func toQueue(source, name, key string) exchange.Binding {
	return exchange.Binding{Source: source, Key: key, Destination: exchange.Destination{Kind: exchange.ToQueue, Name: name}}
}

func toExchange(source, name, key string) exchange.Binding {
	return exchange.Binding{Source: source, Key: key, Destination: exchange.Destination{Kind: exchange.ToExchange, Name: name}}
}

// publish publishes one message and reports whether any queue got it.
func (s *site) publish(to, key, body string, f amqp.Fields, also ...string) bool {
	s.Helper()
	p := s.NewPublisher()
	routed, err := p.Publish(amqp.NewMessage(to, key, f.Properties(), []byte(body)), also, nil, 0)
	if err != nil {
		s.Fatal(err)
	}
	p.Flush()
	return routed
}

// ready returns the bodies of what is ready in a queue, and takes them out.
func (s *site) ready(name string) string {
	s.Helper()
	q, err := s.Queue(name, nil)
	if err != nil {
		s.Fatal(err)
	}
	var words []string
	for {
		e, _, ok, err := q.Get(true)
		if err != nil {
			s.Fatal(err)
		}
		if !ok {
			return strings.Join(words, " ")
		}
		words = append(words, string(e.Message.Body))
	}
}

func (s *site) wantReady(name, want string) {
	s.Helper()
	if got := s.ready(name); got != want {
		s.Errorf("queue %s: got %q, want %q", name, got, want)
	}
}

func (s *site) wantError(err error, code amqp.Code, text string) {
	s.Helper()
	var e *amqp.Error
	if !errors.As(err, &e) {
		s.Errorf("got %v, want %v %q", err, code, text)
	} else if e.Code != code || e.Text != text {
		s.Errorf("got %v %q, want %v %q", e.Code, e.Text, code, text)
	}
}

func (s *site) wantExchange(name string, want bool) {
	s.Helper()
	if got := s.CheckExchange(name) == nil; got != want {
		s.Errorf("exchange %s: there %v, want %v", name, got, want)
	}
}

// wantDocs wants as many definitions of a kind to be stored.
func (s *site) wantDocs(k store.Kind, want int) {
	s.Helper()
	var keys []string
	for d := range s.store.Docs(k) {
		keys = append(keys, d.Key)
	}
	if len(keys) != want {
		s.Errorf("definitions of kind %c: got %q, want %d", k, keys, want)
	}
}

func TestVirtualHosts(t *testing.T) {
	s := newSite(t)
	_, err := s.registry.Get("other")
	s.wantError(err, amqp.NotAllowed, "vhost other not found")
	other, err := s.registry.Create("other")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := s.registry.Create("other"); again != other {
		t.Error("created twice")
	}
	for _, d := range predeclared {
		if err := other.CheckExchange(d.Name); err != nil {
			t.Error(err)
		}
	}
	s.restart()
	for _, name := range []string{Default, "other"} {
		if v, err := s.registry.Get(name); err != nil || v.Name() != name {
			t.Errorf("after a restart: got %v, %v", v, err)
		}
	}
}

func TestCreateFailsWithTheStore(t *testing.T) {
	s := newSite(t)
	broken := errors.New("disk is broken")
	s.store.Fail(broken)
	if _, err := s.registry.Create("new"); !errors.Is(err, broken) {
		t.Errorf("got %v, want the store's error", err)
	}
}

func TestExchangeRefusals(t *testing.T) {
	s := newSite(t)
	declare := func(d exchange.Declaration) error { _, err := s.DeclareExchange(d, nil, nil); return err }
	remove := func(name string, ifUnused bool) error { _, err := s.DeleteExchange(name, nil, ifUnused); return err }
	const onDefault = "operation not permitted on the default exchange"
	s.wantError(declare(exchange.Declaration{Kind: "direct"}), amqp.AccessRefused, onDefault)
	s.wantError(s.CheckExchange(""), amqp.AccessRefused, onDefault)
	s.wantError(remove("", false), amqp.AccessRefused, onDefault)
	s.wantError(declare(exchange.Declaration{Name: "x", Kind: "odd"}), amqp.PreconditionFailed, "unknown exchange type 'odd'")
	s.wantError(declare(exchange.Declaration{Name: "amq.x", Kind: "direct"}), amqp.AccessRefused, "exchange name 'amq.x' contains reserved prefix 'amq.*'")
	s.wantError(remove("amq.x", false), amqp.AccessRefused, "deletion of system exchange 'amq.x' in vhost '/' not allowed")
	s.wantError(s.CheckExchange("x"), amqp.NotFound, "no exchange 'x' in vhost '/'")
	s.wantError(declare(exchange.Declaration{Name: "x", Kind: "direct", Durable: true, Arguments: amqp.Table{"big": strings.Repeat("x", store.DocMost)}}),
		amqp.PreconditionFailed, "arguments are too large to be stored")

	if err := declare(exchange.Declaration{Name: "amq.direct", Kind: "direct", Durable: true}); err != nil {
		t.Errorf("redeclare amq.direct: got %v", err)
	}
	s.exchange(exchange.Declaration{Name: "x", Kind: "direct"})
	s.exchange(exchange.Declaration{Name: "x", Kind: "direct"})
	s.wantError(declare(exchange.Declaration{Name: "x", Kind: "fanout"}), amqp.PreconditionFailed,
		"inequivalent arg 'type' for exchange 'x' in vhost '/': received 'fanout' but current is 'direct'")
	s.bind(toExchange("x", "amq.fanout", ""))
	s.wantError(remove("x", true), amqp.PreconditionFailed, "exchange 'x' in vhost '/' in use")
	for range 2 { // the second time it is not there
		if err := remove("x", false); err != nil {
			t.Errorf("delete: got %v", err)
		}
	}
	s.wantExchange("x", false)
}

func TestQueueRefusals(t *testing.T) {
	s := newSite(t)
	declare := func(d queue.Declaration, owner Owner) error { _, _, err := s.DeclareQueue(d, owner, nil); return err }
	locked := "cannot obtain exclusive access to locked queue 'mine' in vhost '/'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration."
	if err := declare(queue.Declaration{Name: "mine", Exclusive: true, Durable: true}, "me"); err != nil {
		t.Fatal(err)
	}
	if err := declare(queue.Declaration{Name: "mine", Exclusive: true}, "me"); err != nil {
		t.Errorf("redeclare: got %v, want it to be equivalent, as exclusive queues are not durable", err)
	}
	s.wantError(declare(queue.Declaration{Name: "mine", Exclusive: true}, "you"), amqp.ResourceLocked, locked)
	s.wantError(declare(queue.Declaration{Name: "mine"}, "me"), amqp.ResourceLocked, locked)
	_, err := s.Queue("mine", "you")
	s.wantError(err, amqp.ResourceLocked, locked)
	_, err = s.CheckQueue("mine", "you")
	s.wantError(err, amqp.ResourceLocked, locked)
	_, _, err = s.DeleteQueue("mine", "you", false, false)
	s.wantError(err, amqp.ResourceLocked, locked)
	_, err = s.Bind(toQueue("amq.direct", "mine", ""), "you")
	s.wantError(err, amqp.ResourceLocked, locked)
	if _, err = s.Unbind(toQueue("amq.direct", "mine", ""), "you"); err != nil {
		t.Errorf("unbind where there is no binding: got %v, want success", err)
	}
	if _, err = s.Bind(toQueue("amq.direct", "mine", ""), "me"); err != nil {
		t.Fatal(err)
	}
	_, err = s.Unbind(toQueue("amq.direct", "mine", ""), "you")
	s.wantError(err, amqp.ResourceLocked, locked)
	if !s.publish("", "mine", "anybody may publish", amqp.Fields{}) {
		t.Error("not routed into an exclusive queue")
	}

	_, err = s.Queue("none", nil)
	s.wantError(err, amqp.NotFound, "no queue 'none' in vhost '/'")
	_, err = QueueName("amq.gen-x", queue.Classic)
	s.wantError(err, amqp.AccessRefused, "queue name 'amq.gen-x' contains reserved prefix 'amq.*'")
	s.wantError(declare(queue.Declaration{Name: "q", Arguments: amqp.Table{"x-expires": int32(0)}}, nil), amqp.PreconditionFailed,
		"invalid arg 'x-expires' for queue 'q' in vhost '/': {value_zero,0}")
	s.wantError(declare(queue.Declaration{Name: "q", Durable: true, Arguments: amqp.Table{"big": strings.Repeat("x", store.DocMost)}}, nil),
		amqp.PreconditionFailed, "arguments are too large to be stored")
	s.queue(queue.Declaration{Name: "q"})
	s.wantError(declare(queue.Declaration{Name: "q", Durable: true}, nil), amqp.PreconditionFailed,
		"inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'")
	if n, stored, err := s.DeleteQueue("none", nil, true, true); n != 0 || stored || err != nil {
		t.Errorf("delete what is not there: got %d, %v, %v", n, stored, err)
	}
	s.publish("", "q", "a", amqp.Fields{})
	_, _, err = s.DeleteQueue("q", nil, false, true)
	s.wantError(err, amqp.PreconditionFailed, "queue 'q' in vhost '/' not empty")
	if n, _, err := s.DeleteQueue("q", nil, false, false); n != 1 || err != nil {
		t.Errorf("delete: got %d, %v; want 1 message", n, err)
	}
	if s.publish("", "q", "b", amqp.Fields{}) {
		t.Error("routed to a deleted queue")
	}
}

func TestServerNames(t *testing.T) {
	a, errA := QueueName("", queue.Classic)
	b, errB := QueueName("", queue.Classic)
	if errA != nil || errB != nil || a == b || !strings.HasPrefix(a, "amq.gen-") || len(a) != len("amq.gen-")+22 {
		t.Errorf("got %q and %q, errors %v and %v", a, b, errA, errB)
	}
}

func TestWhatIsMadeMustBeAllowed(t *testing.T) {
	s := newSite(t)
	refused := errors.New("not you")
	refuse := func() error { return refused }
	x := exchange.Declaration{Name: "x", Kind: exchange.Fanout}
	q := queue.Declaration{Name: "q"}
	for _, there := range []bool{false, true} {
		var want error
		if there {
			s.exchange(x)
			s.queue(q)
		} else {
			want = refused
		}
		if _, err := s.DeclareExchange(x, nil, refuse); err != want {
			t.Errorf("exchange that is there %v: got %v, want %v", there, err, want)
		}
		if _, _, err := s.DeclareQueue(q, nil, refuse); err != want {
			t.Errorf("queue that is there %v: got %v, want %v", there, err, want)
		}
	}
}

func TestBindingRefusals(t *testing.T) {
	s := newSite(t)
	s.queue(queue.Declaration{Name: "q"})
	bind := func(b exchange.Binding) error { _, err := s.Bind(b, nil); return err }
	const onDefault = "operation not permitted on the default exchange"
	s.wantError(bind(toQueue("", "q", "")), amqp.AccessRefused, onDefault)
	s.wantError(bind(toExchange("amq.direct", "", "")), amqp.AccessRefused, onDefault)
	s.wantError(bind(toQueue("none", "none", "")), amqp.NotFound, "no exchange 'none' in vhost '/'")
	s.wantError(bind(toQueue("amq.direct", "none", "")), amqp.NotFound, "no queue 'none' in vhost '/'")
	s.wantError(bind(toExchange("amq.direct", "none", "")), amqp.NotFound, "no exchange 'none' in vhost '/'")
	b := toQueue("amq.headers", "q", "")
	b.Arguments = amqp.Table{"x-match": "some"}
	s.wantError(bind(b), amqp.PreconditionFailed, `Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x`)
	s.queue(queue.Declaration{Name: "durable", Durable: true})
	b = toQueue("amq.direct", "durable", "")
	b.Arguments = amqp.Table{"big": strings.Repeat("x", store.DocMost)}
	s.wantError(bind(b), amqp.PreconditionFailed, "arguments are too large to be stored")
	for _, b := range []exchange.Binding{toQueue("none", "q", ""), toQueue("amq.direct", "none", ""), toQueue("amq.direct", "q", "k")} {
		if stored, err := s.Unbind(b, nil); stored || err != nil {
			t.Errorf("unbind %v: got %v, %v", b, stored, err)
		}
	}
	_, err := s.Unbind(toQueue("", "q", ""), nil)
	s.wantError(err, amqp.AccessRefused, onDefault)
}

func TestUnusedExchangesGo(t *testing.T) {
	auto := func(s *site, names ...string) {
		for _, name := range names {
			s.exchange(exchange.Declaration{Name: name, AutoDelete: true})
		}
	}
	t.Run("when their last queue goes, one after the other", func(t *testing.T) {
		s := newSite(t)
		s.queue(queue.Declaration{Name: "q"})
		auto(s, "a", "b", "c", "never bound")
		s.bind(toExchange("a", "b", ""))
		s.bind(toExchange("b", "c", ""))
		s.bind(toQueue("c", "q", ""))
		s.bind(toQueue("c", "q", "again"))
		s.DeleteQueue("q", nil, false, false)
		for _, name := range []string{"a", "b", "c"} {
			s.wantExchange(name, false)
		}
		s.wantExchange("never bound", true)
		if len(s.sources) != 0 {
			t.Errorf("sources left: %v", s.sources)
		}
	})
	t.Run("when they are unbound", func(t *testing.T) {
		s := newSite(t)
		s.queue(queue.Declaration{Name: "q"})
		auto(s, "a")
		s.bind(toQueue("a", "q", "1"))
		s.bind(toQueue("a", "q", "2"))
		s.Unbind(toQueue("a", "q", "1"), nil)
		s.wantExchange("a", true)
		s.Unbind(toQueue("a", "q", "2"), nil)
		s.wantExchange("a", false)
	})
	t.Run("not for bindings to them", func(t *testing.T) {
		s := newSite(t)
		auto(s, "a")
		s.bind(toExchange("amq.fanout", "a", ""))
		s.Unbind(toExchange("amq.fanout", "a", ""), nil)
		s.wantExchange("a", true)
	})
	t.Run("not for a namesake's bindings", func(t *testing.T) {
		s := newSite(t)
		s.queue(queue.Declaration{Name: "q"})
		auto(s, "a")
		s.bind(toQueue("a", "q", ""))
		s.DeleteExchange("a", nil, false)
		auto(s, "a")
		s.DeleteQueue("q", nil, false, false)
		s.wantExchange("a", true)
	})
	t.Run("in a circle", func(t *testing.T) {
		s := newSite(t)
		auto(s, "a", "b", "c")
		s.bind(toExchange("a", "b", ""))
		s.bind(toExchange("b", "c", ""))
		s.bind(toExchange("c", "a", ""))
		s.bind(toExchange("a", "a", ""))
		s.DeleteExchange("a", nil, false)
		for _, name := range []string{"a", "b", "c"} {
			s.wantExchange(name, false)
		}
		if len(s.sources) != 0 {
			t.Errorf("sources left: %v", s.sources)
		}
	})
}

func TestExclusiveQueuesGoWithTheirOwner(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"a", "b"} {
		if _, _, err := s.DeclareQueue(queue.Declaration{Name: name, Exclusive: true}, "me", nil); err != nil {
			t.Fatal(err)
		}
	}
	s.DeclareQueue(queue.Declaration{Name: "yours", Exclusive: true}, "you", nil)
	s.queue(queue.Declaration{Name: "everybody's"})
	s.exchange(exchange.Declaration{Name: "x", AutoDelete: true})
	if _, err := s.Bind(toQueue("x", "a", ""), "me"); err != nil {
		t.Fatal(err)
	}
	s.Release("me")
	s.Release("me")
	var left []string
	for name := range s.queues {
		left = append(left, name)
	}
	slices.Sort(left)
	if want := []string{"everybody's", "yours"}; !slices.Equal(left, want) {
		t.Errorf("left: got %q, want %q", left, want)
	}
	s.wantExchange("x", false)
	s.Release("you")
	if len(s.exclusive) != 0 {
		t.Errorf("owners left: %v", s.exclusive)
	}
}

// A consumer takes everything.
type consumer struct {
	mu  sync.Mutex
	got []queue.Entry
}

func (c *consumer) Deliver(es []queue.Entry) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, es...)
	return len(es)
}
func (*consumer) Flush()     {}
func (*consumer) Cancelled() {}

func TestAutoDeleteQueueGoesWithItsLastConsumer(t *testing.T) {
	s := newSite(t)
	q := s.queue(queue.Declaration{Name: "q", AutoDelete: true})
	s.wantReady("q", "") // getting is not consuming
	c := new(consumer)
	if err := q.Consume(c, queue.ConsumeOptions{}); err != nil {
		t.Fatal(err)
	}
	q.Cancel(c)
	if _, err := s.Queue("q", nil); err == nil {
		t.Error("still there")
	}
	again := s.queue(queue.Declaration{Name: "q"})
	s.Unused(q) // late
	if got, _ := s.Queue("q", nil); got != again {
		t.Error("a namesake was deleted")
	}
}

func TestReplyQueues(t *testing.T) {
	s := newSite(t)
	q, err := s.NewReplyQueue()
	if err != nil {
		t.Fatal(err)
	}
	name := q.Declaration().Name
	c := new(consumer)
	if err := q.Consume(c, queue.ConsumeOptions{NoAck: true}); err != nil {
		t.Fatal(err)
	}
	if !s.publish("", name, "reply", amqp.Fields{}) || len(c.got) != 1 {
		t.Errorf("got %d replies, want 1", len(c.got))
	}
	if found, err := s.CheckQueue(name, nil); found != q || err != nil {
		t.Errorf("got %v, %v; want the reply queue", found, err)
	}
	gone := "no queue '" + name + "' in vhost '/'"
	_, err = s.Queue(name, nil)
	s.wantError(err, amqp.NotFound, gone)
	_, err = s.Bind(toQueue("amq.direct", name, ""), nil)
	s.wantError(err, amqp.NotFound, gone)

	p := s.NewPublisher()
	reply := amqp.NewMessage("", name, nil, []byte("late"))
	if routed, _ := p.Publish(reply, nil, nil, 0); !routed {
		t.Error("not routed")
	}
	p.Flush()
	if err := s.DeleteReplyQueue(q); err != nil {
		t.Fatal(err)
	}
	if routed, _ := p.Publish(reply, nil, nil, 0); routed {
		t.Error("routed to a requester who is gone")
	}
	_, err = s.CheckQueue(name, nil)
	s.wantError(err, amqp.NotFound, gone)
}

func TestPublishToQueuesByName(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"stays", "goes", "again"} {
		s.queue(queue.Declaration{Name: name})
		s.bind(toQueue("amq.fanout", name, ""))
	}
	p := s.NewPublisher()
	m := amqp.NewMessage("amq.fanout", "", nil, []byte("m"))
	names, err := p.Queues(m, nil)
	if err != nil || len(names) != 3 {
		t.Fatalf("queues: got %q, %v, want all three", names, err)
	}
	if _, err := s.Unbind(toQueue("amq.fanout", "stays", ""), nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"goes", "again"} {
		if _, _, err := s.DeleteQueue(name, nil, false, false); err != nil {
			t.Fatal(err)
		}
	}
	s.queue(queue.Declaration{Name: "again"})
	for range 2 {
		if !p.PublishTo(names, m, nil, 0) {
			t.Error("not routed, want it in the queues that are left")
		}
	}
	p.Flush()
	s.wantReady("stays", "m m")
	s.wantReady("again", "m m")
	if p.PublishTo(nil, m, nil, 0) || p.PublishTo([]string{"goes"}, m, nil, 0) {
		t.Error("routed to queues that are not there")
	}
}
