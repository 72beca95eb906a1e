package queue

import (
	"errors"
	"slices"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A slow store keeps batches to itself until it is told to write them.
type slow struct {
	*store.Memory
	batches []store.Batch
}

func (s *slow) Append(b store.Batch) {
	b.Records = slices.Clone(b.Records)
	b.Settled = slices.Clone(b.Settled)
	s.batches = append(s.batches, b)
}

// write writes what has been appended, in order.
func (s *slow) write() {
	for len(s.batches) > 0 {
		b := s.batches[0]
		s.batches = s.batches[1:]
		s.Memory.Append(b)
	}
}

func slowHouse() (*house, *slow) {
	h := newHouse()
	s := &slow{Memory: store.NewMemory()}
	h.store = s
	return h, s
}

// A confirmation is what settles a message before it is written, or does not.
func TestConfirms(t *testing.T) {
	tests := []struct {
		name    string
		durable bool
		message *amqp.Message
		act     func(q *FIFO, e Entry)
		early   bool // confirmed before anything is written
	}{
		{"persistent waits for the disk", true, message("a", persistent), func(*FIFO, Entry) {}, false},
		{"transient does not", true, message("a", amqp.Fields{}), func(*FIFO, Entry) {}, true},
		{"nor does a transient queue", false, message("a", persistent), func(*FIFO, Entry) {}, true},
		{"acked is done", true, message("a", persistent), func(q *FIFO, e Entry) { q.Ack([]Entry{e}) }, true},
		{"rejected is done", true, message("a", persistent), func(q *FIFO, e Entry) { q.Reject([]Entry{e}) }, true},
		{"requeued is not", true, message("a", persistent), func(q *FIFO, e Entry) { q.Requeue([]Entry{e}, Nacked) }, false},
		{"purged is done", true, message("a", persistent), func(q *FIFO, e Entry) { q.Requeue([]Entry{e}, Nacked); q.Purge() }, true},
		{"deleted is done", true, message("a", persistent), func(q *FIFO, e Entry) { q.Requeue([]Entry{e}, Nacked); q.Delete(false, false) }, true},
		{"stopped is not", true, message("a", persistent), func(q *FIFO, e Entry) { q.Requeue([]Entry{e}, Nacked); q.Stop() }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, s := slowHouse()
			q := h.open(t, Declaration{Durable: test.durable})
			q.mark.state = open // the marking is not what is tested
			var p publisher
			h.send(q, test.message, &p, 7)
			e, _, ok, err := q.Get(false)
			if !ok || err != nil {
				t.Fatalf("get: ok %v, error %v", ok, err)
			}
			test.act(q, e)
			if got := len(p.acks) == 1; got != test.early {
				t.Errorf("confirmed before the write: got %v, want %v", got, test.early)
			}
			s.write()
			if !slices.Equal(p.acks, []uint64{7}) || len(p.nacks) != 0 {
				t.Errorf("in the end: got acks %v and nacks %v, want one ack", p.acks, p.nacks)
			}
		})
	}
}

func TestConfirmWaitsForAllQueues(t *testing.T) {
	h, s := slowHouse()
	var qs []*FIFO
	for id := range uint64(3) {
		q, err := newFIFO(Declaration{Durable: id > 0}, Config{ID: id, Store: s, Clock: h.clock, Host: h})
		if err != nil {
			t.Fatal(err)
		}
		q.mark.state = open
		qs = append(qs, q)
	}
	var p publisher
	m := message("a", persistent)
	r := new(store.Record)
	r.Init(m, &p, 1)
	r.Reserve(len(qs))
	for _, q := range qs {
		q.Publish([]Publishing{{Message: m, Record: r}})
	}
	r.Release()
	s.Append(store.Batch{Records: []*store.Record{r}})
	for i, q := range qs {
		if len(p.acks) != 0 {
			t.Errorf("confirmed with %d of %d queues done", i, len(qs))
		}
		if i == 0 {
			continue // nobody waits for the transient one
		}
		e, _, _, _ := q.Get(false)
		q.Ack([]Entry{e})
	}
	if len(p.acks) != 1 {
		t.Error("not confirmed with all queues done")
	}
	s.write()
	if len(p.acks) != 1 {
		t.Errorf("confirmed %d times", len(p.acks))
	}
}

func TestRefusedByOneQueueIsRefused(t *testing.T) {
	h := newHouse()
	full := h.open(t, Declaration{Arguments: amqp.Table{"x-max-length": int32(0), "x-overflow": "reject-publish"}})
	other := h.open(t, Declaration{Durable: true})
	var p publisher
	m := message("a", persistent)
	r := new(store.Record)
	r.Init(m, &p, 1)
	full.Publish([]Publishing{{Message: m, Record: r}})
	other.Publish([]Publishing{{Message: m, Record: r}})
	r.Release()
	h.store.Append(store.Batch{Records: []*store.Record{r}})
	if len(p.acks) != 0 || len(p.nacks) != 1 {
		t.Errorf("got acks %v and nacks %v, want one nack", p.acks, p.nacks)
	}
	wantStats(t, other, Stats{Ready: 1, ReadyBytes: 1})
}

func TestWhatComesAfterStopIsNotConfirmed(t *testing.T) {
	h := newHouse()
	q := h.open(t, Declaration{Durable: true})
	q.Stop()
	var p publisher
	h.send(q, message("a", persistent), &p, 1)
	if len(p.acks) != 0 || len(p.nacks) != 1 {
		t.Errorf("got acks %v and nacks %v, want one nack", p.acks, p.nacks)
	}
}

func TestFailedStore(t *testing.T) {
	h := newHouse()
	broken := errors.New("disk is broken")
	h.store.(*store.Memory).Fail(broken)
	q := h.open(t, Declaration{Durable: true})
	var p publisher
	h.send(q, message("a", persistent), &p, 1)
	if len(p.acks) != 0 || len(p.nacks) != 1 {
		t.Errorf("got acks %v and nacks %v, want one nack", p.acks, p.nacks)
	}
	if _, _, ok, err := q.Get(false); ok || !errors.Is(err, broken) {
		t.Errorf("get: got ok %v, error %v; want the store's error", ok, err)
	}
	c := consume(t, q, &client{room: -1}, ConsumeOptions{})
	wantWords(t, "delivered without a mark", c.bodies(), "")
}
