package conformance

import (
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestRefusedByOverflowIsNacked(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"})
	s.confirm()
	if !s.confirmed("", queue, amqp.Publishing{Body: []byte("a")}) {
		t.Error("first: got a nack, want an ack")
	}
	if s.confirmed("", queue, amqp.Publishing{Body: []byte("b")}) {
		t.Error("second: got an ack, want a nack")
	}
	s.wantDrain(queue, "a")
}

func TestNackFromTheServerHasRequeueSet(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, table(number("x-max-length", 0), text("x-overflow", "reject-publish"))), 11)
	r.call(1, confirmSelect(), 11)
	r.publish(1, "", queue, nil, "a")
	nack := r.expect(1, 60, 120)
	if tag, bits := nack.longlong(), nack.octet(); tag != 1 || bits&^uint8(multiple) != requeue {
		t.Errorf("got tag %d, bits %d, want 1 and requeue", tag, bits)
	}
}

func TestRefusalByOneQueueIsANackThoughOthersKeepTheirCopy(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	keeps := s.bound(x, "", nil)
	refuses := s.queue(amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"})
	s.bind(refuses, x, "", nil)
	s.confirm()
	if s.confirmed(x, "", amqp.Publishing{Body: []byte("a")}) {
		t.Error("got an ack, want a nack")
	}
	s.wantDrain(keeps, "a")
}

func TestAcksAndNacksMayMix(t T) {
	t.Parallel()
	r := openRaw(t)
	open, full := unique(t), unique(t)
	r.call(1, queueDeclare(open, exclusive, nil), 11)
	r.call(1, queueDeclare(full, exclusive, table(number("x-max-length", 0), text("x-overflow", "reject-publish"))), 11)
	r.call(1, confirmSelect(), 11)
	var flood []byte
	for range 20 {
		flood = append(flood, publishing(1, basicPublish("", open, 0), nil, "x")...)
		flood = append(flood, publishing(1, basicPublish("", full, 0), nil, "x")...)
	}
	r.write(flood)
	if got := r.confirms(1, 40); got != strings.Repeat("an", 20) {
		t.Errorf("confirms: got %q, want acks and nacks in turn", got)
	}
}

func TestDroppedByLengthIsAcked(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-max-length": int32(0)})
	s.confirm()
	if !s.confirmed("", queue, amqp.Publishing{}) {
		t.Error("got a nack, want an ack")
	}
}

func TestRefusalOfACopyByCCIsANack(t T) {
	t.Parallel()
	s := open(t)
	keeps := s.queue(nil)
	full := s.queue(amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"})
	s.confirm()
	for _, header := range []string{"CC", "BCC"} {
		if s.confirmed("", keeps, amqp.Publishing{Headers: amqp.Table{header: []any{full}}, Body: []byte(header)}) {
			t.Errorf("%s: got an ack, want a nack", header)
		}
	}
	s.wantDrain(keeps, "CC BCC")
}

func TestRefusedMandatoryIsNackedAndNotReturned(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, table(number("x-max-length", 0), text("x-overflow", "reject-publish"))), 11)
	r.call(1, confirmSelect(), 11)
	r.write(publishing(1, basicPublish("", queue, mandatory), nil, "a"))
	if got := r.confirms(1, 1); got != "n" {
		t.Errorf("got %q, want a nack", got)
	}
	r.ping(1)
}

func TestReturnsAndConfirmsOfManyMandatoryMessages(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, confirmSelect(), 11)
	const messages = 100
	var flood []byte
	for i := range messages {
		key := queue
		if i%2 == 1 {
			key = "nowhere"
		}
		flood = append(flood, publishing(1, basicPublish("", key, mandatory), nil, "x")...)
	}
	r.write(flood)
	returned, acked := 0, map[uint64]bool{}
	for len(acked) < messages {
		f := r.read()
		a := &arguments{t: t, octets: f.payload}
		if class, id := a.short(), a.short(); class == 60 && id == 50 {
			r.content(1)
			returned++
			continue
		} else if class != 60 || id != 80 {
			t.Fatalf("got %v, want returns and acks", f)
		}
		tag, bits := a.longlong(), a.octet()
		for n := tag; n > 0 && (n == tag || bits&multiple != 0); n-- {
			acked[n] = true
		}
		for n := range acked { // the second, fourth ... were to be returned first
			if n%2 == 0 && int(n/2) > returned {
				t.Fatalf("%d is acked after %d returns, want its return first", n, returned)
			}
		}
	}
	if returned != messages/2 {
		t.Errorf("returned: got %d, want %d", returned, messages/2)
	}
	r.ping(1)
}
