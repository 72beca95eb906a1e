package queue

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/harebellmq/harebell/amqp"
)

// A model is a queue as one would write it without a care for speed.
type model struct {
	ready   []modelEntry // in the order in which they leave
	unacked []modelEntry // in the order in which they left
	next    int
}

type modelEntry struct {
	number      int
	priority    uint8
	redelivered bool
}

func (m *model) insert(e modelEntry) {
	i, _ := slices.BinarySearchFunc(m.ready, e, func(a, b modelEntry) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.number, b.number))
	})
	m.ready = slices.Insert(m.ready, i, e)
}

// A trial is a queue and its model, on which the same is done.
type trial struct {
	*testing.T
	rng        *rand.Rand
	priorities int
	house      *house
	queue      *FIFO
	model      model
	unacked    []Entry
}

func (t *trial) publish() {
	for range 1 + t.rng.IntN(40) {
		e := modelEntry{number: t.model.next, priority: uint8(t.rng.IntN(t.priorities))}
		t.model.next++
		t.model.insert(e)
		t.house.send(t.queue, message(pad(e.number), amqp.Fields{Priority: e.priority, DeliveryMode: uint8(1 + t.rng.IntN(2))}), nil, 0)
	}
}

// got compares a delivery with what the model delivers.
func (t *trial) got(e *Entry) {
	want := t.model.ready[0]
	t.model.ready = t.model.ready[1:]
	if n := number(t, e); n != want.number || e.Redelivered != want.redelivered {
		t.Fatalf("got message %d, redelivered %v; want %d, %v", n, e.Redelivered, want.number, want.redelivered)
	}
	t.model.unacked = append(t.model.unacked, want)
	if t.rng.IntN(2) == 0 {
		e.Slim()
	}
	t.unacked = append(t.unacked, *e)
}

func (t *trial) get() {
	for range t.rng.IntN(20) {
		e, _, ok, err := t.queue.Get(false)
		if err != nil || ok != (len(t.model.ready) > 0) {
			t.Fatalf("get: got ok %v, error %v with %d ready", ok, err, len(t.model.ready))
		}
		if ok {
			t.got(&e)
		}
	}
}

func (t *trial) consume() {
	c := &client{room: t.rng.IntN(60)}
	if err := t.queue.Consume(c, ConsumeOptions{}); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	t.queue.Cancel(c)
	for i := range c.got {
		t.got(&c.got[i])
	}
}

// settle takes some unacked deliveries, in any order.
func (t *trial) settle(to func([]Entry), model func(modelEntry)) {
	var es []Entry
	for range t.rng.IntN(len(t.unacked) + 1) {
		i := t.rng.IntN(len(t.unacked))
		es = append(es, t.unacked[i])
		model(t.model.unacked[i])
		t.unacked = slices.Delete(t.unacked, i, i+1)
		t.model.unacked = slices.Delete(t.model.unacked, i, i+1)
	}
	to(es)
}

func (t *trial) requeue() {
	t.settle(func(es []Entry) { t.queue.Requeue(es, Nacked) }, func(e modelEntry) {
		e.redelivered = true
		t.model.insert(e)
	})
}

func (t *trial) purge() {
	if got, _ := t.queue.Purge(); got != len(t.model.ready) {
		t.Fatalf("purged: got %d, want %d", got, len(t.model.ready))
	}
	t.model.ready = nil
}

// look sees what is ready, from the beginning and in pages.
func (t *trial) look() {
	var want Look
	var seen []Entry
	for want.Messages, want.Bytes = 1+t.rng.IntN(700), 1+int64(t.rng.IntN(200<<10)); ; {
		s, err := t.queue.Peek(want)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, s.Entries...)
		if want.From = s.Next; s.Next == 0 {
			break
		}
	}
	if len(seen) != len(t.model.ready) {
		t.Fatalf("peek: got %d messages, want %d", len(seen), len(t.model.ready))
	}
	for i, want := range t.model.ready {
		if n := number(t, &seen[i]); n != want.number || seen[i].Redelivered != want.redelivered {
			t.Fatalf("peek: got message %d, redelivered %v; want %d, %v", n, seen[i].Redelivered, want.number, want.redelivered)
		}
	}
}

// take takes some ready messages out of the middle, and puts some of them back.
func (t *trial) take() {
	s, err := t.queue.Peek(Look{Messages: 1 + t.rng.IntN(1000), Bytes: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	var taken []Entry
	var at []modelEntry
	for range min(len(s.Entries), t.rng.IntN(8)) {
		i := t.rng.IntN(len(s.Entries))
		e, ok, err := t.queue.Take(s.Entries[i].Number())
		if err != nil || !ok || number(t, &e) != t.model.ready[i].number {
			t.Fatalf("take: got %v, %v", ok, err)
		}
		if _, again, _ := t.queue.Take(e.Number()); again {
			t.Fatalf("message %d was taken twice", number(t, &e))
		}
		taken, at = append(taken, e), append(at, t.model.ready[i])
		t.model.ready = slices.Delete(t.model.ready, i, i+1)
		s.Entries = slices.Delete(s.Entries, i, i+1)
	}
	if t.rng.IntN(2) == 0 {
		t.model.unacked, t.unacked = append(t.model.unacked, at...), append(t.unacked, taken...) // they end as others do
		return
	}
	for i := range taken {
		if t.rng.IntN(2) == 0 {
			t.queue.Drop(taken[i])
		} else {
			t.queue.PutBack(taken[i])
			t.model.insert(at[i])
		}
	}
}

func (t *trial) step() {
	forget := func(modelEntry) {}
	switch t.rng.IntN(20) {
	case 0:
		if t.rng.IntN(4) == 0 {
			t.purge()
		}
	case 1, 2, 3:
		t.get()
	case 4, 5, 6:
		t.consume()
	case 7, 8:
		t.requeue()
	case 9:
		t.settle(t.queue.Ack, forget)
	case 10:
		t.settle(t.queue.Reject, forget)
	case 11:
		t.take()
	case 12:
		if t.rng.IntN(4) == 0 {
			t.look()
		}
	default:
		t.publish()
	}
	want := Stats{Ready: len(t.model.ready), ReadyBytes: int64(len(t.model.ready)) * 1024, Unacked: len(t.model.unacked)}
	if got := t.queue.Stats(); got != want {
		t.Fatalf("stats: got %+v, want %+v", got, want)
	}
}

func TestQueueIsLikeItsModel(t *testing.T) {
	for name, memory := range map[string]*Memory{"in memory": nil, "paged": NewMemory(0)} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(12) {
				synctest.Test(t, func(t *testing.T) {
					h := newHouse()
					h.memory = memory
					d := Declaration{Durable: seed%2 == 0, Arguments: amqp.Table{"x-max-priority": int32(seed % 3)}}
					trial := trial{T: t, priorities: 1 + int(seed%3), rng: rand.New(rand.NewPCG(seed, 7)), house: h, queue: h.open(t, d)}
					for range 600 {
						trial.step()
					}
					for len(trial.model.ready) > 0 {
						trial.get()
					}
					trial.settle(trial.queue.Ack, func(modelEntry) {})
					trial.queue.Ack(trial.unacked)
					if memory != nil {
						wantNothingLeft(t, h, trial.queue)
					}
				})
			}
		})
	}
}
