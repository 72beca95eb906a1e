package conformance

import (
	amqp "github.com/rabbitmq/amqp091-go"
)

// leased declares an exclusive queue that expires after some milliseconds without
// use, and an auto-delete exchange that goes with it: asking for the queue itself
// would be a use.
func (s *session) leased(args amqp.Table) (queue, witness string) {
	s.t.Helper()
	queue, witness = unique(s.t), s.autoDelete("fanout")
	_, err := s.QueueDeclare(queue, false, false, true, true, args) // not waiting: its time has begun
	s.ok(err)
	s.bind(queue, witness, "", nil)
	return queue, witness
}

func TestUnusedQueueExpires(t T) {
	t.Parallel()
	s := open(t)
	queue, witness := s.leased(amqp.Table{"x-expires": int32(300)})
	s.gone(witness)
	s.missing(queue)
}

func TestExpiredQueueDoesNotDeadLetter(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue, witness := s.leased(amqp.Table{
		"x-expires": int32(300), "x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead,
	})
	s.publish("", queue, "a")
	s.gone(witness)
	s.publish("", dead, "sentinel")
	s.wantDrain(dead, "sentinel")
}

func TestQueueWithAConsumerDoesNotExpire(t T) {
	t.Parallel()
	s := open(t)
	queue, leased := s.leased(amqp.Table{"x-expires": int32(500)})
	c := s.consume(queue)
	_, witness := s.leased(amqp.Table{"x-expires": int32(800)}) // begins later, takes longer
	s.gone(witness)
	s.publish("", queue, "a")
	c.want("a")
	s.ok(s.Cancel(c.tag, false))
	s.gone(leased) // the time starts when the last consumer leaves
}

func TestQueueInUseDoesNotExpire(t T) {
	t.Parallel()
	for name, use := range map[string]func(*session, string){
		"basic.get":       func(s *session, queue string) { s.drain(queue) },
		"passive declare": func(s *session, queue string) { s.inspect(queue) },
		"declare": func(s *session, queue string) {
			_, err := s.QueueDeclare(queue, false, false, true, false, amqp.Table{"x-expires": int32(2000)})
			s.ok(err)
		},
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			s := open(t)
			queue, leased := s.leased(amqp.Table{"x-expires": int32(2000)})
			for range 2 { // together longer than the queue would live unused
				_, witness := s.leased(amqp.Table{"x-expires": int32(1200)})
				s.gone(witness)
				use(s, queue)
			}
			s.ok(s.ExchangeDeclarePassive(leased, "", false, false, false, false, nil))
		})
	}
}

func TestPublishingDoesNotKeepAQueueAlive(t T) {
	t.Parallel()
	s := open(t)
	queue, witness := s.leased(amqp.Table{"x-expires": int32(400)})
	eventually(t, "the queue has expired", func() bool {
		s.publish("", queue, "a")
		ch, err := s.connection.Channel()
		s.ok(err)
		defer ch.Close()
		return ch.ExchangeDeclarePassive(witness, "", false, false, false, false, nil) != nil
	})
}

func TestUnackedMessagesDoNotKeepAQueueAlive(t T) {
	t.Parallel()
	s := open(t)
	queue, witness := s.leased(amqp.Table{"x-expires": int32(300)})
	s.publish("", queue, "a")
	d := s.get(queue)
	s.gone(witness)
	s.ok(d.Ack(false))
	s.missing(queue)
}

func TestExpiredQueueMayBeDeclaredAnew(t T) {
	t.Parallel()
	s := open(t)
	queue, witness := s.leased(amqp.Table{"x-expires": int32(300)})
	s.publish("", queue, "a")
	s.gone(witness)
	_, err := s.QueueDeclare(queue, false, false, true, false, nil) // with other arguments
	s.ok(err)
	s.wantDrain(queue, "")
}
