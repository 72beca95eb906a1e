package perf

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp/amqptest"
)

func churn(change func(*Churn)) Churn {
	c := Churn{URL: "amqp://localhost", Of: "channel", Connections: 1, Queue: "q"}
	if change != nil {
		change(&c)
	}
	return c
}

func TestCheckChurn(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Churn)
		want   string // what the error begins with, or "" for none
	}{
		{"the usual is fine", nil, ""},
		{"durable bindings are fine", func(c *Churn) { c.Of, c.Durable = "binding", true }, ""},
		{"no scheme", func(c *Churn) { c.URL = "localhost:5672" }, "--url: want amqp://"},
		{"something else", func(c *Churn) { c.Of = "butter" }, "--of butter: want connection, channel, consumer, queue or binding"},
		{"a durable channel", func(c *Churn) { c.Durable = true }, "--durable: want --of queue or --of binding, as a channel"},
		{"nobody does it", func(c *Churn) { c.Connections = 0 }, "--connections 0: want a number from 1"},
		{"a negative number of cycles", func(c *Churn) { c.Cycles = -1 }, "--cycles -1: want a number from 0"},
		{"a negative duration", func(c *Churn) { c.Duration = -time.Second }, "--duration -1s: want a duration"},
		{"a negative warm-up", func(c *Churn) { c.Warmup = -time.Second }, "--warmup -1s: want a duration"},
		{"a long name", func(c *Churn) { c.Queue = strings.Repeat("q", 201) }, "--queue: want at most 200"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantError(t, churn(test.change).Check(), test.want) })
	}
}

// wantError checks what an error begins with, "" for no error.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("got %v, want no error", err)
	case want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)):
		t.Errorf("got %v, want %s…", err, want)
	}
}

func TestRunChurn(t *testing.T) {
	for of := range cycles {
		t.Run(of, func(t *testing.T) {
			b := amqptest.New(t)
			c := churn(func(c *Churn) { c.URL, c.Of, c.Connections, c.Cycles = b.URL(), of, 3, 20 })
			c.Durable = of == "queue"
			s, err := RunChurn(t.Context(), c, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if s.Cycles != 20 || s.Cycle.Count() != 20 || s.Elapsed <= 0 {
				t.Errorf("got %d cycles, %d of them timed, in %v, want 20", s.Cycles, s.Cycle.Count(), s.Elapsed)
			}
			if err := b.Idle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := len(b.Connections()); n != 0 {
				t.Errorf("%d connections are left", n)
			}
			if _, err := b.Queue("q-1"); err == nil {
				t.Error("its queue is left")
			}
			if x, err := b.Exchange("amq.direct"); err != nil || len(x.Bindings) > 0 {
				t.Errorf("bindings are left: %v, %v", x.Bindings, err)
			}
		})
	}
}

func TestRunChurnEndsAfterItsDuration(t *testing.T) {
	b := amqptest.New(t)
	c := churn(func(c *Churn) { c.URL, c.Warmup, c.Duration = b.URL(), 10*time.Millisecond, 50*time.Millisecond })
	s, err := RunChurn(t.Context(), c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if s.Elapsed < c.Duration || s.Cycles == 0 || uint64(s.Cycles) != s.Cycle.Count() {
		t.Errorf("got %d cycles, %d of them timed, in %v", s.Cycles, s.Cycle.Count(), s.Elapsed)
	}
}

func TestRunChurnTellsWhatTheBrokerSays(t *testing.T) {
	b := amqptest.New(t)
	c := churn(func(c *Churn) { c.URL, c.Of = b.URL(), "queue" })
	c.Queue = "amq.reserved"
	_, err := RunChurn(t.Context(), c, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "queue.declare: broker closed the channel: 403 ACCESS_REFUSED") {
		t.Errorf("got %v, want that the name is refused", err)
	}
}

func TestChurnSummary(t *testing.T) {
	s := ChurnSummary{From: time.Unix(1000, 500_000_000), Elapsed: 2 * time.Second, Cycles: 2468}
	s.Cycle.Record(1500*time.Microsecond, 10)
	var text, line bytes.Buffer
	if err := s.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	want := "in 2.0s:\n" +
		"  cycles              2,468          1,234/s\n" +
		"  cycle      p50 1.50  p95 1.50  p99 1.50  p99.9 1.50  max 1.50  ms\n"
	if got := text.String(); got != want {
		t.Errorf("text:\n%swant:\n%s", got, want)
	}
	if err := s.WriteJSON(&line); err != nil {
		t.Fatal(err)
	}
	want = `{"cycle_ms":{"max":1.5,"p50":1.5,"p95":1.5,"p99":1.5,"p99.9":1.5},` +
		`"cycles":2468,"cycles_per_second":1234,"from":1000.5,"seconds":2}` + "\n"
	if got := line.String(); got != want {
		t.Errorf("JSON:\n%swant:\n%s", got, want)
	}
}
