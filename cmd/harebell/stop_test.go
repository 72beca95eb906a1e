package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// consumeOne has a client hold a delivery of a queue that has another message.
func (p *process) consumeOne() (ch *amqp091.Channel, d amqp091.Delivery, closed chan *amqp091.Error) {
	p.t.Helper()
	conn := p.dial()
	closed = conn.NotifyClose(make(chan *amqp091.Error, 1))
	ch, err := conn.Channel()
	must(p.t, err)
	must(p.t, ch.Confirm(false))
	_, err = ch.QueueDeclare("work", true, false, false, false, nil)
	must(p.t, err)
	for range 2 {
		c, err := ch.PublishWithDeferredConfirm("", "work", false, false, amqp091.Publishing{DeliveryMode: amqp091.Persistent})
		must(p.t, err)
		c.Wait()
	}
	must(p.t, ch.Qos(1, 0, false))
	ds, err := ch.Consume("work", "", false, false, false, false, nil)
	must(p.t, err)
	return ch, <-ds, closed
}

// TestStopWaitsForAcks stops a broker while a client works on a message.
func TestStopWaitsForAcks(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		dir := filepath.Join(t.TempDir(), "data")
		p := start(t, "--data-dir", dir, "--shutdown-timeout", "600000")
		_, d, closed := p.consumeOne()
		must(t, p.command.Process.Signal(sig))
		p.log.await(t, "waiting for acks")
		must(t, d.Ack(false))
		if err := <-closed; err == nil || err.Code != 320 || err.Reason != "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'" {
			t.Errorf("%v: the client heard %v", sig, err)
		}
		if err := <-p.ended; err != nil {
			t.Errorf("%v: the broker ended with %v:\n%s", sig, err, p.log)
		}
		after := start(t, "--data-dir", dir)
		q, err := after.channel().QueueDeclarePassive("work", true, false, false, false, nil)
		must(t, err)
		if q.Messages != 1 {
			t.Errorf("%v: got %d messages afterwards, want the one that was not delivered", sig, q.Messages)
		}
		after.stop()
	}
}

func TestStopWaitsNoLongerThanItMay(t *testing.T) {
	t.Parallel()
	p := start(t, "--memory", "--shutdown-timeout", "100")
	p.consumeOne()
	p.stop()
	p.log.await(t, "deliveries not acked in time")
}

func TestASecondSignalEndsTheBrokerAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, "--memory", "--shutdown-timeout", "3600000")
	p.consumeOne()
	must(t, p.command.Process.Signal(syscall.SIGTERM))
	p.log.await(t, "shutting down")
	must(t, p.command.Process.Signal(syscall.SIGTERM))
	exit, ok := errors.AsType[*exec.ExitError](<-p.ended)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("got %v, want that the signal has ended it", exit)
	}
}
