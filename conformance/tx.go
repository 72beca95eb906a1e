package conformance

import (
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// transactional opens a session in tx mode and another channel to look from.
func transactional(t T) (tx, outside *session) {
	t.Helper()
	tx = open(t)
	tx.ok(tx.Tx())
	return tx, tx.sibling()
}

func TestPublishesAreInvisibleBeforeCommit(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b")
	s.wantDrain(queue, "")
	s.ok(s.TxCommit())
	outside.wantDrain(queue, "a b")
}

func TestRollbackDropsPublishes(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	s.publish("", queue, "a")
	s.ok(s.TxRollback())
	s.publish("", queue, "b")
	s.ok(s.TxCommit())
	outside.wantDrain(queue, "b")
}

func TestReturnsComeAtCommitBeforeCommitOk(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, txSelect(), 11)
	r.write(publishing(1, basicPublish("", "nowhere", mandatory), nil, "a"))
	r.ping(1) // nothing yet
	r.send(1, txCommit())
	r.expect(1, 60, 50)
	if _, body := r.content(1); body != "a" {
		t.Errorf("returned: got %q, want a", body)
	}
	r.expect(1, 90, 21)
}

func TestRollbackDropsReturns(t T) {
	t.Parallel()
	r := openRaw(t)
	r.call(1, txSelect(), 11)
	r.write(publishing(1, basicPublish("", "nowhere", mandatory), nil, "a"))
	r.call(1, txRollback(), 31)
	r.call(1, txCommit(), 21)
}

func TestMissingExchangeIsNoticedBeforeCommit(t T) {
	t.Parallel()
	s, _ := transactional(t)
	s.publish("no-such-exchange", "", "a")
	s.refused(404, "no exchange 'no-such-exchange' in vhost '%s'", target.vhost)
}

func TestBadExpirationIsNoticedBeforeCommit(t T) {
	t.Parallel()
	s, _ := transactional(t)
	s.send("", s.queue(nil), amqp.Publishing{Expiration: "soon"})
	s.refused(406, "invalid expiration 'soon': no_integer")
}

func TestChannelCloseRollsBack(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	outside.publish("", queue, "a")
	outside.wantReady(queue, 1)
	d := s.get(queue)
	s.ok(d.Ack(false))
	s.publish("", queue, "b")
	s.ok(s.Close())
	outside.wantReady(queue, 1)
	outside.wantDrain(queue, "a")
}

func TestDeclaresActAtOnceInATransaction(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	s.ok(s.TxRollback())
	outside.inspect(queue)
}

func TestTxSelectMayBeRepeated(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	s.publish("", queue, "a")
	s.ok(s.Tx())
	s.ok(s.TxCommit())
	outside.wantDrain(queue, "a")
}

func TestChannelStaysTransactionalAfterCommit(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	s.ok(s.TxCommit())
	s.publish("", queue, "a")
	s.wantDrain(queue, "")
	s.ok(s.TxRollback())
	s.publish("", queue, "b")
	s.ok(s.TxCommit())
	outside.wantDrain(queue, "b")
}

func TestCommitOfPersistentMessagesIsAnswered(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.shared(nil)
	for _, body := range []string{"a", "b"} {
		s.send("", queue, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body)})
	}
	s.ok(s.TxCommit())
	outside.wantDrain(queue, "a b")
}

func TestRefusalByOverflowFailsTheCommit(t T) {
	t.Parallel()
	s, _ := transactional(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"})
	s.publish("", queue, "a")
	if err := s.TxCommit(); err == nil {
		t.Fatal("committed, want a refusal")
	}
	s.refused(406, "partial tx completion")
}

func TestTransactionsOfTwoChannelsAreSeparate(t T) {
	t.Parallel()
	one, outside := transactional(t)
	two := one.sibling()
	two.ok(two.Tx())
	queue := one.queue(nil)
	one.publish("", queue, "one")
	two.publish("", queue, "two")
	one.ok(one.TxRollback())
	two.ok(two.TxCommit())
	outside.wantDrain(queue, "two")
}

func TestReturnsAndRefusalInOneCommit(t T) {
	t.Parallel()
	r := openRaw(t)
	full := unique(t)
	r.call(1, queueDeclare(full, exclusive, table(number("x-max-length", 0), text("x-overflow", "reject-publish"))), 11)
	r.call(1, txSelect(), 11)
	r.write(publishing(1, basicPublish("", "nowhere", mandatory), nil, "unroutable"))
	r.write(publishing(1, basicPublish("", full, mandatory), nil, "refused"))
	r.send(1, txCommit())
	r.expect(1, 60, 50)
	if _, body := r.content(1); body != "unroutable" {
		t.Errorf("returned: got %q, want unroutable", body)
	}
	r.expectClose(1, closing{406, "partial tx completion", 90, 20})
}

func TestRefusedCommitKeepsWhatOtherQueuesTook(t T) {
	t.Parallel()
	s, _ := transactional(t)
	outside := open(t)
	keeps := outside.queue(nil)
	full := s.queue(amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"})
	s.publish("", keeps, "kept")
	s.publish("", full, "refused")
	if err := s.TxCommit(); err == nil {
		t.Fatal("committed, want a refusal")
	}
	outside.wantDrain(keeps, "kept")
}

func TestTransactionIntoADropHeadQueue(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(2)})
	s.publish("", queue, "a", "b", "c")
	s.ok(s.TxCommit())
	outside.wantDrain(queue, "b c")
}

func TestMandatoryWithCCInATransaction(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	for body, key := range map[string]string{"routed": queue, "unroutable": unique(t)} {
		s.ok(s.Publish("", unique(t), true, false, amqp.Publishing{Headers: amqp.Table{"CC": []any{key}}, Body: []byte(body)}))
	}
	s.ok(s.TxCommit())
	if back := s.returned(); string(back.Body) != "unroutable" {
		t.Errorf("returned: got %q, want unroutable", back.Body)
	}
	outside.wantDrain(queue, "routed")
}

func TestReturnsOfATransactionKeepTheirOrder(t T) {
	t.Parallel()
	s, _ := transactional(t)
	for _, body := range []string{"a", "b", "c"} {
		s.mandatory("", unique(t), body)
	}
	s.ok(s.TxCommit())
	for _, want := range []string{"a", "b", "c"} {
		if back := s.returned(); string(back.Body) != want {
			t.Errorf("returned: got %q, want %s", back.Body, want)
		}
	}
}

func TestCommitOfNothingIsAnswered(t T) {
	t.Parallel()
	s, _ := transactional(t)
	for range 3 {
		s.ok(s.TxCommit())
		s.ok(s.TxRollback())
	}
}

func TestThousandPublishesOfOneTransactionKeepTheirOrder(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	c := outside.consumeWith(queue, true, false, nil)
	for i := range 1000 {
		s.publish("", queue, fmt.Sprint(i))
	}
	s.ok(s.TxCommit())
	for i := range 1000 {
		c.want(fmt.Sprint(i))
	}
}

func TestConsumingInATransaction(t T) {
	t.Parallel()
	s, outside := transactional(t)
	from, to := s.queue(nil), s.queue(nil)
	c := s.consume(from)
	outside.publish("", from, "a", "b")
	for range 2 {
		d := c.next()
		s.publish("", to, string(d.Body))
		s.ok(d.Ack(false))
		s.ok(s.TxCommit())
	}
	outside.wantDrain(to, "a b")
	s.ok(s.Close())
	outside.wantDrain(from, "")
}

func TestSoftErrorRollsBack(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	s.publish("", queue, "a")
	s.ok(s.Ack(9, false))
	s.refused(406, "unknown delivery tag 9")
	outside.wantDrain(queue, "")
}

func TestExpirationOfATransactionBeginsAtCommit(t T) {
	t.Parallel()
	s, outside := transactional(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.send("", queue, amqp.Publishing{Expiration: "3600000", Body: []byte("long")})
	s.send("", queue, amqp.Publishing{Expiration: "20", Body: []byte("short")})
	s.ok(s.TxCommit())
	outside.wantReady(queue, 2) // the second is behind the first
	d := outside.get(queue)
	if string(d.Body) != "long" {
		t.Errorf("got %q, want long", d.Body)
	}
	outside.consume(dead).want("short")
}

func TestQueueDeletedBeforeCommitIsNoError(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	s.publish("", queue, "a")
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	s.ok(s.TxCommit())
	outside.queue(nil)
}

func TestTransactionIsRoutedAtThePublish(t T) {
	t.Parallel()
	s, outside := transactional(t)
	x := s.exchange("direct", nil)
	unbound, late := s.bound(x, "k", nil), s.queue(nil)
	s.publish(x, "k", "a")
	s.ok(s.QueueUnbind(unbound, "k", x, nil))
	s.bind(late, x, "k", nil)
	s.ok(s.TxCommit())
	outside.wantDrain(unbound, "a")
	outside.wantDrain(late, "")
}

func TestExchangeDeletedBeforeCommit(t T) {
	t.Parallel()
	s, outside := transactional(t)
	x := s.exchange("fanout", nil)
	queue := s.bound(x, "", nil)
	s.publish(x, "", "a")
	s.ok(s.ExchangeDelete(x, false, false))
	s.ok(s.TxCommit())
	outside.wantDrain(queue, "a")
}
