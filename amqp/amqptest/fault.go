package amqptest

import (
	"errors"
	"fmt"
	"time"

	"github.com/harebellmq/harebell/amqp"
)

// A Fault is something that goes wrong with one message. Inject says where.
type Fault struct {
	name  string
	at    Kind // what it happens to: Published, Delivered, or Acked too
	times int  // 0 for always
	err   error

	delay  time.Duration
	closes *amqp.Error
	reason string
}

// What goes wrong.
const (
	nackPublish       = "nack publish"
	closeChannel      = "close channel"
	closeConnection   = "close connection"
	cutBeforeConfirm  = "cut before confirm"
	cutAfterConfirm   = "cut after confirm"
	delayPublish      = "delay publish"
	blockPublish      = "block publish"
	delayDelivery     = "delay delivery"
	duplicateDelivery = "duplicate delivery"
	cutOnDelivery     = "cut on delivery"
)

// Times returns the fault, to happen so many times and no more.
func (f Fault) Times(n int) Fault {
	f.times = n
	if n < 1 {
		f.err = fmt.Errorf("%s %d times: want 1 or more", f.name, n)
	}
	return f
}

// Check returns an error if the fault cannot happen, as it was made with what is
// not right.
func (f Fault) Check() error {
	if f.err == nil && f.name == "" {
		return errors.New("the fault is empty: want one such as NackPublish()")
	}
	return f.err
}

// String returns what goes wrong, in words.
func (f Fault) String() string { return f.name }

// NackPublish keeps a message out of all queues; a publisher in confirm mode gets
// basic.nack, as if a queue were full.
func NackPublish() Fault { return Fault{name: nackPublish, at: Published} }

// CloseChannel closes the channel of whoever publishes, and the message is lost.
// The code is one that closes channels: 311, 312, 313, 403, 404, 405 or 406.
func CloseChannel(code amqp.Code, text string) Fault {
	f := Fault{name: closeChannel, at: Published, closes: amqp.Errorf(code, "%s", text)}
	if code.Hard() {
		f.err = fmt.Errorf("close channel with %d: want 311, 312, 313, 403, 404, 405 or 406", code)
	}
	return f
}

// CloseConnection closes the connection of whoever publishes, and the message is
// lost. The code is from 300 to 599; 320 is what a broker says that is shut down.
func CloseConnection(code amqp.Code, text string) Fault {
	f := Fault{name: closeConnection, at: Published, closes: amqp.Errorf(code, "%s", text)}
	if code < 300 || code > 599 {
		f.err = fmt.Errorf("close connection with %d: want a code from 300 to 599", code)
	}
	return f
}

// CutBeforeConfirm takes a message and then ends the connection of its publisher
// without a word, before the confirm: the publisher cannot know whether the broker
// has it. Outside of confirm mode it does so as soon as the message is taken.
func CutBeforeConfirm() Fault { return Fault{name: cutBeforeConfirm, at: Published} }

// CutAfterConfirm is CutBeforeConfirm, but the confirm is the last thing that the
// publisher hears.
func CutAfterConfirm() Fault { return Fault{name: cutAfterConfirm, at: Published} }

// DelayPublish has a message be routed, and confirmed, only when the broker's
// clock has gone on by d. What is published after it overtakes it.
func DelayPublish(d time.Duration) Fault { return delayed(delayPublish, Published, d) }

// BlockPublish has the publisher of a message be told connection.blocked, if it
// understands that, and not read from until the fault is removed: then the message
// is routed. The reason is such as "low on memory".
func BlockPublish(reason string) Fault {
	f := Fault{name: blockPublish, at: Published, reason: reason}
	if reason == "" || len(reason) > shortstrMost {
		f.err = fmt.Errorf("block publish for reason %q: want one of 1 to %d octets, such as \"low on memory\"", reason, shortstrMost)
	}
	return f
}

// DelayDelivery has a message stay in its queue until the broker's clock has gone
// on by d, and with it all that is behind it.
func DelayDelivery(d time.Duration) Fault { return delayed(delayDelivery, Delivered, d) }

// DuplicateDelivery has a message be delivered twice: the first ack of it is lost,
// so it comes again, redelivered. To a consumer without acks it is sent twice.
func DuplicateDelivery() Fault { return Fault{name: duplicateDelivery, at: Acked} }

// CutOnDelivery ends the connection of a consumer without a word, once a message
// is on its way to it. That goes back to its queue, redelivered.
func CutOnDelivery() Fault { return Fault{name: cutOnDelivery, at: Delivered} }

func delayed(name string, at Kind, d time.Duration) Fault {
	f := Fault{name: name, at: at, delay: d}
	if d <= 0 {
		f.err = fmt.Errorf("%s by %v: want more than 0", name, d)
	}
	return f
}
