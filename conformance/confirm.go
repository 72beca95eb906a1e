package conformance

import (
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// confirms reads basic.ack and basic.nack until the tags 1 to n are settled, and
// returns a letter for each tag: a for ack, n for nack. A tag settled twice fails
// the test.
func (r *raw) confirms(channel uint16, n int) string {
	r.t.Helper()
	settled := make([]byte, n)
	left := n
	for left > 0 {
		f := r.read()
		a := &arguments{t: r.t, octets: f.payload}
		class, id, tag, bits := a.short(), a.short(), a.longlong(), a.octet()
		letter := byte('a')
		if id == 120 {
			letter = 'n'
		}
		if f.channel != channel || class != 60 || id != 80 && id != 120 || tag == 0 || tag > uint64(n) {
			r.t.Fatalf("got %v, want a confirm", f)
		}
		if settled[tag-1] != 0 {
			r.t.Fatalf("tag %d confirmed twice", tag)
		}
		for i := range settled[:tag] {
			if settled[i] == 0 && (bits&multiple != 0 || i == int(tag)-1) {
				settled[i] = letter
				left--
			}
		}
	}
	return string(settled)
}

func TestConfirmsSettleEveryTagOnce(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, confirmSelect(), 11)
	var flood []byte
	for range 200 {
		flood = append(flood, publishing(1, basicPublish("", queue, 0), nil, "x")...)
	}
	r.write(flood)
	if got := r.confirms(1, 200); got != strings.Repeat("a", 200) {
		t.Errorf("confirms: got %q, want acks", got)
	}
	r.ping(1)
}

func TestConfirmTagsStartAtOneAfterSelect(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.publish(1, "", queue, nil, "not counted")
	r.call(1, confirmSelect(), 11)
	r.publish(1, "", queue, nil, "counted")
	if got := r.confirms(1, 1); got != "a" {
		t.Errorf("got %q, want an ack", got)
	}
}

func TestConfirmSelectMayBeRepeated(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, confirmSelect(), 11)
	r.publish(1, "", "nowhere", nil, "a")
	r.confirms(1, 1)
	r.call(1, confirmSelect(), 11)
	r.publish(1, "", "nowhere", nil, "b")
	if tag := r.expect(1, 60, 80).longlong(); tag != 2 {
		t.Errorf("tag: got %d, want 2", tag)
	}
}

func TestConfirmSelectNoWaitIsNotAnswered(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, method(85, 10, uint8(1)))
	r.ping(1)
	r.publish(1, "", "nowhere", nil, "a")
	r.expect(1, 60, 80)
}

func TestUnroutableIsAcked(t T) {
	t.Parallel()
	s := open(t)
	s.confirm()
	if !s.confirmed("", unique(t), amqp.Publishing{}) {
		t.Error("got a nack, want an ack")
	}
}

func TestReturnComesBeforeTheConfirm(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, confirmSelect(), 11)
	for tag := range uint64(3) {
		r.write(publishing(1, basicPublish("", "nowhere", mandatory), nil, "x"))
		r.expect(1, 60, 50)
		r.content(1)
		if got := r.expect(1, 60, 80).longlong(); got != tag+1 {
			t.Errorf("tag: got %d, want %d", got, tag+1)
		}
	}
}

func TestPersistentInDurableQueueIsAcked(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	s.confirm()
	if !s.confirmed("", queue, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte("a")}) {
		t.Error("got a nack, want an ack")
	}
	s.wantDrain(queue, "a")
}

func TestTransientInDurableQueueIsAcked(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	s.confirm()
	if !s.confirmed("", queue, amqp.Publishing{DeliveryMode: amqp.Transient}) {
		t.Error("got a nack, want an ack")
	}
}

func TestConsumedAndAckedIsConfirmed(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	c := s.consume(queue)
	s.confirm()
	confirmation, err := s.PublishWithDeferredConfirm("", queue, false, false, amqp.Publishing{DeliveryMode: amqp.Persistent})
	s.ok(err)
	s.ok(c.next().Ack(false))
	if !s.outcome(confirmation) {
		t.Error("got a nack, want an ack")
	}
}

func TestMessageForSeveralQueuesIsConfirmedOnce(t T) {
	t.Parallel()
	r := openRaw(t)
	x := unique(t)
	r.call(1, exchangeDeclare(x, "fanout", exchangeAutoDelete, nil), 11)
	for range 3 {
		r.call(1, queueDeclare("", exclusive, nil), 11)
		r.call(1, queueBind("", x, "", nil), 21)
	}
	r.call(1, confirmSelect(), 11)
	r.publish(1, x, "", nil, "a")
	r.publish(1, x, "", nil, "b")
	if got := r.confirms(1, 2); got != "aa" {
		t.Errorf("confirms: got %q, want two acks", got)
	}
	r.ping(1)
}

func TestExpiredAtOnceIsAcked(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.confirm()
	if !s.confirmed("", queue, amqp.Publishing{Expiration: "0"}) {
		t.Error("got a nack, want an ack")
	}
}

func TestConfirmsOfADeletedQueueAreAcks(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, durable, nil), 11)
	r.call(1, confirmSelect(), 11)
	persistent := props(flagDeliveryMode, uint8(2))
	flood := publishing(1, basicPublish("", queue, 0), persistent, "x")
	flood = append(flood, publishing(1, basicPublish("", queue, 0), persistent, "y")...)
	r.openChannel(2)
	r.write(flood)
	r.send(2, queueDelete(queue, 0))
	acked := 0
	for deleted := false; acked < 2 || !deleted; {
		f := r.read()
		a := &arguments{t: t, octets: f.payload}
		switch class, id := a.short(), a.short(); {
		case class == 60 && id == 80:
			acked = max(acked, int(a.longlong()))
		case class == 50 && id == 41:
			deleted = true
		default:
			t.Fatalf("got %v, want acks and delete-ok", f)
		}
	}
}

func TestPublishToAMissingExchangeClosesAConfirmingChannel(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, confirmSelect(), 11)
	r.publish(1, "no-such-exchange", "", nil, "a")
	r.expectClose(1, closing{404, "no exchange 'no-such-exchange' in vhost '" + target.vhost + "'", 60, 40})
}

func TestConfirmTagsAreCountedPerChannel(t T) {
	t.Parallel()
	s := open(t)
	for range 2 {
		other := s.sibling()
		other.confirm()
		confirmation, err := other.PublishWithDeferredConfirm("", unique(t), false, false, amqp.Publishing{})
		s.ok(err)
		if confirmation.DeliveryTag != 1 || !other.outcome(confirmation) {
			t.Errorf("tag: got %d, want an ack of 1", confirmation.DeliveryTag)
		}
	}
}

func TestConfirmedMessageIsThereForOthers(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	s.confirm()
	s.confirmed("", queue, amqp.Publishing{Body: []byte("a")})
	open(t).wantDrain(queue, "a")
}

func TestMessageWithCCIsConfirmedOnce(t T) {
	t.Parallel()
	r := openRaw(t)
	one, two := unique(t), unique(t)
	r.call(1, queueDeclare(one, exclusive, nil), 11)
	r.call(1, queueDeclare(two, exclusive, nil), 11)
	r.call(1, confirmSelect(), 11)
	copies := headers(field("CC", 'A', element('S', longstr(two))), field("BCC", 'A', element('S', longstr("nowhere"))))
	r.publish(1, "", one, copies, "a")
	r.publish(1, "", "nowhere", copies, "b")
	if got := r.confirms(1, 2); got != "aa" {
		t.Errorf("confirms: got %q, want two acks", got)
	}
	r.ping(1)
}

func TestManyPersistentMessagesAreAllConfirmed(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	durable, transient := s.shared(nil), s.queue(nil)
	s.bind(durable, x, "", nil)
	s.bind(transient, x, "", nil)
	r := openRaw(t)
	r.call(1, confirmSelect(), 11)
	const messages = 500
	var flood []byte
	for i := range messages {
		p := props(flagDeliveryMode, uint8(1+i%2))
		flood = append(flood, publishing(1, basicPublish(x, "", 0), p, "x")...)
	}
	r.write(flood)
	if got := r.confirms(1, messages); got != strings.Repeat("a", messages) {
		t.Errorf("confirms: got %q, want acks", got)
	}
	s.wantReady(durable, messages)
	s.wantReady(transient, messages)
}

func TestRequestsAndRepliesAreConfirmed(t T) {
	t.Parallel()
	s := open(t)
	s.confirm()
	replies := s.consumeWith(replyTo, true, false, nil)
	requests := s.queue(nil)
	if !s.confirmed("", requests, amqp.Publishing{ReplyTo: replyTo, Body: []byte("request")}) {
		t.Error("request: got a nack, want an ack")
	}
	if !s.confirmed("", s.get(requests).ReplyTo, amqp.Publishing{Body: []byte("reply")}) {
		t.Error("reply: got a nack, want an ack")
	}
	replies.want("reply")
}

func TestSoftErrorEndsConfirmMode(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, confirmSelect(), 11)
	r.send(1, basicAck(1, 0))
	r.expectCode(1, 406)
	r.send(1, channelCloseOk())
	r.openChannel(1)
	r.publish(1, "", "nowhere", nil, "not confirmed")
	r.ping(1)
	r.call(1, confirmSelect(), 11)
	r.publish(1, "", "nowhere", nil, "confirmed")
	if tag := r.expect(1, 60, 80).longlong(); tag != 1 {
		t.Errorf("tag: got %d, want 1", tag)
	}
}

func TestDeclaresBetweenConfirmedPublishes(t T) {
	t.Parallel()
	s := open(t)
	s.confirm()
	for range 10 {
		queue := s.queue(nil)
		if !s.confirmed("", queue, amqp.Publishing{Body: []byte("a")}) {
			t.Error("got a nack, want an ack")
		}
		s.wantDrain(queue, "a")
	}
}
