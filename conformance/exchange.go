package conformance

import (
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestPredeclaredExchangesAreThere(t T) {
	t.Parallel()
	s := open(t)
	for name, kind := range map[string]string{
		"amq.direct": "direct", "amq.fanout": "fanout", "amq.topic": "topic",
		"amq.headers": "headers", "amq.match": "headers",
	} {
		s.ok(s.ExchangeDeclarePassive(name, kind, false, false, false, false, nil))
		s.ok(s.ExchangeDeclare(name, kind, true, false, false, false, nil)) // redeclaring the same is fine
	}
}

func TestTraceExchangeIsInternal(t T) {
	t.Parallel()
	s := open(t)
	s.ok(s.ExchangeDeclare("amq.rabbitmq.trace", "topic", true, false, true, false, nil))
	s.publish("amq.rabbitmq.trace", "x", "x")
	s.refused(403, "cannot publish to internal exchange 'amq.rabbitmq.trace' in vhost '%s'", target.vhost)
}

func TestPassiveExchangeDeclareLooksOnlyAtTheName(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	s.ok(s.ExchangeDeclarePassive(x, "no-such-type", true, true, true, false, amqp.Table{"alternate-exchange": "y"}))
}

func TestRedeclaringAnEquivalentExchangeIsFine(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("topic", amqp.Table{"alternate-exchange": "other", "x-own": "1"})
	s.ok(s.ExchangeDeclare(x, "topic", false, false, false, false, amqp.Table{"alternate-exchange": "other", "x-own": "2"}))
}

func TestExchangeNamesMayBeLongAndStrange(t T) {
	t.Parallel()
	s := open(t)
	for _, strange := range []string{" ", "müsli/☃", "a\"b'c\\d", strings.Repeat("n", 255-len(unique(t)))} {
		x := unique(t) + strange
		x = x[:min(len(x), 255)]
		s.ok(s.ExchangeDeclare(x, "fanout", false, true, false, false, nil))
		s.bind(s.queue(nil), x, "", nil) // so that it is deleted with the queue
	}
}

func TestExchangeNamesLoseLineBreaks(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchangeName()
	s.ok(s.ExchangeDeclare(x+"\r\n", "fanout", false, false, false, false, nil))
	s.ok(s.ExchangeDeclarePassive(x, "fanout", false, false, false, false, nil))
	queue := s.queue(nil)
	s.bind(queue, "\n"+x, "", nil)
	s.publish(x, "", "a")
	s.wantDrain(queue, "a")
}

func TestExchangeDeclareNoWaitIsNotAnswered(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchangeName()
	r := openRaw(t)
	r.send(1, exchangeDeclare(x, "fanout", noWait, nil))
	r.ping(1)
	r.call(1, exchangeDeclare(x, "", passive, nil), 11)
	r.send(1, exchangeDelete(x, 2)) // nowait
	r.ping(1)
	r.send(1, exchangeDeclare(x, "", passive, nil))
	r.expectClose(1, closing{404, "no exchange '" + x + "' in vhost '" + target.vhost + "'", 40, 10})
}

func TestDeletingAMissingExchangeIsFine(t T) {
	t.Parallel()
	s := open(t)
	s.ok(s.ExchangeDelete(unique(t), false, false))
	s.ok(s.ExchangeDelete(unique(t), true, false))
}

func TestExchangeDeleteIfUnused(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	queue := s.bound(x, "", nil)
	if err := s.sibling().ExchangeDelete(x, true, false); err == nil {
		t.Error("deleted although it has a binding")
	}
	s.ok(s.QueueUnbind(queue, "", x, nil))
	s.ok(s.ExchangeDelete(x, true, false))
}

func TestDeletingAnExchangeRemovesItsBindings(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	queue := s.bound(x, "", nil)
	s.ok(s.ExchangeDelete(x, false, false))
	s.ok(s.ExchangeDeclare(x, "fanout", false, false, false, false, nil))
	s.publish(x, "", "a")
	s.wantDrain(queue, "")
}

func TestInternalExchangeMayBeBoundTo(t T) {
	t.Parallel()
	s := open(t)
	source, internal := s.exchange("fanout", nil), s.exchangeName()
	s.ok(s.ExchangeDeclare(internal, "fanout", false, false, true, false, nil))
	s.ok(s.ExchangeBind(internal, "", source, false, nil))
	queue := s.bound(internal, "", nil)
	s.publish(source, "", "a")
	s.wantDrain(queue, "a")
}

func TestNamesCloseToTheReservedPrefixAreFree(t T) {
	t.Parallel()
	s := open(t)
	for _, prefix := range []string{"amq", "amq-", "AMQ.", " amq."} {
		name := prefix + unique(t)
		s.ok(s.ExchangeDeclare(name, "fanout", false, true, false, false, nil))
		_, err := s.QueueDeclare(name, false, false, true, false, nil)
		s.ok(err)
		s.bind(name, name, "", nil)
		s.publish(name, "", "a")
		s.wantDrain(name, "a")
	}
}

func TestExchangeDeleteAndExchangeBindLoseLineBreaks(t T) {
	t.Parallel()
	s := open(t)
	source, x := s.exchange("fanout", nil), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind("\r"+x+"\n", "", source+"\r\n", false, nil))
	queue := s.bound(x, "", nil)
	s.publish(source, "", "a")
	s.wantDrain(queue, "a")
	s.ok(s.ExchangeUnbind(x+"\n", "", "\n"+source, false, nil))
	s.publish(source, "", "b")
	s.wantDrain(queue, "")
	s.ok(s.ExchangeDelete(x+"\r\n", false, false))
	s.gone(x)
}

func TestPublishTakesTheNameAsItIs(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	s.publish(x+"\n", "", "a")
	s.refused(404, "no exchange '%s\n' in vhost '%s'", x, target.vhost)
}

func TestExchangeThatIsOnlyADestinationIsUnused(t T) {
	t.Parallel()
	s := open(t)
	source, x := s.exchange("fanout", nil), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(x, "", source, false, nil))
	s.ok(s.ExchangeDelete(x, true, false))
	s.gone(x)
}

func TestRedeclaringAnExchangeKeepsItsBindings(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	queue := s.bound(x, "", nil)
	s.ok(s.ExchangeDeclare(x, "fanout", false, false, false, false, nil))
	s.publish(x, "", "a")
	s.wantDrain(queue, "a")
}

func TestDeletedExchangeMayBeDeclaredDifferently(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", amqp.Table{"alternate-exchange": "amq.fanout"})
	s.ok(s.ExchangeDelete(x, false, false))
	s.ok(s.ExchangeDeclare(x, "direct", true, true, false, false, nil))
}

func TestExchangesOfEveryTypeMayBeDurableInternalAndAutoDelete(t T) {
	t.Parallel()
	s := open(t)
	for _, kind := range []string{"direct", "fanout", "topic", "headers"} {
		x := s.exchangeName()
		s.ok(s.ExchangeDeclare(x, kind, true, true, true, false, nil))
		s.ok(s.ExchangeDeclare(x, kind, true, true, true, false, nil))
		other := s.sibling()
		other.publish(x, "", "a")
		other.refused(403, "cannot publish to internal exchange '%s' in vhost '%s'", x, target.vhost)
	}
}
