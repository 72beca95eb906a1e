// Package conformance holds no code, only tests: one for each behaviour of
// AMQP 0-9-1 as RabbitMQ speaks it that a client can observe. They run against
// the broker whose address is in AMQP_URL, or else against a broker of their own
// inside the test process. README.md says how.
package conformance
