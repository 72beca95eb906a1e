package vhost

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/queue"
)

// ReplyTo is the pseudo-queue of direct reply-to: what a requester consumes from,
// and what it names in reply-to. The addresses that replies are published to
// begin with it.
//
// rabbitmq: direct reply-to
const ReplyTo = "amq.rabbitmq.reply-to"

// NewReplyQueue makes the queue behind one requester's address, which is its
// name. It is an ordinary queue that only the default exchange can reach and
// that is no queue to anybody but its consumer.
func (v *VirtualHost) NewReplyQueue() (queue.Queue, error) {
	// Two parts that look like base64, as clients have come to expect.
	d := queue.Declaration{VHost: v.name, Name: ServerName(ReplyTo+".") + ServerName(".") + "=="}
	h, err := v.newQueue(d, v.broker.Store.NextQueueID(), nil)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.deleted {
		return nil, v.gone()
	}
	v.replies[d.Name] = h
	return h.Hosted, nil
}

// DeleteReplyQueue ends an address: replies that still come are dropped.
func (v *VirtualHost) DeleteReplyQueue(q queue.Queue) error {
	v.mu.Lock()
	delete(v.replies, q.Declaration().Name)
	v.mu.Unlock()
	_, err := q.Delete(false, false)
	return err
}

// reply finds the queue of an address. A lock is held.
func (v *VirtualHost) reply(name string) (*hosted, error) {
	if h := v.replies[name]; h != nil {
		return h, nil
	}
	return nil, amqp.Errorf(amqp.NotFound, "no queue '%s' in vhost '%s'", name, v.name)
}
