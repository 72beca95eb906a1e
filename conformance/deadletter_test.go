package conformance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// deaths returns the entries of x-death.
func deaths(t *testing.T, d amqp.Delivery) []amqp.Table {
	t.Helper()
	list, _ := d.Headers["x-death"].([]any)
	var entries []amqp.Table
	for _, entry := range list {
		table, ok := entry.(amqp.Table)
		if !ok {
			t.Fatalf("x-death entry: got %T, want a table", entry)
		}
		entries = append(entries, table)
	}
	if len(entries) == 0 {
		t.Fatalf("x-death: got %v, want entries", d.Headers["x-death"])
	}
	return entries
}

// rejected sends a message through a queue, rejects it there, and returns what
// comes out at the other end.
func (s *session) rejected(args amqp.Table, p amqp.Publishing) (queue string, d amqp.Delivery) {
	s.t.Helper()
	dead := s.queue(nil)
	queue = s.queue(deadLettering(dead, args))
	s.send("", queue, p)
	s.ok(s.get(queue).Reject(false))
	return queue, s.consumeWith(dead, true, false, nil).next()
}

func TestRejectAndNackDeadLetter(t *testing.T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.publish("", queue, "a", "b", "c")
	c := s.consume(dead)
	s.ok(s.get(queue).Reject(false))
	c.want("a")
	s.ok(s.get(queue).Nack(false, false))
	c.want("b")
	s.ok(s.get(queue).Ack(false)) // not a death
	c.wantRest("")
}

func TestDeathEntryTellsTheStory(t *testing.T) {
	t.Parallel()
	s := open(t)
	queue, d := s.rejected(nil, amqp.Publishing{})
	entry := deaths(t, d)[0]
	for key, want := range map[string]any{
		"count": int64(1), "reason": "rejected", "queue": queue, "exchange": "",
	} {
		if entry[key] != want {
			t.Errorf("%s: got %#v, want %#v", key, entry[key], want)
		}
	}
	if keys := fmt.Sprint(entry["routing-keys"]); keys != "["+queue+"]" {
		t.Errorf("routing-keys: got %v, want the queue's name", keys)
	}
	died, ok := entry["time"].(time.Time)
	if age := time.Since(died); !ok || age < -time.Minute || age > time.Hour {
		t.Errorf("time: got %v, want now", entry["time"])
	}
	if _, found := entry["original-expiration"]; found {
		t.Error("original-expiration is there, want it only for messages with an expiration")
	}
}

func TestFirstDeathHeaders(t *testing.T) {
	t.Parallel()
	s := open(t)
	queue, d := s.rejected(nil, amqp.Publishing{})
	for key, want := range map[string]string{
		"x-first-death-reason": "rejected", "x-first-death-queue": queue, "x-first-death-exchange": "",
	} {
		if got, found := d.Headers[key]; !found || got != want {
			t.Errorf("%s: got %#v, want %q", key, got, want)
		}
	}
}

func TestLastDeathHeaders(t *testing.T) {
	t.Parallel()
	s := open(t)
	queue, d := s.rejected(nil, amqp.Publishing{})
	expected := since(t, "4.0", "x-last-death headers")
	for key, want := range map[string]string{
		"x-last-death-reason": "rejected", "x-last-death-queue": queue, "x-last-death-exchange": "",
	} {
		if got, found := d.Headers[key]; found != expected || found && got != want {
			t.Errorf("%s: got %#v, want %q: %v", key, got, want, expected)
		}
	}
}

func TestDeadLetterKeepsPropertiesAndHeaders(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, d := s.rejected(nil, amqp.Publishing{
		ContentType: "text/x", Priority: 3, CorrelationId: "c", ReplyTo: "r", MessageId: "m", Type: "t",
		AppId: "app", Headers: amqp.Table{"own": "1"}, Body: []byte("body"), DeliveryMode: amqp.Persistent,
	})
	got := []any{d.ContentType, d.Priority, d.CorrelationId, d.ReplyTo, d.MessageId, d.Type, d.AppId,
		d.Headers["own"], string(d.Body), d.DeliveryMode, d.Redelivered}
	if want := "[text/x 3 c r m t app 1 body 2 false]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDeadLetterLosesItsExpiration(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, d := s.rejected(nil, amqp.Publishing{Expiration: "3600000"})
	if d.Expiration != "" {
		t.Errorf("expiration: got %q, want none", d.Expiration)
	}
	if got := deaths(t, d)[0]["original-expiration"]; got != "3600000" {
		t.Errorf("original-expiration: got %v, want 3600000", got)
	}
}

func TestDeadLetterIsNotRedelivered(t *testing.T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(true))
	s.ok(s.get(queue).Reject(false))
	if d := s.consume(dead).next(); d.Redelivered {
		t.Error("redelivered: got true, want false")
	}
}

func TestDeadLetterExchangeAndKeyAreOnTheDelivery(t *testing.T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("direct", nil)
	dead := s.bound(dlx, "new", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "new"})
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(false))
	if d := s.consume(dead).next(); d.Exchange != dlx || d.RoutingKey != "new" {
		t.Errorf("got %q %q, want %q new", d.Exchange, d.RoutingKey, dlx)
	}
}

func TestDeadLetterKeepsItsKeyWithoutAReplacement(t *testing.T) {
	t.Parallel()
	s := open(t)
	x, dlx := s.exchange("topic", nil), s.exchange("direct", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	s.bind(queue, x, "#", nil)
	dead := s.bound(dlx, "old", nil)
	s.publish(x, "old", "a")
	s.ok(s.get(queue).Reject(false))
	d := s.consume(dead).next()
	if d.RoutingKey != "old" {
		t.Errorf("routing key: got %q, want old", d.RoutingKey)
	}
	if got := deaths(t, d)[0]["exchange"]; got != x {
		t.Errorf("exchange: got %v, want %q", got, x)
	}
}

func TestDeadLetterWithoutReplacementGoesToCCKeysToo(t *testing.T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("direct", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	dead := s.bound(dlx, "copy", nil)
	s.send("", queue, amqp.Publishing{Headers: amqp.Table{"CC": []any{"copy"}}})
	s.ok(s.get(queue).Reject(false))
	d := s.consume(dead).next()
	if d.RoutingKey != queue {
		t.Errorf("routing key: got %q, want the original %q", d.RoutingKey, queue)
	}
	if _, found := d.Headers["CC"]; !found {
		t.Error("CC is gone, want it kept")
	}
	if keys := fmt.Sprint(deaths(t, d)[0]["routing-keys"]); keys != "["+queue+" copy]" {
		t.Errorf("routing-keys: got %v, want the original and copy", keys)
	}
}

func TestDeadLetterWithReplacementIgnoresCCKeys(t *testing.T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("direct", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "new"})
	dead, copied := s.bound(dlx, "new", nil), s.bound(dlx, "copy", nil)
	s.send("", queue, amqp.Publishing{Headers: amqp.Table{"CC": []any{"copy"}}})
	s.ok(s.get(queue).Reject(false))
	d := s.consume(dead).next()
	s.wantDrain(copied, "")
	if _, found := d.Headers["CC"]; found != since(t, "4.0", "CC is kept when the key is replaced") {
		t.Errorf("CC there: got %v", found)
	}
}

func TestDeadLetterNeverShowsBCC(t *testing.T) {
	t.Parallel()
	s := open(t)
	other := s.queue(nil)
	queue, d := s.rejected(nil, amqp.Publishing{Headers: amqp.Table{"BCC": []any{other}}})
	if _, found := d.Headers["BCC"]; found {
		t.Error("BCC is there")
	}
	if keys := fmt.Sprint(deaths(t, d)[0]["routing-keys"]); keys != "["+queue+"]" {
		t.Errorf("routing-keys: got %v, want no BCC keys", keys)
	}
}

func TestMissingDeadLetterExchangeLosesTheMessage(t *testing.T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": "no-such-exchange"})
	s.publish("", queue, "a", "b")
	s.ok(s.get(queue).Reject(false))
	s.wantDrain(queue, "b")
}

func TestDeadLetterExchangeMayBeDeclaredLater(t *testing.T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchangeName()
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	s.publish("", queue, "a")
	s.ok(s.ExchangeDeclare(dlx, "fanout", false, false, false, false, nil))
	dead := s.bound(dlx, "", nil)
	s.ok(s.get(queue).Reject(false))
	s.consume(dead).want("a")
}

func TestUnroutableDeadLetterIsNotReturned(t *testing.T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": unique(t)})
	s.mandatory("", queue, "a")
	s.ok(s.get(queue).Reject(false))
	s.mandatory("", unique(t), "sentinel")
	if back := s.returned(); string(back.Body) != "sentinel" {
		t.Errorf("returned: got %q, want only the sentinel", back.Body)
	}
}

func TestDeadLetterExchangeMayBeInternal(t *testing.T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchangeName()
	s.ok(s.ExchangeDeclare(dlx, "fanout", false, false, true, false, nil))
	dead := s.bound(dlx, "", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(false))
	s.consume(dead).want("a")
}

func TestAlternateExchangeOfTheDeadLetterExchangeIsUsed(t *testing.T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchange("fanout", nil)
	dlx := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	dead := s.bound(alternate, "", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(false))
	s.consume(dead).want("a")
}

func TestNackMultipleDeadLettersOldestFirst(t *testing.T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.publish("", queue, "a", "b", "c")
	s.get(queue)
	s.get(queue)
	s.ok(s.get(queue).Nack(true, false))
	s.consume(dead).want("a b c")
}

func TestDeathsAreListedMostRecentFirst(t *testing.T) {
	t.Parallel()
	s := open(t)
	last := s.queue(nil)
	second := s.queue(deadLettering(last, amqp.Table{"x-message-ttl": int32(10)}))
	first := s.queue(deadLettering(second, nil))
	s.publish("", first, "a")
	s.ok(s.get(first).Reject(false))
	d := s.consume(last).next()
	var story []string
	for _, entry := range deaths(t, d) {
		name := map[any]string{first: "first", second: "second"}[entry["queue"]]
		story = append(story, fmt.Sprint(name, ":", entry["reason"]))
	}
	if got := strings.Join(story, " "); got != "second:expired first:rejected" {
		t.Errorf("got %q, want the second queue in front of the first", got)
	}
	if d.Headers["x-first-death-queue"] != first {
		t.Errorf("x-first-death-queue: got %v, want %q", d.Headers["x-first-death-queue"], first)
	}
}

func TestRepeatedDeathIsCounted(t *testing.T) {
	t.Parallel()
	s := open(t)
	queue := unique(t)
	_, err := s.QueueDeclare(queue, false, false, true, false, deadLettering(queue, nil)) // to itself
	s.ok(err)
	c := s.consume(queue)
	s.publish("", queue, "a")
	for count := range int64(4) {
		d := c.next()
		if count > 0 {
			entries := deaths(t, d)
			if len(entries) != 1 || entries[0]["count"] != count {
				t.Fatalf("after %d deaths: got %v", count, entries)
			}
		}
		s.ok(d.Reject(false))
	}
}

func TestRepeatedDeathMovesToTheFront(t *testing.T) {
	t.Parallel()
	s := open(t)
	a, b := unique(t), unique(t)
	for queue, next := range map[string]string{a: b, b: a} {
		_, err := s.QueueDeclare(queue, false, false, true, false, deadLettering(next, nil))
		s.ok(err)
	}
	fromA, fromB := s.consume(a), s.consume(b)
	s.publish("", a, "m")
	s.ok(fromA.next().Reject(false))
	s.ok(fromB.next().Reject(false))
	s.ok(fromA.next().Reject(false))
	entries := deaths(t, fromB.next())
	if len(entries) != 2 || entries[0]["queue"] != a || entries[0]["count"] != int64(2) ||
		entries[1]["queue"] != b || entries[1]["count"] != int64(1) {
		t.Errorf("got %v, want %q twice in front of %q once", entries, a, b)
	}
}

func TestCycleWithoutRejectionIsDropped(t *testing.T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("fanout", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-message-ttl": int32(10)})
	s.bind(queue, dlx, "", nil)
	dead := s.bound(dlx, "", nil)
	s.publish("", queue, "a")
	s.consume(dead).want("a") // routed to both, but never back into the queue it expired in
	s.wantDrain(queue, "")
}

func TestCycleWithARejectionGoesOn(t *testing.T) {
	t.Parallel()
	s := open(t)
	work, wait := unique(t), unique(t)
	_, err := s.QueueDeclare(work, false, false, true, false, deadLettering(wait, nil))
	s.ok(err)
	_, err = s.QueueDeclare(wait, false, false, true, false, deadLettering(work, amqp.Table{"x-message-ttl": int32(10)}))
	s.ok(err)
	c := s.consume(work)
	s.publish("", work, "a")
	for range 3 { // the usual way to retry later
		d := c.next()
		s.ok(d.Reject(false))
	}
	if entries := deaths(t, c.next()); len(entries) != 2 || entries[0]["count"] != int64(3) {
		t.Errorf("got %v, want two entries with count 3 in front", entries)
	}
}

func TestDeathsFromAClient(t *testing.T) {
	t.Parallel()
	s := open(t)
	dead, queue := s.queue(nil), unique(t)
	_, err := s.QueueDeclare(queue, false, false, true, false, deadLettering(dead, nil))
	s.ok(err)
	s.send("", queue, amqp.Publishing{Headers: amqp.Table{"x-death": []any{amqp.Table{
		"count": int64(5), "reason": "rejected", "queue": queue, "exchange": "",
		"time": time.Unix(1, 0), "routing-keys": []any{queue},
	}}}})
	d := s.get(queue)
	if got := deaths(t, d)[0]["count"]; got != int64(5) {
		t.Errorf("before a death: got %v, want 5 as sent", got)
	}
	s.ok(d.Reject(false))
	want := int64(6)
	if since(t, "4.0", "x-death of a client is replaced, not continued") {
		want = 1
	}
	if entries := deaths(t, s.consume(dead).next()); len(entries) != 1 || entries[0]["count"] != want {
		t.Errorf("after a death: got %v, want count %d", entries, want)
	}
}

func TestDeathsFromAClientThatAreNoArrayAreDiscarded(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, d := s.rejected(nil, amqp.Publishing{Headers: amqp.Table{"x-death": "nonsense"}})
	if entries := deaths(t, d); len(entries) != 1 || entries[0]["count"] != int64(1) {
		t.Errorf("got %v, want one new entry", entries)
	}
}

func TestDeadLettersReachSeveralQueues(t *testing.T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("fanout", nil)
	one, two := s.bound(dlx, "", nil), s.bound(dlx, "", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx})
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(false))
	s.consume(one).want("a")
	s.consume(two).want("a")
}
