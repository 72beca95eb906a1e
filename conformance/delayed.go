package conformance

import (
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// delaying declares an exchange that holds messages back, and skips the rule if the
// broker has none.
func (s *session) delaying(kind string) string {
	s.t.Helper()
	return s.pluggedIn("x-delayed-message", amqp.Table{"x-delayed-type": kind})
}

func delayedBy(milliseconds any, body string) amqp.Publishing {
	return amqp.Publishing{Headers: amqp.Table{"x-delay": milliseconds}, Body: []byte(body)}
}

func TestDelayedMessageComesWhenItsTimeHas(t T) {
	t.Parallel()
	s := open(t)
	x := s.delaying("direct")
	queue := s.bound(x, "k", nil)
	s.confirm()
	began := time.Now()
	s.confirmed(x, "k", delayedBy(int32(300), "later"))
	s.confirmed(x, "k", amqp.Publishing{Body: []byte("now")})
	c := s.consume(queue)
	c.want("now")
	d := c.next()
	if took := time.Since(began); string(d.Body) != "later" || took < 300*time.Millisecond {
		t.Errorf("got %q after %v, want it after 300 ms", d.Body, took)
	}
	if d.Exchange != x || d.RoutingKey != "k" || fmt.Sprint(d.Headers["x-delay"]) != "-300" {
		t.Errorf("got %+v, want exchange and key as they were, and x-delay -300", d)
	}
}

func TestDelayedMessagesComeInTheOrderOfTheirTimes(t T) {
	t.Parallel()
	s := open(t)
	x := s.delaying("fanout")
	c := s.consume(s.bound(x, "", nil))
	for i, delay := range []int32{400, 200, 300, 100} {
		s.send(x, "", delayedBy(delay, fmt.Sprint(i)))
	}
	c.want("3 1 2 0")
}

func TestNoDelayIsNone(t T) {
	t.Parallel()
	s := open(t)
	x := s.delaying("fanout")
	c := s.consume(s.bound(x, "", nil))
	for i, delay := range []any{int32(0), int32(-5), int64(0)} {
		s.send(x, "", delayedBy(delay, fmt.Sprint(i)))
		c.want(fmt.Sprint(i))
	}
}

func TestDelayedExchangeRoutesAsItsType(t T) {
	t.Parallel()
	s := open(t)
	x := s.delaying("topic")
	one, other := s.consume(s.bound(x, "a.*", nil)), s.consume(s.bound(x, "#.b", nil))
	s.send(x, "a.b", delayedBy(int32(50), "both"))
	s.send(x, "a.c", delayedBy(int32(60), "one"))
	s.send(x, "c.b", delayedBy(int32(60), "other"))
	one.want("both one")
	other.want("both other")
}

func TestDelayedMessageGoesToWhoIsBoundThen(t T) {
	t.Parallel()
	s := open(t)
	x := s.delaying("fanout")
	s.confirm()
	s.confirmed(x, "", delayedBy(int32(300), "later"))
	s.consume(s.bound(x, "", nil)).want("later")
}

func TestDelayedExchangeWantsAType(t T) {
	t.Parallel()
	s := open(t)
	s.delaying("fanout")
	for _, test := range []struct {
		args amqp.Table
		want string
	}{
		{nil, "Invalid argument, 'x-delayed-type' must be an existing exchange type"},
		{amqp.Table{"x-delayed-type": "no-such-type"}, "Invalid argument, 'x-delayed-type' must be an existing exchange type"},
		{amqp.Table{"x-delayed-type": int32(1)}, "Invalid argument, 'x-delayed-type' must be an existing exchange type"},
		{amqp.Table{"x-delayed-type": "x-delayed-message"}, "Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'"},
	} {
		s := s.sibling()
		s.ExchangeDeclare(s.exchangeName(), "x-delayed-message", false, false, false, false, test.args)
		s.refused(amqp.PreconditionFailed, "%s", test.want)
	}
}

func TestDelayedMessageOfATransactionIsDelayedFromTheCommit(t T) {
	t.Parallel()
	s := open(t)
	x := s.delaying("fanout")
	queue := s.bound(x, "", nil)
	s.ok(s.Tx())
	s.send(x, "", delayedBy(int32(50), "rolled back"))
	s.ok(s.TxRollback())
	s.send(x, "", delayedBy(int32(50), "committed"))
	s.ok(s.TxCommit())
	s.sibling().consume(queue).want("committed")
}

func TestDelayedMessagesSurvive(t T) {
	s := beforeRestart(t)
	x := s.exchangeName()
	s.delaying("fanout") // or the rule is skipped
	s.ok(s.ExchangeDeclare(x, "x-delayed-message", true, false, false, false, amqp.Table{"x-delayed-type": "fanout"}))
	queue := s.shared(nil)
	s.bind(queue, x, "", nil)
	p := delayedBy(int32(100), "persistent")
	s.persistAs(x, "", p)

	afterRestart(t).consume(queue).want("persistent")
}
