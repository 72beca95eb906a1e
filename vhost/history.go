package vhost

import (
	"slices"
	"sync"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
)

// noStore is the header of a message that no history keeps.
const noStore = "x-recent-history-no-store"

// historyOctets is how many octets of bodies and properties a history keeps, unless
// its last message alone has more.
const historyOctets = 16 << 20

// A history is the last messages that an exchange of type x-recent-history has got:
// whoever is bound to it later gets them then. It is gone after a restart.
//
// rabbitmq: x-recent-history; the bound in octets is ours
type history struct {
	most int // messages

	mu       sync.Mutex // guards what follows
	messages []*amqp.Message
	octets   int
}

// add takes a copy of a message, which may lie in a network buffer.
func (h *history) add(m *amqp.Message) {
	if v, _ := m.Properties.Header(noStore); v == true {
		return
	}
	kept := *m
	kept.Properties, kept.Body = slices.Clone(m.Properties), slices.Clone(m.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.messages = append(h.messages, &kept)
	h.octets += weight(&kept)
	drop := 0
	for len(h.messages)-drop > h.most || h.octets > historyOctets && len(h.messages)-drop > 1 {
		h.octets -= weight(h.messages[drop])
		drop++
	}
	h.messages = slices.Delete(h.messages, 0, drop)
}

func weight(m *amqp.Message) int { return len(m.Properties) + len(m.Body) }

// all returns what there is, oldest first.
func (h *history) all() []*amqp.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.messages)
}

// replay hands the history of an exchange on to a destination that has just been
// bound, as messages that were published to the exchange with their own keys.
func (v *VirtualHost) replay(h *history, b exchange.Binding) {
	r := router{v: v}
	for _, kept := range h.all() {
		m := *kept
		m.Exchange = b.Source
		v.mu.RLock()
		r.destination(b.Destination, &m)
		v.mu.RUnlock()
		v.handOver(&m, r.queues, r.takeDocs())
	}
}

// handOver takes a message of the broker's own to queues, and to the store if it
// must last, with the definitions that routing it has led to. Nobody is told. It
// reports whether all queues have taken the message.
func (v *VirtualHost) handOver(m *amqp.Message, to []queue.Target, docs []store.Doc) (taken bool) {
	p := queue.Publishing{Message: m, Record: new(store.Record)}
	p.Record.Init(m, nil, 0)
	p.Record.Reserve(len(to))
	for _, q := range to {
		q.Publish([]queue.Publishing{p})
	}
	p.Record.Release()
	b := store.Batch{Docs: docs}
	if len(p.Record.Refs()) > 0 {
		b.Records = []*store.Record{p.Record}
	}
	if len(b.Records)+len(b.Docs) > 0 {
		v.broker.Store.Append(b)
	}
	return !p.Record.Refused()
}
