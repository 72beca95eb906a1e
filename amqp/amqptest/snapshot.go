package amqptest

import (
	"errors"
	"fmt"

	"github.com/harebellmq/harebell/vhost"
)

// A Snapshot is what was in a virtual host when it was taken.
type Snapshot struct{ taken *vhost.Snapshot }

// Snapshot takes down which exchanges, queues and bindings there are and which
// messages are in the queues, for Restore to bring back: what a test sets up once,
// each of its parts can begin with. Exclusive queues are left out, since they live
// and die with their connections. The error names a queue with messages that
// consumers have not settled: they are on their way, and in no state to keep.
func (v *VirtualHost) Snapshot() (*Snapshot, error) {
	host, err := v.host()
	if err != nil {
		return nil, err
	}
	taken, err := host.Snapshot()
	if err != nil {
		return nil, fmt.Errorf("amqptest: snapshot of virtual host %q: %w", v.name, err)
	}
	return &Snapshot{taken}, nil
}

// Restore does what Reset does, and then makes what there was when the snapshot
// was taken, be it of this virtual host or another one. Messages have as much time
// to live as they had left then. It can be done as often as one likes.
func (v *VirtualHost) Restore(s *Snapshot) error {
	if s == nil {
		return errors.New("amqptest: restore: the snapshot is nil: want one that Snapshot returned")
	}
	host, err := v.host()
	if err != nil {
		return err
	}
	if err := host.Restore(s.taken); err != nil {
		return fmt.Errorf("amqptest: restore virtual host %q: %w", v.name, err)
	}
	return nil
}
