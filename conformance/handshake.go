package conformance

import (
	"regexp"
	"slices"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestStartIsVersion09WithPlainAndAmqplain(t T) {
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

func TestUnknownProtocolHeaderIsAnsweredWithTheRightOne(t T) {
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
		t.Run(name, func(t T) {
			t.Parallel()
			if !target.harebell && target.presents[0] >= 4 && !strings.HasPrefix(name, "0-9") && name != "0-10-0" {
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

func TestOldAmqp08HeaderIsRefused(t T) {
	t.Parallel()
	r := dialRaw(t)
	r.write([]byte("AMQP\x01\x01\x08\x00"))
	if !always(t, "4.0", "0-8 is no longer served") {
		r.expect(0, 10, 10)
		return
	}
	octet, err := r.in.ReadByte()
	if err != nil || octet != 'A' {
		t.Fatalf("got %q, %v, want a protocol header", octet, err)
	}
}

func TestUnfinishedProtocolHeaderIsDroppedAfterTenSeconds(t T) {
	t.Parallel()
	slow(t)
	r := dialRaw(t)
	r.write([]byte("AMQP\x00\x00"))
	r.expectGone()
}

func TestServerPropertiesIntroduceTheBroker(t T) {
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

func TestCapabilitiesPromiseAllExtensions(t T) {
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

func TestTuneProposesTheDefaults(t T) {
	t.Parallel()
	r := loginRaw(t, nil)
	tune := r.expect(0, 10, 30)
	channelMax, frameMax, heartbeat := tune.short(), tune.long(), tune.short()
	if channelMax != 2047 || frameMax != 131072 || heartbeat != 60 {
		t.Errorf("got %d, %d, %d, want 2047, 131072, 60", channelMax, frameMax, heartbeat)
	}
}

func TestLocaleIsIgnored(t T) {
	t.Parallel()
	r := greetRaw(t)
	r.send(0, method(10, 11, allCapabilities, "PLAIN", longstr("\x00"+target.user+"\x00"+target.password), "tlh"))
	r.expect(0, 10, 30)
}

func TestClientPropertiesMayBeAnything(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{properties: table(
		number("capabilities", 1), // not a table, so it does not count
		field("nothing", 'V'),
		field("list", 'A', table(element('t', uint8(1)), element('F', table()))),
	)})
	r.openChannel(1)
}

func TestStartOkMayBeAFrameOf4096Octets(t T) {
	t.Parallel()
	r := greetRaw(t)
	padding := text("padding", "")
	base := len(startOk(padding, "PLAIN", "\x00"+target.user+"\x00"+target.password))
	padding = text("padding", strings.Repeat("p", 4096-base))
	r.send(0, startOk(padding, "PLAIN", "\x00"+target.user+"\x00"+target.password))
	r.expect(0, 10, 30)
}

func TestStartOkOfTwentyThousandOctetsIsRefused(t T) {
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

func TestTuneOkWithinLimitsIsAccepted(t T) {
	t.Parallel()
	for name, h := range map[string]handshake{
		"as proposed":                    {},
		"one channel":                    {channelMax: 1},
		"a frame of 8192 octets":         {frameMax: 8192},
		"no heartbeat":                   {heartbeat: 0},
		"a heartbeat above the broker's": {heartbeat: 65535},
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			connectRaw(t, h).openChannel(1)
		})
	}
}

func TestFrameMaxOf4096IsAccepted(t T) {
	t.Parallel()
	if never(t, "4.1", "the minimum became 8192, which old clients do not know") {
		t.Skip("refused by this version")
	}
	connectRaw(t, handshake{frameMax: 4096}).openChannel(1)
}

func TestTuneOkOutsideLimitsIsRefused(t T) {
	t.Parallel()
	for name, tune := range map[string][]byte{
		"no limit of channels":     tuneOk(0, 131072, 0),
		"more channels":            tuneOk(2048, 131072, 0),
		"no limit of frames":       tuneOk(2047, 0, 0),
		"larger frames":            tuneOk(2047, 131073, 0),
		"frames of 4095 octets":    tuneOk(2047, 4095, 0),
		"frames of a single octet": tuneOk(2047, 1, 0),
	} {
		t.Run(name, func(t T) {
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

func TestMethodsOutOfPlaceBeforeOpening(t T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reach  func(T) *raw
		method []byte
	}{
		"tune-ok instead of start-ok":         {greetRaw, tuneOk(2047, 131072, 0)},
		"connection.open instead of start-ok": {greetRaw, connectionOpen("/")},
		"connection.open instead of tune-ok": {func(t T) *raw {
			r := loginRaw(t, nil)
			r.expect(0, 10, 30)
			return r
		}, connectionOpen("/")},
	} {
		t.Run(name, func(t T) {
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

func TestChannelFrameBeforeConnectionOpenIs505(t T) {
	t.Parallel()
	r := tuneRaw(t, handshake{})
	r.send(1, channelOpen())
	r.expectClose(0, closing{505, "type 1, all octets = <<0,20,0,10,0>>", 0, 0})
}

func TestTuneOkAndOpenMayBePipelined(t T) {
	t.Parallel()
	r := loginRaw(t, nil)
	r.send(0, tuneOk(2047, 131072, 0), connectionOpen(target.vhost))
	r.expect(0, 10, 30)
	r.expect(0, 10, 41)
}

func TestOpenOkHasNoKnownHosts(t T) {
	t.Parallel()
	r := tuneRaw(t, handshake{})
	r.send(0, connectionOpen(target.vhost))
	opened := r.expect(0, 10, 41)
	if hosts := opened.shortstr(); hosts != "" {
		t.Errorf("known-hosts: got %q, want none", hosts)
	}
	opened.end()
}

func TestOpenIgnoresCapabilitiesAndInsist(t T) {
	t.Parallel()
	r := tuneRaw(t, handshake{})
	r.send(0, method(10, 40, target.vhost, "whatever", uint8(1)))
	r.expect(0, 10, 41)
}

func TestMissingVirtualHostIs530(t T) {
	t.Parallel()
	for _, name := range []string{"no-such-virtual-host", "", target.vhost + "/"} {
		r := tuneRaw(t, handshake{})
		r.send(0, connectionOpen(name))
		r.expectClose(0, closing{530, "vhost " + name + " not found", 10, 40})
	}
}

func TestStartThatIsNeverAnsweredIsDroppedAfterTenSeconds(t T) {
	t.Parallel()
	slow(t)
	greetRaw(t).expectGone()
}

func TestConnectionThatIsNeverOpenedIsDroppedAfterTenSeconds(t T) {
	t.Parallel()
	slow(t)
	tuneRaw(t, handshake{}).expectGone()
}

func TestCapabilitiesThatAreNoBooleansDoNotCount(t T) {
	t.Parallel()
	for name, value := range map[string]fields{
		"false":  field("consumer_cancel_notify", 't', uint8(0)),
		"number": number("consumer_cancel_notify", 1),
		"text":   text("consumer_cancel_notify", "true"),
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			r := connectRaw(t, handshake{properties: field("capabilities", 'F', value)})
			r.openChannel(1)
			queue := unique(t)
			r.call(1, queueDeclare(queue, exclusive, nil), 11)
			r.call(1, basicConsume(queue, "mine", 0, nil), 21)
			r.call(1, queueDelete(queue, 0), 41)
			r.ping(1) // and no basic.cancel
		})
	}
}

func TestConnectionsMayDifferInTheirLimits(t T) {
	t.Parallel()
	small, large := connectRaw(t, handshake{frameMax: 8192}), openRaw(t)
	small.openChannel(1)
	queue := unique(t)
	small.call(1, queueDeclare(queue, exclusive, nil), 11)
	small.call(1, basicConsume(queue, "c", noAck, nil), 21)
	body := strings.Repeat("x", 100000)
	large.publish(1, "", queue, nil, body) // in one frame
	small.expect(1, 60, 60)
	if _, got := small.content(1); got != body {
		t.Errorf("body: got %d octets, want %d", len(got), len(body))
	}
}

func TestServerPropertiesAreSortedTextsAndOneTable(t T) {
	t.Parallel()
	r := dialRaw(t)
	r.write([]byte("AMQP\x00\x00\x09\x01"))
	start := r.expect(0, 10, 10)
	start.short()
	var names []string
	for a := (&arguments{t: t, octets: start.take(int(start.long()))}); len(a.octets) > 0; {
		name, tag := a.shortstr(), a.octet()
		names = append(names, name)
		if want := map[bool]byte{true: 'F', false: 'S'}[name == "capabilities"]; tag != want {
			t.Errorf("%s: got tag %c, want %c", name, tag, want)
		}
		a.longstr() // tables have four octets of length in front, too
	}
	if !slices.IsSorted(names) {
		t.Errorf("names: got %q, want them sorted", names)
	}
}
