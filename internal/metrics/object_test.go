package metrics

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/exchange"
)

func TestEachObjectHasItsSeries(t *testing.T) {
	for _, test := range []struct {
		name, path string
		options    Options
	}{
		{"on the path for that", "/metrics/per-object", Options{}},
		{"where RabbitMQ's setting says so", "/metrics", Options{PerObject: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, test.options)
			s.work()
			connection := s.broker.Connections()[0].Name
			first, second := fmt.Sprintf(`{channel="%s (1)"}`, connection), fmt.Sprintf(`{channel="%s (2)"}`, connection)
			sc := s.scrape(test.path)
			sc.has(map[string]float64{
				`rabbitmq_queue_messages_ready{vhost="/",queue="short"}`:                                             2,
				`rabbitmq_queue_messages_ready{vhost="/",queue="dead"}`:                                              2,
				`rabbitmq_queue_messages_unacked{vhost="/",queue="classic"}`:                                         1,
				`rabbitmq_queue_messages_bytes{vhost="/",queue="quorum"}`:                                            6,
				`rabbitmq_queue_consumers{vhost="/",queue="classic"}`:                                                1,
				`rabbitmq_queue_get_ack_total{vhost="/",queue="classic"}`:                                            3,
				`rabbitmq_queue_messages_published_total{queue_vhost="/",queue="short"}`:                             4,
				`rabbitmq_queue_info{vhost="/",queue="quorum",queue_type="rabbit_quorum_queue",membership="leader"}`: 1,
				`rabbitmq_exchange_messages_published_total{vhost="/",exchange=""}`:                                  16,
				`rabbitmq_exchange_messages_published_total{vhost="/",exchange="amq.fanout"}`:                        1,
				`rabbitmq_channel_messages_published_total` + first:                                                  15,
				`rabbitmq_channel_messages_confirmed_total` + second:                                                 2,
				`rabbitmq_connection_channels{channel="` + connection + `"}`:                                         2,
				`rabbitmq_queues`: 4,
				`rabbitmq_global_messages_routed_total{protocol="amqp091"}`: 15,
			})
			for _, gone := range []string{"rabbitmq_queue_messages_ready", `rabbitmq_queue_messages_ready{vhost="/",queue="deleted"}`, "rabbitmq_channel_messages_published_total"} {
				if v := sc.value(gone); !math.IsNaN(v) {
					t.Errorf("%s is %v", gone, v)
				}
			}
		})
	}
}

func TestDetailsAreOfWhatIsAskedFor(t *testing.T) {
	s := newSite(t, Options{})
	s.work()
	other, err := s.broker.VHosts.Create("other")
	s.ok(err)
	visit(t, s, "other", "elsewhere")
	_, err = other.DeclareExchange(exchange.Declaration{Name: "x", Kind: exchange.Topic}, nil, nil)
	s.ok(err)
	for _, test := range []struct {
		name, query string
		want        []string // names without those of who this is
	}{
		{"nothing", "", nil},
		{"what nobody knows", "family=erlang&family=x", nil},
		{"how many messages there are", "family=queue_coarse_metrics", []string{
			"detailed_queue_info", "detailed_queue_messages", "detailed_queue_messages_ready", "detailed_queue_messages_unacked"}},
		{"how many consumers", "family=queue_consumer_count", []string{"detailed_queue_consumers", "detailed_queue_info"}},
		{"two families", "family=exchange_names&family=vhost_status", []string{"cluster_exchange_name", "cluster_vhost_status"}},
		{"logins", "family=auth_attempt_metrics", []string{
			"detailed_auth_attempts_failed_total", "detailed_auth_attempts_succeeded_total", "detailed_auth_attempts_total"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for name := range s.scrape("/metrics/detailed?" + test.query).families {
				if name := strings.TrimPrefix(name, "rabbitmq_"); name != "identity_info" && name != "build_info" {
					got = append(got, name)
				}
			}
			if slices.Sort(got); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}

	queues := func(query string) (names []string) {
		for series := range s.scrape("/metrics/detailed?" + query).series() {
			if strings.HasPrefix(series, "rabbitmq_detailed_queue_consumers{") {
				names = append(names, strings.TrimSuffix(strings.SplitAfter(series, `queue="`)[1], `"}`))
			}
		}
		slices.Sort(names)
		return names
	}
	for query, want := range map[string][]string{
		"family=queue_metrics&family=queue_consumer_count":        {"classic", "dead", "elsewhere", "quorum", "short"},
		"family=queue_consumer_count&vhost=other":                 {"elsewhere"},
		"family=queue_consumer_count&vhost=other&vhost=%2F":       {"classic", "dead", "elsewhere", "quorum", "short"},
		"family=queue_consumer_count&vhost=none-of-that-name":     nil,
		"family=queue_consumer_count&vhost=other&vhost=nor-there": {"elsewhere"},
	} {
		if got := queues(query); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	s.scrape("/metrics/detailed?family=exchange_bindings&family=exchange_names&family=vhost_status").has(map[string]float64{
		`rabbitmq_cluster_exchange_bindings{vhost="/",exchange="amq.fanout",type="fanout"}`: 1,
		`rabbitmq_cluster_exchange_bindings{vhost="other",exchange="x",type="topic"}`:       0,
		`rabbitmq_cluster_exchange_name{vhost="other",exchange="x",type="topic"}`:           1,
		`rabbitmq_cluster_vhost_status{vhost="other"}`:                                      1,
	})
}

// visit declares a queue in a virtual host.
func visit(t *testing.T, s *site, vhost, queue string) {
	t.Helper()
	v, err := s.broker.VHosts.Get(vhost)
	s.ok(err)
	_, _, err = v.DeclareQueue(declared(queue), nil, nil)
	s.ok(err)
}

func TestTheFirstMessageTellsItsTime(t *testing.T) {
	s := newSite(t, Options{})
	ch := s.channel()
	for _, name := range []string{"dated", "undated", "empty"} {
		_, err := ch.QueueDeclare(name, false, false, false, false, nil)
		s.ok(err)
	}
	at := s.at.Now()
	s.ok(ch.Publish("", "dated", false, false, amqp091.Publishing{Timestamp: at}))
	s.ok(ch.Publish("", "dated", false, false, amqp091.Publishing{}))
	s.ok(ch.Publish("", "undated", false, false, amqp091.Publishing{}))
	_, err := ch.QueueDeclarePassive("empty", false, false, false, false, nil)
	s.ok(err)
	f := s.scrape("/metrics/per-object").families["rabbitmq_queue_head_message_timestamp"]
	if f == nil || len(f.Metric) != 1 || labelsOf(f.Metric[0]) != `{vhost="/",queue="dated"}` || valueOf(f.Metric[0]) != float64(at.Unix()) {
		t.Errorf("got %v", f)
	}
}

func TestAlarmsShow(t *testing.T) {
	s := newSite(t, Options{})
	for _, short := range []bool{false, true, false} {
		for _, resource := range []string{"memory", "disk"} {
			s.ok(s.at.SetAlarm(resource, short))
		}
		want := 0.0
		if short {
			want = 1
		}
		s.scrape("/metrics").has(map[string]float64{
			"rabbitmq_alarms_memory_used_watermark": want, "rabbitmq_alarms_free_disk_space_watermark": want, "rabbitmq_alarms_file_descriptor_limit": 0,
		})
	}
}

// TestMemoryIsBrokenDown sees that the parts are about the whole: between two looks it may
// change a little.
func TestMemoryIsBrokenDown(t *testing.T) {
	s := newSite(t, Options{})
	ch := s.channel()
	for name, kind := range map[string]string{"c": "classic", "q": "quorum", "s": "stream"} {
		_, err := ch.QueueDeclare(name, true, false, false, false, amqp091.Table{"x-queue-type": kind})
		s.ok(err)
		s.ok(ch.Publish("", name, false, false, amqp091.Publishing{Body: make([]byte, 1<<10)}))
		_, err = ch.QueueDeclarePassive(name, true, false, false, false, amqp091.Table{"x-queue-type": kind})
		s.ok(err)
	}
	sc := s.scrape("/metrics/memory-breakdown")
	all := 0.0
	for series, v := range sc.series() {
		if strings.HasPrefix(series, "rabbitmq_memory_") {
			all += v
		}
	}
	whole := s.scrape("/metrics").value("rabbitmq_process_resident_memory_bytes")
	if all < whole/2 || all > 2*whole {
		t.Errorf("all parts are %v of %v", all, whole)
	}
	for _, part := range []string{"classic_queue", "quorum_queue", "stream"} {
		if v := sc.value("rabbitmq_memory_" + part + "_erlang_process_bytes"); v < 1<<10 || v > 1<<16 {
			t.Errorf("%s: got %v", part, v)
		}
	}
}

// TestScrapesAndClientsDoNotMind has queues come and go under everybody who looks.
func TestScrapesAndClientsDoNotMind(t *testing.T) {
	s := newSite(t, Options{})
	var busy sync.WaitGroup
	for i := range 3 {
		ch := s.channel()
		busy.Go(func() {
			for j := range 50 {
				name := fmt.Sprint("q", i, "-", j)
				if _, err := ch.QueueDeclare(name, false, false, false, false, nil); err != nil {
					t.Error(err)
					return
				}
				for range 10 {
					if err := ch.Publish("", name, false, false, amqp091.Publishing{}); err != nil {
						t.Error(err)
					}
				}
				if _, err := ch.QueueDelete(name, false, false, false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { busy.Wait(); close(done) }()
	published := 0.0
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		for _, path := range []string{"/per-object", "", "/detailed?family=queue_metrics&family=exchange_bindings", "/memory-breakdown"} {
			sc := s.scrape("/metrics" + path)
			if path == "" {
				now := sc.value("rabbitmq_queue_messages_published_total")
				if now < published {
					t.Errorf("published: went from %v to %v", published, now)
				}
				published = now
			}
		}
	}
	if published != 1500 {
		t.Errorf("published: got %v, want 1500", published)
	}
}
