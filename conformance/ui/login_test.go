//go:build ui && unix

package ui

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

// darkens has the system prefer dark colours.
func (p *person) darkens() {
	p.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
		return err
	}))
}

var yes = true

// expects takes the complaints out that a refusal of the API leaves in the console.
func (p *person) expects(status string) {
	p.Helper()
	for _, e := range p.minded() {
		if !strings.Contains(e, "the server responded with a status of "+status) {
			p.Error(e)
		}
	}
}

func TestAWrongPasswordIsSaidInWordsAndNotByTheBrowser(t *testing.T) {
	b := startBroker(t)
	p := sit(t, b, 1280)
	p.do(chromedp.Navigate(b.page("")))
	asked := p.challenges()
	p.logIn("guest", "wrong")
	p.sees("Name or password is wrong.")
	p.expects("401")
	if asked.Load() {
		t.Error("the browser would ask with a dialogue of its own")
	}
	p.logIn("guest", "guest")
	p.sees("as guest")
	p.sees("Where it listens")

	p.clicks("Log out")
	p.sees("Log in as a user of the broker")
	if got := p.reads("sessionStorage.length"); got != "0" {
		t.Error("after logging out something is remembered")
	}
}

// challenges reports whether the browser wants to ask for a password itself.
func (p *person) challenges() *atomic.Bool {
	p.Helper()
	asked := new(atomic.Bool)
	paused := chromedp.Events(p.ctx, fetch.RequestPaused)
	wanted := chromedp.Events(p.ctx, fetch.AuthRequired)
	go func() {
		for e, err := range paused {
			if err != nil {
				return
			}
			chromedp.Do(p.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				_, err := cdp.Call(ctx, t, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
				return err
			}))
		}
	}()
	go func() {
		for e, err := range wanted {
			if err != nil {
				return
			}
			asked.Store(true)
			chromedp.Do(p.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				_, err := cdp.Call(ctx, t, fetch.ContinueWithAuth, fetch.ContinueWithAuthParams{RequestID: e.RequestID,
					AuthChallengeResponse: &fetch.AuthChallengeResponse{Response: fetch.AuthChallengeResponseResponseCancelAuth}})
				return err
			}))
		}
	}()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, fetch.Enable, fetch.EnableParams{HandleAuthRequests: &yes})
		return err
	}))
	return asked
}

func TestALinkOfRabbitMQLeadsToThePageAfterLogin(t *testing.T) {
	b := startBroker(t)
	open(b)
	p := sit(t, b, 1280)
	p.comes("queues/%2F/orders.dead")
	p.until("document.querySelector('main h1')?.textContent === 'orders.dead'")
}

func TestWhatAUserMayNotDoIsNotOffered(t *testing.T) {
	b := startBroker(t)
	open(b)
	b.ask("PUT", "users/ann", map[string]any{"password": "ann", "tags": "management"})
	b.ask("PUT", "permissions/%2F/ann", map[string]any{"configure": "", "write": "^$", "read": ".*"})
	p := sit(t, b, 1280)
	p.do(chromedp.Navigate(b.page("")))
	p.logIn("ann", "ann")
	p.sees("as ann")
	p.sees("Queued messages")
	for _, hidden := range []string{"Users", "Virtual hosts", "Definitions", "Feature flags", "The broker", "Message rates"} {
		if strings.Contains(p.reads("document.body.innerText"), hidden) {
			t.Errorf("%s is offered", hidden)
		}
	}
	p.goes("policies")
	p.seesNo("Add a policy")

	p.goes("queues/%2F/orders.dead/messages")
	p.clicks("Send all dead letters back…")
	p.clicks("Send them back")
	p.sees("3 messages stayed: You are not allowed to do that here.")
	p.presses("\x1b")
	p.expects("401")
	if got := len(b.holds("orders.dead")); got != 3 {
		t.Errorf("got %d dead letters, want 3", got)
	}
}
