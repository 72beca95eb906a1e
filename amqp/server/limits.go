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

// SetLimits changes the limits of a server that serves. What is open stays so.
func (s *Server) SetLimits(l Limits) { s.newLimits.Store(&l) }

// SetChannelMax changes how many channels a connection may have that is opened from now
// on; 0 means DefaultChannelMax.
func (s *Server) SetChannelMax(most uint16) { s.newChannelMax.Store(&most) }

// limits are those in force.
func (s *Server) limits() Limits {
	if l := s.newLimits.Load(); l != nil {
		return *l
	}
	return s.Limits
}

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
	if most := s.limits().Connections; !enter(&s.opened.connections, most) {
		return amqp.Errorf(amqp.NotAllowed, "connection refused: node connection limit (%d) is reached", most)
	}
	return nil
}

// enterChannel counts a channel that opens.
//
// rabbitmq: the number has no parentheses from 4.2 on
func (s *Server) enterChannel() error {
	if most := s.limits().Channels; !enter(&s.opened.channels, most) {
		return amqp.Errorf(amqp.NotAllowed, "number of channels opened on node '%s' has reached the maximum allowed limit of %d", s.Node, most)
	}
	return nil
}

// moreConsumers looks whether the channel may have one more consumer.
func (ch *channel) moreConsumers() error {
	if most := ch.conn.server.limits().ConsumersPerChannel; most > 0 && len(ch.consumers) >= most {
		return amqp.Errorf(amqp.NotAllowed, "reached maximum (%d) of consumers per channel", most)
	}
	return nil
}
