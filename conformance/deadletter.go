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
