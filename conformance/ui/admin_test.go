//go:build ui && unix

package ui

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestAQueueIsMadePurgedAndDeleted(t *testing.T) {
	b := startBroker(t)
	p := sit(t, b, 1280)
	p.comes("queues")
	p.sees("There are no queues.")
	p.clicks("Add a queue")
	p.types("Name", "letters")
	p.picks("Type", "quorum")
	p.clicks("+ Add a line")
	p.types("Arguments: name", "x-delivery-limit")
	p.types("Arguments: value", "3")
	p.clicks("Add")
	p.sees("Queue letters is there.")
	if got := string(b.ask("GET", "queues/%2F/letters?columns=arguments,durable", nil)); got != `{"arguments":{"x-delivery-limit":3,"x-queue-type":"quorum"},"durable":true}` {
		t.Errorf("made: got %s", got)
	}
	b.say(b.dial("writer"), "", "letters", "hello", nil)
	p.clicks("letters")
	p.clicks("Routes")
	p.clicks("Bind it to an exchange")
	p.types("Exchange", "amq.topic")
	p.types("Routing key", "a.#")
	p.clicks("Bind")
	p.sees("It is bound.")
	p.until("document.querySelector('.graph .node[aria-label^=\"exchange amq.topic\"]')")
	p.clicks("Purge")
	p.sees("1 message. They are not dead-lettered")
	p.clicks("Drop them")
	p.sees("The messages are gone.")
	p.clicks("Delete")
	p.clicks("Delete the queue")
	p.sees("Queue letters is gone.")
	p.until("location.hash === '#/queues'")
	p.sees("There are no queues.")
}

func TestTenThousandQueuesArePaged(t *testing.T) {
	b := startBroker(t)
	ch := b.dial("maker")
	for i := range 10_000 {
		if _, err := ch.QueueDeclare(fmt.Sprintf("q%05d", i), false, false, false, true, nil); err != nil {
			t.Fatal(err)
		}
	}
	b.queue(ch, "the one", nil)
	b.say(ch, "", "the one", "hello", nil)
	p := sit(t, b, 1280)
	p.comes("queues")
	p.sees("1–100 of 10,001")
	p.clicks("Next →")
	p.sees("101–200 of 10,001")
	p.sees("q00150")
	if got := p.reads("document.querySelectorAll('tbody tr').length"); got != "100" {
		t.Errorf("got %s lines, want 100", got)
	}
	p.clicks("Messages")
	p.until("document.querySelector('tbody tr').innerText.startsWith('the one')")
	p.types("Filter by name", "q0999")
	p.sees("1–10 of 10 (10,001 in all)")
	p.types("Filter by name", "/^q0(1|2)000$/")
	p.sees("1–2 of 2 (10,001 in all)")
	p.types("Filter by name", "nothing")
	p.sees("None of 10,001 queues has that in its name.")
}

func TestOfThousandsOfBindingsThoseNearOneAreDrawn(t *testing.T) {
	b := startBroker(t)
	ch := b.dial("maker")
	for i := range 2000 {
		name := fmt.Sprintf("q%04d", i)
		if _, err := ch.QueueDeclare(name, false, false, false, true, nil); err != nil {
			t.Fatal(err)
		}
		b.ok(ch.QueueBind(name, fmt.Sprintf("k.%d", i%7), "amq.topic", i%100 != 0, nil))
	}
	b.ok(ch.QueueBind("q0042", "", "amq.fanout", false, nil))
	p := sit(t, b, 1280)
	p.comes("bindings")
	p.sees("What is around exchange amq.topic: the nearest 60, of 2,002 exchanges and queues in all.")
	p.types("Around", "queue q0042")
	p.presses(kb.Enter)
	p.sees("What is around queue q0042, of 2,002")
	p.until(`document.querySelectorAll('.graph .node').length === 3`)
	p.clicks("The same as a list")
	p.sees("exchange amq.topic → queue q0042 with k.0")
}

func TestAUserIsAddedWithPermissions(t *testing.T) {
	b := startBroker(t)
	p := sit(t, b, 1280)
	p.comes("users")
	p.clicks("Add a user")
	p.types("Name", "ann")
	p.types("Password", "secret")
	p.ticks("monitoring")
	p.picks("Virtual host", "/")
	p.types("configure", "^ann")
	p.clicks("Add")
	p.sees("User ann is there.")
	if got := string(b.ask("GET", "permissions/%2F/ann", nil)); got != `{"user":"ann","vhost":"/","configure":"^ann","write":".*","read":".*"}` {
		t.Errorf("permissions: got %s", got)
	}
	if c, err := amqp.Dial("amqp://ann:secret@" + b.amqp + "/"); err != nil {
		t.Errorf("the new user: %v", err)
	} else {
		c.Close()
	}
	p.clicks("ann")
	p.clicks("Change tags")
	p.ticks("policymaker")
	p.clicks("Change")
	p.sees("Changed.")
	if got := string(b.ask("GET", "users/ann?columns=tags", nil)); got != `{"tags":["policymaker","monitoring"]}` {
		t.Errorf("tags: got %s", got)
	}
	if _, err := amqp.Dial("amqp://ann:secret@" + b.amqp + "/"); err != nil {
		t.Errorf("after the tags were changed: %v", err)
	}
	p.clicks("Narrow routing keys")
	p.types("read", "^eu\\.")
	p.clicks("Narrow")
	p.sees("^eu\\.")
	p.clicks("Delete")
	p.clicks("Delete the user")
	p.sees("User ann is gone.")
}

func TestAPolicyIsSet(t *testing.T) {
	b := startBroker(t)
	ch := b.dial("maker")
	b.queue(ch, "orders.eu", nil)
	p := sit(t, b, 1280)
	p.comes("policies")
	p.clicks("Add a policy")
	p.types("Name", "short")
	p.types("Pattern", `^orders\.`)
	p.clicks("+ Add a line")
	p.types("What holds: name", "max-length")
	p.types("What holds: value", "5")
	p.clicks("Add")
	p.sees("Policy short holds.")
	p.sees("max-length = 5")
	p.goes("queues/%2F/orders.eu")
	p.sees("max-length by policy")
	p.goes("limits")
	p.clicks("Set a limit of a virtual host")
	p.picks("Limit", "max-queues")
	p.types("At most", "3")
	p.clicks("Set")
	p.sees("The limit holds.")
	p.sees("max-queues")
}

func TestAVirtualHostIsAddedAndDeleted(t *testing.T) {
	b := startBroker(t)
	p := sit(t, b, 1280)
	p.comes("vhosts")
	p.clicks("Add a virtual host")
	p.types("Name", "a/b")
	p.types("Description", "of <others>")
	p.clicks("Add")
	p.sees("Virtual host a/b is there.")
	p.until(`[...document.querySelector('#vhost').options].some((o) => o.value === 'a/b')`)
	p.clicks("a/b")
	p.sees("of <others>")
	p.clicks("Delete")
	p.clicks("Delete everything in it")
	p.sees("Virtual host a/b is gone.")
}

func TestDefinitionsGoOutAndIn(t *testing.T) {
	b := startBroker(t)
	open(b)
	p := sit(t, b, 1280)
	p.comes("definitions")
	dir := t.TempDir()
	saved := p.downloads(dir)
	p.clicks("Save as a file")
	name := <-saved
	text, err := os.ReadFile(filepath.Join(dir, name))
	b.ok(err)
	var d struct {
		Queues []struct{ Name string }
		Users  []struct{ Name string }
	}
	b.ok(json.Unmarshal(text, &d))
	if len(d.Queues) != 5 || len(d.Users) != 1 {
		t.Errorf("%s: got %d queues and %d users, want 5 and 1", name, len(d.Queues), len(d.Users))
	}

	other := startBroker(t)
	p = sit(t, other, 1280)
	p.comes("definitions")
	p.do(chromedp.SetUploadFiles(chromedp.CSS("#definitions-file"), []string{filepath.Join(dir, name)}))
	p.sees("5 queues")
	p.clicks("Import")
	p.sees("Everything in the file is there.")
	if got := string(other.ask("GET", "queues/%2F/orders?columns=name", nil)); got != `{"name":"orders"}` {
		t.Errorf("imported: got %s", got)
	}
	wrong := filepath.Join(dir, "wrong.json")
	b.ok(os.WriteFile(wrong, []byte("[1]"), 0o600))
	p.do(chromedp.SetUploadFiles(chromedp.CSS("#definitions-file"), []string{wrong}))
	p.clicks("Import")
	p.sees("Failed_to_parse_json")
	p.expects("400")
}

// downloads has files saved in a directory, and tells their names when they are there.
func (p *person) downloads(dir string) <-chan string {
	p.Helper()
	names := make(chan string, 1)
	var name string
	err := chromedp.ListenBrowser(p.ctx, func(happened any) {
		switch e := happened.(type) {
		case *browser.EventDownloadWillBegin:
			name = e.SuggestedFilename
		case *browser.EventDownloadProgress:
			if e.State == browser.DownloadProgressStateCompleted {
				names <- name
			}
		}
	})
	if err != nil {
		p.Fatal(err)
	}
	c := chromedp.FromContext(p.ctx)
	_, err = cdp.Call(p.ctx, c.Browser, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: c.BrowserContextID, DownloadPath: dir, EventsEnabled: &yes})
	if err != nil {
		p.Fatal(err)
	}
	return names
}

func TestAConnectionIsClosed(t *testing.T) {
	b := startBroker(t)
	c, err := amqp.Dial("amqp://guest:guest@" + b.amqp + "/")
	b.ok(err)
	closed := c.NotifyClose(make(chan *amqp.Error, 1))
	p := sit(t, b, 1280)
	p.comes("connections")
	p.clicksFirst("tbody a")
	p.clicks("Close it")
	p.types("Reason, which the client is told", "for the test")
	p.clicks("Close the connection")
	p.sees("The connection is closed.")
	if e := <-closed; e == nil || !strings.Contains(e.Reason, "for the test") {
		t.Errorf("the client was told %v", e)
	}
}

// Nothing needs a mouse: here there is none.
func TestKeyboardAlone(t *testing.T) {
	b := startBroker(t)
	open(b)
	p := sit(t, b, 1280)
	p.do(chromedp.Navigate(b.page("")))
	p.until("document.activeElement?.name === 'name'")
	p.presses("guest", kb.Tab, "guest", kb.Enter)
	p.sees("as guest")
	p.sees("Queued messages")

	p.presses("?")
	p.until("document.querySelector('dialog[open] h2')?.textContent === 'Keys'")
	p.presses(kb.Escape)
	p.until("!document.querySelector('dialog')")
	p.presses("g", "q")
	p.sees("1–5 of 5")
	p.presses("/")
	p.until("document.activeElement.matches('.filter')")
	p.presses("orders")
	p.sees("1–2 of 2 (5 in all)")
	for range 20 { // on to the first line
		p.presses(kb.Tab)
		if p.reads("document.activeElement.closest('tbody') !== null") == "true" {
			break
		}
	}
	if ring := p.reads("getComputedStyle(document.activeElement).outlineStyle"); ring != "solid" {
		t.Errorf("the focus is not seen: got an outline %s", ring)
	}
	p.presses(kb.ArrowDown)
	p.until("document.activeElement.textContent === 'orders.dead'")
	p.presses(kb.Enter)
	p.until("document.querySelector('main h1')?.textContent === 'orders.dead'")
	p.focuses(".tabs a:nth-child(2)")
	p.presses(kb.Enter)
	p.sees("died in orders")
	p.focuses(".letter")
	p.presses(kb.ArrowDown, kb.Enter)
	p.sees("How it died")
	p.focuses(".message .danger")
	p.presses(kb.Enter)
	p.until("document.querySelector('dialog[open]')")
	for range 6 { // the focus stays inside
		p.presses(kb.Tab)
		if p.reads("document.activeElement === document.body || document.querySelector('dialog[open]').contains(document.activeElement)") != "true" {
			t.Error("the focus leaves the dialogue")
		}
	}
	p.presses(kb.Escape)
	p.until("!document.querySelector('dialog')")
}
