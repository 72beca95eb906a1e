package conformance

import (
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestPublishedBodyComesBack(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	for _, body := range []string{"", "a", strings.Repeat("x", 131064), strings.Repeat("y", 131065), strings.Repeat("z", 1<<20)} {
		s.publish("", queue, body)
		if d := s.get(queue); string(d.Body) != body {
			t.Errorf("body: got %d octets, want %d", len(d.Body), len(body))
		}
	}
}

func TestUnroutableIsDroppedSilently(t T) {
	t.Parallel()
	s := open(t)
	s.publish(s.exchange("direct", nil), "nowhere", "a")
	s.publish("", unique(t), "b")
	s.mandatory("", unique(t), "c")
	if back := s.returned(); string(back.Body) != "c" {
		t.Errorf("returned: got %q, want only c", back.Body)
	}
}

func TestUnroutableMandatoryIsReturnedWhole(t T) {
	t.Parallel()
	r := openRaw(t)
	sent := props(flagContentType|flagHeaders|flagPriority, "text/x", table(number("a", 1)), uint8(3))
	key := unique(t)
	r.write(publishing(1, basicPublish("amq.direct", key, mandatory), sent, "body"))
	back := r.expect(1, 60, 50)
	if code, text := back.short(), back.shortstr(); code != 312 || text != "NO_ROUTE" {
		t.Errorf("got %d %q, want 312 NO_ROUTE", code, text)
	}
	if x, k := back.shortstr(), back.shortstr(); x != "amq.direct" || k != key {
		t.Errorf("got %q %q, want amq.direct %q", x, k, key)
	}
	back.end()
	if p, body := r.content(1); string(p) != string(sent) || body != "body" {
		t.Errorf("got %q %q, want %q body", p, body, sent)
	}
}

func TestRoutedMandatoryIsNotReturned(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.mandatory("", queue, "a")
	s.mandatory("", unique(t), "b")
	if back := s.returned(); string(back.Body) != "b" {
		t.Errorf("returned: got %q, want only b", back.Body)
	}
	s.wantDrain(queue, "a")
}

func TestFullQueueIsNotUnroutable(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"})
	s.mandatory("", queue, "a")
	s.mandatory("", unique(t), "b")
	if back := s.returned(); string(back.Body) != "b" {
		t.Errorf("returned: got %q, want only b", back.Body)
	}
}

func TestUserIDOfTheLoginIsAccepted(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.send("", queue, amqp.Publishing{UserId: target.user})
	if d := s.get(queue); d.UserId != target.user {
		t.Errorf("user-id: got %q, want %q", d.UserId, target.user)
	}
}

func TestCCAddsRoutingKeys(t T) {
	t.Parallel()
	s := open(t)
	one, two, three := s.queue(nil), s.queue(nil), s.queue(nil)
	s.send("", one, amqp.Publishing{Headers: amqp.Table{"CC": []any{two, three, three}}, Body: []byte("a")})
	for _, queue := range []string{one, two, three} {
		d := s.get(queue)
		if d.RoutingKey != one {
			t.Errorf("routing key: got %q, want the original %q", d.RoutingKey, one)
		}
		if cc, _ := d.Headers["CC"].([]any); len(cc) != 3 {
			t.Errorf("CC: got %v, want it still there", d.Headers["CC"])
		}
		s.wantDrain(queue, "")
	}
}

func TestBCCAddsRoutingKeysAndIsHidden(t T) {
	t.Parallel()
	s := open(t)
	one, two := s.queue(nil), s.queue(nil)
	s.send("", one, amqp.Publishing{Headers: amqp.Table{"BCC": []any{two}, "a": "1"}, Body: []byte("a")})
	for _, queue := range []string{one, two} {
		d := s.get(queue)
		if _, found := d.Headers["BCC"]; found || d.Headers["a"] != "1" {
			t.Errorf("headers: got %v, want a and not BCC", d.Headers)
		}
	}
}

func TestBCCIsNotReturned(t T) {
	t.Parallel()
	s := open(t)
	s.ok(s.Publish("", unique(t), true, false, amqp.Publishing{Headers: amqp.Table{"BCC": []any{unique(t)}}}))
	if back := s.returned(); len(back.Headers) != 0 {
		t.Errorf("headers: got %v, want none", back.Headers)
	}
}

func TestCCWorksForTopicExchanges(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("topic", nil)
	queue := s.bound(x, "a.*", nil)
	s.send(x, "z", amqp.Publishing{Headers: amqp.Table{"CC": []any{"a.b", "a.c"}}, Body: []byte("once")})
	s.wantDrain(queue, "once")
}

func TestCCMembersThatAreNoStringsAreSkipped(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.send("", unique(t), amqp.Publishing{Headers: amqp.Table{"CC": []any{int32(1), queue, nil}}, Body: []byte("a")})
	s.wantDrain(queue, "a")
}

func TestMandatoryWithCCIsReturnedOnlyIfNoKeyRouted(t T) {
	t.Parallel()
	s := open(t)
	queue, nowhere := s.queue(nil), unique(t)
	s.ok(s.Publish("", nowhere, true, false, amqp.Publishing{Headers: amqp.Table{"CC": []any{queue}}, Body: []byte("a")}))
	s.ok(s.Publish("", nowhere, true, false, amqp.Publishing{Headers: amqp.Table{"CC": []any{unique(t)}}, Body: []byte("b")}))
	if back := s.returned(); string(back.Body) != "b" || back.RoutingKey != nowhere {
		t.Errorf("returned: got %q with %q, want b with the original key", back.Body, back.RoutingKey)
	}
}

func TestUnknownDeliveryModeIsTransient(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.publish(1, "", queue, props(flagDeliveryMode, uint8(3)), "a")
	if !always(t, "4.0", "an unknown delivery-mode is transient") {
		r.expectClose(1, closing{406, "invalid message: {delivery_mode_unknown,3}", 60, 40})
		return
	}
	r.call(1, basicGet(queue, 1), 71)
}

func TestGetOkCarriesWhatIsLeft(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	for _, body := range []string{"a", "b", "c"} {
		r.publish(1, "", queue, nil, body)
	}
	for i, body := range []string{"a", "b", "c"} {
		got := r.call(1, basicGet(queue, 0), 71)
		if tag := got.longlong(); tag != uint64(i+1) {
			t.Errorf("delivery-tag: got %d, want %d", tag, i+1)
		}
		if redelivered, x, key := got.octet(), got.shortstr(), got.shortstr(); redelivered != 0 || x != "" || key != queue {
			t.Errorf("got redelivered %d, %q, %q, want 0, the default exchange and the queue", redelivered, x, key)
		}
		if left := got.long(); left != uint32(2-i) {
			t.Errorf("message-count: got %d, want %d", left, 2-i)
		}
		got.end()
		if _, b := r.content(1); b != body {
			t.Errorf("body: got %q, want %q", b, body)
		}
	}
}

func TestGetEmptyCarriesAnEmptyClusterID(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, queueDeclare("", exclusive, nil), 11)
	empty := r.call(1, basicGet("", 0), 72)
	if id := empty.shortstr(); id != "" {
		t.Errorf("cluster-id: got %q, want none", id)
	}
	empty.end()
}

func TestGetIsAllowedNextToConsumers(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Qos(1, 0, false))
	c := s.consume(queue)
	s.publish("", queue, "a", "b")
	c.want("a")
	s.wantDrain(queue, "b")
}

func TestMessagesOfOneChannelKeepTheirOrder(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	c := s.consumeWith(queue, true, false, nil)
	var words []string
	for i := range 500 {
		word := string(rune('a'+i%26)) + strings.Repeat("x", i%7)
		words = append(words, word)
		s.publish("", queue, word)
	}
	c.want(strings.Join(words, " "))
}

func TestPriorityStaysOnTheMessageInAQueueWithoutPriorities(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.send("", queue, amqp.Publishing{Body: []byte("a")})
	s.send("", queue, amqp.Publishing{Priority: 9, Body: []byte("b")})
	s.get(queue)
	if d := s.get(queue); d.Priority != 9 || string(d.Body) != "b" {
		t.Errorf("got %q with priority %d, want b with 9", d.Body, d.Priority)
	}
}

func TestContentsOfTwoChannelsMayInterleave(t T) {
	t.Parallel()
	r := openRaw(t)
	r.openChannel(2)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	var o []byte
	for channel := uint16(1); channel <= 2; channel++ {
		o = appendFrame(o, frameMethod, channel, basicPublish("", queue, 0))
	}
	for channel := uint16(1); channel <= 2; channel++ {
		o = appendFrame(o, frameHeader, channel, contentHeader(2, nil))
	}
	for range 2 {
		o = appendFrame(o, frameBody, 1, []byte("a"))
		o = appendFrame(o, frameBody, 2, []byte("b"))
	}
	r.write(o)
	r.ping(1)
	r.ping(2)
	got := map[string]bool{}
	for range 2 {
		r.call(1, basicGet(queue, 1), 71)
		_, body := r.content(1)
		got[body] = true
	}
	if !got["aa"] || !got["bb"] {
		t.Errorf("bodies: got %v, want aa and bb", got)
	}
}
