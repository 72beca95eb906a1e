//go:build ui && unix

package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// many binds fifty queues to three exchanges, in a virtual host of their own.
func (b *broker) many() {
	b.ask("PUT", "vhosts/many", map[string]any{})
	for i := range 50 {
		b.ask("PUT", fmt.Sprintf("queues/many/worker.%d", i), map[string]any{"durable": true})
		for _, x := range []string{"topic", "direct", "fanout"}[:1+i%3] {
			b.ask("POST", fmt.Sprintf("bindings/many/e/amq.%s/q/worker.%d", x, i), map[string]any{"routing_key": fmt.Sprintf("jobs.%d.*", i)})
		}
	}
}

// TestLook takes a picture of every page, for whoever works on them: HAREBELL_LOOK is the
// directory.
func TestLook(t *testing.T) {
	dir := os.Getenv("HAREBELL_LOOK")
	if dir == "" {
		t.Skip("HAREBELL_LOOK is not set")
	}
	b := startBroker(t)
	s := open(b)
	s.trade()
	b.many()
	for _, w := range []struct {
		name  string
		width int64
		theme string
	}{{"light", 1280, "light"}, {"dark", 1280, "dark"}, {"phone", 360, "light"}} {
		p := sit(t, b, w.width)
		p.chooses(w.theme)
		p.do(chromedp.Reload())
		p.sees("Log in as a user")
		p.look(dir, "login-"+w.name)
		p.comes("queues")
		p.clicks("Add a queue")
		p.clicks("+ Add a line")
		p.look(dir, "dialogue-"+w.name)
		p.presses("\x1b")
		pages := s.pages()
		pages["many-bindings"] = "bindings?vhost=many"
		for name, hash := range pages {
			p.goes(hash)
			p.settles()
			if strings.HasSuffix(name, "messages") {
				p.clicksFirst(".letter")
				p.until("document.querySelector('.message .card')")
			}
			p.look(dir, name+"-"+w.name)
		}
	}
}

// look takes a picture of what is shown.
func (p *person) look(dir, name string) {
	p.Helper()
	picture, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		p.Fatal(err)
	}
}
