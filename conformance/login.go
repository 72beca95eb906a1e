package conformance

import (
	"strings"
)

func TestAmqplainLogin(t T) {
	t.Parallel()
	r := greetRaw(t)
	credentials := table(text("LOGIN", target.user), text("PASSWORD", target.password))
	r.send(0, startOk(allCapabilities, "AMQPLAIN", string(credentials)))
	r.expect(0, 10, 30)
}

func TestAmqplainLoginWithBinaryValues(t T) {
	t.Parallel()
	if !always(t, "4.0", "LOGIN and PASSWORD may be binary") {
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

func TestAnonymousLoginWhereOffered(t T) {
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

func TestWrongLoginIs403WithTheCapability(t T) {
	t.Parallel()
	plain := "\x00" + target.user + "\x00" + target.password
	for name, login := range map[string][2]string{
		"wrong password":          {"PLAIN", plain + "x"},
		"unknown user":            {"PLAIN", "\x00nobody-of-that-name\x00x"},
		"empty user and password": {"PLAIN", "\x00\x00"},
		"AMQPLAIN":                {"AMQPLAIN", string(table(text("LOGIN", "nobody-of-that-name"), text("PASSWORD", "x")))},
	} {
		t.Run(name, func(t T) {
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

func TestWrongLoginIsDroppedSilentlyWithoutTheCapability(t T) {
	t.Parallel()
	slow(t)
	r := greetRaw(t)
	r.send(0, startOk(table(), "PLAIN", "\x00"+target.user+"\x00wrong"+target.password))
	r.expectGone()
}

func TestMalformedLoginsAreRefused(t T) {
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
		t.Run(name, func(t T) {
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
