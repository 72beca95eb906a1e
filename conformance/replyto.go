package conformance

import (
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

const replyTo = "amq.rabbitmq.reply-to"

// request consumes replies and sends a request; it returns the consumer and the
// address that the responder sees.
func (s *session) request() (replies *consumer, address string) {
	s.t.Helper()
	replies = s.consumeWith(replyTo, true, false, nil)
	requests := s.queue(nil)
	s.send("", requests, amqp.Publishing{ReplyTo: replyTo})
	return replies, s.get(requests).ReplyTo
}

func TestReplyToIsRewritten(t T) {
	t.Parallel()
	_, address := open(t).request()
	if !strings.HasPrefix(address, replyTo+".") || len(address) > 255 {
		t.Errorf("reply-to: got %q, want %s. and something", address, replyTo)
	}
}

func TestReplyReachesTheRequester(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	replies, address := s.request()
	responder.send("", address, amqp.Publishing{CorrelationId: "c", Body: []byte("reply")})
	d := replies.next()
	if string(d.Body) != "reply" || d.CorrelationId != "c" || d.Exchange != "" || d.RoutingKey != address || d.Redelivered {
		t.Errorf("got %q %q from %q with %q, redelivered %v", d.Body, d.CorrelationId, d.Exchange, d.RoutingKey, d.Redelivered)
	}
}

func TestSeveralRepliesToOneAddress(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	replies, address := s.request()
	responder.publish("", address, "a", "b", "c")
	replies.want("a b c")
}

func TestDeliveryTagsOfReplies(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	replies, address := s.request() // which got one message
	responder.publish("", address, "a", "b", "c")
	var tags []uint64
	for range 3 {
		tags = append(tags, replies.next().DeliveryTag)
	}
	want := "[2 2 2]"
	if always(t, "4.2", "replies count like other deliveries") {
		want = "[2 3 4]"
	}
	if got := fmt.Sprint(tags); got != want {
		t.Errorf("tags: got %v, want %v", got, want)
	}
}

func TestConfirmOfAReplyIsAnAck(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	replies, address := s.request()
	responder.confirm()
	if !responder.confirmed("", address, amqp.Publishing{Body: []byte("a")}) {
		t.Error("got a nack, want an ack")
	}
	replies.want("a")
}

func TestMandatoryReplyToAnAliveRequester(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	replies, address := s.request()
	responder.mandatory("", address, "a")
	replies.want("a")
	responder.mandatory("", unique(t), "sentinel")
	if !since(t, "4.2", "a reply counts as routed") {
		if back := responder.returned(); string(back.Body) != "a" {
			t.Errorf("returned: got %q, want the reply though it was delivered", back.Body)
		}
	}
	if back := responder.returned(); string(back.Body) != "sentinel" {
		t.Errorf("returned: got %q, want the sentinel", back.Body)
	}
}

func TestMandatoryReplyThatAQueueGetsTooIsNotReturned(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	replies, address := s.request()
	queue := s.queue(nil)
	responder.ok(responder.Publish("", address, true, false, amqp.Publishing{Body: []byte("a"), Headers: amqp.Table{"CC": []any{queue}}}))
	replies.want("a")
	s.wantReady(queue, 1)
	responder.mandatory("", unique(t), "sentinel")
	if back := responder.returned(); string(back.Body) != "sentinel" {
		t.Errorf("returned: got %q, want the sentinel", back.Body)
	}
}

func TestReplyToABogusAddressIsDropped(t T) {
	t.Parallel()
	s := open(t)
	s.publish("", replyTo+".bogus", "a")
	s.publish("", replyTo, "b")
	s.queue(nil) // the channel is still open
}

func TestReplyAfterTheRequesterLeftIsDropped(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	_, address := s.request()
	s.ok(s.Close())
	responder.publish("", address, "a")
	responder.queue(nil)
}

func TestReplyAddressMayBeDeclaredWhileAlive(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	_, address := s.request()
	q, err := responder.QueueDeclarePassive(address, false, false, false, false, nil)
	responder.ok(err)
	if q.Messages != 0 || q.Consumers != 1 {
		t.Errorf("got %d messages, %d consumers, want 0 and 1", q.Messages, q.Consumers)
	}
	s.ok(s.Close())
	eventually(t, "the address is gone", func() bool {
		_, err := responder.sibling().QueueDeclarePassive(address, false, false, false, false, nil)
		return err != nil
	})
}

func TestBareReplyToMayAlwaysBeDeclared(t T) {
	t.Parallel()
	s := open(t)
	s.inspect(replyTo)
	_, err := s.QueueDeclare(replyTo, false, false, false, false, nil)
	s.ok(err)
}

func TestBareReplyToMayBeDeleted(t T) {
	t.Parallel()
	s := open(t)
	_, err := s.QueueDelete(replyTo, false, false, false)
	s.ok(err)
}

func TestReplyConsumerMayBeStartedAgainAfterCancel(t T) {
	t.Parallel()
	s := open(t)
	c := s.consumeWith(replyTo, true, false, nil)
	s.ok(s.Cancel(c.tag, false))
	replies, address := s.request()
	s.publish("", address, "a")
	replies.want("a")
}

func TestReplyConsumerIgnoresExclusive(t T) {
	t.Parallel()
	s := open(t)
	s.consumeWith(replyTo, true, true, nil)
	s.sibling().consumeWith(replyTo, true, true, nil)
}

func TestReplyConsumerTagMayBeGenerated(t T) {
	t.Parallel()
	r := openRaw(t)
	if tag := r.call(1, basicConsume(replyTo, "", noAck, nil), 21).shortstr(); !strings.HasPrefix(tag, "amq.ctag-") {
		t.Errorf("consumer-tag: got %q, want a generated one", tag)
	}
}

func TestReplyToOtherAddressesIsNotRewritten(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.send("", queue, amqp.Publishing{ReplyTo: "my.replies"})
	if d := s.get(queue); d.ReplyTo != "my.replies" {
		t.Errorf("reply-to: got %q, want it as sent", d.ReplyTo)
	}
}

func TestReplyConsumerOfAnotherChannelDoesNotCount(t T) {
	t.Parallel()
	s := open(t)
	s.consumeWith(replyTo, true, false, nil)
	other := s.sibling()
	other.send("", unique(t), amqp.Publishing{ReplyTo: replyTo})
	other.refused(406, "fast reply consumer does not exist")
}

func TestReplyAddressesOfTwoChannelsDiffer(t T) {
	t.Parallel()
	s := open(t)
	other := s.sibling()
	mine, myAddress := s.request()
	theirs, theirAddress := other.request()
	if myAddress == theirAddress {
		t.Errorf("both are %q", myAddress)
	}
	s.publish("", theirAddress, "theirs")
	s.publish("", myAddress, "mine")
	mine.want("mine")
	theirs.want("theirs")
}

func TestReplyAddressStaysTheSameOnAChannel(t T) {
	t.Parallel()
	s := open(t)
	replies, first := s.request()
	requests := s.queue(nil)
	s.send("", requests, amqp.Publishing{ReplyTo: replyTo})
	second := s.get(requests).ReplyTo
	s.publish("", first, "a")
	s.publish("", second, "b")
	replies.want("a b")
}

func TestReplyAfterCancelIsDropped(t T) {
	t.Parallel()
	s := open(t)
	replies, address := s.request()
	s.ok(s.Cancel(replies.tag, false))
	s.mandatory("", address, "a")
	s.queue(nil) // the channel is still open
}

func TestRequestAfterCancelIs406(t T) {
	t.Parallel()
	s := open(t)
	replies, _ := s.request()
	s.ok(s.Cancel(replies.tag, false))
	s.send("", unique(t), amqp.Publishing{ReplyTo: replyTo})
	s.refused(406, "fast reply consumer does not exist")
}

func TestReplyAddressIsGoneWithTheConnectionOfTheRequester(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	_, address := s.request()
	s.ok(s.connection.Close())
	if _, err := responder.QueueDeclarePassive(address, false, false, false, false, nil); err == nil {
		t.Fatal("the address is still there")
	}
	responder.refused(404, "no queue '%s' in vhost '%s'", address, target.vhost)
}

func TestRepliesKeepPropertiesAndLargeBodies(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	replies, address := s.request()
	body := strings.Repeat("x", 300000)
	responder.send("", address, amqp.Publishing{
		ContentType: "text/x", CorrelationId: "c", Headers: amqp.Table{"a": "1"}, Priority: 3, Body: []byte(body),
	})
	d := replies.next()
	if d.ContentType != "text/x" || d.CorrelationId != "c" || d.Headers["a"] != "1" || d.Priority != 3 || string(d.Body) != body {
		t.Errorf("got %q %q %v %d and %d octets, want all as sent", d.ContentType, d.CorrelationId, d.Headers, d.Priority, len(d.Body))
	}
	responder.publish("", address, "")
	if d := replies.next(); len(d.Body) != 0 {
		t.Errorf("body: got %d octets, want none", len(d.Body))
	}
}

func TestRequestsOfATransactionAreRewritten(t T) {
	t.Parallel()
	s, responder := transactional(t)
	replies := s.consumeWith(replyTo, true, false, nil)
	requests := s.queue(nil)
	s.send("", requests, amqp.Publishing{ReplyTo: replyTo, Body: []byte("request")})
	s.ok(s.TxCommit())
	responder.publish("", responder.get(requests).ReplyTo, "reply")
	replies.want("reply")
}

func TestRepliesOfATransactionComeAtCommit(t T) {
	t.Parallel()
	s := open(t)
	responder, outside := transactional(t)
	replies, address := s.request()
	responder.publish("", address, "committed")
	if !always(t, "4.2", "replies of a transaction wait for its commit") {
		replies.want("committed")
		return
	}
	outside.publish("", address, "first")
	replies.want("first")
	responder.ok(responder.TxCommit())
	replies.want("committed")
}

func TestRequestsByWayOfAnExchangeAreRewrittenToo(t T) {
	t.Parallel()
	s := open(t)
	replies := s.consumeWith(replyTo, true, false, nil)
	x := s.exchange("fanout", nil)
	one, two := s.bound(x, "", nil), s.bound(x, "", nil)
	s.send(x, "k", amqp.Publishing{ReplyTo: replyTo})
	for _, queue := range []string{one, two} {
		s.publish("", s.get(queue).ReplyTo, queue)
		replies.want(queue)
	}
}

func TestRepliesToTheRequestersOwnChannel(t T) {
	t.Parallel()
	s := open(t)
	replies, address := s.request()
	s.publish("", address, "a", "b")
	replies.want("a b")
}

func TestReplyAddressIsForTheDefaultExchangeOnly(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	replies, address := s.request()
	x := responder.exchange("direct", nil)
	responder.mandatory(x, address, "no")
	if back := responder.returned(); string(back.Body) != "no" {
		t.Errorf("returned: got %q, want no", back.Body)
	}
	responder.publish("", address, "yes")
	replies.want("yes")
}

func TestReplyWithoutHyphenIsAnOrdinaryName(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	for _, name := range []string{"amq.rabbitmq.reply", "AMQ.rabbitmq.reply-to", "amq.rabbitmq.reply-to.x"} {
		s.send("", queue, amqp.Publishing{ReplyTo: name})
		if d := s.get(queue); d.ReplyTo != name {
			t.Errorf("reply-to: got %q, want %q as sent", d.ReplyTo, name)
		}
	}
}

func TestReplyConsumerDoesNotCountAgainstPrefetch(t T) {
	t.Parallel()
	s, responder := open(t), open(t)
	s.ok(s.Qos(1, 0, false))
	replies, address := s.request()
	responder.publish("", address, "a", "b", "c")
	replies.want("a b c")
}
