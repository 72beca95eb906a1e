// Package event is what there is to tell of messages on their way through a
// broker, and of the connections they come and go by: for a test that looks on.
// A broker that nobody watches makes no events.
package event

import "github.com/harebellmq/harebell/amqp"

// A Kind says what has happened.
type Kind string

// The kinds of events, in the order in which a message meets them.
const (
	ConnectionOpened Kind = "connection-opened"
	Published        Kind = "published"     // a message has come and passed all checks
	Routed           Kind = "routed"        // it is known to which queues it goes, if any
	Returned         Kind = "returned"      // a mandatory message goes back, as no queue wants it
	Confirmed        Kind = "confirmed"     // its publisher is told that the broker has it
	Refused          Kind = "refused"       // its publisher is told that the broker does not have it
	Delivered        Kind = "delivered"     // a consumer gets it
	Got              Kind = "got"           // basic.get takes it
	Acked            Kind = "acked"         // who got it is done with it
	Rejected         Kind = "rejected"      // it is to be dropped or dead-lettered
	Requeued         Kind = "requeued"      // it goes back to its queue
	DeadLettered     Kind = "dead-lettered" // its queue publishes it to the dead-letter exchange
	Dropped          Kind = "dropped"       // its queue drops it, for want of such an exchange
	ChannelClosed    Kind = "channel-closed"
	ConnectionClosed Kind = "connection-closed"
)

// An Event is one thing that has happened. Which fields say something depends on
// the kind; the others are zero.
type Event struct {
	Kind  Kind
	VHost string

	// Who: all but DeadLettered, Dropped, and Published and Routed of what no client has
	// published.
	Connection string // its name, "peer -> local"
	Client     string // what the client calls it
	Channel    uint16
	Consumer   string // the consumer tag: Delivered, and what follows on it
	// Tag is the confirm tag of Published, Routed, Returned, Confirmed and Refused,
	// 0 outside of confirm mode, and the delivery tag of all others.
	Tag uint64

	// What: Message is nil if only the store has it.
	Exchange   string
	RoutingKey string
	Message    *amqp.Message

	// Where: Queue is where the message is or was; Queues is where it goes.
	Queue  string
	Queues []string

	NoAck       bool   // Delivered, Got: it counts as acked
	Redelivered bool   // Delivered, Got, and what becomes of them
	Mandatory   bool   // Published, Routed
	Ended       bool   // Requeued: its channel has ended, nobody has asked for it
	Reason      string // DeadLettered, Dropped: why it died, as x-death spells it

	// Returned, ChannelClosed and ConnectionClosed: what the client was told, or has
	// told the broker. A connection that was lost has neither code nor text.
	Code     amqp.Code
	Text     string
	ByClient bool // it is the client that closes
}

// A Watcher is told of events. Calls come from any goroutine and with locks of
// the broker held: a watcher takes a note, and neither blocks nor calls the
// broker. What an event points to is not to be changed.
type Watcher interface{ Event(e Event) }
