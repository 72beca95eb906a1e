package conformance

import (
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// The rules of the community's plug-in rabbitmq-message-deduplication for exchanges.

// deduplicating declares an exchange that routes no message twice, and skips the rule
// if the broker has none.
func (s *session) deduplicating(args amqp.Table) string {
	s.t.Helper()
	return s.pluggedIn("x-message-deduplication", args)
}

// valued is a message with a value that counts, and more headers by pairs.
func valued(value any, body string, more ...any) amqp.Publishing {
	headers := amqp.Table{"x-deduplication-header": value}
	for i := 0; i < len(more); i += 2 {
		headers[more[i].(string)] = more[i+1]
	}
	return amqp.Publishing{Headers: headers, Body: []byte(body)}
}

func TestDuplicateIsConfirmedAndNotRouted(t T) {
	t.Parallel()
	s := open(t)
	x := s.deduplicating(amqp.Table{"x-cache-size": int32(10)})
	queue := s.bound(x, "ignored", nil)
	s.confirm()
	for i, value := range []any{"a", "b", "a", int32(1), "1", int64(1), "b"} {
		if !s.confirmed(x, fmt.Sprint(i), valued(value, fmt.Sprintf("%v:%d", value, i))) {
			t.Errorf("message %d was nacked", i)
		}
	}
	s.confirmed(x, "", amqp.Publishing{Body: []byte("without")})
	s.confirmed(x, "", amqp.Publishing{Body: []byte("without")})
	s.wantDrain(queue, "a:0 b:1 1:3 1:4 without without")
}

func TestDuplicateThatIsMandatoryIsReturned(t T) {
	t.Parallel()
	s := open(t)
	x := s.deduplicating(amqp.Table{"x-cache-size": int32(10)})
	queue := s.bound(x, "", nil)
	s.send(x, "", valued("a", "first"))
	s.ok(s.Publish(x, "", true, false, valued("a", "second")))
	if r := s.returned(); r.ReplyCode != amqp.NoRoute || string(r.Body) != "second" {
		t.Errorf("got %d and %q, want the second message back for want of a route", r.ReplyCode, r.Body)
	}
	s.wantDrain(queue, "first")
}

func TestDuplicateGoesToTheAlternateExchange(t T) {
	t.Parallel()
	s := open(t)
	spare := s.exchange("fanout", nil)
	queue := s.bound(spare, "", nil)
	x := s.deduplicating(amqp.Table{"x-cache-size": int32(10), "alternate-exchange": spare})
	s.bound(x, "", nil)
	s.confirm()
	s.confirmed(x, "", valued("a", "first"))
	s.confirmed(x, "", valued("a", "second"))
	s.wantDrain(queue, "second")
}

func TestDuplicateIsOneAlsoIfNobodyGotTheFirst(t T) {
	t.Parallel()
	s := open(t)
	x := s.deduplicating(amqp.Table{"x-cache-size": int32(10)})
	s.confirm()
	s.confirmed(x, "", valued("a", "first"))
	queue := s.bound(x, "", nil)
	s.confirmed(x, "", valued("a", "second"))
	s.wantDrain(queue, "")
}

func TestDeduplicationForgetsForWantOfRoom(t T) {
	t.Parallel()
	s := open(t)
	x := s.deduplicating(amqp.Table{"x-cache-size": int32(1)})
	queue := s.bound(x, "", nil)
	s.confirm()
	for _, value := range []string{"a", "a", "b", "a"} {
		s.confirmed(x, "", valued(value, value))
	}
	s.wantDrain(queue, "a b a")
}

func TestDeduplicationForgetsAfterATime(t T) {
	t.Parallel()
	s := open(t)
	x := s.deduplicating(amqp.Table{"x-cache-size": int32(10), "x-cache-ttl": int32(200)})
	c := s.consume(s.bound(x, "", nil))
	s.confirm()
	s.confirmed(x, "", valued("own", "own", "x-cache-ttl", int32(600000)))
	began := time.Now()
	var confirmed []time.Duration
	for time.Since(began) < 2*200*time.Millisecond { // a duplicate does not renew the time
		s.confirmed(x, "", valued("a", fmt.Sprint(len(confirmed))))
		confirmed = append(confirmed, time.Since(began))
	}
	s.confirmed(x, "", valued("own", "again"))
	c.want("own 0")
	var again int
	if d := c.next(); string(d.Body) == "again" {
		t.Error("a message's own time does not count")
	} else if _, err := fmt.Sscan(string(d.Body), &again); err != nil || confirmed[again] < 190*time.Millisecond {
		t.Errorf("got %q after %v, want it after about 200 ms", d.Body, confirmed[again])
	}
}

func TestDeduplicatingExchangeWantsASize(t T) {
	t.Parallel()
	s := open(t)
	s.deduplicating(amqp.Table{"x-cache-size": int32(1)})
	for _, args := range []amqp.Table{
		nil,
		{"x-cache-size": int32(0)},
		{"x-cache-size": "many"},
		{"x-cache-size": int32(1), "x-cache-ttl": int32(0)},
		{"x-cache-size": int32(1), "x-cache-persistence": "paper"},
	} {
		s := s.sibling()
		if err := s.ExchangeDeclare(s.exchangeName(), "x-message-deduplication", false, false, false, false, args); err == nil {
			t.Errorf("declared with %v", args)
			continue
		}
		if refused := receive(t, s.closed, "channel.close"); refused.Code != amqp.PreconditionFailed { // the text is as its source is indented
			t.Errorf("%v: got %v, want 406", args, refused)
		}
	}
}

func TestDeduplicationOnDiskSurvives(t T) {
	s := beforeRestart(t)
	x := s.exchangeName()
	args := amqp.Table{"x-cache-size": int32(10), "x-cache-persistence": "disk"}
	s.deduplicating(args) // or the rule is skipped
	s.ok(s.ExchangeDeclare(x, "x-message-deduplication", true, false, false, false, args))
	queue := s.shared(nil)
	s.bind(queue, x, "", nil)
	s.persistAs(x, "", valued("a", "first"))

	s = afterRestart(t)
	s.confirm()
	s.confirmed(x, "", valued("a", "second"))
	s.confirmed(x, "", valued("b", "other"))
	s.wantDrain(queue, "first other")
}

// telling declares a queue that deduplicates, and skips the rule if the broker has none.
func (s *session) telling(args amqp.Table) string {
	s.t.Helper()
	s.deduplicating(amqp.Table{"x-cache-size": int32(1)}) // or the rule is skipped
	all := amqp.Table{"x-message-deduplication": true}
	for key, value := range args {
		all[key] = value
	}
	s.confirm()
	return s.shared(all)
}

func TestQueueKeepsOneMessageOfEachValue(t T) {
	t.Parallel()
	for _, kind := range []string{"classic", "quorum"} {
		t.Run(kind, func(t T) {
			s := open(t)
			queue := s.telling(ofType(kind, nil))
			for i, value := range []string{"a", "b", "a"} {
				if !s.confirmed("", queue, valued(value, fmt.Sprint(i))) {
					t.Errorf("message %d was nacked", i)
				}
			}
			d := s.soon(queue)
			s.confirmed("", queue, valued("a", "while the first is unacked"))
			s.ok(d.Ack(false))
			s.confirmed("", queue, valued("b", "while its like is ready"))
			s.confirmed("", queue, valued("a", "after"))
			s.consumeWith(queue, true, false, nil).want("1 after")
		})
	}
}

func TestDuplicateForAQueueIsNotReturned(t T) {
	t.Parallel()
	s := open(t)
	queue := s.telling(nil)
	s.confirmed("", queue, valued("a", "first"))
	s.ok(s.Publish("", queue, true, false, valued("a", "second")))
	s.ok(s.Publish("", "nowhere", true, false, amqp.Publishing{Body: []byte("other")}))
	if r := s.returned(); string(r.Body) != "other" {
		t.Errorf("returned %q, want the message for which there is no queue", r.Body)
	}
}

func TestQueueThatDeduplicatesSurvives(t T) {
	s := beforeRestart(t)
	queue := s.telling(nil)
	first := valued("a", "first")
	first.DeliveryMode = amqp.Persistent
	s.confirmed("", queue, first)

	s = afterRestart(t)
	s.confirm()
	s.confirmed("", queue, valued("a", "second"))
	s.confirmed("", queue, valued("b", "other"))
	s.wantDrain(queue, "first other")
}
