package queue

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
)

// A busy client settles what it gets in its own goroutine.
type busy struct {
	queue *FIFO
	wake  chan struct{}

	mu  sync.Mutex // guards got
	got []Entry
}

func (c *busy) Deliver(es []Entry) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(es), 50-len(c.got))
	c.got = append(c.got, es[:n]...)
	return n
}

func (c *busy) Flush() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *busy) Cancelled() { close(c.wake) }

func (c *busy) take() []Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	es := c.got
	c.got = nil
	return es
}

// TestEverybodyAtOnce accounts for every message while all there is to do with a
// queue is done at the same time.
func TestEverybodyAtOnce(t *testing.T) {
	const publishers, each = 3, 4000
	h := &house{store: store.NewMemory(), clock: clock.System, memory: NewMemory(64 << 10)}
	q := h.open(t, Declaration{Durable: true, Arguments: amqp.Table{"x-max-priority": int32(2), "x-dead-letter-exchange": "dlx"}})
	var acked, rejected, purged atomic.Int64
	var settled sync.WaitGroup
	var publishing sync.WaitGroup
	var p publisher
	for n := range publishers {
		publishing.Go(func() {
			for i := range each {
				f := amqp.Fields{DeliveryMode: uint8(1 + i%2), Priority: uint8(i % 3)}
				h.send(q, message(strconv.Itoa(i), f), &p, uint64(n*each+i+1))
			}
		})
	}
	account := func(es []Entry) {
		for i := range es {
			e := es[i : i+1]
			switch {
			case i%7 == 0 && !e[0].Redelivered:
				q.Requeue(e, Nacked)
			case i%5 == 0:
				rejected.Add(1)
				q.Reject(e)
			default:
				acked.Add(1)
				e[0].Slim()
				q.Ack(e)
			}
		}
	}
	for range 3 {
		c := &busy{queue: q, wake: make(chan struct{}, 1)}
		if err := q.Consume(c, ConsumeOptions{}); err != nil {
			t.Fatal(err)
		}
		settled.Go(func() {
			for range c.wake {
				for es := c.take(); len(es) > 0; es = c.take() {
					account(es)
					q.Wake(c)
				}
			}
		})
	}
	publishing.Go(func() {
		for range 200 {
			n, _ := q.Purge()
			purged.Add(int64(n))
			q.Touch()
			q.Stats()
			q.View()
			if e, _, ok, err := q.Get(false); err != nil {
				t.Error(err)
			} else if ok {
				account([]Entry{e})
			}
		}
	})
	publishing.Wait()
	for {
		e, _, ok, err := q.Get(false)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			acked.Add(1)
			q.Ack([]Entry{e})
		} else if s := q.Stats(); s.Ready == 0 && s.Unacked == 0 {
			break
		}
	}
	if got := acked.Load() + rejected.Load() + purged.Load(); got != publishers*each {
		t.Errorf("got %d acked, %d rejected and %d purged: %d in all, want %d",
			acked.Load(), rejected.Load(), purged.Load(), got, publishers*each)
	}
	h.mu.Lock()
	if got := int64(len(h.dead)); got != rejected.Load() {
		t.Errorf("dead: got %d, want %d", got, rejected.Load())
	}
	h.mu.Unlock()
	if len(p.acks) != publishers*each || len(p.nacks) != 0 {
		t.Errorf("confirmed: got %d acks and %d nacks, want %d acks", len(p.acks), len(p.nacks), publishers*each)
	}
	wantNothingLeft(t, h, q)
	if _, err := q.Delete(false, false); err != nil {
		t.Error(err)
	}
	settled.Wait()
}
