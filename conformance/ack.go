package conformance

import (
	amqp "github.com/rabbitmq/amqp091-go"
)

// taken publishes bodies to a new queue and gets them all, unacked.
func (s *session) taken(args amqp.Table, bodies ...string) (string, []amqp.Delivery) {
	s.t.Helper()
	queue := s.queue(args)
	s.publish("", queue, bodies...)
	var deliveries []amqp.Delivery
	for range bodies {
		deliveries = append(deliveries, s.get(queue))
	}
	return queue, deliveries
}

// requeueAll closes the channel, so that what is unacked comes back, and returns
// a session to look at it.
func (s *session) requeueAll() *session {
	s.t.Helper()
	s.ok(s.Close())
	return s.sibling()
}

func TestAckSettlesOneDelivery(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.taken(nil, "a", "b", "c")
	s.ok(d[1].Ack(false))
	s.requeueAll().wantDrain(queue, "a c")
}

func TestAckMultipleSettlesAllUpToTheTag(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.taken(nil, "a", "b", "c", "d")
	s.ok(d[2].Ack(true))
	s.requeueAll().wantDrain(queue, "d")
}

func TestAckMultipleCoversGetsAndAllConsumersOfTheChannel(t T) {
	t.Parallel()
	s := open(t)
	first, second, third := s.queue(nil), s.queue(nil), s.queue(nil)
	s.publish("", first, "a")
	s.publish("", second, "b")
	s.publish("", third, "c")
	s.get(first)
	s.consume(second).want("b")
	last := s.consume(third).next()
	s.ok(last.Ack(true))
	after := s.requeueAll()
	for _, queue := range []string{first, second, third} {
		after.wantDrain(queue, "")
	}
}

func TestAckOfTag0MultipleSettlesEverything(t T) {
	t.Parallel()
	s := open(t)
	s.ok(s.Ack(0, true)) // nothing outstanding is fine
	queue, _ := s.taken(nil, "a", "b")
	s.ok(s.Ack(0, true))
	s.ok(s.Ack(0, true))
	s.requeueAll().wantDrain(queue, "")
}

func TestNackOfTag0MultipleRequeuesEverything(t T) {
	t.Parallel()
	s := open(t)
	queue, _ := s.taken(nil, "a", "b")
	s.ok(s.Nack(0, true, true))
	s.wantDrain(queue, "a b")
}

func TestAckTwiceIs406(t T) {
	t.Parallel()
	s := open(t)
	_, d := s.taken(nil, "a")
	s.ok(d[0].Ack(false))
	s.ok(d[0].Ack(false))
	s.refused(406, "unknown delivery tag 1")
}

func TestAckMultipleOfASettledTagIs406EvenIfLowerOnesAreOutstanding(t T) {
	t.Parallel()
	s := open(t)
	_, d := s.taken(nil, "a", "b")
	s.ok(d[1].Ack(false))
	s.ok(d[1].Ack(true))
	s.refused(406, "unknown delivery tag 2")
}

func TestRejectWithoutRequeueDrops(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.taken(nil, "a", "b")
	s.ok(d[0].Reject(false))
	s.ok(d[1].Nack(false, false))
	s.requeueAll().wantDrain(queue, "")
}

func TestRejectWithRequeueRedelivers(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.taken(nil, "a")
	if d[0].Redelivered {
		t.Error("redelivered at first: got true, want false")
	}
	s.ok(d[0].Reject(true))
	again := s.get(queue)
	if !again.Redelivered || again.DeliveryTag != 2 {
		t.Errorf("got redelivered %v, tag %d, want true, 2", again.Redelivered, again.DeliveryTag)
	}
}

func TestRejectedMessageMayGoToTheSameConsumer(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	c := s.consume(queue)
	s.publish("", queue, "a")
	d := c.next()
	s.ok(d.Reject(true))
	if d := c.next(); !d.Redelivered {
		t.Error("redelivered: got false, want true")
	}
}

func TestNackMultipleWithoutRequeueDropsAllUpToTheTag(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.taken(nil, "a", "b", "c")
	s.ok(d[1].Nack(true, false))
	s.requeueAll().wantDrain(queue, "c")
}

func TestRequeuedMessagesReturnToTheirOldPlaces(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.taken(nil, "a", "b", "c", "d")
	s.publish("", queue, "e")
	for _, i := range []int{2, 0, 3, 1} {
		s.ok(d[i].Reject(true))
	}
	s.wantDrain(queue, "a b c d e")
}

func TestRequeuedMessageGoesBetweenItsNeighbours(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.taken(nil, "a", "b", "c")
	s.ok(d[2].Reject(true))
	s.ok(d[0].Reject(true))
	if got := s.get(queue); string(got.Body) != "a" {
		t.Errorf("got %q, want a", got.Body)
	}
	s.ok(d[1].Reject(true))
	s.wantDrain(queue, "b c")
}

func TestChannelCloseRequeuesToTheOldPlaces(t T) {
	t.Parallel()
	s := open(t)
	queue, _ := s.taken(nil, "a", "b")
	s.publish("", queue, "c")
	s.requeueAll().wantDrain(queue, "a b c")
}

func TestRedeliveredStaysSet(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.taken(nil, "a")
	s.ok(d[0].Reject(true))
	for range 2 {
		other := s.sibling()
		again := other.get(queue)
		if !again.Redelivered {
			t.Error("redelivered: got false, want true")
		}
		other.ok(again.Reject(true))
		other.ok(other.Close())
	}
}

func TestRecoverRequeuesAndRedeliversWithNewTags(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.publish(1, "", queue, nil, "a")
	r.call(1, basicConsume(queue, "c", 0, nil), 21)
	r.expect(1, 60, 60)
	r.content(1)
	r.call(1, basicRecover(1), 111) // before the deliveries
	d := r.expect(1, 60, 60)
	if tag, number, redelivered := d.shortstr(), d.longlong(), d.octet(); tag != "c" || number != 2 || redelivered != 1 {
		t.Errorf("got %q %d %d, want c, 2, 1", tag, number, redelivered)
	}
	r.content(1)
	r.send(1, basicAck(1, 0)) // the old tag is no more
	r.expectClose(1, closing{406, "unknown delivery tag 1", 60, 80})
}

func TestRecoverMayGiveMessagesToOthers(t T) {
	t.Parallel()
	s := open(t)
	queue, _ := s.taken(nil, "a")
	c := s.sibling().consume(queue)
	s.ok(s.Recover(true))
	if d := c.next(); !d.Redelivered {
		t.Error("redelivered: got false, want true")
	}
}

func TestRecoverAsyncRequeuesWithoutAnAnswer(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.publish(1, "", queue, nil, "a")
	r.call(1, basicGet(queue, 0), 71)
	r.content(1)
	r.send(1, method(60, 100, uint8(1)))
	r.ping(1)
	again := r.call(1, basicGet(queue, 0), 71)
	if tag, redelivered := again.longlong(), again.octet(); tag != 2 || redelivered != 1 {
		t.Errorf("got tag %d redelivered %d, want 2, 1", tag, redelivered)
	}
}

func TestRecoverWithNothingOutstandingIsAnswered(t T) {
	t.Parallel()
	s := open(t)
	s.ok(s.Recover(true))
}

func TestAckFreesTheMessageForGood(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.taken(nil, "a")
	s.ok(d[0].Ack(false))
	s.ok(s.Recover(true))
	s.wantDrain(queue, "")
}

func TestRejectAfterNackMultipleIs406(t T) {
	t.Parallel()
	s := open(t)
	_, d := s.taken(nil, "a", "b")
	s.ok(d[1].Nack(true, false))
	s.ok(d[0].Reject(true))
	s.refused(406, "unknown delivery tag 1")
}

func TestAckOfAnotherConnectionsTagIs406(t T) {
	t.Parallel()
	s, other := open(t), open(t)
	s.taken(nil, "a")
	other.ok(other.Ack(1, false))
	other.refused(406, "unknown delivery tag 1")
}

func TestNackMultipleRequeuesInOrder(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.taken(nil, "a", "b", "c", "d")
	s.publish("", queue, "e")
	s.ok(d[1].Ack(false))
	s.ok(d[2].Nack(true, true))
	s.wantDrain(queue, "a c e")
}

func TestUnackedSurviveTheirPublisher(t T) {
	t.Parallel()
	s, publisher := open(t), open(t)
	queue := s.queue(nil)
	c := s.consume(queue)
	publisher.publish("", queue, "a")
	d := c.next()
	s.ok(publisher.connection.Close())
	s.ok(d.Nack(false, true))
	c.want("a")
}

func TestRecoverCoversGetsAndEveryConsumerOfTheChannel(t T) {
	t.Parallel()
	s := open(t)
	first, second, third := s.queue(nil), s.queue(nil), s.queue(nil)
	s.publish("", first, "a")
	s.publish("", second, "b")
	s.publish("", third, "c")
	s.get(first)
	one, two := s.consume(second), s.consume(third)
	one.want("b")
	two.want("c")
	s.ok(s.Recover(true))
	for _, c := range []*consumer{one, two} {
		if d := c.next(); !d.Redelivered {
			t.Errorf("%s: redelivered: got false, want true", d.Body)
		}
	}
	if d := s.get(first); !d.Redelivered {
		t.Error("redelivered: got false, want true")
	}
}

func TestRecoverLeavesOtherChannelsAlone(t T) {
	t.Parallel()
	s := open(t)
	queue, _ := s.taken(nil, "a")
	other := s.sibling()
	other.ok(other.Recover(true))
	s.wantDrain(queue, "")
}

func TestRecoverKeepsTheOrder(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c", "d")
	first := c.next()
	c.want("b c d")
	s.ok(first.Ack(false))
	s.ok(s.Recover(true))
	c.want("b c d")
}

func TestRecoverAfterCancelRequeues(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	c := s.consume(queue)
	s.publish("", queue, "a")
	c.want("a")
	s.ok(s.Cancel(c.tag, false))
	s.ok(s.Recover(true))
	if d := s.get(queue); !d.Redelivered {
		t.Error("redelivered: got false, want true")
	}
}

func TestRecoverIgnoresDeletedQueues(t T) {
	t.Parallel()
	s := open(t)
	deleted, living := s.queue(nil), s.queue(nil)
	s.publish("", deleted, "a")
	s.publish("", living, "b")
	s.get(deleted)
	s.get(living)
	_, err := s.QueueDelete(deleted, false, false, false)
	s.ok(err)
	s.ok(s.Recover(true))
	s.wantDrain(living, "b")
}

func TestNackMultipleRequeuesToEveryQueue(t T) {
	t.Parallel()
	s := open(t)
	one, two := s.queue(nil), s.queue(nil)
	s.publish("", one, "a", "c")
	s.publish("", two, "b", "d")
	for _, queue := range []string{one, two, one, two} {
		s.get(queue)
	}
	s.ok(s.Nack(3, true, true))
	s.wantDrain(one, "a c")
	s.wantDrain(two, "b")
}

func TestConnectionCloseRequeuesToTheOldPlacesOfEveryQueue(t T) {
	t.Parallel()
	s, other := open(t), open(t)
	one, two := s.shared(nil), s.shared(nil)
	s.publish("", one, "a", "b")
	s.publish("", two, "c", "d")
	another := other.sibling()
	other.consume(one).want("a b")
	another.consume(two).want("c d")
	s.publish("", one, "e")
	s.wantReady(two, 0)
	other.ok(other.connection.Close())
	s.consume(one).want("a b e")
	s.consume(two).want("c d")
}

func TestTagsBeginAnewOnAChannelOpenedAgain(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.publish(1, "", queue, nil, "a")
	for range 3 {
		if tag := r.call(1, basicGet(queue, 0), 71).longlong(); tag != 1 {
			t.Errorf("tag: got %d, want 1", tag)
		}
		r.content(1)
		r.call(1, channelClose(), 41)
		r.openChannel(1)
	}
	r.send(1, basicAck(1, 0))
	r.expectClose(1, closing{406, "unknown delivery tag 1", 60, 80})
}

func TestAckOfTheHighestPossibleTagIs406(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, basicAck(1<<64-1, multiple))
	r.expectClose(1, closing{406, "unknown delivery tag 18446744073709551615", 60, 80})
}

func TestAcksInAnyOrder(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.taken(nil, "a", "b", "c", "d", "e")
	s.ok(d[3].Ack(false))
	s.ok(d[0].Ack(false))
	s.ok(d[2].Ack(true)) // and with it the second
	s.requeueAll().wantDrain(queue, "e")
}

func TestFailedAckSettlesNothing(t T) {
	t.Parallel()
	s := open(t)
	queue, _ := s.taken(nil, "a", "b")
	s.ok(s.Ack(3, true))
	s.refused(406, "unknown delivery tag 3")
	s.sibling().wantDrain(queue, "a b")
}
