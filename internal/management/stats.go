package management

import (
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// The names of what is counted, in the order of the functions below.
var (
	queueCounts = []string{
		"publish", "deliver", "deliver_no_ack", "get", "get_no_ack", "get_empty", "deliver_get", "redeliver", "ack",
	}
	drainCounts   = queueCounts[1:]
	channelCounts = append([]string{"confirm", "return_unroutable", "drop_unroutable"}, queueCounts...)
	flowCounts    = []string{"publish_in", "publish_out"}
	churnCounts   = []string{"connection_created", "connection_closed", "channel_created", "channel_closed", "queue_declared", "queue_created", "queue_deleted"}
)

func countsOfQueue(c queue.Counts) []int64 {
	return signed(c.Published, c.Delivered, c.DeliveredNoAck, c.Got, c.GotNoAck, c.GetEmpty,
		c.Delivered+c.DeliveredNoAck+c.Got+c.GotNoAck, c.Redelivered, c.Acked)
}

func countsOfChannel(c server.Counts) []int64 {
	return signed(c.Confirmed, c.Returned, c.Dropped,
		c.Published, c.Delivered, c.DeliveredNoAck, c.Got, c.GotNoAck, c.GetEmpty,
		c.Delivered+c.DeliveredNoAck+c.Got+c.GotNoAck, c.Redelivered, c.Acked)
}

func countsOfFlow(f vhost.Flow) []int64 { return signed(f.In, f.Out) }

func countsOfChurn(c server.Churn, q vhost.Churn) []int64 {
	return signed(c.ConnectionsOpened, c.ConnectionsClosed, c.ChannelsOpened, c.ChannelsClosed, q.Declared, q.Created, q.Deleted)
}

func countsOfLevels(ready, unacked int) []int64 {
	return []int64{int64(ready + unacked), int64(ready), int64(unacked)}
}

func signed(counts ...uint64) []int64 {
	list := make([]int64, len(counts))
	for i, n := range counts {
		list[i] = int64(n)
	}
	return list
}

// tally returns counts with their rates.
func (s *Server) tally(of subject, names []string, counts []int64) tally {
	return tally{names, counts, s.rates.take(of, counts)}
}

// activity is tally, or nil if nothing was counted yet.
//
// rabbitmq: there is no message_stats until there is traffic
func (s *Server) activity(of subject, names []string, counts []int64) *tally {
	t := s.tally(of, names, counts)
	if !t.any() {
		return nil
	}
	return &t
}

// messageLevels are how many messages there are.
type messageLevels struct {
	Messages                      int  `json:"messages"`
	MessagesDetails               rate `json:"messages_details"`
	MessagesReady                 int  `json:"messages_ready"`
	MessagesReadyDetails          rate `json:"messages_ready_details"`
	MessagesUnacknowledged        int  `json:"messages_unacknowledged"`
	MessagesUnacknowledgedDetails rate `json:"messages_unacknowledged_details"`
}

func (s *Server) levels(of subject, ready, unacked int) messageLevels {
	return levelsAt(ready, unacked, s.rates.take(of, countsOfLevels(ready, unacked)))
}

func levelsAt(ready, unacked int, rates []float64) messageLevels {
	return messageLevels{
		Messages: ready + unacked, MessagesDetails: rate{rates[0]},
		MessagesReady: ready, MessagesReadyDetails: rate{rates[1]},
		MessagesUnacknowledged: unacked, MessagesUnacknowledgedDetails: rate{rates[2]},
	}
}

// ofQueue returns how many messages there are in a queue, and what has happened there:
// nil for nothing. They are sampled as one, as there may be many queues.
func (s *Server) ofQueue(id uint64, info queue.Info) (messageLevels, *tally) {
	levels, counts := countsOfLevels(info.Ready, info.Unacked), countsOfQueue(info.Counts)
	rates := s.rates.take(subject{kind: "queue", id: id}, append(levels, counts...))
	t := &tally{queueCounts, counts, rates[len(levels):]}
	if !t.any() {
		t = nil
	}
	return levelsAt(info.Ready, info.Unacked, rates), t
}
