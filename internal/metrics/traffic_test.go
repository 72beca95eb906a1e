package metrics

import (
	"maps"
	"slices"
	"strings"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/internal/auth"
)

func userWithTag(name, tag string) auth.User {
	return auth.User{Name: name, Tags: []string{tag}}.WithPassword(name)
}

// work has two channels do a little of everything. It leaves them open, and returns them
// with their connection.
func (s *site) work() (c *amqp091.Connection, ch, confirming *amqp091.Channel) {
	s.Helper()
	c = s.connect()
	ch, err := c.Channel()
	s.ok(err)
	declare := func(name string, arguments amqp091.Table) {
		s.Helper()
		_, err := ch.QueueDeclare(name, true, false, false, false, arguments)
		s.ok(err)
	}
	publish := func(n int, exchange, key, body string) {
		s.Helper()
		for range n {
			s.ok(ch.Publish(exchange, key, false, false, amqp091.Publishing{Body: []byte(body)}))
		}
	}
	get := func(queue string, noAck bool) amqp091.Delivery {
		s.Helper()
		d, found, err := ch.Get(queue, noAck)
		s.ok(err)
		if !found {
			s.Fatalf("nothing in %s", queue)
		}
		return d
	}
	declare("classic", nil)
	declare("classic", nil)
	_, err = ch.QueueDeclarePassive("classic", true, false, false, false, nil)
	s.ok(err)
	declare("quorum", amqp091.Table{"x-queue-type": "quorum", "x-dead-letter-exchange": "gone"})
	declare("short", amqp091.Table{"x-dead-letter-exchange": "amq.fanout", "x-max-length": 2})
	declare("dead", nil)
	s.ok(ch.QueueBind("dead", "", "amq.fanout", false, nil))
	declare("deleted", nil)
	publish(1, "", "deleted", "x")
	_, err = ch.QueueDelete("deleted", false, false, false)
	s.ok(err)
	publish(5, "", "classic", "abc")
	publish(4, "", "short", "abc")
	publish(1, "", "nowhere", "x")
	publish(1, "amq.fanout", "", "xx")
	publish(3, "", "quorum", "abc")

	confirming, err = c.Channel()
	s.ok(err)
	s.ok(confirming.Confirm(false))
	for _, p := range []struct {
		key       string
		mandatory bool
	}{{"classic", false}, {"nowhere", true}} {
		confirm, err := confirming.PublishWithDeferredConfirm("", p.key, p.mandatory, false, amqp091.Publishing{Body: []byte("q")})
		s.ok(err)
		if !confirm.Wait() {
			s.Fatal("not confirmed")
		}
	}

	s.ok(get("classic", false).Ack(false))
	get("classic", true)
	s.ok(get("classic", false).Nack(false, true))
	get("classic", false)
	get("dead", false)
	s.ok(get("quorum", false).Reject(false))
	s.ok(ch.Qos(10, 0, false))
	deliveries, err := ch.Consume("classic", "", true, false, false, false, nil)
	s.ok(err)
	for range 3 {
		<-deliveries
	}
	if _, found, err := ch.Get("classic", true); found || err != nil {
		s.Fatalf("something is left, or %v", err)
	}
	return c, ch, confirming
}

// TestCountersSayWhatWasDone compares with what RabbitMQ has said after the same. Where it
// differs is written beside it.
func TestCountersSayWhatWasDone(t *testing.T) {
	s := newSite(t, Options{})
	s.work()
	s.scrape("/metrics").has(map[string]float64{
		"rabbitmq_connections":                                                   1,
		"rabbitmq_channels":                                                      2,
		"rabbitmq_consumers":                                                     1,
		"rabbitmq_queues":                                                        4,
		"rabbitmq_connections_opened_total":                                      1,
		"rabbitmq_connections_closed_total":                                      0,
		"rabbitmq_channels_opened_total":                                         2,
		"rabbitmq_channels_closed_total":                                         0,
		"rabbitmq_queues_declared_total":                                         6,
		"rabbitmq_queues_created_total":                                          5,
		"rabbitmq_queues_deleted_total":                                          1,
		"rabbitmq_queue_messages_ready":                                          6,
		"rabbitmq_queue_messages_unacked":                                        2,
		"rabbitmq_queue_messages":                                                8,
		"rabbitmq_queue_consumers":                                               1,
		"rabbitmq_queue_messages_bytes":                                          23,
		"rabbitmq_queue_messages_ready_bytes":                                    17,
		"rabbitmq_queue_messages_unacked_bytes":                                  6,
		"rabbitmq_channel_consumers":                                             1,
		"rabbitmq_channel_messages_unacked":                                      2,
		"rabbitmq_channel_messages_unconfirmed":                                  0,
		"rabbitmq_consumer_prefetch":                                             10,
		"rabbitmq_channel_messages_published_total":                              17,
		"rabbitmq_channel_messages_confirmed_total":                              2,
		"rabbitmq_channel_messages_unroutable_returned_total":                    1,
		"rabbitmq_channel_messages_unroutable_dropped_total":                     1,
		"rabbitmq_channel_get_ack_total":                                         5,
		"rabbitmq_channel_get_total":                                             1,
		"rabbitmq_channel_messages_delivered_total":                              3,
		"rabbitmq_channel_messages_delivered_ack_total":                          0,
		"rabbitmq_channel_messages_redelivered_total":                            1,
		"rabbitmq_channel_messages_acked_total":                                  1,
		"rabbitmq_channel_get_empty_total":                                       1,
		"rabbitmq_connection_channels":                                           2,
		"rabbitmq_queue_messages_published_total":                                17, // with what was dead-lettered; RabbitMQ: 16, with what had no queue and without what was deleted
		"rabbitmq_exchange_messages_published_total":                             17,
		"rabbitmq_queue_messages_delivered_total":                                3,
		"rabbitmq_queue_get_ack_total":                                           5,
		`rabbitmq_global_consumers{protocol="amqp091"}`:                          1,
		`rabbitmq_global_publishers{protocol="amqp091"}`:                         2,
		`rabbitmq_global_messages_received_total{protocol="amqp091"}`:            17,
		`rabbitmq_global_messages_received_confirm_total{protocol="amqp091"}`:    2,
		`rabbitmq_global_messages_confirmed_total{protocol="amqp091"}`:           2,
		`rabbitmq_global_messages_routed_total{protocol="amqp091"}`:              15,
		`rabbitmq_global_messages_unroutable_dropped_total{protocol="amqp091"}`:  1,
		`rabbitmq_global_messages_unroutable_returned_total{protocol="amqp091"}`: 1,
		`rabbitmq_global_messages_acknowledged_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:                                  1,
		`rabbitmq_global_messages_delivered_consume_auto_ack_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:                    3,
		`rabbitmq_global_messages_delivered_get_auto_ack_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:                        1,
		`rabbitmq_global_messages_delivered_get_manual_ack_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:                      4,
		`rabbitmq_global_messages_delivered_get_manual_ack_total{protocol="amqp091",queue_type="rabbit_quorum_queue"}`:                       1,
		`rabbitmq_global_messages_delivered_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:                                     8,
		`rabbitmq_global_messages_delivered_total{protocol="amqp091",queue_type="rabbit_quorum_queue"}`:                                      1,
		`rabbitmq_global_messages_delivered_total{protocol="amqp091",queue_type="rabbit_stream_queue"}`:                                      0,
		`rabbitmq_global_messages_get_empty_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:                                     1,
		`rabbitmq_global_messages_redelivered_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:                                   1,
		`rabbitmq_global_messages_dead_lettered_maxlen_total{queue_type="rabbit_classic_queue",dead_letter_strategy="at_most_once"}`:         2,
		`rabbitmq_global_messages_dead_lettered_rejected_total{queue_type="rabbit_quorum_queue",dead_letter_strategy="disabled"}`:            1,
		`rabbitmq_global_messages_dead_lettered_confirmed_total{queue_type="rabbit_quorum_queue",dead_letter_strategy="at_least_once"}`:      0,
		`rabbitmq_global_messages_dead_lettered_delivery_limit_total{queue_type="rabbit_quorum_queue",dead_letter_strategy="at_least_once"}`: 0,
		`rabbitmq_auth_attempts_total{protocol="amqp091"}`:                                                                                   1,
		`rabbitmq_auth_attempts_succeeded_total{protocol="amqp091"}`:                                                                         1,
		`rabbitmq_auth_attempts_failed_total{protocol="amqp091"}`:                                                                            0,
	})
}

// TestCountersOnlyGrow takes away, one after the other, what they have counted.
func TestCountersOnlyGrow(t *testing.T) {
	s := newSite(t, Options{})
	_, err := s.broker.VHosts.Create("other")
	s.ok(err)
	c, ch, confirming := s.work()
	s.ok(ch.ExchangeDeclare("x", "fanout", false, false, false, false, nil))
	s.ok(ch.QueueBind("classic", "", "x", false, nil))
	s.ok(ch.Publish("x", "", false, false, amqp091.Publishing{}))
	_, err = ch.QueueDeclare("stream", true, false, false, false, amqp091.Table{"x-queue-type": "stream"})
	s.ok(err)
	before := s.counters()
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"an exchange goes", func() error { return ch.ExchangeDelete("x", false, false) }},
		{"a queue goes", func() error { _, err := ch.QueueDelete("classic", false, false, false); return err }},
		{"another goes", func() error { _, err := ch.QueueDelete("quorum", false, false, false); return err }},
		{"a channel goes", confirming.Close},
		{"the connection goes", func() error {
			if err := c.Close(); err != nil {
				return err
			}
			return s.at.Await(t.Context(), func() bool { return len(s.broker.Connections()) == 0 })
		}},
		{"a virtual host goes", func() error { return s.broker.VHosts.Delete("", "other") }},
		{"and the other one", func() error { return s.broker.VHosts.Delete("", "/") }},
	} {
		s.ok(step.do())
		after := s.counters()
		for _, series := range slices.Sorted(maps.Keys(before)) {
			if now, there := after[series]; !there || now < before[series] {
				t.Errorf("when %s: %s went from %v to %v (%v)", step.name, series, before[series], now, there)
			}
		}
		before = after
	}
	now := s.scrape("/metrics")
	now.has(map[string]float64{
		"rabbitmq_queues": 0, "rabbitmq_queues_created_total": 6, "rabbitmq_queues_deleted_total": 6, "rabbitmq_queue_messages": 0,
		"rabbitmq_exchange_messages_published_total": 18, "rabbitmq_channel_messages_published_total": 18, "rabbitmq_queue_messages_published_total": 18,
		"rabbitmq_connections_closed_total": 1, "rabbitmq_channels_closed_total": 2,
		`rabbitmq_global_messages_routed_total{protocol="amqp091"}`:                                                  16,
		`rabbitmq_global_messages_delivered_total{protocol="amqp091",queue_type="rabbit_quorum_queue"}`:              1,
		`rabbitmq_global_messages_get_empty_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:             1,
		`rabbitmq_global_publishers{protocol="amqp091"}`:                                                             0,
		`rabbitmq_global_messages_acknowledged_total{protocol="amqp091",queue_type="rabbit_classic_queue"}`:          1,
		`rabbitmq_global_messages_delivered_get_auto_ack_total{protocol="amqp091",queue_type="rabbit_quorum_queue"}`: 0,
	})
	if now.value("rabbitmq_connection_incoming_bytes_total") < 500 || now.value("rabbitmq_connection_outgoing_packets_total") < 5 {
		t.Error("what has gone over the connection is forgotten")
	}
}

// counters returns those of RabbitMQ's names.
func (s *site) counters() map[string]float64 {
	all := make(map[string]float64)
	sc := s.scrape("/metrics")
	for series, v := range sc.series() {
		name, _, _ := strings.Cut(series, "{")
		if strings.HasPrefix(name, "rabbitmq_") && sc.families[name].GetType().String() == "COUNTER" {
			all[series] = v
		}
	}
	return all
}

func TestDeathsAreCountedByReasonAndFate(t *testing.T) {
	s := newSite(t, Options{})
	ch := s.channel()
	declare := func(name string, arguments amqp091.Table) {
		t.Helper()
		_, err := ch.QueueDeclare(name, true, false, false, false, arguments)
		s.ok(err)
	}
	declare("graves", nil)
	s.ok(ch.QueueBind("graves", "", "amq.fanout", false, nil))
	declare("rejected", nil)
	declare("short", amqp091.Table{"x-max-length": 1})
	declare("full", amqp091.Table{"x-max-length": 1, "x-overflow": "reject-publish-dlx", "x-dead-letter-exchange": "amq.fanout"})
	declare("expired", amqp091.Table{"x-message-ttl": 0, "x-dead-letter-exchange": "amq.fanout"})
	declare("tired", amqp091.Table{"x-queue-type": "quorum", "x-delivery-limit": 1, "x-dead-letter-exchange": "amq.fanout"})
	declare("kept", amqp091.Table{"x-queue-type": "quorum", "x-dead-letter-exchange": "amq.fanout", "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"})
	for queue, n := range map[string]int{"rejected": 1, "short": 3, "full": 4, "expired": 2, "tired": 1, "kept": 2} {
		for range n {
			s.ok(ch.Publish("", queue, false, false, amqp091.Publishing{}))
		}
	}
	take := func(queue string, requeue bool) {
		t.Helper()
		d, found, err := ch.Get(queue, false)
		s.ok(err)
		if !found {
			t.Fatalf("nothing in %s", queue)
		}
		s.ok(d.Nack(false, requeue))
	}
	take("rejected", false)
	take("tired", true)
	take("tired", true)
	take("kept", false)
	take("kept", false)
	_, err := ch.QueueDeclarePassive("kept", true, false, false, false, nil) // and all is done
	s.ok(err)
	s.ok(s.at.Await(t.Context(), func() bool { return s.broker.VHosts.Burials().Arrived() == 2 }))
	s.scrape("/metrics").has(map[string]float64{
		`rabbitmq_global_messages_dead_lettered_rejected_total{queue_type="rabbit_classic_queue",dead_letter_strategy="disabled"}`:          1,
		`rabbitmq_global_messages_dead_lettered_maxlen_total{queue_type="rabbit_classic_queue",dead_letter_strategy="disabled"}`:            2,
		`rabbitmq_global_messages_dead_lettered_maxlen_total{queue_type="rabbit_classic_queue",dead_letter_strategy="at_most_once"}`:        3,
		`rabbitmq_global_messages_dead_lettered_expired_total{queue_type="rabbit_classic_queue",dead_letter_strategy="at_most_once"}`:       2,
		`rabbitmq_global_messages_dead_lettered_delivery_limit_total{queue_type="rabbit_quorum_queue",dead_letter_strategy="at_most_once"}`: 1,
		`rabbitmq_global_messages_dead_lettered_rejected_total{queue_type="rabbit_quorum_queue",dead_letter_strategy="at_least_once"}`:      2,
		`rabbitmq_global_messages_dead_lettered_confirmed_total{queue_type="rabbit_quorum_queue",dead_letter_strategy="at_least_once"}`:     2,
	})
}
