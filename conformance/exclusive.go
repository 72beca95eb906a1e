package conformance

import ()

func TestExclusiveQueueServesAllChannelsOfItsConnection(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a")
	s.sibling().consume(queue).want("a")
}

func TestExclusiveQueueOutlivesItsChannel(t T) {
	t.Parallel()
	s := open(t)
	other := s.sibling()
	queue := other.queue(nil)
	other.ok(other.Close())
	s.inspect(queue)
}

func TestOthersMayPublishToAnExclusiveQueue(t T) {
	t.Parallel()
	s, other := open(t), open(t)
	queue := s.queue(nil)
	c := s.consume(queue)
	other.publish("", queue, "a")
	c.want("a")
}

func TestExclusiveQueueIsNeverDurable(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	for _, durable := range []bool{true, false} {
		_, err := s.QueueDeclare(name, durable, false, true, false, nil)
		s.ok(err)
	}
}

func TestExclusiveConsumerKeepsOthersOut(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.consumeWith(queue, false, true, nil)
	for _, wish := range []bool{true, false} {
		other := s.sibling()
		if _, err := other.Consume(queue, "", false, wish, false, false, nil); err == nil {
			t.Fatal("consuming, want a refusal")
		}
		other.refused(403, "queue '%s' in vhost '%s' in exclusive use", queue, target.vhost)
	}
}

func TestExclusiveConsumerMustBeTheFirst(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.consume(queue)
	other := s.sibling()
	if _, err := other.Consume(queue, "", false, true, false, false, nil); err == nil {
		t.Fatal("consuming, want a refusal")
	}
	other.refused(403, "queue '%s' in vhost '%s' in exclusive use", queue, target.vhost)
}

func TestExclusiveConsumerLeavesBasicGetToOthers(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	s.ok(s.Qos(1, 0, false))
	c := s.consumeWith(queue, false, true, nil)
	s.publish("", queue, "a", "b")
	c.want("a")
	other := open(t)
	other.wantReady(queue, 1)
	other.wantDrain(queue, "b")
}

func TestExclusiveConsumerIsOverAfterCancel(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	c := s.consumeWith(queue, false, true, nil)
	s.ok(s.Cancel(c.tag, false))
	s.consumeWith(queue, false, true, nil)
}

func TestExclusiveConsumerIsOverWithItsChannel(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	other := s.sibling()
	other.consumeWith(queue, false, true, nil)
	other.ok(other.Close())
	eventually(t, "consuming again", func() bool {
		_, err := s.sibling().Consume(queue, "", false, true, false, false, nil)
		return err == nil
	})
}

func TestExclusiveQueueMayBeRedeclaredOnAnotherChannelOfItsConnection(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	_, err := s.sibling().QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
}

func TestExclusiveQueuesGoWithTheirConnectionConsumedOrNot(t T) {
	t.Parallel()
	s, other := open(t), open(t)
	idle, consumed := other.queue(nil), other.queue(nil)
	other.consume(consumed)
	s.publish("", consumed, "a") // unacked at the end
	other.ok(other.connection.Close())
	for _, name := range []string{idle, consumed} {
		_, err := s.QueueDeclare(name, false, false, true, false, nil)
		s.ok(err)
		s.wantDrain(name, "")
	}
}

func TestExclusiveQueuesDoNotDeadLetterWhenTheirConnectionEnds(t T) {
	t.Parallel()
	s, other := open(t), open(t)
	dead := s.queue(nil)
	queue := other.queue(deadLettering(dead, nil))
	other.publish("", queue, "a", "b")
	other.get(queue)
	other.ok(other.connection.Close())
	s.missing(queue)
	s.publish("", dead, "sentinel")
	s.wantDrain(dead, "sentinel")
}

func TestExclusiveAutoDeleteQueueGoesWithItsLastConsumer(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, false, true, true, false, nil)
	s.ok(err)
	c := s.consume(name)
	s.ok(s.Cancel(c.tag, false))
	s.missing(name)
}

func TestExclusiveConsumerKeepsOtherConnectionsOutToo(t T) {
	t.Parallel()
	s, other := open(t), open(t)
	queue := s.shared(nil)
	s.consumeWith(queue, false, true, nil)
	if _, err := other.Consume(queue, "", true, false, false, false, nil); err == nil {
		t.Fatal("consuming, want a refusal")
	}
	other.refused(403, "queue '%s' in vhost '%s' in exclusive use", queue, target.vhost)
}

func TestUnackedOfAnExclusiveConsumerDoNotKeepOthersOut(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b")
	s.ok(s.Qos(1, 0, false))
	c := s.consumeWith(queue, false, true, nil)
	c.want("a")
	s.ok(s.Cancel(c.tag, false))
	s.sibling().consumeWith(queue, false, true, nil).want("b")
}
