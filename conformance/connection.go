package conformance

import ()

func TestCloseIsAnsweredAndExclusiveQueuesAreGoneByThen(t T) {
	t.Parallel()
	r := openRaw(t)
	name := unique(t)
	r.call(1, queueDeclare(name, exclusive, nil), 11)
	r.call(0, connectionClose(), 51)
	s := open(t)
	_, err := s.QueueDeclarePassive(name, false, false, false, false, nil)
	if err == nil {
		t.Fatal("the exclusive queue is still there")
	}
	s.refused(404, "no queue '%s' in vhost '%s'", name, target.vhost)
}

func TestAbruptCloseDeletesExclusiveQueues(t T) {
	t.Parallel()
	r := openRaw(t)
	name := unique(t)
	r.call(1, queueDeclare(name, exclusive, nil), 11)
	r.conn.Close()
	s := open(t)
	eventually(t, "the name is free again", func() bool {
		_, err := s.QueueDeclare(name, false, false, true, false, nil)
		if err != nil {
			s = s.sibling()
		}
		return err == nil
	})
}

func TestAbruptCloseRequeuesUnackedMessages(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	s.publish("", queue, "a")
	s.wantReady(queue, 1)
	r := openRaw(t)
	r.call(1, basicGet(queue, 0), 71)
	r.conn.Close()
	if d := s.consume(queue).next(); !d.Redelivered {
		t.Error("redelivered: got false, want true")
	}
}

func TestFramesAfterServersCloseAreIgnored(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, basicPublish("", "x", immediate))
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(0, nil)))
	r.expectClose(0, closing{540, "immediate=true", 60, 40})
	r.send(1, queueDeclare("", exclusive, nil))
	r.send(0, connectionClose()) // answered, even now
	r.expect(0, 10, 51)
}

func TestCloseOkDropsTheConnectionAtOnce(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, method(20, 20, uint8(0)))
	r.expectClose(0, closing{540, "active=false", 20, 20})
	r.send(0, connectionCloseOk())
	r.expectGone()
}

func TestConnectionMethodsOutOfPlaceWhileRunningAre504(t T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method []byte
		id     uint16
	}{
		"start-ok":  {startOk(table(), "PLAIN", "x"), 11},
		"secure-ok": {method(10, 21, longstr("x")), 21},
		"tune-ok":   {tuneOk(2047, 131072, 0), 31},
		"open":      {connectionOpen("/"), 40},
		"close-ok":  {connectionCloseOk(), 51},
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			r := connectRaw(t, handshake{})
			r.send(0, c.method)
			r.expectClose(0, closing{504, "unexpected method in connection state running", 10, c.id})
		})
	}
}

func TestUpdateSecretIsAccepted(t T) {
	t.Parallel()
	s := open(t)
	s.ok(s.connection.UpdateSecret(target.password, "a test"))
	s.queue(nil)
}

func TestManyConnectionsAreIndependent(t T) {
	t.Parallel()
	a, b := openRaw(t), openRaw(t)
	a.send(1, method(20, 20, uint8(0)))
	a.expectCode(0, 540)
	b.ping(1)
}

func TestUpdateSecretOfAnInternalUserTakesAnySecret(t T) {
	t.Parallel()
	s := open(t)
	s.ok(s.connection.UpdateSecret("not the password", "a test"))
	s.ok(s.connection.UpdateSecret("", ""))
	s.queue(nil)
}

func TestConnectionMethodsOfTheServerAre504FromAClient(t T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method []byte
		id     uint16
	}{
		"secure":           {method(10, 20, longstr("x")), 20},
		"tune":             {method(10, 30, uint16(1), uint32(4096), uint16(1)), 30},
		"open-ok":          {method(10, 41, ""), 41},
		"blocked":          {method(10, 60, "why"), 60},
		"unblocked":        {method(10, 61), 61},
		"update-secret-ok": {method(10, 71), 71},
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			r := connectRaw(t, handshake{})
			r.send(0, c.method)
			r.expectClose(0, closing{504, "unexpected method in connection state running", 10, c.id})
		})
	}
}

func TestCloseOfOneConnectionLeavesOthersAlone(t T) {
	t.Parallel()
	s, other := open(t), open(t)
	queue := s.shared(nil)
	mine, theirs := s.consume(queue), other.consume(queue)
	s.publish("", queue, "a", "b")
	mine.next()
	theirs.next()
	other.ok(other.connection.Close())
	if d := mine.next(); !d.Redelivered {
		t.Error("redelivered: got false, want true for what the other held")
	}
	s.publish("", queue, "c")
	mine.want("c")
}

func TestEverythingSentBeforeACloseIsDone(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	r := openRaw(t)
	var octets []byte
	for range 100 {
		octets = append(octets, publishing(1, basicPublish("", queue, 0), nil, "x")...)
	}
	r.write(appendFrame(octets, frameMethod, 0, connectionClose()))
	r.expect(0, 10, 51)
	s.wantReady(queue, 100)
}

func TestHardErrorEndsAllChannels(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	s.publish("", queue, "a")
	s.wantReady(queue, 1)
	r := openRaw(t)
	r.openChannel(2)
	r.call(2, basicConsume(queue, "c", 0, nil), 21)
	r.expect(2, 60, 60)
	r.content(2)
	r.send(1, method(20, 20, uint8(0)))
	r.expectCode(0, 540)
	r.send(0, connectionCloseOk())
	r.expectGone()
	if d := s.consume(queue).next(); !d.Redelivered {
		t.Error("redelivered: got false, want true")
	}
}
