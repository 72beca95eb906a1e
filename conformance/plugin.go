package conformance

import (
	"fmt"
	"math"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// pluggedIn declares an exchange of a type that brokers have if they are told to, and
// skips the rule if this one was not.
func (s *session) pluggedIn(kind string, args amqp.Table) string {
	s.t.Helper()
	name := s.exchangeName()
	err := s.ExchangeDeclare(name, kind, false, false, false, false, args)
	if err != nil && strings.Contains(err.Error(), "unknown exchange type") {
		s.t.Skip("without the plug-in for " + kind)
	}
	s.ok(err)
	return name
}

// spreadCount is how many messages are published to see who gets how many.
const spreadCount = 400

// wantSpread publishes messages with different keys and compares how many each queue
// gets with its weight. By chance they differ by more than five standard deviations
// less than once in a million times.
func (s *session) wantSpread(exchange string, weights map[string]int) {
	s.t.Helper()
	s.confirm()
	for i := range spreadCount {
		s.publish(exchange, fmt.Sprint(unique(s.t), i), "m")
	}
	if !s.confirmed(exchange, "last", amqp.Publishing{Body: []byte("m")}) {
		s.t.Fatalf("the last message was nacked")
	}
	counts := make(map[string]int)
	// rabbitmq: a queue answers how long it is before it takes messages that were sent earlier
	eventually(s.t, "each message in one queue", func() bool {
		got := 0
		for queue := range weights {
			counts[queue] = s.inspect(queue).Messages
			got += counts[queue]
		}
		return got == spreadCount+1
	})
	all := 0
	for _, weight := range weights {
		all += weight
	}
	for queue, weight := range weights {
		share := float64(weight) / float64(all)
		want, deviation := spreadCount*share, math.Sqrt(spreadCount*share*(1-share))
		if n := counts[queue]; math.Abs(float64(n)-want) > 5*deviation+1 {
			s.t.Errorf("a queue of weight %d of %d got %d of %d messages, want about %.0f", weight, all, n, spreadCount, want)
		}
	}
}

func TestRandomExchangeHandsEachMessageToOneQueue(t T) {
	t.Parallel()
	s := open(t)
	x := s.pluggedIn("x-random", nil)
	s.wantSpread(x, map[string]int{s.bound(x, "", nil): 1, s.bound(x, "ignored", nil): 1})
}

func TestModulusHashHandsEachMessageToOneQueue(t T) {
	t.Parallel()
	s := open(t)
	x := s.pluggedIn("x-modulus-hash", nil)
	s.wantSpread(x, map[string]int{s.bound(x, "", nil): 1, s.bound(x, "ignored", nil): 1, s.bound(x, "#", nil): 1})
}

func TestModulusHashSendsTheSameKeyTheSameWay(t T) {
	t.Parallel()
	s := open(t)
	sameWay(s, s.pluggedIn("x-modulus-hash", nil), func(i int) (string, amqp.Publishing) {
		return fmt.Sprint(i), amqp.Publishing{}
	})
}

// sameWay publishes each of ten values twice: what they have in common makes one
// queue have an even number of each.
func sameWay(s *session, x string, message func(i int) (key string, p amqp.Publishing)) {
	s.t.Helper()
	queues := []string{s.bound(x, "1", nil), s.bound(x, "1", nil), s.bound(x, "1", nil)}
	for range 2 {
		for i := range 10 {
			key, p := message(i)
			p.Body = fmt.Appendf(nil, "%d", i)
			s.send(x, key, p)
		}
	}
	all := 0
	for _, queue := range queues {
		counts := make(map[string]int)
		for body := range strings.FieldsSeq(s.drain(queue)) {
			counts[body]++
			all++
		}
		for body, n := range counts {
			if n != 2 {
				s.t.Errorf("a queue got value %s %d times, want it twice or never", body, n)
			}
		}
	}
	if all != 20 {
		s.t.Errorf("the queues got %d messages, want 20", all)
	}
}

func TestConsistentHashFollowsTheWeights(t T) {
	t.Parallel()
	s := open(t)
	x := s.pluggedIn("x-consistent-hash", nil)
	s.wantSpread(x, map[string]int{s.bound(x, "1", nil): 1, s.bound(x, "3", nil): 3})
}

func TestConsistentHashKeepsTheFirstWeight(t T) {
	t.Parallel()
	s := open(t)
	x := s.pluggedIn("x-consistent-hash", nil)
	one, other := s.bound(x, "1", nil), s.bound(x, "1", nil)
	s.bind(one, x, "100", nil)
	s.wantSpread(x, map[string]int{one: 1, other: 1})
}

func TestConsistentHashServesWhoIsLeft(t T) {
	t.Parallel()
	s := open(t)
	x := s.pluggedIn("x-consistent-hash", nil)
	left, gone := s.bound(x, "1", nil), s.bound(x, "5", nil)
	s.ok(s.QueueUnbind(gone, "5", x, nil))
	s.wantSpread(x, map[string]int{left: 1})
}

func TestConsistentHashSendsTheSameKeyTheSameWay(t T) {
	t.Parallel()
	s := open(t)
	sameWay(s, s.pluggedIn("x-consistent-hash", nil), func(i int) (string, amqp.Publishing) {
		return fmt.Sprint(i), amqp.Publishing{}
	})
}

func TestConsistentHashByAHeader(t T) {
	t.Parallel()
	s := open(t)
	sameWay(s, s.pluggedIn("x-consistent-hash", amqp.Table{"hash-header": "tenant"}), func(i int) (string, amqp.Publishing) {
		return unique(t), amqp.Publishing{Headers: amqp.Table{"tenant": fmt.Sprint(i)}}
	})
}

func TestConsistentHashByAProperty(t T) {
	t.Parallel()
	s := open(t)
	sameWay(s, s.pluggedIn("x-consistent-hash", amqp.Table{"hash-property": "correlation_id"}), func(i int) (string, amqp.Publishing) {
		return unique(t), amqp.Publishing{CorrelationId: fmt.Sprint(i)}
	})
}

func TestConsistentHashWantsAWeight(t T) {
	t.Parallel()
	s := open(t)
	x := s.pluggedIn("x-consistent-hash", nil)
	queue := s.queue(nil)
	for _, test := range []struct{ key, want string }{
		{"k", `The binding key must be an integer: <<"k">>`},
		{"0", "The binding key must be greater than 0"},
		{"-1", "The binding key must be greater than 0"},
	} {
		s := s.sibling()
		if err := s.QueueBind(queue, test.key, x, false, nil); err == nil {
			t.Errorf("bound with weight %q", test.key)
			continue
		}
		s.refused(amqp.PreconditionFailed, "%s", test.want)
	}
}

func TestConsistentHashTakesOneValue(t T) {
	t.Parallel()
	s := open(t)
	s.pluggedIn("x-consistent-hash", nil)
	for _, test := range []struct {
		args amqp.Table
		want string
	}{
		{amqp.Table{"hash-header": "a", "hash-property": "message_id"}, "hash-header and hash-property are mutually exclusive"},
		{amqp.Table{"hash-property": "app_id"}, "Unsupported property: app_id"},
	} {
		s := s.sibling()
		s.ExchangeDeclare(s.exchangeName(), "x-consistent-hash", false, false, false, false, test.args)
		s.refused(amqp.PreconditionFailed, "%s", test.want)
	}
}

// numbered publishes messages whose bodies are numbers, and waits until they are
// routed.
func (s *session) numbered(exchange string, from, to int) {
	s.t.Helper()
	s.confirm()
	for i := from; i <= to; i++ {
		if !s.confirmed(exchange, fmt.Sprint("key.", i), amqp.Publishing{Body: fmt.Append(nil, i)}) {
			s.t.Fatalf("message %d was nacked", i)
		}
	}
}

func TestRecentHistoryIsForWhoIsBoundLater(t T) {
	t.Parallel()
	s := open(t)
	x := s.pluggedIn("x-recent-history", nil)
	first := s.bound(x, "", nil)
	s.numbered(x, 1, 25)
	s.wantDrain(first, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25")
	later := s.bound(x, "ignored", nil)
	s.wantDrain(later, "6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25")
	s.numbered(x, 26, 26)
	s.wantDrain(first, "26")
	s.wantDrain(later, "26")
}

func TestRecentHistoryMayBeShorter(t T) {
	t.Parallel()
	s := open(t)
	x := s.pluggedIn("x-recent-history", amqp.Table{"x-recent-history-length": int32(2)})
	s.numbered(x, 1, 5)
	s.wantDrain(s.bound(x, "", nil), "4 5")
}

func TestRecentHistoryComesAgainWithEachNewBinding(t T) {
	t.Parallel()
	s := open(t)
	x := s.pluggedIn("x-recent-history", nil)
	s.numbered(x, 1, 2)
	queue := s.bound(x, "a", nil)
	s.bind(queue, x, "a", nil)
	s.wantDrain(queue, "1 2")
	s.bind(queue, x, "b", nil)
	s.wantDrain(queue, "1 2")
}

func TestRecentHistoryKeepsExchangeKeyAndProperties(t T) {
	t.Parallel()
	s := open(t)
	x := s.pluggedIn("x-recent-history", nil)
	s.confirm()
	s.confirmed(x, "key", amqp.Publishing{MessageId: "m1", Headers: amqp.Table{"a": "b"}, Body: []byte("body")})
	d := s.get(s.bound(x, "", nil))
	if d.Exchange != x || d.RoutingKey != "key" || d.MessageId != "m1" || d.Headers["a"] != "b" || d.Redelivered || string(d.Body) != "body" {
		t.Errorf("got %+v, want the message as it was published", d)
	}
}

func TestRecentHistoryLeavesOutWhatSaysSo(t T) {
	t.Parallel()
	s := open(t)
	x := s.pluggedIn("x-recent-history", nil)
	s.confirm()
	for _, no := range []any{true, false, "true", int32(1)} {
		s.confirmed(x, "", amqp.Publishing{Headers: amqp.Table{"x-recent-history-no-store": no}, Body: fmt.Appendf(nil, "%T:%v", no, no)})
	}
	s.wantDrain(s.bound(x, "", nil), "bool:false string:true int32:1")
}

func TestRecentHistoryIsForExchangesToo(t T) {
	t.Parallel()
	s := open(t)
	if !target.harebell {
		t.Skip("the bind fails with an internal error, or turns the order round: a defect")
	}
	x, y := s.pluggedIn("x-recent-history", nil), s.exchange("topic", nil)
	one, two := s.bound(y, "key.1", nil), s.bound(y, "key.2", nil)
	s.numbered(x, 1, 3)
	s.ok(s.ExchangeBind(y, "", x, false, nil))
	s.wantDrain(one, "1")
	s.wantDrain(two, "2")
}

func TestRecentHistoryWantsALength(t T) {
	t.Parallel()
	s := open(t)
	s.pluggedIn("x-recent-history", nil)
	for _, test := range []struct {
		length  any
		printed string
	}{{int32(0), "0"}, {int32(-1), "-1"}, {"many", `<<"many">>`}} {
		s := s.sibling()
		s.ExchangeDeclare(s.exchangeName(), "x-recent-history", false, false, false, false, amqp.Table{"x-recent-history-length": test.length})
		s.refused(amqp.PreconditionFailed, "Invalid argument %s, 'x-recent-history-length' must be a positive integer", test.printed)
	}
}
