package report

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A key says below a chart what is what. That of the plotting library would cover
// curves.
type key struct {
	style   text.Style
	entries []keyEntry
}

type keyEntry struct {
	label string
	signs []plot.Thumbnailer // drawn over each other
}

func (k *key) add(label string, signs ...plot.Thumbnailer) {
	k.entries = append(k.entries, keyEntry{label, signs})
}

// grid returns how many entries there are below and beside each other, and how wide
// each is.
func (k *key) grid(width vg.Length) (rows, columns int, each vg.Length) {
	for _, e := range k.entries {
		each = max(each, k.style.Width(e.label)+2*keyGap+8)
	}
	n := len(k.entries)
	most := max(1, int(width/each))
	rows = (n + most - 1) / most
	return rows, (n + rows - 1) / rows, each
}

// height returns what the key takes of a chart.
func (k *key) height(width vg.Length) vg.Length {
	rows, _, _ := k.grid(width)
	return vg.Length(rows*keyHeight + 4)
}

// draw draws the key in rows, in the middle.
func (k *key) draw(c draw.Canvas) {
	_, n, each := k.grid(c.Size().X)
	left := c.Center().X - vg.Length(n)*each/2
	for i, e := range k.entries {
		x := left + vg.Length(i%n)*each
		y := c.Max.Y - vg.Length(i/n+1)*keyHeight
		for _, sign := range e.signs {
			place := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + keyGap, Y: y + keyHeight - 6},
			}}
			sign.Thumbnail(&place)
		}
		c.FillText(k.style, vg.Point{X: x + keyGap + 5, Y: y + 1}, e.label)
	}
}
