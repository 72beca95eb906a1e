package conformance

import (
	amqp "github.com/rabbitmq/amqp091-go"
)

func TestAlternateExchangeTakesWhatMatchesNothing(t T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchange("direct", nil)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	routed, rest := s.bound(x, "known", nil), s.bound(alternate, "unknown", nil)
	s.publish(x, "known", "a")
	s.mandatory(x, "unknown", "b")
	s.wantDrain(routed, "a")
	d := s.get(rest)
	if string(d.Body) != "b" || d.Exchange != x || d.RoutingKey != "unknown" {
		t.Errorf("got %q from %q with %q, want b from %q with unknown", d.Body, d.Exchange, d.RoutingKey, x)
	}
	s.mandatory(x, "neither", "c") // the only one returned
	if back := s.returned(); string(back.Body) != "c" || back.Exchange != x {
		t.Errorf("returned: got %q to %q, want c to %q", back.Body, back.Exchange, x)
	}
}

func TestAlternateExchangesMayBeChained(t T) {
	t.Parallel()
	s := open(t)
	last := s.exchange("fanout", nil)
	middle := s.exchange("direct", amqp.Table{"alternate-exchange": last})
	first := s.exchange("direct", amqp.Table{"alternate-exchange": middle})
	queue := s.bound(last, "", nil)
	s.publish(first, "k", "a")
	s.wantDrain(queue, "a")
}

func TestAlternateExchangeIsNotAskedWhenAnExchangeBindingMatches(t T) {
	t.Parallel()
	s := open(t)
	alternate, deadEnd := s.exchange("fanout", nil), s.exchange("fanout", nil)
	x := s.exchange("fanout", amqp.Table{"alternate-exchange": alternate})
	s.ok(s.ExchangeBind(deadEnd, "", x, false, nil))
	queue := s.bound(alternate, "", nil)
	s.mandatory(x, "k", "a")
	s.returned()
	s.wantDrain(queue, "")
}

func TestAlternateExchangeWorksBehindExchangeBindings(t T) {
	t.Parallel()
	s := open(t)
	alternate, source := s.exchange("fanout", nil), s.exchange("fanout", nil)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	s.ok(s.ExchangeBind(x, "", source, false, nil))
	queue := s.bound(alternate, "", nil)
	s.publish(source, "k", "a")
	s.wantDrain(queue, "a")
}

func TestMissingAlternateExchangeMeansUnroutable(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": "no-such-exchange"})
	s.mandatory(x, "k", "a")
	s.returned()
}

func TestCycleOfAlternateExchangesMeansUnroutable(t T) {
	t.Parallel()
	s := open(t)
	other := s.exchangeName()
	x := s.exchange("direct", amqp.Table{"alternate-exchange": other})
	s.ok(s.ExchangeDeclare(other, "direct", false, false, false, false, amqp.Table{"alternate-exchange": x}))
	s.mandatory(x, "k", "a")
	s.returned()
}

func TestEmptyAlternateExchangeIsNotTheDefaultExchange(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": ""})
	queue := s.queue(nil)
	s.mandatory(x, queue, "a")
	s.returned()
	s.wantDrain(queue, "")
}

func TestInternalExchangeMayBeAnAlternate(t T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchangeName()
	s.ok(s.ExchangeDeclare(alternate, "fanout", false, false, true, false, nil))
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	queue := s.bound(alternate, "", nil)
	s.publish(x, "k", "a")
	s.wantDrain(queue, "a")
}
