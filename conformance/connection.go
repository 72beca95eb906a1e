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
