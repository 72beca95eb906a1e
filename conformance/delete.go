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
