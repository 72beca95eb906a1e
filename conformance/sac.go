package conformance

import (
	amqp "github.com/rabbitmq/amqp091-go"
)

var singleActive = amqp.Table{"x-single-active-consumer": true}

func TestOnlyTheFirstConsumerIsActive(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	first, second := s.consume(queue), s.consume(queue)
	s.publish("", queue, "a", "b", "c")
	first.want("a b c")
	second.wantRest("")
}

func TestNextConsumerBecomesActiveWhenTheFirstCancels(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	first, second, third := s.consume(queue), s.consume(queue), s.consume(queue)
	s.publish("", queue, "a")
	first.want("a") // and keeps it unacked
	s.ok(s.Cancel(first.tag, false))
	s.publish("", queue, "b", "c")
	second.want("b c")
	third.wantRest("")
}

func TestUnackedOfTheActiveConsumersChannelGoToTheNext(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	other := s.sibling()
	first := other.consume(queue)
	second := s.consume(queue)
	s.publish("", queue, "a")
	first.want("a")
	other.ok(other.Close())
	if d := second.next(); string(d.Body) != "a" || !d.Redelivered {
		t.Errorf("got %q, redelivered %v, want a, redelivered", d.Body, d.Redelivered)
	}
}

func TestPriorityDoesNotTakeOverAClassicSingleActiveQueue(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	first := s.consume(queue)
	eager := s.consumeWith(queue, false, false, amqp.Table{"x-priority": int32(10)})
	s.publish("", queue, "a", "b")
	first.want("a b")
	eager.wantRest("")
}

func TestFullActiveConsumerIsNotHelpedOut(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	s.ok(s.Qos(1, 0, false))
	first, second := s.consume(queue), s.consume(queue)
	s.publish("", queue, "a", "b")
	first.want("a")
	second.wantRest("")
	s.wantDrain(queue, "b")
}

func TestSingleActiveQueueRefusesExclusiveConsumers(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	if _, err := s.Consume(queue, "", false, true, false, false, nil); err == nil {
		t.Fatal("consuming, want a refusal")
	}
	s.refused(403, "queue '%s' in vhost '%s' in exclusive use", queue, target.vhost)
}

func TestSingleActiveClassicQueueAllowsGet(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	s.publish("", queue, "a")
	s.wantDrain(queue, "a")
}

func TestWaitingConsumersAreCounted(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	s.consume(queue)
	s.consume(queue)
	if got := s.inspect(queue).Consumers; got != 2 {
		t.Errorf("consumers: got %d, want 2", got)
	}
}

func TestSingleActiveConsumersAreServedInTheOrderTheyCame(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	var consumers []*consumer
	for range 3 {
		consumers = append(consumers, s.sibling().consume(queue))
	}
	for i, c := range consumers {
		word := string(rune('a' + i))
		s.publish("", queue, word)
		d := c.next()
		if string(d.Body) != word {
			t.Fatalf("consumer %d: got %q, want %q", i, d.Body, word)
		}
		s.ok(d.Ack(false))
		c.wantRest("")
	}
}

func TestFalseSingleActiveConsumerIsNone(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-single-active-consumer": false})
	one, two := s.consume(queue), s.consume(queue)
	s.publish("", queue, "a", "b")
	one.next()
	two.next()
}

func TestLeavingWaitingConsumerChangesNothing(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	active, leaving, waiting := s.consume(queue), s.consume(queue), s.consume(queue)
	leaving.wantRest("")
	s.publish("", queue, "a")
	active.want("a")
	s.ok(s.Cancel(active.tag, false))
	s.publish("", queue, "b")
	waiting.want("b")
}

func TestRequeuedByTheActiveConsumerComesBackToIt(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	active, waiting := s.consume(queue), s.consume(queue)
	s.publish("", queue, "a")
	d := active.next()
	s.ok(d.Nack(false, true))
	active.want("a")
	waiting.wantRest("")
}

func TestNextConsumerBecomesActiveWhenTheConnectionOfTheFirstEnds(t T) {
	t.Parallel()
	s, other := open(t), open(t)
	queue := s.shared(singleActive)
	first := other.consume(queue)
	second := s.consume(queue)
	s.publish("", queue, "a", "b")
	first.want("a b")
	other.ok(other.connection.Close())
	for _, want := range []string{"a", "b"} {
		if d := second.next(); string(d.Body) != want || !d.Redelivered {
			t.Errorf("got %q, redelivered %v, want %s, redelivered", d.Body, d.Redelivered, want)
		}
	}
}

func TestUnackedOfACancelledActiveConsumerGoToTheNextWhenRequeued(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	first, second := s.consume(queue), s.consume(queue)
	s.publish("", queue, "a")
	d := first.next()
	s.ok(s.Cancel(first.tag, false))
	s.ok(d.Nack(false, true))
	second.want("a")
}

func TestConsumerThatComesBackWaitsItsTurn(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	first, second := s.consume(queue), s.consume(queue)
	s.ok(s.Cancel(first.tag, false))
	again := s.consume(queue)
	s.publish("", queue, "a")
	second.want("a")
	again.wantRest("")
}

func TestSingleActiveConsumerWithoutAcks(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	first, second := s.consumeWith(queue, true, false, nil), s.consumeWith(queue, true, false, nil)
	s.publish("", queue, "a", "b", "c")
	first.want("a b c")
	second.wantRest("")
}

func TestDeletingASingleActiveQueueCancelsWaitingConsumersToo(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(singleActive)
	other := s.sibling()
	cancelled := other.NotifyCancel(make(chan string, 2))
	other.consume(queue)
	other.consume(queue)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	receive(t, cancelled, "basic.cancel")
	receive(t, cancelled, "another basic.cancel")
}

func TestAutoDeleteSingleActiveQueueGoesWithTheLastWaitingConsumer(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, true, true, false, false, singleActive)
	s.ok(err)
	first, second := s.consume(name), s.consume(name)
	s.ok(s.Cancel(first.tag, false))
	s.inspect(name)
	s.ok(s.Cancel(second.tag, false))
	s.missing(name)
}
