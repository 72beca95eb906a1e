package conformance

import (
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestConsumersTakeTurns(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	consumers := []*consumer{s.consume(queue), s.consume(queue), s.consume(queue)}
	s.publish("", queue, "0", "1", "2", "3", "4", "5", "6", "7", "8")
	for _, c := range consumers {
		first := c.next()
		var n int
		if _, err := fmt.Sscan(string(first.Body), &n); err != nil || n > 2 {
			t.Fatalf("first of a consumer: got %q, want 0, 1 or 2", first.Body)
		}
		c.want(fmt.Sprint(n+3, " ", n+6))
	}
}

func TestFullConsumerIsSkipped(t T) {
	t.Parallel()
	s, other := open(t), open(t)
	queue := s.shared(nil)
	s.ok(s.Qos(1, 0, false))
	narrow := s.consume(queue)
	s.publish("", queue, "a")
	narrow.want("a") // and is full now
	wide := other.consume(queue)
	s.publish("", queue, "b", "c", "d")
	wide.want("b c d")
	narrow.wantRest("")
}

func TestConsumerPriorityServesTheHighestFirst(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(2, 0, false))
	low := s.consumeWith(queue, false, false, amqp.Table{"x-priority": int32(-5)})
	middle := s.consume(queue)
	high := s.consumeWith(queue, false, false, amqp.Table{"x-priority": int32(10)})
	s.publish("", queue, "a", "b", "c", "d", "e", "f", "g")
	high.want("a b")
	middle.want("c d")
	low.want("e f")
	s.wantDrain(queue, "g")
}

func TestConsumersOfEqualPriorityTakeTurns(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	args := amqp.Table{"x-priority": int32(1)}
	one, two := s.consumeWith(queue, true, false, args), s.consumeWith(queue, true, false, args)
	s.publish("", queue, "a", "b", "c", "d")
	first := one.next()
	if string(first.Body) == "a" {
		one.want("c")
		two.want("b d")
	} else {
		one.want("d")
		two.want("a c")
	}
}

func TestEveryMessageGoesToExactlyOneConsumer(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	const consumers, messages = 5, 500
	bodies := make(chan string, messages)
	for range consumers {
		other := open(t)
		other.ok(other.Qos(7, 0, false))
		c := other.consume(queue)
		go func() {
			for d := range c.deliveries {
				if d.Ack(false) != nil {
					return
				}
				bodies <- string(d.Body)
			}
		}()
	}
	for i := range messages {
		s.publish("", queue, fmt.Sprint(i))
	}
	seen := map[string]bool{}
	for range messages {
		body := receive(t, bodies, "a delivery")
		if seen[body] {
			t.Errorf("message %s was delivered twice", body)
		}
		seen[body] = true
	}
	s.wantDrain(queue, "")
}

func TestMessagesWaitForAConsumerWithRoom(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	full := s.consume(queue)
	s.publish("", queue, "a", "b", "c")
	held := full.next()
	late := s.sibling().consume(queue)
	late.want("b c")
	s.ok(held.Ack(false))
	full.wantRest("")
}

func TestHighPriorityConsumerGetsWhatIsRequeued(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	low := s.consumeWith(queue, false, false, amqp.Table{"x-priority": int32(-1)})
	s.publish("", queue, "a")
	d := low.next()
	high := s.consume(queue)
	s.ok(d.Reject(true))
	high.want("a")
	low.wantRest("")
}

func TestLeavingHighPriorityConsumerLeavesItsTurnToTheNext(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	low := s.consumeWith(queue, true, false, amqp.Table{"x-priority": int32(1)})
	high := s.consumeWith(queue, true, false, amqp.Table{"x-priority": int32(2)})
	s.publish("", queue, "a")
	high.want("a")
	high.wantRest("")
	s.publish("", queue, "b")
	low.want("b")
	later := s.consumeWith(queue, true, false, amqp.Table{"x-priority": int32(3)})
	s.publish("", queue, "c")
	later.want("c")
	low.wantRest("")
}

func TestPriorityDefaultsToZero(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	negative := s.consumeWith(queue, true, false, amqp.Table{"x-priority": int32(-1)})
	ordinary := s.consumeWith(queue, true, false, nil)
	s.publish("", queue, "a", "b", "c")
	ordinary.want("a b c")
	negative.wantRest("")
}

func TestFullHighPriorityConsumerIsServedFirstAgain(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	high := s.consumeWith(queue, false, false, amqp.Table{"x-priority": int32(1)})
	low := s.consume(queue)
	s.publish("", queue, "a", "b")
	d := high.next()
	held := low.next()
	s.ok(d.Ack(false))
	s.publish("", queue, "c")
	high.want("c")
	s.publish("", queue, "d")
	s.ok(held.Ack(false))
	low.want("d")
}

func TestConsumersOfSeveralConnectionsTakeTurns(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	var consumers []*consumer
	for range 3 {
		consumers = append(consumers, open(t).consumeWith(queue, true, false, nil))
	}
	s.publish("", queue, "0", "1", "2", "3", "4", "5")
	for _, c := range consumers {
		first, second := string(c.next().Body), string(c.next().Body)
		if first[0]+3 != second[0] {
			t.Errorf("one consumer: got %s and %s, want every third", first, second)
		}
	}
}
