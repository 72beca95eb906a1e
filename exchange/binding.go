package exchange

import "github.com/harebellmq/harebell/amqp"

// A Binding is a rule that sends messages from an exchange to a destination.
// Two bindings are the same if all fields are; arguments are compared with their
// exact types, so the int32 1 and the int64 1 make two bindings.
type Binding struct {
	Source      string // the exchange's name
	Destination Destination
	Key         string // the binding key, whose meaning is the exchange type's
	Arguments   amqp.Table
}

// A Destination is where a binding sends messages: a queue or an exchange.
type Destination struct {
	Kind DestinationKind
	Name string
}

// A DestinationKind tells a queue from an exchange.
type DestinationKind uint8

// The kinds of destinations.
const (
	ToQueue DestinationKind = iota
	ToExchange
)

// String returns the word that RabbitMQ's HTTP API uses.
func (k DestinationKind) String() string {
	if k == ToExchange {
		return "exchange"
	}
	return "queue"
}

// A binding is a Binding that is in force, linked to its neighbours.
type binding struct {
	Binding
	id identity

	previous, next *binding // in the order they were made
	older, newer   *binding // bindings to the same destination
	at             int      // its place in the set that holds it
	node           *node    // its place in a topic's trie
	filter         *filter  // what a headers exchange made of its arguments
}

// An identity is what makes a binding of one exchange itself.
type identity struct {
	destination Destination
	key         string
	arguments   string // encoded, the names in order
}

func (b Binding) identity() identity {
	id := identity{destination: b.Destination, key: b.Key}
	if len(b.Arguments) > 0 {
		id.arguments = string(b.Arguments.Append(nil))
	}
	return id
}

// A registry finds the bindings of one exchange again, whatever its type.
type registry struct {
	all         map[identity]*binding
	to          map[Destination]*binding // the newest to each destination
	first, last *binding
}

func (r *registry) find(id identity) *binding { return r.all[id] }

func (r *registry) add(b *binding) {
	if r.all == nil {
		r.all = make(map[identity]*binding)
		r.to = make(map[Destination]*binding)
	}
	r.all[b.id] = b

	if b.previous = r.last; b.previous != nil {
		b.previous.next = b
	} else {
		r.first = b
	}
	r.last = b

	if b.older = r.to[b.Destination]; b.older != nil {
		b.older.newer = b
	}
	r.to[b.Destination] = b
}

func (r *registry) remove(b *binding) {
	delete(r.all, b.id)

	if b.previous != nil {
		b.previous.next = b.next
	} else {
		r.first = b.next
	}
	if b.next != nil {
		b.next.previous = b.previous
	} else {
		r.last = b.previous
	}

	if b.older != nil {
		b.older.newer = b.newer
	}
	switch {
	case b.newer != nil:
		b.newer.older = b.older
	case b.older != nil:
		r.to[b.Destination] = b.older
	default:
		delete(r.to, b.Destination)
	}
}

// A set holds bindings that always match together. Their destinations lie side
// by side, so that handing them out is one copy; adding and removing one does not
// depend on how many there are.
type set struct {
	destinations []Destination
	bindings     []*binding // the same, each knowing its place
}

func (s *set) add(b *binding) {
	b.at = len(s.bindings)
	s.destinations = append(s.destinations, b.Destination)
	s.bindings = append(s.bindings, b)
}

// remove lets the last binding take b's place.
func (s *set) remove(b *binding) {
	end := len(s.bindings) - 1
	s.destinations[b.at] = s.destinations[end]
	s.bindings[b.at] = s.bindings[end]
	s.bindings[b.at].at = b.at
	s.destinations[end], s.bindings[end] = Destination{}, nil
	s.destinations, s.bindings = s.destinations[:end], s.bindings[:end]
}

func (s *set) empty() bool { return len(s.bindings) == 0 }
