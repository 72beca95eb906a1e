package conformance

import (
	amqp "github.com/rabbitmq/amqp091-go"
)

func TestMaxLengthDropsTheOldest(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(2)})
	s.publish("", queue, "a", "b", "c", "d")
	s.wantDrain(queue, "c d")
}

func TestMaxLengthBytesCountsBodies(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length-bytes": int32(10)})
	s.publish("", queue, "aaaa", "bbbb", "cc")
	s.publish("", queue, "d")
	s.wantDrain(queue, "bbbb cc d")
}

func TestMessageLargerThanMaxLengthBytesIsDropped(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length-bytes": int32(3)})
	s.publish("", queue, "aa", "bbbb", "c")
	s.wantDrain(queue, "c")
}

func TestWhicheverLengthLimitIsHitFirstCounts(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(2), "x-max-length-bytes": int32(5)})
	s.publish("", queue, "a", "b", "c")
	s.wantDrain(queue, "b c")
	s.publish("", queue, "aaa", "bbb")
	s.wantDrain(queue, "bbb")
}

func TestUnackedMessagesDoNotCountAgainstMaxLength(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(1)})
	s.publish("", queue, "a")
	s.get(queue)
	s.publish("", queue, "b")
	s.get(queue)
	s.publish("", queue, "c")
	s.wantDrain(queue, "c")
}

func TestRequeueAboveMaxLengthDropsTheHead(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(1)})
	s.publish("", queue, "a")
	d := s.get(queue)
	s.publish("", queue, "b")
	s.ok(d.Nack(false, true))
	s.wantDrain(queue, "b")
}

func TestMaxLengthZeroDeliversToAWaitingConsumerOnly(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(0)})
	s.publish("", queue, "a")
	s.wantDrain(queue, "")
	c := s.consume(queue)
	s.publish("", queue, "b")
	c.want("b")
}

func TestDroppedMessagesAreDeadLettered(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-max-length": int32(1)}))
	s.publish("", queue, "a", "b")
	d := s.consume(dead).next()
	if string(d.Body) != "a" || deaths(t, d)[0]["reason"] != "maxlen" {
		t.Errorf("got %q with %v, want a with reason maxlen", d.Body, d.Headers)
	}
	s.wantDrain(queue, "b")
}

func TestRejectPublishRefusesTheNewest(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(2), "x-overflow": "reject-publish"})
	s.publish("", queue, "a", "b", "c")
	s.wantDrain(queue, "a b")
	s.publish("", queue, "d")
	s.wantDrain(queue, "d")
}

func TestRejectPublishByBytes(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length-bytes": int32(4), "x-overflow": "reject-publish"})
	s.publish("", queue, "aaa", "bb", "c")
	s.wantDrain(queue, "aaa c")
}

func TestRejectPublishWithLimitZeroRefusesDespiteAConsumer(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"})
	c := s.consume(queue)
	s.confirm()
	if s.confirmed("", queue, amqp.Publishing{Body: []byte("a")}) {
		t.Error("got an ack, want a nack")
	}
	c.wantRest("")
}

func TestRejectPublishDoesNotDeadLetter(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"}))
	s.confirm()
	s.confirmed("", queue, amqp.Publishing{Body: []byte("a")})
	s.confirmed("", dead, amqp.Publishing{Body: []byte("sentinel")})
	s.wantDrain(dead, "sentinel")
}

func TestRejectPublishDlxDeadLettersTheNewest(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish-dlx"}))
	s.confirm()
	s.confirmed("", queue, amqp.Publishing{Body: []byte("a")})
	if s.confirmed("", queue, amqp.Publishing{Body: []byte("b")}) {
		t.Error("got an ack, want a nack")
	}
	d := s.consume(dead).next()
	if string(d.Body) != "b" || deaths(t, d)[0]["reason"] != "maxlen" {
		t.Errorf("got %q with %v, want b with reason maxlen", d.Body, d.Headers)
	}
	s.wantDrain(queue, "a")
}

func TestPriorityQueueDropsItsHead(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(2), "x-max-priority": int32(9)})
	for _, p := range []struct {
		body     string
		priority uint8
	}{{"one", 1}, {"five", 5}, {"three", 3}} {
		s.send("", queue, amqp.Publishing{Body: []byte(p.body), Priority: p.priority})
	}
	s.wantDrain(queue, "three one")
}

func TestRequeueIntoAFullRejectPublishQueueKeepsTheMessage(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"})
	s.publish("", queue, "a")
	d := s.get(queue)
	s.publish("", queue, "b")
	s.ok(d.Nack(false, true))
	s.wantDrain(queue, "a b")
}

func TestEmptyBodiesDoNotCountAgainstMaxLengthBytes(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length-bytes": int32(1)})
	for range 5 {
		s.send("", queue, amqp.Publishing{Headers: amqp.Table{"a": "properties do not count either"}})
	}
	s.wantReady(queue, 5)
}

func TestDroppedMessageOfAFullQueueIsTheOldestEvenIfRequeued(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(2)})
	s.publish("", queue, "a", "b")
	s.ok(s.get(queue).Nack(false, true))
	s.publish("", queue, "c")
	s.wantDrain(queue, "b c")
}

func TestLengthIsLookedAtBeforeTTL(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-max-length": int32(0), "x-message-ttl": int32(0)}))
	s.publish("", queue, "a")
	if got := deaths(t, s.consume(dead).next())[0]["reason"]; got != "maxlen" {
		t.Errorf("reason: got %v, want maxlen, not expired", got)
	}
}

func TestRequeueDropsWhatIsTooMuchThoughAConsumerWaits(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-max-length-bytes": int32(2)}))
	c := s.consume(queue)
	s.publish("", queue, "aaa")
	s.ok(c.next().Nack(false, true))
	c.wantRest("")
	s.wantDrain(dead, "aaa")
}

func TestDeliveriesOfAConsumerGoBackToAFullQueueAtOnce(t T) {
	t.Parallel()
	for name, back := range map[string]func(s *session, last amqp.Delivery) error{
		"nack":          func(_ *session, last amqp.Delivery) error { return last.Nack(true, true) },
		"recover":       func(s *session, _ amqp.Delivery) error { return s.Recover(true) },
		"channel.close": func(s *session, _ amqp.Delivery) error { return s.Close() },
	} {
		t.Run(name, func(t T) {
			s := open(t)
			dead := s.queue(nil)
			queue := s.queue(deadLettering(dead, amqp.Table{"x-max-length": int32(1)}))
			c := s.consume(queue)
			s.publish("", queue, "a", "b")
			c.next()
			last := c.next()
			s.ok(s.Cancel(c.tag, false))
			other := s.sibling()
			waiting := other.consume(queue)
			s.ok(back(s, last))
			waiting.want("b")
			waiting.wantRest("")
			other.wantDrain(dead, "a")
		})
	}
}

// gotTwo declares a queue for one message that dead-letters what is too much, and
// takes two out of it, a and b.
func (s *session) gotTwo() (queue, dead string, last amqp.Delivery) {
	s.t.Helper()
	dead = s.queue(nil)
	queue = s.queue(deadLettering(dead, amqp.Table{"x-max-length": int32(1)}))
	for _, body := range []string{"a", "b"} {
		s.publish("", queue, body)
		last = s.get(queue)
	}
	return queue, dead, last
}

func TestDeliveriesOfGetGoBackToAFullQueueOneByOne(t T) {
	t.Parallel()
	s := open(t)
	queue, dead, last := s.gotTwo()
	c := s.sibling().consume(queue)
	s.ok(last.Nack(true, true)) // each is delivered before the next comes
	c.want("a b")
	s.wantDrain(dead, "")
}

func TestDeliveriesOfGetGoBackAtOnceWhenTheChannelCloses(t T) {
	t.Parallel()
	s := open(t)
	queue, dead, _ := s.gotTwo()
	other := s.sibling()
	c := other.consume(queue)
	s.ok(s.Close())
	c.want("b")
	c.wantRest("")
	other.wantDrain(dead, "a")
}

func TestExpiredAtOnceLeavesRoomInAFullQueue(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"})
	s.confirm()
	for range 3 {
		if !s.confirmed("", queue, amqp.Publishing{Expiration: "0"}) {
			t.Error("got a nack, want an ack: the one before has expired")
		}
	}
	s.wantDrain(queue, "")
}

func TestOneLargeMessageDropsSeveralSmallOnes(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length-bytes": int32(6)})
	s.publish("", queue, "aa", "bb", "cc", "ddddd")
	s.wantDrain(queue, "ddddd")
}

func TestUnackedMessagesDoNotCountAgainstMaxLengthBytes(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length-bytes": int32(3), "x-overflow": "reject-publish"})
	s.publish("", queue, "aaa")
	s.get(queue)
	s.publish("", queue, "bbb", "c")
	s.wantDrain(queue, "bbb")
}

func TestDroppedMessagesDieOldestFirst(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-max-length": int32(2)}))
	s.publish("", queue, "a", "b", "c", "d", "e")
	s.consume(dead).want("a b c")
	s.wantDrain(queue, "d e")
}

func TestRejectPublishDlxWithoutAnExchangeOnlyRefuses(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish-dlx"})
	s.confirm()
	for body, want := range []bool{true, false} {
		if got := s.confirmed("", queue, amqp.Publishing{Body: []byte{'a' + byte(body)}}); got != want {
			t.Errorf("message %d: got acked %v, want %v", body, got, want)
		}
	}
	s.wantDrain(queue, "a")
}

func TestFullPriorityQueueRefusesEvenTheHighestPriority(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(1), "x-max-priority": int32(9), "x-overflow": "reject-publish"})
	s.prioritised(queue, 1, 9)
	s.wantDrain(queue, "1a")
}

func TestConsumerWithRoomKeepsADropHeadQueueWithinItsLimit(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(1)})
	s.ok(s.Qos(2, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c", "d")
	c.want("a b")
	c.wantRest("")
	s.wantDrain(queue, "d")
}

func TestLengthLimitsOfTwoQueuesAreSeparate(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	short, long := s.queue(amqp.Table{"x-max-length": int32(1)}), s.bound(x, "", nil)
	s.bind(short, x, "", nil)
	s.publish(x, "", "a", "b", "c")
	s.wantDrain(short, "c")
	s.wantDrain(long, "a b c")
}
