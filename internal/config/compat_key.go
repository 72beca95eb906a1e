package config

import (
	"strconv"

	"github.com/harebellmq/harebell/internal/compat"
)

// compatKeys are the settings of which RabbitMQ to be like.
var compatKeys = []*key{
	{
		name: "compat", flag: "compat", standard: compat.Default, // before what changes rules of it
		usage: "`series` of RabbitMQ to follow where they differ: " + compat.Choice(),
		want:  compat.Choice(),
		parse: func(c *Config, v string) (ok bool) {
			var err error
			c.Compat, err = compat.For(v)
			return err == nil
		},
	}, {
		name: "deprecated_features.permit.transient_nonexcl_queues", flag: "permit-transient-nonexcl-queues",
		follows: func(r compat.Rules) string { return strconv.FormatBool(r.RefuseTransient == "") },
		usage:   "allow queues that are neither durable nor exclusive" + asOfCompat,
		want:    wantBool,
		parse:   permit((*compat.Rules).PermitTransient),
	}, {
		name: "deprecated_features.permit.global_qos", flag: "permit-global-qos",
		follows: func(r compat.Rules) string { return strconv.FormatBool(!r.PerConsumerQos) },
		usage:   "allow a prefetch for all consumers of a channel" + asOfCompat,
		want:    wantBool,
		parse:   permit((*compat.Rules).PermitGlobalQos),
	},
}
