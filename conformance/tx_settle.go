package conformance

import (
	amqp "github.com/rabbitmq/amqp091-go"
)

func TestAcksTakeEffectAtCommit(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	outside.publish("", queue, "a", "b")
	outside.wantReady(queue, 2)
	a := s.get(queue)
	b := s.get(queue)
	s.ok(a.Ack(false))
	s.ok(s.TxCommit())
	s.ok(b.Ack(false)) // not committed
	s.ok(s.Close())
	s.sibling().wantDrain(queue, "b")
}

func TestRollbackMakesAckedDeliveriesAckableAgain(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	outside.publish("", queue, "a", "b")
	outside.wantReady(queue, 2)
	a, b := s.get(queue), s.get(queue)
	s.ok(b.Ack(true))
	s.ok(s.TxRollback())
	s.ok(a.Ack(false))
	s.ok(b.Nack(false, true))
	s.ok(s.TxCommit())
	outside.wantDrain(queue, "b")
}

func TestNackWithRequeueTakesEffectAtCommit(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	outside.publish("", queue, "a")
	outside.wantReady(queue, 1)
	d := s.get(queue)
	s.ok(d.Nack(false, true))
	s.wantDrain(queue, "")
	s.ok(s.TxCommit())
	outside.wantDrain(queue, "a")
}

func TestRejectWithoutRequeueTakesEffectAtCommit(t T) {
	t.Parallel()
	s, outside := transactional(t)
	dead := s.queue(nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
	c := outside.consume(dead)
	outside.publish("", queue, "a")
	outside.wantReady(queue, 1)
	d := s.get(queue)
	s.ok(d.Reject(false))
	s.ok(s.TxRollback())
	outside.publish("", dead, "before")
	c.want("before")
	s.ok(d.Reject(false))
	s.ok(s.TxCommit())
	c.want("a")
}

func TestUnknownTagIsNoticedBeforeCommit(t T) {
	t.Parallel()
	s, _ := transactional(t)
	s.ok(s.Ack(9, false))
	s.refused(406, "unknown delivery tag 9")
}

func TestPublishesAndAcksOfOneTransactionAreCommittedTogether(t T) {
	t.Parallel()
	s, outside := transactional(t)
	from, to := s.queue(nil), s.queue(nil)
	outside.publish("", from, "a")
	outside.wantReady(from, 1)
	d := s.get(from)
	s.publish("", to, "moved")
	s.ok(d.Ack(false))
	s.ok(s.TxCommit())
	s.ok(s.Close())
	outside.wantDrain(from, "")
	outside.wantDrain(to, "moved")
}

func TestRefusedCommitStillAcks(t T) {
	t.Parallel()
	s, outside := transactional(t)
	full := s.queue(amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"})
	queue := s.queue(nil)
	outside.publish("", queue, "a")
	outside.wantReady(queue, 1)
	d := s.get(queue)
	s.ok(d.Ack(false))
	s.publish("", full, "refused")
	if err := s.TxCommit(); err == nil {
		t.Fatal("committed, want a refusal")
	}
	outside.wantDrain(queue, "")
}

func TestRollbackForgetsRejectsToo(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	outside.publish("", queue, "a", "b", "c")
	outside.wantReady(queue, 3)
	a, b, c := s.get(queue), s.get(queue), s.get(queue)
	s.ok(a.Reject(true))
	s.ok(b.Nack(false, false))
	s.ok(c.Ack(false))
	s.ok(s.TxRollback())
	s.ok(c.Nack(true, true))
	s.ok(s.TxCommit())
	outside.wantDrain(queue, "a b c")
}

func TestTagAckedTwiceInATransactionIs406(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	outside.publish("", queue, "a")
	outside.wantReady(queue, 1)
	d := s.get(queue)
	s.ok(d.Ack(false))
	s.ok(d.Ack(false))
	s.refused(406, "unknown delivery tag %d", d.DeliveryTag)
	outside.wantDrain(queue, "a") // nothing was committed
}

func TestAckMultipleInATransaction(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	outside.publish("", queue, "a", "b", "c")
	outside.wantReady(queue, 3)
	s.get(queue)
	b := s.get(queue)
	s.get(queue)
	s.ok(b.Ack(true))
	s.ok(s.TxCommit())
	s.ok(s.Close())
	outside.wantDrain(queue, "c")
}

func TestRecoverInATransaction(t T) {
	t.Parallel()
	s, outside := transactional(t)
	queue := s.queue(nil)
	outside.publish("", queue, "a", "b")
	outside.wantReady(queue, 2)
	d := s.get(queue)
	s.get(queue)
	s.ok(d.Ack(false))
	s.ok(s.Recover(true)) // acts at once, and not on what is acked
	outside.wantDrain(queue, "b")
	s.ok(s.TxCommit())
	s.ok(s.Close())
	outside.wantDrain(queue, "")
}
