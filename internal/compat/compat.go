// Package compat is where the series of RabbitMQ part ways: what one does and
// another does not, as far as a client can see it and an application may depend
// on it, or may want to be tested against its denial.
//
// A broker follows one series:
//
//	rules, err := compat.For("4.3")
//
// Rules whose value is zero are what the 4.2 series does. The rooms of the broker
// know none of this: they are told what to do, and by whose example does not
// matter to them. What Harebell does the same whatever it follows is not here but
// in the rules of package conformance that ask for it by the name ours.
package compat

import (
	"fmt"
	"slices"
	"strings"
)

// Default is the series that a broker follows unless it is told another one.
const Default = "4.2"

// Rules are what a broker does as one series of RabbitMQ does it.
type Rules struct {
	// Series is whose rules they are: "4.2".
	Series string

	// Version is what connection.start presents, unless another is configured.
	//
	// rabbitmq: clients and frameworks branch on it
	Version string

	// MaxMessageSize is the largest body in octets, unless another is configured.
	//
	// rabbitmq: 128 MiB up to 3.13, 16 MiB from 4.0 on
	MaxMessageSize int64

	// ContinueDeaths has the broker count on in an x-death header that a client
	// has written: one that it got with a dead letter and publishes again. Without
	// it the header is replaced when the message dies.
	//
	// rabbitmq: continued up to 3.13, but not by 3.13.0 to 3.13.2
	ContinueDeaths bool

	// NoLastDeath leaves out the three x-last-death headers.
	//
	// rabbitmq: there from 4.0 on
	NoLastDeath bool

	// DropCC removes the CC header of a message that dies in a queue with an
	// x-dead-letter-routing-key. Without it the header stays, though it routes
	// nothing any more.
	//
	// rabbitmq: removed up to 3.13
	DropCC bool

	// NoDeliveryLimit lets deliveries of a quorum queue come back for ever, unless
	// the queue or a policy says how often. Otherwise it is 20 times.
	//
	// rabbitmq: 20 from 4.0 on
	NoDeliveryLimit bool

	// CountFirst has quorum queues add x-delivery-count to the first delivery of a
	// message, too.
	//
	// rabbitmq: up to 3.13
	CountFirst bool

	// OnePriority has quorum queues ignore priorities.
	//
	// rabbitmq: up to 3.13
	OnePriority bool

	// ReturnReplies has a reply by direct reply-to that was published as
	// mandatory returned, whether or not it was delivered.
	//
	// rabbitmq: always returned up to 4.1
	ReturnReplies bool

	// RefuseTransient is why the broker declares no queue that is neither durable
	// nor exclusive, as the client is told; "" if it does.
	//
	// rabbitmq: refused from 4.3 on, see PermitTransient
	RefuseTransient string

	// PerConsumerQos takes the prefetch of a basic.qos with global for that of
	// each consumer to come, as without global.
	//
	// rabbitmq: from 4.3 on, see PermitGlobalQos
	PerConsumerQos bool

	// NoConsumerTimeout lets a client keep deliveries unacknowledged for as long
	// as it likes. Without it the channel is closed after the consumer timeout.
	//
	// rabbitmq: from 4.3 on, for classic queues
	NoConsumerTimeout bool

	// TwoHashes refuses the binding key of a topic exchange that has more than two
	// words #.
	//
	// rabbitmq: from 4.3 on
	TwoHashes bool

	// RefuseQueueMode refuses the queue argument x-queue-mode, and 1 for
	// x-queue-version. Without it they mean nothing.
	//
	// rabbitmq: from 4.3 on
	RefuseQueueMode bool
}

// all are the rules of all series, from old to new.
var all = []Rules{
	{
		Series:          "3.13",
		Version:         "3.13.7",
		MaxMessageSize:  128 << 20,
		ContinueDeaths:  true,
		NoLastDeath:     true,
		DropCC:          true,
		ReturnReplies:   true,
		NoDeliveryLimit: true,
		CountFirst:      true,
		OnePriority:     true,
	},
	{
		Series:         "4.2",
		Version:        "4.2.0",
		MaxMessageSize: 16 << 20,
	},
	{
		Series:            "4.3",
		Version:           "4.3.0",
		MaxMessageSize:    16 << 20,
		RefuseTransient:   transientIsDenied,
		PerConsumerQos:    true,
		NoConsumerTimeout: true,
		TwoHashes:         true,
		RefuseQueueMode:   true,
	},
}

// Series returns the series that a broker can follow, from old to new.
func Series() []string {
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.Series
	}
	return names
}

// Choice returns the series in words: "3.13, 4.2 or 4.3".
func Choice() string {
	names := Series()
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// For returns the rules of a series. The error names those there are.
func For(series string) (Rules, error) {
	i := slices.IndexFunc(all, func(r Rules) bool { return r.Series == series })
	if i < 0 {
		return Rules{}, fmt.Errorf("series %q of RabbitMQ: want %s", series, Choice())
	}
	return all[i], nil
}
