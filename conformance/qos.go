package conformance

import ()

func TestPrefetchLimitsUnackedDeliveriesOfAConsumer(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(2, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c", "d")
	d := c.next()
	c.want("b")
	s.ok(d.Ack(false))
	c.want("c")
	c.wantRest("")
	s.wantDrain(queue, "d")
}

func TestRejectFreesPrefetchToo(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c")
	d := c.next()
	s.ok(d.Reject(false))
	d = c.next()
	s.ok(d.Nack(false, true))
	d = c.next()
	if string(d.Body) != "b" || !d.Redelivered {
		t.Errorf("got %q, want b again", d.Body)
	}
	c.wantRest("")
}

func TestPrefetchCountsPerConsumer(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	one, two := s.consume(queue), s.consume(queue)
	s.publish("", queue, "a", "b", "c")
	one.next()
	two.next()
	s.wantDrain(queue, "c")
	one.wantRest("")
	two.wantRest("")
}

func TestPrefetchAppliesToConsumersStartedAfterwards(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	old := s.consume(queue)
	s.ok(s.Qos(2, 0, false))
	s.publish("", queue, "a", "b")
	old.want("a")
	old.wantRest("") // it keeps its limit of one
	young := s.consume(queue)
	s.publish("", queue, "c", "d")
	young.want("b c")
	young.wantRest("")
	s.wantDrain(queue, "d")
}

func TestPrefetchZeroIsUnlimited(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	s.ok(s.Qos(0, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c", "d", "e")
	c.want("a b c d e")
}

func TestPrefetchMayBe65535(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(65535, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a", "b")
	c.want("a b")
}

func TestPrefetchDoesNotApplyWithoutAcks(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	c := s.consumeWith(queue, true, false, nil)
	s.publish("", queue, "a", "b", "c")
	c.want("a b c")
}

func TestGlobalPrefetchDoesNotApplyWithoutAcks(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, true))
	c := s.consumeWith(queue, true, false, nil)
	s.publish("", queue, "a", "b", "c")
	c.want("a b c")
}

func TestGetsDoNotCountAgainstPrefetch(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b", "c")
	s.ok(s.Qos(1, 0, false))
	s.get(queue)
	s.get(queue)
	s.consume(queue).want("c")
}

// globalQos skips a test of the channel-wide limit where there is none.
func globalQos(t T) {
	t.Helper()
	if !hasGlobalQos(t) {
		t.Skip("no global prefetch in this version")
	}
}

func hasGlobalQos(t T) bool {
	t.Helper()
	return !since(t, "4.3", "global prefetch is for each consumer, unless permitted")
}

func TestGlobalPrefetchIsForEachConsumerWhereItIsNotPermitted(t T) {
	t.Parallel()
	if hasGlobalQos(t) {
		t.Skip("it is for the channel in this version")
	}
	s := open(t)
	one, two := s.queue(nil), s.queue(nil)
	s.ok(s.Qos(1, 0, true))
	first, second := s.consume(one), s.consume(two)
	s.publish("", one, "a", "b")
	s.publish("", two, "c")
	first.want("a")
	second.want("c")
	first.wantRest("")
}

func TestGlobalPrefetchIsSharedByAllConsumersOfTheChannel(t T) {
	t.Parallel()
	globalQos(t)
	s := open(t)
	one, two := s.queue(nil), s.queue(nil)
	s.ok(s.Qos(2, 0, true))
	first, second := s.consume(one), s.consume(two)
	s.publish("", one, "a", "b")
	first.want("a b")
	s.publish("", two, "c")
	s.wantDrain(two, "c") // it was not delivered
	second.wantRest("")
}

func TestGlobalPrefetchDoesNotReachOtherChannels(t T) {
	t.Parallel()
	globalQos(t)
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, true))
	c := s.sibling().consume(queue)
	s.publish("", queue, "a", "b", "c")
	c.want("a b c")
}

func TestGlobalPrefetchAppliesToConsumersAtWork(t T) {
	t.Parallel()
	globalQos(t)
	s := open(t)
	queue := s.queue(nil)
	c := s.consume(queue)
	s.publish("", queue, "a", "b")
	first := c.next()
	c.want("b")
	s.ok(s.Qos(2, 0, true))
	s.publish("", queue, "c", "d")
	s.ok(first.Ack(true))
	c.want("c")
	c.wantRest("")
	s.wantDrain(queue, "d")
}

func TestRaisingGlobalPrefetchWorksAtOnce(t T) {
	t.Parallel()
	globalQos(t)
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, true))
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c", "d")
	c.want("a")
	s.ok(s.Qos(3, 0, true))
	c.want("b c")
	s.ok(s.Qos(0, 0, true)) // lifts it
	c.want("d")
}

func TestBothPrefetchesHoldTogether(t T) {
	t.Parallel()
	globalQos(t)
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(4, 0, false))
	s.ok(s.Qos(2, 0, true))
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c", "d", "e")
	c.want("a b")
	c.wantRest("")
}

func TestConsumerPrefetchBelowTheGlobalOneWins(t T) {
	t.Parallel()
	globalQos(t)
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	s.ok(s.Qos(3, 0, true))
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c")
	c.want("a")
	c.wantRest("")
}

func TestConsumerPrefetchSwitchesTheGlobalOneOff(t T) {
	t.Parallel()
	globalQos(t)
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(2, 0, true))
	s.ok(s.Qos(4, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c", "d", "e")
	c.want("a b c d")
	c.wantRest("")
}

func TestAckMultipleFreesAsMuchPrefetchAsItSettles(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(3, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c", "d", "e", "f", "g")
	c.want("a b")
	d := c.next()
	s.ok(d.Ack(true))
	c.want("d e f")
	c.wantRest("")
	s.wantDrain(queue, "g")
}

func TestRecoverFreesPrefetch(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a", "b")
	c.want("a")
	s.ok(s.Recover(true))
	if d := c.next(); string(d.Body) != "a" || !d.Redelivered {
		t.Errorf("got %q, want a again", d.Body)
	}
	c.wantRest("")
}

func TestLoweringGlobalPrefetchHoldsDeliveriesBack(t T) {
	t.Parallel()
	globalQos(t)
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(4, 0, true))
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c", "d", "e", "f")
	one, two := c.next(), c.next()
	three, four := c.next(), c.next()
	s.ok(s.Qos(2, 0, true))
	s.ok(one.Ack(false))
	s.ok(two.Ack(false)) // two are outstanding, and that is the limit
	s.ok(three.Ack(false))
	c.want("e")
	s.ok(four.Ack(false))
	c.want("f")
	c.wantRest("")
}

func TestGetsDoNotCountAgainstGlobalPrefetch(t T) {
	t.Parallel()
	globalQos(t)
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b", "c", "d")
	s.ok(s.Qos(1, 0, true))
	s.get(queue)
	s.get(queue)
	c := s.consume(queue)
	c.want("c")
	c.wantRest("")
}

func TestUnackedOfACancelledConsumerCountAgainstGlobalPrefetch(t T) {
	t.Parallel()
	globalQos(t)
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, true))
	first := s.consume(queue)
	s.publish("", queue, "a", "b")
	d := first.next()
	s.ok(s.Cancel(first.tag, false))
	second := s.consume(queue)
	s.wantReady(queue, 1)
	s.ok(d.Ack(false))
	second.want("b")
}

func TestUnackedOfACancelledConsumerDoNotCountAgainstTheNext(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	first := s.consume(queue)
	s.publish("", queue, "a", "b")
	first.want("a")
	s.ok(s.Cancel(first.tag, false))
	s.consume(queue).want("b")
}

func TestPrefetchOfAChannelIsForgottenWithIt(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, basicQos(0, 1, 0), 11)
	r.call(1, channelClose(), 41)
	r.openChannel(1)
	r.call(1, basicConsume(queue, "c", 0, nil), 21)
	for range 3 {
		r.publish(1, "", queue, nil, "m")
	}
	for range 3 {
		r.expect(1, 60, 60)
		r.content(1)
	}
}

func TestPrefetchIsPerConsumerOnOneQueueOrMany(t T) {
	t.Parallel()
	s := open(t)
	one, two := s.queue(nil), s.queue(nil)
	s.ok(s.Qos(2, 0, false))
	first, second := s.consume(one), s.consume(two)
	s.publish("", one, "a", "b", "c")
	s.publish("", two, "d", "e", "f")
	first.want("a b")
	second.want("d e")
	first.wantRest("")
	second.wantRest("")
}

func TestAcksOfATransactionFreePrefetchAtCommit(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	c := s.consume(queue)
	outside.publish("", queue, "a", "b")
	d := c.next()
	outside.wantReady(queue, 1)
	s.ok(d.Ack(false))
	s.inspect(queue) // the ack has arrived
	outside.wantReady(queue, 1)
	s.ok(s.TxCommit())
	c.want("b")
}

func TestDeletedQueueFreesGlobalPrefetchWhenItsDeliveriesAreAcked(t T) {
	t.Parallel()
	globalQos(t)
	s := open(t)
	deleted, living := s.queue(nil), s.queue(nil)
	s.ok(s.Qos(1, 0, true))
	c := s.consume(deleted)
	s.publish("", deleted, "a")
	d := c.next()
	_, err := s.QueueDelete(deleted, false, false, false)
	s.ok(err)
	next := s.consume(living)
	s.publish("", living, "b")
	s.ok(d.Ack(false))
	next.want("b")
}

func TestNackMultipleFreesPrefetchForWhatItRequeues(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(2, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a", "b", "c")
	c.want("a")
	d := c.next()
	s.ok(d.Nack(true, true))
	c.want("a b")
	c.wantRest("")
	s.wantDrain(queue, "c")
}
