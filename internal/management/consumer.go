package management

import (
	"iter"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/amqpjson"
	"github.com/harebellmq/harebell/vhost"
)

// A consumer is how a consumer is shown.
type consumer struct {
	Queue          objectRef      `json:"queue"`
	Tag            string         `json:"consumer_tag"`
	AckRequired    bool           `json:"ack_required"`
	Exclusive      bool           `json:"exclusive"`
	Active         bool           `json:"active"`
	ActivityStatus string         `json:"activity_status"`
	PrefetchCount  int            `json:"prefetch_count"`
	Arguments      amqpjson.Table `json:"arguments"`
	Timeout        int64          `json:"consumer_timeout,omitempty"` // milliseconds
	Channel        consuming      `json:"channel_details"`
}

// consuming is the channel of a consumer.
type consuming struct {
	Name           string `json:"name"`
	Number         uint16 `json:"number"`
	ConnectionName string `json:"connection_name"`
	ClientName     string `json:"user_provided_name,omitempty"` // RabbitMQ does not say it here
	Node           string `json:"node"`
	PeerHost       string `json:"peer_host"`
	PeerPort       int    `json:"peer_port"`
	User           string `json:"user"`
}

// channelOn names a channel of a connection.
func (s *Server) channelOn(at *server.ConnectionInfo, channel uint16) consuming {
	return consuming{channelName(at.Name, channel), channel, at.Name, at.ClientName, s.node, at.Peer.Host, at.Peer.Port, at.User}
}

func (s *Server) showConsumer(q plainQueue, info server.ConsumerInfo) consumer {
	status := "up"
	switch {
	case info.Single && info.Active:
		status = "single_active"
	case info.Single:
		status = "waiting"
	}
	return consumer{
		Queue: objectRef{q.Name, q.VHost}, Tag: info.Tag, AckRequired: !info.NoAck, Exclusive: info.Exclusive,
		Active: info.Active, ActivityStatus: status, PrefetchCount: info.Prefetch,
		Arguments: amqpjson.Table(info.Arguments), Timeout: info.Timeout.Milliseconds(),
		Channel: s.channelOn(info.Connection, info.Channel),
	}
}

// consumersOf are the consumers of the queues of a virtual host.
func (s *Server) consumersOf(_ *call, v *vhost.VirtualHost) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, name := range v.Queues() {
			q := v.Find(name)
			if q == nil {
				continue // it has gone meanwhile
			}
			shown := plainQueue{Name: name, VHost: v.Name()}
			for _, info := range server.Consumers(q) {
				if !yield(s.showConsumer(shown, info)) {
					return
				}
			}
		}
	}
}

func (s *Server) listConsumers(c *call) error { return c.list(s.inVHosts(c, s.consumersOf)) }

func (s *Server) listVHostConsumers(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error { return c.list(s.consumersOf(c, v)) })
}
