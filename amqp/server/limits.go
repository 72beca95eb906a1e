package server

import (
	"sync/atomic"

	"github.com/harebellmq/harebell/amqp"
)

// Limits are how many there may be of what clients open. 0 is no limit.
type Limits struct {
	Connections         int // rabbitmq: connection_max
	Channels            int // of all connections; rabbitmq: channel_max_per_node
	ConsumersPerChannel int // rabbitmq: consumer_max_per_channel
}

// opened counts what is open.
type opened struct{ connections, channels atomic.Int64 }

// enter counts one that opens, unless there would be more than most; 0 is no limit.
func enter(count *atomic.Int64, most int) (ok bool) {
	if n := count.Add(1); most > 0 && n > int64(most) {
		count.Add(-1)
		return false
	}
	return true
}

// enter counts a connection that opens.
func (s *Server) enter() error {
	if !enter(&s.opened.connections, s.Limits.Connections) {
		return amqp.Errorf(amqp.NotAllowed, "connection refused: node connection limit (%d) is reached", s.Limits.Connections)
	}
	return nil
}

// enterChannel counts a channel that opens.
//
// rabbitmq: the number has no parentheses from 4.2 on
func (s *Server) enterChannel() error {
	if !enter(&s.opened.channels, s.Limits.Channels) {
		return amqp.Errorf(amqp.NotAllowed, "number of channels opened on node '%s' has reached the maximum allowed limit of %d", s.Node, s.Limits.Channels)
	}
	return nil
}

// moreConsumers looks whether the channel may have one more consumer.
func (ch *channel) moreConsumers() error {
	if most := ch.conn.server.Limits.ConsumersPerChannel; most > 0 && len(ch.consumers) >= most {
		return amqp.Errorf(amqp.NotAllowed, "reached maximum (%d) of consumers per channel", most)
	}
	return nil
}
