package amqptest

import (
	"fmt"
	"time"

	"github.com/harebellmq/harebell/queue"
)

// A Delayed is a message that an x-delayed-message exchange holds back.
type Delayed struct {
	Message

	ID  uint64    // of its exchange, for CancelDelayed
	Due time.Time // when it is routed, by the broker's clock
}

// Delayed returns the messages that an exchange holds back, in the order in which they
// will go, at most max. The error, if it is not an x-delayed-message exchange, says so.
func (v *VirtualHost) Delayed(exchange string, max int) ([]Delayed, error) {
	d, err := v.delay(exchange)
	if err != nil {
		return nil, err
	}
	next, err := d.Next(max)
	if err != nil {
		return nil, fmt.Errorf("amqptest: messages of exchange %q: %w", exchange, err)
	}
	all := make([]Delayed, len(next))
	for i, n := range next {
		m, err := message(n.Message, false)
		if err != nil {
			return nil, fmt.Errorf("amqptest: message of exchange %q: %w", exchange, err)
		}
		all[i] = Delayed{Message: m, ID: n.ID, Due: n.Due}
	}
	return all, nil
}

// CancelDelayed drops a message that an exchange holds back. The error, if it is not
// held back or not any more, says so.
func (v *VirtualHost) CancelDelayed(exchange string, id uint64) error {
	d, err := v.delay(exchange)
	if err != nil {
		return err
	}
	if !d.Cancel(id) {
		return notFound("amqptest: exchange %q holds no message %d back: want one of Delayed", exchange, id)
	}
	return nil
}

func (v *VirtualHost) delay(exchange string) (*queue.Delay, error) {
	host, err := v.host()
	if err != nil {
		return nil, err
	}
	if d := host.Delay(exchange); d != nil {
		return d, nil
	}
	return nil, notFound("amqptest: exchange %q in virtual host %q holds nothing back: want one of type x-delayed-message", exchange, v.name)
}
