package queue

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
)

// A gate is a Delay, and what has come out of it.
type gate struct {
	*Delay
	store *store.Memory
	began time.Time
	out   []string // bodies, with the milliseconds that have passed
	last  []*amqp.Message
}

func newGate(s *store.Memory) *gate {
	g := &gate{store: s, began: time.Now()}
	g.open()
	return g
}

func (g *gate) open() {
	d := Declaration{VHost: "/", Name: "d", Durable: true}
	g.Delay = NewDelay(d, Config{ID: 1, Store: g.store, Clock: clock.System}, func(ms []*amqp.Message) {
		g.mu.Lock() // the Delay's, which it does not hold
		defer g.mu.Unlock()
		for _, m := range ms {
			g.out = append(g.out, fmt.Sprintf("%s@%d", m.Body, time.Since(g.began).Milliseconds()))
		}
		g.last = ms
	})
}

// restart ends the process and starts it again after a while.
func (g *gate) restart(t *testing.T, after time.Duration) {
	t.Helper()
	g.Stop()
	g.store.Close()
	time.Sleep(after)
	g.store = g.store.Reopen()
	g.store.Retain([]uint64{1})
	g.open()
	if err := g.Recover(); err != nil {
		t.Fatal(err)
	}
}

func laterBy(body string, delay any) *amqp.Message {
	m := amqp.NewMessage("x", "k", amqp.Fields{DeliveryMode: 2, Headers: amqp.Table{delayHeader: delay}}.Properties(), []byte(body))
	return &m
}

// put publishes messages, and returns when the store has those that must last.
func (g *gate) put(messages ...*amqp.Message) {
	var ps []Publishing
	var records []*store.Record
	for _, m := range messages {
		p := Publishing{Message: m, Record: new(store.Record)}
		p.Record.Init(m, nil, 0)
		ps = append(ps, p)
	}
	g.Publish(ps)
	for _, p := range ps {
		p.Record.Release()
		if len(p.Record.Refs()) > 0 {
			records = append(records, p.Record)
		}
	}
	g.store.Append(store.Batch{Records: records})
}

// memory returns how many octets, and how many messages, are in memory.
func (g *gate) memory() (octets int64, messages int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.size, len(g.held)
}

func (g *gate) want(t *testing.T, want string) {
	t.Helper()
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	if got := strings.Join(g.out, " "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDelayedMessagesGoInTheOrderOfTheirTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(store.NewMemory())
		g.put(laterBy("late", int32(5000)), laterBy("soon", int64(20)), laterBy("soon too", int16(20)))
		g.put(laterBy("sooner", int8(10)))
		time.Sleep(9 * ms)
		g.want(t, "")
		time.Sleep(11 * ms)
		g.want(t, "sooner@10 soon@20 soon too@20")
		g.put(laterBy("between", int32(100)))
		time.Sleep(10 * time.Second)
		g.want(t, "sooner@10 soon@20 soon too@20 between@120 late@5000")
		if n := g.Len(); n != 0 {
			t.Errorf("%d are held back, want none", n)
		}
		if got := loadAll(t, g.store); len(got) != 0 {
			t.Errorf("the store still has %v", got)
		}
	})
}

// loadAll returns the numbers of what a store has of queue 1.
func loadAll(t *testing.T, s store.Store) (seqs []uint64) {
	t.Helper()
	if err := s.Expiries(1, func(seq uint64, _ int64) { seqs = append(seqs, seq) }); err != nil {
		t.Fatal(err)
	}
	return seqs
}

func TestDelayIsNegatedWhenItIsOver(t *testing.T) {
	for _, test := range []struct{ value, want any }{
		{int8(5), int8(-5)}, {int16(5), int16(-5)}, {int32(5), int32(-5)}, {int64(5), int64(-5)},
		{uint8(5), int64(-5)}, {uint32(5), int64(-5)}, {"5", int64(-5)}, {5.9, int64(-5)}, {float32(5), int64(-5)},
	} {
		m := laterBy("body", test.value)
		if got := DelayOf(m); got != 5 {
			t.Errorf("%T: delay of %d, want 5", test.value, got)
		}
		after := undelayed(m)
		if got, _ := after.Properties.Header(delayHeader); got != test.want {
			t.Errorf("%T: afterwards %T %v, want %T %v", test.value, got, got, test.want, test.want)
		}
		if got := DelayOf(after); got != 0 {
			t.Errorf("%T: still a delay of %d", test.value, got)
		}
	}
	for _, value := range []any{int32(0), int32(-1), "soon", "", nil, true, math.NaN(), math.Inf(-1), amqp.Table{}} {
		if got := DelayOf(laterBy("body", value)); got != 0 {
			t.Errorf("%T %v: delay of %d, want none", value, value, got)
		}
	}
	for _, value := range []any{int64(math.MaxInt64), math.Inf(1)} {
		if got := DelayOf(laterBy("body", value)); got < math.MaxInt64/2 {
			t.Errorf("%v: delay of %d, want a long one", value, got)
		}
	}
}

func TestDelayedMessagesSurvive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(store.NewMemory())
		transient := laterBy("transient", int32(100))
		transient.Persistent = false
		g.put(laterBy("missed", int32(50)), transient, laterBy("kept", int32(5000)), laterBy("never", int64(math.MaxInt64)))
		g.restart(t, 200*ms)
		g.want(t, "missed@200")
		time.Sleep(10 * time.Second)
		g.want(t, "missed@200 kept@5000")
		g.put(laterBy("new", int32(10)))
		time.Sleep(10 * ms)
		g.want(t, "missed@200 kept@5000 new@10210")
		if got, _ := g.Next(9); len(got) != 1 || got[0].Due.UnixMilli() != math.MaxInt64 {
			t.Errorf("held back are %v, want one for ever", got)
		}
	})
}

func TestDelayedMessagesCanBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(store.NewMemory())
		g.put(laterBy("a", int32(3000)), laterBy("b", int32(2000)), laterBy("c", int32(1000)))
		next, err := g.Next(2)
		if err != nil || len(next) != 2 || next[0].ID != 3 || next[1].ID != 2 || next[0].Due.Sub(g.began) != time.Second ||
			string(next[0].Message.Body) != "c" {
			t.Errorf("next are %v, error %v", next, err)
		}
		if !g.Cancel(2) || g.Cancel(2) || g.Cancel(7) {
			t.Error("cancelled twice, or what there is not")
		}
		time.Sleep(500 * ms) // the first is about to go
		if !g.Cancel(3) {
			t.Error("not cancelled")
		}
		time.Sleep(5 * time.Second)
		g.want(t, "a@3000")
		if got := loadAll(t, g.store); len(got) != 0 {
			t.Errorf("the store still has %v", got)
		}
	})
}

func TestDelayedMessagesThatAreOnDiskOnlyCanBeSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(store.NewMemory())
		g.put(laterBy("a", int32(3000)), laterBy("b", int32(2000)))
		g.restart(t, 0)
		next, err := g.Next(10)
		if err != nil || len(next) != 2 || string(next[0].Message.Body) != "b" || string(next[1].Message.Body) != "a" {
			t.Errorf("next are %v, error %v", next, err)
		}
		g.Stop()
	})
}

// TestDelayForgetsWhatHasGone lets messages through that stay for a moment only.
func TestDelayForgetsWhatHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(store.NewMemory())
		for range 10 * spillMost {
			g.put(laterBy("m", int32(1)))
			time.Sleep(2 * ms)
		}
		synctest.Wait()
		if len(g.fresh) > 2*spillMost || len(g.held) > 0 || g.size != 0 || g.bytes != 0 {
			t.Errorf("%d numbers, %d messages, %d and %d octets are left", len(g.fresh), len(g.held), g.size, g.bytes)
		}
	})
}

// TestManyDelayedMessages holds more back than stays in memory: in any order, for a
// short or a long time, and most of them to be read back.
func TestManyDelayedMessages(t *testing.T) {
	const count, span = 60_000, 30_000
	synctest.Test(t, func(t *testing.T) {
		g := newGate(store.NewMemory())
		rng := rand.New(rand.NewPCG(1, 2))
		padding := strings.Repeat("+", 100)
		type one struct{ due, n int }
		var want []one
		for n := 0; n < count; {
			var batch []*amqp.Message
			for range 256 {
				delay := 1 + rng.IntN(span)
				want = append(want, one{int(time.Since(g.began).Milliseconds()) + delay, n})
				batch = append(batch, laterBy(fmt.Sprint(n, padding), int32(delay)))
				n++
			}
			g.put(batch...)
			time.Sleep(time.Duration(rng.IntN(3)) * ms)
			if size, _ := g.memory(); size > delayKeep+2*nearBytes {
				t.Fatalf("%d octets in memory", size)
			}
		}
		if _, held := g.memory(); g.Len() < count/2 || held > g.Len()/2 {
			t.Errorf("%d are held back, %d of them in memory", g.Len(), held)
		}
		time.Sleep((span + 1) * ms)
		synctest.Wait()
		slices.SortStableFunc(want, func(a, b one) int { return a.due - b.due })
		if len(g.out) != len(want) {
			t.Fatalf("%d came out, want %d", len(g.out), len(want))
		}
		for i, w := range want {
			if text := fmt.Sprint(w.n, padding, "@", w.due); g.out[i] != text {
				t.Fatalf("message %d is %q, want %q", i, g.out[i], text)
			}
		}
	})
}

// BenchmarkDelay holds a million messages back: what one costs, to put in and in
// memory.
func BenchmarkDelay(b *testing.B) {
	g := newGate(store.NewMemory())
	rng := rand.New(rand.NewPCG(1, 2))
	m := laterBy(strings.Repeat("+", 100), int32(0))
	for b.Loop() {
		batch := make([]*amqp.Message, 256)
		for i := range batch {
			copied := *m
			copied.Properties = amqp.Fields{DeliveryMode: 2, Headers: amqp.Table{delayHeader: int32(1_000_000 + rng.IntN(1_000_000))}}.Properties()
			batch[i] = &copied
		}
		g.put(batch...)
	}
	g.Stop()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/message")
	b.ReportMetric(float64(g.size)/float64(b.N)/256, "held-octets/message")
}

// TestAMillionDelayedMessages holds a million messages back: each goes on the
// millisecond, and those of one in the order in which they came.
func TestAMillionDelayedMessages(t *testing.T) {
	const count, span = 1_000_000, 10_000
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var last uint64
		var due int64
		gone, wrong := 0, 0
		d := NewDelay(Declaration{VHost: "/", Name: "d", Durable: true}, Config{ID: 1, Store: store.NewMemory(), Clock: clock.System}, func(ms []*amqp.Message) {
			now := time.Since(began).Milliseconds()
			for _, m := range ms {
				n, at := binary.BigEndian.Uint64(m.Body), int64(binary.BigEndian.Uint64(m.Body[8:]))
				if at != now || at < due || at == due && n < last {
					wrong++
				}
				last, due = n, at
			}
			gone += len(ms)
		})
		g := &gate{Delay: d, store: d.store.(*store.Memory)}
		rng := rand.New(rand.NewPCG(3, 4))
		batch := make([]*amqp.Message, 1000)
		for n := range count {
			delay := 1 + rng.IntN(span)
			m := laterBy("", int32(delay))
			m.Body = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(n)), uint64(delay))
			if batch[n%len(batch)] = m; n%len(batch) == len(batch)-1 {
				g.put(batch...)
			}
		}
		if n := d.Len(); n != count || gone > 0 {
			t.Fatalf("%d are held back and %d are gone, want all %d held back", n, gone, count)
		}
		time.Sleep((span + 1) * ms)
		synctest.Wait()
		if gone != count || wrong > 0 {
			t.Errorf("%d are gone, %d of them out of turn, want all %d in turn", gone, wrong, count)
		}
	})
}
