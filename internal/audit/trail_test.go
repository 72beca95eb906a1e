package audit

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
)

// newTrail returns a trail somebody is bound to, and what it has handed over: only as
// often as gate lets it.
func newTrail(t testing.TB, gate <-chan bool) (trail *Trail, handed *[]amqp.Message, log *bytes.Buffer) {
	handed, log = new([]amqp.Message), new(bytes.Buffer)
	trail = NewTrail(Options{Node: "h@n", Clock: clock.System, Log: zerolog.New(log), HandOver: func(m amqp.Message) {
		if gate != nil {
			<-gate
		}
		*handed = append(*handed, m)
	}})
	trail.Bound(true)
	return trail, handed, log
}

func names(messages []amqp.Message) string {
	var all []string
	for _, m := range messages {
		name, _ := m.Properties.Header("name")
		all = append(all, fmt.Sprint(name))
	}
	return strings.Join(all, " ")
}

func TestEventsKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trail, handed, _ := newTrail(t, nil)
		var want []string
		for i := range 100 {
			trail.Tell(QueueDeleted{Name: fmt.Sprint(i)})
			want = append(want, fmt.Sprint(i))
			if i%7 == 0 {
				synctest.Wait() // the goroutine ends, and another begins
			}
		}
		trail.Drain()
		if got := names(*handed); got != strings.Join(want, " ") {
			t.Errorf("got %s", got)
		}
		if trail.Busy() {
			t.Error("busy after everything was handed over")
		}
	})
}

func TestNobodyBoundIsToldNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trail, handed, _ := newTrail(t, nil)
		trail.Bound(false)
		trail.Tell(QueueDeleted{Name: "a"})
		trail.Bound(true)
		trail.Tell(QueueDeleted{Name: "b"})
		trail.Bound(false)
		trail.Drain()
		if got := names(*handed); got != "b" {
			t.Errorf("got %q, want b", got)
		}
	})
}

func TestTellingNeverWaitsAndLosesTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan bool)
		trail, handed, log := newTrail(t, gate)
		trail.Tell(QueueDeleted{Name: "first"})
		synctest.Wait()
		long := strings.Repeat("x", waitingMost/16)
		for i := range 20 {
			trail.Tell(QueueDeleted{VHost: long, Name: fmt.Sprint(i)})
		}
		if trail.octets > waitingMost {
			t.Errorf("%d octets wait, want at most %d", trail.octets, waitingMost)
		}
		go func() {
			for range 17 {
				gate <- true
			}
			close(gate)
		}()
		trail.Drain()
		trail.Tell(QueueDeleted{Name: "last"})
		trail.Drain()
		if got, want := names(*handed), "first 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 last"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if !strings.Contains(log.String(), `"events":5`) {
			t.Errorf("log: got %s, want it to count 5 events", log)
		}
	})
}

func TestEventIsAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trail, handed, _ := newTrail(t, nil)
		time.Sleep(1500 * time.Millisecond) // of the bubble, which begins at midnight UTC, 2000
		trail.Tell(AlarmSet{Resource: "disk"})
		trail.Drain()
		m := (*handed)[0]
		f, err := m.Properties.Fields()
		if err != nil {
			t.Fatal(err)
		}
		const midnight = 946684800
		if m.Exchange != "amq.rabbitmq.event" || m.RoutingKey != "alarm.set" || !m.Persistent || m.Body != nil || f.Timestamp != midnight+1 {
			t.Errorf("got %+v with %+v", m, f)
		}
		if want := (amqp.Table{"source": "disk", "node": "h@n", "timestamp_in_ms": int64(midnight*1000 + 1500)}); !f.Headers.Equal(want) {
			t.Errorf("headers: got %v, want %v", f.Headers, want)
		}
	})
}

// What it costs a room that nobody listens.
func BenchmarkTellNobody(b *testing.B) {
	trail, _, _ := newTrail(b, nil)
	trail.Bound(false)
	b.ReportAllocs()
	for b.Loop() {
		trail.Tell(QueueDeleted{By: "guest", VHost: "/", Name: "q"})
	}
}

func BenchmarkTell(b *testing.B) {
	trail, handed, _ := newTrail(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		trail.Tell(QueueCreated{By: "guest", VHost: "/", Name: "q", Arguments: amqp.Table{"x-max-length": int32(1)}})
		trail.Drain()
		*handed = (*handed)[:0]
	}
}
