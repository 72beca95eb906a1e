package server

import (
	"strings"
	"testing"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/clock"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// TestCopiesFitWhateverTheMessage traces a message with the longest name and the deepest
// headers that a client may use.
func TestCopiesFitWhateverTheMessage(t *testing.T) {
	registry, err := vhost.Open(vhost.Broker{Store: store.NewMemory(), Clock: clock.System}, "/")
	if err != nil {
		t.Fatal(err)
	}
	v, err := registry.Get("/")
	if err != nil {
		t.Fatal(err)
	}
	deep := amqp.Table{"a": "b"}
	for {
		deeper := amqp.Table{"t": deep}
		if deeper.Check() != nil {
			break
		}
		deep = deeper
	}
	headers := amqp.Table{"properties": amqp.Table{"headers": deep, "type": "t"}}
	if err := trace(v.NewPublisher(), "deliver."+strings.Repeat("q", 255), headers, nil); err != nil {
		t.Fatal(err)
	}
	if p := headers["properties"].(amqp.Table); p["headers"] != nil || p["type"] != "t" {
		t.Errorf("properties %v, want them without the headers", p)
	}
}
