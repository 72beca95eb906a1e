package conformance

import (
	"fmt"
	"os"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// consumerTimeout returns how many milliseconds the broker grants for an ack, as
// CONSUMER_TIMEOUT says. A broker does not tell, and half an hour, which is usual,
// is too long to wait: without it a test is skipped.
func consumerTimeout(t T) int {
	t.Helper()
	if since(t, "4.3", "no consumer timeout for classic queues") {
		t.Skip("classic queues have no consumer timeout in this version")
	}
	slow(t)
	given := os.Getenv("CONSUMER_TIMEOUT")
	if given == "" {
		t.Skip("no CONSUMER_TIMEOUT to say that the broker's is short")
	}
	milliseconds, err := strconv.Atoi(given)
	if err != nil || milliseconds <= 0 {
		t.Fatalf("CONSUMER_TIMEOUT %q: want milliseconds", given)
	}
	return milliseconds
}

// late waits for the channel to be closed for want of an ack, which may take as
// long again as the timeout, and for a message to come back.
func (s *session) late(queue string, milliseconds int) {
	s.t.Helper()
	var e *amqp.Error
	select {
	case e = <-s.closed:
	case <-time.After(2*time.Duration(milliseconds)*time.Millisecond + patience):
		s.t.Fatalf("no channel.close after %d ms", milliseconds)
	}
	s.compare(e, 406, "delivery acknowledgement on channel 1 timed out. Timeout value used: %d ms. "+
		"This timeout value can be configured, see consumers doc guide to learn more", milliseconds)
	other := s.sibling()
	other.wantReady(queue, 1)
	if d := other.get(queue); !d.Redelivered {
		s.t.Error("redelivered: got false, want true")
	}
}

func TestDeliveriesAreToBeAckedInTime(t T) {
	t.Parallel()
	timeout := consumerTimeout(t)
	s := open(t)
	queue := s.queue(nil)
	c := s.consume(queue)
	s.publish("", queue, "a", "b")
	first := c.next()
	c.next()
	s.ok(first.Ack(false))
	s.late(queue, timeout)
}

func TestGetsAreToBeAckedInTime(t T) {
	t.Parallel()
	timeout := consumerTimeout(t)
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a")
	s.get(queue)
	s.late(queue, timeout)
}

func TestTimeoutOfAnAckIsNobodysFault(t T) {
	t.Parallel()
	timeout := consumerTimeout(t)
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.publish(1, "", queue, nil, "a")
	r.call(1, basicGet(queue, 0), 71)
	r.content(1)
	r.expectClose(1, closing{406, fmt.Sprintf("delivery acknowledgement on channel 1 timed out. Timeout value used: %d ms. "+
		"This timeout value can be configured, see consumers doc guide to learn more", timeout), 0, 0})
}

// ownTimeout skips a rule where nobody but the broker says how long an ack may take.
func ownTimeout(t T, version string) {
	t.Helper()
	slow(t)
	if since(t, "4.3", "no consumer timeout for classic queues") {
		t.Skip("classic queues have no consumer timeout in this version")
	}
	if !always(t, version, "consumer timeouts of queues, policies and consumers") {
		t.Skip("not known in this version")
	}
}

func TestConsumerTimeoutMayBeTheConsumers(t T) {
	t.Parallel()
	ownTimeout(t, "4.3")
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a")
	s.consumeWith(queue, false, false, amqp.Table{"x-consumer-timeout": int32(100)}).want("a")
	s.late(queue, 100)
}

func TestConsumerTimeoutMayBeTheQueues(t T) {
	t.Parallel()
	ownTimeout(t, "3.12")
	s := open(t)
	queue := s.queue(amqp.Table{"x-consumer-timeout": int32(100)})
	s.publish("", queue, "a")
	s.consume(queue).want("a")
	s.late(queue, 100)
}

func TestPolicyOfAConsumerTimeout(t T) {
	t.Parallel()
	ownTimeout(t, "3.12")
	a, s := administer(t), open(t)
	queue := s.queue(nil)
	a.policy(queue, map[string]any{"consumer-timeout": 100})
	s.publish("", queue, "a")
	s.consume(queue).want("a")
	s.late(queue, 100)
}
