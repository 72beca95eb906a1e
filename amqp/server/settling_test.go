package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
)

// A notebook is a queue that notes what becomes of its deliveries. Its other
// methods must not be called.
type notebook struct {
	queue.Queue
	name string
	page *[]string
}

func (n notebook) note(what string, es []queue.Entry) {
	var keys []string
	for _, e := range es {
		keys = append(keys, e.Message.RoutingKey)
	}
	*n.page = append(*n.page, fmt.Sprintf("%s %s %s", n.name, what, strings.Join(keys, "")))
}

func (n notebook) Ack(es []queue.Entry)                     { n.note("ack", es) }
func (n notebook) Requeue(es []queue.Entry, _ queue.Return) { n.note("requeue", es) }
func (n notebook) Reject(es []queue.Entry)                  { n.note("reject", es) }
func (n notebook) Wake(c queue.Consumer) {
	*n.page = append(*n.page, n.name+" wake "+c.(*consumer).tag)
}

func TestSettling(t *testing.T) {
	var page []string
	a, b := notebook{name: "a", page: &page}, notebook{name: "b", page: &page}
	entry := func(key string) queue.Entry { return queue.Entry{Message: &amqp.Message{RoutingKey: key}} }

	var s settling
	s.add(ack, delivery{queue: a, entry: entry("1")})
	s.add(ack, delivery{queue: b, entry: entry("2")})
	s.add(ack, delivery{queue: a, entry: entry("3")})
	s.add(reject, delivery{queue: a, entry: entry("4")})
	s.add(requeue, delivery{queue: b, entry: entry("5")})
	s.add(ack, delivery{queue: a, entry: entry("6")})
	s.wake(&consumer{tag: "c", queue: a})
	if len(page) != 0 {
		t.Errorf("before flush: got %q, want nothing", page)
	}
	s.flush()
	want := []string{"a ack 136", "b ack 2", "a reject 4", "b requeue 5", "a wake c"}
	if !slices.Equal(page, want) {
		t.Errorf("got %q, want %q", page, want)
	}
	s.flush()
	if len(page) != len(want) {
		t.Errorf("second flush: got %q, want nothing", page[len(want):])
	}
}

func TestDeliveriesGoBackToAQueueConsumerByConsumer(t *testing.T) {
	c, d := &consumer{tag: "c"}, &consumer{tag: "d"}
	for name, test := range map[string]struct {
		whole bool
		want  []string
	}{
		"of an open channel": {false, []string{"a requeue 14", "a requeue 2", "a requeue 3", "a requeue 5"}},
		"of a closed one":    {true, []string{"a requeue 12345"}},
	} {
		var page []string
		a := notebook{name: "a", page: &page}
		s := settling{whole: test.whole}
		for i, from := range []*consumer{c, nil, d, c, nil} { // nil: basic.get
			s.add(requeue, delivery{
				queue: a, consumer: from,
				entry: queue.Entry{Message: &amqp.Message{RoutingKey: fmt.Sprint(i + 1)}},
			})
		}
		s.flush()
		if !slices.Equal(page, test.want) {
			t.Errorf("%s: got %q, want %q", name, page, test.want)
		}
	}
}

func TestSettlingKeepsLittle(t *testing.T) {
	var page []string
	var s settling
	for i := range 3 * runsKept {
		q := notebook{name: fmt.Sprint(i), page: &page}
		for range 2 * entriesKept / runsKept * (i + 1) {
			s.add(ack, delivery{queue: q, entry: queue.Entry{Message: new(amqp.Message)}})
		}
	}
	s.flush()
	if len(s.runs) > runsKept {
		t.Errorf("runs kept: got %d, want %d at most", len(s.runs), runsKept)
	}
	for _, r := range s.runs {
		if cap(r.entries) > entriesKept {
			t.Errorf("entries kept: got %d, want %d at most", cap(r.entries), entriesKept)
		}
	}
}

func BenchmarkSettling(b *testing.B) {
	q := silent{}
	var s settling
	d := delivery{queue: q}
	b.ReportAllocs()
	for b.Loop() {
		for range 64 {
			s.add(ack, d)
		}
		s.flush()
	}
}

// silent is a queue that does not care.
type silent struct{ queue.Queue }

func (silent) Ack([]queue.Entry) {}
