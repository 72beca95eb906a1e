package conformance

import (
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// heldBack returns a message to a queue and reports for how long it stayed away, and
// whether this broker holds messages back at all.
func (s *session) heldBack(queue string, back func(amqp.Delivery) error) (away time.Duration, is bool) {
	s.t.Helper()
	began := time.Now()
	s.ok(back(s.soon(queue)))
	s.ok(s.soon(queue).Nack(false, false))
	return time.Since(began), always(s.t, "4.3", "x-delayed-retry holds deliveries back that come back")
}

func TestReturnedMessagesAreHeldBack(t T) {
	t.Parallel()
	for _, kind := range []string{"classic", "quorum"} {
		t.Run(kind, func(t T) {
			s := open(t)
			queue := s.shared(ofType(kind, amqp.Table{"x-delayed-retry-type": "all", "x-delayed-retry-min": int32(100), "x-delayed-retry-max": int32(150)}))
			s.confirm()
			s.fill(queue, "a")
			away, is := s.heldBack(queue, func(d amqp.Delivery) error { return d.Reject(true) })
			if is && away < 100*time.Millisecond {
				t.Errorf("back after %v, want it held back for 100 ms", away)
			}
		})
	}
}

func TestReturnedMessagesAreHeldBackByTheirKind(t T) {
	t.Parallel()
	s := open(t)
	queue := s.quorum(amqp.Table{"x-delayed-retry-type": "failed", "x-delayed-retry-min": int32(60_000)})
	s.fill(queue, "a")
	s.ok(s.soon(queue).Nack(false, true)) // not failed, only returned
	s.wantCounts(queue, "a:1")
}

func TestPolicyHoldsReturnedMessagesBack(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	if !always(t, "4.3", "delayed-retry is a policy") {
		t.Skip("not known in this version")
	}
	queue := s.queue(nil)
	a.policy(queue, map[string]any{"delayed-retry-type": "all", "delayed-retry-min": 100, "delayed-retry-max": 1000})
	s.publish("", queue, "a")
	if away, _ := s.heldBack(queue, func(d amqp.Delivery) error { return d.Reject(true) }); away < 100*time.Millisecond {
		t.Errorf("back after %v, want it held back for 100 ms", away)
	}
}
