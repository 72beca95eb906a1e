//go:build ui && unix

package ui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// A person opens the pages, finds the queue that grows, sees who publishes to it and reads
// one of its messages.
func TestTheQueueThatGrowsIsFound(t *testing.T) {
	b := startBroker(t)
	s := open(b)
	ch := b.dial("quiet")
	for i := range 30 {
		b.queue(ch, fmt.Sprintf("a quiet one %d", i), nil)
	}
	s.trade()
	p := sit(t, b, 1280)
	p.chooses("light")
	p.comes("")
	p.clicks("Queues")
	p.clicks("Growing")
	p.until(`[...document.querySelectorAll('tbody tr')].slice(0, 2).every((tr) => tr.querySelector('.grows')) && document.querySelector('tbody tr')`)
	p.until(`[...document.querySelectorAll('tbody tr')].slice(0, 2).some((tr) => tr.innerText.startsWith('invoices'))`)
	p.until(`location.hash.includes('sort=messages_details.rate&reverse=true')`)
	p.clicks("invoices")
	p.sees("Who publishes")
	p.until(`[...document.querySelectorAll('section')].find((s) => s.innerText.startsWith('Who publishes'))?.querySelector('a[href="#/exchanges/%2F/shop"]')`)
	p.sees("till 2 (1)") // what the client calls itself
	p.sees("Nobody.")
	p.until(`document.querySelectorAll('.line').length >= 2 && document.querySelector('.line').getAttribute('d').length > 20`) // charts have begun
	p.clicks("Messages")
	p.sees("50 messages, and there are more.")
	p.clicksFirst(".letter")
	p.sees("Message 1")
	p.sees("paid")
}

// Dead letters are read, and sent back one by one and together.
func TestDeadLettersAreSentBack(t *testing.T) {
	b := startBroker(t)
	open(b)
	p := sit(t, b, 1280)
	p.comes("queues/%2F/orders.dead")
	p.clicks("Messages")
	p.sees("died in orders: a consumer rejected it")
	p.clicksFirst(".letter")
	p.sees("How it died")
	p.sees("In queue orders a consumer rejected it")
	p.sees("It had come through shop with routing key order.placed.")
	p.until(`document.querySelector('.body .json-key')?.textContent === '"order"'`)
	p.clicks("Octets")
	p.sees("000000  7b 22 6f 72 64 65 72 22")
	p.sees("attempt")

	p.clicks("Send back")
	p.clicks("Send it back")
	p.sees("The message is in orders.")
	p.sees("2 messages.")
	p.clicks("Send all dead letters back…")
	p.clicks("Send them back")
	p.sees("2 messages sent back.")
	p.sees("No message is ready.")

	got := b.holds("orders")
	if len(got) != 3 || !strings.HasPrefix(got[0], `{"order": 1,`) || !strings.HasPrefix(got[2], `{"order": 3,`) {
		t.Errorf("in orders: got %q, want the three orders as they came", got)
	}
	if left := b.holds("orders.dead"); len(left) != 0 {
		t.Errorf("in orders.dead: got %q, want none", left)
	}
}

func TestOneMessageIsMovedCopiedAndDeleted(t *testing.T) {
	b := startBroker(t)
	ch := b.dial("writer")
	b.queue(ch, "from", nil)
	b.queue(ch, "to", nil)
	for i := range 120 {
		b.say(ch, "", "from", fmt.Sprint(i), nil)
	}
	p := sit(t, b, 1280)
	p.comes("queues/%2F/from/messages")
	p.sees("50 messages, and there are more.")
	p.clicks("Later →")
	p.sees("# 51")
	p.clicks("← Earlier")
	p.sees("# 1\n")
	p.types("Go to message number", "101")
	p.presses(kb.Enter)
	p.sees("20 messages.")
	p.clicksFirst(".letter")
	p.sees("Message 101")
	p.clicksFirst(".message .danger")
	p.clicks("Delete the message")
	p.sees("Message 102") // the next one is shown
	p.clicks("Move…")
	p.types("Queue", "nowhere")
	p.clicks("Move")
	p.sees("No queue 'nowhere' in vhost '/'.")
	p.expects("404")
	p.types("Queue", "to")
	p.clicks("Move")
	p.sees("The message has arrived at to.")
	p.sees("Message 103")
	p.clicks("Copy…")
	p.types("Queue", "to")
	p.clicks("Copy")
	p.sees("A copy is on its way to to")

	if got, want := b.holds("to"), []string{"101", "102"}; !slices.Equal(got, want) {
		t.Errorf("in to: got %q, want %q", got, want)
	}
	got := b.holds("from")
	if len(got) != 118 || slices.Contains(got, "100") || slices.Contains(got, "101") || !slices.Contains(got, "102") {
		t.Errorf("in from: got %d messages", len(got))
	}
}

func TestAStreamIsBrowsedByOffset(t *testing.T) {
	b := startBroker(t)
	open(b)
	p := sit(t, b, 1280)
	p.comes("queues/%2F/everything/messages")
	p.sees("Offsets 0 to 2; there are 0 to 2.")
	p.types("Go to offset", "2")
	p.presses(kb.Enter)
	p.sees("Offsets 2 to 2")
	p.clicksFirst(".letter")
	p.sees("Offset 2")
	p.sees("Came")
	p.seesNo("Move…")
}

func TestAMessageIsPublished(t *testing.T) {
	b := startBroker(t)
	open(b)
	p := sit(t, b, 1280)
	p.comes("exchanges/%2F/shop")
	p.clicks("Publish a message")
	p.types("Routing key", "invoice.new")
	p.types("Body", "a bill")
	p.clicks("+ Add a line")
	p.types("Headers: name", "attempt")
	p.types("Headers: value", "x")
	p.picks("Kind of value", "number")
	p.clicks("Publish")
	p.sees("attempt is “x”: want a number.")
	p.types("Headers: value", "7")
	p.clicks("Publish")
	p.sees("The message is published.")
	p.clicks("Publish a message")
	p.types("Routing key", "for.nobody.at.all")
	p.clicks("Publish")
	p.sees("The message is published.") // the audit takes everything
	if got := b.holds("invoices"); !slices.Equal(got, []string{"a bill"}) {
		t.Errorf("in invoices: got %q", got)
	}
	p.goes("exchanges/%2F/amq.default")
	p.clicks("Publish a message")
	p.types("Routing key", "no queue")
	p.clicks("Publish")
	p.sees("No queue wants this message")
}
