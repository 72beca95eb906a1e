// Package audit is what there is to tell of a broker and of those who use it:
// somebody has logged in, declared a queue, changed a permission. Whoever is bound
// to the exchange amq.rabbitmq.event gets a message for each such happening, as
// RabbitMQ's plug-in rabbitmq_event_exchange sends it: the routing key says what has
// happened, headers say the rest, there is no body.
//
// Rooms are given a Tell, and tell of Happenings; how these look as messages is known
// here only. A Trail turns them into messages as long as anybody is bound, and hands
// those over in their order, without any lock of the rooms.
//
//	trail := audit.NewTrail(audit.Options{...})
//	trail.Tell(audit.QueueDeleted{By: "guest", VHost: "/", Name: "orders"})
//
// What happens to messages is not told here: that is internal/event.
package audit

import (
	"fmt"

	"github.com/harebellmq/harebell/amqp"
)

// Exchange is the exchange that messages are published to.
const Exchange = "amq.rabbitmq.event"

// Internal is who acts when the broker does so by itself.
//
// rabbitmq: so it is named in events
const Internal = "rmq-internal"

// A Happening is something that has happened. It does not change any more.
type Happening interface {
	// key is the routing key.
	key() string

	// headers are the details, of a broker of that name.
	headers(node string) amqp.Table
}

// A Tell is told what happens; nil is for nobody. It may be called with locks held.
// It takes a note, and neither blocks nor calls the broker.
type Tell func(Happening)

// Of tells of a happening, if there is somebody to tell.
func (t Tell) Of(h Happening) {
	if t != nil {
		t(h)
	}
}

// An Actor is somebody on whose behalf things are changed.
type Actor interface {
	User() string
	Process() Process // the connection; zero for who has none
}

// A Process is a connection or a channel. What happens to it later is told by the
// same name.
type Process struct {
	Began  int64  // when its connection did, in Unix seconds
	Number uint64 // from 1, of the broker's connections and channels
}

// In prints the process as one of a broker.
//
// rabbitmq: as Erlang prints its processes; what is none is ""
func (p Process) In(node string) string {
	if p.Number == 0 {
		return ""
	}
	return fmt.Sprintf("<%s.%d.%d.0>", node, p.Began, p.Number)
}

// By returns the user whom an actor stands for: Internal for what is no Actor.
func By(actor any) string {
	if a, ok := actor.(Actor); ok {
		return a.User()
	}
	return Internal
}

// ProcessOf returns the process of an actor, zero for what is no Actor.
func ProcessOf(actor any) Process {
	if a, ok := actor.(Actor); ok {
		return a.Process()
	}
	return Process{}
}
