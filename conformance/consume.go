package conformance

import (
	"fmt"
	"regexp"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestEmptyConsumerTagIsGenerated(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, queueDeclare("", exclusive, nil), 11)
	tag := r.call(1, basicConsume("", "", 0, nil), 21).shortstr()
	if !regexp.MustCompile(`^amq\.ctag-[A-Za-z0-9_-]{22}$`).MatchString(tag) {
		t.Errorf("consumer-tag: got %q, want amq.ctag- and 22 characters", tag)
	}
}

func TestConsumerTagsMayBe255Octets(t T) {
	t.Parallel()
	r := openRaw(t)
	tag := strings.Repeat("t", 255)
	r.call(1, queueDeclare("", exclusive, nil), 11)
	if got := r.call(1, basicConsume("", tag, 0, nil), 21).shortstr(); got != tag {
		t.Errorf("consumer-tag: got %q, want it as sent", got)
	}
}

func TestConsumerTagsAreUniquePerChannelOnly(t T) {
	t.Parallel()
	r := openRaw(t)
	r.openChannel(2)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, basicConsume(queue, "same", 0, nil), 21)
	r.call(2, basicConsume(queue, "same", 0, nil), 21)
}

func TestConsumerTagMayBeReusedAfterCancel(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, queueDeclare("", exclusive, nil), 11)
	for range 3 {
		r.call(1, basicConsume("", "same", 0, nil), 21)
		r.call(1, basicCancel("same"), 31)
	}
}

func TestConsumeOkComesBeforeTheFirstDelivery(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.publish(1, "", queue, nil, "a")
	r.call(1, basicConsume(queue, "c", 0, nil), 21)
	d := r.expect(1, 60, 60)
	if tag, number, redelivered := d.shortstr(), d.longlong(), d.octet(); tag != "c" || number != 1 || redelivered != 0 {
		t.Errorf("got %q %d %d, want c, 1, 0", tag, number, redelivered)
	}
	if x, key := d.shortstr(), d.shortstr(); x != "" || key != queue {
		t.Errorf("got %q %q, want the default exchange and %q", x, key, queue)
	}
	d.end()
	if _, body := r.content(1); body != "a" {
		t.Errorf("body: got %q, want a", body)
	}
}

func TestConsumeNoWaitIsNotAnswered(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.send(1, basicConsume(queue, "c", noAck|noWaitConsume, nil))
	r.ping(1)
	r.publish(1, "", queue, nil, "a")
	r.expect(1, 60, 60)
	r.content(1)
	r.send(1, method(60, 30, "c", uint8(1))) // cancel without waiting
	r.ping(1)
}

func TestConsumeNoWaitWithoutATagGetsOneAllTheSame(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.send(1, basicConsume(queue, "", noAck|noWaitConsume, nil))
	r.publish(1, "", queue, nil, "a")
	if tag := r.expect(1, 60, 60).shortstr(); !strings.HasPrefix(tag, "amq.ctag-") {
		t.Errorf("consumer-tag: got %q, want a generated one", tag)
	}
}

func TestNoLocalIsIgnored(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	deliveries, err := s.Consume(queue, "", true, false, true, false, nil)
	s.ok(err)
	s.publish("", queue, "a")
	if d := receive(t, deliveries, "a delivery"); string(d.Body) != "a" {
		t.Errorf("got %q, want a", d.Body)
	}
}

func TestUnknownConsumerArgumentsAreAccepted(t T) {
	t.Parallel()
	s := open(t)
	s.consumeWith(s.queue(nil), false, false, amqp.Table{"x-foo": "bar", "x-cancel-on-ha-failover": true})
}

func TestNoAckDeliveriesAreSettledAtOnce(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	c := s.consumeWith(queue, true, false, nil)
	s.publish("", queue, "a")
	c.want("a")
	s.ok(s.Close())
	s.sibling().wantDrain(queue, "")
}

func TestNoAckDeliveriesHaveNoTagToAck(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	c := s.consumeWith(queue, true, false, nil)
	s.publish("", queue, "a")
	d := c.next()
	s.ok(s.Ack(d.DeliveryTag, false))
	s.refused(406, "unknown delivery tag %d", d.DeliveryTag)
}

func TestDeliveryTagsCountEveryDeliveryOfTheChannel(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b", "c", "d")
	var tags []uint64
	d, _, err := s.Get(queue, true)
	s.ok(err)
	tags = append(tags, d.DeliveryTag, s.get(queue).DeliveryTag)
	c := s.consumeWith(queue, true, false, nil)
	tags = append(tags, c.next().DeliveryTag, c.next().DeliveryTag)
	s.ok(s.Cancel(c.tag, false))
	s.publish("", queue, "e")
	tags = append(tags, s.consume(queue).next().DeliveryTag)
	if got := fmt.Sprint(tags); got != "[1 2 3 4 5]" {
		t.Errorf("tags: got %v, want 1 to 5", got)
	}
	other := s.sibling()
	other.publish("", queue, "f")
}

func TestDeliveryTagsAreCountedPerChannel(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	for range 2 {
		other := s.sibling()
		other.publish("", queue, "a")
		if d, _, err := other.Get(queue, true); err != nil || d.DeliveryTag != 1 {
			t.Errorf("first tag: got %d, %v, want 1", d.DeliveryTag, err)
		}
	}
}

func TestNothingIsDeliveredAfterCancelOk(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, basicConsume(queue, "c", 0, nil), 21)
	var flood []byte
	for range 100 {
		flood = append(flood, publishing(1, basicPublish("", queue, 0), nil, "x")...)
	}
	flood = appendFrame(flood, frameMethod, 1, basicCancel("c"))
	r.write(flood)
	cancelled := string(method(60, 31, "c"))
	for {
		if f := r.read(); f.kind == frameMethod && string(f.payload) == cancelled {
			break
		}
	}
	r.publish(1, "", queue, nil, "late")
	r.ping(1)
}

func TestUnackedOfACancelledConsumerStayWithTheChannel(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	c := s.consume(queue)
	s.publish("", queue, "a", "b")
	one, two := c.next(), c.next()
	s.ok(s.Cancel(c.tag, false))
	s.wantDrain(queue, "")
	s.ok(one.Ack(false))
	s.ok(two.Nack(false, true))
	s.wantDrain(queue, "b")
}

func TestCancellingAnUnknownTagIsFine(t T) {
	t.Parallel()
	r := openRaw(t)
	if tag := r.call(1, basicCancel("never-heard-of"), 31).shortstr(); tag != "never-heard-of" {
		t.Errorf("consumer-tag: got %q, want it as sent", tag)
	}
}

func TestConsumerSeesMessagesPublishedBeforeAndAfter(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b")
	c := s.consume(queue)
	s.publish("", queue, "c")
	c.want("a b c")
}

func TestCancelledConsumerIsNotCounted(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	c := s.consume(queue)
	s.consume(queue)
	s.ok(s.Cancel(c.tag, false))
	if got := s.inspect(queue).Consumers; got != 1 {
		t.Errorf("consumers: got %d, want 1", got)
	}
}

func TestConsumerTagsMayBeAnyUTF8(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, queueDeclare("", exclusive, nil), 11)
	for _, tag := range []string{" ", "müsli/☃", "a\x00b\r\n", "amq.ctag-mine"} {
		if got := r.call(1, basicConsume("", tag, 0, nil), 21).shortstr(); got != tag {
			t.Errorf("consumer-tag: got %q, want %q as sent", got, tag)
		}
		r.call(1, basicCancel(tag), 31)
	}
}

func TestCancellingTwiceIsFine(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, queueDeclare("", exclusive, nil), 11)
	r.call(1, basicConsume("", "c", 0, nil), 21)
	r.call(1, basicCancel("c"), 31)
	r.call(1, basicCancel("c"), 31)
}

func TestCancelOfAnotherChannelsTagDoesNothing(t T) {
	t.Parallel()
	r := openRaw(t)
	r.openChannel(2)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, basicConsume(queue, "c", noAck, nil), 21)
	r.call(2, basicCancel("c"), 31)
	r.publish(1, "", queue, nil, "a")
	r.expect(1, 60, 60)
}

func TestOneChannelMayConsumeOneQueueTwice(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	one, two := s.consume(queue), s.consume(queue)
	s.publish("", queue, "a", "b")
	one.next()
	two.next()
	if got := s.inspect(queue).Consumers; got != 2 {
		t.Errorf("consumers: got %d, want 2", got)
	}
}

func TestOneChannelMayConsumeManyQueues(t T) {
	t.Parallel()
	s := open(t)
	for range 50 {
		queue := s.queue(nil)
		c := s.consume(queue)
		s.publish("", queue, queue)
		c.want(queue)
	}
}

func TestConsumerPriorityMayBeAnyIntegerTag(t T) {
	t.Parallel()
	for tag, priority := range map[string]fields{
		"b": field("x-priority", 'b', uint8(0xff)), "B": field("x-priority", 'B', uint8(200)),
		"s": field("x-priority", 's', uint16(0xffff)), "u": field("x-priority", 'u', uint16(1)),
		"I": number("x-priority", -1), "i": field("x-priority", 'i', uint32(1)),
		"l": field("x-priority", 'l', uint64(1)<<62), "L": field("x-priority", 'L', uint64(1)<<63),
	} {
		t.Run("tag "+tag, func(t T) {
			t.Parallel()
			r := openRaw(t)
			r.call(1, queueDeclare("", exclusive, nil), 11)
			r.call(1, basicConsume("", "c", 0, priority), 21)
		})
	}
}

func TestTenThousandUnackedDeliveriesComeBack(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	other := s.sibling()
	c := other.consume(queue)
	const messages = 10000
	for range messages {
		s.publish("", queue, "m")
	}
	for range messages {
		c.next()
	}
	other.ok(other.Close())
	s.wantReady(queue, messages)
}

func TestDeliveriesOfTwoChannelsAreWhole(t T) {
	t.Parallel()
	r := openRaw(t)
	r.openChannel(2)
	queues := []string{unique(t), unique(t)}
	for i, queue := range queues {
		r.call(1, queueDeclare(queue, exclusive, nil), 11)
		r.call(uint16(i+1), basicConsume(queue, "c", noAck, nil), 21)
	}
	publisher := open(t)
	body := strings.Repeat("x", 300000)
	for range 10 {
		for _, queue := range queues {
			publisher.publish("", queue, body)
		}
	}
	for range 20 {
		f := r.read() // method, header and bodies of one channel, nothing in between
		if f.kind != frameMethod {
			t.Fatalf("got %v, want a basic.deliver", f)
		}
		if _, got := r.content(f.channel); got != body {
			t.Fatalf("body: got %d octets, want %d", len(got), len(body))
		}
	}
}

func TestMessagesPublishedWhileNobodyConsumesWait(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	for _, body := range []string{"a", "b", "c"} {
		c := s.consumeWith(queue, true, false, nil)
		s.publish("", queue, body)
		c.want(body)
		c.wantRest("")
		s.publish("", queue, body+body)
		s.wantDrain(queue, body+body)
	}
}
