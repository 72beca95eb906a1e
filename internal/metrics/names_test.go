package metrics

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/internal/watermark"
)

// leftOut are the names of RabbitMQ's of which nothing is said here, with the word by which
// docs/metrics.md gives the reason.
var leftOut = map[string]string{
	"erlang_scheduler_context_switches_total": "erlang", "erlang_processes_limit": "erlang", "erlang_net_ticktime_seconds": "erlang",
	"queue_process_reductions_total": "erlang", "channel_process_reductions_total": "erlang", "connection_process_reductions_total": "erlang",

	"io_seek_ops_total": "files", "io_seek_time_seconds_total": "files", "io_reopen_ops_total": "files",
	"schema_db_ram_tx_total": "files", "schema_db_disk_tx_total": "files", "msg_store_read_total": "files", "msg_store_write_total": "files",
	"queue_index_read_ops_total": "files", "queue_index_write_ops_total": "files",
	"queue_disk_reads_total": "files", "queue_disk_writes_total": "files", "stream_segments": "files",

	"queue_messages_ram": "bodies", "queue_messages_ram_bytes": "bodies", "queue_messages_ready_ram": "bodies", "queue_messages_unacked_ram": "bodies",
	"queue_messages_persistent": "bodies", "queue_messages_persistent_bytes": "bodies",
	"queue_messages_paged_out": "bodies", "queue_messages_paged_out_bytes": "bodies", "message_size_bytes": "bodies",

	"queue_consumer_capacity": "capacity", "queue_consumer_utilisation": "capacity",
	"auth_attempts_detailed_total": "source", "auth_attempts_detailed_succeeded_total": "source", "auth_attempts_detailed_failed_total": "source",
	"stream_consumer_max_offset_lag": "stream protocol",

	"exchange_messages_confirmed_total": "pairs", "exchange_messages_unroutable_returned_total": "pairs", "exchange_messages_unroutable_dropped_total": "pairs",
	"queue_exchange_messages_published_total": "pairs",
}

// extra are names that RabbitMQ 4.2 does not have any more.
var extra = []string{"process_open_tcp_sockets", "process_max_tcp_sockets"}

// TestNamesAreRabbitMQs compares each family, on the path where it can be asked for, with
// those of RabbitMQ: it has the same names and types, or docs/metrics.md says why not.
func TestNamesAreRabbitMQs(t *testing.T) {
	s := newSite(t, Options{DataDir: t.TempDir(), Memory: limited(1), IO: func() IO { return IO{} }})
	s.work()
	ch := s.channel()
	_, err := ch.QueueDeclare("first", false, false, false, false, nil)
	s.ok(err)
	s.ok(ch.Publish("", "first", false, false, amqp091.Publishing{Timestamp: s.at.Now()}))
	_, err = ch.QueueDeclarePassive("first", false, false, false, false, nil)
	s.ok(err)
	docs, err := os.ReadFile("../../docs/metrics.md")
	s.ok(err)
	text, err := os.ReadFile("testdata/rabbitmq-4.2.txt")
	s.ok(err)
	known := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[0] == "#" {
			continue
		}
		family, name, kind := fields[0], fields[1], strings.ToUpper(fields[2])
		known[name] = true
		full, path := "rabbitmq_"+name, "/metrics"
		if family != "-" {
			path = "/metrics/detailed?family=" + family
			full = "rabbitmq_detailed_" + name
			if slices.Contains([]string{"vhost_status", "exchange_bindings", "exchange_names"}, family) {
				full = "rabbitmq_cluster_" + name
			}
		}
		found := s.scrape(path).families[full]
		why, out := leftOut[name]
		switch {
		case found == nil && !out:
			t.Errorf("%s is not at %s", full, path)
		case found != nil && out:
			t.Errorf("%s is at %s, though it is to be left out", full, path)
		case found != nil && found.GetType().String() != kind:
			t.Errorf("%s is a %s, want %s", full, found.GetType(), kind)
		case out && (!strings.Contains(string(docs), "`"+name+"`") || !strings.Contains(string(docs), why)):
			t.Errorf("docs/metrics.md does not say that %s is left out, because of %s", name, why)
		}
	}
	for name := range s.scrape("/metrics").families {
		name, ours := strings.CutPrefix(name, "rabbitmq_")
		if ours && !known[name] && !slices.Contains(extra, name) {
			t.Errorf("rabbitmq_%s is no name of RabbitMQ's", name)
		}
	}
}

// TestTheFormatIsClean asks Prometheus' own checker. Some of what it does not like is
// RabbitMQ's.
func TestTheFormatIsClean(t *testing.T) {
	s := newSite(t, Options{DataDir: t.TempDir(), IO: func() IO { return IO{} }})
	s.work()
	for _, path := range []string{"/metrics", "/metrics/per-object", "/metrics/memory-breakdown",
		"/metrics/detailed?family=queue_metrics&family=vhost_status&family=exchange_bindings&family=exchange_names&family=channel_metrics"} {
		problems, err := promlint.New(bytes.NewReader(s.ask("GET", path).Body.Bytes())).Lint()
		s.ok(err)
		for _, p := range problems {
			if p.Text == `counters should have "_total" suffix` && strings.HasPrefix(p.Metric, "go_") {
				continue // the client library's
			}
			t.Errorf("%s: %s: %s", path, p.Metric, p.Text)
		}
	}
}

// TestTheOverviewDashboardHasItsSeries lists what the dashboard "RabbitMQ-Overview" of
// Grafana's site asks for, of RabbitMQ 3.8 to 4.2. All of it is joined with
// rabbitmq_identity_info, as in
//
//	sum(rabbitmq_queue_messages_ready * on(instance) group_left(rabbitmq_cluster, rabbitmq_node)
//	    rabbitmq_identity_info{rabbitmq_cluster="$rabbitmq_cluster"}) by (rabbitmq_node)
//
// so there must be one series of that, and none of the others may have its labels.
func TestTheOverviewDashboardHasItsSeries(t *testing.T) {
	s := newSite(t, Options{DataDir: t.TempDir(), Memory: limited(1)})
	s.work()
	sc := s.scrape("/metrics")
	byProtocol, byType := []string{"protocol"}, []string{"protocol", "queue_type"}
	byFate := []string{"queue_type", "dead_letter_strategy"}
	for _, want := range []struct {
		name, kind string
		labels     []string
	}{
		{"identity_info", "UNTYPED", []string{"rabbitmq_node", "rabbitmq_cluster", "rabbitmq_cluster_permanent_id", "rabbitmq_endpoint"}},
		{"build_info", "UNTYPED", []string{"rabbitmq_version", "prometheus_plugin_version", "prometheus_client_version", "erlang_version", "product_name", "product_version"}},
		{"queue_messages_ready", "GAUGE", nil},
		{"queue_messages_unacked", "GAUGE", nil},
		{"queue_messages", "GAUGE", nil},
		{"queues", "GAUGE", nil},
		{"queues_declared_total", "COUNTER", nil},
		{"queues_created_total", "COUNTER", nil},
		{"queues_deleted_total", "COUNTER", nil},
		{"channels", "GAUGE", nil},
		{"channels_opened_total", "COUNTER", nil},
		{"channels_closed_total", "COUNTER", nil},
		{"connections", "GAUGE", nil},
		{"connections_opened_total", "COUNTER", nil},
		{"connections_closed_total", "COUNTER", nil},
		{"consumers", "GAUGE", nil},
		{"channel_consumers", "GAUGE", nil},
		{"resident_memory_limit_bytes", "GAUGE", nil},
		{"process_resident_memory_bytes", "GAUGE", nil},
		{"disk_space_available_bytes", "GAUGE", nil},
		{"disk_space_available_limit_bytes", "GAUGE", nil},
		{"process_max_fds", "GAUGE", nil},
		{"process_open_fds", "GAUGE", nil},
		{"process_max_tcp_sockets", "GAUGE", nil},
		{"process_open_tcp_sockets", "GAUGE", nil},
		{"erlang_processes_used", "GAUGE", nil},
		{"erlang_uptime_seconds", "GAUGE", nil},
		{"channel_messages_published_total", "COUNTER", nil},
		{"channel_messages_confirmed_total", "COUNTER", nil},
		{"channel_messages_unconfirmed", "GAUGE", nil},
		{"channel_messages_unroutable_dropped_total", "COUNTER", nil},
		{"channel_messages_unroutable_returned_total", "COUNTER", nil},
		{"queue_messages_published_total", "COUNTER", nil},
		{"channel_messages_delivered_total", "COUNTER", nil},
		{"channel_messages_delivered_ack_total", "COUNTER", nil},
		{"channel_messages_redelivered_total", "COUNTER", nil},
		{"channel_messages_acked_total", "COUNTER", nil},
		{"channel_get_total", "COUNTER", nil},
		{"channel_get_ack_total", "COUNTER", nil},
		{"channel_get_empty_total", "COUNTER", nil},
		{"global_messages_received_total", "COUNTER", byProtocol},
		{"global_messages_received_confirm_total", "COUNTER", byProtocol},
		{"global_messages_confirmed_total", "COUNTER", byProtocol},
		{"global_messages_routed_total", "COUNTER", byProtocol},
		{"global_messages_unroutable_dropped_total", "COUNTER", byProtocol},
		{"global_messages_unroutable_returned_total", "COUNTER", byProtocol},
		{"global_publishers", "GAUGE", byProtocol},
		{"global_consumers", "GAUGE", byProtocol},
		{"global_messages_delivered_total", "COUNTER", byType},
		{"global_messages_redelivered_total", "COUNTER", byType},
		{"global_messages_delivered_consume_manual_ack_total", "COUNTER", byType},
		{"global_messages_delivered_consume_auto_ack_total", "COUNTER", byType},
		{"global_messages_delivered_get_manual_ack_total", "COUNTER", byType},
		{"global_messages_delivered_get_auto_ack_total", "COUNTER", byType},
		{"global_messages_get_empty_total", "COUNTER", byType},
		{"global_messages_acknowledged_total", "COUNTER", byType},
		{"global_messages_dead_lettered_maxlen_total", "COUNTER", byFate},
		{"global_messages_dead_lettered_expired_total", "COUNTER", byFate},
		{"alarms_memory_used_watermark", "UNTYPED", nil},
		{"alarms_free_disk_space_watermark", "UNTYPED", nil},
		{"alarms_file_descriptor_limit", "UNTYPED", nil},
	} {
		f := sc.families["rabbitmq_"+want.name]
		if f == nil || len(f.Metric) == 0 {
			t.Errorf("rabbitmq_%s is not there", want.name)
			continue
		}
		var names []string
		for _, l := range f.Metric[0].Label {
			names = append(names, l.GetName())
		}
		if f.GetType().String() != want.kind || !slices.Equal(names, want.labels) {
			t.Errorf("rabbitmq_%s is a %s with labels %v, want %s with %v", want.name, f.GetType(), names, want.kind, want.labels)
		}
		if strings.HasSuffix(want.name, "_info") && len(f.Metric) != 1 {
			t.Errorf("rabbitmq_%s has %d series", want.name, len(f.Metric))
		}
	}
}

func TestWhoThisIs(t *testing.T) {
	s := newSite(t, Options{})
	s.has(s.scrape("/metrics"), `rabbitmq_identity_info{rabbitmq_node="harebell@test",rabbitmq_cluster="harebell@test",rabbitmq_cluster_permanent_id="",rabbitmq_endpoint="aggregated"}`)
	for name, value := range map[string]string{"cluster_name": "shop", ClusterID: "rabbitmq-cluster-id-x"} {
		_, err := s.broker.VHosts.SetGlobal(name, value)
		s.ok(err)
	}
	for path, endpoint := range map[string]string{"": "aggregated", "/per-object": "per-object", "/detailed": "detailed", "/memory-breakdown": "memory-breakdown"} {
		sc := s.scrape("/metrics" + path)
		s.has(sc, fmt.Sprintf(`rabbitmq_identity_info{rabbitmq_node="harebell@test",rabbitmq_cluster="shop",rabbitmq_cluster_permanent_id="rabbitmq-cluster-id-x",rabbitmq_endpoint=%q}`, endpoint))
		if build := labelsOf(sc.families["rabbitmq_build_info"].Metric[0]); !strings.HasPrefix(build, `{rabbitmq_version="4.2.0",prometheus_plugin_version="4.2.0",`) {
			t.Errorf("it is %s", build)
		}
	}
}

// has sees that a series is 1.
func (s *site) has(sc scrape, series string) {
	s.Helper()
	if sc.value(series) != 1 {
		s.Errorf("%s is not 1 in %v", series, slices.SortedFunc(func(yield func(string) bool) {
			for name := range sc.series() {
				if strings.HasPrefix(name, "rabbitmq_identity") && !yield(name) {
					return
				}
			}
		}, cmp.Compare[string]))
	}
}

// limited is a watch with a limit.
func limited(octets int64) *watermark.Watch {
	w := new(watermark.Watch)
	w.SetLimit(octets)
	return w
}
