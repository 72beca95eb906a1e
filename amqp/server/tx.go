package server

import (
	"sync"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A tx is what a transactional channel has said since the last commit: messages
// nobody has seen yet, and what it wants to become of deliveries.
type tx struct {
	octets int64 // of what is published, in the connection's incoming

	// changed with the channel's lock held
	published []publication
	settled   []settlement
}

// publish gathers a message.
//
// rabbitmq: it is routed now, whatever is bound or unbound before the commit.
func (t *tx) publish(ch *channel, p publication) (err error) {
	c := ch.conn
	if p.queues, err = c.publisher.Queues(p.message, p.also); err != nil {
		return err
	}
	octets := int64(len(p.message.Body)+len(p.message.Properties)) + publicationOverhead + int64(len(p.queues))*nameOverhead
	ch.mu.Lock()
	t.published = append(t.published, p)
	ch.mu.Unlock()
	t.octets += octets
	return c.incoming.add(octets)
}

// clear forgets the messages.
func (t *tx) clear(ch *channel) {
	ch.conn.incoming.remove(t.octets)
	ch.mu.Lock()
	t.published, t.octets = nil, 0
	ch.mu.Unlock()
}

// A settlement is the outcome of one delivery, to be undone by a rollback.
type settlement struct {
	how      outcome
	tag      uint64
	delivery delivery
}

// txSelect makes the channel transactional.
//
// spec: tx.select
func (ch *channel) txSelect(*amqp.TxSelect) error {
	if ch.confirms != nil {
		return amqp.Errorf(amqp.PreconditionFailed, "cannot switch from confirm to tx mode")
	}
	if ch.tx == nil {
		ch.mu.Lock()
		ch.tx = new(tx)
		ch.mu.Unlock()
	}
	ch.reply(&amqp.TxSelectOk{})
	return nil
}

// txCommit carries out what has been gathered, and answers when it is on disk.
//
// spec: tx.commit; rabbitmq: if a queue refuses a message the others keep theirs,
// and the client hears of a partial completion.
func (ch *channel) txCommit(*amqp.TxCommit) error {
	if ch.tx == nil {
		return notTransactional()
	}
	if err := ch.conn.sync(); err != nil {
		return err
	}
	published, settled := ch.tx.published, ch.tx.settled
	ch.tx.clear(ch)
	ch.mu.Lock()
	ch.tx.settled = nil
	ch.mu.Unlock()
	r := newTxReceipt(len(published))
	for i := range published {
		if err := ch.commit(&published[i], r, uint64(i)); err != nil {
			return err
		}
	}
	ch.commitSettled(settled)
	ch.conn.gathered()
	if err := ch.conn.stored(); err != nil {
		return err
	}
	if !r.wait() {
		return amqp.Errorf(amqp.PreconditionFailed, "partial tx completion")
	}
	ch.reply(&amqp.TxCommitOk{})
	return nil
}

// commit publishes one message of a transaction to the queues it was routed to
// when it was accepted. That all of them have gone since makes it one that no
// queue wants.
func (ch *channel) commit(p *publication, r *txReceipt, tag uint64) error {
	ch.conn.countPublish(ch, p.message.Exchange)
	var receipt store.Receipt = r
	if ch.conn.server.watched() {
		var done bool
		var err error
		if receipt, done, err = ch.watchPublish(p, r, tag); done || err != nil {
			return err
		}
	}
	if ch.conn.traces(&p.message) {
		if err := ch.tracePublished(p); err != nil {
			return err
		}
	}
	if err := ch.returnReply(p, tag); err != nil {
		return err
	}
	if !ch.conn.publisher.PublishTo(p.queues, p.message, receipt, tag) {
		return ch.unrouted(p, receipt, tag)
	}
	return nil
}

// commitSettled lets the outcomes of a transaction happen.
func (ch *channel) commitSettled(settled []settlement) {
	s := &ch.conn.settling
	ch.mu.Lock()
	defer ch.mu.Unlock()
	for _, x := range settled {
		if ch.conn.server.watched() {
			x.how = ch.watchSettled(x.how, x.tag, &x.delivery)
		}
		ch.countSettled(x.how, &x.delivery)
		ch.returned(&x.delivery)
		ch.freed(x.delivery.consumer)
		s.add(x.how, x.delivery)
	}
}

// txRollback forgets what has been gathered; deliveries can be acked again.
//
// spec: tx.rollback
func (ch *channel) txRollback(*amqp.TxRollback) error {
	if ch.tx == nil {
		return notTransactional()
	}
	ch.tx.clear(ch)
	ch.tx.restore(ch)
	ch.reply(&amqp.TxRollbackOk{})
	return nil
}

// restore makes deliveries unacked again that the transaction has settled.
func (t *tx) restore(ch *channel) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ch.unacked.restore(t.settled)
	if ch.unacked.count > 0 {
		ch.conn.server.lookLater()
	}
	t.settled = nil
}

func notTransactional() error {
	return amqp.Errorf(amqp.PreconditionFailed, "channel is not transactional")
}

// A txReceipt waits for all messages of a transaction. It implements
// store.Receipt.
type txReceipt struct {
	mu      sync.Mutex // guards what follows
	left    int
	refused bool
	done    chan struct{}
}

func newTxReceipt(n int) *txReceipt {
	r := &txReceipt{left: n, done: make(chan struct{})}
	if n == 0 {
		close(r.done)
	}
	return r
}

// Confirm implements store.Receipt.
func (r *txReceipt) Confirm(lo, hi uint64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = r.refused || !ok
	r.left -= int(hi - lo + 1)
	if r.left == 0 {
		close(r.done)
	}
}

// wait returns when all is decided, and reports whether all was taken over.
func (r *txReceipt) wait() bool {
	<-r.done
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.refused
}
