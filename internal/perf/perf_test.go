package perf

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// newBroker starts a broker and returns its URL, and its virtual hosts.
func newBroker(t *testing.T) (string, *vhost.Registry) {
	t.Helper()
	st := store.NewMemory()
	vhosts, err := vhost.Open(vhost.Broker{Store: st, Clock: clock.System, Log: zerolog.Nop()}, vhost.Default)
	if err != nil {
		t.Fatal(err)
	}
	users, err := auth.Open(st, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := users.First(auth.User{Name: "guest"}.WithPassword("guest"), auth.Everything("guest", vhost.Default)); err != nil {
		t.Fatal(err)
	}
	srv := &server.Server{VHosts: vhosts, Users: users, Store: st}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		<-served
		vhosts.Stop()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return "amqp://" + l.Addr().String(), vhosts
}

func TestRunCountsWhatItPublishesAndConsumes(t *testing.T) {
	tests := []struct {
		name      string
		change    func(*Options)
		delivered int64
		confirmed int64
		latency   bool
	}{
		{"as it is", func(*Options) {}, 3000, 0, false},
		{"with confirms", func(o *Options) { o.Confirm = 7 }, 3000, 3000, false},
		{"with latency", func(o *Options) { o.Latency, o.Confirm = true, 100 }, 3000, 3000, true},
		{"persistent, without acks", func(o *Options) { o.Persistent, o.NoAck = true, true }, 3000, 0, false},
		{"a few acks at a time", func(o *Options) { o.AckEvery, o.Prefetch = 3, 5 }, 3000, 0, false},
		{"many of everything", func(o *Options) { o.Publishers, o.Consumers, o.Queues = 3, 5, 4 }, 3000, 0, false},
		{"fewer consumers than queues", func(o *Options) { o.Consumers, o.Queues = 2, 5 }, 3000, 0, false},
		{"a fanout", func(o *Options) { o.Exchange, o.Type, o.Queues, o.Consumers = "x", "fanout", 3, 3 }, 9000, 0, false},
		{"a direct exchange", func(o *Options) { o.Exchange, o.Queues = "x", 3 }, 3000, 0, false},
		{"a topic exchange with one key", func(o *Options) { o.Exchange, o.Type, o.RoutingKey, o.Queues = "x", "topic", "a.b", 2 }, 6000, 0, false},
		{"empty bodies", func(o *Options) { o.Size = 0 }, 3000, 0, false},
		{"bodies of several frames", func(o *Options) { o.Size, o.Messages, o.Latency = 300_000, 30, true }, 30, 0, true},
		{"at a rate", func(o *Options) { o.Rate, o.Latency = 100_000, true }, 3000, 0, true},
		{"without consumers", func(o *Options) { o.Consumers = 0 }, 0, 0, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			url, vhosts := newBroker(t)
			o := options(func(o *Options) { o.URL, o.Messages = url, 3000 })
			test.change(&o)
			s, err := Run(t.Context(), o, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if s.Published != int64(o.Messages) || s.Delivered != test.delivered || s.Confirmed != test.confirmed || s.Refused != 0 {
				t.Errorf("published %d, delivered %d, confirmed %d, refused %d, want %d, %d, %d, 0",
					s.Published, s.Delivered, s.Confirmed, s.Refused, o.Messages, test.delivered, test.confirmed)
			}
			if test.latency && s.Latency.Count() != uint64(test.delivered) || !test.latency && s.Latency.Count() != 0 {
				t.Errorf("latencies: got %d, of %d deliveries", s.Latency.Count(), test.delivered)
			}
			if got := s.Confirm.Count(); got != uint64(test.confirmed) {
				t.Errorf("confirm latencies: got %d, want %d", got, test.confirmed)
			}
			v, err := vhosts.Get("/")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := v.Queue("q-1", nil); err == nil {
				t.Error("the queue is still there")
			}
		})
	}
}

func TestRunEndsAfterItsDuration(t *testing.T) {
	url, _ := newBroker(t)
	var progress bytes.Buffer
	o := options(func(o *Options) {
		o.URL, o.Warmup, o.Duration, o.Confirm = url, 10*time.Millisecond, 50*time.Millisecond, 100
	})
	s, err := Run(t.Context(), o, &progress)
	if err != nil {
		t.Fatal(err)
	}
	if s.Elapsed < o.Duration || s.Elapsed > 5*time.Second || s.Published == 0 {
		t.Errorf("got %d messages in %v", s.Published, s.Elapsed)
	}
}

func TestRunConsumesNoMoreThanAsked(t *testing.T) {
	for _, ackEvery := range []int{1, 7} {
		b := amqptest.New(t)
		o := options(func(o *Options) { o.URL, o.Messages, o.Keep, o.AckEvery = b.URL(), 1000, true, ackEvery })
		o.Persistent = true // the queue outlives its consumers
		o.Consumers = 0
		if _, err := Run(t.Context(), o, io.Discard); err != nil {
			t.Fatal(err)
		}
		o.Publishers, o.Consumers, o.Messages = 0, 1, 400
		s, err := Run(t.Context(), o, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if q, err := b.Queue("q-1"); err != nil || s.Delivered > 400 || q.Ready != 600 {
			t.Errorf("acks for %d: consumed %d, left %d, %v, want 400 and 600", ackEvery, s.Delivered, q.Ready, err)
		}
	}
}

func TestRunTellsTenths(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Options)
	}{
		{"of what is delivered", func(*Options) {}},
		{"of all copies", func(o *Options) { o.Exchange, o.Type, o.Queues = "x", "fanout", 3 }},
		{"of what is confirmed", func(o *Options) { o.Consumers, o.Confirm = 0, 10 }},
		{"of what is published", func(o *Options) { o.Consumers = 0 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := amqptest.New(t)
			o := options(func(o *Options) { o.URL, o.Messages = b.URL(), 1003 })
			test.change(&o)
			s, err := Run(t.Context(), o, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Tenths) != 10 || !slices.IsSorted(s.Tenths) {
				t.Errorf("got %v, want ten moments", s.Tenths)
			}
		})
	}
}

func TestSlowConsumers(t *testing.T) {
	b := amqptest.New(t)
	o := options(func(o *Options) { o.URL, o.Messages, o.Consumers, o.ConsumerRate = b.URL(), 20, 2, 200 })
	began := time.Now()
	s, err := Run(t.Context(), o, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); s.Delivered != 20 || took < 9*10*time.Millisecond {
		t.Errorf("got %d messages in %v, want 20 in no less than 90ms", s.Delivered, took)
	}
}

func TestRunStopsWhenTold(t *testing.T) {
	url, _ := newBroker(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := Run(ctx, options(func(o *Options) { o.URL = url }), io.Discard); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}

func TestRunTellsWhatTheBrokerSays(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"a refused login", func(o *Options) { o.URL = strings.Replace(o.URL, "//", "//guest:wrong@", 1) },
			"broker closed the connection: 403 ACCESS_REFUSED"},
		{"an unknown virtual host", func(o *Options) { o.URL += "/nowhere" },
			"broker closed the connection: 530 NOT_ALLOWED"},
		{"a refused declaration", func(o *Options) { o.Exchange, o.Type = "x", "bogus" },
			"exchange.declare: broker closed the channel: 406 PRECONDITION_FAILED"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			url, _ := newBroker(t)
			o := options(func(o *Options) { o.URL = url })
			test.change(&o)
			_, err := Run(t.Context(), o, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestRunEndsWhenTheBrokerHasHadEnough(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Options)
		act    func(*vhost.VirtualHost) error
		want   string
	}{
		{"the queue is deleted under a consumer", func(*Options) {},
			func(v *vhost.VirtualHost) error {
				_, _, err := v.DeleteQueue("q-1", nil, false, false)
				return err
			},
			"broker cancelled a consumer"},
		{"the exchange is deleted under a publisher", func(o *Options) { o.Exchange, o.Consumers = "x", 0 },
			func(v *vhost.VirtualHost) error {
				_, err := v.DeleteExchange("x", nil, false)
				return err
			},
			"broker closed the channel: 404 NOT_FOUND - no exchange 'x' in vhost '/'"},
		{"the same with confirms", func(o *Options) { o.Exchange, o.Consumers, o.Confirm = "x", 0, 10 },
			func(v *vhost.VirtualHost) error {
				_, err := v.DeleteExchange("x", nil, false)
				return err
			},
			"broker closed the channel: 404 NOT_FOUND - no exchange 'x' in vhost '/'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			url, vhosts := newBroker(t)
			v, err := vhosts.Get("/")
			if err != nil {
				t.Fatal(err)
			}
			o := options(func(o *Options) { o.URL, o.Duration, o.Rate = url, time.Minute, 1000 })
			test.change(&o)
			acted := make(chan error, 1)
			time.AfterFunc(50*time.Millisecond, func() { acted <- test.act(v) })
			_, err = Run(t.Context(), o, io.Discard)
			if failed := <-acted; failed != nil {
				t.Fatal(failed)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	s := Summary{Elapsed: 2 * time.Second, Published: 3_000_000, Delivered: 1234}
	s.Latency.Record(1500*time.Microsecond, 10)

	var text bytes.Buffer
	if err := s.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	want := "in 2.0s:\n" +
		"  published       3,000,000      1,500,000/s\n" +
		"  delivered           1,234            617/s\n" +
		"  latency    p50 1.50  p95 1.50  p99 1.50  p99.9 1.50  max 1.50  ms\n"
	if got := text.String(); got != want {
		t.Errorf("text:\n%swant:\n%s", got, want)
	}

	var line bytes.Buffer
	if err := s.WriteJSON(&line); err != nil {
		t.Fatal(err)
	}
	var object struct {
		Seconds            float64
		Published          int64
		PublishedPerSecond int64              `json:"published_per_second"`
		Latency            map[string]float64 `json:"latency_ms"`
		Confirm            map[string]float64 `json:"confirm_ms"`
	}
	if err := json.Unmarshal(line.Bytes(), &object); err != nil {
		t.Fatal(err)
	}
	if object.Seconds != 2 || object.Published != 3_000_000 || object.PublishedPerSecond != 1_500_000 ||
		object.Latency["p99.9"] != 1.5 || object.Confirm != nil {
		t.Errorf("JSON: got %s", line.String())
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", 1000000000: "1,000,000,000"} {
		if got := thousands(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
