package amqptest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// awaitInterval is how often Await asks.
const awaitInterval = time.Millisecond

// Await returns when condition does so with true, and with an error when ctx is
// done before. It asks at once and then every millisecond of the system's time,
// whatever clock the broker has; condition should be quick, and look at the
// broker rather than change it.
//
//	err := b.Await(t.Context(), func() bool {
//		q, err := b.Queue("work")
//		return err == nil && q.Ready == 3
//	})
func (b *Broker) Await(ctx context.Context, condition func() bool) error {
	if condition == nil {
		return errors.New("amqptest: await: the condition is nil: want a function")
	}
	if condition() {
		return nil
	}
	tick := time.NewTicker(awaitInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("amqptest: await: the condition has not become true: %w", context.Cause(ctx))
		case <-tick.C:
			if condition() {
				return nil
			}
		}
	}
}
