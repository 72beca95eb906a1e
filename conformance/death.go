package conformance

import (
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// deaths returns the entries of x-death.
func deaths(t T, d amqp.Delivery) []amqp.Table {
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

func TestDeathEntryTellsTheStory(t T) {
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

func TestFirstDeathHeaders(t T) {
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

func TestLastDeathHeaders(t T) {
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

func TestDeathsAreListedMostRecentFirst(t T) {
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

func TestRepeatedDeathIsCounted(t T) {
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

func TestRepeatedDeathMovesToTheFront(t T) {
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

func TestDeathsFromAClient(t T) {
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
	want := int64(1)
	if continuesDeaths(t) {
		want = 6
	}
	if entries := deaths(t, s.consume(dead).next()); len(entries) != 1 || entries[0]["count"] != want {
		t.Errorf("after a death: got %v, want count %d", entries, want)
	}
}

// continuesDeaths reports whether the broker goes on with an x-death header that a
// client wrote.
func continuesDeaths(t T) bool {
	t.Helper()
	return !since(t, "4.0", "x-death of a client is replaced, not continued")
}

func TestDeathsFromAClientOfAnotherQueue(t T) {
	t.Parallel()
	s := open(t)
	_, d := s.rejected(nil, amqp.Publishing{Headers: amqp.Table{"x-death": []any{amqp.Table{
		"count": int64(5), "reason": "rejected", "queue": "another", "exchange": "",
		"time": time.Unix(1, 0), "routing-keys": []any{"another"},
	}}}})
	want := 1
	if continuesDeaths(t) {
		want = 2
	}
	entries := deaths(t, d)
	if len(entries) != want || entries[0]["count"] != int64(1) || want == 2 && entries[1]["count"] != int64(5) {
		t.Errorf("got %v, want %d entries, the new one first", entries, want)
	}
	if _, found := d.Headers["x-first-death-queue"]; found == continuesDeaths(t) {
		t.Errorf("x-first-death-queue there: got %v, want it if the death is the first one", found)
	}
}

func TestDeathsFromAClientThatAreNone(t T) {
	t.Parallel()
	s := open(t)
	queue, d := s.rejected(nil, amqp.Publishing{Headers: amqp.Table{"x-death": []any{}}})
	if entries := deaths(t, d); len(entries) != 1 || entries[0]["queue"] != queue {
		t.Errorf("got %v, want one new entry", entries)
	}
	if _, found := d.Headers["x-first-death-queue"]; found == continuesDeaths(t) {
		t.Errorf("x-first-death-queue there: got %v", found)
	}
}

func TestDeathsFromAClientThatAreNoArrayAreDiscarded(t T) {
	t.Parallel()
	s := open(t)
	_, d := s.rejected(nil, amqp.Publishing{Headers: amqp.Table{"x-death": "nonsense"}})
	if entries := deaths(t, d); len(entries) != 1 || entries[0]["count"] != int64(1) {
		t.Errorf("got %v, want one new entry", entries)
	}
	if _, found := d.Headers["x-first-death-queue"]; found == continuesDeaths(t) {
		t.Errorf("x-first-death-queue there: got %v", found)
	}
}

func TestRepeatedDeathKeepsTheStoryOfTheFirst(t T) {
	t.Parallel()
	s := open(t)
	x, queue := s.exchange("direct", nil), unique(t)
	_, err := s.QueueDeclare(queue, false, false, true, false, deadLettering(queue, nil)) // to itself
	s.ok(err)
	s.bind(queue, x, "key", nil)
	c := s.consume(queue)
	s.publish(x, "key", "a")
	s.ok(c.next().Reject(false))
	s.ok(c.next().Reject(false)) // this time it came through the default exchange
	entry := deaths(t, c.next())[0]
	if entry["count"] != int64(2) || entry["exchange"] != x || fmt.Sprint(entry["routing-keys"]) != "[key]" {
		t.Errorf("got %v, want count 2 with exchange and key of the first time", entry)
	}
}

func TestDeathsOfOneQueueAreToldApartByReason(t T) {
	t.Parallel()
	s := open(t)
	dlx := s.exchange("direct", nil)
	last := s.bound(dlx, "last", nil)
	queue := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "middle", "x-max-length": int32(1)})
	middle := s.queue(amqp.Table{"x-dead-letter-exchange": dlx, "x-dead-letter-routing-key": "again"})
	s.bind(middle, dlx, "middle", nil)
	s.bind(queue, dlx, "again", nil)
	c := s.consume(middle)
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(false)) // rejected in queue
	d := c.next()
	s.ok(d.Reject(false))
	s.wantReady(queue, 1)
	s.publish("", queue, "b") // drops a: maxlen in queue
	d = c.next()
	var story []string
	for _, entry := range deaths(t, d) {
		name := map[any]string{queue: "queue", middle: "middle"}[entry["queue"]]
		story = append(story, fmt.Sprint(name, ":", entry["reason"], ":", entry["count"]))
	}
	want := "queue:maxlen:1 queue:rejected:1 middle:rejected:1"
	if always(t, "4.0", "all deaths are listed most recent first, not only the newest") {
		want = "queue:maxlen:1 middle:rejected:1 queue:rejected:1"
	}
	if got := strings.Join(story, " "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.wantDrain(last, "")
}

func TestFirstDeathHeadersStayAndLastDeathHeadersFollow(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	last := s.queue(nil)
	second := s.queue(deadLettering(last, amqp.Table{"x-message-ttl": int32(10)}))
	first := s.queue(deadLettering(second, nil))
	s.bind(first, x, "k", nil)
	s.publish(x, "k", "a")
	s.ok(s.get(first).Reject(false))
	d := s.consume(last).next()
	want := map[string]any{"x-first-death-reason": "rejected", "x-first-death-queue": first, "x-first-death-exchange": x}
	if since(t, "4.0", "x-last-death headers") {
		want["x-last-death-reason"], want["x-last-death-queue"], want["x-last-death-exchange"] = "expired", second, ""
	}
	for key, value := range want {
		if d.Headers[key] != value {
			t.Errorf("%s: got %v, want %q", key, d.Headers[key], value)
		}
	}
}

func TestCopiesInTwoQueuesDieApart(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	deadOne, deadTwo := s.queue(nil), s.queue(nil)
	one, two := s.queue(deadLettering(deadOne, nil)), s.queue(deadLettering(deadTwo, nil))
	s.bind(one, x, "", nil)
	s.bind(two, x, "", nil)
	s.publish(x, "", "a")
	s.ok(s.get(one).Reject(false))
	s.ok(s.get(two).Reject(false))
	for queue, dead := range map[string]string{one: deadOne, two: deadTwo} {
		entries := deaths(t, s.consume(dead).next())
		if len(entries) != 1 || entries[0]["queue"] != queue {
			t.Errorf("got %v, want the death in its own queue alone", entries)
		}
	}
}

func TestOriginalExpirationIsToldOfTheFirstDeathOnly(t T) {
	t.Parallel()
	s := open(t)
	last := s.queue(nil)
	second := s.queue(deadLettering(last, nil))
	first := s.queue(deadLettering(second, nil))
	s.send("", first, amqp.Publishing{Expiration: "20"})
	s.ok(s.consume(second).next().Reject(false))
	entries := deaths(t, s.consume(last).next())
	_, later := entries[0]["original-expiration"]
	if len(entries) != 2 || later || entries[1]["original-expiration"] != "20" {
		t.Errorf("got %v, want original-expiration in the first death", entries)
	}
}

func TestDeathHeadersOfAMessageWithoutHeaders(t T) {
	t.Parallel()
	s := open(t)
	_, d := s.rejected(nil, amqp.Publishing{})
	want := 4
	if since(t, "4.0", "x-last-death headers") {
		want = 7
	}
	if len(d.Headers) != want {
		t.Errorf("got %v, want x-death and the first death only", d.Headers)
	}
}

func TestMessageThatDiedMayBePublishedAnew(t T) {
	t.Parallel()
	s := open(t)
	dead := s.queue(nil)
	queue := s.queue(deadLettering(dead, nil))
	s.publish("", queue, "a")
	s.ok(s.get(queue).Reject(false))
	d := s.consume(dead).next()
	other := s.queue(nil)
	s.send("", other, amqp.Publishing{Headers: d.Headers, Body: d.Body}) // the usual way to try again by hand
	again := s.get(other)
	if len(deaths(t, again)) != 1 || again.Headers["x-first-death-queue"] != queue {
		t.Errorf("got %v, want the headers as they were", again.Headers)
	}
}
