package vhost

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// deduplicating declares a durable exchange that deduplicates, and a durable queue with
// its name that is bound to it.
func (s *site) deduplicating(name string, args amqp.Table) {
	s.Helper()
	s.exchange(exchange.Declaration{Name: name, Kind: exchange.Deduplicating, Durable: true, Arguments: args})
	s.queue(queue.Declaration{Name: name, Durable: true})
	s.bind(toQueue(name, name, ""))
}

// value is the properties of a persistent message with a value that counts.
func value(v any) amqp.Fields {
	return amqp.Fields{DeliveryMode: 2, Headers: amqp.Table{queue.DeduplicationHeader: v}}
}

// lasting is the properties of one that counts for so many milliseconds.
func lasting(v, ttl any) amqp.Fields {
	return amqp.Fields{DeliveryMode: 2, Headers: amqp.Table{queue.DeduplicationHeader: v, cacheTTLHeader: ttl}}
}

// seenDocs returns how many values the store has.
func (s *site) seenDocs() (n int) {
	s.Helper()
	for _, err := range s.store.Docs(store.Seen) {
		if err != nil {
			s.Fatal(err)
		}
		n++
	}
	return n
}

func TestDuplicatesAreNotRouted(t *testing.T) {
	s := newSite(t)
	s.deduplicating("x", amqp.Table{"x-cache-size": int32(10)})
	for body, v := range map[string]any{"text": "1", "number": int32(1), "float": 1.0, "yes": true, "no": false, "void": nil, "time": amqp.Timestamp(1)} {
		if !s.publish("x", "", body, value(v)) || s.publish("x", "again", body, value(v)) {
			t.Errorf("%s: want it routed once", body)
		}
	}
	for what, v := range map[string]any{"a number of another width": int64(1), "octets": []byte("1"), "half the float": float32(1)} {
		if s.publish("x", "", what, value(v)) {
			t.Errorf("%s is routed, want it to count as the same", what)
		}
	}
	for range 2 {
		for what, f := range map[string]amqp.Fields{"no header": {}, "a list": value([]any{"1"}), "a table": value(amqp.Table{"1": "1"}), "a decimal": value(amqp.Decimal{Value: 1})} {
			if !s.publish("x", "", what, f) {
				t.Errorf("%s is not routed, want it not to count", what)
			}
		}
	}
}

func TestDuplicatesGoToTheAlternateExchange(t *testing.T) {
	s := newSite(t)
	s.exchange(exchange.Declaration{Name: "spare"})
	s.queue(queue.Declaration{Name: "spare"})
	s.bind(toQueue("spare", "spare", ""))
	s.deduplicating("x", amqp.Table{"x-cache-size": int32(10), "alternate-exchange": "spare"})
	s.publish("x", "", "first", value("v"))
	s.publish("x", "", "second", value("v"))
	s.wantReady("x", "first")
	s.wantReady("spare", "second")
}

func TestTheOldestValueMakesRoom(t *testing.T) {
	s := newSite(t)
	s.deduplicating("x", amqp.Table{"x-cache-size": "3", "x-cache-persistence": "disk"})
	for _, v := range strings.Fields("a b c a d a b") {
		s.publish("x", "", v, value(v))
	}
	s.wantReady("x", "a b c d a b") // d makes a go, a makes b go
	if n, stored := s.caches["x"].Len(), s.seenDocs(); n != 3 || stored != 3 {
		t.Errorf("%d values, of which %d are stored, want 3", n, stored)
	}
}

func TestValuesCountForTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.deduplicating("x", amqp.Table{"x-cache-size": int32(2), "x-cache-ttl": int32(100)})
		s.publish("x", "", "a", value("a"))
		s.publish("x", "", "long", lasting("long", int64(1000)))
		time.Sleep(60 * time.Millisecond)
		s.publish("x", "", "a again", value("a")) // which does not renew its time
		time.Sleep(40 * time.Millisecond)
		s.publish("x", "", "a anew", value("a"))
		s.publish("x", "", "long again", lasting("long", int64(1000)))
		time.Sleep(100 * time.Millisecond)
		s.publish("x", "", "b", value("b")) // finds room, as the time of a is over: long stays
		s.publish("x", "", "long again", value("long"))
		s.publish("x", "", "none", lasting("none", int32(0)))
		s.publish("x", "", "none", lasting("none", int32(-5)))
		s.publish("x", "", "c", lasting("c", "100")) // no number: the exchange's time
		s.publish("x", "", "c", value("c"))
		s.wantReady("x", "a long a anew b none none c")
	})
}

func TestValuesOutliveTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.deduplicating("disk", amqp.Table{"x-cache-size": int32(3), "x-cache-persistence": "disk"})
		s.deduplicating("memory", amqp.Table{"x-cache-size": int32(3)})
		for _, v := range strings.Fields("a b c") {
			s.publish("disk", "", v, value(v))
			s.publish("memory", "", v, value(v))
		}
		s.publish("disk", "", "short", lasting("short", int64(1000))) // a goes
		s.restart()
		for _, v := range strings.Fields("short c b") {
			if s.publish("disk", "", v, value(v)) {
				t.Errorf("%s is routed again", v)
			}
			if !s.publish("memory", "", v, value(v)) {
				t.Errorf("%s is not routed, want memory to forget", v)
			}
		}
		time.Sleep(time.Second)
		s.restart()
		if !s.publish("disk", "", "short", value("short")) {
			t.Error("a value is remembered whose time is over")
		}
		if !s.publish("disk", "", "a", value("a")) || s.publish("disk", "", "c", value("c")) || !s.publish("disk", "", "b", value("b")) {
			t.Error("want b to have gone for a, as the oldest, and c to be there")
		}
		if n := s.seenDocs(); n != 3 {
			t.Errorf("%d values are stored, want 3", n)
		}
	})
}

func TestValuesGoWithTheirExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		args := amqp.Table{"x-cache-size": int32(5000), "x-cache-persistence": "disk"}
		s.deduplicating("x", args)
		for i := range 3000 {
			s.publish("x", "", "m", value(fmt.Sprint(i)))
		}
		late := s.caches["x"]
		s.DeleteExchange("x", nil, false)
		synctest.Wait()
		if n := s.seenDocs(); n != 0 {
			t.Errorf("%d values are left, want none", n)
		}
		s.exchange(exchange.Declaration{Name: "x", Kind: exchange.Deduplicating, Durable: true, Arguments: args})
		s.bind(toQueue("x", "x", ""))
		if !s.publish("x", "", "m", value("1")) {
			t.Error("another exchange of that name remembers what the first has seen")
		}
		s.store.Append(store.Batch{Docs: []store.Doc{late.doc(&seen{number: 9})}}) // of a publisher that was late
		s.restart()
		synctest.Wait()
		if n := s.seenDocs(); n != 1 {
			t.Errorf("%d values are left, want the one of the exchange that is there", n)
		}
	})
}

func TestWhatNobodyGotIsSeen(t *testing.T) {
	s := newSite(t)
	s.exchange(exchange.Declaration{
		Name: "x", Kind: exchange.Deduplicating, Durable: true, Arguments: amqp.Table{"x-cache-size": int32(5), "x-cache-persistence": "disk"},
	})
	s.queue(queue.Declaration{Name: "q"})
	s.publish("x", "", "lost", value("v"))
	s.restart()
	s.queue(queue.Declaration{Name: "q"})
	s.bind(toQueue("x", "q", ""))
	if s.publish("x", "", "again", value("v")) {
		t.Error("routed, want it to count as a duplicate")
	}
}

func TestTransientExchangesForget(t *testing.T) {
	s := newSite(t)
	s.exchange(exchange.Declaration{Name: "x", Kind: exchange.Deduplicating, Arguments: amqp.Table{"x-cache-size": int32(5), "x-cache-persistence": "disk"}})
	s.publish("x", "", "m", value("v"))
	if n := s.seenDocs(); n != 0 {
		t.Errorf("%d values are stored, want none", n)
	}
}

// A later is a store that keeps the answers to batches back.
type later struct {
	store.Store
	batches []store.Batch
}

func (l *later) Append(b store.Batch) {
	done := b.Done
	b.Done = nil
	l.Store.Append(b)
	b.Done = done
	l.batches = append(l.batches, b)
}

// confirmed is a receipt that remembers.
type confirmed []uint64

func (c *confirmed) Confirm(lo, hi uint64, ok bool) {
	for ; lo <= hi && ok; lo++ {
		*c = append(*c, lo)
	}
}

func TestConfirmsWaitForWhatIsSeen(t *testing.T) {
	s := newSite(t)
	s.deduplicating("x", amqp.Table{"x-cache-size": int32(5), "x-cache-persistence": "disk"})
	slow := &later{Store: s.store}
	s.VirtualHost.broker.Store = slow
	var got confirmed
	p := s.NewPublisher()
	for i, v := range []string{"a", "b", "a"} {
		m := amqp.NewMessage("x", "", amqp.Fields{Headers: amqp.Table{queue.DeduplicationHeader: v}}.Properties(), nil) // transient: nothing else to wait for
		routed, err := p.Publish(m, nil, &got, uint64(i+1))
		if err != nil || routed != (i < 2) {
			t.Fatalf("message %d: routed %v, %v", i+1, routed, err)
		}
		if !routed {
			p.Unrouted(&got, uint64(i+1))
		}
	}
	p.Flush()
	if len(got) > 0 || len(slow.batches) != 1 || len(slow.batches[0].Docs) != 2 {
		t.Fatalf("confirmed %v, with %d batches, want none before the one is stored", got, len(slow.batches))
	}
	slow.batches[0].Done(nil)
	if fmt.Sprint(got) != "[1 2 3]" {
		t.Errorf("then confirmed %v, want all three", got)
	}
}

// Whoever publishes a message again has not heard of the first, which may not be on disk.
func TestConfirmsOfDuplicatesWaitForTheFirst(t *testing.T) {
	s := newSite(t)
	s.deduplicating("x", amqp.Table{"x-cache-size": int32(5)})
	s.publish("x", "", "first", value("v"))
	slow := &later{Store: s.store}
	s.VirtualHost.broker.Store = slow
	var got confirmed
	p := s.NewPublisher()
	for tag, to := range []string{"x", "amq.fanout"} {
		if routed, err := p.Publish(amqp.NewMessage(to, "", value("v").Properties(), nil), nil, &got, uint64(tag)); routed || err != nil {
			t.Fatalf("routed %v, %v", routed, err)
		}
		p.Unrouted(&got, uint64(tag))
		p.Flush()
	}
	if fmt.Sprint(got) != "[1]" || len(slow.batches) != 1 {
		t.Fatalf("confirmed %v, want only what nobody is bound for", got)
	}
	slow.batches[0].Done(nil)
	if fmt.Sprint(got) != "[1 0]" {
		t.Errorf("then confirmed %v, want the duplicate too", got)
	}
}

func TestWhatIsSeenIsStoredWithItsMessage(t *testing.T) {
	s := newSite(t)
	s.deduplicating("x", amqp.Table{"x-cache-size": int32(5), "x-cache-persistence": "disk"})
	slow := &later{Store: s.store}
	s.VirtualHost.broker.Store = slow
	s.queue(queue.Declaration{Name: "other", Durable: true})
	slow.batches = nil
	p := s.NewPublisher()
	p.Publish(amqp.NewMessage("", "other", amqp.Fields{DeliveryMode: 2}.Properties(), nil), nil, nil, 0)
	p.Publish(amqp.NewMessage("x", "", value("v").Properties(), nil), nil, nil, 0)
	p.Flush()
	if len(slow.batches) != 1 || len(slow.batches[0].Docs) != 1 || len(slow.batches[0].Records) != 2 {
		t.Errorf("got %+v, want the value with the record of its message, the second", slow.batches)
	}
}
