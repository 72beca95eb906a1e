package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

// confirms is a Receipt that notes what it is told.
type confirms struct {
	mu   sync.Mutex
	told []string
}

func (c *confirms) Confirm(lo, hi uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, fmt.Sprintf("%d-%d %v", lo, hi, ok))
}

func (c *confirms) expect(t *testing.T, want ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.told, want) {
		t.Errorf("confirms %q, want %q", c.told, want)
	}
}

// routed returns a record with tag 7 that n queues have taken.
func routed(c *confirms, n int) *Record {
	r := new(Record)
	r.Init(&amqp.Message{Persistent: true}, c, 7)
	r.Reserve(n)
	for q := range uint64(n) {
		r.Add(Ref{Queue: q + 1, Seq: 1})
	}
	return r
}

// settle settles the first reference that is not settled.
func settle(r *Record) (cancelled bool) {
	refs := r.Refs()
	i := 0
	for refs[i].Settled() {
		i++
	}
	return refs[i].Settle()
}

func TestRecordWithoutQueuesIsConfirmedOnRelease(t *testing.T) {
	var c confirms
	if r := routed(&c, 0); !r.Release() {
		t.Error("Release says there are more holds, want none")
	}
	c.expect(t, "7-7 true")
}

func TestRecordIsCancelledByTheLastQueue(t *testing.T) {
	var c confirms
	r := routed(&c, 2)
	r.Release()
	if settle(r) {
		t.Error("the first of two settlements cancels")
	}
	c.expect(t)
	if !settle(r) {
		t.Error("the last settlement does not cancel")
	}
	c.expect(t, "7-7 true")
	if r.Claim() {
		t.Error("a cancelled record can be claimed")
	}
}

func TestRecordSettledWhileRoutedIsNotCancelledYet(t *testing.T) {
	var c confirms
	r := routed(&c, 1)
	if settle(r) {
		t.Error("cancelled while its publisher is still routing")
	}
	if !r.Release() {
		t.Error("not cancelled by its publisher")
	}
	c.expect(t, "7-7 true")
}

func TestClaimedRecordIsConfirmedByItsStore(t *testing.T) {
	var c confirms
	r := routed(&c, 1)
	r.Release()
	if !r.Claim() || r.Claim() {
		t.Error("a record can be claimed once, and only once")
	}
	if settle(r) {
		t.Error("cancelled although it is being written")
	}
	if r.Refs()[0].Written() {
		t.Error("written before it is answered")
	}
	c.expect(t)
	Answer([]*Record{r}, nil)
	if !r.Refs()[0].Written() {
		t.Error("not written after it is answered")
	}
	c.expect(t, "7-7 true")
}

func TestRefusedRecordIsConfirmedAsFailed(t *testing.T) {
	for name, finish := range map[string]func(*Record){
		"released":  func(r *Record) { r.Release(); settle(r) },
		"cancelled": func(r *Record) { settle(r); r.Release() },
		"answered":  func(r *Record) { r.Release(); r.Claim(); Answer([]*Record{r}, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var c confirms
			r := routed(&c, 1)
			r.Refuse()
			finish(r)
			c.expect(t, "7-7 false")
		})
	}
}

func TestAnswerJoinsNeighbouringTags(t *testing.T) {
	var one, two confirms
	var records []*Record
	add := func(c *confirms, tag uint64, refused bool) {
		r := new(Record)
		if c == nil {
			r.Init(&amqp.Message{}, nil, 0)
		} else {
			r.Init(&amqp.Message{}, c, tag)
		}
		if refused {
			r.Refuse()
		}
		r.Claim()
		records = append(records, r)
	}
	add(&one, 1, false)
	add(&one, 2, false)
	add(&one, 3, false)
	add(&two, 4, false)
	add(&one, 4, false)
	add(&one, 6, false)
	add(&one, 7, true)
	add(&one, 8, false)
	add(nil, 0, false)
	add(nil, 0, false)

	Answer(records, nil)
	one.expect(t, "1-3 true", "4-4 true", "6-6 true", "7-7 false", "8-8 true")
	two.expect(t, "4-4 true")
	for i, r := range records {
		if r.phase.Load() != written {
			t.Errorf("record %d is not written", i)
		}
	}
	Answer(records[:3], errors.New("disk"))
	one.expect(t, "1-3 true", "4-4 true", "6-6 true", "7-7 false", "8-8 true", "1-3 false")
}

func TestQueuesAreToldOnceForNeighbours(t *testing.T) {
	var told []string
	tell := func(queue string) func(error) {
		return func(err error) { told = append(told, fmt.Sprint(queue, " ", err)) }
	}
	a, b := tell("a"), tell("b")
	var records []*Record
	for _, to := range []string{"a", "a", "ab", "-", "b", "a"} {
		r := new(Record)
		r.Init(&amqp.Message{}, nil, 0)
		r.Reserve(len(to))
		for _, queue := range to {
			ref := Ref{Queue: uint64(queue)}
			switch queue {
			case 'a':
				ref.Told = a
			case 'b':
				ref.Told = b
			}
			r.Add(ref)
		}
		if got, want := r.Urgent(), to != "-"; got != want {
			t.Errorf("%s: urgent %v, want %v", to, got, want)
		}
		r.Release()
		r.Claim()
		records = append(records, r)
	}
	Answer(records, nil)
	Answer(records[:1], errors.New("disk"))
	if want := []string{"a <nil>", "b <nil>", "a <nil>", "a disk"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

// TestEachRecordIsConfirmedOnce lets two queues settle, the publisher release and
// a store claim, all at the same time.
func TestEachRecordIsConfirmedOnce(t *testing.T) {
	for range 2000 {
		var c confirms
		r := routed(&c, 2)
		var all sync.WaitGroup
		var told [2]bool
		for q := range told {
			all.Go(func() { told[q] = r.Refs()[q].Settle() })
		}
		released := r.Release()
		claimed := false
		if !released {
			if claimed = r.Claim(); claimed {
				Answer([]*Record{r}, nil)
			}
		}
		all.Wait()
		c.expect(t, "7-7 true")

		cancels := 0
		for _, cancelled := range append(told[:], released) {
			if cancelled {
				cancels++
			}
		}
		if claimed && cancels != 0 || !claimed && cancels != 1 {
			t.Fatalf("claimed %v, and cancelled %d times", claimed, cancels)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	m := &amqp.Message{}
	var c confirms
	records := make([]*Record, 1)
	b.ReportAllocs()
	for b.Loop() {
		var r Record
		r.Init(m, &c, 1)
		r.Add(Ref{Queue: 1, Seq: 1})
		r.Release()
		records[0] = &r
		if r.Claim() {
			Answer(records, nil)
		}
		c.told = c.told[:0]
	}
}
