package metrics

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/queue"
)

func declared(name string) queue.Declaration { return queue.Declaration{Name: name} }

// A sink takes an answer and forgets it.
type sink struct{ header http.Header }

func (s sink) Header() http.Header         { return s.header }
func (s sink) WriteHeader(int)             {}
func (s sink) Write(p []byte) (int, error) { return io.Discard.Write(p) }

// BenchmarkScrape is of a broker with many queues.
func BenchmarkScrape(b *testing.B) {
	for _, queues := range []int{100, 10_000, 50_000} {
		s := newSite(b, Options{})
		v, err := s.broker.VHosts.Get("/")
		s.ok(err)
		for i := range queues {
			_, _, err := v.DeclareQueue(declared(fmt.Sprintf("queue-%05d", i)), nil, nil)
			s.ok(err)
		}
		for _, path := range []string{"/metrics", "/metrics/per-object", "/metrics/detailed?family=queue_coarse_metrics"} {
			b.Run(fmt.Sprintf("%d queues%s", queues, path), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s.ServeHTTP(sink{make(http.Header)}, httptest.NewRequest("GET", path, nil))
				}
			})
		}
	}
}

// scrapeEvery is after how many messages somebody looks: some ten times in a second, and
// a hundred times as often as Prometheus does.
const scrapeEvery = 10_000

// BenchmarkPublish is what a publisher with confirms gets of a broker with 10,000 queues
// while somebody looks at them, and while nobody does.
func BenchmarkPublish(b *testing.B) {
	for _, path := range []string{"", "/metrics", "/metrics/per-object"} {
		name := "scraped at " + path
		if path == "" {
			name = "not scraped"
		}
		b.Run(name, func(b *testing.B) {
			s := newSite(b, Options{})
			v, err := s.broker.VHosts.Get("/")
			s.ok(err)
			for i := range 10_000 {
				_, _, err := v.DeclareQueue(declared(fmt.Sprint("queue-", i)), nil, nil)
				s.ok(err)
			}
			ch := s.channel()
			_, err = ch.QueueDeclare("q", false, false, false, false, amqp091.Table{"x-max-length": 100})
			s.ok(err)
			s.ok(ch.Confirm(false))
			looks, ended := make(chan struct{}, 1), make(chan struct{})
			go func() {
				defer close(ended)
				for range looks {
					if path != "" {
						s.ServeHTTP(sink{make(http.Header)}, httptest.NewRequest("GET", path, nil))
					}
				}
			}()
			var last *amqp091.DeferredConfirmation
			for n := 0; b.Loop(); n++ {
				if n%scrapeEvery == 0 {
					select {
					case looks <- struct{}{}:
					default: // it still looks
					}
				}
				last, err = ch.PublishWithDeferredConfirm("", "q", false, false, amqp091.Publishing{Body: make([]byte, 100)})
				s.ok(err)
			}
			last.Wait()
			b.StopTimer()
			close(looks)
			<-ended
		})
	}
}
