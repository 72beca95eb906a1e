package conformance

import (
	"fmt"
	"maps"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// quorum declares a quorum queue that is deleted when the test ends, and puts the
// channel into confirm mode.
func (s *session) quorum(args amqp.Table) string {
	s.t.Helper()
	s.confirm()
	return s.shared(ofType("quorum", args))
}

// ofType returns arguments with a type of queue.
func ofType(kind string, args amqp.Table) amqp.Table {
	all := amqp.Table{"x-queue-type": kind}
	maps.Copy(all, args)
	return all
}

// fill publishes messages and waits until the queue has them.
func (s *session) fill(queue string, bodies ...string) {
	s.t.Helper()
	for _, body := range bodies {
		if !s.confirmed("", queue, amqp.Publishing{Body: []byte(body)}) {
			s.t.Fatalf("%s: got a nack, want an ack", body)
		}
	}
}

// soon gets a message, which may come back to the queue only in a moment.
func (s *session) soon(queue string) (d amqp.Delivery) {
	s.t.Helper()
	eventually(s.t, "message ready", func() (found bool) {
		var err error
		d, found, err = s.Get(queue, false)
		s.ok(err)
		return found
	})
	return d
}

// count returns a delivery's body and how often it has come back.
func count(d amqp.Delivery) string {
	n, found := d.Headers["x-delivery-count"]
	if !found || n == int64(0) {
		return string(d.Body)
	}
	return fmt.Sprintf("%s:%d", d.Body, n)
}

// wantCounts takes as many messages as there are words, and acks them.
func (s *session) wantCounts(queue, words string) {
	s.t.Helper()
	for word := range strings.FieldsSeq(words) {
		d := s.soon(queue)
		if got := count(d); got != word || d.Redelivered != strings.Contains(word, ":") {
			s.t.Fatalf("got %q, redelivered %v, want %q", got, d.Redelivered, word)
		}
		s.ok(d.Ack(false))
	}
}

func TestQuorumQueueCountsDeliveriesThatComeBack(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(nil)
	s.fill(queue, "a")
	s.ok(s.soon(queue).Nack(false, true))
	s.ok(s.soon(queue).Reject(true))
	s.wantCounts(queue, "a:2")
}

func TestFirstDeliveryOfAQuorumQueueHasNoCount(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(nil)
	s.fill(queue, "a")
	n, found := s.soon(queue).Headers["x-delivery-count"]
	if since(t, "4.0", "a first delivery has no x-delivery-count") {
		if found {
			t.Errorf("x-delivery-count: got %v, want none", n)
		}
	} else if n != int64(0) {
		t.Errorf("x-delivery-count: got %v, want 0", n)
	}
}

func TestEndOfAChannelCountsAsADelivery(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(nil)
	s.fill(queue, "a", "b")
	other := s.sibling()
	other.soon(queue)
	other.ok(other.Close())
	s.wantCounts(queue, "a:1 b")
}

func TestEndOfAConnectionCountsAsADelivery(t T) {
	t.Parallel()
	s, other := open(t), open(t)
	queue := s.quorum(nil)
	s.fill(queue, "a", "b")
	other.soon(queue)
	other.ok(other.connection.Close())
	s.wantCounts(queue, "a:1 b")
}

func TestRecoverCountsAsADelivery(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(amqp.Table{"x-delivery-limit": int32(10)})
	s.fill(queue, "a", "b")
	s.soon(queue)
	s.ok(s.Recover(true))
	s.wantCounts(queue, "a:1 b")
}

func TestReturnedToAQuorumQueueComeFirst(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(amqp.Table{"x-delivery-limit": int32(10)})
	s.fill(queue, "a", "b", "c", "d", "e")
	got := []amqp.Delivery{s.soon(queue), s.soon(queue), s.soon(queue)}
	for i, which := range []int{2, 0, 1} {
		s.ok(got[which].Nack(false, true))
		s.wantReady(queue, 3+i)
	}
	s.wantCounts(queue, "c:1 a:1 b:1 d e")
}

func TestReturnedAtOnceToAQuorumQueueKeepTheirOrder(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(amqp.Table{"x-delivery-limit": int32(10)})
	s.fill(queue, "a", "b", "c", "d")
	s.soon(queue)
	s.soon(queue)
	s.ok(s.soon(queue).Nack(true, true))
	s.wantReady(queue, 4)
	s.wantCounts(queue, "a:1 b:1 c:1 d")
}

// unlimited declares a quorum queue without a delivery limit.
func (s *session) unlimited() string {
	s.t.Helper()
	args := amqp.Table{}
	if since(s.t, "4.0", "a limit of 20 unless there is another") {
		args["x-delivery-limit"] = int32(-1)
	}
	return s.quorum(args)
}

func TestWithoutDeliveryLimitReturnedGoBehindTheOthers(t T) {
	t.Parallel()
	s := open(t)
	queue := s.unlimited()
	s.fill(queue, "a", "b", "c")
	s.ok(s.soon(queue).Nack(false, true))
	s.wantReady(queue, 3)
	s.wantCounts(queue, "b c a:1")
}

func TestWithoutDeliveryLimitTheUnackedOfAChannelComeFirst(t T) {
	t.Parallel()
	s := open(t)
	queue := s.unlimited()
	s.fill(queue, "a", "b")
	other := s.sibling()
	other.soon(queue)
	other.ok(other.Close())
	s.wantReady(queue, 2)
	s.wantCounts(queue, "a:1 b")
}

func TestDeliveryLimitDeadLetters(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.quorum(deadLettering(dead, amqp.Table{"x-delivery-limit": int32(2)}))
	s.fill(queue, "a")
	for range 3 {
		s.ok(s.soon(queue).Nack(false, true))
	}
	d := s.consumeWith(dead, true, false, nil).next()
	death := deaths(t, d)[0]
	if death["reason"] != "delivery_limit" || death["queue"] != queue || death["count"] != int64(1) {
		t.Errorf("x-death: got %v, want delivery_limit, once, of the queue", death)
	}
	if n, found := d.Headers["x-delivery-count"]; found {
		t.Errorf("x-delivery-count of the dead letter: got %v, want none", n)
	}
}

func TestDeliveryLimitWithoutDeadLetterExchangeDrops(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(amqp.Table{"x-delivery-limit": int32(0)})
	s.fill(queue, "a", "b")
	s.ok(s.soon(queue).Nack(false, true))
	s.wantCounts(queue, "b")
	s.wantReady(queue, 0)
}

func TestDeliveryLimitIsTwentyUnlessThereIsAnother(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.quorum(deadLettering(dead, nil))
	s.fill(queue, "a")
	for range 21 {
		s.ok(s.soon(queue).Nack(false, true))
	}
	if since(t, "4.0", "a limit of 20 unless there is another") {
		s.consumeWith(dead, true, false, nil).want("a")
	} else {
		s.wantCounts(queue, "a:21")
	}
}

func TestQuorumQueueWithoutConfirmsKeepsTheOrder(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(ofType("quorum", nil))
	var bodies []string
	for i := range 100 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	s.publish("", queue, bodies...)
	c := s.consumeWith(queue, true, false, nil)
	c.want(strings.Join(bodies, " "))
}

func TestQuorumQueueExpiresMessages(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.quorum(deadLettering(dead, amqp.Table{"x-message-ttl": int32(1)}))
	s.fill(queue, "a")
	d := s.consumeWith(dead, true, false, nil).next()
	if reason := deaths(t, d)[0]["reason"]; reason != "expired" {
		t.Errorf("reason: got %v, want expired", reason)
	}
}

func TestQuorumQueueDropsItsHead(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(amqp.Table{"x-max-length": int32(2)})
	s.fill(queue, "a", "b", "c")
	s.wantCounts(queue, "b c")
}

func TestQuorumQueueDoesNotDeadLetterWhatItRefuses(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.quorum(deadLettering(dead, amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish-dlx"}))
	s.fill(queue, "a", "b") // as if it was drop-head
	s.consumeWith(dead, true, false, nil).want("a")
	s.wantCounts(queue, "b")
}

func TestFullQuorumQueueRefuses(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"})
	refused := false
	for range 100 { // it may take some more than it should
		refused = refused || !s.confirmed("", queue, amqp.Publishing{Body: []byte("a")})
	}
	if !refused {
		t.Error("got acks only, want a nack")
	}
}

func TestPurgeOfAQuorumQueue(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(nil)
	s.fill(queue, "a", "b", "c")
	d := s.soon(queue)
	n, err := s.QueuePurge(queue, false)
	s.ok(err)
	if n != 2 {
		t.Errorf("purged %d, want 2", n)
	}
	s.ok(d.Nack(false, true))
	s.wantCounts(queue, "a:1")
}

func TestQuorumQueueIgnoresExclusiveConsumers(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(nil)
	s.consumeWith(queue, false, true, nil)
	s.consumeWith(queue, false, true, nil)
}

func TestQuorumQueueHasTwoPriorities(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(nil)
	for i, priority := range []uint8{0, 4, 3, 5, 9, 5} {
		s.confirmed("", queue, amqp.Publishing{Body: []byte(fmt.Sprint(i)), Priority: priority})
	}
	if since(t, "4.0", "priorities from 5 on overtake others, two at a time") {
		s.wantCounts(queue, "3 4 0 5 1 2")
	} else {
		s.wantCounts(queue, "0 1 2 3 4 5")
	}
}

func TestHigherPriorityTakesOverASingleActiveQuorumQueue(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(singleActive)
	first := s.consume(queue)
	s.fill(queue, "a")
	a := first.next()
	eager := s.consumeWith(queue, false, false, amqp.Table{"x-priority": int32(10)})
	s.ok(a.Ack(false))
	if !always(t, "4.0", "a consumer of higher priority becomes the active one") {
		s.fill(queue, "b")
		first.want("b")
		return
	}
	s.fill(queue, "b")
	eager.want("b")
	first.wantRest("")
}

func TestNextConsumerOfAQuorumQueueBecomesActive(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(singleActive)
	first, second := s.consume(queue), s.consume(queue)
	s.fill(queue, "a")
	first.want("a")
	s.ok(s.Cancel(first.tag, false))
	s.fill(queue, "b")
	second.want("b")
}

func TestDeadLettersOfAQuorumQueueWaitForAQueue(t T) {
	slow(t)
	t.Parallel()
	s := open(t)
	x, key := s.exchange("direct", nil), unique(t)
	queue := s.quorum(amqp.Table{
		"x-dead-letter-exchange": x, "x-dead-letter-routing-key": key,
		"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
	})
	s.fill(queue, "a")
	s.ok(s.soon(queue).Reject(false))
	s.wantReady(queue, 0)
	if ours(t, "tried again every five seconds, not after three minutes") {
		s.consumeWith(s.bound(x, key, nil), true, false, nil).want("a")
	}
}
