package amqptest

import (
	"context"
	"fmt"
	"time"
)

// Idle returns when the broker has nothing left to do: all that clients have sent
// has been carried out, and all there is to tell them has been written. What they
// do with that is not waited for, nor is time that has to pass, but for the moment
// that a client still has when its channel is about to be closed. It is for what
// nobody gets an answer to, such as a publish without confirms:
//
//	ch.Publish("", "orders", false, false, amqp091.Publishing{Body: body})
//	err := b.Idle(t.Context())
//	q, err := b.Queue("orders") // q.Ready is 1
//
// The error says that ctx was done before, or that the broker is down. In a
// testing/synctest bubble synctest.Wait does the same.
func (b *Broker) Idle(ctx context.Context) error {
	tick := time.NewTicker(awaitInterval)
	defer tick.Stop()
	var before uint64
	for looks := 0; ; looks++ {
		r, err := b.running()
		if err != nil {
			return fmt.Errorf("amqptest: idle: %w", err)
		}
		octets, quiet := r.server.Quiet()
		switch {
		case !quiet || r.registry.Telling():
			looks = -1
		case looks > 0 && octets == before:
			return nil
		}
		before = octets
		select {
		case <-ctx.Done():
			return fmt.Errorf("amqptest: idle: the broker is still at work: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}
