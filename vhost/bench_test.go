package vhost

import (
	"fmt"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
)

// A sink is a consumer that takes everything and keeps nothing.
type sink struct{}

func (*sink) Deliver(es []queue.Entry) int { return len(es) }
func (*sink) Flush()                       {}
func (*sink) Cancelled()                   {}

// BenchmarkPublisher publishes batches of 64 to consumers without acks.
func BenchmarkPublisher(b *testing.B) {
	const batch = 64
	for _, mode := range []struct {
		name       string
		properties amqp.Properties
	}{{"transient", nil}, {"persistent", amqp.Fields{DeliveryMode: 2}.Properties()}} {
		for _, queues := range []int{1, 10} {
			b.Run(fmt.Sprintf("%s/%d queues", mode.name, queues), func(b *testing.B) {
				s := newSite(b)
				for i := range queues {
					name := fmt.Sprint(i)
					q := s.queue(queue.Declaration{Name: name, Durable: true})
					s.bind(toQueue("amq.fanout", name, ""))
					if err := q.Consume(new(sink), queue.ConsumeOptions{NoAck: true}); err != nil {
						b.Fatal(err)
					}
				}
				p := s.NewPublisher()
				m := amqp.NewMessage("amq.fanout", "key", mode.properties, []byte("body"))
				b.ReportAllocs()
				for b.Loop() {
					for range batch {
						if _, err := p.Publish(m, nil, nil, 0); err != nil {
							b.Fatal(err)
						}
					}
					p.Flush()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/message")
			})
		}
	}
}

// BenchmarkDeduplicate routes messages through an exchange that deduplicates, each with
// a value that it has not seen, or all with the same.
func BenchmarkDeduplicate(b *testing.B) {
	for _, mode := range []struct {
		name string
		disk string
		new  bool
	}{{"new", "memory", true}, {"new, on disk", "disk", true}, {"duplicate", "memory", false}} {
		b.Run(mode.name, func(b *testing.B) {
			s := newSite(b)
			s.deduplicating("x", amqp.Table{"x-cache-size": int32(100_000), "x-cache-persistence": mode.disk})
			q, err := s.Queue("x", nil)
			if err != nil {
				b.Fatal(err)
			}
			if err := q.Consume(new(sink), queue.ConsumeOptions{NoAck: true}); err != nil {
				b.Fatal(err)
			}
			p := s.NewPublisher()
			var n int64
			b.ReportAllocs()
			for b.Loop() {
				if n++; !mode.new {
					n = 1
				}
				m := amqp.NewMessage("x", "key", amqp.Fields{Headers: amqp.Table{queue.DeduplicationHeader: n}}.Properties(), []byte("body"))
				if _, err := p.Publish(m, nil, nil, 0); err != nil {
					b.Fatal(err)
				}
				if n%64 == 0 {
					p.Flush()
				}
			}
			p.Flush()
		})
	}
}
