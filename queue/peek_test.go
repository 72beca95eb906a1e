package queue

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/harebellmq/harebell/amqp"
)

// see returns what a look at a queue sees, and whether there is more.
func see(t testing.TB, q Queue, want Look) string {
	t.Helper()
	s, err := q.Peek(want)
	if err != nil {
		t.Fatal(err)
	}
	seen := bodies(s.Entries)
	if s.Next != 0 {
		seen += " …"
	}
	return seen
}

// pick takes the message with a body.
func pick(t testing.TB, q Queue, body string) Entry {
	t.Helper()
	s, err := q.Peek(Look{Messages: 100, Bytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Entries {
		if string(s.Entries[i].Message.Body) == body {
			e, ok, err := q.Take(s.Entries[i].Number())
			if err != nil || !ok {
				t.Fatalf("take %s: got %v, %v", body, ok, err)
			}
			return e
		}
	}
	t.Fatalf("no message %s", body)
	return Entry{}
}

func TestPeekLooksWithoutTaking(t *testing.T) {
	q := newHouse().open(t, Declaration{Arguments: amqp.Table{"x-max-priority": int32(1)}})
	publish(q, "a", "b", "c", "d")
	q.Publish([]Publishing{{Message: message("high", amqp.Fields{Priority: 1})}})
	before := q.Info()
	for _, c := range []struct {
		want Look
		see  string
	}{
		{Look{Messages: 10, Bytes: 100}, "high a b c d"},
		{Look{Messages: 3, Bytes: 100}, "high a b …"},
		{Look{Messages: 5, Bytes: 100}, "high a b c d"},
		{Look{Messages: 10, Bytes: 6}, "high a b …"},
		{Look{Messages: 10, Bytes: 1}, "high …"}, // of one message there may be more
		{Look{From: 2, Messages: 2, Bytes: 100}, "b c …"},
		{Look{From: 4, Messages: 2, Bytes: 100}, "d"},
		{Look{From: 5, Messages: 2, Bytes: 100}, ""},
		{Look{From: 9 << 56, Messages: 1, Bytes: 100}, "high …"},
		{Look{Newest: true, Messages: 2, Bytes: 100}, "c d"},
		{Look{Newest: true, Messages: 9, Bytes: 100}, "a b c d"},
	} {
		for range 2 {
			if got := see(t, q, c.want); got != c.see {
				t.Errorf("%+v: got %q, want %q", c.want, got, c.see)
			}
		}
	}
	if after := q.Info(); after != before {
		t.Errorf("looking has changed the queue: got %+v, want %+v", after, before)
	}
	if e, _, _, _ := q.Get(true); e.Redelivered {
		t.Error("what was looked at is redelivered")
	}
}

func TestPeekDoesNotShowWhatIsUnacked(t *testing.T) {
	q := newHouse().open(t, Declaration{})
	publish(q, "a", "b", "c")
	e, _, _, _ := q.Get(false)
	if got := see(t, q, Look{Messages: 10, Bytes: 100}); got != "b c" {
		t.Errorf("got %q, want b c", got)
	}
	q.Requeue([]Entry{e}, Nacked)
	if got := see(t, q, Look{Messages: 10, Bytes: 100}); got != "a* b c" {
		t.Errorf("got %q, want a* b c", got)
	}
}

func TestWhatIsPutBackIsAsItWas(t *testing.T) {
	for name, d := range map[string]Declaration{"classic": {Durable: true}, "quorum": quorum()} {
		t.Run(name, func(t *testing.T) {
			q := newHouse().open(t, d)
			publish(q, "a", "b", "c")
			e := pick(t, q, "b")
			if got := q.Stats(); got.Ready != 2 || got.Unacked != 1 {
				t.Errorf("taken: got %+v, want it unacked", got)
			}
			q.PutBack(e)
			if got := see(t, q, Look{Messages: 10, Bytes: 100}); got != "a b c" {
				t.Errorf("got %q, want a b c", got)
			}
			for _, want := range []string{"a", "b", "c"} {
				e, _, _, err := q.Get(true)
				if err != nil || string(e.Message.Body) != want || e.Redelivered || e.count != 0 {
					t.Errorf("got %s, redelivered %v, count %d, %v; want %s as it was published", e.Message.Body, e.Redelivered, e.count, err, want)
				}
			}
		})
	}
}

func TestWhatIsTakenSurvivesUntilItIsDropped(t *testing.T) {
	d := Declaration{Durable: true}
	h := newHouse()
	q := h.open(t, d)
	for _, body := range []string{"a", "b", "c"} {
		h.send(q, message(body, amqp.Fields{DeliveryMode: 2}), nil, 0)
	}
	pick(t, q, "a")
	q.Drop(pick(t, q, "b"))
	q = h.reopen(t, d)
	synctest.Test(t, func(t *testing.T) {
		if got := see(t, q, Look{Messages: 10, Bytes: 100}); got != "a c" {
			t.Errorf("after a restart: got %q, want a c", got)
		}
	})
}

func TestWhatWasDeadLetteredOrExpiredCannotBeTaken(t *testing.T) {
	q := newHouse().open(t, Declaration{})
	publish(q, "a")
	for _, number := range []uint64{0, 2, 7 << 56} {
		if _, ok, err := q.Take(number); ok || err != nil {
			t.Errorf("take %d: got %v, %v", number, ok, err)
		}
	}
	e := pick(t, q, "a")
	q.Delete(false, false)
	q.PutBack(e)
	q.Drop(e)
	if _, ok, _ := q.Take(1); ok {
		t.Error("a message of a deleted queue was taken")
	}
}

func TestCopyOfATakenMessageIsNoDuplicateOfIt(t *testing.T) {
	q := newHouse().open(t, Declaration{Arguments: amqp.Table{"x-message-deduplication": true}})
	like := message("a", amqp.Fields{Headers: amqp.Table{DeduplicationHeader: "1"}})
	q.Publish([]Publishing{{Message: like}})
	e := pick(t, q, "a")
	q.Publish([]Publishing{{Message: like}})
	q.Drop(e)
	if got := see(t, q, Look{Messages: 10, Bytes: 100}); got != "a" {
		t.Errorf("got %q, want the copy", got)
	}
	q.PutBack(pick(t, q, "a"))
	q.Publish([]Publishing{{Message: like}})
	if got := q.Stats().Ready; got != 1 {
		t.Errorf("got %d ready, want the one that was put back to keep out its like", got)
	}
}

func TestPagedMessagesAreSeenAndTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, Declaration{Durable: true})
		fillUp(t, h, q, 5000)
		synctest.Wait()
		resident := q.Info().Resident
		s, err := q.Peek(Look{From: 4000, Messages: 50, Bytes: 20 << 10})
		if err != nil || len(s.Entries) != 20 || number(t, &s.Entries[0]) != 3999 {
			t.Fatalf("got %d entries, %v; want 20 from 3999 on", len(s.Entries), err)
		}
		if got := q.Info().Resident; got != resident {
			t.Errorf("looking has left %d octets in memory", got-resident)
		}
		for n := uint64(4000); n < 4010; n++ {
			e, ok, err := q.Take(n)
			if !ok || err != nil {
				t.Fatalf("take %d: got %v, %v", n, ok, err)
			}
			if n%2 == 0 {
				q.Drop(e)
			} else {
				q.PutBack(e)
			}
		}
		for i := range 5000 {
			if i >= 3999 && i < 4009 && i%2 == 1 {
				continue
			}
			e, _, ok, err := q.Get(true)
			if err != nil || !ok || number(t, &e) != i || e.Redelivered {
				t.Fatalf("got %v, %v, %v; want %d", ok, err, e.Redelivered, i)
			}
		}
		wantNothingLeft(t, h, q)
	})
}

func TestAPurgeLeavesWhatIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		d := Declaration{Durable: true}
		q := h.open(t, d)
		fillUp(t, h, q, 5000)
		synctest.Wait()
		e, ok, err := q.Take(4000) // from among those that only the disk has
		if !ok || err != nil {
			t.Fatalf("take: got %v, %v", ok, err)
		}
		q.Purge()
		q.PutBack(e)
		q = h.reopen(t, d)
		s, err := q.Peek(Look{Messages: 10, Bytes: 1 << 20})
		if err != nil || len(s.Entries) != 1 || number(t, &s.Entries[0]) != 3999 {
			t.Errorf("after a restart: got %d entries, %v, want the one that was put back", len(s.Entries), err)
		}
	})
}

func TestStreamIsBrowsedByOffset(t *testing.T) {
	flows(t, nil, func(t *testing.T, r *river) {
		if got := see(t, r.stream, Look{Messages: 10, Bytes: 100}); got != "" {
			t.Errorf("empty: got %q", got)
		}
		r.publish("0", "1", "2", "3", "4")
		synctest.Wait()
		for _, c := range []struct {
			want Look
			see  string
		}{
			{Look{Messages: 2, Bytes: 100}, "0 1 …"},
			{Look{From: 3, Messages: 2, Bytes: 100}, "2 3 …"},
			{Look{From: 4, Messages: 9, Bytes: 100}, "3 4"},
			{Look{From: 9, Messages: 9, Bytes: 100}, ""},
			{Look{Messages: 9, Bytes: 3}, "0 1 2 …"},
			{Look{Newest: true, Messages: 2, Bytes: 100}, "3 4"},
			{Look{Newest: true, Messages: 9, Bytes: 100}, "0 1 2 3 4"},
		} {
			if got := see(t, r.stream, c.want); got != c.see {
				t.Errorf("%+v: got %q, want %q", c.want, got, c.see)
			}
		}
		if _, _, err := r.stream.Take(1); err == nil || !strings.Contains(err.Error(), "not supported by stream queues") {
			t.Errorf("take: got %v", err)
		}
	})
}
