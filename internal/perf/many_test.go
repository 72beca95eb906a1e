package perf

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/harebellmq/harebell/amqp/amqptest"
)

func many(change func(*Many)) Many {
	m := Many{URL: "amqp://localhost", Of: "queues", Number: 20, Connections: 1, Queue: "q", Size: 16}
	if change != nil {
		change(&m)
	}
	return m
}

func TestCheckMany(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Many)
		want   string // what the error begins with, or "" for none
	}{
		{"the usual is fine", nil, ""},
		{"no scheme", func(m *Many) { m.URL = "localhost:5672" }, "--url: want amqp://"},
		{"something else", func(m *Many) { m.Of = "queue" }, "--of queue: want connections, queues or bindings"},
		{"more connections than there are", func(m *Many) { m.Of, m.Number = "connections", 10_001 }, "--number 10001: want a number from 1 to 10000"},
		{"none", func(m *Many) { m.Number = 0 }, "--number 0: want a number from 1 to 100000"},
		{"nobody makes them", func(m *Many) { m.Connections = 0 }, "--connections 0: want a number from 1"},
		{"a negative rest", func(m *Many) { m.Rest = -time.Second }, "--rest -1s: want a duration"},
		{"a negative window", func(m *Many) { m.Confirm = -1 }, "--confirm -1: want a number from 0"},
		{"a negative duration", func(m *Many) { m.Duration = -time.Second }, "--duration -1s: want a duration"},
		{"a long name", func(m *Many) { m.Queue = strings.Repeat("q", 201) }, "--queue: want at most 200"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantError(t, many(test.change).Check(), test.want) })
	}
}

// whenMade is a place for progress that calls look when all is made.
type whenMade struct{ look func() }

func (w whenMade) Write(line []byte) (int, error) {
	if bytes.HasPrefix(line, []byte("made 20 ")) {
		w.look()
	}
	return len(line), nil
}

func TestRunMany(t *testing.T) {
	tests := []struct {
		of        string
		made      func(*amqptest.Broker) error // whether they are there
		delivered int64
	}{
		{"connections", func(b *amqptest.Broker) error {
			q, err := b.Queue("q")
			if err == nil && (q.Consumers != 20 || len(b.Connections()) != 20+3) {
				err = fmt.Errorf("%d consumers on %d connections, want 20 on three more", q.Consumers, len(b.Connections()))
			}
			return err
		}, 500},
		{"queues", func(b *amqptest.Broker) error {
			q, err := b.Queue("q-20")
			if err == nil && !q.Durable {
				err = fmt.Errorf("queue is not durable")
			}
			return err
		}, 0},
		{"bindings", func(b *amqptest.Broker) error {
			x, err := b.Exchange("q-exchange")
			if err == nil && (len(x.Bindings) != 20 || x.Bindings[19].Key != "perf.19.0.#") {
				err = fmt.Errorf("bindings %v, want 20", x.Bindings)
			}
			return err
		}, 500},
	}
	for _, test := range tests {
		t.Run(test.of, func(t *testing.T) {
			b := amqptest.New(t)
			looked := false
			look := func() {
				looked = true
				if err := test.made(b); err != nil {
					t.Error(err)
				}
			}
			m := many(func(m *Many) {
				m.URL, m.Of, m.Messages, m.Durable, m.Rest, m.Confirm = b.URL(), test.of, 500, true, time.Nanosecond, 10
			})
			if test.of != "bindings" {
				m.Connections = 3 // their order is not looked at
			}
			s, err := RunMany(t.Context(), m, whenMade{look})
			if err != nil {
				t.Fatal(err)
			}
			if !looked || s.Made != 20 || s.Elapsed <= 0 {
				t.Errorf("made %d in %v, want 20", s.Made, s.Elapsed)
			}
			if s.Load.Published != 500 || s.Load.Confirmed != 500 || s.Load.Delivered != test.delivered {
				t.Errorf("published %d, confirmed %d, delivered %d, want 500, 500, %d", s.Load.Published, s.Load.Confirmed, s.Load.Delivered, test.delivered)
			}
			if err := b.Idle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := len(b.Connections()); n != 0 {
				t.Errorf("%d connections are left", n)
			}
			if err := test.made(b); err == nil {
				t.Error("it is left behind")
			}
		})
	}
}

func TestRunManyGoesThroughAllQueues(t *testing.T) {
	b := amqptest.New(t)
	m := many(func(m *Many) { m.URL, m.Messages, m.Keep = b.URL(), 100, true })
	if _, err := RunMany(t.Context(), m, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, name := range m.toQueues().queues() {
		if q, err := b.Queue(name); err != nil || q.Ready != 5 {
			t.Errorf("%s: got %d messages, %v, want 5", name, q.Ready, err)
		}
	}
}

func TestRunManyWithoutALoad(t *testing.T) {
	b := amqptest.New(t)
	s, err := RunMany(t.Context(), many(func(m *Many) { m.URL = b.URL() }), io.Discard)
	if err != nil || s.Made != 20 || s.Load.Elapsed != 0 {
		t.Errorf("got %d made, a load of %v, %v", s.Made, s.Load.Elapsed, err)
	}
}

func TestRunManyTellsWhatTheBrokerSays(t *testing.T) {
	b := amqptest.New(t)
	_, err := RunMany(t.Context(), many(func(m *Many) { m.URL, m.Queue = b.URL(), "amq.reserved" }), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "after 0 queues: queue.declare: broker closed the channel: 403 ACCESS_REFUSED") {
		t.Errorf("got %v, want that the name is refused", err)
	}
}

func TestManySummary(t *testing.T) {
	s := ManySummary{From: time.Unix(1000, 0), Elapsed: 2 * time.Second, Made: 1000}
	s.Load = Summary{From: time.Unix(1002, 0), Elapsed: time.Second, Published: 30}
	var text, line bytes.Buffer
	if err := s.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	want := "in 2.0s:\n" +
		"  made                1,000            500/s\n" +
		"and then in 1.0s:\n" +
		"  published              30             30/s\n"
	if got := text.String(); got != want {
		t.Errorf("text:\n%swant:\n%s", got, want)
	}
	if err := s.WriteJSON(&line); err != nil {
		t.Fatal(err)
	}
	want = `{"from":1000,"load":{"confirmed":0,"confirmed_per_second":0,"delivered":0,"delivered_per_second":0,` +
		`"from":1002,"published":30,"published_per_second":30,"refused":0,"refused_per_second":0,"seconds":1},` +
		`"made":1000,"made_per_second":500,"seconds":2}` + "\n"
	if got := line.String(); got != want {
		t.Errorf("JSON:\n%swant:\n%s", got, want)
	}
}
