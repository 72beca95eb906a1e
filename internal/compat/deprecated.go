package compat

// transientIsDenied is what a client is told that declares a queue which is
// neither durable nor exclusive where that is not permitted by default; and
// transientIsSwitchedOff, where the operator does not permit it. Over the wire
// they are cut.
const (
	transientIsDenied = "Feature `transient_nonexcl_queues` is deprecated.\n" +
		"By default, this feature is not permitted anymore.\n" +
		"The feature will be removed from a future major RabbitMQ version, regardless of the configuration; " +
		"actual version to be determined.\n" +
		toContinue

	transientIsSwitchedOff = "Feature `transient_nonexcl_queues` is deprecated.\n" +
		"Its use is not permitted per the configuration (overriding the default, which is permitted):\n" +
		"    \"deprecated_features.permit.transient_nonexcl_queues = false\"\n" +
		"Its use will not be permitted by default in a future minor RabbitMQ version and the feature will be removed " +
		"from a future major RabbitMQ version; actual versions to be determined.\n" +
		toContinue

	toContinue = "To continue using this feature when it is not permitted by default, " +
		"set the following parameter in your configuration:\n" +
		"    \"deprecated_features.permit.transient_nonexcl_queues = true\""
)

// PermitTransient says whether queues may be neither durable nor exclusive,
// whatever the series.
//
// rabbitmq: deprecated_features.permit.transient_nonexcl_queues
func (r *Rules) PermitTransient(yes bool) {
	switch {
	case yes:
		r.RefuseTransient = ""
	case r.RefuseTransient == "":
		r.RefuseTransient = transientIsSwitchedOff
	}
}

// PermitGlobalQos says whether a prefetch may be for all consumers of a channel,
// whatever the series.
//
// rabbitmq: deprecated_features.permit.global_qos; what is not permitted is not
// refused either, but taken as if it were per consumer
func (r *Rules) PermitGlobalQos(yes bool) { r.PerConsumerQos = !yes }
