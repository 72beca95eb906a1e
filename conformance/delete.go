package conformance

import (
	amqp "github.com/rabbitmq/amqp091-go"
)

func TestDeletingAMissingQueueIsFine(t T) {
	t.Parallel()
	s := open(t)
	for _, name := range []string{unique(t), "amq." + unique(t)} {
		n, err := s.QueueDelete(name, false, false, false)
		s.ok(err)
		if n != 0 {
			t.Errorf("message-count: got %d, want 0", n)
		}
	}
}

func TestDeleteOkCountsReadyMessages(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b", "c")
	s.wantReady(queue, 3)
	s.get(queue)
	n, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	if n != 2 {
		t.Errorf("message-count: got %d, want 2", n)
	}
}

func TestUnackedOfADeletedQueueMayBeAcked(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b")
	one, two := s.get(queue), s.get(queue)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	s.ok(one.Ack(false))
	s.ok(two.Nack(false, true))
	s.queue(nil) // the channel is still open
}

func TestDeletingAQueueCancelsItsConsumers(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, basicConsume(queue, "mine", 0, nil), 21)
	r.openChannel(2)
	r.send(2, queueDelete(queue, 0))
	deleted := false
	for range 2 { // in any order, as they are of different channels
		f := r.read()
		switch f.channel {
		case 1:
			if want := string(method(60, 30, "mine", uint8(1))); string(f.payload) != want {
				t.Errorf("got %v, want basic.cancel of mine with nowait", f)
			}
		case 2:
			deleted = true
		}
	}
	if !deleted {
		t.Error("no queue.delete-ok")
	}
	r.ping(1)
}

func TestConsumersWithoutTheCapabilityAreNotTold(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{properties: table()})
	r.openChannel(1)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, basicConsume(queue, "mine", 0, nil), 21)
	r.call(1, queueDelete(queue, 0), 41)
	r.ping(1)
}

func TestCancelOkForTheServersCancel(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, basicConsume(queue, "mine", 0, nil), 21)
	r.openChannel(2)
	r.send(2, queueDelete(queue, 0))
	r.read()
	r.read()
	r.send(1, method(60, 31, "mine"))
	if always(t, "4.3", "a client's basic.cancel-ok is accepted") {
		r.ping(1)
	} else {
		r.expectClose(0, closing{503, "unimplemented method", 60, 31})
	}
}

func TestPurgeRemovesReadyMessagesOnly(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b", "c")
	d := s.get(queue)
	n, err := s.QueuePurge(queue, false)
	s.ok(err)
	if n != 2 {
		t.Errorf("message-count: got %d, want 2", n)
	}
	s.ok(d.Nack(false, true))
	s.wantDrain(queue, "a")
}

func TestPurgedAndDeletedMessagesAreNotDeadLettered(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
	s.publish("", queue, "purged")
	_, err := s.QueuePurge(queue, false)
	s.ok(err)
	s.publish("", queue, "rejected", "deleted")
	d := s.get(queue)
	s.ok(d.Reject(false))
	_, err = s.QueueDelete(queue, false, false, false)
	s.ok(err)
	s.publish("", dead, "sentinel")
	c := s.consumeWith(dead, true, false, nil)
	first, second := string(c.next().Body), string(c.next().Body)
	if first == "sentinel" {
		first, second = second, first
	}
	if first != "rejected" || second != "sentinel" {
		t.Errorf("got %q and %q, want only rejected and the sentinel", first, second)
	}
	c.wantRest("")
}

func TestDeleteIfUnusedAndIfEmptyOfAnIdleQueue(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	_, err := s.QueueDelete(queue, true, true, false)
	s.ok(err)
	s.missing(queue)
}

func TestUnackedMessagesLeaveAQueueEmptyAndUnused(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a")
	d := s.get(queue)
	n, err := s.QueueDelete(queue, true, true, false)
	s.ok(err)
	if n != 0 {
		t.Errorf("message-count: got %d, want 0", n)
	}
	s.ok(d.Ack(false))
	s.missing(queue)
}

func TestDeletingAQueueCancelsItsConsumersOnEveryConnection(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	var gone []<-chan string
	for range 3 {
		other := open(t)
		cancelled := other.NotifyCancel(make(chan string, 1))
		other.consume(queue)
		gone = append(gone, cancelled)
	}
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	for _, cancelled := range gone {
		receive(t, cancelled, "basic.cancel")
	}
}

func TestTagOfAConsumerTheServerCancelledIsFree(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, basicConsume(queue, "mine", 0, nil), 21)
	r.openChannel(2)
	r.send(2, queueDelete(queue, 0))
	r.read()
	r.read() // delete-ok and the cancel, in any order
	if tag := r.call(1, basicCancel("mine"), 31).shortstr(); tag != "mine" {
		t.Errorf("consumer-tag: got %q, want mine", tag)
	}
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, basicConsume(queue, "mine", 0, nil), 21)
}

func TestDeletedQueueMayBeDeclaredDifferently(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(1)})
	s.publish("", queue, "a")
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	_, err = s.QueueDeclare(queue, false, true, true, false, amqp.Table{"x-max-priority": int32(5)})
	s.ok(err)
	s.publish("", queue, "b", "c")
	s.wantDrain(queue, "b c")
}

func TestAckMultipleCoversDeletedAndLivingQueues(t T) {
	t.Parallel()
	s := open(t)
	deleted, living := s.queue(nil), s.queue(nil)
	s.publish("", deleted, "a", "b")
	s.publish("", living, "c", "d")
	s.get(living)
	s.get(deleted)
	s.get(deleted)
	last := s.get(living)
	_, err := s.QueueDelete(deleted, false, false, false)
	s.ok(err)
	s.ok(last.Ack(true))
	s.requeueAll().wantDrain(living, "")
}

func TestUnackedOfADeletedQueueAreNotForItsSuccessor(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a")
	d := s.get(queue)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	_, err = s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	s.ok(d.Nack(false, true))
	s.wantDrain(queue, "")
}

func TestPurgeLeavesConsumersAndBindings(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	queue := s.bound(x, "", nil)
	n, err := s.QueuePurge(queue, false)
	s.ok(err)
	if n != 0 {
		t.Errorf("message-count: got %d, want 0", n)
	}
	c := s.consume(queue)
	_, err = s.QueuePurge(queue, false)
	s.ok(err)
	s.publish(x, "", "a")
	c.want("a")
}

func TestPurgeOfAQueueOfTenThousand(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, confirmSelect(), 11)
	const messages = 10000
	var flood []byte
	for range messages {
		flood = append(flood, publishing(1, basicPublish("", queue, 0), nil, "x")...)
	}
	r.write(flood)
	r.confirms(1, messages)
	if n := r.call(1, queuePurge(queue), 31).long(); n != messages {
		t.Errorf("message-count: got %d, want %d", n, messages)
	}
	r.call(1, basicGet(queue, 0), 72)
}
