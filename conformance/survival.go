package conformance

import (
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestPersistentMessagesSurviveAsTheyWere(t T) {
	s := beforeRestart(t)
	x, queue := s.durable("fanout", nil), s.shared(nil)
	s.bind(queue, x, "", nil)
	bodies := []string{"a", "", strings.Repeat("x", 200000), "b"}
	for _, body := range bodies {
		s.persistAs(x, "key", amqp.Publishing{
			ContentType: "text/x", Priority: 3, CorrelationId: "c", MessageId: "m", Type: "t", Timestamp: time.Unix(7, 0),
			Headers: amqp.Table{"n": int8(-1), "list": []any{"x", nil}}, Body: []byte(body),
		})
	}

	s = afterRestart(t)
	for _, body := range bodies {
		d := s.get(queue)
		if string(d.Body) != body {
			t.Fatalf("body: got %d octets, want %d", len(d.Body), len(body))
		}
		got := []any{d.Exchange == x, d.RoutingKey, d.ContentType, d.Priority, d.CorrelationId, d.MessageId, d.Type,
			d.Timestamp.Unix(), d.Headers, d.DeliveryMode}
		if want := "[true key text/x 3 c m t 7 map[list:[x <nil>] n:-1] 2]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
	s.wantDrain(queue, "")
}

func TestTransientMessagesAreGoneAfterARestart(t T) {
	s := beforeRestart(t)
	queue := s.shared(nil)
	s.confirm()
	s.confirmed("", queue, amqp.Publishing{Body: []byte("transient"), DeliveryMode: amqp.Transient})
	s.confirmed("", queue, amqp.Publishing{Body: []byte("unspecified")})
	s.persist("", queue, "persistent")

	afterRestart(t).wantDrain(queue, "persistent")
}

func TestSettledMessagesStayAwayAfterARestart(t T) {
	s := beforeRestart(t)
	queue, purged := s.shared(nil), s.shared(nil)
	s.persist("", queue, "acked", "rejected", "got", "consumed", "kept")
	s.persist("", purged, "purged")
	s.ok(s.get(queue).Ack(false))
	s.ok(s.get(queue).Reject(false))
	_, _, err := s.Get(queue, true)
	s.ok(err)
	d := s.get(queue)
	s.ok(d.Ack(true))
	_, err = s.QueuePurge(purged, false)
	s.ok(err)
	s.wantReady(queue, 1)

	s = afterRestart(t)
	s.wantDrain(queue, "kept")
	s.wantDrain(purged, "")
}

func TestUnackedMessagesComeBackRedeliveredInTheirPlaces(t T) {
	s := beforeRestart(t)
	queue := s.shared(nil)
	s.persist("", queue, "a", "b", "c", "d")
	s.get(queue)
	s.get(queue)
	s.ok(s.get(queue).Ack(false)) // the third
	s.wantReady(queue, 1)

	s = afterRestart(t)
	for _, want := range []string{"a", "b"} {
		if d := s.get(queue); string(d.Body) != want || !d.Redelivered {
			t.Errorf("got %q, redelivered %v, want %s, redelivered", d.Body, d.Redelivered, want)
		}
	}
	if d := s.get(queue); string(d.Body) != "d" || d.Redelivered {
		t.Errorf("got %q, redelivered %v, want d, never delivered before", d.Body, d.Redelivered)
	}
}

func TestRequeuedMessagesAreRedeliveredAfterARestart(t T) {
	s := beforeRestart(t)
	queue := s.shared(nil)
	s.persist("", queue, "a", "b")
	s.get(queue)
	s.ok(s.get(queue).Nack(true, true))
	s.persist("", queue, "c")
	s.wantReady(queue, 3)

	s = afterRestart(t)
	for _, want := range []string{"a", "b"} {
		if d := s.get(queue); string(d.Body) != want || !d.Redelivered {
			t.Errorf("got %q, redelivered %v, want %s, redelivered", d.Body, d.Redelivered, want)
		}
	}
	if d := s.get(queue); string(d.Body) != "c" || d.Redelivered {
		t.Errorf("got %q, redelivered %v, want c, never delivered before", d.Body, d.Redelivered)
	}
}

func TestMessageOfSeveralQueuesSurvivesWhereItIsNotAcked(t T) {
	s := beforeRestart(t)
	x, one, two := s.durable("fanout", nil), s.shared(nil), s.shared(nil)
	s.bind(one, x, "", nil)
	s.bind(two, x, "", nil)
	s.persist(x, "", "a")
	s.ok(s.get(one).Ack(false))
	s.wantReady(one, 0)

	s = afterRestart(t)
	s.wantDrain(one, "")
	s.wantDrain(two, "a")
}

func TestPrioritiesSurvive(t T) {
	s := beforeRestart(t)
	queue := s.shared(amqp.Table{"x-max-priority": int32(9)})
	for _, priority := range []uint8{1, 5, 0, 5, 9} {
		s.persistAs("", queue, amqp.Publishing{Priority: priority, Body: fmt.Append(nil, priority)})
	}

	s = afterRestart(t)
	s.send("", queue, amqp.Publishing{Priority: 6, Body: []byte("6")})
	s.wantDrain(queue, "9 6 5 5 1 0")
}

func TestTTLGoesOnAfterARestart(t T) {
	s := beforeRestart(t)
	dead := s.shared(nil)
	byQueue, byMessage := s.shared(deadLettering(dead, amqp.Table{"x-message-ttl": int32(1000)})), s.shared(deadLettering(dead, nil))
	s.persist("", byQueue, "queue")
	s.persistAs("", byMessage, amqp.Publishing{Expiration: "1000", Body: []byte("message")})
	long := s.shared(amqp.Table{"x-message-ttl": int32(3600000)})
	s.persist("", long, "long")

	s = afterRestart(t)
	s.wantReady(dead, 2)
	for range 2 {
		d := s.get(dead)
		if entry := deaths(t, d)[0]; entry["reason"] != "expired" || entry["count"] != int64(1) {
			t.Errorf("%s: got %v, want expired once", d.Body, entry)
		}
	}
	s.wantDrain(long, "long")
}

func TestQueueExpiresAfterARestart(t T) {
	s := beforeRestart(t)
	queue, witness := s.shared(amqp.Table{"x-expires": int32(60000)}), s.exchangeName()
	short := unique(t)
	s.ok(s.ExchangeDeclare(witness, "fanout", true, true, false, false, nil))
	_, err := s.QueueDeclare(short, true, false, false, false, amqp.Table{"x-expires": int32(2000)})
	s.ok(err)
	s.bind(short, witness, "", nil)
	s.persist("", queue, "a")

	s = afterRestart(t)
	s.wantDrain(queue, "a")
	s.gone(witness)
	s.missing(short)
}

func TestDeathsAreCountedOnAfterARestart(t T) {
	s := beforeRestart(t)
	queue := unique(t)
	t.Cleanup(func() { drop(t, func(ch *amqp.Channel) { ch.QueueDelete(queue, false, false, false) }) })
	_, err := s.QueueDeclare(queue, true, false, false, false, deadLettering(queue, nil)) // to itself
	s.ok(err)
	s.persist("", queue, "a")
	for range 2 {
		s.ok(s.get(queue).Reject(false))
		s.wantReady(queue, 1)
	}

	s = afterRestart(t)
	c := s.consume(queue)
	d := c.next()
	s.ok(d.Reject(false))
	entries := deaths(t, c.next())
	if len(entries) != 1 || entries[0]["count"] != int64(3) {
		t.Errorf("got %v, want one entry with count 3", entries)
	}
}

func TestDeadLettersGoByTheKeysOfCCAndBCCAfterARestart(t T) {
	s := beforeRestart(t)
	dlx := s.durable("direct", nil)
	queue, copied, hidden := s.shared(amqp.Table{"x-dead-letter-exchange": dlx}), s.shared(nil), s.shared(nil)
	s.bind(copied, dlx, "copy", nil)
	s.bind(hidden, dlx, "hidden", nil)
	s.persistAs("", queue, amqp.Publishing{Headers: amqp.Table{"CC": []any{"copy"}, "BCC": []any{"hidden"}}, Body: []byte("a")})

	s = afterRestart(t)
	s.ok(s.get(queue).Reject(false))
	s.consume(copied).want("a")
	s.consume(hidden).want("a")
}

func TestCommittedTransactionSurvives(t T) {
	s := beforeRestart(t)
	queue, from := s.shared(nil), s.shared(nil)
	s.persist("", from, "moved", "stays")
	tx := s.sibling()
	tx.ok(tx.Tx())
	d := tx.get(from)
	tx.send("", queue, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte("committed")})
	tx.ok(d.Ack(false))
	tx.ok(tx.TxCommit())
	d = tx.get(from)
	tx.send("", queue, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte("not committed")})
	tx.ok(d.Ack(false))
	tx.inspect(queue)

	s = afterRestart(t)
	s.wantDrain(queue, "committed")
	s.wantDrain(from, "stays")
}

func TestLengthLimitHoldsAfterARestart(t T) {
	s := beforeRestart(t)
	dropping, refusing := s.shared(amqp.Table{"x-max-length": int32(2)}), s.shared(amqp.Table{"x-max-length": int32(2), "x-overflow": "reject-publish"})
	s.persist("", dropping, "a", "b", "c")
	s.persist("", refusing, "a", "b")

	s = afterRestart(t)
	s.publish("", dropping, "d")
	s.publish("", refusing, "d")
	s.wantDrain(dropping, "c d")
	s.wantDrain(refusing, "a b")
}

func TestMessagesPublishedAfterARestartComeBehindThoseFromBefore(t T) {
	s := beforeRestart(t)
	queue := s.shared(nil)
	s.persist("", queue, "a", "b")

	s = afterRestart(t)
	s.persist("", queue, "c")
	s.wantDrain(queue, "a b c")
}

func TestQuorumQueueKeepsTransientMessagesAndCountsOverARestart(t T) {
	s := beforeRestart(t)
	queue := s.quorum(nil)
	s.fill(queue, "a", "b", "c")
	s.ok(s.soon(queue).Ack(false))
	s.ok(s.soon(queue).Nack(false, true))
	s.wantReady(queue, 2)

	s = afterRestart(t)
	a, b := count(s.soon(queue)), count(s.soon(queue))
	if got := min(a, b) + " " + max(a, b); got != "b:1 c" {
		t.Errorf("after the restart: got %q, want b:1 and c", got)
	}
}
