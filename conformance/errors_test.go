package conformance

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	amqp "github.com/rabbitmq/amqp091-go"
)

// A refusal is something a client must not do, and what it is told. In the text,
// {q} and {x} stand for the names given to the row and {v} for the virtual host.
type refusal struct {
	setup func(r *raw, q, x string) // may be nil; must succeed
	send  func(r *raw, q, x string)
	want  closing
}

// refusals runs every row on a connection of its own. Codes from 500 on are
// expected to close the connection, the others the channel only.
func refusals(t *testing.T, rows map[string]refusal) {
	t.Helper()
	for _, rule := range slices.Sorted(maps.Keys(rows)) {
		row := rows[rule]
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			q := unique(t)
			x := q + ".x"
			t.Cleanup(func() {
				drop(t, func(ch *amqp.Channel) {
					ch.ExchangeDelete(x, false, false)
					ch.QueueDelete(q, false, false, false)
				})
			})
			r := openRaw(t)
			t.Cleanup(func() { r.conn.Close() }) // first of all, so that the names can be dropped
			if row.setup != nil {
				row.setup(r, q, x)
			}
			row.send(r, q, x)
			want := row.want
			want.text = strings.NewReplacer("{q}", q, "{x}", x, "{v}", target.vhost).Replace(want.text)
			if full := codeName(want.code) + " - " + want.text; len(full) > 255 {
				want.text = full[len(codeName(want.code))+3:252] + "..."
			}
			if want.code >= 500 {
				r.expectClose(0, want)
				return
			}
			r.expectClose(1, want)
			r.send(1, channelCloseOk())
			r.openChannel(1)
		})
	}
}

// sending sends a method that does not depend on the names.
func sending(method []byte) func(*raw, string, string) {
	return func(r *raw, _, _ string) { r.send(1, method) }
}

// declared declares an exclusive queue and is a setup.
func declared(args ...fields) func(*raw, string, string) {
	return func(r *raw, q, _ string) { r.call(1, queueDeclare(q, exclusive, table(args...)), 11) }
}

// exchanged declares an exchange and is a setup.
func exchanged(kind string, args ...fields) func(*raw, string, string) {
	return func(r *raw, _, x string) { r.call(1, exchangeDeclare(x, kind, 0, table(args...)), 11) }
}

// foreign declares a queue exclusive to another connection and is a setup.
func foreign(r *raw, q, _ string) {
	r.t.Helper()
	openRaw(r.t).call(1, queueDeclare(q, exclusive, nil), 11)
}

func TestRefusalsOfExchangeMethods(t *testing.T) {
	t.Parallel()
	onDefault := "operation not permitted on the default exchange"
	refusals(t, map[string]refusal{
		"declare the default exchange": {
			nil, sending(exchangeDeclare("", "direct", durable, nil)), closing{403, onDefault, 40, 10},
		},
		"declare the default exchange passively": {
			nil, sending(exchangeDeclare("", "direct", passive, nil)), closing{403, onDefault, 40, 10},
		},
		"declare a reserved name": {
			nil, sending(exchangeDeclare("amq.conformance", "direct", 0, nil)),
			closing{403, "exchange name 'amq.conformance' contains reserved prefix 'amq.*'", 40, 10},
		},
		"declare a missing one passively": {
			nil, func(r *raw, _, x string) { r.send(1, exchangeDeclare(x, "direct", passive, nil)) },
			closing{404, "no exchange '{x}' in vhost '{v}'", 40, 10},
		},
		"declare a missing reserved name passively": {
			nil, sending(exchangeDeclare("amq.conformance", "direct", passive, nil)),
			closing{404, "no exchange 'amq.conformance' in vhost '{v}'", 40, 10},
		},
		"redeclare with another type": {
			exchanged("direct"), func(r *raw, _, x string) { r.send(1, exchangeDeclare(x, "fanout", 0, nil)) },
			closing{406, "inequivalent arg 'type' for exchange '{x}' in vhost '{v}': received 'fanout' but current is 'direct'", 40, 10},
		},
		"redeclare with another durable": {
			exchanged("direct"), func(r *raw, _, x string) { r.send(1, exchangeDeclare(x, "direct", durable, nil)) },
			closing{406, "inequivalent arg 'durable' for exchange '{x}' in vhost '{v}': received 'true' but current is 'false'", 40, 10},
		},
		"redeclare with another auto-delete": {
			exchanged("direct"), func(r *raw, _, x string) { r.send(1, exchangeDeclare(x, "direct", exchangeAutoDelete, nil)) },
			closing{406, "inequivalent arg 'auto_delete' for exchange '{x}' in vhost '{v}': received 'true' but current is 'false'", 40, 10},
		},
		"redeclare with another internal": {
			exchanged("direct"), func(r *raw, _, x string) { r.send(1, exchangeDeclare(x, "direct", exchangeInternal, nil)) },
			closing{406, "inequivalent arg 'internal' for exchange '{x}' in vhost '{v}': received 'true' but current is 'false'", 40, 10},
		},
		"redeclare with another alternate exchange": {
			exchanged("direct", text("alternate-exchange", "foo")),
			func(r *raw, _, x string) {
				r.send(1, exchangeDeclare(x, "direct", 0, text("alternate-exchange", "bar")))
			},
			closing{406, "inequivalent arg 'alternate-exchange' for exchange '{x}' in vhost '{v}': received 'bar' but current is 'foo'", 40, 10},
		},
		"redeclare with a new alternate exchange": {
			exchanged("direct"),
			func(r *raw, _, x string) {
				r.send(1, exchangeDeclare(x, "direct", 0, text("alternate-exchange", "bar")))
			},
			closing{406, "inequivalent arg 'alternate-exchange' for exchange '{x}' in vhost '{v}': received the value 'bar' of type 'longstr' but current is none", 40, 10},
		},
		"redeclare without the alternate exchange": {
			exchanged("direct", text("alternate-exchange", "foo")),
			func(r *raw, _, x string) { r.send(1, exchangeDeclare(x, "direct", 0, nil)) },
			closing{406, "inequivalent arg 'alternate-exchange' for exchange '{x}' in vhost '{v}': received none but current is the value 'foo' of type 'longstr'", 40, 10},
		},
		"an alternate exchange that is no string": {
			nil, func(r *raw, _, x string) {
				r.send(1, exchangeDeclare(x, "direct", 0, number("alternate-exchange", 1)))
			},
			closing{406, "invalid type 'signedint' for arg 'alternate-exchange' in exchange '{x}' in vhost '{v}'", 40, 10},
		},
		"delete the default exchange": {
			nil, sending(exchangeDelete("", 0)), closing{403, onDefault, 40, 20},
		},
		"delete a predeclared one": {
			nil, sending(exchangeDelete("amq.direct", 0)),
			closing{403, "deletion of system exchange 'amq.direct' in vhost '{v}' not allowed", 40, 20},
		},
		"delete a reserved name that is missing": {
			nil, sending(exchangeDelete("amq.conformance", 0)),
			closing{403, "deletion of system exchange 'amq.conformance' in vhost '{v}' not allowed", 40, 20},
		},
		"delete if unused": {
			func(r *raw, q, x string) {
				exchanged("fanout")(r, q, x)
				declared()(r, q, x)
				r.call(1, queueBind(q, x, "", nil), 21)
			},
			func(r *raw, _, x string) { r.send(1, exchangeDelete(x, ifUnused)) },
			closing{406, "exchange '{x}' in vhost '{v}' in use", 40, 20},
		},
		"bind from the default exchange": {
			nil, sending(exchangeBind("amq.direct", "", "k", nil)), closing{403, onDefault, 40, 30},
		},
		"bind to the default exchange": {
			nil, sending(exchangeBind("", "amq.direct", "k", nil)), closing{403, onDefault, 40, 30},
		},
		"unbind from the default exchange": {
			nil, sending(exchangeUnbind("amq.direct", "", "k", nil)), closing{403, onDefault, 40, 40},
		},
		"unbind to the default exchange": {
			nil, sending(exchangeUnbind("", "amq.direct", "k", nil)), closing{403, onDefault, 40, 40},
		},
		"bind from a missing exchange": {
			nil, func(r *raw, _, x string) { r.send(1, exchangeBind("amq.direct", x, "k", nil)) },
			closing{404, "no exchange '{x}' in vhost '{v}'", 40, 30},
		},
		"bind to a missing exchange": {
			nil, func(r *raw, _, x string) { r.send(1, exchangeBind(x, "amq.direct", "k", nil)) },
			closing{404, "no exchange '{x}' in vhost '{v}'", 40, 30},
		},
		"bind two missing exchanges names the source": {
			nil, func(r *raw, q, x string) { r.send(1, exchangeBind(q, x, "k", nil)) },
			closing{404, "no exchange '{x}' in vhost '{v}'", 40, 30},
		},
		"bind with a bad x-match": {
			nil, sending(exchangeBind("amq.direct", "amq.headers", "k", text("x-match", "some"))),
			closing{406, `Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x`, 40, 30},
		},
	})
}

func TestUnknownExchangeTypeIsRefused(t *testing.T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, exchangeDeclare(unique(t), "no-such-type", 0, nil))
	if since(t, "4.0", "406 on the channel instead of 503") {
		r.expectClose(1, closing{406, "unknown exchange type 'no-such-type'", 40, 10})
	} else {
		r.expectClose(0, closing{503, "unknown exchange type 'no-such-type'", 40, 10})
	}
}

func TestEmptyExchangeTypeIsRefused(t *testing.T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, exchangeDeclare(unique(t), "", 0, nil))
	switch {
	case ours(t, "no matter which words happen to exist inside the server"):
		r.expectCode(1, 406)
	case since(t, "4.0", "406 on the channel instead of 503"):
		r.expectClose(1, closing{406, "invalid exchange type ''", 40, 10})
	default:
		r.expectClose(0, closing{503, "invalid exchange type ''", 40, 10})
	}
}

func TestRefusalsOfQueueMethods(t *testing.T) {
	t.Parallel()
	locked := "cannot obtain exclusive access to locked queue '{q}' in vhost '{v}'. It could be originally declared " +
		"on another connection or the exclusive property value does not match that of the original declaration."
	missing := "no queue '{q}' in vhost '{v}'"
	onDefault := "operation not permitted on the default exchange"
	refusals(t, map[string]refusal{
		"declare a reserved name": {
			nil, sending(queueDeclare("amq.conformance", exclusive, nil)),
			closing{403, "queue name 'amq.conformance' contains reserved prefix 'amq.*'", 50, 10},
		},
		"declare a missing one passively": {
			nil, func(r *raw, q, _ string) { r.send(1, queueDeclare(q, passive, nil)) }, closing{404, missing, 50, 10},
		},
		"declare a missing reserved name passively": {
			nil, sending(queueDeclare("amq.conformance", passive, nil)),
			closing{404, "no queue 'amq.conformance' in vhost '{v}'", 50, 10},
		},
		"declare a queue exclusive to another connection": {
			foreign, func(r *raw, q, _ string) { r.send(1, queueDeclare(q, exclusive, nil)) }, closing{405, locked, 50, 10},
		},
		"declare a queue exclusive to another connection passively": {
			foreign, func(r *raw, q, _ string) { r.send(1, queueDeclare(q, passive, nil)) }, closing{405, locked, 50, 10},
		},
		"bind a queue exclusive to another connection": {
			foreign, func(r *raw, q, _ string) { r.send(1, queueBind(q, "amq.direct", q, nil)) }, closing{405, locked, 50, 20},
		},
		"purge a queue exclusive to another connection": {
			foreign, func(r *raw, q, _ string) { r.send(1, queuePurge(q)) }, closing{405, locked, 50, 30},
		},
		"delete a queue exclusive to another connection": {
			foreign, func(r *raw, q, _ string) { r.send(1, queueDelete(q, 0)) }, closing{405, locked, 50, 40},
		},
		"get from a queue exclusive to another connection": {
			foreign, func(r *raw, q, _ string) { r.send(1, basicGet(q, 0)) }, closing{405, locked, 60, 70},
		},
		"consume a queue exclusive to another connection": {
			foreign, func(r *raw, q, _ string) { r.send(1, basicConsume(q, "c", 0, nil)) }, closing{405, locked, 60, 20},
		},
		"redeclare an exclusive queue as shared": {
			declared(), func(r *raw, q, _ string) { r.send(1, queueDeclare(q, 0, nil)) }, closing{405, locked, 50, 10},
		},
		"redeclare a shared queue as exclusive": {
			func(r *raw, q, _ string) { r.call(1, queueDeclare(q, durable, nil), 11) },
			func(r *raw, q, _ string) { r.send(1, queueDeclare(q, durable|exclusive, nil)) }, closing{405, locked, 50, 10},
		},
		"redeclare with another durable": {
			func(r *raw, q, _ string) { r.call(1, queueDeclare(q, durable, nil), 11) },
			func(r *raw, q, _ string) { r.send(1, queueDeclare(q, 0, nil)) },
			closing{406, "inequivalent arg 'durable' for queue '{q}' in vhost '{v}': received 'false' but current is 'true'", 50, 10},
		},
		"redeclare with another auto-delete": {
			declared(), func(r *raw, q, _ string) { r.send(1, queueDeclare(q, exclusive|autoDelete, nil)) },
			closing{406, "inequivalent arg 'auto_delete' for queue '{q}' in vhost '{v}': received 'true' but current is 'false'", 50, 10},
		},
		"redeclare with everything different names durable first": {
			func(r *raw, q, _ string) { r.call(1, queueDeclare(q, durable, nil), 11) },
			func(r *raw, q, _ string) { r.send(1, queueDeclare(q, autoDelete, number("x-max-length", 1))) },
			closing{406, "inequivalent arg 'durable' for queue '{q}' in vhost '{v}': received 'false' but current is 'true'", 50, 10},
		},
		"a dead letter exchange that is no string": {
			nil, func(r *raw, q, _ string) {
				r.send(1, queueDeclare(q, exclusive, number("x-dead-letter-exchange", 1)))
			},
			closing{406, "invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue '{q}' in vhost '{v}'", 50, 10},
		},
		"declare a dead reply address": {
			nil, sending(queueDeclare("amq.rabbitmq.reply-to.x", 0, nil)),
			closing{404, "no queue 'amq.rabbitmq.reply-to.x' in vhost '{v}'", 50, 10},
		},
		"bind without a last declared queue": {
			nil, sending(queueBind("", "amq.direct", "k", nil)), closing{404, "no previously declared queue", 50, 20},
		},
		"unbind without a last declared queue": {
			nil, sending(queueUnbind("", "amq.direct", "k", nil)), closing{404, "no previously declared queue", 50, 50},
		},
		"purge without a last declared queue": {
			nil, sending(queuePurge("")), closing{404, "no previously declared queue", 50, 30},
		},
		"delete without a last declared queue": {
			nil, sending(queueDelete("", 0)), closing{404, "no previously declared queue", 50, 40},
		},
		"get without a last declared queue": {
			nil, sending(basicGet("", 0)), closing{404, "no previously declared queue", 60, 70},
		},
		"consume without a last declared queue": {
			nil, sending(basicConsume("", "c", 0, nil)), closing{404, "no previously declared queue", 60, 20},
		},
		"bind a missing queue": {
			nil, func(r *raw, q, _ string) { r.send(1, queueBind(q, "amq.direct", "k", nil)) }, closing{404, missing, 50, 20},
		},
		"purge a missing queue": {
			nil, func(r *raw, q, _ string) { r.send(1, queuePurge(q)) }, closing{404, missing, 50, 30},
		},
		"get from a missing queue": {
			nil, func(r *raw, q, _ string) { r.send(1, basicGet(q, 0)) }, closing{404, missing, 60, 70},
		},
		"consume a missing queue": {
			nil, func(r *raw, q, _ string) { r.send(1, basicConsume(q, "c", 0, nil)) }, closing{404, missing, 60, 20},
		},
		"bind to a missing exchange": {
			declared(), func(r *raw, q, x string) { r.send(1, queueBind(q, x, "k", nil)) },
			closing{404, "no exchange '{x}' in vhost '{v}'", 50, 20},
		},
		"bind a missing queue to a missing exchange names the exchange": {
			nil, func(r *raw, q, x string) { r.send(1, queueBind(q, x, "k", nil)) },
			closing{404, "no exchange '{x}' in vhost '{v}'", 50, 20},
		},
		"bind to the default exchange": {
			declared(), func(r *raw, q, _ string) { r.send(1, queueBind(q, "", "k", nil)) }, closing{403, onDefault, 50, 20},
		},
		"unbind from the default exchange": {
			declared(), func(r *raw, q, _ string) { r.send(1, queueUnbind(q, "", q, nil)) }, closing{403, onDefault, 50, 50},
		},
		"bind with a bad x-match": {
			declared(), func(r *raw, q, _ string) { r.send(1, queueBind(q, "amq.headers", "", text("x-match", "some"))) },
			closing{406, `Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x`, 50, 20},
		},
		"bind with an x-match that is no string": {
			declared(), func(r *raw, q, _ string) { r.send(1, queueBind(q, "amq.headers", "", number("x-match", 1))) },
			closing{406, "Invalid x-match field type signedint (value 1); expected longstr", 50, 20},
		},
		"bind a reply address": {
			nil, sending(queueBind("amq.rabbitmq.reply-to", "amq.direct", "k", nil)),
			closing{404, "no queue 'amq.rabbitmq.reply-to' in vhost '{v}'", 50, 20},
		},
		"get from a reply address": {
			nil, sending(basicGet("amq.rabbitmq.reply-to", 0)),
			closing{404, "no queue 'amq.rabbitmq.reply-to' in vhost '{v}'", 60, 70},
		},
		"purge a reply address": {
			nil, sending(queuePurge("amq.rabbitmq.reply-to")),
			closing{404, "no queue 'amq.rabbitmq.reply-to' in vhost '{v}'", 50, 30},
		},
		"delete if empty": {
			func(r *raw, q, x string) { declared()(r, q, x); r.publish(1, "", q, nil, "a") },
			func(r *raw, q, _ string) { r.send(1, queueDelete(q, ifEmpty)) },
			closing{406, "queue '{q}' in vhost '{v}' not empty", 50, 40},
		},
		"delete if unused": {
			func(r *raw, q, x string) { declared()(r, q, x); r.call(1, basicConsume(q, "c", 0, nil), 21) },
			func(r *raw, q, _ string) { r.send(1, queueDelete(q, ifUnused)) },
			closing{406, "queue '{q}' in vhost '{v}' in use", 50, 40},
		},
		"delete if empty comes before if unused": {
			func(r *raw, q, x string) {
				declared()(r, q, x)
				r.call(1, basicQos(0, 1, 0), 11)
				r.call(1, basicConsume(q, "c", 0, nil), 21)
				r.publish(1, "", q, nil, "a")
				r.publish(1, "", q, nil, "b")
				r.expect(1, 60, 60)
				r.content(1)
			},
			func(r *raw, q, _ string) { r.send(1, queueDelete(q, ifUnused|ifEmpty)) },
			closing{406, "queue '{q}' in vhost '{v}' not empty", 50, 40},
		},
	})
}

func TestInequivalentQueueArguments(t *testing.T) {
	t.Parallel()
	redeclare := func(args ...fields) func(*raw, string, string) {
		return func(r *raw, q, _ string) { r.send(1, queueDeclare(q, exclusive, table(args...))) }
	}
	differ := func(key, received, current string) closing {
		return closing{406, "inequivalent arg '" + key + "' for queue '{q}' in vhost '{v}': received " + received +
			" but current is " + current, 50, 10}
	}
	refusals(t, map[string]refusal{
		"two values": {
			declared(number("x-max-length", 1000)), redeclare(number("x-max-length", 1001)),
			differ("x-max-length", "'1001'", "'1000'"),
		},
		"two texts": {
			declared(text("x-dead-letter-exchange", "foo")), redeclare(text("x-dead-letter-exchange", "bar")),
			differ("x-dead-letter-exchange", "'bar'", "'foo'"),
		},
		"a number where there was none": {
			declared(), redeclare(number("x-message-ttl", 1000)),
			differ("x-message-ttl", "the value '1000' of type 'signedint'", "none"),
		},
		"a long number where there was none": {
			declared(), redeclare(field("x-message-ttl", 'l', uint64(1000))),
			differ("x-message-ttl", "the value '1000' of type 'long'", "none"),
		},
		"none where there was a text": {
			declared(text("x-overflow", "reject-publish")), redeclare(),
			differ("x-overflow", "none", "the value 'reject-publish' of type 'longstr'"),
		},
		"a text instead of the same number": {
			declared(number("x-max-length", 1000)), redeclare(text("x-max-length", "1000")),
			differ("x-max-length", "'1000'", "'1000'"),
		},
		"a boolean": {
			declared(field("x-single-active-consumer", 't', uint8(1))),
			redeclare(field("x-single-active-consumer", 't', uint8(0))),
			differ("x-single-active-consumer", "'false'", "'true'"),
		},
		"x-expires": {
			declared(number("x-expires", 1000000)), redeclare(number("x-expires", 1000001)),
			differ("x-expires", "'1000001'", "'1000000'"),
		},
		"x-max-length-bytes": {
			declared(), redeclare(number("x-max-length-bytes", 10)),
			differ("x-max-length-bytes", "the value '10' of type 'signedint'", "none"),
		},
		"x-max-priority": {
			declared(number("x-max-priority", 5)), redeclare(number("x-max-priority", 6)),
			differ("x-max-priority", "'6'", "'5'"),
		},
		"x-dead-letter-routing-key": {
			declared(text("x-dead-letter-exchange", ""), text("x-dead-letter-routing-key", "a")),
			redeclare(text("x-dead-letter-exchange", ""), text("x-dead-letter-routing-key", "b")),
			differ("x-dead-letter-routing-key", "'b'", "'a'"),
		},
		"x-queue-mode": {
			declared(text("x-queue-mode", "lazy")), redeclare(text("x-queue-mode", "default")),
			differ("x-queue-mode", "'default'", "'lazy'"),
		},
	})
}

func TestInvalidQueueArguments(t *testing.T) {
	t.Parallel()
	rows := map[string]refusal{}
	add := func(rule, key string, argument fields, reason string, more ...fields) {
		rows[key+": "+rule] = refusal{
			nil,
			func(r *raw, q, _ string) {
				r.send(1, queueDeclare(q, exclusive, table(argument, table(more...))))
			},
			closing{406, "invalid arg '" + key + "' for queue '{q}' in vhost '{v}'" + reason, 50, 10},
		}
	}
	for _, key := range []string{"x-message-ttl", "x-expires", "x-max-length", "x-max-length-bytes", "x-max-priority"} {
		add("a text", key, text(key, "1"), `: "expected integer, got longstr"`)
		add("a double", key, field(key, 'd', uint64(0)), `: "expected integer, got double"`)
		add("a boolean", key, field(key, 't', uint8(1)), `: "expected integer, got bool"`)
		add("a timestamp", key, field(key, 'T', uint64(1)), `: "expected integer, got timestamp"`)
		add("a decimal", key, field(key, 'D', uint8(0), uint32(1)), `: "expected integer, got decimal"`)
		add("a void", key, field(key, 'V'), `: "expected integer, got void"`)
		add("negative", key, number(key, -1), ": {value_negative,-1}")
	}
	for _, key := range []string{"x-message-ttl", "x-expires"} {
		add("above ten years", key, field(key, 'l', uint64(315360000001)), ": {value_too_large,315360000001}")
	}
	add("zero", "x-expires", number("x-expires", 0), ": {value_zero,0}")
	add("above 255", "x-max-priority", number("x-max-priority", 256), ": {max_value_exceeded,256}")
	add("an unknown word", "x-overflow", text("x-overflow", "drop-tail"), ": invalid_overflow")
	for _, key := range []string{"x-overflow", "x-queue-mode", "x-single-active-consumer", "x-queue-type"} {
		add("a number", key, number(key, 1), ": {unacceptable_type,signedint}")
	}
	add("a number", "x-dead-letter-routing-key", number("x-dead-letter-routing-key", 1),
		": {unacceptable_type,signedint}", text("x-dead-letter-exchange", ""))
	add("without an exchange", "x-dead-letter-routing-key", text("x-dead-letter-routing-key", "k"),
		": routing_key_but_no_dlx_defined")
	add("an unknown word", "x-queue-mode", text("x-queue-mode", "busy"), `: "unsupported queue mode 'busy'"`)
	add("3", "x-queue-version", number("x-queue-version", 3), `: "unsupported queue version '3'"`)
	add("an unknown word", "x-queue-type", text("x-queue-type", "fifo"), `: "unsupported queue type 'fifo'"`)
	for key, argument := range map[string]fields{
		"x-delivery-limit":            number("x-delivery-limit", 1),
		"x-max-age":                   text("x-max-age", "1D"),
		"x-dead-letter-strategy":      text("x-dead-letter-strategy", "at-most-once"),
		"x-quorum-initial-group-size": number("x-quorum-initial-group-size", 1),
		"x-initial-cluster-size":      number("x-initial-cluster-size", 1),
	} {
		add("not for classic queues", key, argument, " of queue type rabbit_classic_queue")
	}
	refusals(t, rows)
}

func TestRefusalsOfBasicMethods(t *testing.T) {
	t.Parallel()
	publish := func(exchange string, bits uint8, p properties) func(*raw, string, string) {
		return func(r *raw, _, _ string) { r.write(publishing(1, basicPublish(exchange, "k", bits), p, "")) }
	}
	expiration := func(text, reason string) refusal {
		return refusal{
			nil, publish("amq.direct", 0, props(flagExpiration, text)),
			closing{406, "invalid expiration '" + text + "': " + reason, 60, 40},
		}
	}
	consume := func(bits uint8, args ...fields) func(*raw, string, string) {
		return func(r *raw, q, _ string) { r.send(1, basicConsume(q, "c", bits, table(args...))) }
	}
	unknownTag := func(method []byte, id uint16, tag string) refusal {
		return refusal{nil, sending(method), closing{406, "unknown delivery tag " + tag, 60, id}}
	}
	replying := func(r *raw, _, _ string) { r.call(1, basicConsume(replyTo, "c", noAck, nil), 21) }
	inUse := "queue '{q}' in vhost '{v}' in exclusive use"

	refusals(t, map[string]refusal{
		"qos with a prefetch size": {
			nil, sending(basicQos(7, 0, 0)), closing{540, "prefetch_size!=0 (7)", 60, 10},
		},
		"consume with a tag in use": {
			func(r *raw, q, x string) { declared()(r, q, x); r.call(1, basicConsume(q, "c", 0, nil), 21) },
			consume(0), closing{530, "attempt to reuse consumer tag 'c'", 60, 20},
		},
		"consume with a tag in use is noticed before the queue is looked up": {
			func(r *raw, q, x string) { declared()(r, q, x); r.call(1, basicConsume(q, "c", 0, nil), 21) },
			sending(basicConsume("no-such-queue", "c", 0, nil)), closing{530, "attempt to reuse consumer tag 'c'", 60, 20},
		},
		"consume exclusively where others consume": {
			func(r *raw, q, x string) { declared()(r, q, x); r.call(1, basicConsume(q, "other", 0, nil), 21) },
			consume(exclusiveConsumer), closing{403, inUse, 60, 20},
		},
		"consume where another consumes exclusively": {
			func(r *raw, q, x string) {
				declared()(r, q, x)
				r.call(1, basicConsume(q, "other", exclusiveConsumer, nil), 21)
			},
			consume(0), closing{403, inUse, 60, 20},
		},
		"consume a single active consumer queue exclusively": {
			declared(field("x-single-active-consumer", 't', uint8(1))),
			consume(exclusiveConsumer), closing{403, inUse, 60, 20},
		},
		"consume with a priority that is no number": {
			declared(), consume(0, text("x-priority", "high")),
			closing{406, `invalid arg 'x-priority' for queue '{q}' in vhost '{v}': "expected integer, got longstr"`, 60, 20},
		},
		"consume a classic queue with a stream offset": {
			declared(), consume(0, text("x-stream-offset", "first")),
			closing{406, "invalid arg 'x-stream-offset' for queue '{q}' in vhost '{v}' of queue type rabbit_classic_queue", 60, 20},
		},
		"consume replies with acks": {
			nil, sending(basicConsume(replyTo, "c", 0, nil)), closing{406, "reply consumer cannot acknowledge", 60, 20},
		},
		"consume replies twice": {
			replying, sending(basicConsume(replyTo, "d", noAck, nil)), closing{406, "reply consumer already set", 60, 20},
		},
		"consume a full reply address": {
			nil, sending(basicConsume(replyTo+".x", "c", noAck, nil)),
			closing{404, "no queue '" + replyTo + ".x' in vhost '{v}'", 60, 20},
		},
		"publish to a missing exchange": {
			nil, publish("no-such-exchange", 0, nil), closing{404, "no exchange 'no-such-exchange' in vhost '{v}'", 60, 40},
		},
		"publish mandatory to a missing exchange": {
			nil, publish("no-such-exchange", mandatory, nil),
			closing{404, "no exchange 'no-such-exchange' in vhost '{v}'", 60, 40},
		},
		"publish immediate": {
			nil, publish("amq.direct", immediate, nil), closing{540, "immediate=true", 60, 40},
		},
		"publish to an internal exchange": {
			func(r *raw, _, x string) { r.call(1, exchangeDeclare(x, "fanout", exchangeInternal, nil), 11) },
			func(r *raw, _, x string) { r.publish(1, x, "", nil, "") },
			closing{403, "cannot publish to internal exchange '{x}' in vhost '{v}'", 60, 40},
		},
		"publish with another user's id": {
			nil, publish("amq.direct", 0, props(flagUserID, "nobody")),
			closing{406, "user_id property set to 'nobody' but authenticated user was '" + target.user + "'", 60, 40},
		},
		"publish with an empty expiration":          expiration("", "no_integer"),
		"publish with letters for an expiration":    expiration("soon", "no_integer"),
		"publish with a space before an expiration": expiration(" 5", "no_integer"),
		"publish with a fraction for an expiration": expiration("1.5", `{leftover_string,".5"}`),
		"publish with a space after an expiration":  expiration("5 ", `{leftover_string," "}`),
		"publish with a negative expiration":        expiration("-1", "{value_negative,-1}"),
		"publish with an expiration above ten years": expiration("315360000001",
			"{value_too_large,315360000001}"),
		"publish with a CC that is no array": {
			nil, publish("amq.direct", 0, headers(text("CC", "k"))),
			closing{406, `invalid message: {unacceptable_type_in_header,"CC",longstr}`, 60, 40},
		},
		"publish with a BCC that is no array": {
			nil, publish("amq.direct", 0, headers(number("BCC", 1))),
			closing{406, `invalid message: {unacceptable_type_in_header,"BCC",signedint}`, 60, 40},
		},
		"publish with a reply-to without a reply consumer": {
			nil, publish("", 0, props(flagReplyTo, replyTo)), closing{406, "fast reply consumer does not exist", 60, 40},
		},
		"ack of tag 1 never delivered":        unknownTag(basicAck(1, 0), 80, "1"),
		"ack of tag 0 without multiple":       unknownTag(basicAck(0, 0), 80, "0"),
		"ack of a high tag with multiple":     unknownTag(basicAck(5, multiple), 80, "5"),
		"nack of an unknown tag":              unknownTag(basicNack(3, 0), 120, "3"),
		"nack of an unknown tag and multiple": unknownTag(basicNack(3, multiple|requeue), 120, "3"),
		"reject of an unknown tag":            unknownTag(basicReject(2, 1), 90, "2"),
		"ack of a tag delivered without acks": {
			func(r *raw, q, x string) {
				declared()(r, q, x)
				r.publish(1, "", q, nil, "a")
				r.call(1, basicGet(q, 1), 71)
				r.content(1)
			},
			sending(basicAck(1, 0)), closing{406, "unknown delivery tag 1", 60, 80},
		},
		"recover without requeue":       {nil, sending(basicRecover(0)), closing{540, "requeue=false", 60, 110}},
		"recover-async without requeue": {nil, sending(method(60, 100, uint8(0))), closing{540, "requeue=false", 60, 100}},
	})
}

func TestPublishIsCheckedInOrder(t *testing.T) {
	t.Parallel()
	publish := func(p properties) func(*raw, string, string) {
		return func(r *raw, _, x string) { r.publish(1, x, "", p, "") }
	}
	rows := map[string]refusal{
		"exchange before properties": {
			nil, publish(headers(field("a", 'q', uint32(0)))), closing{404, "no exchange '{x}' in vhost '{v}'", 60, 40},
		},
		"exchange before expiration": {
			nil, publish(props(flagExpiration, "x")), closing{404, "no exchange '{x}' in vhost '{v}'", 60, 40},
		},
		"internal before expiration": {
			func(r *raw, _, x string) { r.call(1, exchangeDeclare(x, "fanout", exchangeInternal, nil), 11) },
			publish(props(flagExpiration, "x")), closing{403, "cannot publish to internal exchange '{x}' in vhost '{v}'", 60, 40},
		},
		"reply-to before expiration": {
			exchanged("fanout"), publish(props(flagReplyTo|flagExpiration, replyTo, "x")),
			closing{406, "fast reply consumer does not exist", 60, 40},
		},
		"expiration before CC": {
			exchanged("fanout"), publish(props(flagHeaders|flagExpiration, text("CC", "k"), "x")),
			closing{406, "invalid expiration 'x': no_integer", 60, 40},
		},
		"user-id before expiration": {
			exchanged("fanout"), publish(props(flagExpiration|flagUserID, "x", "nobody")),
			closing{406, "user_id property set to 'nobody' but authenticated user was '" + target.user + "'", 60, 40},
		},
	}
	if since(t, "4.0", "user-id is the last thing checked") {
		delete(rows, "user-id before expiration")
		rows["expiration before user-id"] = refusal{
			exchanged("fanout"), publish(props(flagExpiration|flagUserID, "x", "nobody")),
			closing{406, "invalid expiration 'x': no_integer", 60, 40},
		}
	}
	refusals(t, rows)
}

func TestRefusalsOfTxAndConfirm(t *testing.T) {
	t.Parallel()
	refusals(t, map[string]refusal{
		"tx after confirm": {
			func(r *raw, _, _ string) { r.call(1, confirmSelect(), 11) },
			sending(txSelect()), closing{406, "cannot switch from confirm to tx mode", 90, 10},
		},
		"confirm after tx": {
			func(r *raw, _, _ string) { r.call(1, txSelect(), 11) },
			sending(confirmSelect()), closing{406, "cannot switch from tx to confirm mode", 85, 10},
		},
		"commit without select":   {nil, sending(txCommit()), closing{406, "channel is not transactional", 90, 20}},
		"rollback without select": {nil, sending(txRollback()), closing{406, "channel is not transactional", 90, 30}},
		"commit of a refused publish": {
			func(r *raw, q, x string) {
				declared(number("x-max-length", 0), text("x-overflow", "reject-publish"))(r, q, x)
				r.call(1, txSelect(), 11)
				r.publish(1, "", q, nil, "a")
			},
			sending(txCommit()), closing{406, "partial tx completion", 90, 20},
		},
	})
}

func TestMethodsOnlyTheServerMaySendAre503(t *testing.T) {
	t.Parallel()
	unimplemented := func(class, id uint16, values ...any) refusal {
		return refusal{nil, sending(method(class, id, values...)), closing{503, "unimplemented method", class, id}}
	}
	refusals(t, map[string]refusal{
		"channel.open-ok":     unimplemented(20, 11, longstr("")),
		"exchange.declare-ok": unimplemented(40, 11),
		"queue.declare-ok":    unimplemented(50, 11, "q", uint32(0), uint32(0)),
		"queue.bind-ok":       unimplemented(50, 21),
		"basic.qos-ok":        unimplemented(60, 11),
		"basic.consume-ok":    unimplemented(60, 21, "c"),
		"basic.get-empty":     unimplemented(60, 72, ""),
		"basic.recover-ok":    unimplemented(60, 111),
		"confirm.select-ok":   unimplemented(85, 11),
		"tx.commit-ok":        unimplemented(90, 21),
		"connection.close":    unimplemented(10, 50, uint16(200), "", uint16(0), uint16(0)),
	})
}

func TestSoftErrorsSayWhichMethodWasToBlame(t *testing.T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, queueDeclare(unique(t), exclusive, nil), queuePurge("no-such-queue"))
	r.expect(1, 50, 11)
	r.expectClose(1, closing{404, "no queue 'no-such-queue' in vhost '" + target.vhost + "'", 50, 30})
}

func TestLongReplyTextIsCutAt255Octets(t *testing.T) {
	t.Parallel()
	r := openRaw(t)
	name := strings.Repeat("n", 255)
	r.send(1, queueDeclare(name, passive, nil))
	full := "no queue '" + name + "' in vhost '" + target.vhost + "'"
	cut := ("NOT_FOUND - " + full)[:252] + "..."
	r.expectClose(1, closing{404, strings.TrimPrefix(cut, "NOT_FOUND - "), 50, 10})
}

func TestLongReplyTextIsCutBetweenRunes(t *testing.T) {
	t.Parallel()
	r := openRaw(t)
	name := "n" + strings.Repeat("ü", 127)
	r.send(1, queueDeclare(name, passive, nil))
	if !ours(t, "a text is cut between two characters, not within one") {
		return
	}
	a := r.expect(1, 20, 40)
	if code, text := a.short(), a.shortstr(); code != 404 || !utf8.ValidString(text) || !strings.HasSuffix(text, "...") {
		t.Errorf("got %d %q, want 404 and valid UTF-8", code, text)
	}
}

func TestLongReplyTextWithMultibyteNameDoesNotExceed255Octets(t *testing.T) {
	t.Parallel()
	if !target.harebell && target.major >= 4 {
		t.Skip("RabbitMQ 4.0 answers 541 instead, a defect")
	}
	r := openRaw(t)
	r.send(1, queueDeclare(strings.Repeat("☃", 85), passive, nil))
	r.expectCode(1, 404)
}

func TestBodyAboveTheLimitIs406(t *testing.T) {
	t.Parallel()
	slow(t)
	r := openRaw(t)
	const size = 128<<20 + 1
	r.send(1, basicPublish("", "nowhere", 0))
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(size, nil)))
	chunk := appendFrame(nil, frameBody, 1, make([]byte, 131064))
	sent := 0
	for ; size-sent >= 131064; sent += 131064 {
		r.write(chunk)
	}
	r.write(appendFrame(nil, frameBody, 1, make([]byte, size-sent)))
	a := r.expect(1, 20, 40)
	code, got := a.short(), a.shortstr()
	if want := "PRECONDITION_FAILED - message size 134217729 is larger than configured max size "; code != 406 ||
		!strings.HasPrefix(got, want) {
		t.Errorf("got %d %s, want 406 %s...", code, got, want)
	}
}
