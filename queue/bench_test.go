package queue

import (
	"fmt"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
)

// BenchmarkQueue publishes a batch, delivers it and acks it: the way of a message
// through a queue whose consumer keeps up.
func BenchmarkQueue(b *testing.B) {
	for _, mode := range []struct {
		name       string
		properties amqp.Fields
	}{{"transient", amqp.Fields{}}, {"persistent", persistent}} {
		for _, batch := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/%d", mode.name, batch), func(b *testing.B) {
				h := &house{store: store.NewMemory(), clock: clock.System, memory: NewMemory(1 << 30)}
				q := h.open(b, durable)
				c := consume(b, q, &client{room: -1}, ConsumeOptions{})
				m := message("body", mode.properties)
				ps := make([]Publishing, batch)
				records := make([]*store.Record, batch)
				memory := make([]store.Record, batch)
				b.ReportAllocs()
				for b.Loop() {
					for i := range ps {
						ps[i].Message = m
						if m.Persistent {
							memory[i] = store.Record{}
							memory[i].Init(m, nil, 0)
							ps[i].Record, records[i] = &memory[i], &memory[i]
						}
					}
					q.Publish(ps)
					if m.Persistent {
						for _, r := range records {
							r.Release()
						}
						h.store.Append(store.Batch{Records: records})
					}
					q.Ack(c.got)
					c.got = c.got[:0]
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/message")
			})
		}
	}
}

// BenchmarkBacklog publishes into and gets from a queue that stays long.
func BenchmarkBacklog(b *testing.B) {
	h := &house{store: store.NewMemory(), clock: clock.System}
	q := h.open(b, Declaration{})
	ps := []Publishing{{Message: message("body", amqp.Fields{})}}
	for range 100_000 {
		q.Publish(ps)
	}
	b.ReportAllocs()
	for b.Loop() {
		q.Publish(ps)
		if _, _, ok, _ := q.Get(true); !ok {
			b.Fatal("empty")
		}
	}
}

// BenchmarkConsumers delivers to many consumers that take turns.
func BenchmarkConsumers(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := &house{store: store.NewMemory(), clock: clock.System}
			q := h.open(b, Declaration{})
			var cs []*client
			for range n {
				cs = append(cs, consume(b, q, &client{room: 1}, ConsumeOptions{}))
			}
			ps := []Publishing{{Message: message("body", amqp.Fields{})}}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				q.Publish(ps)
				for _, c := range []*client{cs[i%n]} {
					if len(c.got) == 1 {
						q.Ack(c.got)
						c.got, c.room = c.got[:0], 1
					}
					q.Wake(c)
				}
			}
		})
	}
}

// BenchmarkRequeue gives a delivery back to a long queue, and takes it again.
func BenchmarkRequeue(b *testing.B) {
	h := &house{store: store.NewMemory(), clock: clock.System}
	q := h.open(b, Declaration{})
	ps := []Publishing{{Message: message("body", amqp.Fields{})}}
	for range 1000 {
		q.Publish(ps)
	}
	b.ReportAllocs()
	for b.Loop() {
		e, _, _, _ := q.Get(false)
		q.Requeue([]Entry{e}, Nacked)
	}
}
