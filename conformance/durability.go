package conformance

import (
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// durable declares a durable exchange with a name of its own; it is deleted when
// the test ends.
func (s *session) durable(kind string, args amqp.Table) string {
	s.t.Helper()
	name := s.exchangeName()
	s.ok(s.ExchangeDeclare(name, kind, true, false, false, false, args))
	return name
}

// persist publishes persistent bodies, and waits until they are safe.
func (s *session) persist(exchange, key string, bodies ...string) {
	s.t.Helper()
	for _, body := range bodies {
		s.persistAs(exchange, key, amqp.Publishing{Body: []byte(body)})
	}
}

// persistAs publishes a persistent message, and waits until it is safe.
func (s *session) persistAs(exchange, key string, p amqp.Publishing) {
	s.t.Helper()
	p.DeliveryMode = amqp.Persistent
	s.confirm()
	if !s.confirmed(exchange, key, p) {
		s.t.Fatalf("publish %q: got a nack, want an ack", p.Body)
	}
}

func TestDurableQueueSurvivesWithItsArguments(t T) {
	s := beforeRestart(t)
	limited := amqp.Table{"x-max-length": int32(1), "x-single-active-consumer": true}
	queue := s.shared(limited)

	s = afterRestart(t)
	s.publish("", queue, "a", "b")
	s.wantDrain(queue, "b")
	_, err := s.QueueDeclare(queue, true, false, false, false, limited)
	s.ok(err)
}

func TestTransientQueueIsGoneAfterARestart(t T) {
	if !transientQueues(t) {
		t.Skip("refused by this version")
	}
	s := beforeRestart(t)
	queue := unique(t)
	_, err := s.QueueDeclare(queue, false, false, false, false, nil)
	s.ok(err)
	s.persist("", queue, "a")

	s = afterRestart(t)
	_, err = s.QueueDeclare(queue, false, false, true, false, nil) // whoever wants may have the name
	s.ok(err)
	s.wantDrain(queue, "")
}

func TestExclusiveQueueIsGoneAfterARestart(t T) {
	s := beforeRestart(t)
	queue := unique(t)
	_, err := s.QueueDeclare(queue, true, false, true, false, nil)
	s.ok(err)

	afterRestart(t).missing(queue)
}

func TestServerNamedDurableQueueSurvives(t T) {
	s := beforeRestart(t)
	q, err := s.QueueDeclare("", true, false, false, false, nil)
	s.ok(err)
	t.Cleanup(func() { drop(t, func(ch *amqp.Channel) { ch.QueueDelete(q.Name, false, false, false) }) })
	s.persist("", q.Name, "a")

	afterRestart(t).wantDrain(q.Name, "a")
}

func TestAutoDeleteDurableQueueThatWasNeverConsumedSurvives(t T) {
	s := beforeRestart(t)
	queue := unique(t)
	_, err := s.QueueDeclare(queue, true, true, false, false, nil)
	s.ok(err)
	s.persist("", queue, "a")

	s = afterRestart(t)
	c := s.consume(queue)
	c.want("a")
	s.ok(s.Cancel(c.tag, false))
	s.missing(queue)
}

func TestDeletedQueuesAndExchangesStayAwayAfterARestart(t T) {
	s := beforeRestart(t)
	queue, x := s.shared(nil), s.durable("fanout", nil)
	s.bind(queue, x, "", nil)
	s.persist(x, "", "a")
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	s.ok(s.ExchangeDelete(x, false, false))

	s = afterRestart(t)
	s.missing(queue)
	s.gone(x)
	_, err = s.QueueDeclare(queue, true, false, false, false, nil)
	s.ok(err)
	s.wantDrain(queue, "")
}

func TestDurableExchangesSurviveWithTheirAttributes(t T) {
	s := beforeRestart(t)
	var names []string
	kinds := []string{"direct", "fanout", "topic", "headers"}
	for _, kind := range kinds {
		x := s.exchangeName()
		s.ok(s.ExchangeDeclare(x, kind, true, true, true, false, amqp.Table{"alternate-exchange": "amq.fanout"}))
		names = append(names, x)
	}

	s = afterRestart(t)
	for i, x := range names {
		s.ok(s.ExchangeDeclare(x, kinds[i], true, true, true, false, amqp.Table{"alternate-exchange": "amq.fanout"}))
		other := s.sibling()
		other.publish(x, "", "a")
		other.refused(403, "cannot publish to internal exchange '%s' in vhost '%s'", x, target.vhost)
	}
}

func TestTransientExchangeIsGoneAfterARestart(t T) {
	s := beforeRestart(t)
	x, queue := s.exchange("fanout", nil), s.shared(nil)
	s.bind(queue, x, "", nil)

	s = afterRestart(t)
	s.gone(x)
	s.ok(s.ExchangeDeclare(x, "fanout", false, false, false, false, nil))
	s.mandatory(x, "", "a") // and its binding with it
	s.returned()
}

func TestAutoDeleteExchangeGoesWithItsLastBindingAfterARestartToo(t T) {
	s := beforeRestart(t)
	x, never, queue := s.exchangeName(), s.exchangeName(), s.shared(nil)
	for _, name := range []string{x, never} {
		s.ok(s.ExchangeDeclare(name, "fanout", true, true, false, false, nil))
	}
	s.bind(queue, x, "", nil)

	s = afterRestart(t)
	s.ok(s.ExchangeDeclarePassive(x, "fanout", false, false, false, false, nil))
	s.ok(s.ExchangeDeclarePassive(never, "fanout", false, false, false, false, nil))
	s.ok(s.QueueUnbind(queue, "", x, nil))
	s.gone(x)
}

func TestAlternateExchangeSurvives(t T) {
	s := beforeRestart(t)
	alternate := s.durable("fanout", nil)
	x := s.durable("direct", amqp.Table{"alternate-exchange": alternate})
	queue := s.shared(nil)
	s.bind(queue, alternate, "", nil)

	s = afterRestart(t)
	s.publish(x, "unknown", "a")
	s.wantDrain(queue, "a")
}

func TestPredeclaredExchangesAreThereAfterARestart(t T) {
	s := beforeRestart(t)
	queue, key := s.shared(nil), unique(t)
	s.bind(queue, "amq.direct", key, nil)

	s = afterRestart(t)
	for name, kind := range map[string]string{"amq.direct": "direct", "amq.fanout": "fanout", "amq.topic": "topic", "amq.headers": "headers", "amq.match": "headers"} {
		s.ok(s.ExchangeDeclare(name, kind, true, false, false, false, nil))
	}
	s.publish("amq.direct", key, "a")
	s.wantDrain(queue, "a")
}

func TestBindingsOfDurableEndsSurviveWithKeysAndArguments(t T) {
	s := beforeRestart(t)
	topic, headers, queue := s.durable("topic", nil), s.durable("headers", nil), s.shared(nil)
	s.bind(queue, topic, "a.*", amqp.Table{"an": "argument"})
	s.bind(queue, headers, "", amqp.Table{"x-match": "any", "n": int8(5), "other": "1"})

	s = afterRestart(t)
	s.publish(topic, "a.b", "topic")
	s.publish(topic, "b.a", "no")
	s.send(headers, "", amqp.Publishing{Headers: amqp.Table{"n": int64(5)}, Body: []byte("headers")})
	s.send(headers, "", amqp.Publishing{Headers: amqp.Table{"n": int64(6)}, Body: []byte("no")})
	s.wantDrain(queue, "topic headers")
	s.ok(s.QueueUnbind(queue, "a.*", topic, amqp.Table{"an": "argument"}))
	s.publish(topic, "a.b", "no")
	s.wantDrain(queue, "")
}

func TestRemovedBindingsStayAwayAfterARestart(t T) {
	s := beforeRestart(t)
	x, queue := s.durable("direct", nil), s.shared(nil)
	s.bind(queue, x, "kept", nil)
	s.bind(queue, x, "removed", nil)
	s.ok(s.QueueUnbind(queue, "removed", x, nil))

	s = afterRestart(t)
	s.publish(x, "removed", "no")
	s.publish(x, "kept", "yes")
	s.wantDrain(queue, "yes")
}

func TestExchangeBindingsOfDurableEndsSurvive(t T) {
	s := beforeRestart(t)
	source, durable, transient, queue := s.durable("direct", nil), s.durable("fanout", nil), s.exchange("fanout", nil), s.shared(nil)
	s.ok(s.ExchangeBind(durable, "k", source, false, nil))
	s.ok(s.ExchangeBind(transient, "t", source, false, nil))
	s.bind(queue, durable, "", nil)

	s = afterRestart(t)
	s.publish(source, "k", "a")
	s.wantDrain(queue, "a")
	s.mandatory(source, "t", "b") // bound to an exchange that is gone
	s.returned()
	s.ok(s.ExchangeUnbind(durable, "k", source, false, nil))
	s.mandatory(source, "k", "c")
	s.returned()
}

func TestBindingsOfATransientQueueAreGoneAfterARestart(t T) {
	if !transientQueues(t) {
		t.Skip("refused by this version")
	}
	s := beforeRestart(t)
	x, queue := s.durable("fanout", nil), unique(t)
	_, err := s.QueueDeclare(queue, false, false, false, false, nil)
	s.ok(err)
	s.bind(queue, x, "", nil)

	s = afterRestart(t)
	_, err = s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	s.publish(x, "", "a")
	s.wantDrain(queue, "")
}

func TestClientsAreToldOfARestart(t T) {
	s := beforeRestart(t)

	afterRestart(t)
	s.compare(receive(t, s.lost, "connection.close"), 320, "broker forced connection closure with reason 'shutdown'")
}

func TestManyConfirmedMessagesSurvive(t T) {
	s := beforeRestart(t)
	queue := s.shared(nil)
	r := openRaw(t)
	r.call(1, confirmSelect(), 11)
	const messages = 500
	var flood []byte
	for i := range messages {
		flood = append(flood, publishing(1, basicPublish("", queue, 0), props(flagDeliveryMode, uint8(2)), fmt.Sprint(i))...)
	}
	r.write(flood)
	if got := r.confirms(1, messages); got != strings.Repeat("a", messages) {
		t.Fatalf("confirms: got %q, want acks", got)
	}

	c := afterRestart(t).consumeWith(queue, true, false, nil)
	for i := range messages {
		c.want(fmt.Sprint(i))
	}
}
