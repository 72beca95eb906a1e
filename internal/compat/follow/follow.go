// Package follow has the rooms of a broker follow the rules of a series of
// RabbitMQ. The rooms themselves know only what they are to do.
package follow

import (
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/compat"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/vhost"
)

// InVHosts has the virtual hosts follow rules. It must be called before they are
// opened.
func InVHosts(r compat.Rules, b *vhost.Broker) {
	b.RefuseTransient = r.RefuseTransient
	b.RefuseQueueMode = r.RefuseQueueMode
	b.TwoHashes = r.TwoHashes
	b.DropCC = r.DropCC
	b.Quorum = queue.QuorumManner{NoDeliveryLimit: r.NoDeliveryLimit, CountFirst: r.CountFirst, OnePriority: r.OnePriority}
	b.DeathHeaders = queue.DeathHeaders{Continue: r.ContinueDeaths, NoLast: r.NoLastDeath}
}

// InServer has the server follow rules, but for the version it presents and the
// largest body, which may be configured. It must be called before it serves.
func InServer(r compat.Rules, s *server.Server) {
	s.PerConsumerQos = r.PerConsumerQos
	s.ReturnReplies = r.ReturnReplies
	s.NoConsumerTimeout = r.NoConsumerTimeout
}
