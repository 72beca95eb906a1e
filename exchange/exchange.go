// Package exchange decides who gets a message: exchanges, their bindings, and
// what each type of exchange makes of a message.
//
// It is pure data: no locks, no goroutines, no I/O. The virtual host that owns an
// exchange guards it. Route, and every other method that only reads, may run in
// several goroutines at once while nobody binds or unbinds.
//
// An exchange knows its destinations by name only. Following a binding to
// another exchange, the alternate exchange and delivering to each queue once are
// the virtual host's part, and so is the default exchange's rule that each queue
// is bound by its name.
//
//	x, err := exchange.New("/", exchange.Declaration{Name: "logs", Kind: exchange.Topic})
//	...
//	errors := exchange.Destination{Kind: exchange.ToQueue, Name: "errors"}
//	x.Bind(exchange.Binding{Source: "logs", Destination: errors, Key: "*.error"})
//	x.Route(nil, "disk.error", nil) // errors
package exchange

import (
	"iter"
	"maps"
	"slices"

	"github.com/harebellmq/harebell/amqp"
)

// The types of exchanges.
const (
	Direct         = "direct"                  // the binding key is the routing key
	Fanout         = "fanout"                  // every message
	Topic          = "topic"                   // the binding key is a pattern of words
	Headers        = "headers"                 // the binding's arguments describe the message's headers
	Random         = "x-random"                // one of the bindings, whichever
	LocalRandom    = "x-local-random"          // the same
	ModulusHash    = "x-modulus-hash"          // one of the bindings, by the routing key
	RecentHistory  = "x-recent-history"        // every message, and the last ones again to who is bound
	Delayed        = "x-delayed-message"       // as the type that its argument names, after a while
	ConsistentHash = "x-consistent-hash"       // one of the destinations, by a value of the message; the binding key is a weight
	Deduplicating  = "x-message-deduplication" // every message, unless one with the same header has been there
)

// A kind is a type of exchanges.
type kind struct {
	matcher func(Declaration) (matcher, error)
	keyOnly bool // see KeyOnly
	once    bool // it looks at a message once, and not for each of its routing keys
}

var kinds = map[string]kind{
	Direct:         {matcher: plain(func() direct { return make(direct) }), keyOnly: true},
	Fanout:         {matcher: plain(func() *fanout { return new(fanout) }), keyOnly: true, once: true},
	Topic:          {matcher: plain(func() *topic { return new(topic) }), keyOnly: true},
	Headers:        {matcher: plain(newHeaders), once: true},
	Random:         {matcher: plain(func() *random { return new(random) }), once: true},
	LocalRandom:    {matcher: plain(func() *random { return &random{keyless: true} }), once: true},
	ModulusHash:    {matcher: plain(func() *modulus { return new(modulus) }), keyOnly: true, once: true},
	ConsistentHash: {matcher: newConsistent, once: true},
	RecentHistory:  {matcher: plain(func() *fanout { return new(fanout) }), once: true},
	Deduplicating:  {matcher: plain(func() *fanout { return new(fanout) }), once: true},
}

// plain is for types whose exchanges take no arguments of their own.
func plain[M matcher](make func() M) func(Declaration) (matcher, error) {
	return func(Declaration) (matcher, error) { return make(), nil }
}

// An Exchange hands messages on to the destinations bound to it.
type Exchange struct {
	declaration Declaration
	kind        kind
	delays      bool
	history     int
	cache       *Cache
	alternate   string // "" also if there is none
	follows     string // the same, as policies have it
	isFollowed  bool
	matcher     matcher
	bindings    registry
}

// A matcher finds the bindings that match a message: the only difference between
// the types of exchanges.
type matcher interface {
	// bind takes in a binding that is not there yet. An error is a mistake in
	// the binding's key or arguments, and leaves everything as it was.
	bind(b *binding) error

	// unbind takes out a binding that is there.
	unbind(b *binding)

	// match appends the destinations of all bindings that match. A destination
	// comes once for each of its bindings that does. A type that is keyOnly does
	// not look at the properties.
	match(dst []Destination, key string, p amqp.Properties) []Destination
}

// Known reports whether there are exchanges of this type.
func Known(kind string) bool { return kinds[kind].matcher != nil || kind == Delayed }

// Types returns the types of exchanges that there are, in order.
func Types() []string { return append(slices.Sorted(maps.Keys(kinds)), Delayed) }

// New makes an exchange without bindings. A type that is not known, and arguments
// that it cannot follow, are PRECONDITION_FAILED.
func New(vhost string, d Declaration) (*Exchange, error) {
	switch {
	case d.Kind == "":
		return nil, amqp.Errorf(amqp.PreconditionFailed, "invalid exchange type ''")
	case !Known(d.Kind):
		return nil, amqp.Errorf(amqp.PreconditionFailed, "unknown exchange type '%s'", d.Kind)
	}
	x := &Exchange{declaration: d, delays: d.Kind == Delayed}
	kind, err := d.routes()
	if err != nil {
		return nil, err
	}
	x.kind = kinds[kind]
	if x.matcher, err = x.kind.matcher(d); err != nil {
		return nil, err
	}
	if kind == RecentHistory {
		if x.history, err = d.history(); err != nil {
			return nil, err
		}
	}
	if kind == Deduplicating {
		if x.cache, err = d.cache(); err != nil {
			return nil, err
		}
	}
	switch name := d.Arguments[alternateExchange].(type) {
	case string:
		x.alternate = name
	default:
		if _, given := d.Arguments[alternateExchange]; given {
			return nil, amqp.Errorf(amqp.PreconditionFailed, "invalid type '%s' for arg '%s' in %s",
				amqp.TypeName(name), alternateExchange, d.in(vhost))
		}
	}
	return x, nil
}

// Declaration returns what the exchange was declared with. Its arguments must
// not be changed.
func (x *Exchange) Declaration() Declaration { return x.declaration }

// Alternate returns the name of the exchange that gets what this one cannot
// route, and reports whether there is one.
func (x *Exchange) Alternate() (name string, ok bool) {
	if _, ok = x.declaration.Arguments[alternateExchange]; ok {
		return x.alternate, true
	}
	return x.follows, x.isFollowed
}

// Follow puts in force what policies say of the exchange, by RabbitMQ's keys. What
// they said before no longer holds.
//
// rabbitmq: an argument comes before a policy
func (x *Exchange) Follow(definition map[string]any) {
	x.follows, x.isFollowed = definition[alternateExchange].(string)
}

// Delays reports whether messages may ask the exchange to hold them back.
func (x *Exchange) Delays() bool { return x.delays }

// History returns how many of the last messages are for destinations that are bound
// later: 0 unless it is a RecentHistory.
func (x *Exchange) History() int { return x.history }

// Cache returns what is to be remembered of messages, so that none is routed that
// has been there: nil unless it is a Deduplicating exchange. It must not be changed.
func (x *Exchange) Cache() *Cache { return x.cache }

// KeyOnly reports whether the result of Route depends on the routing key alone,
// so that it may be remembered until the next Bind, Unbind or Remove.
func (x *Exchange) KeyOnly() bool { return x.kind.keyOnly && !x.delays }

// Bind adds a binding, and reports false if it was there already. Arguments that
// this type of exchange cannot follow are PRECONDITION_FAILED. The binding's
// arguments must not be changed afterwards.
func (x *Exchange) Bind(b Binding) (added bool, err error) {
	id := b.identity()
	if x.bindings.find(id) != nil {
		return false, nil
	}
	bound := &binding{Binding: b, id: id}
	if err := x.matcher.bind(bound); err != nil {
		return false, err
	}
	x.bindings.add(bound)
	return true, nil
}

// Has reports whether there is such a binding.
func (x *Exchange) Has(b Binding) bool { return x.bindings.find(b.identity()) != nil }

// Unbind removes a binding, and reports false if it was not there.
func (x *Exchange) Unbind(b Binding) (removed bool) {
	bound := x.bindings.find(b.identity())
	if bound == nil {
		return false
	}
	x.unbind(bound)
	return true
}

// Remove removes all bindings to d, which is being deleted, and returns them in
// the order they were made. Its cost depends on their number only, not on what
// else is bound.
func (x *Exchange) Remove(d Destination) (removed []Binding) {
	for b := x.bindings.to[d]; b != nil; b = x.bindings.to[d] {
		x.unbind(b)
		removed = append(removed, b.Binding)
	}
	slices.Reverse(removed)
	return removed
}

func (x *Exchange) unbind(b *binding) {
	x.matcher.unbind(b)
	x.bindings.remove(b)
}

// Bindings returns the bindings in the order they were made.
func (x *Exchange) Bindings() iter.Seq[Binding] {
	return func(yield func(Binding) bool) {
		for b := x.bindings.first; b != nil; b = b.next {
			if !yield(b.Binding) {
				return
			}
		}
	}
}

// To returns the bindings to a destination, in the order they were made.
func (x *Exchange) To(d Destination) (to []Binding) {
	for b := x.bindings.to[d]; b != nil; b = b.older {
		to = append(to, b.Binding)
	}
	slices.Reverse(to)
	return to
}

// Len returns the number of bindings.
func (x *Exchange) Len() int { return len(x.bindings.all) }

// Route appends the destinations a message with these routing keys goes to, of
// which there is at least one, so that callers can use dst again and again. A
// destination with several bindings may come several times.
func (x *Exchange) Route(dst []Destination, keys []string, p amqp.Properties) []Destination {
	if x.kind.once {
		keys = keys[:1]
	}
	for _, key := range keys {
		dst = x.matcher.match(dst, key, p)
	}
	return dst
}
