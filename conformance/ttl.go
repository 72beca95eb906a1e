package conformance

import (
	amqp "github.com/rabbitmq/amqp091-go"
)

// deadLettering returns arguments that send what dies to a queue, together with
// those given.
func deadLettering(queue string, args amqp.Table) amqp.Table {
	all := amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue}
	for key, value := range args {
		all[key] = value
	}
	return all
}

func TestQueueTTLExpiresMessages(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(50)}))
	s.publish("", queue, "a", "b")
	s.consume(dead).want("a b")
	s.wantDrain(queue, "")
}

func TestExpirationExpiresAMessage(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.send("", queue, amqp.Publishing{Expiration: "50", Body: []byte("a")})
	s.consume(dead).want("a")
	s.wantDrain(queue, "")
}

func TestExpiredMessageWithoutDeadLetterExchangeIsGone(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-message-ttl": int32(20)})
	s.publish("", queue, "a")
	dead := s.queue(nil)
	s.publish("", s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(60)})), "witness")
	s.consume(dead).want("witness")
	s.wantReady(queue, 0)
}

func TestSmallerOfTTLAndExpirationWins(t T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ttl        int32
		expiration string
	}{
		"the queue's":   {50, "3600000"},
		"the message's": {3600000, "50"},
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			s := open(t)
			dead := s.queue(nil)
			queue := s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": c.ttl}))
			s.send("", queue, amqp.Publishing{Expiration: c.expiration, Body: []byte("a")})
			s.consume(dead).want("a")
		})
	}
}

func TestMessagesExpireAtTheHeadOnly(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	c := s.consume(dead)
	s.publish("", queue, "stays")
	s.send("", queue, amqp.Publishing{Expiration: "20", Body: []byte("behind")})
	witness := s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(100)}))
	s.publish("", witness, "witness")
	c.want("witness") // the one behind has expired by now
	s.wantReady(queue, 2)
	s.get(queue)
	c.want("behind")
	s.wantDrain(queue, "")
}

func TestExpiredMessageIsNeverDelivered(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.ok(s.Qos(1, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a")
	held := c.next()
	s.send("", queue, amqp.Publishing{Expiration: "20", Body: []byte("b")})
	s.publish("", queue, "c")
	s.sibling().consume(dead).want("b")
	s.ok(held.Ack(false))
	c.want("c")
}

func TestUnackedMessagesDoNotExpireUntilRequeued(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	c := s.consume(dead)
	s.send("", queue, amqp.Publishing{Expiration: "1000", Body: []byte("held")})
	d := s.get(queue)
	witness := s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(1300)}))
	s.publish("", witness, "witness")
	c.want("witness")
	s.ok(d.Nack(false, true))
	c.want("held")
	s.wantDrain(queue, "")
}

func TestTTLZeroDeliversToAWaitingConsumerOnly(t T) {
	t.Parallel()
	for name, how := range map[string]struct {
		args       amqp.Table
		expiration string
	}{
		"x-message-ttl": {amqp.Table{"x-message-ttl": int32(0)}, ""},
		"expiration":    {nil, "0"},
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			s := open(t)
			dead := s.queue(nil)
			queue := s.queue(deadLettering(dead, how.args))
			s.send("", queue, amqp.Publishing{Expiration: how.expiration, Body: []byte("a")})
			s.consume(dead).want("a")
			c := s.consume(queue)
			s.send("", queue, amqp.Publishing{Expiration: how.expiration, Body: []byte("b")})
			c.want("b")
		})
	}
}

func TestRequeuedMessageKeepsItsDeadline(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(100)}))
	s.publish("", queue, "a")
	if d, found, err := s.Get(queue, false); err == nil && found {
		s.ok(d.Nack(false, true))
	}
	s.consume(dead).want("a")
}

func TestExpirationIsCheckedEvenWhenUnroutable(t T) {
	t.Parallel()
	s := open(t)
	s.send("", unique(t), amqp.Publishing{Expiration: "x"})
	s.refused(406, "invalid expiration 'x': no_integer")
}

func TestExpirationMayHaveAPlusSign(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.send("", queue, amqp.Publishing{Expiration: "+3600000", Body: []byte("a")})
	s.wantDrain(queue, "a")
}

func TestDeliveredInTimeIsNotDeadLettered(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(1000)}))
	c := s.consumeWith(queue, true, false, nil)
	s.publish("", queue, "in-time")
	c.want("in-time")
	s.publish("", s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(1300)})), "witness")
	s.consume(dead).want("witness")
}

func TestExpiredMessagesDieOldestFirst(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(30)}))
	s.publish("", queue, "a", "b", "c", "d")
	c := s.consume(dead)
	c.want("a b c d")
	s.publish("", queue, "e")
	c.want("e")
}

func TestExpirationIsOnTheDelivery(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.send("", queue, amqp.Publishing{Expiration: "3600000"})
	if d := s.get(queue); d.Expiration != "3600000" {
		t.Errorf("expiration: got %q, want 3600000", d.Expiration)
	}
}

func TestGetDoesNotCountWhatHasExpiredBehind(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a")
	s.send("", queue, amqp.Publishing{Expiration: "0", Body: []byte("b")})
	s.publish("", queue, "c")
	if d := s.get(queue); d.MessageCount != 1 {
		t.Errorf("message-count: got %d, want 1", d.MessageCount)
	}
}

func TestExpirationMayHaveLeadingZeros(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.send("", queue, amqp.Publishing{Expiration: "0050", Body: []byte("a")})
	s.consume(dead).want("a")
}

func TestLongestExpirationIsTenYears(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.send("", queue, amqp.Publishing{Expiration: "315360000000", Body: []byte("a")})
	s.wantDrain(queue, "a")
}

func TestUnackedThatExpiredDieWhenTheirChannelCloses(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	c := s.consume(dead)
	s.send("", queue, amqp.Publishing{Expiration: "1000", Body: []byte("held")})
	other := s.sibling()
	other.get(queue)
	s.publish("", s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(1300)})), "witness")
	c.want("witness")
	other.ok(other.Close())
	c.want("held")
}

func TestTTLZeroExpiresBesideAFullConsumer(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(0)}))
	s.ok(s.Qos(1, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a", "b")
	c.want("a")
	s.wantReady(dead, 1)
	s.wantDrain(dead, "b")
}

func TestTTLOfOneQueueDoesNotReachAnother(t T) {
	t.Parallel()
	s := open(t)
	x, dead := s.exchange("fanout", nil), s.queue(nil)
	short, long := s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(30)})), s.bound(x, "", nil)
	s.bind(short, x, "", nil)
	s.publish(x, "", "a")
	s.consume(dead).want("a")
	s.wantDrain(short, "")
	s.wantDrain(long, "a")
}

func TestExpiredMessageDoesNotExpireAgainInTheNextQueue(t T) {
	t.Parallel()
	s := open(t)
	last := s.queue(nil)
	dead := s.queue(deadLettering(last, nil))
	queue := s.queue(deadLettering(dead, nil))
	s.send("", queue, amqp.Publishing{Expiration: "20", Body: []byte("a")})
	s.wantReady(dead, 1)
	s.publish("", s.queue(deadLettering(last, amqp.Table{"x-message-ttl": int32(60)})), "witness")
	c := s.consume(last)
	c.want("witness")
	c.wantRest("")
	s.wantDrain(dead, "a")
}

func TestTTLBeginsAnewInTheNextQueue(t T) {
	t.Parallel()
	s := open(t)
	last := s.queue(nil)
	second := s.queue(deadLettering(last, amqp.Table{"x-message-ttl": int32(30)}))
	first := s.queue(deadLettering(second, amqp.Table{"x-message-ttl": int32(30)}))
	s.publish("", first, "a")
	d := s.consume(last).next()
	if entries := deaths(t, d); len(entries) != 2 || entries[0]["queue"] != second || entries[0]["reason"] != "expired" {
		t.Errorf("got %v, want it to have expired in both queues", entries)
	}
}

func TestMandatoryThatExpiresAtOnceIsNotReturned(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-message-ttl": int32(0)})
	s.mandatory("", queue, "a")
	s.mandatory("", unique(t), "sentinel")
	if back := s.returned(); string(back.Body) != "sentinel" {
		t.Errorf("returned: got %q, want only the sentinel", back.Body)
	}
}
