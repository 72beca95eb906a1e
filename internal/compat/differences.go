package compat

import "fmt"

// A Difference is what the series do about one thing, in words.
type Difference struct {
	What     string
	BySeries []string // in the order of Series
}

// Differences returns all that the series differ in.
func Differences() []Difference {
	differences := make([]Difference, len(words))
	for i, w := range words {
		differences[i].What = w.what
		for _, r := range all {
			differences[i].BySeries = append(differences[i].BySeries, w.tell(r))
		}
	}
	return differences
}

// words tell the rules, one after the other.
var words = []struct {
	what string
	tell func(Rules) string
}{
	{"version in `connection.start`, unless `product.version` is set",
		func(r Rules) string { return r.Version }},
	{"largest message body, unless `max_message_size` is set",
		func(r Rules) string { return fmt.Sprintf("%d MiB", r.MaxMessageSize>>20) }},
	{"queues neither durable nor exclusive, unless `deprecated_features.permit.transient_nonexcl_queues` is set",
		func(r Rules) string { return either(r.RefuseTransient == "", "allowed", "refused with 541") }},
	{"`basic.qos` with `global`, unless `deprecated_features.permit.global_qos` is set",
		func(r Rules) string { return either(r.PerConsumerQos, "for each consumer", "for the channel") }},
	{"deliveries not acknowledged within `consumer_timeout`",
		func(r Rules) string {
			return either(r.NoConsumerTimeout, "may wait for ever", "the channel is closed with 406")
		}},
	{"`x-death` written by a client, when the message dies",
		func(r Rules) string { return either(r.ContinueDeaths, "continued", "replaced") }},
	{"`x-last-death-*` headers",
		func(r Rules) string { return either(r.NoLastDeath, "absent", "present") }},
	{"`CC` of a dead letter whose routing key is replaced",
		func(r Rules) string { return either(r.DropCC, "removed", "kept") }},
	{"deliveries of a quorum queue that come back, unless a limit is set",
		func(r Rules) string { return either(r.NoDeliveryLimit, "for ever", "20 times") }},
	{"`x-delivery-count` of a first delivery",
		func(r Rules) string { return either(r.CountFirst, "0", "absent") }},
	{"priorities in a quorum queue",
		func(r Rules) string { return either(r.OnePriority, "ignored", "two: up to 4, and from 5 on") }},
	{"mandatory reply by direct reply-to",
		func(r Rules) string {
			return either(r.ReturnReplies, "returned, though delivered", "returned if it was not delivered")
		}},
	{"topic binding key with three words `#`",
		func(r Rules) string { return either(r.TwoHashes, "refused with 406", "allowed") }},
	{"queue arguments `x-queue-mode` and `x-queue-version` 1",
		func(r Rules) string { return either(r.RefuseQueueMode, "refused with 406", "ignored") }},
}

func either(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
