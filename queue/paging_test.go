package queue

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
)

// small is a house in which every queue pages out all it may.
func small() *house {
	h := newHouse()
	h.memory = NewMemory(0)
	return h
}

// pad makes a number a body of a KiB, so that a few thousand are too many.
func pad(i int) string { return strconv.Itoa(i) + strings.Repeat(" ", 1024-len(strconv.Itoa(i))) }

func number(t testing.TB, e *Entry) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(string(e.Message.Body)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// fillUp publishes n numbered messages, every second one persistent.
func fillUp(t testing.TB, h *house, q *FIFO, n int) {
	t.Helper()
	for i := range n {
		h.send(q, message(pad(i), amqp.Fields{DeliveryMode: uint8(1 + i%2)}), nil, 0)
		if got := h.memory.Used(); got > 3*keepBytes {
			t.Fatalf("%d octets in memory after %d messages, want at most %d", got, i, 3*keepBytes)
		}
	}
	wantStats(t, q, Stats{Ready: n, ReadyBytes: int64(n) * 1024})
}

// wantNothingLeft wants that nothing is counted against memory, and nothing is in
// the store.
func wantNothingLeft(t testing.TB, h *house, q *FIFO) {
	t.Helper()
	if s := q.Stats(); s.Ready != 0 || s.ReadyBytes != 0 || s.Unacked != 0 {
		t.Errorf("stats: got %+v, want nothing left", s)
	}
	if got := h.memory.Used(); got != 0 {
		t.Errorf("memory: got %d octets, want 0", got)
	}
	if n := stored(h); n != 0 {
		t.Errorf("stored: got %d, want 0", n)
	}
}

const many = 100_000

func TestPagedMessagesComeOnceAndInOrder(t *testing.T) {
	for name, read := range map[string]func(t *testing.T, q *FIFO, want func(*Entry)){
		"get": func(t *testing.T, q *FIFO, want func(*Entry)) {
			for {
				e, _, ok, err := q.Get(true)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					return
				}
				want(&e)
			}
		},
		"consume": func(t *testing.T, q *FIFO, want func(*Entry)) {
			c := &client{room: 100}
			consume(t, q, c, ConsumeOptions{})
			for {
				synctest.Wait()
				es := c.take()
				if len(es) == 0 {
					return
				}
				for i := range es {
					want(&es[i])
				}
				q.Ack(es)
				c.room = 100
				q.Wake(c)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := small()
				q := h.open(t, durable)
				fillUp(t, h, q, many)
				next := 0
				read(t, q, func(e *Entry) {
					if got := number(t, e); got != next {
						t.Fatalf("got message %d, want %d", got, next)
					}
					if e.Redelivered {
						t.Fatalf("message %d is redelivered", next)
					}
					if got := h.memory.Used(); got > 3*keepBytes {
						t.Fatalf("%d octets in memory, want at most %d", got, 3*keepBytes)
					}
					next++
				})
				if next != many {
					t.Errorf("got %d messages, want %d", next, many)
				}
				wantNothingLeft(t, h, q)
			})
		})
	}
}

func TestPagingWhilePublishing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, Declaration{})
		next, published := 0, 0
		for round := range 60 {
			for range 300 {
				publish(q, pad(published))
				published++
			}
			for range 150 + 3*round {
				e, _, ok, err := q.Get(true)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				if got := number(t, &e); got != next {
					t.Fatalf("got message %d, want %d", got, next)
				}
				next++
			}
		}
		for {
			e, _, ok, _ := q.Get(true)
			if !ok {
				break
			}
			if got := number(t, &e); got != next {
				t.Fatalf("got message %d, want %d", got, next)
			}
			next++
		}
		if next != published {
			t.Errorf("got %d messages, want %d", next, published)
		}
		wantNothingLeft(t, h, q)
	})
}

func TestPagedMessagesArePurged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, durable)
		fillUp(t, h, q, 5000)
		q.Get(true) // and what is read back now
		if n, _ := q.Purge(); n != 4999 {
			t.Errorf("purged: got %d, want 4999", n)
		}
		wantNothingLeft(t, h, q)
		fillUp(t, h, q, 5000)
		if e, left, _, _ := q.Get(true); number(t, &e) != 0 || left != 4999 {
			t.Errorf("got message %d, left %d; want 0, 4999", number(t, &e), left)
		}
		q.Delete(false, false)
		wantNothingLeft(t, h, q)
	})
}

func TestPurgeWhileReadingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		d := &delayed{Store: h.store}
		h.store = d
		q := h.open(t, Declaration{})
		fillUp(t, h, q, 3000)
		for d.waiting == nil {
			if _, _, ok, err := q.Get(true); !ok || err != nil {
				t.Fatal("queue ended before anything was read back")
			}
		}
		q.Purge()
		publish(q, "new")
		d.answer()
		wantStats(t, q, Stats{Ready: 1, ReadyBytes: 3})
		wantWords(t, "after the purge", drain(t, q), "new")
	})
}

// A delayed store answers Load when it is told to.
type delayed struct {
	store.Store
	waiting func()
}

func (d *delayed) Load(queue uint64, span store.Span, most int, done func([]store.Stored, error)) {
	read := make(chan func(), 1)
	d.Store.Load(queue, span, most, func(ms []store.Stored, err error) { read <- func() { done(ms, err) } })
	d.waiting = <-read
}

func (d *delayed) answer() {
	f := d.waiting
	d.waiting = nil
	f()
}

func TestWhatIsPagedWhileItsExtentIsReadIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		d := &delayed{Store: h.store}
		h.store = d
		q := h.open(t, Declaration{})
		n, next := 0, 0
		more := func(count int) {
			for range count {
				publish(q, pad(n))
				n++
			}
		}
		more(1500)
		for next < n {
			if d.waiting != nil {
				more(max(0, 3000-n))
				d.answer()
			}
			e, _, ok, err := q.Get(true)
			if !ok || err != nil {
				t.Fatalf("after %d of %d: ok %v, error %v", next, n, ok, err)
			}
			if got := number(t, &e); got != next {
				t.Fatalf("got message %d, want %d", got, next)
			}
			next++
		}
	})
}

func TestPagedMessagesAreTrimmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, Declaration{Arguments: amqp.Table{"x-max-length": int32(4000)}})
		for i := range 20_000 {
			publish(q, pad(i))
			if i%100 == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		wantStats(t, q, Stats{Ready: 4000, ReadyBytes: 4000 * 1024})
		for want := 16_000; want < 20_000; want++ {
			e, _, ok, _ := q.Get(true)
			if !ok || number(t, &e) != want {
				t.Fatalf("got ok %v, message %d; want %d", ok, number(t, &e), want)
			}
		}
		wantNothingLeft(t, h, q)
	})
}

func TestPagedMessagesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, Declaration{Arguments: amqp.Table{"x-message-ttl": int32(1000)}})
		fillUp(t, h, q, 10_000)
		h.forward(time.Second)
		synctest.Wait()
		wantNothingLeft(t, h, q)
	})
}

func TestPagedPrioritiesKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, Declaration{Durable: true, Arguments: amqp.Table{"x-max-priority": int32(2)}})
		const n = 9000
		for i := range n {
			h.send(q, message(pad(i), amqp.Fields{DeliveryMode: 2, Priority: uint8(i % 3)}), nil, 0)
		}
		q.Stop()
		q = h.reopen(t, q.Declaration())
		wantStats(t, q, Stats{Ready: n, ReadyBytes: n * 1024})
		for lane := 2; lane >= 0; lane-- {
			for want := lane; want < n; want += 3 {
				e, _, ok, err := q.Get(true)
				if !ok || err != nil || number(t, &e) != want {
					t.Fatalf("ok %v, error %v; want message %d", ok, err, want)
				}
			}
		}
		wantNothingLeft(t, h, q)
	})
}

// slimmed returns all messages of a queue, unacked and slimmed.
func slimmed(t testing.TB, q *FIFO) []Entry {
	t.Helper()
	var out []Entry
	for {
		e, _, ok, err := q.Get(false)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return out
		}
		e.Slim()
		if e.Message != nil {
			t.Fatal("not slimmed though the store has it")
		}
		out = append(out, e)
	}
}

func TestSlimmedMessagesAreReadBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, durable)
		const n = 6000
		for i := range n {
			h.send(q, message(pad(i), persistent), nil, 0)
		}
		out := slimmed(t, q)
		q.Requeue(out[n/2:], Nacked)
		wantStats(t, q, Stats{Ready: n / 2, ReadyBytes: n / 2 * 1024, Unacked: n / 2})
		if e, _, _, _ := q.Get(false); number(t, &e) != n/2 {
			t.Errorf("got message %d, want %d", number(t, &e), n/2)
		} else {
			q.Requeue([]Entry{e}, Nacked)
		}
		q.Requeue(out[:n/2], Nacked) // older ones, while younger ones are read back
		for want := range n {
			e, _, ok, err := q.Get(true)
			if !ok || err != nil || number(t, &e) != want || !e.Redelivered {
				t.Fatalf("got ok %v, error %v, redelivered %v; want message %d redelivered", ok, err, e.Redelivered, want)
			}
		}
		wantNothingLeft(t, h, q)
	})
}

func TestOlderMessagesComeBackWhileYoungerAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, durable)
		h.sendAll(q, "a", "b", "c")
		out := slimmed(t, q)
		d := &delayed{Store: h.store}
		q.store = d
		c := consume(t, q, &client{room: 0}, ConsumeOptions{})
		c.room = -1
		q.Wake(c)
		q.Requeue(out[1:2], Nacked)
		q.Requeue(out[0:1], Nacked)
		d.answer()
		for d.waiting != nil {
			d.answer()
		}
		wantWords(t, "delivered", c.bodies(), "a* b*")
	})
}

func TestSlimmedMessagesDieWithTheirBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, Declaration{Durable: true, Arguments: dying})
		h.sendAll(q, "a", "b", "c")
		out := slimmed(t, q)
		q.Reject(out)
		synctest.Wait()
		wantWords(t, "dead", h.deaths(), "a:rejected b:rejected c:rejected")
		wantNothingLeft(t, h, q)
	})
}

func TestDamagedMessagesAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, durable)
		h.sendAll(q, "a", "b", "c", "d", "e")
		q.Stop()
		q = h.reopen(t, durable)
		damage := func(seqs ...uint64) {
			for _, seq := range seqs {
				h.store.Append(store.Batch{Settled: []store.Settled{{Queue: 1, Span: store.Span{Lo: seq, Hi: seq}}}})
			}
		}
		synctest.Wait() // the head is being read at once
		wantStats(t, q, Stats{Ready: 5, ReadyBytes: 5})
		out := slimmed(t, q)
		damage(1, 3, 5)
		q.Requeue(out, Nacked)
		wantWords(t, "the others", drain(t, q), "b* d*")
		wantNothingLeft(t, h, q)
	})
}

func TestDamagedExtentIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, durable)
		h.sendAll(q, "a", "b", "c")
		q.Stop()
		m := h.store.(*store.Memory)
		m.Close()
		h.store = m.Reopen()
		for seq := uint64(2); seq <= 3; seq++ {
			h.store.Append(store.Batch{Settled: []store.Settled{{Queue: 1, Span: store.Span{Lo: seq, Hi: seq}}}})
		}
		q = h.open(t, durable)
		if err := q.Recover(Kept{}); err != nil {
			t.Fatal(err)
		}
		wantWords(t, "the one that is left", drain(t, q), "a")
		wantNothingLeft(t, h, q)
	})
}

func TestReadingBackFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := small()
		q := h.open(t, Declaration{})
		fillUp(t, h, q, 3000)
		h.store.Close()
		for i := 0; ; i++ {
			_, _, ok, err := q.Get(true)
			if err != nil {
				return
			}
			if !ok || i > 3000 {
				t.Fatal("no error, though the store is closed")
			}
		}
	})
}

// Many queues that each keep a little must not keep much together.
func TestManyShortQueuesPageOutToo(t *testing.T) {
	const queues, each, size, limit = 100, 60, 4 << 10, 4 << 20 // 24 MiB in all
	st := store.NewMemory()
	memory := NewMemory(limit)
	var qs []*FIFO
	for i := range queues {
		q, err := newFIFO(Declaration{VHost: "/", Name: strconv.Itoa(i), Durable: true}, Config{
			ID: st.NextQueueID(), Store: st, Clock: clock.System, Memory: memory,
		})
		if err != nil {
			t.Fatal(err)
		}
		qs = append(qs, q)
	}
	for range each {
		for _, q := range qs {
			m := amqp.NewMessage("", "", amqp.Fields{DeliveryMode: 2}.Properties(), make([]byte, size))
			p := Publishing{Message: &m, Record: new(store.Record)}
			p.Record.Init(&m, nil, 0)
			q.Publish([]Publishing{p})
			p.Record.Release()
			st.Append(store.Batch{Records: []*store.Record{p.Record}})
		}
	}
	if got, most := memory.Used(), int64(limit+limit/4+queues*(keepLittle+2*(size+overhead))); got > most {
		t.Errorf("%d octets in memory, want at most %d", got, most)
	}
	for _, q := range qs {
		for n := range each {
			if _, left, ok, err := q.Get(true); !ok || err != nil || left != each-n-1 {
				t.Fatalf("message %d: left %d, ok %v, error %v", n, left, ok, err)
			}
		}
	}
}

// Messages that were to be paged, but that the disk has not taken yet, are
// delivered all the same when what is before them has gone.
func TestTailIsDeliveredBeforeItIsWritten(t *testing.T) {
	l := new(lane)
	m := amqp.NewMessage("", "", nil, nil)
	for seq := range uint64(4) {
		l.push(Entry{Message: &m, seq: seq + 1})
	}
	l.tail = l.head.cut(1)
	for want := range uint64(4) {
		es := l.front(1)
		if len(es) == 0 || es[0].seq != want+1 {
			t.Fatalf("got %v, want message %d", es, want+1)
		}
		l.drop(1)
	}
	if !l.empty() {
		t.Error("not empty after the last")
	}
}
