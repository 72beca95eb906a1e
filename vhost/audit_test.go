package vhost

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/internal/policy"
	"github.com/harebellmq/harebell/queue"
)

// ann is an owner with a name.
type ann struct{}

func (ann) User() string           { return "ann" }
func (ann) Process() audit.Process { return audit.Process{Began: 1, Number: 2} }

// witness is the queue that gets a site's events.
const witness = "witness"

// newWitnessed returns a site with a queue that gets all events.
func newWitnessed(t testing.TB) *site {
	s := newSiteIn(t, Broker{Events: Default, Node: "h@n"})
	s.queue(queue.Declaration{Name: witness, Durable: true})
	s.bind(toQueue(audit.Exchange, witness, "#"))
	s.told()
	return s
}

// told returns what has been told: key, name or key of a binding, and who did it.
func (s *site) told() []string {
	s.Helper()
	s.registry.trail.Drain()
	q, err := s.Queue(witness, nil)
	if err != nil {
		s.Fatal(err)
	}
	var all []string
	for {
		e, _, ok, err := q.Get(true)
		if err != nil {
			s.Fatal(err)
		}
		if !ok {
			return all
		}
		h := e.Message.Properties.Headers()
		about := h["name"]
		if about == nil {
			about = h["routing_key"]
		}
		all = append(all, fmt.Sprintf("%s %v %v", e.Message.RoutingKey, about, h["user_who_performed_action"]))
	}
}

func (s *site) wantTold(want ...string) {
	s.Helper()
	if got := s.told(); !slices.Equal(got, want) {
		s.Errorf("told:\n got %q\nwant %q", got, want)
	}
}

func TestTopologyIsTold(t *testing.T) {
	s := newWitnessed(t)
	if _, _, err := s.DeclareQueue(queue.Declaration{Name: "q"}, ann{}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeclareExchange(exchange.Declaration{Name: "x", Kind: exchange.Direct, AutoDelete: true}, ann{}, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 { // binding again is none
		if _, err := s.Bind(toQueue("x", "q", "k"), ann{}); err != nil {
			t.Fatal(err)
		}
	}
	s.wantTold("queue.created q ann", "exchange.created x ann", "binding.created k ann")

	if _, err := s.Unbind(toQueue("x", "q", "k"), ann{}); err != nil {
		t.Fatal(err)
	}
	s.wantTold("exchange.deleted x ann", "binding.deleted k ann")

	s.exchange(exchange.Declaration{Name: "y"})
	s.bind(toExchange("amq.topic", "y", "in"))
	s.bind(toQueue("y", "q", "out"))
	s.told()
	s.DeleteExchange("y", ann{}, false)
	s.wantTold("binding.deleted in ann", "exchange.deleted y ann", "binding.deleted out ann")

	s.bind(toQueue("amq.topic", "q", "k"))
	s.told()
	s.DeleteQueue("q", ann{}, false, false)
	s.wantTold("binding.deleted k rmq-internal", "queue.deleted q ann")

	s.DeclareQueue(queue.Declaration{Name: "mine", Exclusive: true}, ann{}, nil)
	s.told()
	s.Release(ann{})
	s.wantTold("queue.deleted mine rmq-internal")
}

func TestRulesAreTold(t *testing.T) {
	s := newWitnessed(t)
	p, err := policy.New(policy.Operator, policy.Policy{Name: "p", Pattern: "^a", ApplyTo: policy.AllQueues, Definition: policy.Definition{"max-length": int64(1)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		s.SetPolicy("ann", policy.Operator, p), s.ClearPolicy("ann", policy.Operator, "p"), s.SetPolicy("ann", policy.User, p),
		s.ClearPolicy("ann", policy.User, "p"), s.SetLimit("ann", limits.MaxQueues, 9), s.ClearLimit("ann", limits.MaxQueues),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.wantTold("parameter.set p ann", "policy.set p ann", "parameter.cleared p ann", "operator.policy.cleared p ann", "policy.set p ann",
		"policy.cleared p ann", "parameter.set limits ann", "vhost.limits.set limits ann", "parameter.set limits ann", "vhost.limits.set limits ann")
}

func TestVirtualHostsAreTold(t *testing.T) {
	s := newWitnessed(t)
	for range 2 {
		if _, err := s.registry.Put("ann", "v", Metadata{}); err != nil {
			t.Fatal(err)
		}
	}
	got := s.told()
	if len(got) != len(predeclared)+3 || got[0] != "exchange.created  ann" || got[len(got)-2] != "vhost.created v ann" || got[len(got)-1] != "vhost.updated v ann" {
		t.Errorf("made: got %q, want exchanges, vhost.created and vhost.updated", got)
	}
	v, _ := s.registry.Get("v")
	v.DeclareQueue(queue.Declaration{Name: "q"}, nil, nil)
	v.SetLimit("ann", limits.MaxQueues, 9)
	s.told()
	if err := s.registry.Delete("ann", "v"); err != nil {
		t.Fatal(err)
	}
	got = s.told()
	if len(got) != len(predeclared)+5 || got[0] != "queue.deleted q ann" || !slices.Equal(got[len(got)-3:], []string{
		"vhost.deleted v ann", "parameter.cleared limits ann", "vhost.limits.cleared limits ann",
	}) {
		t.Errorf("deleted: got %q, want its queue and its exchanges first, then vhost.deleted, then its limits", got)
	}
}

func TestOneVirtualHostHasTheEvents(t *testing.T) {
	s := newSiteIn(t, Broker{Events: "e"})
	if err := s.CheckExchange(audit.Exchange); err == nil {
		t.Error("the default virtual host has them, want only e")
	}
	v, err := s.registry.Create("e")
	if err != nil {
		t.Fatal(err)
	}
	if err := v.CheckExchange(audit.Exchange); err != nil {
		t.Error(err)
	}
	if _, err := v.DeleteExchange(audit.Exchange, nil, false); err == nil {
		t.Error("deleted")
	}
	v.DeclareQueue(queue.Declaration{Name: witness}, nil, nil)
	v.Bind(toQueue(audit.Exchange, witness, "#"), nil)
	if !s.registry.trail.IsBound() {
		t.Error("nobody is bound, want the queue to be")
	}
	v.DeleteQueue(witness, nil, false, false)
	if s.registry.trail.IsBound() {
		t.Error("a queue that has been deleted is bound")
	}
	v.Bind(toExchange(audit.Exchange, "amq.fanout", ""), nil)
	if err := s.registry.Delete("", "e"); err != nil || s.registry.trail.IsBound() {
		t.Errorf("deleted: %v; bound: %v, want neither", err, s.registry.trail.IsBound())
	}
}

func TestEventsGoOnAfterARestart(t *testing.T) {
	s := newWitnessed(t)
	s.DeclareQueue(queue.Declaration{Name: "q"}, ann{}, nil)
	s.registry.trail.Drain()
	s.restart()
	s.DeclareQueue(queue.Declaration{Name: "r"}, ann{}, nil)
	s.wantTold("queue.created q ann", "queue.created r ann")
	if log := s.log.String(); log != "" {
		t.Errorf("log: got %s, want nothing", log)
	}
}

func TestSnapshotWithEventsBelongsToItsVirtualHost(t *testing.T) {
	s := newWitnessed(t)
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Restore(snapshot); err != nil {
		t.Error(err)
	}
	v, err := s.registry.Create("other")
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Restore(snapshot); err == nil || !strings.Contains(err.Error(), "no exchange 'amq.rabbitmq.event' in vhost 'other'") {
		t.Errorf("restored in another: got %v, want that there is no such exchange", err)
	}
}

// A full queue of events must not keep anybody from anything, and neither may what the
// events lead to: dead letters, and the deletion of the very queues they go to.
func TestEventsBlockNobody(t *testing.T) {
	s := newSiteIn(t, Broker{Events: Default})
	var busy sync.WaitGroup
	for i := range 4 {
		busy.Go(func() {
			for range 50 {
				name := fmt.Sprint("q", i)
				s.DeclareQueue(queue.Declaration{Name: name, Arguments: amqp.Table{"x-max-length": int32(1), "x-dead-letter-exchange": "amq.fanout"}}, nil, nil)
				s.Bind(toQueue(audit.Exchange, name, "#"), nil)
				s.Bind(toQueue("amq.fanout", fmt.Sprint("q", (i+1)%4), ""), nil)
				s.DeleteQueue(name, nil, false, false)
			}
		})
	}
	busy.Wait()
	s.registry.Stop()
}
