package main

import (
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// TestMemoryAlarm has a broker that may take next to nothing.
func TestMemoryAlarm(t *testing.T) {
	t.Parallel()
	p := start(t, "--memory", "--memory-high-watermark-absolute", "1kB")
	conn := p.dial()
	blocked := conn.NotifyBlocked(make(chan amqp091.Blocking, 1))
	ch, err := conn.Channel()
	must(t, err)
	must(t, ch.Publish("", "q", false, false, amqp091.Publishing{}))
	if b := <-blocked; !b.Active || b.Reason != "low on memory" {
		t.Errorf("got %+v, want blocked by low memory", b)
	}
	p.kill() // a connection that is blocked is not read from, nor is its close
}
