package conformance

import (
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// prioritised publishes bodies, each with the priority in front of the colon.
func (s *session) prioritised(queue string, priorities ...uint8) {
	s.t.Helper()
	for i, priority := range priorities {
		body := string(rune('0'+priority)) + string(rune('a'+i))
		s.send("", queue, amqp.Publishing{Priority: priority, Body: []byte(body)})
	}
}

func TestHigherPriorityComesFirstAndEqualOnesInOrder(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(9)})
	s.prioritised(queue, 1, 5, 0, 5, 9, 1)
	s.wantDrain(queue, "9e 5b 5d 1a 1f 0c")
}

func TestPriorityIsClampedToTheQueuesMaximum(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(3)})
	s.prioritised(queue, 9, 3, 2, 5)
	s.wantDrain(queue, "9a 3b 5d 2c")
}

func TestMaxPriorityZeroHasOneLevel(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(0)})
	s.prioritised(queue, 1, 5, 0)
	s.wantDrain(queue, "1a 5b 0c")
}

func TestQueueWithoutMaxPriorityIgnoresPriorities(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.prioritised(queue, 1, 5, 0)
	s.wantDrain(queue, "1a 5b 0c")
}

func TestRequeuedMessageReturnsToItsLevel(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(9)})
	s.prioritised(queue, 5, 5)
	d := s.get(queue)
	s.prioritised(queue, 9, 1)
	s.ok(d.Reject(true))
	s.wantDrain(queue, "9a 5a 5b 1b")
}

func TestDeliveredMessageCannotBeOvertaken(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(9)})
	s.ok(s.Qos(1, 0, false))
	c := s.consume(queue)
	s.prioritised(queue, 1)
	d := c.next()
	s.prioritised(queue, 2, 8)
	s.wantReady(queue, 2)
	s.ok(d.Ack(false))
	c.want("8b")
}

func TestPriorityQueueCountsAllLevels(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(9)})
	s.prioritised(queue, 1, 5, 9)
	s.wantReady(queue, 3)
	n, err := s.QueuePurge(queue, false)
	s.ok(err)
	if n != 3 {
		t.Errorf("purged: got %d, want 3", n)
	}
}

func TestExpiredLowPriorityBehindHigherOnesStillCounts(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-max-priority": int32(9)}))
	c := s.consume(dead)
	s.send("", queue, amqp.Publishing{Priority: 5, Body: []byte("high")})
	s.send("", queue, amqp.Publishing{Priority: 1, Expiration: "20", Body: []byte("low")})
	s.publish("", s.queue(deadLettering(dead, amqp.Table{"x-message-ttl": int32(100)})), "witness")
	first := string(c.next().Body)
	s.wantDrain(queue, "high")
	second := string(c.next().Body)
	if first != "witness" || second != "low" {
		t.Errorf("dead letters: got %q then %q, want the witness, and low once it is next", first, second)
	}
}

func TestExpiredMessagesOfAPriorityQueueAreDeadLettered(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, amqp.Table{"x-max-priority": int32(9)}))
	s.send("", queue, amqp.Publishing{Priority: 3, Expiration: "20", Body: []byte("a")})
	s.consume(dead).want("a")
}

func TestRequeuedMessagesTakeTheirOldPlacesInEveryLevel(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(9)})
	s.prioritised(queue, 1, 9, 5, 9, 1)
	for range 5 {
		s.get(queue)
	}
	s.prioritised(queue, 9, 5)
	s.ok(s.Nack(0, true, true))
	s.wantDrain(queue, "9b 9d 9a 5c 5b 1a 1e")
}

func TestClosingAChannelRequeuesByPriority(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(9)})
	s.prioritised(queue, 2, 7, 2)
	other := s.sibling()
	c := other.consume(queue)
	c.want("7b 2a 2c")
	s.prioritised(queue, 5)
	c.want("5a")
	other.ok(other.Close())
	s.wantReady(queue, 4)
	s.wantDrain(queue, "7b 5a 2a 2c")
}

func TestPriorityAndPrefetchAndSingleActiveConsumer(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(9), "x-single-active-consumer": true})
	other := s.sibling()
	other.ok(other.Qos(1, 0, false))
	s.ok(s.Qos(2, 0, false))
	first, second := other.consume(queue), s.consume(queue)
	s.prioritised(queue, 1)
	d := first.next()
	s.prioritised(queue, 3, 9, 3)
	s.wantReady(queue, 3)
	other.ok(d.Nack(false, true))
	first.want("9b")
	other.ok(other.Close())
	second.want("9b 3a")
	second.wantRest("")
	s.wantDrain(queue, "3c 1a")
}

func TestHighPriorityConsumerGetsTheHighPriorityMessage(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(9)})
	s.prioritised(queue, 1, 9)
	s.wantReady(queue, 2)
	s.ok(s.Qos(1, 0, false))
	high := s.consumeWith(queue, false, false, amqp.Table{"x-priority": int32(5)})
	high.want("9b")
	low := s.consumeWith(queue, false, false, amqp.Table{"x-priority": int32(-5)})
	low.want("1a")
}

func TestPriorityOf255InAQueueOf255Levels(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": uint8(255)})
	for _, priority := range []uint8{0, 254, 255, 1} {
		s.send("", queue, amqp.Publishing{Priority: priority, Body: []byte(fmt.Sprint(priority))})
	}
	s.wantDrain(queue, "255 254 1 0")
}

func TestTransactionsEnterByPriority(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(9)})
	s.prioritised(queue, 1, 9, 5)
	s.ok(s.TxCommit())
	outside.wantDrain(queue, "9b 5c 1a")
}

func TestPriorityQueueLeavesThePropertyAsItWas(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-priority": int32(2)})
	s.prioritised(queue, 9)
	if d := s.get(queue); d.Priority != 9 {
		t.Errorf("priority: got %d, want 9 though the queue counts it as 2", d.Priority)
	}
}
