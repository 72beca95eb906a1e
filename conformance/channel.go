package conformance

import (
	"strings"
)

func TestChannelOpenOkCarriesAnEmptyLongString(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{})
	opened := r.call(1, channelOpen(), 11)
	if id := opened.longstr(); id != "" {
		t.Errorf("channel-id: got %q, want none", id)
	}
	opened.end()
}

func TestChannelOpenIgnoresOutOfBand(t T) {
	t.Parallel()
	connectRaw(t, handshake{}).call(1, method(20, 10, "whatever"), 11)
}

func TestChannelNumbersMayBeUsedInAnyOrder(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{})
	for _, channel := range []uint16{7, 3, 2000, 1} {
		r.openChannel(channel)
	}
	for _, channel := range []uint16{1, 2000, 3, 7} {
		r.ping(channel)
	}
}

func TestChannelNumberIsFreeAfterCloseOk(t T) {
	t.Parallel()
	r := openRaw(t)
	for range 3 {
		r.call(1, channelClose(), 41)
		r.openChannel(1)
	}
}

func TestChannelNumberAboveChannelMaxIsAllowedWhileTheCountIsBelow(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{channelMax: 2})
	r.openChannel(65535)
	r.openChannel(1000)
}

func TestMoreChannelsThanChannelMaxIs530(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{channelMax: 2})
	r.openChannel(1)
	r.openChannel(2)
	r.send(3, channelOpen())
	r.expectClose(0, closing{530, "number of channels opened (2) has reached the negotiated channel_max (2)", 0, 0})
}

func TestClosedChannelsDoNotCountAgainstChannelMax(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{channelMax: 1})
	for channel := uint16(1); channel < 5; channel++ {
		r.openChannel(channel)
		r.call(channel, channelClose(), 41)
	}
}

func TestMethodOnAChannelThatIsNotOpenIs504(t T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method       []byte
		class, which uint16
	}{
		"queue.declare":    {queueDeclare("", exclusive, nil), 50, 10},
		"basic.ack":        {basicAck(1, 0), 60, 80},
		"channel.flow":     {method(20, 20, uint8(1)), 20, 20},
		"channel.close":    {channelClose(), 20, 40},
		"channel.close-ok": {channelCloseOk(), 20, 41},
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			r := connectRaw(t, handshake{})
			r.send(1, c.method)
			r.expectClose(0, closing{504, "expected 'channel.open'", c.class, c.which})
		})
	}
}

func TestPublishOnAChannelThatIsNotOpenIs504(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{})
	r.publish(1, "", "x", nil, "")
	r.expectClose(0, closing{504, "expected 'channel.open'", 60, 40})
}

func TestMethodAfterChannelCloseIs504(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, channelClose(), 41)
	r.send(1, queueDeclare("", exclusive, nil))
	r.expectClose(0, closing{504, "expected 'channel.open'", 50, 10})
}

func TestSecondChannelOpenIs504(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, channelOpen())
	r.expectClose(0, closing{504, "second 'channel.open' seen", 20, 10})
}

func TestChannelMethodsOnChannel0Are504(t T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method       []byte
		class, which uint16
	}{
		"channel.open":  {channelOpen(), 20, 10},
		"queue.declare": {queueDeclare("", exclusive, nil), 50, 10},
		"tx.select":     {txSelect(), 90, 10},
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			r := connectRaw(t, handshake{})
			r.send(0, c.method)
			r.expectClose(0, closing{504, "unexpected method in connection state running", c.class, c.which})
		})
	}
}

func TestClosingAChannelRequeuesItsUnackedMessages(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b")
	other := s.sibling()
	other.wantReady(queue, 2)
	other.get(queue)
	other.ok(other.Close())
	if d := s.get(queue); string(d.Body) != "a" || !d.Redelivered {
		t.Errorf("got %q, redelivered %v, want a, redelivered", d.Body, d.Redelivered)
	}
}

func TestClosingAChannelRemovesItsConsumers(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	other := s.sibling()
	other.consume(queue)
	if got := s.inspect(queue).Consumers; got != 1 {
		t.Fatalf("consumers: got %d, want 1", got)
	}
	other.ok(other.Close())
	eventually(t, "no consumers", func() bool { return s.inspect(queue).Consumers == 0 })
}

func TestSoftErrorLeavesOtherChannelsAlone(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	other := s.sibling()
	other.publish("no-such-exchange", "", "x")
	other.refused(404, "no exchange 'no-such-exchange' in vhost '%s'", target.vhost)
	s.publish("", queue, "a")
	s.wantDrain(queue, "a")
}

func TestSoftErrorRequeuesAtOnceWithoutWaitingForCloseOk(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	s.publish("", queue, "a")
	s.wantReady(queue, 1)
	r := openRaw(t)
	r.call(1, basicConsume(queue, "c", 0, nil), 21) // RabbitMQ: not so after basic.get
	r.expect(1, 60, 60)
	r.content(1)
	r.send(1, basicAck(77, 0))
	r.expectClose(1, closing{406, "unknown delivery tag 77", 60, 80})
	if d := s.consume(queue).next(); !d.Redelivered {
		t.Error("redelivered: got false, want true")
	}
}

func TestSoftErrorRemovesConsumersWithoutWaitingForCloseOk(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	r := openRaw(t)
	r.call(1, basicConsume(queue, "c", 0, nil), 21)
	r.send(1, basicAck(77, 0))
	r.expectCode(1, 406)
	eventually(t, "no consumers", func() bool { return s.inspect(queue).Consumers == 0 })
}

func TestFramesAfterSoftErrorAreDiscardedUntilCloseOk(t T) {
	t.Parallel()
	r := openRaw(t)
	name := unique(t)
	r.send(1, basicAck(1, 0), queueDeclare(name, exclusive, nil))
	r.write(publishing(1, basicPublish("", "nowhere", mandatory), nil, "x"))
	r.expectClose(1, closing{406, "unknown delivery tag 1", 60, 80})
	r.send(1, channelCloseOk(), channelOpen())
	r.expect(1, 20, 11)
	r.send(1, queueDeclare(name, passive, nil))
	r.expectCode(1, 404)
}

func TestChannelCloseCrossingTheServersIsAnswered(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, basicAck(1, 0), channelClose())
	r.expectCode(1, 406)
	r.expect(1, 20, 41)
	r.send(1, channelCloseOk())
	r.openChannel(1)
}

func TestChannelOpenAfterServersCloseWithoutCloseOkIs504(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, basicAck(1, 0))
	r.expectCode(1, 406)
	r.send(1, channelOpen())
	r.expectClose(0, closing{504, "second 'channel.open' seen", 20, 10})
}

func TestPublishesPipelinedAfterSoftErrorAreDropped(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	r := openRaw(t)
	r.call(1, confirmSelect(), 11)
	r.send(1, basicAck(1, 0))
	r.write(publishing(1, basicPublish("", queue, 0), nil, "x"))
	r.write(publishing(1, basicPublish("", "nowhere", mandatory), nil, "x"))
	r.expectCode(1, 406)
	r.send(1, channelCloseOk(), channelOpen())
	r.expect(1, 20, 11) // and no return, no confirm before
	r.publish(1, "", queue, nil, "sentinel")
	r.call(1, queueDeclare(queue, passive, nil), 11)
	s.consume(queue).want("sentinel")
}

func TestServerClosedChannelNumberIsFreeAfterCloseOk(t T) {
	t.Parallel()
	r := openRaw(t)
	for range 3 {
		r.send(1, basicAck(1, 0))
		r.expectCode(1, 406)
		r.send(1, channelCloseOk())
		r.openChannel(1)
	}
}

func TestFlowActiveIsAnswered(t T) {
	t.Parallel()
	r := openRaw(t)
	if active := r.call(1, method(20, 20, uint8(1)), 21).octet(); active != 1 {
		t.Errorf("active: got %d, want 1", active)
	}
}

func TestFlowInactiveIs540(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, method(20, 20, uint8(0)))
	r.expectClose(0, closing{540, "active=false", 20, 20})
}

func TestMethodsMayBePipelined(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{})
	queue := unique(t)
	r.send(1, channelOpen(), queueDeclare(queue, exclusive, nil), basicQos(0, 1, 0), basicConsume(queue, "c", 0, nil))
	r.expect(1, 20, 11)
	r.expect(1, 50, 11)
	r.expect(1, 60, 11)
	r.expect(1, 60, 21)
}

func TestAnswersComeInTheOrderOfTheMethods(t T) {
	t.Parallel()
	r := openRaw(t)
	base := unique(t)
	var methods [][]byte
	for i := range 20 {
		methods = append(methods, queueDeclare(base+string(rune('a'+i)), exclusive, nil))
	}
	r.send(1, methods...)
	for i := range 20 {
		if got, want := r.expect(1, 50, 11).shortstr(), base+string(rune('a'+i)); got != want {
			t.Fatalf("answer %d: got %q, want %q", i, got, want)
		}
	}
}

func TestAccessRequestIsAnsweredWithTicket1(t T) {
	t.Parallel()
	r := openRaw(t)
	if ticket := r.call(1, method(30, 10, "/data", uint8(0x1f)), 11).short(); ticket != 1 {
		t.Errorf("ticket: got %d, want 1", ticket)
	}
}

func TestTicketsAreIgnored(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, method(50, 10, uint16(4711), unique(t), uint8(exclusive), table()), 11)
}

func TestConsumersAndUnackedOfOneChannelDoNotMixWithAnothers(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a")
	d := s.get(queue)
	other := s.sibling()
	other.ok(other.Ack(d.DeliveryTag, false))
	other.refused(406, "unknown delivery tag %d", d.DeliveryTag)
	s.ok(d.Ack(false))
	s.wantDrain(queue, "")
}

func TestSoftErrorsOfTwoChannelsAreIndependent(t T) {
	t.Parallel()
	r := openRaw(t)
	r.openChannel(2)
	r.send(1, basicAck(1, 0))
	r.expectCode(1, 406)
	r.send(2, queueDeclare("no-such-queue", passive, nil))
	r.expectCode(2, 404)
	r.send(2, channelCloseOk())
	r.openChannel(2)
	r.ping(2) // though the other is not closed yet
	r.send(1, channelCloseOk())
	r.openChannel(1)
}

func TestMethodsOfOtherChannelsMayComeBetweenTheFramesOfAContent(t T) {
	t.Parallel()
	r := openRaw(t)
	r.openChannel(2)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.send(1, basicPublish("", queue, 0))
	r.ping(2)
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(4, nil)))
	r.openChannel(3)
	r.write(appendFrame(nil, frameBody, 1, []byte("bo")))
	r.call(3, queueDeclare(queue, passive, nil), 11)
	r.write(appendFrame(nil, frameBody, 1, []byte("dy")))
	r.call(1, basicGet(queue, 1), 71)
	if _, body := r.content(1); body != "body" {
		t.Errorf("body: got %q, want body", body)
	}
}

func TestHeartbeatsMayComeBetweenTheFramesOfAContent(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	heartbeat := appendFrame(nil, frameHeartbeat, 0, nil)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.send(1, basicPublish("", queue, 0))
	r.write(heartbeat)
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(2, nil)))
	r.write(heartbeat)
	r.write(appendFrame(nil, frameBody, 1, []byte("hi")))
	r.call(1, basicGet(queue, 1), 71)
	if _, body := r.content(1); body != "hi" {
		t.Errorf("body: got %q, want hi", body)
	}
}

func TestClosingAChannelInTheMiddleOfAContentIs505(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, basicPublish("", "nowhere", 0), channelClose())
	r.expectClose(0, closing{505, "expected content header for class 60, got non content header frame instead", 60, 40})
}

func TestClosingAConnectionInTheMiddleOfAContentIsAnswered(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, basicPublish("", "nowhere", 0))
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(100, nil)))
	r.call(0, connectionClose(), 51)
}

func TestUnfinishedContentIsNotPublished(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	r := openRaw(t)
	r.send(1, basicPublish("", queue, 0))
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(4, nil)))
	r.write(appendFrame(nil, frameBody, 1, []byte("hal")))
	r.openChannel(2)
	r.call(0, connectionClose(), 51)
	s.wantDrain(queue, "")
}

func TestChannelNumbersUpTo65535MayAllBeUsed(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{channelMax: 2047})
	for i := range uint16(2047) {
		r.send(65535-i*32, channelOpen())
	}
	for range 2047 { // in any order, as they are of different channels
		if f := r.read(); f.kind != frameMethod || f.payload[1] != 20 || f.payload[3] != 11 {
			t.Fatalf("got %v, want channel.open-ok", f)
		}
	}
}

func TestWhatAChannelDeclaredOutlivesIt(t T) {
	t.Parallel()
	s := open(t)
	other := s.sibling()
	x, queue := other.exchange("fanout", nil), other.queue(nil)
	other.bind(queue, x, "", nil)
	other.publish(x, "", "a")
	other.ok(other.Close())
	s.consume(queue).want("a")
}

func TestReplyCodeAndTextOfTheClientsCloseMayBeAnything(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, method(20, 40, uint16(0), strings.Repeat("x", 255), uint16(99), uint16(99)), 41)
	r.call(0, method(10, 50, uint16(65535), "", uint16(1), uint16(2)), 51)
}
