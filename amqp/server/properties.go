package server

import (
	"runtime"

	"github.com/harebellmq/harebell/amqp"
)

// The broker that clients are told they talk to, unless it is configured.
//
// rabbitmq: clients and frameworks read both, and some behave differently
// towards anything else.
const (
	DefaultProduct = "RabbitMQ"
	DefaultVersion = "4.2.0"
)

// Properties makes what connection.start says of a server: product and version
// as RabbitMQ's, so that clients know what to expect, and our own beside them.
func Properties(product, version, harebell string) amqp.Table {
	return amqp.Table{
		"capabilities": amqp.Table{
			"publisher_confirms":           true,
			"exchange_exchange_bindings":   true,
			"basic.nack":                   true,
			"consumer_cancel_notify":       true,
			"connection.blocked":           true,
			"consumer_priorities":          true,
			"authentication_failure_close": true,
			"per_consumer_qos":             true,
			"direct_reply_to":              true,
		},
		"cluster_name": "harebell",
		"copyright":    "Copyright the Harebell authors",
		"harebell":     harebell,
		"information":  "Harebell, an AMQP 0-9-1 broker. Licensed under the Apache License 2.0.",
		"platform":     runtime.Version(),
		"product":      product,
		"version":      version,
	}
}
