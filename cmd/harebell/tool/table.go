package tool

import (
	"strings"
	"unicode/utf8"
)

// A Grid draws rows between lines.
type Grid struct {
	Vertical            string    // between columns
	Top, Middle, Bottom [4]string // left, along, crossing, right
	BetweenRows         bool      // a line after each
	Bold                bool      // the head
	Centered            bool      // the head
}

// ASCII is the grid of rabbitmqadmin.
var ASCII = Grid{
	Vertical: "|", Top: [4]string{"+", "-", "+", "+"}, Middle: [4]string{"+", "-", "+", "+"}, Bottom: [4]string{"+", "-", "+", "+"}, Centered: true,
}

// Boxes is the grid of rabbitmqctl on a terminal that has Unicode.
var Boxes = Grid{
	Vertical: "│", Top: [4]string{"┌", "─", "┬", "┐"}, Middle: [4]string{"├", "─", "┼", "┤"}, Bottom: [4]string{"└", "─", "┴", "┘"}, BetweenRows: true, Bold: true,
}

// Draw draws a table. Every row has as many cells as the head.
func (g Grid) Draw(head []string, rows [][]string) string {
	widths := make([]int, len(head))
	for i := range head {
		widths[i] = utf8.RuneCountInString(head[i])
		for _, row := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	var b strings.Builder
	line := func(of [4]string) {
		b.WriteString(of[0])
		for i, w := range widths {
			if i > 0 {
				b.WriteString(of[2])
			}
			b.WriteString(strings.Repeat(of[1], w+2))
		}
		b.WriteString(of[3] + "\n")
	}
	cells := func(row []string, isHead bool) {
		for i, cell := range row {
			room := widths[i] - utf8.RuneCountInString(cell)
			left := 0
			if isHead && g.Centered {
				left = room / 2
			}
			if isHead && g.Bold {
				cell = Bold(cell)
			}
			b.WriteString(g.Vertical + " " + strings.Repeat(" ", left) + cell + strings.Repeat(" ", room-left) + " ")
		}
		b.WriteString(g.Vertical + "\n")
	}
	line(g.Top)
	cells(head, true)
	line(g.Middle)
	for i, row := range rows {
		if i > 0 && g.BetweenRows {
			line(g.Middle)
		}
		cells(row, false)
	}
	line(g.Bottom)
	return b.String()
}

// Bold has a terminal show a text in bold.
func Bold(text string) string { return "\x1b[1m" + text + "\x1b[0m" }

// Nearest returns the name that is most like another, "" if none is much like it.
func Nearest(name string, names []string, atLeast float64) string {
	best, most := "", atLeast
	for _, n := range names {
		if s := similarity(name, n); s > most {
			best, most = n, s
		}
	}
	return best
}

// similarity is 1 for the same text, and less the less two are alike, as Jaro defines it.
func similarity(a, b string) float64 {
	if a == b {
		return 1
	}
	x, y := []rune(a), []rune(b)
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	near := max(max(len(x), len(y))/2-1, 0)
	inX, inY := make([]bool, len(x)), make([]bool, len(y))
	matches := 0
	for i, r := range x {
		for j := max(0, i-near); j < min(len(y), i+near+1); j++ {
			if !inY[j] && y[j] == r {
				inX[i], inY[j] = true, true
				matches++
				break
			}
		}
	}
	if matches == 0 {
		return 0
	}
	swapped, j := 0, 0
	for i := range x {
		if !inX[i] {
			continue
		}
		for !inY[j] {
			j++
		}
		if x[i] != y[j] {
			swapped++
		}
		j++
	}
	m := float64(matches)
	return (m/float64(len(x)) + m/float64(len(y)) + (m-float64(swapped)/2)/m) / 3
}
