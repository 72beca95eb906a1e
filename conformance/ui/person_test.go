//go:build ui && unix

package ui

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a page may take to show something.
const patience = 30 * time.Second

// A person sits before the pages of a broker, and minds everything that the browser does.
type person struct {
	*testing.T
	ctx    context.Context
	broker *broker
	width  int64

	mu     sync.Mutex // guards what follows
	errors []string   // of the console, and of the content security policy
}

var shared struct {
	once sync.Once
	ctx  context.Context
	end  func()
	err  error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if shared.end != nil {
		shared.end()
	}
	os.Exit(status)
}

// start starts the browser that all tests share.
func start() {
	name := os.Getenv("CHROMIUM")
	if name == "" {
		name = "chromium"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		shared.err = err
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("disable-dev-shm-usage", true))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	all, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(all)
	shared.ctx, shared.end = ctx, func() { cancel(); stop() }
	shared.err = chromedp.Do(ctx)
}

// sit opens a window of the browser, as wide as a desk or a telephone has it.
func sit(t *testing.T, b *broker, width int64) *person {
	t.Helper()
	shared.once.Do(start)
	if shared.err != nil {
		t.Skip("no browser: ", shared.err)
	}
	p := &person{T: t, broker: b, width: width}
	ctx, cancel := chromedp.NewContext(shared.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.notice))
	t.Cleanup(cancel)
	p.ctx = ctx
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.hash + "\n" + document.body.innerText`))
			t.Logf("the page shows:\n%s %v", text, err)
		}
		for _, e := range p.minded() {
			t.Error(e)
		}
	})
	return p
}

// notice minds what the browser complains of.
func (p *person) notice(happened any) {
	switch e := happened.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.mind(text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			p.mind(fmt.Sprintf("the console has a line of type %s", e.Type))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			p.mind(e.Entry.Text + " " + e.Entry.URL)
		}
	}
}

func (p *person) mind(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errors = append(p.errors, what)
}

// minded returns what went wrong so far, and forgets it.
func (p *person) minded() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.errors
	p.errors = nil
	return all
}

// do does something within patience.
func (p *person) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.Fatalf("%v", err)
	}
}

// comes opens the pages, logs in and goes to one.
func (p *person) comes(hash string) {
	p.Helper()
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.broker.page(hash)))
	p.logIn("guest", "guest")
	p.sees("as guest")
}

// chooses sets, before anybody has come, what a person chooses above every page: colours,
// and that pages look again every second.
func (p *person) chooses(theme string) {
	p.Helper()
	p.do(chromedp.Navigate(p.broker.page("")), chromedp.Evaluate[chromedp.Void](
		`localStorage.setItem('harebell.settings', JSON.stringify({theme: "`+theme+`", refresh: 1, vhost: ''}))`))
}

func (p *person) logIn(name, password string) {
	p.Helper()
	p.types("User", name)
	p.types("Password", password)
	p.clicks("Log in")
}

// goes goes to a page by its address.
func (p *person) goes(hash string) {
	p.Helper()
	p.do(chromedp.Evaluate[chromedp.Void]("location.hash = " + quote("#/"+hash)))
	p.until(`!document.querySelector('main').innerText.startsWith('Looking…') && document.querySelector('main h1')`)
}

// until waits until an expression holds.
func (p *person) until(expression string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Poll[chromedp.Void]("!!("+expression+")", chromedp.WithPollingTimeout(patience))); err != nil {
		p.Fatalf("waiting for %s: %v", expression, err)
	}
}

// sees waits until the page shows a text, and nowhere until it shows it no longer.
func (p *person) sees(text string) {
	p.Helper()
	p.until("document.body.innerText.includes(" + quote(text) + ")")
}

func (p *person) seesNo(text string) {
	p.Helper()
	p.until("!document.body.innerText.includes(" + quote(text) + ")")
}

// quote makes a text of JavaScript.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

// called is what is clicked by its text: in a dialogue if there is one.
func called(text string) string {
	text = xpath(text)
	is := fmt.Sprintf("[normalize-space(.)=%s or @aria-label=%s or starts-with(normalize-space(.), concat(%s, ' ↑')) or starts-with(normalize-space(.), concat(%s, ' ↓'))]", text, text, text, text)
	return fmt.Sprintf("((//dialog[@open]//button|//main//button|//main//a|//main//summary|//header//button|//nav//a)%s[not(//dialog[@open]) or ancestor::dialog])[1]", is)
}

// xpath makes a text of XPath.
func xpath(text string) string {
	if !strings.Contains(text, "'") {
		return "'" + text + "'"
	}
	return `"` + text + `"`
}

// clicks clicks a button or a link.
func (p *person) clicks(text string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(called(text), chromedp.NodeVisible)); err != nil {
		p.Fatalf("click %q: %v", text, err)
	}
}

// clicksFirst clicks the first element that a selector of CSS finds.
func (p *person) clicksFirst(selector string) {
	p.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// focuses goes on with the tab key until an element has the focus.
func (p *person) focuses(selector string) {
	p.Helper()
	p.until("document.querySelector(" + quote(selector) + ")")
	for range 100 {
		if p.reads("document.activeElement === document.querySelector("+quote(selector)+")") == "true" {
			return
		}
		p.presses(kb.Tab)
	}
	p.Fatalf("the tab key does not lead to %s", selector)
}

// labelled is a field by its label: in a dialogue if there is one.
func labelled(label string) string {
	label = xpath(label)
	return fmt.Sprintf("((//input|//select|//textarea)[@aria-label=%s or @id=//label[normalize-space(.)=%s]/@for][not(//dialog[@open]) or ancestor::dialog])[last()]", label, label)
}

// types puts a text into a field, in place of what is there.
func (p *person) types(label, text string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	at := labelled(label)
	if err := chromedp.Do(ctx, chromedp.Focus(at, chromedp.NodeVisible), chromedp.Evaluate[chromedp.Void](`document.activeElement.select?.()`),
		press(kb.Backspace+text)); err != nil {
		p.Fatalf("type into %q: %v", label, err)
	}
}

// picks picks what a choice offers by its beginning, with the arrow keys.
func (p *person) picks(label, option string) {
	p.Helper()
	p.do(chromedp.Focus(labelled(label), chromedp.NodeVisible), press(kb.Home))
	for range 50 {
		if p.reads("document.activeElement.selectedOptions[0].text.startsWith("+quote(option)+")") == "true" {
			return
		}
		p.presses(kb.ArrowDown)
	}
	p.Fatalf("%q does not offer %q", label, option)
}

// ticks ticks a box, or takes the tick away.
func (p *person) ticks(label string) {
	p.Helper()
	p.do(chromedp.Click(labelled(label), chromedp.NodeVisible))
}

// presses presses keys.
func (p *person) presses(keys ...string) {
	p.Helper()
	p.do(press(strings.Join(keys, "")))
}

// press is the keys of a keyboard: a key that the page has taken writes nothing, which
// chromedp's own does not know.
func press(keys string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for _, r := range keys {
			events := kb.Encode(r)
			if len(events) == 3 {
				events[0].Text, events[0].UnmodifiedText = events[1].Text, events[1].UnmodifiedText
				events = append(events[:1], events[2])
			}
			for _, e := range events {
				if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, *e); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// reads returns what an expression is.
func (p *person) reads(expression string) string {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		p.Fatalf("read %s: %v", expression, err)
	}
	return text
}
