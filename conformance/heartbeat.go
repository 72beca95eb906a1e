package conformance

import ()

func TestHeartbeatsComeAtHalfTheClientsInterval(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{heartbeat: 1})
	f, err := r.readAny()
	if err != nil {
		t.Fatal(err)
	}
	if f.kind != frameHeartbeat || f.channel != 0 || len(f.payload) != 0 {
		t.Fatalf("got %v, want a heartbeat", f)
	}
}

func TestSilentClientIsDroppedWithoutAFrame(t T) {
	t.Parallel()
	slow(t)
	connectRaw(t, handshake{heartbeat: 1}).expectGone()
}

func TestAnyTrafficCountsAsHeartbeat(t T) {
	t.Parallel()
	slow(t)
	r := connectRaw(t, handshake{heartbeat: 1})
	r.openChannel(1)
	for range 5 { // heartbeats come up to a second apart, and silence is noticed after three
		for {
			f, err := r.readAny()
			if err != nil {
				t.Fatalf("after sending only methods: %v", err)
			}
			if f.kind == frameHeartbeat {
				break
			}
		}
		r.send(1, method(20, 20, uint8(1)))
	}
}

func TestServerWaitsForCloseOkNoLongerThanTheHeartbeat(t T) {
	t.Parallel()
	slow(t)
	r := connectRaw(t, handshake{heartbeat: 1})
	r.send(1, queueDeclare("", exclusive, nil))
	r.expectCode(0, 504)
	r.expectGone()
}
