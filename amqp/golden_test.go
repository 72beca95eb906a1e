package amqp

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// A golden frame is one of testdata/frames.txt.
type golden struct {
	name   string // the comment above it
	octets []byte
	trace  string
}

// goldenFrames reads testdata/frames.txt: paragraphs of a comment, a line of
// hex, and the traced line.
func goldenFrames(t testing.TB) []golden {
	t.Helper()
	file, err := os.ReadFile("testdata/frames.txt")
	if err != nil {
		t.Fatal(err)
	}
	var frames []golden
	for i, paragraph := range strings.Split(strings.TrimSpace(string(file)), "\n\n") {
		if i == 0 {
			continue // says what the file is
		}
		lines := strings.Split(paragraph, "\n")
		if len(lines) != 3 {
			t.Fatalf("paragraph %d of frames.txt has %d lines, want 3", i, len(lines))
		}
		octets, err := hex.DecodeString(lines[1])
		if err != nil {
			t.Fatalf("paragraph %d of frames.txt: %v", i, err)
		}
		frames = append(frames, golden{strings.TrimPrefix(lines[0], "# "), octets, lines[2]})
	}
	return frames
}

func TestGoldenFrames(t *testing.T) {
	for _, g := range goldenFrames(t) {
		t.Run(g.name, func(t *testing.T) {
			f, err := NewReader(bytes.NewReader(g.octets)).ReadFrame()
			if err != nil {
				t.Fatalf("ReadFrame: %v", err)
			}
			if got := string(AppendTrace(nil, f)); got != g.trace {
				t.Errorf("AppendTrace:\n got %s\nwant %s", got, g.trace)
			}
			octets, err := ParseTrace(g.trace)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(octets, g.octets) {
				t.Errorf("ParseTrace(%s):\n got %x\nwant %x", g.trace, octets, g.octets)
			}
		})
	}
}
