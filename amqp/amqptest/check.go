package amqptest

import (
	"errors"
	"fmt"
)

// Check returns an error if messages were lost on the way, by all that the
// journal knows: deliveries that their consumer has neither acked nor rejected nor
// requeued, and messages that no queue got. The error tells each of them.
// WithFinalCheck asks at the end of the test.
func (j *Journal) Check() error {
	type delivery struct {
		conversation
		tag uint64
	}
	var wrong []error
	unacked := make(map[delivery]Event)
	var order []delivery
	for _, e := range j.Events() {
		d := delivery{conversation{e.Connection, uint16(e.Channel)}, e.Tag}
		switch e.Kind {
		case Delivered, Got:
			if !e.NoAck {
				unacked[d] = e
				order = append(order, d)
			}
		case Acked, Rejected:
			delete(unacked, d)
		case Requeued:
			if !e.Ended {
				delete(unacked, d)
			}
		case Routed:
			if len(e.Queues) == 0 {
				wrong = append(wrong, fmt.Errorf("amqptest: no queue got it: %s", e))
			}
		}
	}
	for _, d := range order {
		if e, is := unacked[d]; is {
			delete(unacked, d)
			wrong = append(wrong, fmt.Errorf("amqptest: left unacked: %s", e))
		}
	}
	return errors.Join(wrong...)
}
