package server

import (
	"bytes"
	"net"
	"slices"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

// TestCancelComesAfterConsumeOk deletes the queue before the client has been told
// of its consumer.
func TestCancelComesAfterConsumeOk(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	c := newConnection(testServer(t), theirs)
	c.clientProperties = amqp.Table{"capabilities": amqp.Table{"consumer_cancel_notify": true}}
	var page []string
	s := &consumer{ch: newChannel(c, 1), tag: "c", queue: notebook{name: "q", page: &page}}

	s.Cancelled()
	if c.outbox.size != 0 {
		t.Errorf("before consume-ok: got % x, want nothing", c.outbox.buf)
	}
	s.begin()
	want := amqp.AppendMethod(nil, 1, &amqp.BasicCancel{ConsumerTag: "c", NoWait: true})
	if !bytes.Equal(c.outbox.buf, want) {
		t.Errorf("after it: got % x, want % x", c.outbox.buf, want)
	}
	if !slices.Equal(page, []string{"q wake c"}) {
		t.Errorf("the queue: got %q, want it to be woken", page)
	}
}

// TestGoneConsumersAreForgotten has queues deleted that their client never
// cancels its consumers of.
func TestGoneConsumersAreForgotten(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	c := newConnection(testServer(t), theirs)
	ch := newChannel(c, 1)
	for _, tag := range []string{"a", "b", "c"} {
		ch.consumers[tag] = &consumer{ch: ch, tag: tag}
	}
	ch.consumers["a"].Cancelled()
	ch.consumers["c"].Cancelled()
	ch.forgetGone()
	if len(ch.consumers) != 1 || ch.consumers["b"] == nil {
		t.Errorf("got %v, want b alone", ch.consumers)
	}
}
