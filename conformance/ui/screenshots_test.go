//go:build ui && unix

package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestScreenshots takes the pictures of docs/ui.md: HAREBELL_SCREENSHOTS is the directory.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("HAREBELL_SCREENSHOTS")
	if dir == "" {
		t.Skip("HAREBELL_SCREENSHOTS is not set")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b := startBroker(t)
	s := open(b)
	b.ask("DELETE", "queues/%2F/"+inPath(bad), nil)
	b.ask("DELETE", "exchanges/%2F/"+inPath(bad), nil)
	s.trade()
	for _, w := range []struct {
		theme string
		width int64
		shots []shot
	}{
		{"light", 1200, []shot{
			{"overview", "", 20, ""},
			{"queues", "queues?sort=messages_details.rate&reverse=true", 12, ""},
			{"dead-letter", "queues/%2F/orders.dead/messages", 0, ".letter"},
			{"bindings", "bindings", 0, ""},
		}},
		{"dark", 1200, []shot{{"queue-dark", "queues/%2F/invoices", 20, ""}}},
		{"light", 360, []shot{{"phone", "queues/%2F/orders.dead/messages", 0, ".letter"}}},
	} {
		p := sit(t, b, w.width)
		p.chooses(w.theme)
		p.comes("")
		for _, shot := range w.shots {
			p.take(shot, dir)
		}
	}
}

// A shot is a picture of a page: when its lines have so many points, or what is to be
// clicked was clicked.
type shot struct {
	name, hash string
	points     int
	click      string
}

func (p *person) take(s shot, dir string) {
	p.Helper()
	p.goes(s.hash)
	p.settles()
	if s.points > 0 {
		p.until(fmt.Sprintf(`[...document.querySelectorAll('.line, .spark path')].some((l) => l.getAttribute('d').split(/[ML]/).length > %d)`, s.points))
	}
	if s.click != "" {
		p.clicksFirst(s.click)
		p.until("document.querySelector('.message .card')")
	}
	p.do(chromedp.EmulateViewport(p.width, 780))
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, s.name+".png"), picture, 0o644); err != nil {
		p.Fatal(err)
	}
}
