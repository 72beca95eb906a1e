package queue

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

var dying = amqp.Table{"x-dead-letter-exchange": "dlx"}

func TestRejectedMessagesDie(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Arguments: dying})
	publish(q, "a", "b")
	e, _, _, _ := q.Get(false)
	q.Reject([]Entry{e})
	wantWords(t, "dead", h.deaths(), "a:rejected")
	wantStats(t, q, Stats{Ready: 1, ReadyBytes: 1})
}

func TestWithoutDeadLetterExchangeRejectedMessagesAreDropped(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{})
	publish(q, "a")
	e, _, _, _ := q.Get(false)
	q.Reject([]Entry{e})
	wantWords(t, "dead", h.deaths(), "")
	wantStats(t, q, Stats{})
}

// A looking is a Host that looks at what the disk would show when dead letters
// are published.
type looking struct {
	*house
	look func()
}

func (l looking) DeadLetter(q Hosted, dead []Dead) {
	l.look()
	l.house.DeadLetter(q, dead)
}

func TestDeadMessagesStayInTheStoreUntilTheirCopiesArePublished(t *testing.T) {
	h := newHouse()
	d := Declaration{Durable: true, Arguments: dying}
	held := 0
	q, err := newFIFO(d, Config{ID: 1, Store: h.store, Clock: h.clock, Host: looking{h, func() { held = stored(h) }}})
	if err != nil {
		t.Fatal(err)
	}
	h.send(q, message("a", persistent), nil, 0)
	e, _, _, _ := q.Get(false)
	q.Reject([]Entry{e})
	if held != 1 || stored(h) != 0 {
		t.Errorf("stored: got %d while the copy was published and %d after it, want 1 and 0", held, stored(h))
	}
}

// stored counts the messages of queue 1 in the store.
func stored(h *house) int {
	found := make(chan int)
	h.store.Load(1, store.Span{Lo: 1, Hi: 1 << 20}, 1<<20, func(ms []store.Stored, _ error) { found <- len(ms) })
	return <-found
}

func TestDeadMessageStillBeingWrittenIsNotConfirmedEarly(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Durable: true, Arguments: dying})
	m := message("a", persistent)
	var p publisher
	r := new(store.Record)
	r.Init(m, &p, 1)
	q.Publish([]Publishing{{Message: m, Record: r}})
	r.Release()
	e, _, _, _ := q.Get(false)
	q.Reject([]Entry{e})
	if len(p.acks) != 0 {
		t.Error("confirmed before it was written")
	}
	h.store.Append(store.Batch{Records: []*store.Record{r}})
	if len(p.acks) != 1 {
		t.Error("not confirmed when it was written")
	}
	if n := stored(h); n != 0 {
		t.Errorf("stored: got %d, want none", n)
	}
}

func headers(m amqp.Message) amqp.Table { return m.Properties.Headers() }

func TestFirstDeath(t *testing.T) {
	m := message("body", amqp.Fields{
		Expiration: "500", MessageID: "id",
		Headers: amqp.Table{"CC": []any{"cc1", int32(1), "cc2"}, "x-death": "a client's", "own": true},
	})
	d := Dead{Message: m, Reason: Expired}
	dead := d.Copy(DeathHeaders{}, "q", "dlx", "dead", time.Unix(1234, 0))
	if dead.Exchange != "dlx" || dead.RoutingKey != "dead" || string(dead.Body) != "body" || !dead.DeadLettered {
		t.Errorf("got %+v", dead)
	}
	if dead.Properties.Has(amqp.FlagExpiration) || dead.Properties.MessageID() != "id" {
		t.Errorf("properties: got %v", dead.Properties)
	}
	want := amqp.Table{
		"CC": []any{"cc1", int32(1), "cc2"}, "own": true,
		"x-first-death-exchange": "x", "x-first-death-queue": "q", "x-first-death-reason": "expired",
		"x-last-death-exchange": "x", "x-last-death-queue": "q", "x-last-death-reason": "expired",
		"x-death": []any{amqp.Table{
			"count": int64(1), "reason": "expired", "queue": "q", "time": amqp.Timestamp(1234), "exchange": "x",
			"routing-keys": []any{"key", "cc1", "cc2"}, "original-expiration": "500",
		}},
	}
	if got := headers(dead); !reflect.DeepEqual(got, want) {
		t.Errorf("headers:\n got %v\nwant %v", got, want)
	}
	if m.Properties.Expiration() != "500" {
		t.Error("the message itself has changed")
	}
}

func TestDeathsAreCountedPerQueueAndReason(t *testing.T) {
	m := *message("body", amqp.Fields{})
	for i, death := range []struct {
		queue  string
		reason Reason
	}{{"a", Rejected}, {"b", Expired}, {"a", Rejected}, {"a", Expired}} {
		d := Dead{Message: &m, Reason: death.reason}
		m = d.Copy(DeathHeaders{}, death.queue, "dlx", "k", time.Unix(int64(i), 0))
	}
	type entry struct {
		queue, reason any
		count         any
		time          any
	}
	var got []entry
	for _, d := range Deaths(&m) {
		got = append(got, entry{d["queue"], d["reason"], d["count"], d["time"]})
	}
	want := []entry{
		{"a", "expired", int64(1), amqp.Timestamp(3)},
		{"a", "rejected", int64(2), amqp.Timestamp(0)},
		{"b", "expired", int64(1), amqp.Timestamp(1)},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("deaths:\n got %v\nwant %v", got, want)
	}
	if first := headers(m)["x-first-death-queue"]; first != "a" {
		t.Errorf("x-first-death-queue: got %v, want a", first)
	}
	if last := headers(m)["x-last-death-reason"]; last != "expired" {
		t.Errorf("x-last-death-reason: got %v, want expired", last)
	}
}

func TestRoutingKeys(t *testing.T) {
	for _, cc := range []any{nil, "no array", []any{int32(7)}} {
		m := message("", amqp.Fields{Headers: amqp.Table{"CC": cc}})
		if got := RoutingKeys(m); !reflect.DeepEqual(got, []string{"key"}) {
			t.Errorf("CC %v: got %q, want the message's own key", cc, got)
		}
	}
	m := message("", amqp.Fields{Headers: amqp.Table{"CC": []any{"a", "b"}}})
	if got := RoutingKeys(m); !reflect.DeepEqual(got, []string{"key", "a", "b"}) {
		t.Errorf("got %q, want the keys of CC too", got)
	}
	m.Rekeyed = true
	if got := RoutingKeys(m); !reflect.DeepEqual(got, []string{"key"}) {
		t.Errorf("rekeyed: got %q, want the new key only", got)
	}
}

func TestDeathsOfAClientAreContinuedIfWanted(t *testing.T) {
	theirs := func() amqp.Table {
		return amqp.Table{"queue": "q", "reason": "rejected", "count": int32(5), "exchange": "before"}
	}
	for name, test := range map[string]struct {
		header any
		want   []any // of the first entry: count and exchange
		first  bool  // x-first-death headers are written
	}{
		"of the same queue and reason":   {[]any{theirs()}, []any{int64(6), "before"}, false},
		"with others":                    {[]any{"no entry", amqp.Table{"queue": "p"}, theirs()}, []any{int64(6), "before"}, false},
		"of another queue":               {[]any{amqp.Table{"queue": "p", "reason": "rejected"}}, []any{int64(1), "x"}, false},
		"with a count that is no number": {[]any{amqp.Table{"queue": "q", "reason": "rejected", "count": "many", "exchange": "x"}}, []any{int64(1), "x"}, false},
		"without entries":                {[]any{}, []any{int64(1), "x"}, false},
		"that it did not write":          {nil, []any{int64(1), "x"}, true},
		"that are no list":               {"nonsense", []any{int64(1), "x"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var theirs amqp.Table
			if test.header != nil {
				theirs = amqp.Table{"x-death": test.header}
			}
			d := Dead{Message: message("", amqp.Fields{Headers: theirs}), Reason: Rejected}
			dead := d.Copy(DeathHeaders{Continue: true}, "q", "dlx", "k", time.Unix(1, 0))
			newest := Deaths(&dead)[0]
			if got := []any{newest["count"], newest["exchange"]}; !reflect.DeepEqual(got, test.want) {
				t.Errorf("newest death: got %v, want %v", got, test.want)
			}
			if _, first := headers(dead)["x-first-death-queue"]; first != test.first {
				t.Errorf("x-first-death-queue there: got %v, want %v", first, test.first)
			}
		})
	}
}

func TestLastDeathsAreLeftOutIfWanted(t *testing.T) {
	d := Dead{Message: message("", amqp.Fields{}), Reason: Rejected}
	for name := range headers(d.Copy(DeathHeaders{NoLast: true}, "q", "dlx", "k", time.Unix(1, 0))) {
		if strings.HasPrefix(name, "x-last-death-") {
			t.Errorf("got %s, want none of them", name)
		}
	}
}
