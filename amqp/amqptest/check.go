package amqptest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Check returns an error if messages were lost on the way, by all that the
// journal knows: deliveries that their consumer has neither acked nor rejected nor
// requeued, unless they were delivered anew after its channel had ended, and
// messages that no queue got. The error tells each of them. It is an error too that
// the journal has forgotten events for want of room. WithFinalCheck asks at the end
// of the test.
func (j *Journal) Check() error {
	var wrong []error
	if n := j.book.crowdedOut(); n > 0 {
		wrong = append(wrong, fmt.Errorf("amqptest: %d events have been forgotten, and cannot be checked: want WithJournal with room for them", n))
	}
	open := deliveries{held: make(map[delivery]Event)}
	for _, e := range j.Events() {
		switch e.Kind {
		case Delivered, Got:
			open.add(e)
		case Acked, Rejected, Requeued:
			open.settle(e)
		case Routed:
			if len(e.Queues) == 0 {
				wrong = append(wrong, fmt.Errorf("amqptest: no queue got it: %s", e))
			}
		}
	}
	for _, e := range open.left() {
		wrong = append(wrong, fmt.Errorf("amqptest: left unacked: %s", e))
	}
	return errors.Join(wrong...)
}

// deliveries are those that wait to be settled: by a consumer, or since its
// channel has ended by whoever gets the message next.
type deliveries struct {
	held     map[delivery]Event
	returned []Event
}

// A delivery is told from others by its tag, as long as its channel is open.
type delivery struct {
	conversation
	tag uint64
}

func (e *Event) delivery() delivery {
	return delivery{conversation{e.Connection, uint16(e.Channel)}, e.Tag}
}

// add notes a delivery. One that was returned, and is made anew, is no longer left.
func (d *deliveries) add(e Event) {
	if e.Redelivered {
		if i := slices.IndexFunc(d.returned, e.isAgain); i >= 0 {
			d.returned = slices.Delete(d.returned, i, i+1)
		}
	}
	if !e.NoAck {
		d.held[e.delivery()] = e
	}
}

// settle notes what becomes of a delivery.
func (d *deliveries) settle(e Event) {
	made, known := d.held[e.delivery()] // unknown is one from before the journal begins
	if known && e.Ended {
		d.returned = append(d.returned, made)
	}
	delete(d.held, e.delivery())
}

// left returns the deliveries that nobody has settled, in their order.
func (d *deliveries) left() []Event {
	all := append(slices.Collect(maps.Values(d.held)), d.returned...)
	slices.SortFunc(all, func(a, b Event) int { return a.Number - b.Number })
	return all
}

// isAgain reports whether e brings the message of an earlier delivery again.
func (e *Event) isAgain(before Event) bool {
	return e.VHost == before.VHost && e.Queue == before.Queue && e.Exchange == before.Exchange && e.RoutingKey == before.RoutingKey &&
		(e.Message == nil || before.Message == nil || bytes.Equal(e.Message.Body, before.Message.Body))
}
