package vhost

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"strings"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/audit"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// QueueName returns the name that a queue of some type is declared under: one of the
// server's instead of an empty one. Other names of the server's are ACCESS_REFUSED.
//
// spec: queue.declare; rabbitmq: even if there is a queue of that name. Only classic
// queues have names of the server's.
func QueueName(name string, t queue.Type) (string, error) {
	switch {
	case name == "" && t != queue.Classic:
		return "", amqp.Errorf(amqp.PreconditionFailed, "Cannot declare a server-named queue for type rabbit_%s_queue", t)
	case name == "":
		return ServerName("amq.gen-"), nil
	case Reserved(name):
		return "", amqp.Errorf(amqp.AccessRefused, "queue name '%s' contains reserved prefix 'amq.*'", name)
	}
	return name, nil
}

// WithDefaultType returns a declaration with the virtual host's default type for
// queues, if it names none and can be of that type.
//
// rabbitmq: from 4.0 on that is an argument like any other, and exclusive or transient
// queues stay classic
func (v *VirtualHost) WithDefaultType(d queue.Declaration) queue.Declaration {
	t := v.DefaultQueueType()
	if _, given := d.Arguments["x-queue-type"]; given || t == queue.Classic || !d.Durable || d.Exclusive || d.AutoDelete {
		return d
	}
	d.Arguments = maps.Clone(d.Arguments)
	if d.Arguments == nil {
		d.Arguments = make(amqp.Table)
	}
	d.Arguments["x-queue-type"] = string(t)
	return d
}

// DeclareQueue makes a queue, under a name from QueueName, or sees that the one
// there is equivalent. allow is asked before one is made, unless it is nil. stored
// reports whether the answer must wait for the store.
//
// spec: queue.declare; rabbitmq: an exclusive queue is not durable, whatever was
// asked for.
func (v *VirtualHost) DeclareQueue(d queue.Declaration, owner Owner, allow func() error) (q queue.Queue, stored bool, err error) {
	d.VHost = v.name
	if d.Exclusive {
		d.Durable = false
	}
	v.changing.Lock()
	defer v.changing.Unlock()
	if v.deleted {
		return nil, false, v.gone()
	}
	if h := v.queues[d.Name]; h != nil {
		if err := v.redeclare(h, d, owner); err != nil {
			return nil, false, err
		}
		v.declared.Add(1)
		return h.Hosted, d.Durable, nil
	}
	if limit, reached := v.limits.Reached(limits.MaxQueues, len(v.queues)); reached {
		return nil, false, amqp.Errorf(amqp.PreconditionFailed, "cannot declare queue '%s': queue limit in vhost '%s' (%d) is reached", d.Name, v.name, limit)
	}
	if allow != nil {
		if err := allow(); err != nil {
			return nil, false, err
		}
	}
	if err := v.permitted(d); err != nil {
		return nil, false, err
	}
	h, err := v.createQueue(d, owner)
	if err != nil {
		return nil, false, err
	}
	return h.Hosted, d.Durable, nil
}

// createQueue makes a queue that is not there yet. changing is held.
func (v *VirtualHost) createQueue(d queue.Declaration, owner Owner) (*hosted, error) {
	id := v.broker.Store.NextQueueID()
	doc, err := v.queueDoc(d, id)
	if err != nil {
		return nil, err
	}
	h, err := v.newQueue(d, id, owner)
	if err != nil {
		return nil, err
	}
	if d.Durable {
		v.keep(doc)
	}
	v.declared.Add(1)
	v.mu.Lock()
	v.addQueue(h)
	v.past.created++
	v.changed()
	v.mu.Unlock()
	v.trail.Tell(v.queueCreated(d, owner))
	return h, nil
}

// permitted refuses queues of kinds that clients may not make. Those there are, of
// a time when they could, stay.
func (v *VirtualHost) permitted(d queue.Declaration) error {
	if why := v.broker.RefuseTransient; why != "" && !d.Durable && !d.Exclusive && d.Type() == queue.Classic {
		return amqp.Errorf(amqp.InternalError, "%s", why)
	}
	if v.broker.RefuseQueueMode {
		return d.CheckMode()
	}
	return nil
}

// redeclare sees that a queue may be declared again, and renews its lease.
func (v *VirtualHost) redeclare(h *hosted, d queue.Declaration, owner Owner) error {
	now := h.Declaration()
	if now.Exclusive != d.Exclusive || now.Exclusive && h.owner != owner {
		return v.locked(d.Name)
	}
	if err := now.Equivalent(d); err != nil {
		return err
	}
	h.Touch()
	return nil
}

// addQueue puts a queue under its name. The lock is held.
func (v *VirtualHost) addQueue(h *hosted) {
	v.queues[h.Declaration().Name] = h
	v.follow(h)
	if h.owner == nil {
		return
	}
	if v.exclusive[h.owner] == nil {
		v.exclusive[h.owner] = make(map[*hosted]bool)
	}
	v.exclusive[h.owner][h] = true
}

func (v *VirtualHost) newQueue(d queue.Declaration, id uint64, owner Owner) (*hosted, error) {
	if !d.Exclusive {
		owner = nil
	}
	c := queue.Config{
		ID:     id,
		Store:  v.broker.Store,
		Clock:  v.broker.Clock,
		Memory: v.broker.Memory,
		Host:   v,
		Manner: v.broker.Quorum,

		Burials: v.broker.Burials,
	}
	if v.broker.Watch != nil {
		c.Dropped = v.tellDropped
	}
	q, err := queue.New(d, c)
	if err != nil {
		return nil, err
	}
	return &hosted{Hosted: q, owner: owner}, nil
}

// ServerName returns a name that nobody else has: prefix and 22 characters.
func ServerName(prefix string) string {
	var random [16]byte
	rand.Read(random[:]) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(random[:])
}

func (v *VirtualHost) locked(name string) error {
	return amqp.Errorf(amqp.ResourceLocked, "cannot obtain exclusive access to locked queue '%s' in vhost '%s'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.", name, v.name)
}

// Queue returns the queue of that name, for whoever may use it.
func (v *VirtualHost) Queue(name string, owner Owner) (queue.Queue, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	h, err := v.owned(name, owner)
	if err != nil {
		return nil, err
	}
	return h.Hosted, nil
}

// CheckQueue is Queue for a passive declare: it renews the queue's lease, and
// finds direct reply-to addresses too.
func (v *VirtualHost) CheckQueue(name string, owner Owner) (queue.Queue, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var h *hosted
	var err error
	if strings.HasPrefix(name, ReplyTo) {
		h, err = v.reply(name)
	} else {
		h, err = v.owned(name, owner)
	}
	if err != nil {
		return nil, err
	}
	h.Touch()
	return h.Hosted, nil
}

// owned is Queue with a lock held.
func (v *VirtualHost) owned(name string, owner Owner) (*hosted, error) {
	h := v.queues[name]
	if h == nil {
		return nil, v.noQueue(name)
	}
	if h.owner != nil && h.owner != owner {
		return nil, v.locked(name)
	}
	return h, nil
}

// DeleteQueue removes a queue and all bindings to it, and returns how many
// messages were ready in it.
//
// spec: queue.delete; rabbitmq: one that is not there is deleted with success.
func (v *VirtualHost) DeleteQueue(name string, owner Owner, ifUnused, ifEmpty bool) (ready int, stored bool, err error) {
	v.changing.Lock()
	defer v.changing.Unlock()
	h := v.queues[name]
	if h == nil {
		return 0, false, nil
	}
	if h.owner != nil && h.owner != owner {
		return 0, false, v.locked(name)
	}
	ready, err = h.Delete(ifUnused, ifEmpty)
	if err != nil {
		return 0, false, err
	}
	return ready, v.removeQueue(h, audit.By(owner)), nil
}

// removeQueue takes a queue that a user has deleted out of the topology. changing
// is held.
//
// rabbitmq: its bindings are not the user's doing
func (v *VirtualHost) removeQueue(h *hosted, by string) (stored bool) {
	d := h.Declaration()
	c := change{by: audit.Internal}
	v.mu.Lock()
	// Before the queue goes, for whether a binding was durable depends on it.
	v.removeDestination(exchange.Destination{Kind: exchange.ToQueue, Name: d.Name}, &c)
	delete(v.queues, d.Name)
	v.past.addQueue(h.Hosted)
	if mine := v.exclusive[h.owner]; mine != nil {
		delete(mine, h)
		if len(mine) == 0 {
			delete(v.exclusive, h.owner)
		}
	}
	v.changed()
	v.mu.Unlock()
	if d.Durable {
		c.docs = append(c.docs, v.goneDoc(store.Queues, d.Name))
	}
	c.told = append(c.told, audit.QueueDeleted{By: by, VHost: v.name, Name: d.Name})
	return v.apply(&c)
}

// Release deletes the exclusive queues of a connection that has ended.
func (v *VirtualHost) Release(owner Owner) {
	v.changing.Lock()
	defer v.changing.Unlock()
	v.leave(owner)
	for h := range v.exclusive[owner] {
		if _, err := h.Delete(false, false); err == nil { // without conditions it cannot fail
			v.removeQueue(h, audit.Internal)
		}
	}
}

// Unused implements queue.Host: it deletes a queue that auto-delete or x-expires
// has ended.
func (v *VirtualHost) Unused(q queue.Queue) {
	v.changing.Lock()
	defer v.changing.Unlock()
	h := v.queues[q.Declaration().Name]
	if h == nil || queue.Queue(h.Hosted) != q {
		return
	}
	if _, err := h.Delete(true, false); err != nil {
		return // somebody has begun to consume meanwhile
	}
	v.removeQueue(h, audit.Internal)
}
