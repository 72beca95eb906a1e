package vhost

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
)

// delayName begins the names of what holds messages back. No client may declare a
// queue of that name, and the default exchange does not know it.
const delayName = "amq.delayed."

// newDelay makes what holds back the messages of an exchange.
func (v *VirtualHost) newDelay(exchange string, durable bool, id uint64) *queue.Delay {
	d := queue.Declaration{VHost: v.name, Name: delayName + exchange, Durable: durable}
	return queue.NewDelay(d, queue.Config{ID: id, Store: v.broker.Store, Clock: v.broker.Clock}, func(ms []*amqp.Message) {
		for _, m := range ms {
			v.undelay(exchange, m)
		}
	})
}

// undelay routes a message whose time has come, as the exchange would have when it
// was published. If nobody is bound for it, it is lost.
func (v *VirtualHost) undelay(exchange string, m *amqp.Message) {
	r := router{v: v}
	v.mu.RLock()
	err := r.route(exchange, append(queue.RoutingKeys(m), m.BCC()...), m)
	v.mu.RUnlock()
	if err != nil {
		v.broker.Log.Debug().Err(err).Str("vhost", v.name).Msg("delayed message lost")
		return
	}
	v.handOver(m, r.queues, r.takeDocs())
}

// Delay returns what holds back the messages of an exchange, or nil if none are.
func (v *VirtualHost) Delay(exchange string) *queue.Delay {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.delays[exchange]
}
