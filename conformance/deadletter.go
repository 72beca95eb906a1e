package conformance

import (
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// rejected sends a message through a queue, rejects it there, and returns what
// comes out at the other end.
func (s *session) rejected(args amqp.Table, p amqp.Publishing) (queue string, d amqp.Delivery) {
	s.t.Helper()
	dead := s.queue(nil)
	queue = s.queue(deadLettering(dead, args))
	s.send("", queue, p)
	s.ok(s.get(queue).Reject(false))
	return queue, s.consumeWith(dead, true, false, nil).next()
}

func TestRejectAndNackDeadLetter(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.publish("", queue, "a", "b", "c")
	c := s.consume(dead)
	s.ok(s.get(queue).Reject(false))
	c.want("a")
	s.ok(s.get(queue).Nack(false, false))
	c.want("b")
	s.ok(s.get(queue).Ack(false)) // not a death
	c.wantRest("")
}

func TestDeadLetterKeepsPropertiesAndHeaders(t T) {
	t.Parallel()
	s := open(t)
	_, d := s.rejected(nil, amqp.Publishing{
		ContentType: "text/x", Priority: 3, CorrelationId: "c", ReplyTo: "r", MessageId: "m", Type: "t",
		AppId: "app", Headers: amqp.Table{"own": "1"}, Body: []byte("body"), DeliveryMode: amqp.Persistent,
	})
	got := []any{d.ContentType, d.Priority, d.CorrelationId, d.ReplyTo, d.MessageId, d.Type, d.AppId,
		d.Headers["own"], string(d.Body), d.DeliveryMode, d.Redelivered}
	if want := "[text/x 3 c r m t app 1 body 2 false]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDeadLetterLosesItsExpiration(t T) {
	t.Parallel()
	s := open(t)
	_, d := s.rejected(nil, amqp.Publishing{Expiration: "3600000"})
	if d.Expiration != "" {
		t.Errorf("expiration: got %q, want none", d.Expiration)
	}
	if got := deaths(t, d)[0]["original-expiration"]; got != "3600000" {
		t.Errorf("original-expiration: got %v, want 3600000", got)
	}
}

func TestDeadLetterIsNotRedelivered(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(true))
	s.ok(s.get(queue).Reject(false))
	if d := s.consume(dead).next(); d.Redelivered {
		t.Error("redelivered: got true, want false")
	}
}

func TestDeadLetterExchangeAndKeyAreOnTheDelivery(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("direct", nil)
	dead := s.bound(dlx, "new", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "new"})
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(false))
	if d := s.consume(dead).next(); d.Exchange != dlx || d.RoutingKey != "new" {
		t.Errorf("got %q %q, want %q new", d.Exchange, d.RoutingKey, dlx)
	}
}

func TestDeadLetterKeepsItsKeyWithoutAReplacement(t T) {
	t.Parallel()
	s := open(t)
	x, dlx := s.exchange("topic", nil), s.exchange("direct", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	s.bind(queue, x, "#", nil)
	dead := s.bound(dlx, "old", nil)
	s.publish(x, "old", "a")
	s.ok(s.get(queue).Reject(false))
	d := s.consume(dead).next()
	if d.RoutingKey != "old" {
		t.Errorf("routing key: got %q, want old", d.RoutingKey)
	}
	if got := deaths(t, d)[0]["exchange"]; got != x {
		t.Errorf("exchange: got %v, want %q", got, x)
	}
}

func TestDeadLetterWithoutReplacementGoesToCCKeysToo(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("direct", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	dead := s.bound(dlx, "copy", nil)
	s.send("", queue, amqp.Publishing{Headers: amqp.Table{"CC": []any{"copy"}}})
	s.ok(s.get(queue).Reject(false))
	d := s.consume(dead).next()
	if d.RoutingKey != queue {
		t.Errorf("routing key: got %q, want the original %q", d.RoutingKey, queue)
	}
	if _, found := d.Headers["CC"]; !found {
		t.Error("CC is gone, want it kept")
	}
	if keys := fmt.Sprint(deaths(t, d)[0]["routing-keys"]); keys != "["+queue+" copy]" {
		t.Errorf("routing-keys: got %v, want the original and copy", keys)
	}
}

func TestDeadLetterWithReplacementIgnoresCCKeys(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("direct", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "new"})
	dead, copied := s.bound(dlx, "new", nil), s.bound(dlx, "copy", nil)
	s.send("", queue, amqp.Publishing{Headers: amqp.Table{"CC": []any{"copy"}}})
	s.ok(s.get(queue).Reject(false))
	d := s.consume(dead).next()
	s.wantDrain(copied, "")
	if _, found := d.Headers["CC"]; found != since(t, "4.0", "CC is kept when the key is replaced") {
		t.Errorf("CC there: got %v", found)
	}
}

func TestDeadLetterNeverShowsBCC(t T) {
	t.Parallel()
	s := open(t)
	other := s.queue(nil)
	queue, d := s.rejected(nil, amqp.Publishing{Headers: amqp.Table{"BCC": []any{other}}})
	if _, found := d.Headers["BCC"]; found {
		t.Error("BCC is there")
	}
	if keys := fmt.Sprint(deaths(t, d)[0]["routing-keys"]); keys != "["+queue+"]" {
		t.Errorf("routing-keys: got %v, want no BCC keys", keys)
	}
}

func TestDeadLetterWithoutReplacementGoesToBCCKeysToo(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("direct", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	dead := s.bound(dlx, "hidden", nil)
	s.send("", queue, amqp.Publishing{Headers: amqp.Table{"BCC": []any{"hidden"}}, Body: []byte("a")})
	s.ok(s.get(queue).Reject(false))
	d := s.consume(dead).next()
	if _, found := d.Headers["BCC"]; found || string(d.Body) != "a" {
		t.Errorf("got %q with headers %v, want a without BCC", d.Body, d.Headers)
	}
	if keys := fmt.Sprint(deaths(t, d)[0]["routing-keys"]); keys != "["+queue+"]" {
		t.Errorf("routing-keys: got %v, want no BCC keys", keys)
	}
}

func TestReplacedKeyStaysReplacedAtTheNextDeath(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("direct", nil)
	first := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "new"})
	second := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-message-ttl": int32(10)})
	s.bind(second, dlx, "new", nil)
	copied, hidden := s.bound(dlx, "copy", nil), s.bound(dlx, "hidden", nil)
	dead := s.bound(dlx, "new", nil)
	s.send("", first, amqp.Publishing{Headers: amqp.Table{"CC": []any{"copy"}, "BCC": []any{"hidden"}}})
	s.ok(s.get(first).Reject(false))
	c := s.consume(dead)
	c.next() // of the first death
	d := c.next()
	if keys := fmt.Sprint(deaths(t, d)[0]["routing-keys"]); d.RoutingKey != "new" || keys != "[new]" {
		t.Errorf("got key %q and routing-keys %v, want new alone", d.RoutingKey, keys)
	}
	s.wantDrain(copied, "")
	s.wantDrain(hidden, "")
}

func TestMissingDeadLetterExchangeLosesTheMessage(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": "no-such-exchange"})
	s.publish("", queue, "a", "b")
	s.ok(s.get(queue).Reject(false))
	s.wantDrain(queue, "b")
}

func TestDeadLetterExchangeMayBeDeclaredLater(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchangeName()
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	s.publish("", queue, "a")
	s.ok(s.ExchangeDeclare(dlx, "fanout", false, false, false, false, nil))
	dead := s.bound(dlx, "", nil)
	s.ok(s.get(queue).Reject(false))
	s.consume(dead).want("a")
}

func TestUnroutableDeadLetterIsNotReturned(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": unique(t)})
	s.mandatory("", queue, "a")
	s.ok(s.get(queue).Reject(false))
	s.mandatory("", unique(t), "sentinel")
	if back := s.returned(); string(back.Body) != "sentinel" {
		t.Errorf("returned: got %q, want only the sentinel", back.Body)
	}
}

func TestDeadLetterExchangeMayBeInternal(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchangeName()
	s.ok(s.ExchangeDeclare(dlx, "fanout", false, false, true, false, nil))
	dead := s.bound(dlx, "", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(false))
	s.consume(dead).want("a")
}

func TestAlternateExchangeOfTheDeadLetterExchangeIsUsed(t T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchange("fanout", nil)
	dlx := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	dead := s.bound(alternate, "", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(false))
	s.consume(dead).want("a")
}

func TestNackMultipleDeadLettersOldestFirst(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.publish("", queue, "a", "b", "c")
	s.get(queue)
	s.get(queue)
	s.ok(s.get(queue).Nack(true, false))
	s.consume(dead).want("a b c")
}

func TestCycleWithoutRejectionIsDropped(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("fanout", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-message-ttl": int32(10)})
	s.bind(queue, dlx, "", nil)
	dead := s.bound(dlx, "", nil)
	s.publish("", queue, "a")
	s.consume(dead).want("a") // routed to both, but never back into the queue it expired in
	s.wantDrain(queue, "")
}

func TestCycleWithARejectionGoesOn(t T) {
	t.Parallel()
	s := open(t)
	work, wait := unique(t), unique(t)
	_, err := s.QueueDeclare(work, false, false, true, false, deadLettering(wait, nil))
	s.ok(err)
	_, err = s.QueueDeclare(wait, false, false, true, false, deadLettering(work, amqp.Table{"x-message-ttl": int32(10)}))
	s.ok(err)
	c := s.consume(work)
	s.publish("", work, "a")
	for range 3 { // the usual way to retry later
		d := c.next()
		s.ok(d.Reject(false))
	}
	if entries := deaths(t, c.next()); len(entries) != 2 || entries[0]["count"] != int64(3) {
		t.Errorf("got %v, want two entries with count 3 in front", entries)
	}
}

func TestDeadLettersReachSeveralQueues(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("fanout", nil)
	one, two := s.bound(dlx, "", nil), s.bound(dlx, "", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(false))
	s.consume(one).want("a")
	s.consume(two).want("a")
}

func TestDeadLetterIntoAFullQueueIsLost(t T) {
	t.Parallel()
	s := open(t)
	full := s.queue(amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"})
	queue := s.queue(deadLettering(full, nil))
	s.publish("", full, "first")
	s.publish("", queue, "a", "b")
	s.ok(s.get(queue).Reject(false))
	s.wantDrain(queue, "b")
	s.wantDrain(full, "first")
}

func TestDeadLetterPushesTheOldestOutOfADropHeadQueue(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(amqp.Table{"x-max-length": int32(1)})
	queue := s.queue(deadLettering(dead, nil))
	s.publish("", queue, "a", "b")
	s.ok(s.get(queue).Reject(false))
	s.ok(s.get(queue).Reject(false))
	eventually(t, "the second has come", func() bool {
		d, found, err := s.Get(dead, false)
		s.ok(err)
		if found {
			s.ok(d.Nack(false, true))
		}
		return string(d.Body) == "b"
	})
}

func TestDeadLetterIsRoutedByTopicAndByHeaders(t T) {
	t.Parallel()
	s := open(t)
	topic, byHeaders := s.exchange("topic", nil), s.exchange("headers", nil)
	s.ok(s.ExchangeBind(byHeaders, "#", topic, false, nil))
	keyed, wanted := s.bound(topic, "a.*", nil), s.bound(byHeaders, "", amqp.Table{"kind": "wanted"})
	died := s.bound(byHeaders, "", amqp.Table{"x-match": "all-with-x", "x-first-death-reason": "rejected"})
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": topic, "x-dead-letter-routing-key": "a.b"})
	s.send("", queue, amqp.Publishing{Headers: amqp.Table{"kind": "wanted"}, Body: []byte("a")})
	s.ok(s.get(queue).Reject(false))
	for _, dead := range []string{keyed, wanted, died} {
		s.consume(dead).want("a")
	}
}

func TestCycleOverTwoQueuesWithoutRejectionIsDropped(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("direct", nil)
	one := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "two", "x-message-ttl": int32(10)})
	two := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "one", "x-message-ttl": int32(10)})
	s.bind(one, dlx, "one", nil)
	s.bind(two, dlx, "two", nil)
	witness := s.bound(dlx, "one", nil)
	s.publish("", one, "a")
	s.consume(witness).want("a") // out of the second queue, and never back into the first
	s.wantDrain(one, "")
	s.wantDrain(two, "")
}

func TestCycleByLengthIsDropped(t T) {
	t.Parallel()
	s := open(t)
	queue := unique(t)
	_, err := s.QueueDeclare(queue, false, false, true, false, deadLettering(queue, amqp.Table{"x-max-length": int32(1)})) // to itself
	s.ok(err)
	s.publish("", queue, "a", "b", "c")
	s.wantDrain(queue, "c")
}

func TestRejectionLongAgoDoesNotSaveACycle(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("direct", nil)
	wait := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "wait", "x-message-ttl": int32(10)})
	work := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "wait"})
	s.bind(wait, dlx, "wait", nil)
	witness := s.bound(dlx, "wait", nil)
	s.publish("", work, "a")
	s.ok(s.get(work).Reject(false))
	c := s.consume(witness)
	c.want("a a") // out of work, out of wait; and not into wait again
	s.wantDrain(wait, "")
	c.wantRest("")
}

func TestDeadLetterToADeletedQueueIsLost(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.publish("", queue, "a", "b")
	_, err := s.QueueDelete(dead, false, false, false)
	s.ok(err)
	s.ok(s.get(queue).Reject(false))
	s.wantDrain(queue, "b")
}

func TestNackMultipleOverSeveralQueuesDeadLettersEachByItsOwnRules(t T) {
	t.Parallel()
	s := open(t)
	one, two := s.queue(nil), s.queue(nil)
	first, second, third := s.queue(deadLettering(one, nil)), s.queue(deadLettering(two, nil)), s.queue(nil)
	for _, queue := range []string{first, second, third} {
		s.publish("", queue, "m")
	}
	s.get(first)
	s.get(second)
	s.ok(s.get(third).Nack(true, false))
	s.consume(one).want("m")
	s.consume(two).want("m")
	s.wantDrain(third, "")
}

func TestDeadLettersTakeTheirPriorityAlong(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(amqp.Table{"x-max-priority": int32(9)})
	queue := s.queue(deadLettering(dead, nil))
	s.prioritised(queue, 1, 9, 5)
	for range 3 {
		s.get(queue)
	}
	s.ok(s.Nack(0, true, false))
	s.wantReady(dead, 3)
	s.wantDrain(dead, "9b 5c 1a")
}

func TestOnlyTheLastOfManyRejectionsIsADeath(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.publish("", queue, "a")
	for range 3 {
		s.ok(s.get(queue).Nack(false, true))
	}
	s.ok(s.get(queue).Nack(false, false))
	d := s.consume(dead).next()
	if entries := deaths(t, d); len(entries) != 1 || entries[0]["count"] != int64(1) {
		t.Errorf("got %v, want one death", entries)
	}
}
