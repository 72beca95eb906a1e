package conformance

import (
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestBindingTwiceIsOneBinding(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	queue := s.bound(x, "k", nil)
	s.bind(queue, x, "k", nil)
	s.publish(x, "k", "a")
	s.wantDrain(queue, "a")
	s.ok(s.QueueUnbind(queue, "k", x, nil))
	s.publish(x, "k", "b")
	s.wantDrain(queue, "")
}

func TestBindingsWithDifferentArgumentsAreDifferent(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	queue := s.bound(x, "k", amqp.Table{"a": "1"})
	s.bind(queue, x, "k", amqp.Table{"a": "2"})
	s.ok(s.QueueUnbind(queue, "k", x, amqp.Table{"a": "1"}))
	s.publish(x, "k", "still")
	s.wantDrain(queue, "still")
	s.ok(s.QueueUnbind(queue, "k", x, amqp.Table{"a": "2"}))
	s.publish(x, "k", "no")
	s.wantDrain(queue, "")
}

func TestBindingArgumentsAreComparedWithTheirTypes(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	queue := s.bound(x, "k", amqp.Table{"a": int32(1)})
	s.ok(s.QueueUnbind(queue, "k", x, amqp.Table{"a": int64(1)}))
	s.publish(x, "k", "still")
	s.wantDrain(queue, "still")
}

func TestBindingArgumentsMayComeInAnyOrder(t T) {
	t.Parallel()
	r := openRaw(t)
	x, queue := unique(t), unique(t)
	r.call(1, exchangeDeclare(x, "direct", exchangeAutoDelete, nil), 11)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	a, b := text("a", "1"), number("b", 2)
	r.call(1, queueBind(queue, x, "k", table(a, b)), 21)
	r.call(1, queueUnbind(queue, x, "k", table(b, a)), 51)
	r.send(1, exchangeDeclare(x, "", passive, nil)) // its only binding is gone, so it is gone
	r.expectClose(1, closing{404, "no exchange '" + x + "' in vhost '" + target.vhost + "'", 40, 10})
}

func TestUnbindingWhatIsNotThereIsFine(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	queue := s.bound(x, "k", nil)
	s.ok(s.QueueUnbind(queue, "other", x, nil))
	s.ok(s.QueueUnbind(queue, "k", x, amqp.Table{"a": "1"}))
	s.ok(s.QueueUnbind(queue, "k", "no-such-exchange", nil))
	s.ok(s.QueueUnbind("no-such-queue", "k", x, nil))
	s.ok(s.ExchangeUnbind("no-such-exchange", "k", x, false, nil))
	s.ok(s.ExchangeUnbind(x, "k", "no-such-exchange", false, nil))
	s.ok(s.QueueUnbind(open(t).queue(nil), "k", x, nil)) // exclusive to another connection
	s.publish(x, "k", "still")
	s.wantDrain(queue, "still")
}

func TestBindingsVanishWithTheirQueue(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	queue := s.bound(x, "", nil)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	_, err = s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	s.publish(x, "", "a")
	s.wantDrain(queue, "")
}

func TestExchangeBindingsFilterAtEveryExchange(t T) {
	t.Parallel()
	s := open(t)
	source, destination := s.exchange("direct", nil), s.exchange("topic", nil)
	s.ok(s.ExchangeBind(destination, "a.b", source, false, nil))
	queue := s.bound(destination, "a.*", nil)
	s.publish(source, "a.c", "no")
	s.publish(source, "a.b", "yes")
	s.wantDrain(queue, "yes")
	s.ok(s.ExchangeUnbind(destination, "a.b", source, false, nil))
	s.publish(source, "a.b", "no")
	s.wantDrain(queue, "")
}

func TestExchangeBindingsMayLoop(t T) {
	t.Parallel()
	s := open(t)
	a, b := s.exchange("fanout", nil), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(a, "", b, false, nil))
	s.ok(s.ExchangeBind(b, "", a, false, nil))
	s.ok(s.ExchangeBind(a, "", a, false, nil))
	queue := s.bound(a, "", nil)
	s.bind(queue, b, "", nil)
	s.publish(a, "", "once")
	s.wantDrain(queue, "once")
}

func TestDeliveryNamesTheExchangePublishedTo(t T) {
	t.Parallel()
	s := open(t)
	source, destination := s.exchange("fanout", nil), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(destination, "", source, false, nil))
	queue := s.bound(destination, "", nil)
	s.publish(source, "key", "a")
	if d := s.get(queue); d.Exchange != source || d.RoutingKey != "key" {
		t.Errorf("got %q %q, want %q %q", d.Exchange, d.RoutingKey, source, "key")
	}
}

func TestBindingsWithDifferentKeysAreDifferentEvenForAFanout(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	queue := s.bound(x, "one", nil)
	s.bind(queue, x, "two", nil)
	s.ok(s.QueueUnbind(queue, "one", x, nil))
	s.publish(x, "", "still")
	s.wantDrain(queue, "still")
	s.ok(s.QueueUnbind(queue, "two", x, nil))
	s.publish(x, "", "no")
	s.wantDrain(queue, "")
}

func TestUnbindingOneTopicLeavesTheOthers(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("topic", nil)
	queue := s.bound(x, "a.#", nil)
	for _, key := range []string{"a.b", "*.b", "#.c"} {
		s.bind(queue, x, key, nil)
	}
	s.ok(s.QueueUnbind(queue, "a.#", x, nil))
	s.ok(s.QueueUnbind(queue, "#.c", x, nil))
	for _, key := range []string{"a", "a.b", "z.b", "a.b.c", "c"} {
		s.publish(x, key, key)
	}
	s.wantDrain(queue, "a.b z.b")
}

func TestQueueAndExchangeOfOneNameAreDifferentDestinations(t T) {
	t.Parallel()
	s := open(t)
	source, x := s.exchange("fanout", nil), s.exchange("fanout", nil)
	_, err := s.QueueDeclare(x, false, false, true, false, nil)
	s.ok(err)
	behind := s.bound(x, "", nil)
	s.bind(x, source, "", nil)
	s.ok(s.ExchangeBind(x, "", source, false, nil))
	s.ok(s.QueueUnbind(x, "", source, nil)) // of the queue, not of the exchange
	s.publish(source, "", "a")
	s.wantDrain(behind, "a")
	s.wantDrain(x, "")
}

func TestHeadersDecideBehindAnExchangeBindingToo(t T) {
	t.Parallel()
	s := open(t)
	source, x := s.exchange("headers", nil), s.exchange("headers", nil)
	s.ok(s.ExchangeBind(x, "", source, false, amqp.Table{"a": "1"}))
	queue := s.bound(x, "", amqp.Table{"b": "2"})
	s.send(source, "", amqp.Publishing{Headers: amqp.Table{"a": "1"}, Body: []byte("no")})
	s.send(source, "", amqp.Publishing{Headers: amqp.Table{"b": "2"}, Body: []byte("no")})
	s.send(source, "", amqp.Publishing{Headers: amqp.Table{"a": "1", "b": "2"}, Body: []byte("yes")})
	s.wantDrain(queue, "yes")
}

func TestLongChainsOfExchangeBindingsAreFollowed(t T) {
	t.Parallel()
	s := open(t)
	first := s.autoDelete("fanout")
	last := first
	for range 20 {
		next := s.autoDelete("fanout")
		s.ok(s.ExchangeBind(next, "", last, false, nil))
		last = next
	}
	queue := s.bound(last, "", nil)
	s.publish(first, "", "a")
	s.wantDrain(queue, "a")
}

func TestBindNoWaitIsNotAnswered(t T) {
	t.Parallel()
	s := open(t)
	a, b := s.exchange("fanout", nil), s.exchange("fanout", nil)
	queue := s.queue(nil)
	s.ok(s.QueueBind(queue, "", b, true, nil))
	s.ok(s.ExchangeBind(b, "", a, true, nil))
	s.publish(a, "", "a")
	s.wantDrain(queue, "a")
	s.ok(s.ExchangeUnbind(b, "", a, true, nil))
	s.publish(a, "", "b")
	s.wantDrain(queue, "")
}

func TestUnbindWithEmptyNamesMeansTheLastQueueAndItsName(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, queueBind(queue, "amq.direct", queue, nil), 21)
	r.call(1, queueUnbind("", "amq.direct", "", nil), 51)
	r.write(publishing(1, basicPublish("amq.direct", queue, mandatory), nil, "a"))
	r.expect(1, 60, 50)
	r.content(1)
}

func TestUnbindingAnExchangeNeedsTheSameKeyAndArguments(t T) {
	t.Parallel()
	s := open(t)
	source, x := s.exchange("topic", nil), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(x, "a.#", source, false, amqp.Table{"a": "1"}))
	s.ok(s.ExchangeUnbind(x, "a.*", source, false, amqp.Table{"a": "1"}))
	s.ok(s.ExchangeUnbind(x, "a.#", source, false, nil))
	queue := s.bound(x, "", nil)
	s.publish(source, "a.b", "still")
	s.wantDrain(queue, "still")
	s.ok(s.ExchangeUnbind(x, "a.#", source, false, amqp.Table{"a": "1"}))
	s.publish(source, "a.b", "no")
	s.wantDrain(queue, "")
}

func TestExchangeBoundByTwoKeysDeliversOnce(t T) {
	t.Parallel()
	s := open(t)
	source, x := s.exchange("topic", nil), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(x, "a.#", source, false, nil))
	s.ok(s.ExchangeBind(x, "#.b", source, false, nil))
	queue := s.bound(x, "", nil)
	s.publish(source, "a.b", "once")
	s.wantDrain(queue, "once")
	s.ok(s.ExchangeUnbind(x, "a.#", source, false, nil))
	s.publish(source, "a.b", "still")
	s.publish(source, "a.c", "no")
	s.wantDrain(queue, "still")
}

func TestQueueBoundDirectlyAndByWayOfExchangesGetsOneCopy(t T) {
	t.Parallel()
	s := open(t)
	source, left, right := s.exchange("fanout", nil), s.exchange("fanout", nil), s.exchange("fanout", nil)
	for _, x := range []string{left, right} {
		s.ok(s.ExchangeBind(x, "", source, false, nil))
	}
	queue := s.bound(source, "", nil)
	s.bind(queue, left, "", nil)
	s.bind(queue, right, "", nil)
	s.publish(source, "", "once")
	s.wantDrain(queue, "once")
}

func TestKeysMayBe255OctetsOfAnything(t T) {
	t.Parallel()
	s := open(t)
	for _, kind := range []string{"direct", "topic"} {
		x := s.exchange(kind, nil)
		for _, key := range []string{strings.Repeat("k", 255), strings.Repeat(".", 255), strings.Repeat("ü", 127), "a\x00b\r\n"} {
			queue := s.bound(x, key, nil)
			s.publish(x, key, "a")
			if d := s.get(queue); d.RoutingKey != key {
				t.Errorf("%s: key: got %q, want %q", kind, d.RoutingKey, key)
			}
		}
	}
}

func TestBindingsOutliveTheChannelThatMadeThem(t T) {
	t.Parallel()
	s := open(t)
	x, queue := s.exchange("fanout", nil), s.queue(nil)
	other := s.sibling()
	other.bind(queue, x, "", nil)
	other.ok(other.Close())
	s.publish(x, "", "a")
	s.wantDrain(queue, "a")
}

func TestNewBindingsWorkForTheNextMessage(t T) {
	t.Parallel()
	s := open(t)
	x, queue := s.exchange("direct", nil), s.queue(nil)
	for range 20 {
		s.publish(x, "k", "no")
		s.bind(queue, x, "k", nil)
		s.publish(x, "k", "yes")
		s.ok(s.QueueUnbind(queue, "k", x, nil))
	}
	s.wantDrain(queue, strings.TrimSuffix(strings.Repeat("yes ", 20), " "))
}
