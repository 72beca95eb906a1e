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
