package vhost

import (
	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/limits"
)

// Enter notes a connection of a user: NOT_ALLOWED, if there are too many. evict is
// called, once, if the virtual host is deleted before the connection is released;
// it must not block, nor call the virtual host.
//
// spec: connection.open
func (v *VirtualHost) Enter(owner Owner, user string, evict func()) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.deleted {
		return noVirtualHost(v.name)
	}
	if limit, reached := v.limits.Reached(limits.MaxConnections, len(v.guests)); reached {
		return amqp.Errorf(amqp.NotAllowed, "access to vhost '%s' refused for user '%s': connection limit (%d) is reached", v.name, user, limit)
	}
	v.guests[owner] = evict
	return nil
}

// leave forgets a connection.
func (v *VirtualHost) leave(owner Owner) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.guests, owner)
}
