package queue

import (
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A Reason says why a message died.
type Reason string

// The reasons, as x-death spells them.
const (
	Rejected Reason = "rejected"
	Expired  Reason = "expired"
	MaxLen   Reason = "maxlen"

	DeliveryLimit Reason = "delivery_limit"
)

// Duplicate is why a queue that deduplicates has left out a message. It is no death.
const Duplicate Reason = "duplicate"

// A Dead is a message on its way to a dead-letter exchange.
type Dead struct {
	Message *amqp.Message
	Reason  Reason

	// Untaken is set by the Host if the message is not where it belongs, and the
	// queue is to keep it: see DeadLetters.AtLeastOnce. Taken is the names of the
	// queues that have it already; it is the Host's.
	Untaken bool
	Taken   []string

	// Lost is set by the Host if there is no such exchange.
	Lost bool

	entry Entry // zero for a message the queue never took
}

// DeadLetters is where a queue's dead letters go.
type DeadLetters struct {
	Exchange    string
	Key         string // replaces theirs if Replace
	Replace     bool
	AtLeastOnce bool // the queue keeps them until they have arrived
}

// bury drops entries, or has them dead-lettered once the lock is released.
func (q *FIFO) bury(es []Entry, why Reason) {
	q.countBuried(len(es), why)
	if !q.limits.deadLetter {
		if q.dropped != nil {
			q.dropped(q, es, why)
		}
		q.settle(es)
		return
	}
	dead := make([]Dead, len(es))
	for i := range es {
		dead[i] = Dead{Message: es[i].Message, Reason: why, entry: es[i]}
	}
	q.die(dead)
}

// die has messages dead-lettered once the lock is released, or once they have been
// read back.
func (q *FIFO) die(dead []Dead) {
	waiting := len(q.dying)
	for _, d := range dead {
		if d.Message == nil {
			q.dying = append(q.dying, d)
		} else {
			q.dead = append(q.dead, d)
		}
	}
	if waiting == 0 {
		q.readDying()
	}
}

// readDying asks for the messages of the first of those who are dying, but whose
// messages are only on disk. If they cannot be read they stay in the store, and
// are found at the next start.
func (q *FIFO) readDying() {
	if len(q.dying) == 0 {
		return
	}
	first := q.dying[0].entry.seq
	span := store.Span{Lo: first, Hi: first + loadMost - 1}
	q.store.Load(q.id, span, q.batch(), func(ms []store.Stored, err error) {
		q.mu.Lock()
		defer q.unlock()
		if q.deleted {
			return
		}
		if err != nil {
			q.err, q.dying = err, nil
			return
		}
		if len(ms) > 0 {
			span.Hi = ms[len(ms)-1].Seq
		}
		q.dieOf(span, ms)
		q.readDying()
	})
}

// dieOf has the first of those who are dying dead-lettered, as far as their
// messages are in span and thus among those that were read back, or damaged.
func (q *FIFO) dieOf(span store.Span, ms []store.Stored) {
	at := bySeq(ms)
	n := 0
	for ; n < len(q.dying); n++ {
		d := q.dying[n]
		if d.entry.seq < span.Lo || d.entry.seq > span.Hi {
			break
		}
		if d.Message = at[d.entry.seq]; d.Message != nil {
			q.dead = append(q.dead, d)
		}
	}
	clear(q.dying[:n])
	if q.dying = q.dying[n:]; len(q.dying) == 0 {
		q.dying = nil
	}
}

// deadSettled notes that dead letters have been published, or could not be. A message that is
// still on its way to the disk is not cancelled: its publisher is told that it
// is safe only when it, or after it its copy, is on disk.
func (q *FIFO) deadSettled(dead []Dead) {
	q.mu.Lock()
	defer q.unlock()
	q.countDead(dead)
	if q.deleted {
		return
	}
	if q.limits.atLeastOnce || len(q.stuck.dead) > 0 {
		dead = q.keepStuck(dead)
	}
	for i := range dead {
		e := &dead[i].entry
		q.forget(e.seq)
		if e.ref != nil {
			e.ref.Abandon()
		}
		if e.ref != nil || e.onDisk {
			q.settleSpan(store.Span{Lo: e.seq, Hi: e.seq})
		}
	}
}

// DeathHeaders say how the headers tell of a death. The zero value is the usual
// way.
type DeathHeaders struct {
	// Continue goes on with the x-death header that a client wrote; otherwise it
	// is replaced. If there is one, whatever is in it, the death is not the first.
	Continue bool

	// NoLast leaves out x-last-death-exchange, -queue and -reason.
	NoLast bool
}

// Copy returns the message as it is published to the dead-letter exchange: with
// its death noted, and without its expiration, so that it does not die of the
// same again.
//
// rabbitmq: the newest death is the first entry of x-death; there is one entry
// for each pair of queue and reason, which keeps the time, exchange and keys of
// the first such death.
func (d *Dead) Copy(h DeathHeaders, queue, exchange, key string, now time.Time) amqp.Message {
	m := d.Message
	death := amqp.Table{
		"count":        int64(1),
		"reason":       string(d.Reason),
		"queue":        queue,
		"time":         amqp.Timestamp(now.Unix()),
		"exchange":     m.Exchange,
		"routing-keys": array(RoutingKeys(m)),
	}
	if m.Properties.Has(amqp.FlagExpiration) {
		death["original-expiration"] = m.Properties.Expiration()
	}
	deaths, first := Deaths(m), !m.DeadLettered
	if h.Continue && first {
		deaths = entries(m)
		_, before := m.Properties.Header("x-death")
		first = !before
	}
	for i, old := range deaths {
		if old["queue"] == queue && old["reason"] == string(d.Reason) {
			n, _ := amqp.Integer(old["count"])
			old["count"] = n + 1
			death = old
			deaths = append(deaths[:i:i], deaths[i+1:]...)
			break
		}
	}
	list := make([]any, 0, len(deaths)+1)
	list = append(list, death)
	for _, old := range deaths {
		list = append(list, old)
	}

	p := m.Properties.WithoutExpiration()
	if first {
		p = p.WithHeader("x-first-death-exchange", m.Exchange).
			WithHeader("x-first-death-queue", queue).
			WithHeader("x-first-death-reason", string(d.Reason))
	}
	p = p.WithHeader("x-death", list)
	if !h.NoLast {
		p = p.WithHeader("x-last-death-exchange", m.Exchange).
			WithHeader("x-last-death-queue", queue).
			WithHeader("x-last-death-reason", string(d.Reason))
	}
	dead := amqp.NewMessage(exchange, key, p, m.Body)
	dead.DeadLettered, dead.Rekeyed, dead.Hidden = true, m.Rekeyed, m.Hidden
	return dead
}

// Deaths returns the entries of the x-death header that the broker itself has
// written, newest first.
func Deaths(m *amqp.Message) []amqp.Table {
	if !m.DeadLettered {
		return nil
	}
	return entries(m)
}

// entries returns those of the x-death header, whoever wrote it.
func entries(m *amqp.Message) []amqp.Table {
	v, _ := m.Properties.Header("x-death")
	list, _ := v.([]any)
	deaths := make([]amqp.Table, 0, len(list))
	for _, v := range list {
		if t, ok := v.(amqp.Table); ok {
			deaths = append(deaths, t)
		}
	}
	return deaths
}

// RoutingKeys returns the keys by which a message is routed for everybody to see:
// the one it was published with, and those of its CC header.
//
// rabbitmq: sender-selected distribution
func RoutingKeys(m *amqp.Message) []string {
	keys := []string{m.RoutingKey}
	if m.Rekeyed {
		return keys
	}
	v, _ := m.Properties.Header("CC")
	list, _ := v.([]any)
	for _, v := range list {
		if key, ok := v.(string); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

func array(keys []string) []any {
	a := make([]any, len(keys))
	for i, key := range keys {
		a[i] = key
	}
	return a
}
