package amqptest

import (
	"errors"
	"fmt"
)

// SetAlarm has the broker be short of something, such as "disk" or "memory", or
// no longer: publishers are blocked meanwhile, and those who understand it get
// connection.blocked when they next publish. A full disk is SetAlarm("disk", true).
// Inject with BlockPublish does it to some publishers only.
func (b *Broker) SetAlarm(resource string, short bool) error {
	r, err := b.running()
	if err != nil {
		return fmt.Errorf("amqptest: set an alarm: %w", err)
	}
	if resource == "" {
		return errors.New("amqptest: set an alarm: the resource is empty: want one such as \"disk\" or \"memory\"")
	}
	r.server.SetAlarm(resource, short)
	return nil
}

// FailDisk has everything fail from now on that is to be written to disk: publishers
// of persistent messages to durable queues get basic.nack, and durable declarations
// end with connection.close and 541. Restart finds the disk mended, with what was
// on it before. It needs a store in memory, as New's is.
func (b *Broker) FailDisk(cause error) error {
	r, err := b.running()
	if err != nil {
		return fmt.Errorf("amqptest: fail the disk: %w", err)
	}
	if cause == nil {
		return errors.New("amqptest: fail the disk: the cause is nil: want the error to fail with")
	}
	s, ok := r.store.(interface{ Fail(error) })
	if !ok {
		return fmt.Errorf("amqptest: fail the disk: want a store in memory, not a %T", r.store)
	}
	s.Fail(cause)
	return nil
}
