package queue

import (
	"testing"
	"testing/synctest"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

var durable = Declaration{Durable: true}

// sendAll publishes persistent messages.
func (h *house) sendAll(q *FIFO, bodies ...string) {
	for _, body := range bodies {
		h.send(q, message(body, persistent), nil, 0)
	}
}

func TestRedeliveredAfterARestart(t *testing.T) {
	tests := []struct {
		name string
		act  func(h *house, q *FIFO)
		want string // of a b c
	}{
		{"stopped, nothing delivered", func(h *house, q *FIFO) { q.Stop() }, "a b c"},
		{"crashed, nothing delivered", func(h *house, q *FIFO) {}, "a b c"},
		{"stopped after deliveries", func(h *house, q *FIFO) {
			q.Get(false)
			q.Stop()
		}, "a* b c"},
		{"stopped after an ack", func(h *house, q *FIFO) {
			q.Get(true)
			q.Get(false)
			q.Stop()
		}, "b* c"},
		{"crashed after deliveries", func(h *house, q *FIFO) { q.Get(false) }, "a* b* c*"},
		{"crashed after the last consumer left", func(h *house, q *FIFO) {
			c := &client{room: 2}
			q.Consume(c, ConsumeOptions{})
			q.Cancel(c)
			q.Requeue(c.got, Nacked)
		}, "a* b* c"},
		{"crashed with a consumer", func(h *house, q *FIFO) { q.Consume(&client{room: 1}, ConsumeOptions{}) }, "a* b* c*"},
		{"crashed after a consumer came back", func(h *house, q *FIFO) {
			c := &client{room: 1}
			q.Consume(c, ConsumeOptions{})
			q.Cancel(c)
			q.Consume(c, ConsumeOptions{})
		}, "a* b* c*"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse()
				q := h.open(t, durable)
				h.sendAll(q, "a", "b", "c")
				publish(q, "transient")
				test.act(h, q)
				wantWords(t, "after the restart", drain(t, h.reopen(t, durable)), test.want)
			})
		})
	}
}

func TestWhatIsPublishedAfterACrashIsNotRedelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		q := h.open(t, durable)
		h.sendAll(q, "a")
		q.Get(false)
		q = h.reopen(t, durable)
		h.sendAll(q, "b")
		wantWords(t, "after two crashes", drain(t, h.reopen(t, durable)), "a* b")
	})
}

func TestNumbersGivenAgainAreNotRedelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		h.memory = NewMemory(0)
		q := h.open(t, durable)
		publish(q, "a", "b", "c") // transient: their numbers were never written
		q.Get(true)
		q.Get(true)
		q.Stop()
		q = h.reopen(t, durable)
		h.sendAll(q, "d")
		wantWords(t, "after the next restart", drain(t, h.reopen(t, durable)), "d")
	})
}

func TestDeliveriesWaitForTheMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := slowHouse()
		q := h.open(t, durable)
		h.sendAll(q, "a", "b")
		c := &client{room: 1}
		got := make(chan Entry)
		go q.Consume(c, ConsumeOptions{})
		go func() {
			e, _, _, _ := q.Get(false)
			got <- e
		}()
		synctest.Wait()
		wantWords(t, "before the mark is written", c.bodies(), "")
		s.write()
		e := <-got
		synctest.Wait()
		wantWords(t, "consumed and got", c.bodies()+" "+bodies([]Entry{e}), "a b")
	})
}

func TestConsumerWhoLeavesWhileTheQueueOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := slowHouse()
		q := h.open(t, durable)
		h.sendAll(q, "a")
		first, second := &client{room: 1}, &client{room: 1}
		go q.Consume(first, ConsumeOptions{})
		synctest.Wait()
		q.Cancel(first)
		go q.Consume(second, ConsumeOptions{})
		synctest.Wait()
		s.write()
		synctest.Wait()
		wantWords(t, "first", first.bodies(), "")
		wantWords(t, "second", second.bodies(), "a")
	})
}

func TestGetEndsWithItsQueue(t *testing.T) {
	for name, end := range map[string]func(*FIFO){
		"deleted": func(q *FIFO) { q.Delete(false, false) },
		"stopped": (*FIFO).Stop,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, _ := slowHouse()
				q := h.open(t, durable)
				h.sendAll(q, "a")
				go func() {
					if _, _, ok, err := q.Get(false); ok || err != nil {
						t.Errorf("get: got ok %v, error %v", ok, err)
					}
				}()
				synctest.Wait()
				end(q)
			})
		})
	}
}

func TestRecoveryWithPriorities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		d := Declaration{Durable: true, Arguments: amqp.Table{"x-max-priority": int32(9)}}
		q := h.open(t, d)
		for i, body := range []string{"0", "9", "5", "09", "5"} {
			h.send(q, message(body+"abcde"[i:i+1], amqp.Fields{DeliveryMode: 2, Priority: body[0] - '0'}), nil, 0)
		}
		q.Get(false)
		q.Stop()
		q = h.reopen(t, d)
		wantStats(t, q, Stats{Ready: 5, ReadyBytes: 11})
		wantWords(t, "by priority", drain(t, q), "9b* 5c 5e 0a 09d")
	})
}

func TestEmptyLanesGoOnWithTheirNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		d := Declaration{Durable: true, Arguments: amqp.Table{"x-max-priority": int32(1)}}
		q := h.open(t, d)
		high := amqp.Fields{DeliveryMode: 2, Priority: 1}
		for range 3 {
			h.send(q, message("a", high), nil, 0)
		}
		drain(t, q)
		q = h.reopen(t, d)
		h.send(q, message("b", high), nil, 0)
		e, _, _, _ := q.Get(false)
		if want := uint64(1)<<store.LaneShift | 4; e.seq != want {
			t.Errorf("number: got %x, want %x", e.seq, want)
		}
	})
}

func TestDamagedMarkCountsAsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse()
		h.sendAll(h.open(t, durable), "a")
		m := h.store.(*store.Memory)
		m.Close()
		h.store = m.Reopen()
		q := h.open(t, durable)
		if err := q.Recover(Kept{Delivered: []byte("{")}); err == nil {
			t.Error("no error")
		}
		wantWords(t, "after the restart", drain(t, q), "a*")
	})
}

func TestDeletedQueueLeavesNothingBehind(t *testing.T) {
	h := newHouse()
	q := h.open(t, durable)
	h.sendAll(q, "a", "b")
	q.Get(false)
	q.Delete(false, false)
	for d := range h.store.Docs(store.Deliveries) {
		t.Errorf("mark left: %s", d.Value)
	}
	if n := stored(h); n != 0 {
		t.Errorf("%d messages left", n)
	}
}
