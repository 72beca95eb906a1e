package conformance

import (
	"bytes"
	"fmt"
	"strings"
)

// malformed sends octets on a running connection with channel 1 open and expects
// the connection to be closed.
func malformed(t T, octets []byte, want closing) {
	t.Helper()
	r := openRaw(t)
	r.write(octets)
	r.expectClose(0, want)
	r.send(0, connectionCloseOk())
	r.expectGone()
}

func TestMalformedFramesAre501(t T) {
	t.Parallel()
	badEnd := func(payload []byte, end byte) []byte {
		f := appendFrame(nil, frameMethod, 1, payload)
		f[len(f)-1] = end
		return f
	}
	for rule, c := range map[string]struct {
		octets []byte
		text   string
	}{
		"unknown type 4":            {appendFrame(nil, 4, 1, nil), "type 4, all octets = <<>>: unknown_frame"},
		"unknown type 0":            {appendFrame(nil, 0, 0, []byte("abc")), `type 0, all octets = <<"abc">>: unknown_frame`},
		"unknown type 255":          {appendFrame(nil, 255, 1, []byte{0, 60}), "type 255, all octets = <<0,60>>: unknown_frame"},
		"a long payload is cut":     {appendFrame(nil, 9, 1, []byte("abcdefghijklmnopqrst")), `type 9, first 16 octets = <<"abcdefghijklmnop">>: unknown_frame`},
		"a heartbeat with payload":  {appendFrame(nil, frameHeartbeat, 0, []byte{1}), "type 8, all octets = <<1>>: unknown_frame"},
		"a method of three octets":  {appendFrame(nil, frameMethod, 1, []byte{0, 20, 0}), "type 1, all octets = <<0,20,0>>: unknown_frame"},
		"a method without octets":   {appendFrame(nil, frameMethod, 1, nil), "type 1, all octets = <<>>: unknown_frame"},
		"a wrong end octet":         {badEnd(method(20, 20, uint8(1)), 0), "type 1, all octets = <<0,20,0,20,1>>: {invalid_frame_end_marker,0}"},
		"another wrong end octet":   {badEnd([]byte{0, 20}, 0xCF), "type 1, all octets = <<0,20>>: {invalid_frame_end_marker,207}"},
		"a frame one too large":     {appendFrame(nil, frameBody, 1, make([]byte, 131073))[:7], "type 3, all octets = <<>>: {frame_too_large,131073,131064}"},
		"a frame of four gigabytes": {[]byte{1, 0, 1, 0xff, 0xff, 0xff, 0xff}, "type 1, all octets = <<>>: {frame_too_large,4294967295,131064}"},
	} {
		t.Run(rule, func(t T) {
			t.Parallel()
			if strings.Contains(c.text, "frame_too_large") || strings.Contains(c.text, "end_marker") {
				r := openRaw(t) // nothing more is read: the socket goes down after a while
				r.write(c.octets)
				r.expectClose(0, closing{501, c.text, 0, 0})
				return
			}
			malformed(t, c.octets, closing{501, c.text, 0, 0})
		})
	}
}

func TestFrameLimitIsTheNegotiatedOne(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{frameMax: 8192})
	r.write([]byte{frameBody, 0, 1, 0, 0, 0x20, 0x01})
	r.expectClose(0, closing{501, "type 3, all octets = <<>>: {frame_too_large,8193,8184}", 0, 0})
}

func TestUndecodableArgumentsAre501(t T) {
	t.Parallel()
	for rule, c := range map[string]struct {
		payload []byte
		want    closing
	}{
		"truncated":               {method(50, 10, uint16(0)), closing{501, "cannot decode <<0,0>>", 50, 10}},
		"nothing at all":          {method(60, 10), closing{501, "cannot decode <<>>", 60, 10}},
		"an octet left over":      {method(60, 80, uint64(1), uint8(0), uint8(7)), closing{501, "cannot decode <<0,0,0,0,0,0,0,1,0,7>>", 60, 80}},
		"printable octets":        {method(60, 30, octets("abc")), closing{501, "cannot decode <<97,98,99>>", 60, 30}},
		"a short string too long": {method(60, 30, octets("\x09abc")), closing{501, "cannot decode <<9,97,98,99>>", 60, 30}},
	} {
		t.Run(rule, func(t T) {
			t.Parallel()
			malformed(t, appendFrame(nil, frameMethod, 1, c.payload), c.want)
		})
	}
}

func TestMethodNamesMustBeUTF8(t T) {
	t.Parallel()
	for rule, payload := range map[string][]byte{
		"queue":        queueDeclare("\xff\xfe", exclusive, nil),
		"exchange":     exchangeDeclare("\xc3", "direct", 0, nil),
		"routing key":  queueBind("q", "amq.direct", "\x80", nil),
		"consumer tag": basicConsume("q", "\xf0\x28", 0, nil),
	} {
		t.Run(rule, func(t T) {
			t.Parallel()
			malformed(t, appendFrame(nil, frameMethod, 1, payload), closing{501, "Malformed UTF-8 in shortstr", 0, 0})
		})
	}
}

func TestPublishedKeysNeedNotBeUTF8(t T) {
	t.Parallel()
	r := openRaw(t)
	x, key := unique(t), "\xff\xfe"
	queue := x
	r.call(1, exchangeDeclare(x, "fanout", exchangeAutoDelete, nil), 11)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, queueBind(queue, x, "", nil), 21)
	r.publish(1, x, key, props(flagMessageID, "\xfd"), "a")
	got := r.call(1, basicGet(queue, 1), 71)
	got.longlong()
	got.octet()
	got.shortstr()
	if k := got.shortstr(); k != key {
		t.Errorf("routing key: got %q, want %q", k, key)
	}
	if p, _ := r.content(1); string(p) != string(props(flagMessageID, "\xfd")) {
		t.Errorf("properties: got %q, want them as sent", p)
	}
}

func TestUnknownMethodsEndTheConnection(t T) {
	t.Parallel()
	for rule, payload := range map[string][]byte{
		"unknown class":                 method(77, 10),
		"unknown method of basic":       method(60, 99),
		"unknown method of connection":  method(10, 99),
		"old basic.credit of version 3": method(60, 250, uint8(0)),
	} {
		t.Run(rule, func(t T) {
			t.Parallel()
			r := openRaw(t)
			r.send(1, payload)
			if ours(t, "503 instead of a reset") {
				r.expectCode(0, 503)
				r.send(0, connectionCloseOk())
			}
			r.expectGone()
		})
	}
}

func TestUnknownFieldTagInAMethodEndsTheConnection(t T) {
	t.Parallel()
	for _, tag := range []byte("qnz@") {
		r := openRaw(t)
		r.send(1, queueDeclare(unique(t), exclusive, field("a", tag, uint32(0))))
		if ours(t, "501 instead of a reset") {
			r.expectCode(0, 501)
			r.send(0, connectionCloseOk())
		}
		r.expectGone()
	}
}

func TestTableLongerThanItsMethodEndsTheConnection(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, method(50, 10, uint16(0), "q", uint8(exclusive), uint32(100), octets("\x01at\x01")))
	r.expectCode(0, 501)
	r.send(0, connectionCloseOk())
	r.expectGone()
}

func TestUndecodablePropertiesEndTheConnection(t T) {
	t.Parallel()
	for rule, p := range map[string]properties{
		"unknown tag in headers":   headers(field("a", 'q', uint32(0))),
		"headers cut short":        props(flagHeaders, uint32(100), octets("\x01a")),
		"a missing property":       props(flagContentType | flagPriority),
		"octets left over":         props(flagPriority, uint8(1), uint8(2)),
		"no flags":                 {0},
		"continuation of flags":    props(1, uint16(0)),
		"a short string too short": props(flagContentType, octets("\x10abc")),
	} {
		t.Run(rule, func(t T) {
			t.Parallel()
			r := openRaw(t)
			r.publish(1, "", "nowhere", p, "")
			if ours(t, "501 instead of an internal error") {
				r.expectCode(0, 501)
			} else {
				r.expectClose(0, closing{541, "", 0, 0})
			}
			r.send(0, connectionCloseOk())
			r.expectGone()
		})
	}
}

func TestFramesOutOfSequenceAre505(t T) {
	t.Parallel()
	publish := appendFrame(nil, frameMethod, 1, basicPublish("", "nowhere", 0))
	header := appendFrame(nil, frameHeader, 1, contentHeader(2, nil))
	body := appendFrame(nil, frameBody, 1, []byte("hi"))
	flow := appendFrame(nil, frameMethod, 1, method(20, 20, uint8(1)))
	oddHeader := func(class, weight uint16) []byte {
		return appendFrame(nil, frameHeader, 1, encode(class, weight, uint64(0), uint16(0)))
	}
	noMethod := closing{505, "expected method frame, got non method frame instead", 0, 0}
	noHeader := closing{505, "expected content header for class 60, got non content header frame instead", 60, 40}
	noBody := closing{505, "expected content body, got non content body frame instead", 60, 40}
	for rule, c := range map[string]struct {
		frames [][]byte
		want   closing
	}{
		"header without a method":       {[][]byte{header}, noMethod},
		"body without a method":         {[][]byte{body}, noMethod},
		"method instead of a header":    {[][]byte{publish, flow}, noHeader},
		"body instead of a header":      {[][]byte{publish, body}, noHeader},
		"header with a weight":          {[][]byte{publish, oddHeader(60, 1)}, noHeader},
		"header of another class":       {[][]byte{publish, oddHeader(50, 0)}, closing{505, "expected content header for class 60, got one for class 50 instead", 60, 40}},
		"method instead of a body":      {[][]byte{publish, header, flow}, noBody},
		"header instead of a body":      {[][]byte{publish, header, header}, noBody},
		"body after an empty message":   {[][]byte{publish, oddHeader(60, 0), body}, noMethod},
		"body after a complete message": {[][]byte{publish, header, body, body}, noMethod},
		"heartbeat on a channel":        {[][]byte{appendFrame(nil, frameHeartbeat, 1, nil)}, closing{505, "type 8, all octets = <<>>", 0, 0}},
	} {
		t.Run(rule, func(t T) {
			t.Parallel()
			malformed(t, bytes.Join(c.frames, nil), c.want)
		})
	}
}

func TestBodyLargerThanAnnounced(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, basicPublish("", "nowhere", 0))
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(2, nil)))
	r.write(appendFrame(nil, frameBody, 1, []byte("abc")))
	if always(t, "4.2", "501 instead of waiting") {
		r.expectClose(0, closing{501, "content body frame exceeds remaining content size", 60, 40})
		return
	}
	r.openChannel(2)
	r.ping(2)
}

func TestAnnouncedBodyAbove512MiBIs501(t T) {
	t.Parallel()
	if !always(t, "4.2", "the announced size is checked") {
		t.Skip("not checked by this version")
	}
	r := openRaw(t)
	r.send(1, basicPublish("", "nowhere", 0))
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(536870913, nil)))
	r.expectClose(0, closing{501, "content body size 536870913 exceeds maximum allowed size 536870912", 60, 40})
}

func TestEmptyBodyFramesAreTolerated(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.send(1, basicPublish("", queue, 0))
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(2, nil)))
	for _, part := range []string{"", "h", "", "i"} {
		r.write(appendFrame(nil, frameBody, 1, []byte(part)))
	}
	r.call(1, basicGet(queue, 1), 71)
	if _, body := r.content(1); body != "hi" {
		t.Errorf("body: got %q, want hi", body)
	}
}

func TestFrameOfEightOctetsOfGraceIsAccepted(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{frameMax: 8192})
	r.openChannel(1)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	body := strings.Repeat("x", 8192)
	r.publish(1, "", queue, nil, body)
	r.call(1, basicGet(queue, 1), 71)
	if _, got := r.content(1); got != body {
		t.Errorf("body: got %d octets, want %d", len(got), len(body))
	}
}

func TestDeliveredBodyFramesAreFilled(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{frameMax: 8192})
	r.openChannel(1)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.send(1, basicPublish("", queue, 0))
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(20000, nil)))
	for range 20 {
		r.write(appendFrame(nil, frameBody, 1, make([]byte, 1000)))
	}
	r.call(1, basicGet(queue, 1), 71)
	r.read() // the header
	for _, want := range []int{8184, 8184, 3632} {
		if f := r.read(); f.kind != frameBody || len(f.payload) != want {
			t.Errorf("got type %d with %d octets, want a body of %d", f.kind, len(f.payload), want)
		}
	}
}

func TestEmptyBodyIsDeliveredWithoutBodyFrames(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.publish(1, "", queue, nil, "")
	r.call(1, basicGet(queue, 1), 71)
	r.content(1)
	r.ping(1)
}

func TestFramesMayArriveInPieces(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	for _, octet := range publishing(1, basicPublish("", queue, 0), props(flagPriority, uint8(1)), "hi") {
		r.write([]byte{octet})
	}
	r.call(1, basicGet(queue, 1), 71)
	if _, body := r.content(1); body != "hi" {
		t.Errorf("body: got %q, want hi", body)
	}
}

func TestGoldenFramesAreUnderstood(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{})
	r.write([]byte("\x01\x00\x01\x00\x00\x00\x05\x00\x14\x00\x0a\x00\xce"))
	r.expect(1, 20, 11)
	r.write([]byte("\x08\x00\x00\x00\x00\x00\x00\xce"))
	queue := "q" + run // so declare in words what the octets below say of a fixed name
	r.call(1, queueDeclare(queue, exclusive, number("x-max-length", 5)), 11)
	r.publish(1, "", queue, properties("\xb0\x00\x01t\x00\x00\x00\x07\x01aI\x00\x00\x00\x01\x02"), "hi")
	r.call(1, basicGet(queue, 1), 71)
	if p, body := r.content(1); string(p) != "\xb0\x00\x01t\x00\x00\x00\x07\x01aI\x00\x00\x00\x01\x02" || body != "hi" {
		t.Errorf("got %q %q, want them as sent", p, body)
	}
	r.write([]byte("\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x33\xce"))
	r.expectCode(0, 504)
}

func TestUndefinedFlagBit1IsIgnored(t T) {
	t.Parallel()
	r := openRaw(t)
	r.publish(1, "", "nowhere", props(flagPriority|2, uint8(1)), "")
	r.ping(1)
}

func TestDuplicateTableKeysAreAccepted(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, table(number("x-max-length", 1), number("x-max-length", 2))), 11)
	for _, body := range []string{"a", "b", "c"} {
		r.publish(1, "", queue, nil, body)
	}
	r.call(1, basicGet(queue, 1), 71)
	if _, body := r.content(1); body != "c" {
		t.Errorf("got %q, want c: the first value counts", body)
	}
}

func TestBodyFrameOneOctetBelowAndAtTheLimit(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{frameMax: 8192})
	r.openChannel(1)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	for _, size := range []int{8183, 8184, 8185} {
		body := strings.Repeat("x", size)
		r.publish(1, "", queue, nil, body)
		r.call(1, basicGet(queue, 1), 71)
		if _, got := r.content(1); got != body {
			t.Errorf("body: got %d octets, want %d", len(got), size)
		}
	}
}

func TestHeaderFrameAboveTheLimitIs501(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{frameMax: 8192})
	r.openChannel(1)
	r.send(1, basicPublish("", "nowhere", 0))
	header := contentHeader(0, headers(text("a", strings.Repeat("x", 8192))))
	r.write(appendFrame(nil, frameHeader, 1, header)[:7])
	r.expectClose(0, closing{501, fmt.Sprintf("type 2, all octets = <<>>: {frame_too_large,%d,8184}", len(header)), 0, 0})
}

func TestMethodFrameAsLargeAsTheLimit(t T) {
	t.Parallel()
	r := connectRaw(t, handshake{frameMax: 8192})
	r.openChannel(1)
	queue := unique(t)
	base := len(queueDeclare(queue, exclusive, text("x-own", "")))
	r.call(1, queueDeclare(queue, exclusive, text("x-own", strings.Repeat("x", 8184-base))), 11)
}

func TestNamesInTablesMayBe255Octets(t T) {
	t.Parallel()
	r := openRaw(t)
	name := strings.Repeat("n", 255)
	r.call(1, queueDeclare(unique(t), exclusive, text(name, "1")), 11)
	x := unique(t)
	r.call(1, exchangeDeclare(x, "headers", exchangeAutoDelete, nil), 11)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, queueBind(queue, x, "", text(name, "1")), 21)
	r.publish(1, x, "", headers(text(name, "1")), "a")
	r.call(1, basicGet(queue, 1), 71)
}

func TestWhatIsNoTextInATableNeedNotBeUTF8(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, queueDeclare(unique(t), exclusive, table(text("x-own", "\xff\xfe"), text("\xc3", "1"))), 11)
}

func TestManySmallFramesInOneWrite(t T) {
	t.Parallel()
	r := openRaw(t)
	const pings = 2000
	var octets []byte
	for range pings {
		octets = appendFrame(octets, frameMethod, 1, method(20, 20, uint8(1)))
		octets = appendFrame(octets, frameHeartbeat, 0, nil)
	}
	r.write(octets)
	for range pings {
		r.expect(1, 20, 21)
	}
}
