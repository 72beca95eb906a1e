package amqp

// A Message is what a publisher sent. It is immutable once published: every
// queue it was routed to shares the one value. What differs from queue to queue
// (redelivered, position, expiry) belongs to the queue's own entry.
type Message struct {
	Exchange   string // the exchange it was published to, "" for the default one
	RoutingKey string
	Properties Properties
	Body       []byte

	// What the broker asks of the properties of every message, read once.
	Persistent bool  // delivery-mode is 2
	Priority   uint8 // 0 when absent

	// DeadLettered says that the x-death header is the broker's own, and not
	// something a client wrote. Rekeyed says that the routing key is a dead
	// letter's new one, so that the keys of CC no longer count.
	DeadLettered, Rekeyed bool

	// Hidden are the keys of the BCC header, which is taken out before anybody
	// sees it; nil without one, that is nearly always: hence the pointer. A dead
	// letter that keeps its keys is routed by these too.
	Hidden *[]string
}

// BCC returns the keys of Hidden.
func (m *Message) BCC() []string {
	if m.Hidden == nil {
		return nil
	}
	return *m.Hidden
}

// NewMessage makes a message and reads from its properties what the broker asks
// of every message. The properties must have passed Properties.Check.
func NewMessage(exchange, routingKey string, properties Properties, body []byte) Message {
	mode, priority := properties.deliveryModeAndPriority()
	return Message{
		Exchange:   exchange,
		RoutingKey: routingKey,
		Properties: properties,
		Body:       body,
		Persistent: mode == 2,
		Priority:   priority,
	}
}
