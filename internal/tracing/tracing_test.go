package tracing

import (
	"slices"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/event"
)

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// traced is a message that brings a trace along.
var traced = &amqp.Message{Properties: amqp.Properties("").WithHeader("traceparent", traceparent), Body: []byte("body")}

func newTracer(t testing.TB, ratio float64) (*Tracer, *tracetest.SpanRecorder) {
	t.Helper()
	ended := tracetest.NewSpanRecorder()
	tracer, err := start(t.Context(), Options{Node: "harebell@test", Version: "1.0.0", Ratio: ratio}, sdk.WithSpanProcessor(ended))
	if err != nil {
		t.Fatal(err)
	}
	return tracer, ended
}

func on(k event.Kind, channel uint16, tag uint64) event.Event {
	return event.Event{Kind: k, VHost: "/", Connection: "a -> b", Channel: channel, Tag: tag, Exchange: "x", RoutingKey: "k", Queue: "q", Message: traced}
}

// TestSpansEnd has what has begun end in each way there is.
func TestSpansEnd(t *testing.T) {
	published := func(tag uint64) []event.Event {
		p, r := on(event.Published, 1, tag), on(event.Routed, 1, tag)
		p.Queue, r.Queue, r.Queues = "", "", []string{"q"}
		return []event.Event{p, r}
	}
	noAck := on(event.Got, 1, 5)
	noAck.NoAck = true
	for _, test := range []struct {
		name   string
		events []event.Event
		want   string // "name status" of what has ended
		open   int
	}{
		{"published outside of confirm mode", published(0), "publish x, route x", 0},
		{"published, and not yet confirmed", published(1), "route x", 1},
		{"confirmed", append(published(1), on(event.Confirmed, 1, 1)), "publish x, route x", 0},
		{"another is confirmed", append(published(1), on(event.Confirmed, 1, 2)), "route x", 1},
		{"refused", append(published(1), on(event.Refused, 1, 1)), "publish x: refused, route x", 0},
		{"never routed, as the channel closes", []event.Event{published(1)[0], on(event.ChannelClosed, 1, 0)}, "publish x: closed, route x: closed", 0},
		{"another channel closes", append(published(1), on(event.ChannelClosed, 2, 0)), "route x", 1},
		{"the connection closes", append(published(1), on(event.ConnectionClosed, 0, 0)), "publish x: closed, route x", 0},
		{"delivered", []event.Event{on(event.Delivered, 1, 5)}, "", 1},
		{"acked", []event.Event{on(event.Delivered, 1, 5), on(event.Acked, 1, 5)}, "deliver q", 0},
		{"got, and requeued", []event.Event{on(event.Got, 1, 5), on(event.Requeued, 1, 5)}, "deliver q", 0},
		{"got without an ack", []event.Event{noAck}, "deliver q", 0},
		{"dead-lettered", []event.Event{on(event.DeadLettered, 0, 0)}, "dead-letter q", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			tracer, recorded := newTracer(t, 0)
			for _, e := range test.events {
				tracer.Event(e)
			}
			var ended []string
			for _, s := range recorded.Ended() {
				name := s.Name()
				if d := s.Status().Description; d != "" {
					name += ": " + d
				}
				ended = append(ended, name)
				if s.SpanContext().TraceID().String() != traceparent[3:35] {
					t.Errorf("%s is of trace %s, want that of the message", s.Name(), s.SpanContext().TraceID())
				}
			}
			slices.Sort(ended)
			if got := strings.Join(ended, ", "); got != test.want {
				t.Errorf("got %q ended, want %q", got, test.want)
			}
			if tracer.count != test.open {
				t.Errorf("%d are open, want %d", tracer.count, test.open)
			}
			if err := tracer.Stop(t.Context()); err != nil || tracer.count != 0 || len(tracer.open) != 0 {
				t.Errorf("when it has stopped %d are open, error %v", tracer.count, err)
			}
			if began, ended := len(recorded.Started()), len(recorded.Ended()); began != ended {
				t.Errorf("%d began and %d ended", began, ended)
			}
		})
	}
}

func TestWhoIsTraced(t *testing.T) {
	bare := &amqp.Message{}
	octets := &amqp.Message{Properties: amqp.Properties("").WithHeader("traceparent", []byte(traceparent))}
	unsampled := &amqp.Message{Properties: amqp.Properties("").WithHeader("traceparent", traceparent[:len(traceparent)-1]+"0")}
	wrong := &amqp.Message{Properties: amqp.Properties("").WithHeader("traceparent", int64(5))}
	for _, test := range []struct {
		name    string
		message *amqp.Message
		ratio   float64
		want    int
	}{
		{"a trace in octets", octets, 0, 1},
		{"a trace that nobody samples", unsampled, 1, 0},
		{"no trace", bare, 0, 0},
		{"no trace, but all are wanted", bare, 1, 1},
		{"a header that is none", wrong, 0, 0},
		{"a message that only the store has", nil, 1, 0},
	} {
		tracer, recorded := newTracer(t, test.ratio)
		e := on(event.DeadLettered, 0, 0)
		e.Message = test.message
		tracer.Event(e)
		if got := len(recorded.Ended()); got != test.want {
			t.Errorf("%s: got %d spans, want %d", test.name, got, test.want)
		}
	}
}

// TestManyAreOpen has more deliveries wait for an ack than spans may.
func TestManyAreOpen(t *testing.T) {
	tracer, recorded := newTracer(t, 0)
	for tag := range uint64(openMost + 10) {
		tracer.Event(on(event.Delivered, 1, tag))
	}
	if ended := len(recorded.Ended()); tracer.count != openMost || ended != 10 {
		t.Errorf("%d are open and %d ended, want %d and 10", tracer.count, ended, openMost)
	}
}

func BenchmarkUntraced(b *testing.B) {
	tracer, _ := newTracer(b, 0)
	e := on(event.Published, 1, 1)
	e.Message = &amqp.Message{}
	for b.Loop() {
		e.Kind = event.Published
		tracer.Event(e)
		e.Kind = event.Routed
		tracer.Event(e)
	}
}
