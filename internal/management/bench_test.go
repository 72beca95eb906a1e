package management

import (
	"fmt"
	"testing"

	"github.com/harebellmq/harebell/queue"
)

// The pages ask for this again every few seconds.
func BenchmarkPageOfTenThousandQueues(b *testing.B) {
	s := newSite(b)
	v, err := s.vhosts.Get("/")
	s.ok(err)
	for i := range 10_000 {
		_, _, err := v.DeclareQueue(queue.Declaration{Name: fmt.Sprintf("q%05d", i)}, nil, nil)
		s.ok(err)
	}
	const columns = "&columns=name,vhost,type,messages,messages_details.rate,consumers,message_stats.publish_details.rate"
	for name, query := range map[string]string{
		"by name as they are": "", "sorted by growth": "&sort=messages_details.rate&sort_reverse=true", "filtered": "&name=q099",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if w := s.ask("guest", "GET", "/api/queues?page=1&page_size=100"+columns+query, ""); w.Code != 200 {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
	b.Run("overview", func(b *testing.B) {
		for b.Loop() {
			s.ask("guest", "GET", "/api/overview", "")
		}
	})
}
