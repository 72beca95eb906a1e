package amqptest

import (
	"fmt"
	"strings"
	"time"

	"github.com/harebellmq/harebell/internal/event"
)

// A Kind says what an event is about. It is a Matcher for the events of its kind.
type Kind string

// The kinds of events, in the order in which a message meets them.
const (
	ConnectionOpened = Kind(event.ConnectionOpened)
	Published        = Kind(event.Published)        // a message has come, and nothing is wrong with it
	Routed           = Kind(event.Routed)           // it goes to these Queues, which may be none
	Returned         = Kind(event.Returned)         // it was mandatory, and goes back as no queue wants it
	Confirmed        = Kind(event.Confirmed)        // its publisher is told that the broker has it
	Refused          = Kind(event.Refused)          // its publisher is told, by basic.nack, that the broker does not have it
	Delivered        = Kind(event.Delivered)        // a consumer gets it
	Got              = Kind(event.Got)              // basic.get takes it
	Acked            = Kind(event.Acked)            // who got it is done with it
	Rejected         = Kind(event.Rejected)         // by basic.reject or basic.nack, not to be requeued
	Requeued         = Kind(event.Requeued)         // it goes back to its queue
	DeadLettered     = Kind(event.DeadLettered)     // Queue publishes it to the dead-letter Exchange, and so to Queues
	Dropped          = Kind(event.Dropped)          // Queue is rid of it, and has no dead-letter exchange
	ChannelClosed    = Kind(event.ChannelClosed)    // by an error, or by the client
	ConnectionClosed = Kind(event.ConnectionClosed) // likewise, or lost without a word
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{
		ConnectionOpened, Published, Routed, Returned, Confirmed, Refused, Delivered, Got, Acked, Rejected, Requeued,
		DeadLettered, Dropped, ChannelClosed, ConnectionClosed,
	}
}

// Match implements Matcher.
func (k Kind) Match(e *Event) bool { return e.Kind == k }

// String returns the kind as a journal shows it.
func (k Kind) String() string { return string(k) }

// An Event is one entry of a journal. Which fields say something depends on the
// kind; the others are zero.
type Event struct {
	Number int       `json:"number"` // its place in the journal of the broker, from 1
	Time   time.Time `json:"time"`   // by the broker's clock
	Kind   Kind      `json:"kind"`
	VHost  string    `json:"vhost"`

	// Which client: none if it is the broker's own doing, or Publish's.
	Connection string `json:"connection,omitempty"` // its name, "peer -> local"
	Client     string `json:"client,omitempty"`     // what the client calls it
	Channel    int    `json:"channel,omitempty"`
	Consumer   string `json:"consumer,omitempty"` // the consumer tag of a delivery

	// Tag is the delivery tag, or of a publish and what follows on it the confirm
	// tag, 0 outside of confirm mode.
	Tag uint64 `json:"tag,omitempty"`

	// Which message, and where it was published to. Message is nil where there is
	// none, and where its consumer has had it for 4,096 further deliveries.
	Exchange   string   `json:"exchange"`
	RoutingKey string   `json:"routing_key"`
	Message    *Message `json:"message,omitempty"`

	Queue  string   `json:"queue,omitempty"`  // where it is, or was
	Queues []string `json:"queues,omitempty"` // where it goes

	NoAck       bool   `json:"no_ack,omitempty"`      // it counts as acked when it is delivered
	Redelivered bool   `json:"redelivered,omitempty"` // a consumer had it before
	Mandatory   bool   `json:"mandatory,omitempty"`
	Ended       bool   `json:"ended,omitempty"`  // Requeued: because the channel has ended
	Reason      string `json:"reason,omitempty"` // why a message died: expired, rejected or maxlen

	// What the client was told when its message came back or its channel or
	// connection was closed, or, ByClient, what it told the broker.
	Code     int    `json:"code,omitempty"`
	Text     string `json:"text,omitempty"`
	ByClient bool   `json:"by_client,omitempty"`
}

// public makes an Event of one of the broker's, with a copy of its message.
func public(e *event.Event) Event {
	return Event{
		Kind: Kind(e.Kind), VHost: e.VHost,
		Connection: e.Connection, Client: e.Client, Channel: int(e.Channel), Consumer: e.Consumer, Tag: e.Tag,
		Exchange: e.Exchange, RoutingKey: e.RoutingKey, Message: copied(e),
		Queue: e.Queue, Queues: e.Queues,
		NoAck: e.NoAck, Redelivered: e.Redelivered, Mandatory: e.Mandatory, Ended: e.Ended, Reason: e.Reason,
		Code: int(e.Code), Text: e.Text, ByClient: e.ByClient,
	}
}

// copied returns the message of an event, or nil.
func copied(e *event.Event) *Message {
	if e.Message == nil {
		return nil
	}
	m, err := message(e.Message, e.Redelivered)
	if err != nil {
		return nil // no client could have sent it
	}
	return &m
}

// String tells the event in a line.
func (e Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%4d %-13s", e.Number, e.Kind)
	if e.Queue != "" {
		fmt.Fprintf(&b, " queue %q", e.Queue)
	}
	if e.Consumer != "" {
		fmt.Fprintf(&b, " consumer %q", e.Consumer)
	}
	if e.Exchange != "" || e.RoutingKey != "" || e.Message != nil {
		fmt.Fprintf(&b, " exchange %q key %q", e.Exchange, e.RoutingKey)
	}
	if e.Tag != 0 {
		fmt.Fprintf(&b, " tag %d", e.Tag)
	}
	switch e.Kind {
	case Routed, DeadLettered:
		b.WriteString(" to " + list(e.Queues))
	}
	for _, flag := range []struct {
		set  bool
		text string
	}{
		{e.Mandatory, "mandatory"}, {e.Redelivered, "redelivered"}, {e.NoAck, "no-ack"}, {e.Ended, "as the channel has ended"},
		{e.Reason != "", "as it " + dead[e.Reason]}, {e.Code != 0, fmt.Sprintf("%d %s", e.Code, e.Text)}, {e.ByClient, "by the client"},
	} {
		if flag.set {
			b.WriteString(" " + flag.text)
		}
	}
	if e.Message != nil {
		b.WriteString(" " + excerpt(e.Message.Body))
	}
	return b.String()
}

// dead puts the reasons of deaths into words.
var dead = map[string]string{"expired": "expired", "rejected": "was rejected", "maxlen": "was too many"}

func list(names []string) string {
	if len(names) == 0 {
		return "no queue"
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(quoted, ", ")
}

// excerptMost is how much of a body is shown.
const excerptMost = 40

// excerpt shows a body, or how it begins.
func excerpt(body []byte) string {
	if len(body) <= excerptMost {
		return fmt.Sprintf("%q", body)
	}
	return fmt.Sprintf("%q and %d octets more", body[:excerptMost], len(body)-excerptMost)
}
