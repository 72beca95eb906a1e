package conformance

// An Argument is a key by which clients say more than a method has fields for, or that
// a policy sets.
type Argument struct {
	Key  string
	For  string // which types of queues or exchanges take it; "" for all
	What string // it does
	Rule string // that shows it
}

// Arguments are those there are, by what they are of.
var Arguments = []struct {
	Of   string
	List []Argument
}{
	{"queue.declare", []Argument{
		{"x-queue-type", "", "classic, quorum or stream", "TestEmptyQueueTypeIsTheDefault"},
		{"x-message-ttl", "classic, quorum", "milliseconds after which messages expire", "TestQueueTTLExpiresMessages"},
		{"x-expires", "classic, quorum", "milliseconds of disuse after which the queue goes", "TestUnusedQueueExpires"},
		{"x-max-length", "classic, quorum", "most messages that are ready", "TestMaxLengthDropsTheOldest"},
		{"x-max-length-bytes", "", "most octets of bodies; a stream drops whole segments", "TestMaxLengthBytesCountsBodies"},
		{"x-overflow", "classic, quorum", "what a full queue does: drop-head, reject-publish or, if it is classic, reject-publish-dlx", "TestRejectPublishRefusesTheNewest"},
		{"x-dead-letter-exchange", "classic, quorum", "where dead messages are published", "TestRejectAndNackDeadLetter"},
		{"x-dead-letter-routing-key", "classic, quorum", "by which key, instead of their own", "TestDeadLetterExchangeAndKeyAreOnTheDelivery"},
		{"x-dead-letter-strategy", "quorum", "at-least-once keeps dead messages until somebody has them; at-most-once", "TestDeadLettersOfAQuorumQueueWaitForAQueue"},
		{"x-max-priority", "classic", "levels of priority", "TestHigherPriorityComesFirstAndEqualOnesInOrder"},
		{"x-single-active-consumer", "classic, quorum", "one consumer at a time gets messages", "TestOnlyTheFirstConsumerIsActive"},
		{"x-delivery-limit", "quorum", "how often a message may come back; -1 for ever", "TestDeliveryLimitDeadLetters"},
		{"x-delayed-retry-type", "classic, quorum", "which messages that come back are held back: all, failed, returned or disabled; without it all, if there is a time", "TestReturnedMessagesAreHeldBackByTheirKind"},
		{"x-delayed-retry-min", "classic, quorum", "milliseconds, for each time that a message has come back", "TestReturnedMessagesAreHeldBack"},
		{"x-delayed-retry-max", "classic, quorum", "most milliseconds", "TestReturnedMessagesAreHeldBack"},
		{"x-consumer-timeout", "classic, quorum", "milliseconds in which deliveries are to be acknowledged", "TestConsumerTimeoutMayBeTheQueues"},
		{"x-message-deduplication", "classic, quorum", "keep one message of each x-deduplication-header", "TestQueueKeepsOneMessageOfEachValue"},
		{"x-max-age", "stream", "age after which segments are dropped: a number and Y, M, D, h, m or s", "TestRefusedDeclarationsOfStreams"},
		{"x-stream-max-segment-size-bytes", "stream", "octets of a segment", "TestStreamLosesItsOldestSegments"},
		{"x-queue-mode", "classic", "nothing: what does not fit into memory is on disk anyway", "TestQueueModeAndVersion1"},
		{"x-queue-version", "classic", "nothing: there is one way to store messages", "TestQueueModeAndVersion1"},
		{"x-max-in-memory-length", "quorum", "nothing, as in RabbitMQ from 3.10 on", "TestArgumentsOfQuorumQueues"},
		{"x-max-in-memory-bytes", "quorum", "nothing, as in RabbitMQ from 3.10 on", "TestArgumentsOfQuorumQueues"},
		{"x-quorum-initial-group-size", "quorum", "nothing: there is one node", "TestArgumentsOfQuorumQueues"},
		{"x-initial-cluster-size", "stream", "nothing: there is one node", "TestRefusedDeclarationsOfStreams"},
		{"x-queue-leader-locator", "", "nothing: there is one node", "TestQueueLeaderLocatorIsAcceptedForClassicQueues"},
		{"x-queue-master-locator", "classic", "nothing: there is one node", "TestArgumentsOfMirrorsAreAccepted"},
		{"x-stream-filter-size-bytes", "stream", "nothing: filters are exact", "TestRefusedDeclarationsOfStreams"},
	}},
	{"exchange.declare", []Argument{
		{"alternate-exchange", "", "where messages go that match no binding", "TestAlternateExchangeTakesWhatMatchesNothing"},
		{"hash-header", "x-consistent-hash", "the header to hash, instead of the routing key", "TestConsistentHashByAHeader"},
		{"hash-property", "x-consistent-hash", "the property to hash: message_id, correlation_id or timestamp", "TestConsistentHashByAProperty"},
		{"x-recent-history-length", "x-recent-history", "how many messages to keep", "TestRecentHistoryMayBeShorter"},
		{"x-cache-size", "x-message-deduplication", "how many values to remember", "TestDeduplicatingExchangeWantsASize"},
		{"x-cache-ttl", "x-message-deduplication", "for how many milliseconds", "TestDeduplicationForgetsAfterATime"},
		{"x-cache-persistence", "x-message-deduplication", "memory, or disk to remember them over a restart", "TestDeduplicationOnDiskSurvives"},
		{"x-delayed-type", "x-delayed-message", "the type by which to route", "TestDelayedExchangeRoutesAsItsType"},
	}},
	{"queue.bind", []Argument{
		{"x-match", "headers", "all, any, all-with-x or any-with-x", "TestHeadersExchange"},
	}},
	{"basic.consume", []Argument{
		{"x-priority", "", "who is served first", "TestConsumerPriorityServesTheHighestFirst"},
		{"x-consumer-timeout", "classic, quorum", "milliseconds in which deliveries are to be acknowledged", "TestConsumerTimeoutMayBeTheConsumers"},
		{"x-stream-offset", "stream", "where to begin: first, last, next, an offset, a timestamp or an age", "TestStreamConsumersBeginAtAnOffset"},
		{"x-stream-filter", "stream", "which values of x-stream-filter-value to deliver", "TestStreamFilter"},
		{"x-stream-match-unfiltered", "stream", "deliver what has no such value, too", "TestStreamFilter"},
		{"x-cancel-on-ha-failover", "", "nothing: there is one node", "TestUnknownConsumerArgumentsAreAccepted"},
	}},
	{"basic.publish, as headers", []Argument{
		{"CC", "", "more routing keys", "TestCCAddsRoutingKeys"},
		{"BCC", "", "more routing keys, which nobody sees", "TestBCCAddsRoutingKeysAndIsHidden"},
		{"x-delay", "x-delayed-message", "milliseconds to hold the message back", "TestDelayedMessageComesWhenItsTimeHas"},
		{"x-recent-history-no-store", "x-recent-history", "do not keep the message", "TestRecentHistoryLeavesOutWhatSaysSo"},
		{"x-deduplication-header", "", "what tells messages apart, for queues and exchanges that deduplicate", "TestDuplicateIsConfirmedAndNotRouted"},
		{"x-cache-ttl", "x-message-deduplication", "for how many milliseconds to remember the value", "TestDeduplicationForgetsAfterATime"},
		{"x-stream-filter-value", "stream", "what consumers may filter by", "TestStreamFilter"},
	}},
	{"policies", []Argument{
		{"alternate-exchange", "exchanges", "as the argument", "TestPolicyOfAnAlternateExchange"},
		{"message-ttl", "classic, quorum", "as the argument; the smaller holds", "TestPolicyOfTimeToLive"},
		{"expires", "classic, quorum", "as the argument; the smaller holds", "TestPolicyOfExpiry"},
		{"max-length", "classic, quorum", "as the argument; the smaller holds", "TestOfArgumentAndPolicyTheSmallerLengthHolds"},
		{"max-length-bytes", "", "as the argument; the smaller holds", "TestPolicyOfLengthInBytesHoldsAtOnce"},
		{"overflow", "classic, quorum", "as the argument, which comes first unless the queue is a quorum queue", "TestPolicyOfOverflowComesBeforeTheArgumentOfAQuorumQueue"},
		{"dead-letter-exchange", "classic, quorum", "as the argument, which comes first", "TestPolicyOfDeadLetters"},
		{"dead-letter-routing-key", "classic, quorum", "as the argument, which comes first", "TestPolicyOfDeadLetters"},
		{"dead-letter-strategy", "quorum", "as the argument, which comes first", "TestPolicyOfADeadLetterStrategy"},
		{"delivery-limit", "quorum", "as the argument; the smaller holds", "TestPolicyOfADeliveryLimit"},
		{"delayed-retry-type", "classic, quorum", "as the argument, which comes first", "TestPolicyHoldsReturnedMessagesBack"},
		{"delayed-retry-min", "classic, quorum", "as the argument, which comes first", "TestPolicyHoldsReturnedMessagesBack"},
		{"delayed-retry-max", "classic, quorum", "as the argument, which comes first", "TestPolicyHoldsReturnedMessagesBack"},
		{"consumer-timeout", "classic, quorum", "as the argument; the smaller holds", "TestPolicyOfAConsumerTimeout"},
		{"max-age", "stream", "as the argument; the smaller holds", "TestPoliciesAreValidated"},
		{"stream-max-segment-size-bytes", "stream", "as the argument", "TestPolicyOfAStreamsLength"},
		{"queue-mode", "classic", "nothing, as the argument", "TestPolicyKeysThatMeanNothingAreAccepted"},
		{"queue-version", "classic", "nothing, as the argument", "TestPolicyKeysThatMeanNothingAreAccepted"},
		{"max-in-memory-length", "classic, quorum", "nothing, as the argument", "TestPolicyKeysThatMeanNothingAreAccepted"},
		{"max-in-memory-bytes", "classic, quorum", "nothing, as the argument", "TestPolicyKeysThatMeanNothingAreAccepted"},
		{"stream-filter-size-bytes", "stream", "nothing, as the argument", "TestPoliciesAreValidated"},
		{"queue-leader-locator", "quorum, stream", "nothing: there is one node", "TestPoliciesAreValidated"},
		{"initial-cluster-size", "stream", "nothing: there is one node", "TestPoliciesAreValidated"},
		{"target-group-size", "quorum", "nothing: there is one node", "TestPoliciesAreValidated"},
	}},
}
