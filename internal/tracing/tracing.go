// Package tracing tells OpenTelemetry of messages on their way through a broker: it
// makes spans of events, which continue the trace that a message brings along in its
// header traceparent, and sends them to a collector by OTLP over HTTP.
//
//	producer's span
//	├─ publish orders      from when the broker has the message until its confirm
//	│  └─ route orders     until it is known which queues get it
//	├─ deliver invoices    from delivery until it is acked, rejected or requeued
//	└─ dead-letter invoices
//
// The header goes to consumers as it came.
package tracing

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"sync"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/event"
)

// openMost is how many spans may wait for their end: a message that nobody confirms or
// acks costs memory. What comes when there are so many has spans that end at once.
const openMost = 50_000

// Options are where spans go, and of which messages there are any.
type Options struct {
	Endpoint string  // of the collector, http://host:port; what else there is to say OTEL_EXPORTER_OTLP_… says
	Ratio    float64 // of messages without a traceparent that are traced, from 0 to 1
	Node     string  // name of this broker among others
	Version  string  // of the program
	Log      zerolog.Logger
}

// A Tracer makes spans of events. It is an event.Watcher.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	begins   bool // traces of messages that bring none

	mu    sync.Mutex // guards what follows
	open  map[string]map[place]trace.Span
	count int // of all that are open
}

// A place is where on a connection a span waits for its end.
type place struct {
	kind    event.Kind // that began it
	channel uint16
	tag     uint64
}

// Start begins to trace. Nothing need listen at the endpoint yet; what cannot be sent is
// lost, and logged.
func Start(ctx context.Context, o Options) (*Tracer, error) {
	at, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("otlp_endpoint %s: %w", o.Endpoint, err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { o.Log.Warn().Err(err).Msg("spans not sent") }))
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(at.JoinPath("v1/traces").String()))
	if err != nil {
		return nil, fmt.Errorf("otlp_endpoint %s: %w", o.Endpoint, err)
	}
	return start(ctx, o, sdk.WithBatcher(exporter))
}

func start(ctx context.Context, o Options, to sdk.TracerProviderOption) (*Tracer, error) {
	about, err := resource.New(ctx, resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	mine := resource.NewSchemaless(
		attribute.String("service.name", "harebell"),
		attribute.String("service.version", o.Version),
		attribute.String("service.instance.id", o.Node),
	)
	if about, err = resource.Merge(mine, about); err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := sdk.NewTracerProvider(to, sdk.WithResource(about), sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Ratio))))
	return &Tracer{
		provider: provider,
		tracer:   provider.Tracer("github.com/harebellmq/harebell", trace.WithInstrumentationVersion(o.Version)),
		begins:   o.Ratio > 0,
		open:     make(map[string]map[place]trace.Span),
	}, nil
}

// Stop ends all spans, and returns when they are sent, or ctx is done.
func (t *Tracer) Stop(ctx context.Context) error {
	t.mu.Lock()
	for connection := range t.open {
		t.endAll(connection, func(place) bool { return true }, "the broker stopped")
	}
	t.mu.Unlock()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("send spans: %w", err)
	}
	return nil
}

// Event implements event.Watcher.
func (t *Tracer) Event(e event.Event) {
	switch e.Kind {
	case event.Published:
		t.published(e)
	case event.Routed:
		t.routed(e)
	case event.Returned:
		t.note(e, event.Published, "returned")
	case event.Confirmed:
		t.end(e, event.Published, "")
	case event.Refused:
		t.end(e, event.Published, "refused")
	case event.Delivered, event.Got:
		t.delivered(e)
	case event.Acked:
		t.end(e, event.Delivered, "")
	case event.Rejected, event.Requeued:
		t.note(e, event.Delivered, string(e.Kind))
		t.end(e, event.Delivered, "")
	case event.DeadLettered:
		if ctx, traced := t.of(e.Message); traced {
			_, span := t.tracer.Start(ctx, "dead-letter "+e.Queue, trace.WithAttributes(append(attributes(e), attribute.String("harebell.reason", e.Reason))...))
			span.End()
		}
	case event.ChannelClosed:
		t.closed(e, func(p place) bool { return p.channel == e.Channel })
	case event.ConnectionClosed:
		t.closed(e, func(place) bool { return true })
	}
}

// of returns the trace that a message belongs to. One that brings none may begin one.
func (t *Tracer) of(m *amqp.Message) (_ context.Context, traced bool) {
	ctx := context.Background()
	if m == nil {
		return ctx, false
	}
	ctx = propagation.TraceContext{}.Extract(ctx, headers{m})
	parent := trace.SpanContextFromContext(ctx)
	return ctx, parent.IsSampled() || !parent.IsValid() && t.begins
}

// published begins the span of a message that has come, and that of its way to queues.
func (t *Tracer) published(e event.Event) {
	ctx, traced := t.of(e.Message)
	if !traced || e.Connection == "" {
		return
	}
	ctx, span := t.tracer.Start(ctx, "publish "+destination(e), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes(e)...))
	if !span.IsRecording() {
		return
	}
	_, route := t.tracer.Start(ctx, "route "+destination(e))
	t.keep(e, event.Published, span)
	t.keep(e, event.Routed, route)
}

// routed ends the span of the way to queues and, outside of confirm mode, that of the
// message.
func (t *Tracer) routed(e event.Event) {
	t.with(e, event.Routed, func(route trace.Span) {
		route.SetAttributes(attribute.StringSlice("harebell.queues", e.Queues))
	})
	t.end(e, event.Routed, "")
	if e.Tag == 0 {
		t.end(e, event.Published, "")
	}
}

// delivered begins the span of a delivery, which ends at once if nobody is to ack it.
func (t *Tracer) delivered(e event.Event) {
	ctx, traced := t.of(e.Message)
	if !traced {
		return
	}
	_, span := t.tracer.Start(ctx, "deliver "+e.Queue, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes(e)...))
	switch {
	case e.NoAck:
		span.End()
	case span.IsRecording():
		t.keep(e, event.Delivered, span)
	}
}

// keep has a span wait for its end.
func (t *Tracer) keep(e event.Event, kind event.Kind, span trace.Span) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count >= openMost {
		span.End()
		return
	}
	of := t.open[e.Connection]
	if of == nil {
		of = make(map[place]trace.Span)
		t.open[e.Connection] = of
	}
	at := place{kind, e.Channel, e.Tag}
	if before, twice := of[at]; twice { // nobody has said how it ended
		before.End()
		t.count--
	}
	of[at] = span
	t.count++
}

// with does something with a span that waits, if there is one.
func (t *Tracer) with(e event.Event, kind event.Kind, do func(trace.Span)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if span := t.open[e.Connection][place{kind, e.Channel, e.Tag}]; span != nil {
		do(span)
	}
}

// note says on a span that waits what has happened.
func (t *Tracer) note(e event.Event, kind event.Kind, what string) {
	t.with(e, kind, func(span trace.Span) { span.AddEvent(what) })
}

// end ends a span that waits, with the failure there was, if any.
func (t *Tracer) end(e event.Event, kind event.Kind, failure string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	of, at := t.open[e.Connection], place{kind, e.Channel, e.Tag}
	span := of[at]
	if span == nil {
		return
	}
	if failure != "" {
		span.SetStatus(codes.Error, failure)
	}
	span.End()
	delete(of, at)
	t.count--
}

// closed ends the spans of a channel, or a connection, that is no more.
func (t *Tracer) closed(e event.Event, which func(place) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endAll(e.Connection, which, cmp.Or(e.Text, "closed"))
}

// endAll ends spans of a connection. The lock is held.
func (t *Tracer) endAll(connection string, which func(place) bool, why string) {
	of := t.open[connection]
	for at, span := range of {
		if which(at) {
			span.SetStatus(codes.Error, why)
			span.End()
			delete(of, at)
			t.count--
		}
	}
	if len(of) == 0 {
		delete(t.open, connection)
	}
}

// destination is what a message is published to, for the name of a span.
func destination(e event.Event) string { return cmp.Or(e.Exchange, "amq.default") }

// attributes are what spans say of an event.
//
// OpenTelemetry: semantic conventions for messaging, and for RabbitMQ
func attributes(e event.Event) []attribute.KeyValue {
	all := []attribute.KeyValue{
		attribute.String("messaging.system", "rabbitmq"),
		attribute.String("messaging.destination.name", cmp.Or(e.Queue, destination(e))),
		attribute.String("messaging.rabbitmq.destination.routing_key", e.RoutingKey),
		attribute.String("harebell.vhost", e.VHost),
	}
	if m := e.Message; m != nil {
		all = append(all, attribute.Int("messaging.message.body.size", len(m.Body)))
		if id := m.Properties.MessageID(); id != "" {
			all = append(all, attribute.String("messaging.message.id", id))
		}
	}
	if e.Connection != "" {
		all = append(all, attribute.String("messaging.client.id", cmp.Or(e.Client, e.Connection)))
	}
	if e.Queue != "" && e.Tag > 0 {
		all = append(all, attribute.Int64("messaging.rabbitmq.message.delivery_tag", int64(e.Tag)))
	}
	return all
}

// headers are those of a message that say to which trace it belongs. It is a
// propagation.TextMapCarrier.
type headers struct{ *amqp.Message }

// Get implements propagation.TextMapCarrier. Clients write texts as such or as octets.
func (h headers) Get(name string) string {
	value, _ := h.Properties.Header(name)
	switch v := value.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// Set implements propagation.TextMapCarrier: a message stays as it is.
func (headers) Set(string, string) {}

// Keys implements propagation.TextMapCarrier.
func (headers) Keys() []string { return []string{"traceparent", "tracestate"} }
