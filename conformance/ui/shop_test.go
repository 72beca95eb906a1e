//go:build ui && unix

package ui

import (
	"fmt"
	"strings"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// A shop is something to look at: a topic exchange with queues behind it, one of which
// grows because nobody consumes, and one that gets its dead letters.
type shop struct {
	broker   *broker
	consumer *amqp.Channel
}

// bad is what somebody may call a queue, or write in a message.
const bad = `<img src=x onerror="window.hacked=1">`

// open opens the shop: orders are published and packed, invoices are printed by nobody.
func open(b *broker) *shop {
	ch := b.dial("till")
	s := &shop{broker: b}
	b.ok(ch.ExchangeDeclare("shop", "topic", true, false, false, false, nil))
	b.ok(ch.ExchangeDeclare("audit", "fanout", true, false, false, false, nil))
	b.ok(ch.ExchangeDeclare(bad, "fanout", true, false, false, false, nil))
	b.ok(ch.ExchangeDeclare("dead", "direct", true, false, false, false, nil))
	b.queue(ch, "orders", amqp.Table{"x-dead-letter-exchange": "dead", "x-dead-letter-routing-key": "orders"})
	b.queue(ch, "invoices", nil)
	b.queue(ch, "orders.dead", nil)
	b.queue(ch, "everything", amqp.Table{"x-queue-type": "stream"})
	b.queue(ch, bad, amqp.Table{"x-queue-type": "quorum"})
	for _, bind := range [][3]string{{"orders", "order.*", "shop"}, {"invoices", "order.paid", "shop"}, {"invoices", "invoice.#", "shop"}, {"orders.dead", "orders", "dead"}, {"everything", "", "audit"}, {bad, bad, "shop"}, {bad, "", bad}} {
		b.ok(ch.QueueBind(bind[0], bind[1], bind[2], false, nil))
	}
	b.ok(ch.ExchangeBind("audit", "#", "shop", false, nil))
	for i := range 3 {
		b.say(ch, "shop", "order.placed", fmt.Sprintf(`{"order": %d, "customer": "Ann", "items": [{"sku": "bell-%d", "count": 2, "price": 4.5}], "gift": false, "note": null}`, i+1, i), amqp.Table{"attempt": int32(1), "trace": "7f-" + fmt.Sprint(i)})
	}
	b.say(ch, "", bad, bad, amqp.Table{bad: bad})
	s.die()
	s.consumer = b.dial("packer")
	b.ok(s.consumer.Qos(10, 0, false))
	return s
}

// die has the three orders rejected, so that they are dead letters.
func (s *shop) die() {
	ch := s.broker.dial("breaks")
	for range 3 {
		d, ok, err := ch.Get("orders", false)
		s.broker.ok(err)
		if !ok {
			s.broker.t.Fatal("there is no order")
		}
		s.broker.ok(d.Reject(false))
	}
	for {
		q, err := ch.QueueDeclarePassive("orders.dead", true, false, false, false, nil)
		s.broker.ok(err)
		if q.Messages == 3 {
			return
		}
	}
}

// trade publishes paid orders all the time until the test ends, and packs them: so invoices
// grow.
func (s *shop) trade() {
	b := s.broker
	packed, err := s.consumer.Consume("orders", "packer-1", false, false, false, false, nil)
	b.ok(err)
	go func() {
		for d := range packed {
			d.Ack(false)
		}
	}()
	ch := b.dial("till 2")
	b.ok(ch.Confirm(false))
	stop := make(chan struct{})
	var busy sync.WaitGroup
	busy.Go(func() {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-ticker.C:
				if i%200 > 160 {
					continue // a quiet moment
				}
				if ch.Publish("shop", "order.paid", false, false, amqp.Publishing{DeliveryMode: amqp.Persistent, ContentType: "application/json", Body: []byte(`{"paid": true}`)}) != nil {
					return
				}
			}
		}
	})
	b.t.Cleanup(func() { close(stop); busy.Wait() })
}

// pages are all pages there are, by a name for each.
func (s *shop) pages() map[string]string {
	b := s.broker
	name := func(path string) string {
		_, rest, _ := strings.Cut(string(b.ask("GET", path, nil)), `"name":"`)
		name, _, _ := strings.Cut(rest, `"`)
		return inPath(name)
	}
	return map[string]string{
		"overview": "", "queues": "queues", "queue": "queues/%2F/orders", "queue-messages": "queues/%2F/orders.dead/messages", "queue-routes": "queues/%2F/orders/routes",
		"stream": "queues/%2F/everything", "stream-messages": "queues/%2F/everything/messages", "bad-exchange": "exchanges/%2F/" + inPath(bad), "bad-queue": "queues/%2F/" + inPath(bad), "bad-messages": "queues/%2F/" + inPath(bad) + "/messages",
		"bad-routes": "queues/%2F/" + inPath(bad) + "/routes",
		"exchanges":  "exchanges", "exchange": "exchanges/%2F/shop", "default-exchange": "exchanges/%2F/amq.default", "bindings": "bindings",
		"connections": "connections", "connection": "connections/" + name("connections?columns=name"), "channels": "channels", "channel": "channels/" + name("channels?columns=name"),
		"policies": "policies", "limits": "limits", "users": "users", "user": "users/guest", "vhosts": "vhosts", "vhost": "vhosts/%2F", "definitions": "definitions", "features": "feature-flags",
		"nowhere": "nowhere",
	}
}

// settles waits until a page has asked all it asks.
func (p *person) settles() {
	p.Helper()
	p.until(`(() => { const n = performance.getEntriesByType('resource').length; const same = window.seen === n; window.seen = n; return same && !document.body.innerText.includes('Looking…'); })()`)
}
