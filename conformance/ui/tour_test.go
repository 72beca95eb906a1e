//go:build ui && unix

package ui

import (
	"strings"
	"testing"
)

// On every page the browser has nothing to complain of, which sit minds, and nothing that
// somebody has called a queue or written in a message is more than text. On a telephone no
// page is wider than that.
func TestEveryPage(t *testing.T) {
	for _, w := range []struct {
		name  string
		width int64
		theme string
	}{{"at a desk", 1280, "light"}, {"in the dark", 1280, "dark"}, {"on a telephone", 360, "light"}} {
		t.Run(w.name, func(t *testing.T) {
			b := startBroker(t)
			s := open(b)
			s.trade()
			p := sit(t, b, w.width)
			p.chooses(w.theme)
			p.comes("")
			for name, hash := range s.pages() {
				p.goes(hash)
				p.settles()
				if strings.HasSuffix(name, "messages") {
					p.clicksFirst(".letter")
					p.until("document.querySelector('.message .card')")
				}
				if wide := p.reads("document.documentElement.scrollWidth > innerWidth"); wide == "true" {
					t.Errorf("%s is %s wide, want no more than %d", name, p.reads("document.documentElement.scrollWidth"), w.width)
				}
				if hacked := p.reads("window.hacked"); hacked != "undefined" {
					t.Errorf("%s runs what is written in a name or a message", name)
				}
				if got := p.reads("document.querySelectorAll('main img').length"); got != "0" {
					t.Errorf("%s makes elements of a name or a message", name)
				}
				if trouble := p.reads("document.querySelector('.trouble').textContent"); trouble != "" {
					t.Errorf("%s says: %s", name, trouble)
				}
				if name != "nowhere" && p.reads("document.querySelector('main h1').textContent.startsWith('No such page') || document.querySelector('main h1').textContent.startsWith('This cannot')") == "true" {
					t.Errorf("%s cannot be shown: %s", name, p.reads("document.querySelector('main').innerText"))
				}
			}
		})
	}
}

func TestColoursFollowTheSystemAndTheSwitch(t *testing.T) {
	b := startBroker(t)
	p := sit(t, b, 1280)
	p.comes("")
	light := p.reads("getComputedStyle(document.documentElement).backgroundColor")
	p.picks("Colours", "dark")
	p.until("getComputedStyle(document.documentElement).backgroundColor !== " + quote(light))
	p.picks("Colours", "as")
	p.until("getComputedStyle(document.documentElement).backgroundColor === " + quote(light))
	p.darkens()
	p.until("getComputedStyle(document.documentElement).backgroundColor !== " + quote(light))
	p.picks("Colours", "light")
	p.until("getComputedStyle(document.documentElement).backgroundColor === " + quote(light))
}
