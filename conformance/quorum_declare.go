package conformance

import (
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// declaring says how a queue is declared, which is refused in the end.
type declaring struct {
	name                          string
	transient, exclusive, autoDel bool
	args                          amqp.Table
}

func (s *session) wantDeclareRefused(d declaring, code uint16, format string, args ...any) {
	s.t.Helper()
	s.QueueDeclare(d.name, !d.transient, d.autoDel, d.exclusive, false, d.args)
	s.refused(code, format, args...)
}

// ended expects the broker to close the connection.
func (s *session) ended(code uint16, text string) {
	s.t.Helper()
	s.compare(receive(s.t, s.lost, "connection.close"), code, "%s", text)
}

func TestQuorumQueueIsDurableAndShared(t T) {
	t.Parallel()
	for property, d := range map[string]declaring{
		"non-durable":     {transient: true},
		"exclusive-owner": {exclusive: true},
		"auto-delete":     {autoDel: true},
	} {
		t.Run(property, func(t T) {
			s := open(t)
			d.name, d.args = unique(t), ofType("quorum", nil)
			s.wantDeclareRefused(d, 406, "invalid property '%s' for queue '%s' in vhost '%s'", property, d.name, target.vhost)
		})
	}
}

func TestQuorumQueueHasANameOfItsOwn(t T) {
	t.Parallel()
	s := open(t)
	s.wantDeclareRefused(declaring{args: ofType("quorum", nil)}, 406, "Cannot declare a server-named queue for type rabbit_quorum_queue")
}

func TestArgumentsThatQuorumQueuesDoNotTake(t T) {
	t.Parallel()
	for key, value := range map[string]any{
		"x-max-priority": int32(5), "x-queue-mode": "lazy", "x-max-age": "1D", "x-initial-cluster-size": int32(3),
		"x-stream-max-segment-size-bytes": int32(1000000),
	} {
		t.Run(key, func(t T) {
			s, name := open(t), unique(t)
			s.wantDeclareRefused(declaring{name: name, args: ofType("quorum", amqp.Table{key: value})}, 406,
				"invalid arg '%s' for queue '%s' in vhost '%s' of queue type rabbit_quorum_queue", key, name, target.vhost)
		})
	}
}

func TestInvalidArgumentsOfQuorumQueues(t T) {
	t.Parallel()
	for _, test := range []struct {
		key    string
		value  any
		reason string
	}{
		{"x-dead-letter-strategy", "twice", "invalid_dlx_strategy"},
		{"x-quorum-initial-group-size", int32(0), "{value_zero,0}"},
		{"x-max-in-memory-length", int32(-5), "{value_negative,-5}"},
		{"x-overflow", "none", "invalid_overflow"},
		{"x-expires", int32(0), "{value_zero,0}"},
		{"x-message-ttl", int32(-1), "{value_negative,-1}"},
		{"x-dead-letter-routing-key", "k", "routing_key_but_no_dlx_defined"},
	} {
		t.Run(test.key, func(t T) {
			s, name := open(t), unique(t)
			s.wantDeclareRefused(declaring{name: name, args: ofType("quorum", amqp.Table{test.key: test.value})}, 406,
				"invalid arg '%s' for queue '%s' in vhost '%s': %s", test.key, name, target.vhost, test.reason)
		})
	}
}

func TestArgumentsOfQuorumQueues(t T) {
	t.Parallel()
	s := open(t)
	s.shared(ofType("quorum", amqp.Table{
		"x-expires": int32(60000), "x-message-ttl": int32(60000), "x-max-length": int32(100), "x-max-length-bytes": int32(100000),
		"x-overflow": "reject-publish", "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "k",
		"x-dead-letter-strategy": "at-least-once", "x-delivery-limit": int32(5), "x-single-active-consumer": true,
		"x-quorum-initial-group-size": int32(3), "x-max-in-memory-length": int32(5), "x-max-in-memory-bytes": int32(5),
		"x-queue-leader-locator": "client-local",
	}))
}

func TestRedeclaredQuorumQueueMustHaveTheSameArguments(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(ofType("quorum", amqp.Table{"x-delivery-limit": int32(3)}))
	for what, args := range map[string]amqp.Table{
		"inequivalent arg 'x-delivery-limit' for queue '%s' in vhost '%s': received '4' but current is '3'":                                ofType("quorum", amqp.Table{"x-delivery-limit": int32(4)}),
		"inequivalent arg 'x-delivery-limit' for queue '%s' in vhost '%s': received none but current is the value '3' of type 'signedint'": ofType("quorum", nil),
	} {
		s := open(t)
		s.wantDeclareRefused(declaring{name: queue, args: args}, 406, what, queue, target.vhost)
	}
	_, err := s.QueueDeclare(queue, true, false, false, false, ofType("quorum", amqp.Table{"x-delivery-limit": int32(3), "x-foo": "any"}))
	s.ok(err)
}

func TestRedeclaredQueueKeepsItsType(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(ofType("quorum", nil))
	s.wantDeclareRefused(declaring{name: queue, args: ofType("classic", nil)}, 406,
		"inequivalent arg 'x-queue-type' for queue '%s' in vhost '%s': received 'classic' but current is 'quorum'", queue, target.vhost)
}

func TestConditionsOfQuorumQueuesAreRefused(t T) {
	t.Parallel()
	for _, flag := range []string{"if-unused", "if-empty"} {
		t.Run(flag, func(t T) {
			s := open(t)
			queue := s.shared(ofType("quorum", nil))
			s.QueueDelete(queue, flag == "if-unused", flag == "if-empty", false)
			s.ended(540, fmt.Sprintf("cannot delete queue '%s' in vhost '%s'. queue.delete operations with %s flag set are not supported by quorum queues",
				queue, target.vhost, flag))
		})
	}
}

func TestQuorumQueueWithGlobalPrefetch(t T) {
	t.Parallel()
	s := open(t)
	if since(t, "4.3", "global prefetch is for each consumer, unless permitted") {
		return
	}
	queue := s.shared(ofType("quorum", nil))
	s.ok(s.Qos(10, 0, true))
	s.Consume(queue, "", false, false, false, false, nil)
	s.ended(540, fmt.Sprintf("queue '%s' in vhost '%s' does not support global qos", queue, target.vhost))
}

func TestGetFromASingleActiveQuorumQueue(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(ofType("quorum", singleActive))
	s.Get(queue, false)
	s.refused(405, "cannot obtain access to locked queue '%s' in vhost '%s'. basic.get operations are not supported by quorum queues with single active consumer",
		queue, target.vhost)
}

func TestDefaultQueueTypeOfAVirtualHost(t T) {
	t.Parallel()
	a := administer(t)
	vhost := a.newVHost()
	a.do("PUT", []string{"vhosts", vhost}, map[string]any{"default_queue_type": "quorum"})
	r := connectRaw(t, handshake{vhost: vhost})
	r.openChannel(1)
	r.call(1, queueDeclare("shared", durable, nil), 11)
	r.call(1, queueDeclare("own", exclusive, nil), 11)
	r.call(1, queueDeclare("classic", durable, table(text("x-queue-type", "classic"))), 11)
	r.send(1, queueDeclare("shared", durable, table(text("x-queue-type", "classic"))))
	if always(t, "4.0", "the default type of queues is an argument of what is declared without") {
		r.expectClose(1, closing{406, "inequivalent arg 'x-queue-type' for queue 'shared' in vhost '" + vhost + "': received 'classic' but current is 'quorum'", 50, 10})
	} else {
		r.expect(1, 50, 11)
	}
}
