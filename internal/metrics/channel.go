package metrics

import (
	"fmt"

	"github.com/harebellmq/harebell/amqp/server"
)

// channelColumns are of channels.
var channelColumns = []column[server.ChannelInfo]{
	{"channel_metrics", "channel_consumers", gauge, "Consumers on a channel",
		func(c *server.ChannelInfo) float64 { return float64(c.Consumers) }},
	{"channel_metrics", "channel_messages_unacked", gauge, "Messages that were delivered on a channel and are not acknowledged yet",
		func(c *server.ChannelInfo) float64 { return float64(c.Unacked) }},
	{"channel_metrics", "channel_messages_unconfirmed", gauge, "Messages that were published on a channel and are not confirmed yet",
		func(c *server.ChannelInfo) float64 { return float64(c.Unconfirmed) }},
	{"channel_metrics", "channel_messages_uncommitted", gauge, "Messages of a transaction that is open",
		func(c *server.ChannelInfo) float64 { return float64(c.Uncommitted) }},
	{"channel_metrics", "channel_acks_uncommitted", gauge, "Acknowledgements of a transaction that is open",
		func(c *server.ChannelInfo) float64 { return float64(c.AcksToCommit) }},
	{"channel_metrics", "consumer_prefetch", gauge, "How many messages each consumer to come may have unacknowledged",
		func(c *server.ChannelInfo) float64 { return float64(c.Prefetch) }},
	{"channel_metrics", "channel_prefetch", gauge, "How many messages all consumers of a channel together may have unacknowledged",
		func(c *server.ChannelInfo) float64 { return float64(c.GlobalPrefetch) }},

	{"channel_exchange_metrics", "channel_messages_published_total", counter, "Messages that were published on a channel",
		func(c *server.ChannelInfo) float64 { return float64(c.Counts.Published) }},
	{"channel_exchange_metrics", "channel_messages_confirmed_total", counter, "Messages that were published on a channel and confirmed",
		func(c *server.ChannelInfo) float64 { return float64(c.Counts.Confirmed) }},
	{"channel_exchange_metrics", "channel_messages_unroutable_returned_total", counter, "Messages that were published as mandatory, and came back as no queue wanted them",
		func(c *server.ChannelInfo) float64 { return float64(c.Counts.Returned) }},
	{"channel_exchange_metrics", "channel_messages_unroutable_dropped_total", counter, "Messages that were dropped as no queue wanted them",
		func(c *server.ChannelInfo) float64 { return float64(c.Counts.Dropped) }},

	{"channel_queue_metrics", "channel_get_ack_total", counter, "Messages that were fetched with basic.get, to be acknowledged",
		func(c *server.ChannelInfo) float64 { return float64(c.Counts.Got) }},
	{"channel_queue_metrics", "channel_get_total", counter, "Messages that were fetched with basic.get, without acknowledgement",
		func(c *server.ChannelInfo) float64 { return float64(c.Counts.GotNoAck) }},
	{"channel_queue_metrics", "channel_messages_delivered_ack_total", counter, "Messages that were delivered to consumers that are to acknowledge them",
		func(c *server.ChannelInfo) float64 { return float64(c.Counts.Delivered) }},
	{"channel_queue_metrics", "channel_messages_delivered_total", counter, "Messages that were delivered to consumers without acknowledgement",
		func(c *server.ChannelInfo) float64 { return float64(c.Counts.DeliveredNoAck) }},
	{"channel_queue_metrics", "channel_messages_redelivered_total", counter, "Messages that were delivered again",
		func(c *server.ChannelInfo) float64 { return float64(c.Counts.Redelivered) }},
	{"channel_queue_metrics", "channel_messages_acked_total", counter, "Messages that consumers have acknowledged",
		func(c *server.ChannelInfo) float64 { return float64(c.Counts.Acked) }},
	{"channel_queue_metrics", "channel_get_empty_total", counter, "How often basic.get found no message",
		func(c *server.ChannelInfo) float64 { return float64(c.Counts.GetEmpty) }},
}

// channelRows looks at all channels. They are called as the management API calls them.
//
// rabbitmq: label channel, which has the name of a process there
func (s *Server) channelRows() []row[server.ChannelInfo] {
	var rows []row[server.ChannelInfo]
	for c := range s.broker.Channels(func(*server.ConnectionInfo) bool { return true }) {
		rows = append(rows, row[server.ChannelInfo]{
			labels: labels(label{"channel", fmt.Sprintf("%s (%d)", c.Connection.Name, c.Number)}), of: c,
		})
	}
	return rows
}

// allChannels are the sum of channels, and of what has happened on those that have ended.
func (s *Server) allChannels(rows []row[server.ChannelInfo]) server.ChannelInfo {
	var all server.ChannelInfo
	for i := range rows {
		c := &rows[i].of
		all.Consumers += c.Consumers
		all.Unacked += c.Unacked
		all.Unconfirmed += c.Unconfirmed
		all.Uncommitted += c.Uncommitted
		all.AcksToCommit += c.AcksToCommit
		all.Prefetch += c.Prefetch
		all.GlobalPrefetch += c.GlobalPrefetch
	}
	all.Counts, _ = s.broker.Totals()
	return all
}
