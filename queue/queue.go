// Package queue is one queue: what is ready, what is unacked, who is consuming.
//
// A queue is a monitor: one mutex, short critical sections, no goroutine of its
// own. Whoever brings work or room makes the delivery: a publish, an ack, a
// requeue, a new consumer and a drained connection all end by handing out what
// can be handed out. Nothing a channel asks on the publish and ack paths needs
// an answer before the call returns; what there is to tell comes back as an
// event, to the Consumer, to the publish's store.Record or to the Host.
//
// It does not know its virtual host, nor channels or connections.
package queue

import (
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/store"
)

// A Target is what messages are routed to: a Queue, or a Delay.
type Target interface {
	// Declaration returns what the queue was declared with. It never changes.
	Declaration() Declaration

	// Publish takes the messages over, in order. For each that it will answer
	// for later (because it must reach the disk first) it adds a reference to
	// the message's record; one that it does not accept it refuses there.
	Publish(ps []Publishing)

	// Keeps reports whether the queue will answer for a message only when it is on
	// disk, as it always does for some messages: those that are persistent, or all.
	Keeps(persistent bool) bool

	// Long reports whether messages published now are likely to stay a while,
	// so that they had better not keep a network buffer alive. It is a hint,
	// cheap, and may be out of date.
	Long() bool
}

// A Queue is what a channel speaks to.
type Queue interface {
	Target

	// Get takes the next message out for the caller, who then owes an Ack,
	// Requeue or Reject unless noAck. left is how many are ready after it.
	// It may wait for the disk.
	Get(noAck bool) (e Entry, left int, ok bool, err error)

	// Consume adds a consumer. Deliveries to it may begin before it returns. It
	// may wait for the disk.
	Consume(c Consumer, o ConsumeOptions) error

	// Cancel removes a consumer: no delivery reaches it afterwards. What it has
	// unacked stays unacked.
	Cancel(c Consumer)

	// Wake tells the queue that a consumer which had no room may have some now.
	Wake(c Consumer)

	// Ack settles deliveries. Entries of a deleted queue are ignored here and
	// below.
	Ack(es []Entry)

	// Requeue puts deliveries back to their old places.
	Requeue(es []Entry, why Return)

	// Reject drops deliveries, or dead-letters them.
	Reject(es []Entry)

	// Peek looks at ready messages without taking them, in the order in which they
	// would be delivered if none had come back. It may wait for the disk, and is no
	// use of the queue: nothing about it changes. What leaves meanwhile may be seen
	// still, and what comes back may be missed.
	Peek(Look) (Sight, error)

	// Take takes the ready message with a number out for the caller, who then owes a
	// Drop or a PutBack. Until then it counts as unacked, and the store keeps it: if
	// the broker ends it is where it was. ok is false if it is not ready, or not there.
	// It may wait for the disk.
	Take(number uint64) (e Entry, ok bool, err error)

	// Drop ends a message that was taken. It is not dead-lettered.
	Drop(e Entry)

	// PutBack puts a message that was taken back to its place, as it was: it was not
	// delivered.
	PutBack(e Entry)

	// Purge drops all ready messages and returns how many.
	Purge() (int, error)

	// Touch renews the lease of a queue with x-expires, as a declare does.
	Touch()

	// Delete ends the queue and returns how many messages were ready. With
	// ifUnused or ifEmpty it fails if there are consumers or ready messages.
	// Consumers are told.
	Delete(ifUnused, ifEmpty bool) (ready int, err error)

	// ConsumerTimeout returns how long a delivery may be unacked, if the queue
	// has a say in it, or 0.
	ConsumerTimeout() time.Duration

	// Stats returns a copy of the queue's numbers.
	Stats() Stats
}

// A Hosted queue is a Queue as it is seen by the virtual host that has made it.
type Hosted interface {
	Queue

	// ID returns the number by which the store knows the queue.
	ID() uint64

	// Recover takes over what the store kept of a durable queue: messages, and its
	// own definitions. If those are damaged an error says so, and everything counts
	// as delivered once. Recover is called once, before anything else and after
	// store.Retain.
	Recover(Kept) error

	// Follow puts in force what policies say of the queue, by RabbitMQ's keys,
	// with numbers as int64. What they said before no longer holds.
	Follow(definition map[string]any)

	// DeadLetterTo returns where dead letters go.
	DeadLetterTo() DeadLetters

	// Info returns what operators want to know of the queue.
	Info() Info

	// Consumers returns who consumes, in the order in which they came.
	Consumers() []Consuming

	// View returns the queue's numbers and, as of the same moment, copies of the
	// entries that are ready, in the order in which they would be delivered. Those
	// whose messages only the store has at the moment are left out.
	View() (Stats, []Entry)

	// Restock puts messages behind all that is ready, from entries that View has
	// returned of this queue or of one like it. What is left of their time to live
	// is what was left then: later is how much time has passed since.
	Restock(es []Entry, later time.Duration)

	// Stop ends the queue without deleting anything: the broker is closing. A
	// durable queue is found again by Recover.
	Stop()
}

// Kept is what the store keeps of a queue besides its messages.
type Kept struct {
	Delivered []byte      // store.Deliveries; nil if there is none
	Notes     []store.Doc // store.Notes, by their keys
}

// New makes the queue that a declaration describes, with nothing in it. Errors in
// its arguments are RabbitMQ's.
func New(d Declaration, c Config) (Hosted, error) {
	if d.Type() == Stream {
		return newStream(d, c)
	}
	return newFIFO(d, c)
}

// A Declaration is what queue.declare says of a queue.
type Declaration struct {
	VHost      string // for error texts
	Name       string
	Durable    bool
	Exclusive  bool
	AutoDelete bool
	Arguments  amqp.Table
}

// A Publishing is a message on its way into queues. Record is nil for a message
// that nobody waits for and that is not persistent.
type Publishing struct {
	Message *amqp.Message
	Record  *store.Record
}

// An Entry is one message in one queue, and what the queue notes of it. A
// consumer keeps the entry of an unacked delivery and gives it back with Ack,
// Requeue or Reject.
type Entry struct {
	Message     *amqp.Message // nil in an entry that was slimmed
	Redelivered bool

	onDisk  bool       // the store has it: settling must be told
	count   uint16     // x-delivery-count and one more; 0 if there is no such header
	size    uint32     // of the body, for when the message is not there
	seq     uint64     // see store.LaneShift
	expires int64      // Unix milliseconds, 0 for never
	ref     *store.Ref // nil unless the store may be writing it
}

// Slim gives up the message of an unacked entry if the store can give it back,
// so that a consumer which never acks does not fill the memory.
func (e *Entry) Slim() {
	if e.ref != nil && e.ref.Written() {
		e.onDisk, e.ref = true, nil
	}
	if e.onDisk {
		e.Message = nil
	}
}

// A Consumer receives deliveries. Its methods are called with the queue's lock
// held, except Cancelled; they must not block and must not call the queue.
// Consumers are compared, so they are pointers or the like.
type Consumer interface {
	// Deliver offers entries, in order, and returns how many of them the
	// consumer took. If it did not take all it has no room, and gets nothing
	// more until Wake. The slice is the queue's.
	Deliver(es []Entry) (taken int)

	// Flush says that nothing more comes for the moment.
	Flush()

	// Cancelled says that the queue is gone.
	Cancelled()
}

// ConsumeOptions are what basic.consume says of a consumer, and its channel.
type ConsumeOptions struct {
	NoAck     bool
	Exclusive bool
	Arguments amqp.Table // x-priority; of a stream x-stream-offset and its filter
	Prefetch  int        // how many deliveries may be unacked; 0 for any number
	Global    bool       // the channel has one prefetch for all its consumers
}

// A Return is why a delivery comes back.
type Return uint8

// The reasons.
const (
	Nacked    Return = iota // the client wants no more of it, by basic.nack or basic.recover
	Failed                  // it could not deal with it, by basic.reject
	Abandoned               // its channel has ended
)

// A Host is what a queue tells to the one who made it. The queue calls it with
// no lock held.
type Host interface {
	// DeadLetter publishes messages to the queue's dead-letter exchange. The
	// queue forgets them when it returns, but for those that it marks as Untaken.
	DeadLetter(q Hosted, dead []Dead)

	// Unused asks for the deletion of a queue whose last consumer has left
	// (auto-delete) or whose lease is over (x-expires); for the latter it must
	// still have no consumers when it is deleted.
	Unused(q Queue)
}

// Stats are a queue's numbers at one moment.
type Stats struct {
	Ready      int
	ReadyBytes int64 // of bodies
	Unacked    int
	Consumers  int
}
