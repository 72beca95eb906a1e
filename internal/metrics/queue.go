package metrics

import (
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// A queueRow is what there is to say of a queue, or of all.
type queueRow struct{ queue.Info }

// queueColumns are of queues.
var queueColumns = []column[queueRow]{
	{"queue_coarse_metrics", "queue_messages_ready", gauge, "Messages that wait for a consumer",
		func(q *queueRow) float64 { return float64(q.Ready) }},
	{"queue_coarse_metrics", "queue_messages_unacked", gauge, "Messages that were delivered and are not acknowledged yet",
		func(q *queueRow) float64 { return float64(q.Unacked) }},
	{"queue_coarse_metrics", "queue_messages", gauge, "Messages in all: ready and unacknowledged",
		func(q *queueRow) float64 { return float64(q.Ready + q.Unacked) }},

	consumers("queue_metrics"),
	{"queue_metrics", "queue_process_memory_bytes", gauge, "Memory that the messages of a queue take, but for those that are unacknowledged",
		func(q *queueRow) float64 { return float64(q.Resident) }},
	{"queue_metrics", "queue_messages_bytes", gauge, "Size of the bodies of ready and unacknowledged messages",
		func(q *queueRow) float64 { return float64(q.ReadyBytes + q.UnackedBytes) }},
	{"queue_metrics", "queue_messages_ready_bytes", gauge, "Size of the bodies of ready messages",
		func(q *queueRow) float64 { return float64(q.ReadyBytes) }},
	{"queue_metrics", "queue_messages_unacked_bytes", gauge, "Size of the bodies of unacknowledged messages",
		func(q *queueRow) float64 { return float64(q.UnackedBytes) }},
	{"queue_metrics", "queue_head_message_timestamp", gauge, "Timestamp property of the first message that is ready, if it has one",
		func(q *queueRow) float64 {
			if q.Head == 0 {
				return none
			}
			return float64(q.Head)
		}},

	{"queue_delivery_metrics", "queue_get_ack_total", counter, "Messages that were fetched from a queue with basic.get, to be acknowledged",
		func(q *queueRow) float64 { return float64(q.Counts.Got) }},
	{"queue_delivery_metrics", "queue_get_total", counter, "Messages that were fetched from a queue with basic.get, without acknowledgement",
		func(q *queueRow) float64 { return float64(q.Counts.GotNoAck) }},
	{"queue_delivery_metrics", "queue_messages_delivered_ack_total", counter, "Messages that a queue has delivered to consumers that are to acknowledge them",
		func(q *queueRow) float64 { return float64(q.Counts.Delivered) }},
	{"queue_delivery_metrics", "queue_messages_delivered_total", counter, "Messages that a queue has delivered to consumers without acknowledgement",
		func(q *queueRow) float64 { return float64(q.Counts.DeliveredNoAck) }},
	{"queue_delivery_metrics", "queue_messages_redelivered_total", counter, "Messages that a queue has delivered again",
		func(q *queueRow) float64 { return float64(q.Counts.Redelivered) }},
	{"queue_delivery_metrics", "queue_messages_acked_total", counter, "Messages of a queue that consumers have acknowledged",
		func(q *queueRow) float64 { return float64(q.Counts.Acked) }},
	{"queue_delivery_metrics", "queue_get_empty_total", counter, "How often basic.get found no message in a queue",
		func(q *queueRow) float64 { return float64(q.Counts.GetEmpty) }},
}

// consumers is the column of consumers, which is in two families.
func consumers(family string) column[queueRow] {
	return column[queueRow]{family, "queue_consumers", gauge, "Consumers of a queue", func(q *queueRow) float64 { return float64(q.Consumers) }}
}

// consumerCount is a family for who wants no more of queue_metrics.
const consumerCount = "queue_consumer_count"

var consumerColumns = []column[queueRow]{consumers(consumerCount)}

// publishedColumns are of queues, and have labels of their own.
var publishedColumns = []column[queueRow]{
	{"channel_queue_exchange_metrics", "queue_messages_published_total", counter, "Messages that were published into a queue",
		func(q *queueRow) float64 { return float64(q.Counts.Published) }},
}

// infoColumns are what is said of queues that never changes.
var infoColumns = []column[queueRow]{
	{"", "queue_info", gauge, "1, with labels that say something of a queue", func(*queueRow) float64 { return 1 }},
}

// queueTypes are RabbitMQ's names of types.
var queueTypes = []struct {
	queue.Type
	name string
}{
	{queue.Classic, "rabbit_classic_queue"}, {queue.Quorum, "rabbit_quorum_queue"}, {queue.Stream, "rabbit_stream_queue"},
}

// queueRows looks at queues, one after the other.
func queueRows(queues []vhost.CountedQueue) []row[queueRow] {
	rows := make([]row[queueRow], len(queues))
	for i, q := range queues {
		rows[i] = row[queueRow]{of: queueRow{q.Info()}}
	}
	return rows
}

// The labels of queues: those that tell one from others, the same where RabbitMQ tells of
// exchanges as well, and those of queue_info.
//
// rabbitmq: membership, of which there is one without a cluster
var (
	queueLabels     = []string{"vhost", "queue"}
	publishedLabels = []string{"queue_vhost", "queue"}
	infoLabels      = []string{"vhost", "queue", "queue_type", "membership"}
)

// labelOf returns one of these labels of a queue.
func labelOf(q *vhost.CountedQueue, i int) string {
	switch i {
	case 0:
		return q.VHost
	case 1:
		return q.Name
	case 2:
		return typeName(q.Declaration().Type())
	}
	return "leader"
}

func typeName(t queue.Type) string {
	for _, known := range queueTypes {
		if known.Type == t {
			return known.name
		}
	}
	return string(t)
}

// allQueues are the sum of queues, and of what has happened in those that are gone.
func allQueues(rows []row[queueRow], gone map[queue.Type]queue.Counts) queueRow {
	var all queueRow
	for i := range rows {
		q := &rows[i].of
		all.Ready += q.Ready
		all.ReadyBytes += q.ReadyBytes
		all.Unacked += q.Unacked
		all.UnackedBytes += q.UnackedBytes
		all.Consumers += q.Consumers
		all.Resident += q.Resident
		all.Counts = all.Counts.Plus(q.Counts)
	}
	for _, counts := range gone {
		all.Counts = all.Counts.Plus(counts)
	}
	return all
}
