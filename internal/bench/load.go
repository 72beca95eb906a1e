package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A load is what "harebell perf --json" says it has done.
type load struct {
	From    float64 `json:"from"`    // Unix seconds
	Seconds float64 `json:"seconds"` // measured

	Published int64 `json:"published"`
	Confirmed int64 `json:"confirmed"`
	Refused   int64 `json:"refused"`
	Delivered int64 `json:"delivered"`
	Cycles    int64 `json:"cycles"`
	Made      int64 `json:"made"`

	Latency map[string]float64 `json:"latency_ms"` // by quantiles such as "p50"
	Confirm map[string]float64 `json:"confirm_ms"`
	Cycle   map[string]float64 `json:"cycle_ms"`

	Tenths []float64 `json:"tenths"` // seconds
	Load   *load     `json:"load"`   // beside many
}

// from and to return the moments between which it was measured.
func (l *load) from() time.Time {
	return time.UnixMicro(int64(l.From * 1e6))
}

func (l *load) to() time.Time {
	return l.from().Add(time.Duration(l.Seconds * float64(time.Second)))
}

// perSecond returns the rate of a count.
func (l *load) perSecond(n int64) float64 { return float64(n) / l.Seconds }

// leaveTime is how long a load that is told to stop may take for that.
const leaveTime = 10 * time.Second

// perf makes a load on the broker at an address.
func perf(ctx context.Context, program, url string, arguments []string) (*load, error) {
	c := exec.CommandContext(ctx, program, append(append([]string{"perf"}, arguments...), "--json", "--url", url)...)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = leaveTime
	if err := c.Run(); err != nil {
		return nil, errors.Join(context.Cause(ctx), fmt.Errorf("harebell perf: %w: %s", err, lastLine(said.String())))
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx) // what was measured is not what was to be
	}
	l := new(load)
	if err := json.Unmarshal(out.Bytes(), l); err != nil {
		return nil, fmt.Errorf("harebell perf: %w: %q", err, out.String())
	}
	if l.Seconds <= 0 {
		return nil, fmt.Errorf("harebell perf has measured nothing: %s", lastLine(said.String()))
	}
	return l, nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimPrefix(lines[len(lines)-1], "harebell: ")
}
