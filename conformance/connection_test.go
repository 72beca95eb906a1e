package conformance

import (
	"regexp"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestStartIsVersion09WithPlainAndAmqplain(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"AMQP\x00\x00\x09\x01", "AMQP\x01\x01\x00\x09"} {
		r := dialRaw(t)
		r.write([]byte(header))
		start := r.expect(0, 10, 10)
		if major, minor := start.octet(), start.octet(); major != 0 || minor != 9 {
			t.Errorf("header %q: got version %d-%d, want 0-9", header, major, minor)
		}
		start.longstr() // server-properties
		mechanisms, locales := start.longstr(), start.longstr()
		start.end()
		for _, want := range []string{"PLAIN", "AMQPLAIN"} {
			if !strings.Contains(" "+mechanisms+" ", " "+want+" ") {
				t.Errorf("mechanisms: got %q, want %s among them", mechanisms, want)
			}
		}
		if locales != "en_US" {
			t.Errorf("locales: got %q, want en_US", locales)
		}
	}
}

func TestUnknownProtocolHeaderIsAnsweredWithTheRightOne(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]string{
		"0-9-2":           "AMQP\x00\x00\x09\x02",
		"0-9-0":           "AMQP\x00\x00\x09\x00",
		"0-10-0":          "AMQP\x00\x00\x0a\x00",
		"0-8-0":           "AMQP\x00\x00\x08\x00",
		"0-10":            "AMQP\x01\x01\x00\x0a",
		"AMQP 1.0":        "AMQP\x00\x01\x00\x00",
		"AMQP 1.0 SASL":   "AMQP\x03\x01\x00\x00",
		"HTTP":            "GET / HT",
		"TLS ClientHello": "\x16\x03\x01\x02\x00\x01\x00\x01",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !target.harebell && target.major >= 4 && !strings.HasPrefix(name, "0-9") && name != "0-10-0" {
				t.Skip("RabbitMQ 4 speaks AMQP 1.0 and answers in its way")
			}
			r := dialRaw(t)
			r.write([]byte(header))
			got := make([]byte, 8)
			for i := range got {
				octet, err := r.in.ReadByte()
				if err != nil {
					t.Fatalf("read: %v", err)
				}
				got[i] = octet
			}
			if want := "AMQP\x00\x00\x09\x01"; string(got) != want {
				t.Fatalf("got %q, want %q", got, want)
			}
			r.expectGone()
		})
	}
}

func TestOldAmqp08HeaderIsRefused(t *testing.T) {
	t.Parallel()
	r := dialRaw(t)
	r.write([]byte("AMQP\x01\x01\x08\x00"))
	if !since(t, "4.0", "0-8 is no longer served") {
		r.expect(0, 10, 10)
		return
	}
	octet, err := r.in.ReadByte()
	if err != nil || octet != 'A' {
		t.Fatalf("got %q, %v, want a protocol header", octet, err)
	}
}

func TestUnfinishedProtocolHeaderIsDroppedAfterTenSeconds(t *testing.T) {
	t.Parallel()
	slow(t)
	r := dialRaw(t)
	r.write([]byte("AMQP\x00\x00"))
	r.expectGone()
}

func TestServerPropertiesIntroduceTheBroker(t *testing.T) {
	t.Parallel()
	p := open(t).connection.Properties
	for _, key := range []string{"product", "version", "platform", "copyright", "information", "cluster_name"} {
		if value, _ := p[key].(string); value == "" {
			t.Errorf("%s: got %v, want text", key, p[key])
		}
	}
	if p["product"] != "RabbitMQ" {
		t.Errorf("product: got %v, want RabbitMQ, on which clients branch", p["product"])
	}
	if version, _ := p["version"].(string); !regexp.MustCompile(`^\d+\.\d+\.\d+`).MatchString(version) {
		t.Errorf("version: got %q, want three numbers", version)
	}
}

func TestCapabilitiesPromiseAllExtensions(t *testing.T) {
	t.Parallel()
	capabilities, _ := open(t).connection.Properties["capabilities"].(amqp.Table)
	for _, name := range []string{
		"publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify",
		"connection.blocked", "consumer_priorities", "authentication_failure_close", "per_consumer_qos",
		"direct_reply_to",
	} {
		if capabilities[name] != true {
			t.Errorf("%s: got %v, want true", name, capabilities[name])
		}
	}
}

func TestTuneProposesTheDefaults(t *testing.T) {
	t.Parallel()
	r := loginRaw(t, nil)
	tune := r.expect(0, 10, 30)
	channelMax, frameMax, heartbeat := tune.short(), tune.long(), tune.short()
	if channelMax != 2047 || frameMax != 131072 || heartbeat != 60 {
		t.Errorf("got %d, %d, %d, want 2047, 131072, 60", channelMax, frameMax, heartbeat)
	}
}

func TestAmqplainLogin(t *testing.T) {
	t.Parallel()
	r := greetRaw(t)
	credentials := table(text("LOGIN", target.user), text("PASSWORD", target.password))
	r.send(0, startOk(allCapabilities, "AMQPLAIN", string(credentials)))
	r.expect(0, 10, 30)
}

func TestAmqplainLoginWithBinaryValues(t *testing.T) {
	t.Parallel()
	if !since(t, "4.0", "LOGIN and PASSWORD may be binary") {
		t.Skip("refused by this version")
	}
	r := greetRaw(t)
	credentials := table(
		field("LOGIN", 'x', longstr(target.user)),
		field("PASSWORD", 'x', longstr(target.password)),
	)
	r.send(0, startOk(allCapabilities, "AMQPLAIN", string(credentials)))
	r.expect(0, 10, 30)
}

func TestAnonymousLoginWhereOffered(t *testing.T) {
	t.Parallel()
	r := dialRaw(t)
	r.write([]byte("AMQP\x00\x00\x09\x01"))
	start := r.expect(0, 10, 10)
	start.short()
	start.longstr()
	offered := strings.Contains(start.longstr(), "ANONYMOUS")
	if !since(t, "4.0", "ANONYMOUS may be offered") && offered {
		t.Fatal("ANONYMOUS is offered, want it only since 4.0")
	}
	if !offered {
		t.Skip("not offered")
	}
	r.send(0, startOk(allCapabilities, "ANONYMOUS", "anything"))
	r.expect(0, 10, 30)
}

func TestWrongLoginIs403WithTheCapability(t *testing.T) {
	t.Parallel()
	plain := "\x00" + target.user + "\x00" + target.password
	for name, login := range map[string][2]string{
		"wrong password":          {"PLAIN", plain + "x"},
		"unknown user":            {"PLAIN", "\x00nobody-of-that-name\x00x"},
		"empty user and password": {"PLAIN", "\x00\x00"},
		"AMQPLAIN":                {"AMQPLAIN", string(table(text("LOGIN", "nobody-of-that-name"), text("PASSWORD", "x")))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := greetRaw(t)
			r.send(0, startOk(allCapabilities, login[0], login[1]))
			r.expectClose(0, closing{403, "Login was refused using authentication mechanism " + login[0] +
				". For details see the broker logfile.", 0, 0})
			r.send(0, connectionCloseOk())
			r.expectGone()
		})
	}
}

func TestWrongLoginIsDroppedSilentlyWithoutTheCapability(t *testing.T) {
	t.Parallel()
	slow(t)
	r := greetRaw(t)
	r.send(0, startOk(table(), "PLAIN", "\x00"+target.user+"\x00wrong"+target.password))
	r.expectGone()
}

func TestMalformedLoginsAreRefused(t *testing.T) {
	t.Parallel()
	login := table(text("LOGIN", target.user), text("PASSWORD", target.password))
	for name, c := range map[string]struct {
		mechanism, response string
		code                uint16
	}{
		"unknown mechanism":                  {"KERBEROS", "x", 503},
		"mechanism in the wrong case":        {"plain", "\x00guest\x00guest", 503},
		"EXTERNAL where it is not offered":   {"EXTERNAL", "", 503},
		"PLAIN without separators":           {"PLAIN", "guest", 502},
		"PLAIN with an authorization id":     {"PLAIN", "guest\x00guest\x00guest", 502},
		"AMQPLAIN without a password":        {"AMQPLAIN", string(text("LOGIN", "guest")), 502},
		"AMQPLAIN with a number for a name":  {"AMQPLAIN", string(table(number("LOGIN", 1), text("PASSWORD", "x"))), 502},
		"AMQPLAIN with a length in front":    {"AMQPLAIN", string(encode(login)), 502},
		"AMQPLAIN that is no table whatever": {"AMQPLAIN", "\xff\xff\xff", 502},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !target.harebell {
				slow(t)
			}
			r := greetRaw(t)
			r.send(0, startOk(allCapabilities, c.mechanism, c.response))
			if ours(t, "a proper close instead of silence") {
				r.expectCode(0, c.code)
				r.send(0, connectionCloseOk())
			}
			r.expectGone()
		})
	}
}

func TestLocaleIsIgnored(t *testing.T) {
	t.Parallel()
	r := greetRaw(t)
	r.send(0, method(10, 11, allCapabilities, "PLAIN", longstr("\x00"+target.user+"\x00"+target.password), "tlh"))
	r.expect(0, 10, 30)
}

func TestClientPropertiesMayBeAnything(t *testing.T) {
	t.Parallel()
	r := connectRaw(t, handshake{properties: table(
		number("capabilities", 1), // not a table, so it does not count
		field("nothing", 'V'),
		field("list", 'A', table(element('t', uint8(1)), element('F', table()))),
	)})
	r.openChannel(1)
}

func TestStartOkMayBeAFrameOf4096Octets(t *testing.T) {
	t.Parallel()
	r := greetRaw(t)
	padding := text("padding", "")
	base := len(startOk(padding, "PLAIN", "\x00"+target.user+"\x00"+target.password))
	padding = text("padding", strings.Repeat("p", 4096-base))
	r.send(0, startOk(padding, "PLAIN", "\x00"+target.user+"\x00"+target.password))
	r.expect(0, 10, 30)
}

func TestStartOkOfTwentyThousandOctetsIsRefused(t *testing.T) {
	t.Parallel()
	if !target.harebell {
		slow(t)
	}
	r := greetRaw(t)
	r.send(0, startOk(text("padding", strings.Repeat("p", 20000)), "PLAIN", "\x00"+target.user+"\x00"+target.password))
	if ours(t, "a proper close instead of silence") {
		r.expectCode(0, 501)
		return
	}
	r.expectGone()
}

func TestTuneOkWithinLimitsIsAccepted(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]handshake{
		"as proposed":                    {},
		"one channel":                    {channelMax: 1},
		"a frame of 8192 octets":         {frameMax: 8192},
		"no heartbeat":                   {heartbeat: 0},
		"a heartbeat above the broker's": {heartbeat: 65535},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connectRaw(t, h).openChannel(1)
		})
	}
}

func TestFrameMaxOf4096IsAccepted(t *testing.T) {
	t.Parallel()
	if !target.harebell && since(t, "4.1", "the minimum became 8192; Harebell keeps accepting 4096 for old clients") {
		t.Skip("refused by this version")
	}
	connectRaw(t, handshake{frameMax: 4096}).openChannel(1)
}

func TestTuneOkOutsideLimitsIsRefused(t *testing.T) {
	t.Parallel()
	for name, tune := range map[string][]byte{
		"no limit of channels":     tuneOk(0, 131072, 0),
		"more channels":            tuneOk(2048, 131072, 0),
		"no limit of frames":       tuneOk(2047, 0, 0),
		"larger frames":            tuneOk(2047, 131073, 0),
		"frames of 4095 octets":    tuneOk(2047, 4095, 0),
		"frames of a single octet": tuneOk(2047, 1, 0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !target.harebell {
				slow(t)
			}
			r := loginRaw(t, nil)
			r.expect(0, 10, 30)
			r.send(0, tune)
			if ours(t, "a proper close instead of silence") {
				r.expectCode(0, 530)
				r.send(0, connectionCloseOk())
			}
			r.expectGone()
		})
	}
}

func TestMethodsOutOfPlaceBeforeOpening(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reach  func(*testing.T) *raw
		method []byte
	}{
		"tune-ok instead of start-ok":         {greetRaw, tuneOk(2047, 131072, 0)},
		"connection.open instead of start-ok": {greetRaw, connectionOpen("/")},
		"connection.open instead of tune-ok": {func(t *testing.T) *raw {
			r := loginRaw(t, nil)
			r.expect(0, 10, 30)
			return r
		}, connectionOpen("/")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !target.harebell {
				slow(t)
			}
			r := c.reach(t)
			r.send(0, c.method)
			if ours(t, "a proper close instead of silence") {
				r.expectCode(0, 503, 504)
				r.send(0, connectionCloseOk())
			}
			r.expectGone()
		})
	}
}

func TestChannelFrameBeforeConnectionOpenIs505(t *testing.T) {
	t.Parallel()
	r := tuneRaw(t, handshake{})
	r.send(1, channelOpen())
	r.expectClose(0, closing{505, "type 1, all octets = <<0,20,0,10,0>>", 0, 0})
}

func TestTuneOkAndOpenMayBePipelined(t *testing.T) {
	t.Parallel()
	r := loginRaw(t, nil)
	r.send(0, tuneOk(2047, 131072, 0), connectionOpen(target.vhost))
	r.expect(0, 10, 30)
	r.expect(0, 10, 41)
}

func TestOpenOkHasNoKnownHosts(t *testing.T) {
	t.Parallel()
	r := tuneRaw(t, handshake{})
	r.send(0, connectionOpen(target.vhost))
	opened := r.expect(0, 10, 41)
	if hosts := opened.shortstr(); hosts != "" {
		t.Errorf("known-hosts: got %q, want none", hosts)
	}
	opened.end()
}

func TestOpenIgnoresCapabilitiesAndInsist(t *testing.T) {
	t.Parallel()
	r := tuneRaw(t, handshake{})
	r.send(0, method(10, 40, target.vhost, "whatever", uint8(1)))
	r.expect(0, 10, 41)
}

func TestMissingVirtualHostIs530(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"no-such-virtual-host", "", target.vhost + "/"} {
		r := tuneRaw(t, handshake{})
		r.send(0, connectionOpen(name))
		r.expectClose(0, closing{530, "vhost " + name + " not found", 10, 40})
	}
}

func TestHeartbeatsComeAtHalfTheClientsInterval(t *testing.T) {
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

func TestSilentClientIsDroppedWithoutAFrame(t *testing.T) {
	t.Parallel()
	slow(t)
	connectRaw(t, handshake{heartbeat: 1}).expectGone()
}

func TestAnyTrafficCountsAsHeartbeat(t *testing.T) {
	t.Parallel()
	slow(t)
	r := connectRaw(t, handshake{heartbeat: 1})
	r.openChannel(1)
	for range 10 { // heartbeats come every half second, so this takes five
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

func TestCloseIsAnsweredAndExclusiveQueuesAreGoneByThen(t *testing.T) {
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

func TestAbruptCloseDeletesExclusiveQueues(t *testing.T) {
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

func TestAbruptCloseRequeuesUnackedMessages(t *testing.T) {
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

func TestFramesAfterServersCloseAreIgnored(t *testing.T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, basicPublish("", "x", immediate))
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(0, nil)))
	r.expectClose(0, closing{540, "immediate=true", 60, 40})
	r.send(1, queueDeclare("", exclusive, nil))
	r.send(0, connectionClose()) // answered, even now
	r.expect(0, 10, 51)
}

func TestCloseOkDropsTheConnectionAtOnce(t *testing.T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, method(20, 20, uint8(0)))
	r.expectClose(0, closing{540, "active=false", 20, 20})
	r.send(0, connectionCloseOk())
	r.expectGone()
}

func TestServerWaitsForCloseOkNoLongerThanTheHeartbeat(t *testing.T) {
	t.Parallel()
	slow(t)
	r := connectRaw(t, handshake{heartbeat: 1})
	r.send(1, queueDeclare("", exclusive, nil))
	r.expectCode(0, 504)
	r.expectGone()
}

func TestConnectionMethodsOutOfPlaceWhileRunningAre504(t *testing.T) {
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
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := connectRaw(t, handshake{})
			r.send(0, c.method)
			r.expectClose(0, closing{504, "unexpected method in connection state running", 10, c.id})
		})
	}
}

func TestUpdateSecretIsAccepted(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.ok(s.connection.UpdateSecret(target.password, "a test"))
	s.queue(nil)
}

func TestManyConnectionsAreIndependent(t *testing.T) {
	t.Parallel()
	a, b := openRaw(t), openRaw(t)
	a.send(1, method(20, 20, uint8(0)))
	a.expectCode(0, 540)
	b.ping(1)
}
