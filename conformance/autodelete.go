package conformance

import (
	amqp "github.com/rabbitmq/amqp091-go"
)

// autoDelete declares an auto-delete exchange.
func (s *session) autoDelete(kind string) string {
	s.t.Helper()
	x := s.exchangeName()
	s.ok(s.ExchangeDeclare(x, kind, false, true, false, false, nil))
	return x
}

func TestAutoDeleteExchangeGoesWithItsLastUnbind(t T) {
	t.Parallel()
	s := open(t)
	x := s.autoDelete("direct")
	queue := s.bound(x, "a", nil)
	s.bind(queue, x, "b", nil)
	s.ok(s.QueueUnbind(queue, "a", x, nil))
	s.ok(s.ExchangeDeclarePassive(x, "direct", false, false, false, false, nil))
	s.ok(s.QueueUnbind(queue, "b", x, nil))
	s.gone(x)
}

func TestAutoDeleteExchangeGoesWithItsLastQueue(t T) {
	t.Parallel()
	s := open(t)
	x := s.autoDelete("fanout")
	queue := s.bound(x, "", nil)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	s.gone(x)
}

func TestAutoDeleteExchangeGoesWithItsLastDestinationExchange(t T) {
	t.Parallel()
	s := open(t)
	x, destination := s.autoDelete("fanout"), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(destination, "", x, false, nil))
	s.ok(s.ExchangeDelete(destination, false, false))
	s.gone(x)
}

func TestAutoDeleteExchangesGoInAChain(t T) {
	t.Parallel()
	s := open(t)
	first, second := s.autoDelete("fanout"), s.autoDelete("fanout")
	s.ok(s.ExchangeBind(second, "", first, false, nil))
	queue := s.bound(second, "", nil)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	s.gone(second)
	s.gone(first)
}

func TestAutoDeleteExchangeNeverBoundStays(t T) {
	t.Parallel()
	s := open(t)
	x := s.autoDelete("fanout")
	s.ok(s.QueueUnbind(s.queue(nil), "", x, nil)) // a binding that is not there
	s.ok(s.ExchangeDeclarePassive(x, "fanout", false, false, false, false, nil))
}

func TestAutoDeleteExchangeDoesNotCountBindingsToItself(t T) {
	t.Parallel()
	s := open(t)
	x, source := s.autoDelete("fanout"), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(x, "", source, false, nil))
	s.ok(s.ExchangeUnbind(x, "", source, false, nil))
	s.ok(s.ExchangeDeclarePassive(x, "fanout", false, false, false, false, nil))
}

func TestAutoDeleteQueueGoesWithItsLastConsumer(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, true, true, false, false, nil)
	s.ok(err)
	one, two := s.consume(name), s.consume(name)
	s.ok(s.Cancel(one.tag, false))
	s.inspect(name)
	s.ok(s.Cancel(two.tag, false))
	s.missing(name)
}

func TestAutoDeleteQueueGoesWithTheChannelOfItsConsumer(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, true, true, false, false, nil)
	s.ok(err)
	other := s.sibling()
	other.consume(name)
	other.ok(other.Close())
	s.missing(name)
}

func TestAutoDeleteQueueGoesWithTheConnectionOfItsConsumer(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, true, true, false, false, nil)
	s.ok(err)
	other := open(t)
	other.consume(name)
	other.ok(other.connection.Close())
	s.missing(name)
}

func TestAutoDeleteQueueNeverConsumedStays(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, false, true, true, false, nil)
	s.ok(err)
	s.publish("", name, "a")
	s.wantDrain(name, "a") // basic.get does not count
	s.inspect(name)
}

func TestAutoDeleteQueueGoesWhenAnErrorClosesTheChannelOfItsConsumer(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, true, true, false, false, nil)
	s.ok(err)
	other := s.sibling()
	other.consume(name)
	other.ok(other.Ack(77, false))
	other.refused(406, "unknown delivery tag 77")
	s.missing(name)
}

func TestAutoDeleteQueueDoesNotDeadLetter(t T) {
	t.Parallel()
	s := open(t)
	dead, name := s.queue(nil), unique(t)
	_, err := s.QueueDeclare(name, true, true, false, false, deadLettering(dead, nil))
	s.ok(err)
	s.publish("", name, "a", "b")
	s.ok(s.Qos(1, 0, false))
	c := s.consume(name)
	c.want("a")
	s.ok(s.Cancel(c.tag, false))
	s.missing(name)
	s.publish("", dead, "sentinel")
	s.wantDrain(dead, "sentinel")
}

func TestUnackedOfAnAutoDeletedQueueMayBeAcked(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, true, true, false, false, nil)
	s.ok(err)
	s.publish("", name, "a", "b")
	c := s.consume(name)
	one, two := c.next(), c.next()
	s.ok(s.Cancel(c.tag, false))
	s.missing(name)
	s.ok(one.Nack(false, true))
	s.ok(two.Ack(false))
	s.queue(nil) // the channel is still open
}

func TestRefusedConsumerDoesNotDeleteAnAutoDeleteQueue(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, false, true, true, false, nil)
	s.ok(err)
	other := s.sibling()
	if _, err := other.Consume(name, "", false, false, false, false, amqp.Table{"x-priority": "high"}); err == nil {
		t.Fatal("consuming, want a refusal")
	}
	s.inspect(name)
}

func TestAutoDeleteQueueMayBeDeclaredAnew(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	for _, body := range []string{"a", "b"} {
		_, err := s.QueueDeclare(name, true, true, false, false, nil)
		s.ok(err)
		s.publish("", name, body, body)
		c := s.consumeWith(name, true, false, nil)
		c.want(body + " " + body)
		s.ok(s.Cancel(c.tag, false))
		s.missing(name)
	}
}

func TestAutoDeleteExchangeGoesWithItsAutoDeleteQueue(t T) {
	t.Parallel()
	s := open(t)
	x, name := s.autoDelete("fanout"), unique(t)
	_, err := s.QueueDeclare(name, true, true, false, false, nil)
	s.ok(err)
	s.bind(name, x, "", nil)
	c := s.consume(name)
	s.ok(s.Cancel(c.tag, false))
	s.gone(x)
}
