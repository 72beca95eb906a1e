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

func TestAlternateExchangeIsNotAskedWhenAKeyOfCCMatches(t T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchange("fanout", nil)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	routed, rest := s.bound(x, "known", nil), s.bound(alternate, "", nil)
	s.send(x, "unknown", amqp.Publishing{Headers: amqp.Table{"CC": []any{"known"}}, Body: []byte("a")})
	s.send(x, "unknown", amqp.Publishing{Headers: amqp.Table{"BCC": []any{"known"}}, Body: []byte("b")})
	s.wantDrain(routed, "a b")
	s.wantDrain(rest, "")
}

func TestAlternateExchangeRoutesByTheKeysOfCCToo(t T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchange("direct", nil)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	own, copied, hidden := s.bound(alternate, "own", nil), s.bound(alternate, "copy", nil), s.bound(alternate, "hidden", nil)
	s.send(x, "own", amqp.Publishing{Headers: amqp.Table{"CC": []any{"copy"}, "BCC": []any{"hidden"}}, Body: []byte("a")})
	for _, queue := range []string{own, copied, hidden} {
		if d := s.get(queue); d.RoutingKey != "own" || d.Exchange != x {
			t.Errorf("got %q %q, want own and the exchange published to", d.RoutingKey, d.Exchange)
		}
	}
}

func TestMandatoryWithCCBehindAnAlternateExchange(t T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchange("direct", nil)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	queue := s.bound(alternate, "copy", nil)
	for body, key := range map[string]string{"routed": "copy", "unroutable": "neither"} {
		s.ok(s.Publish(x, "own", true, false, amqp.Publishing{Headers: amqp.Table{"CC": []any{key}}, Body: []byte(body)}))
	}
	if back := s.returned(); string(back.Body) != "unroutable" || back.Exchange != x || back.RoutingKey != "own" {
		t.Errorf("returned: got %q to %q with %q, want unroutable as published", back.Body, back.Exchange, back.RoutingKey)
	}
	s.wantDrain(queue, "routed")
}

func TestExchangeMayBeItsOwnAlternate(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchangeName()
	s.ok(s.ExchangeDeclare(x, "direct", false, false, false, false, amqp.Table{"alternate-exchange": x}))
	s.mandatory(x, "k", "a")
	s.returned()
}

func TestEveryTypeOfExchangeHasAnAlternate(t T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchange("fanout", nil)
	rest := s.bound(alternate, "", nil)
	for _, kind := range []string{"direct", "fanout", "topic", "headers"} {
		x := s.exchange(kind, amqp.Table{"alternate-exchange": alternate})
		s.publish(x, "k", kind)
		s.wantDrain(rest, kind)
	}
}

func TestDeletedAlternateExchangeMeansUnroutable(t T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchange("fanout", nil)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	s.ok(s.ExchangeDelete(alternate, false, false))
	s.mandatory(x, "k", "a")
	s.returned()
	s.ok(s.ExchangeDeclare(alternate, "fanout", false, false, false, false, nil))
	queue := s.bound(alternate, "", nil)
	s.publish(x, "k", "b")
	s.wantDrain(queue, "b")
}

func TestMessageReachesAQueueOnceByWayOfTheAlternateToo(t T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchange("fanout", nil)
	source := s.exchange("fanout", nil)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	s.ok(s.ExchangeBind(x, "", source, false, nil))
	queue := s.bound(source, "", nil)
	s.bind(queue, alternate, "", nil)
	s.publish(source, "k", "once")
	s.wantDrain(queue, "once")
}

func TestRefusalBehindAnAlternateExchangeIsANack(t T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchange("fanout", nil)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	full := s.queue(amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"})
	s.bind(full, alternate, "", nil)
	s.confirm()
	confirmation, err := s.PublishWithDeferredConfirm(x, "k", true, false, amqp.Publishing{})
	s.ok(err)
	if s.outcome(confirmation) {
		t.Error("got an ack, want a nack")
	}
	s.mandatory("", unique(t), "sentinel")
	if back := s.returned(); string(back.Body) != "sentinel" {
		t.Errorf("returned: got %q, want only the sentinel", back.Body)
	}
}
