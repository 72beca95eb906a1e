package conformance

import (
	"fmt"
	"strings"
)

// roundTrip publishes properties and returns what is delivered.
func roundTrip(t T, p properties) properties {
	t.Helper()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.publish(1, "", queue, p, "body")
	r.call(1, basicGet(queue, 1), 71)
	got, body := r.content(1)
	if body != "body" {
		t.Errorf("body: got %q, want body", body)
	}
	return got
}

func TestEveryPropertyPassesThrough(t T) {
	t.Parallel()
	for name, p := range map[string]properties{
		"none":             props(0),
		"content-type":     props(flagContentType, "text/plain"),
		"content-encoding": props(flagContentEncoding, "gzip"),
		"headers":          headers(text("a", "b")),
		"delivery-mode":    props(flagDeliveryMode, uint8(2)),
		"priority":         props(flagPriority, uint8(200)),
		"correlation-id":   props(flagCorrelationID, "c"),
		"reply-to":         props(flagReplyTo, "r"),
		"expiration":       props(flagExpiration, "3600000"),
		"message-id":       props(flagMessageID, "m"),
		"timestamp":        props(flagTimestamp, uint64(1)<<63+5),
		"type":             props(flagType, "t"),
		"user-id":          props(flagUserID, target.user),
		"app-id":           props(flagAppID, "a"),
		"cluster-id":       props(flagClusterID, "cl"),
		"empty strings":    props(flagContentType|flagMessageID, "", ""),
		"empty headers":    headers(),
		"all of them": props(0xfffc, "ct", "ce", table(number("a", 1)), uint8(1), uint8(2), "ci", "rt", "3600000",
			"mi", uint64(7), "ty", target.user, "ai", "cl"),
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			if got := roundTrip(t, p); string(got) != string(p) {
				t.Errorf("\n got %q\nwant %q", got, p)
			}
		})
	}
}

func TestEveryFieldTagPassesThrough(t T) {
	t.Parallel()
	for name, f := range map[string]fields{
		"t true":          field("a", 't', uint8(1)),
		"t false":         field("a", 't', uint8(0)),
		"b":               field("a", 'b', uint8(0x80)),
		"B":               field("a", 'B', uint8(0xff)),
		"s":               field("a", 's', uint16(0x8001)),
		"u":               field("a", 'u', uint16(0xffff)),
		"I":               field("a", 'I', uint32(0x80000001)),
		"i":               field("a", 'i', uint32(0xffffffff)),
		"l":               field("a", 'l', uint64(1)<<63+1),
		"f":               field("a", 'f', uint32(0x3fc00000)),
		"d":               field("a", 'd', uint64(0x3ff8000000000000)),
		"D":               field("a", 'D', uint8(2), uint32(0x80000001)),
		"S":               text("a", "text"),
		"S of any octets": text("a", "\xff\x00\xfe"),
		"S empty":         text("a", ""),
		"x":               field("a", 'x', longstr("\x00\xff")),
		"A":               field("a", 'A', table(element('t', uint8(1)), element('V'), element('S', longstr("x")))),
		"A empty":         field("a", 'A', fields{}),
		"T":               field("a", 'T', uint64(1)<<63),
		"F":               field("a", 'F', table(number("b", 1), field("c", 'F', fields{}))),
		"F empty":         field("a", 'F', fields{}),
		"V":               field("a", 'V'),
		"an empty name":   number("", 1),
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			p := headers(f)
			if got := roundTrip(t, p); string(got) != string(p) {
				t.Errorf("\n got %q\nwant %q", got, p)
			}
		})
	}
}

func TestNestedTablesPassThrough(t T) {
	t.Parallel()
	inner := number("deep", 1)
	for range 8 { // a broker may well draw a line somewhere, but not here
		inner = field("f", 'F', table(field("a", 'A', element('F', inner))))
	}
	p := headers(inner)
	if got := roundTrip(t, p); string(got) != string(p) {
		t.Errorf("got %d octets, want the same %d", len(got), len(p))
	}
}

// verbatim skips a test of octets that RabbitMQ 4 writes anew.
func verbatim(t T) {
	t.Helper()
	if never(t, "4.0", "headers are decoded and written anew, not passed on as they came") {
		t.Skip("not so in this version")
	}
}

func TestHeadersPassThroughOctetByOctet(t T) {
	t.Parallel()
	verbatim(t)
	for name, p := range map[string]properties{
		"keys in any order":           headers(text("z", "1"), text("a", "2"), text("m", "3")),
		"keys twice":                  headers(text("a", "1"), text("a", "2")),
		"L stays L":                   headers(field("a", 'L', uint64(5))),
		"a boolean of 5":              headers(field("a", 't', uint8(5))),
		"expiration with a plus sign": props(flagExpiration, "+3600000"),
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			if got := roundTrip(t, p); string(got) != string(p) {
				t.Errorf("\n got %q\nwant %q", got, p)
			}
		})
	}
}

func TestFieldTagU(t T) {
	t.Parallel()
	if !ours(t, "U is taken as a signed 16 bit integer instead of dropping the connection") {
		t.Skip("not understood by RabbitMQ")
	}
	p := headers(field("a", 'U', uint16(5)))
	if got := roundTrip(t, p); string(got) != string(p) {
		t.Errorf("\n got %q\nwant %q", got, p)
	}
}

func TestPropertiesLargerThanAFrameAreNotLost(t T) {
	t.Parallel()
	publisher, r := openRaw(t), connectRaw(t, handshake{frameMax: 8192})
	r.openChannel(1)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, basicConsume(queue, "c", noAck, nil), 21)
	p := headers(text("a", string(make([]byte, 10000))))
	publisher.publish(1, "", queue, p, "body")
	r.expect(1, 60, 60)
	if got, _ := r.content(1); string(got) != string(p) {
		t.Errorf("got %d octets of properties, want %d", len(got), len(p))
	}
}

func TestHeadersOfAHundredThousandOctetsPassThrough(t T) {
	t.Parallel()
	p := headers(text("a", strings.Repeat("x", 100000)), text("b", "1"))
	if got := roundTrip(t, p); string(got) != string(p) {
		t.Errorf("got %d octets, want the same %d", len(got), len(p))
	}
}

func TestThousandHeadersPassThrough(t T) {
	t.Parallel()
	var all []fields
	for i := range 1000 {
		all = append(all, number(fmt.Sprintf("header-%04d", i), int32(i)))
	}
	p := headers(all...)
	if got := roundTrip(t, p); string(got) != string(p) {
		t.Errorf("got %d octets, want the same %d", len(got), len(p))
	}
}

func TestPropertiesOf255OctetsPassThrough(t T) {
	t.Parallel()
	long := strings.Repeat("x", 255)
	p := props(flagContentType|flagContentEncoding|flagHeaders|flagCorrelationID|flagReplyTo|flagMessageID|flagType|flagAppID|flagClusterID,
		long, long, table(number(long, 1)), long, long, long, long, long, long)
	if got := roundTrip(t, p); string(got) != string(p) {
		t.Errorf("got %d octets, want the same %d", len(got), len(p))
	}
}

func TestPropertiesAreTheSameForEveryQueue(t T) {
	t.Parallel()
	r := openRaw(t)
	x := unique(t)
	r.call(1, exchangeDeclare(x, "fanout", exchangeAutoDelete, nil), 11)
	p := props(flagContentType|flagHeaders|flagPriority, "text/x", table(number("a", 1)), uint8(3))
	var queues []string
	for range 3 {
		queue := r.call(1, queueDeclare("", exclusive, nil), 11).shortstr()
		r.call(1, queueBind(queue, x, "", nil), 21)
		queues = append(queues, queue)
	}
	r.publish(1, x, "", p, "body")
	for _, queue := range queues {
		r.call(1, basicGet(queue, 1), 71)
		if got, body := r.content(1); string(got) != string(p) || body != "body" {
			t.Errorf("got %q %q, want %q body", got, body, p)
		}
	}
}
