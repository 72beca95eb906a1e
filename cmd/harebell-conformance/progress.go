package main

import (
	"fmt"
	"io"
	"os"

	"github.com/harebellmq/harebell/conformance"
)

// A progress counts results on one line of a terminal. Elsewhere it is silent:
// a log needs no line that changes.
type progress struct {
	terminal io.Writer // nil if there is none
	count    conformance.Count
}

func newProgress(w io.Writer) *progress {
	file, isFile := w.(*os.File)
	if !isFile {
		return &progress{}
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &progress{}
	}
	return &progress{terminal: w}
}

// add counts a result. What does not hold stays on the screen.
func (p *progress) add(r conformance.Result, total int) {
	p.count.Add(r.Outcome)
	if p.terminal == nil {
		return
	}
	if r.Outcome == conformance.Failed {
		fmt.Fprintf(p.terminal, "\r\x1b[K✗ %s: %s\n", r.Chapter, r.Sentence)
	}
	done := p.count.Passed + p.count.Failed + p.count.Skipped
	fmt.Fprintf(p.terminal, "\r\x1b[K%d of %d: %d passed, %d failed, %d skipped", done, total, p.count.Passed, p.count.Failed, p.count.Skipped)
}

// end wipes the line.
func (p *progress) end() {
	if p.terminal != nil {
		fmt.Fprint(p.terminal, "\r\x1b[K")
	}
}
