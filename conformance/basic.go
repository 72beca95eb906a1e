package conformance

import (
	"fmt"
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

func TestBodiesAtTheBordersOfFrames(t T) {
	t.Parallel()
	const frame = 4096 // negotiated: 4088 octets of payload
	if never(t, "4.1", "the minimum became 8192, which old clients do not know") {
		t.Skip("such frames are refused by this version")
	}
	publisher, r := openRaw(t), connectRaw(t, handshake{frameMax: frame})
	r.openChannel(1)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, basicConsume(queue, "c", noAck, nil), 21)
	for _, size := range []int{0, 1, frame - 9, frame - 8, frame - 7, frame - 1, frame, frame + 1, 2 * (frame - 8), 2*(frame-8) + 1} {
		body := strings.Repeat("x", size)
		publisher.publish(1, "", queue, nil, body)
		r.expect(1, 60, 60)
		if _, got := r.content(1); got != body {
			t.Errorf("body: got %d octets, want %d", len(got), size)
		}
	}
}

func TestBodyMayComeInFramesOfOneOctet(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	body := strings.Repeat("0123456789", 100)
	octets := appendFrame(nil, frameMethod, 1, basicPublish("", queue, 0))
	octets = appendFrame(octets, frameHeader, 1, contentHeader(uint64(len(body)), nil))
	for i := range len(body) {
		octets = appendFrame(octets, frameBody, 1, []byte{body[i]})
	}
	r.write(octets)
	r.call(1, basicGet(queue, 1), 71)
	if _, got := r.content(1); got != body {
		t.Errorf("body: got %q, want it whole", got)
	}
}

func TestCCAndBCCTogether(t T) {
	t.Parallel()
	s := open(t)
	one, two, three := s.queue(nil), s.queue(nil), s.queue(nil)
	s.send("", one, amqp.Publishing{Headers: amqp.Table{"CC": []any{two, three}, "BCC": []any{three, one}}, Body: []byte("a")})
	for _, queue := range []string{one, two, three} {
		d := s.get(queue)
		if _, found := d.Headers["BCC"]; found || d.Headers["CC"] == nil {
			t.Errorf("headers: got %v, want CC and no BCC", d.Headers)
		}
		s.wantDrain(queue, "")
	}
}

func TestEmptyCCAndBCCAreFine(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.send("", queue, amqp.Publishing{Headers: amqp.Table{"CC": []any{}, "BCC": []any{}}, Body: []byte("a")})
	d := s.get(queue)
	if _, found := d.Headers["BCC"]; found {
		t.Errorf("headers: got %v, want no BCC", d.Headers)
	}
}

func TestNamesOfCCAndBCCAreInCapitals(t T) {
	t.Parallel()
	s := open(t)
	one, two := s.queue(nil), s.queue(nil)
	s.send("", one, amqp.Publishing{Headers: amqp.Table{"cc": []any{two}, "Bcc": "no array"}, Body: []byte("a")})
	if d := s.get(one); d.Headers["Bcc"] != "no array" {
		t.Errorf("headers: got %v, want them as sent", d.Headers)
	}
	s.wantDrain(two, "")
}

func TestMandatoryThatOnlyBCCRoutesIsNotReturned(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.ok(s.Publish("", unique(t), true, false, amqp.Publishing{Headers: amqp.Table{"BCC": []any{queue}}, Body: []byte("a")}))
	s.mandatory("", unique(t), "sentinel")
	if back := s.returned(); string(back.Body) != "sentinel" {
		t.Errorf("returned: got %q, want only the sentinel", back.Body)
	}
	s.wantDrain(queue, "a")
}

func TestReturnKeepsCC(t T) {
	t.Parallel()
	s := open(t)
	s.ok(s.Publish("", unique(t), true, false, amqp.Publishing{Headers: amqp.Table{"CC": []any{unique(t)}, "a": "1"}}))
	if back := s.returned(); back.Headers["a"] != "1" || back.Headers["CC"] == nil {
		t.Errorf("headers: got %v, want a and CC", back.Headers)
	}
}

func TestReturnsComeInTheOrderOfThePublishes(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	for i := range 50 {
		s.mandatory("", unique(t), fmt.Sprint(i))
		s.mandatory("", queue, "routed")
	}
	for i := range 50 {
		if back := s.returned(); string(back.Body) != fmt.Sprint(i) {
			t.Fatalf("returned: got %q, want %d", back.Body, i)
		}
	}
}

func TestReturnOfALargeBody(t T) {
	t.Parallel()
	s := open(t)
	body := strings.Repeat("x", 300000)
	s.mandatory("", unique(t), body)
	s.mandatory("", unique(t), "")
	if back := s.returned(); string(back.Body) != body {
		t.Errorf("returned: got %d octets, want %d", len(back.Body), len(body))
	}
	if back := s.returned(); len(back.Body) != 0 {
		t.Errorf("returned: got %d octets, want none", len(back.Body))
	}
}

func TestDeletedQueueIsUnroutable(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	queue := s.bound(x, "", nil)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	s.mandatory("", queue, "by name")
	s.mandatory(x, "", "by exchange")
	for _, want := range []string{"by name", "by exchange"} {
		if back := s.returned(); string(back.Body) != want {
			t.Errorf("returned: got %q, want %q", back.Body, want)
		}
	}
}

func TestGetWithoutAckIsSettledAtOnce(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b")
	d, found, err := s.Get(queue, true)
	s.ok(err)
	if !found || string(d.Body) != "a" {
		t.Errorf("got %q, want a", d.Body)
	}
	s.requeueAll().wantDrain(queue, "b")
}

func TestMessageCountOfGetDoesNotCountUnacked(t T) {
	t.Parallel()
	s := open(t)
	queue, _ := s.taken(nil, "a", "b")
	s.publish("", queue, "c", "d")
	if d := s.get(queue); d.MessageCount != 1 {
		t.Errorf("message-count: got %d, want 1", d.MessageCount)
	}
}

func TestPublisherMayCloseRightAfterPublishing(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	other := s.sibling()
	other.publish("", queue, "a", "b", "c")
	other.ok(other.Close())
	s.consume(queue).want("a b c")
}
