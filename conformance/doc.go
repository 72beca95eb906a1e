// Package conformance is what a client can observe of AMQP 0-9-1 as RabbitMQ
// speaks it: a rule for each behaviour, a Go function named after it, and a
// file for each subject. [Judge] holds them against a broker; so does go test,
// which starts one of its own if AMQP_URL names none. README.md says more.
package conformance
