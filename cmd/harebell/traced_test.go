package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A collection is what an OpenTelemetry collector has been sent.
type collection struct {
	mu    sync.Mutex
	spans []string // "parent > name" each, of one trace
}

const (
	sampledTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ignoredTrace = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
)

func (c *collection) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	octets, err := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(octets, &request) != nil {
		http.Error(w, "want spans", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	names := map[string]string{"\xb7\xad\x6b\x71\x69\x20\x33\x31": "producer"}
	for _, of := range request.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			for _, span := range scope.Spans {
				names[string(span.SpanId)] = span.Name
			}
		}
	}
	for _, of := range request.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			for _, span := range scope.Spans {
				c.spans = append(c.spans, names[string(span.ParentSpanId)]+" > "+span.Name)
			}
		}
	}
	w.Header().Set("content-type", "application/x-protobuf")
}

// TestTracesGoOn publishes with and without a trace, and stops the broker so that it sends
// what it has.
func TestTracesGoOn(t *testing.T) {
	t.Parallel()
	var got collection
	site := httptest.NewServer(&got)
	t.Cleanup(site.Close)
	p := start(t, "--memory", "--otlp-endpoint", site.URL)
	ch := p.channel()
	must(t, ch.Confirm(false))
	_, err := ch.QueueDeclare("dead", false, false, true, false, nil)
	must(t, err)
	_, err = ch.QueueDeclare("orders", false, false, true, false, amqp091.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
	must(t, err)
	must(t, ch.QueueBind("orders", "orders.#", "amq.topic", false, nil))
	for _, traceparent := range []any{sampledTrace, ignoredTrace, nil} {
		headers := amqp091.Table{}
		if traceparent != nil {
			headers["traceparent"] = traceparent
		}
		confirmed, err := ch.PublishWithDeferredConfirm("amq.topic", "orders.new", false, false, amqp091.Publishing{Headers: headers, Body: []byte("x")})
		must(t, err)
		confirmed.Wait()
	}
	deliveries, err := ch.Consume("orders", "", false, false, false, false, nil)
	must(t, err)
	d := <-deliveries
	if d.Headers["traceparent"] != sampledTrace {
		t.Errorf("the consumer got %v, want the header as it was", d.Headers["traceparent"])
	}
	must(t, d.Reject(false))
	for {
		if d, ok, err := ch.Get("dead", true); err != nil || ok {
			must(t, err)
			if d.Headers["traceparent"] != sampledTrace {
				t.Errorf("the dead letter has %v, want the header as it was", d.Headers["traceparent"])
			}
			break
		}
	}
	p.stop()
	want := []string{
		"producer > dead-letter orders",
		"producer > deliver dead",
		"producer > deliver orders",
		"producer > publish amq.topic",
		"publish amq.topic > route amq.topic",
	}
	slices.Sort(got.spans)
	if !slices.Equal(got.spans, want) {
		t.Errorf("got  %q\nwant %q", got.spans, want)
	}
}

// TestTracingToNobody has no collector listen.
func TestTracingToNobody(t *testing.T) {
	t.Parallel()
	p := start(t, "--memory", "--otlp-endpoint", "http://127.0.0.1:1", "--otlp-sample-ratio", "1")
	ch := p.channel()
	must(t, ch.Confirm(false))
	confirmed, err := ch.PublishWithDeferredConfirm("", "nowhere", false, false, amqp091.Publishing{})
	must(t, err)
	confirmed.Wait()
	p.stop()
	p.log.await(t, "spans not sent")
}
