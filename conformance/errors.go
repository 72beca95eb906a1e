package conformance

import ()

func TestRefusalsOfExchangeMethods(t T) {
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
		"redeclare a durable one as transient": {
			func(r *raw, _, x string) { r.call(1, exchangeDeclare(x, "direct", durable, nil), 11) },
			func(r *raw, _, x string) { r.send(1, exchangeDeclare(x, "direct", 0, nil)) },
			closing{406, "inequivalent arg 'durable' for exchange '{x}' in vhost '{v}': received 'false' but current is 'true'", 40, 10},
		},
		"redeclare an auto-delete one without": {
			func(r *raw, _, x string) { r.call(1, exchangeDeclare(x, "direct", exchangeAutoDelete, nil), 11) },
			func(r *raw, _, x string) { r.send(1, exchangeDeclare(x, "direct", 0, nil)) },
			closing{406, "inequivalent arg 'auto_delete' for exchange '{x}' in vhost '{v}': received 'false' but current is 'true'", 40, 10},
		},
		"redeclare an internal one without": {
			func(r *raw, _, x string) { r.call(1, exchangeDeclare(x, "direct", exchangeInternal, nil), 11) },
			func(r *raw, _, x string) { r.send(1, exchangeDeclare(x, "direct", 0, nil)) },
			closing{406, "inequivalent arg 'internal' for exchange '{x}' in vhost '{v}': received 'false' but current is 'true'", 40, 10},
		},
		"redeclare with everything different names the type first": {
			exchanged("direct"), func(r *raw, _, x string) {
				r.send(1, exchangeDeclare(x, "fanout", durable|exchangeAutoDelete|exchangeInternal, text("alternate-exchange", "y")))
			},
			closing{406, "inequivalent arg 'type' for exchange '{x}' in vhost '{v}': received 'fanout' but current is 'direct'", 40, 10},
		},
		"redeclare with everything but the type different names durable first": {
			exchanged("direct"), func(r *raw, _, x string) {
				r.send(1, exchangeDeclare(x, "direct", durable|exchangeAutoDelete|exchangeInternal, text("alternate-exchange", "y")))
			},
			closing{406, "inequivalent arg 'durable' for exchange '{x}' in vhost '{v}': received 'true' but current is 'false'", 40, 10},
		},
		"redeclare with auto-delete and internal different names auto-delete first": {
			exchanged("direct"), func(r *raw, _, x string) {
				r.send(1, exchangeDeclare(x, "direct", exchangeAutoDelete|exchangeInternal, nil))
			},
			closing{406, "inequivalent arg 'auto_delete' for exchange '{x}' in vhost '{v}': received 'true' but current is 'false'", 40, 10},
		},
		"redeclare a predeclared one with another type": {
			nil, sending(exchangeDeclare("amq.direct", "topic", durable, nil)),
			closing{406, "inequivalent arg 'type' for exchange 'amq.direct' in vhost '{v}': received 'topic' but current is 'direct'", 40, 10},
		},
		"redeclare a predeclared one as transient": {
			nil, sending(exchangeDeclare("amq.topic", "topic", 0, nil)),
			closing{406, "inequivalent arg 'durable' for exchange 'amq.topic' in vhost '{v}': received 'false' but current is 'true'", 40, 10},
		},
		"an alternate exchange that is a boolean": {
			nil, func(r *raw, _, x string) {
				r.send(1, exchangeDeclare(x, "direct", 0, field("alternate-exchange", 't', uint8(1))))
			},
			closing{406, "invalid type 'bool' for arg 'alternate-exchange' in exchange '{x}' in vhost '{v}'", 40, 10},
		},
		"an alternate exchange that is void": {
			nil, func(r *raw, _, x string) {
				r.send(1, exchangeDeclare(x, "direct", 0, field("alternate-exchange", 'V')))
			},
			closing{406, "invalid type 'void' for arg 'alternate-exchange' in exchange '{x}' in vhost '{v}'", 40, 10},
		},
		"redeclare with an alternate exchange that is no string": {
			exchanged("direct", text("alternate-exchange", "foo")),
			func(r *raw, _, x string) {
				r.send(1, exchangeDeclare(x, "direct", 0, number("alternate-exchange", 1)))
			},
			closing{406, "inequivalent arg 'alternate-exchange' for exchange '{x}' in vhost '{v}': received '1' but current is 'foo'", 40, 10},
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
		"bind with an x-match in capitals": {
			nil, sending(exchangeBind("amq.direct", "amq.match", "k", text("x-match", "ALL"))),
			closing{406, `Invalid x-match field value <<"ALL">>; expected all, any, all-with-x, or any-with-x`, 40, 30},
		},
		"bind with an empty x-match": {
			nil, sending(exchangeBind("amq.direct", "amq.match", "k", text("x-match", ""))),
			closing{406, "Invalid x-match field value <<>>; expected all, any, all-with-x, or any-with-x", 40, 30},
		},
		"delete a predeclared one if unused": {
			nil, sending(exchangeDelete("amq.fanout", ifUnused)),
			closing{403, "deletion of system exchange 'amq.fanout' in vhost '{v}' not allowed", 40, 20},
		},
		"delete the trace exchange": {
			nil, sending(exchangeDelete("amq.rabbitmq.trace", 0)),
			closing{403, "deletion of system exchange 'amq.rabbitmq.trace' in vhost '{v}' not allowed", 40, 20},
		},
	})
}

func TestUnknownExchangeTypeIsRefused(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, exchangeDeclare(unique(t), "no-such-type", 0, nil))
	if since(t, "3.13.3", "406 on the channel instead of 503") {
		r.expectClose(1, closing{406, "unknown exchange type 'no-such-type'", 40, 10})
	} else {
		r.expectClose(0, closing{503, "unknown exchange type 'no-such-type'", 40, 10})
	}
}

func TestEmptyExchangeTypeIsRefused(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, exchangeDeclare(unique(t), "", 0, nil))
	switch {
	case ours(t, "no matter which words happen to exist inside the server"):
		r.expectCode(1, 406)
	case since(t, "3.13.3", "406 on the channel instead of 503"):
		r.expectClose(1, closing{406, "invalid exchange type ''", 40, 10})
	default:
		r.expectClose(0, closing{503, "invalid exchange type ''", 40, 10})
	}
}

func TestRefusalsOfQueueMethods(t T) {
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
		"declare the empty name passively": {
			nil, sending(queueDeclare("", passive, nil)), closing{404, "no queue '' in vhost '{v}'", 50, 10},
		},
		"declare the empty name passively after another": {
			declared(), sending(queueDeclare("", passive, nil)), closing{404, "no queue '' in vhost '{v}'", 50, 10},
		},
		"unbind a queue exclusive to another connection": {
			func(r *raw, q, x string) {
				other := openRaw(r.t)
				other.call(1, queueDeclare(q, exclusive, nil), 11)
				other.call(1, queueBind(q, "amq.direct", q, nil), 21)
			},
			func(r *raw, q, _ string) { r.send(1, queueUnbind(q, "amq.direct", q, nil)) }, closing{405, locked, 50, 50},
		},
		"declare a queue exclusive to another connection with other arguments": {
			foreign, func(r *raw, q, _ string) {
				r.send(1, queueDeclare(q, exclusive|autoDelete, number("x-max-length", 1)))
			}, closing{405, locked, 50, 10},
		},
		"delete a queue exclusive to another connection if empty": {
			foreign, func(r *raw, q, _ string) { r.send(1, queueDelete(q, ifEmpty|ifUnused)) }, closing{405, locked, 50, 40},
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
		"redeclare an auto-delete one without": {
			func(r *raw, q, _ string) { r.call(1, queueDeclare(q, exclusive|autoDelete, nil), 11) },
			func(r *raw, q, _ string) { r.send(1, queueDeclare(q, exclusive, nil)) },
			closing{406, "inequivalent arg 'auto_delete' for queue '{q}' in vhost '{v}': received 'false' but current is 'true'", 50, 10},
		},
		"redeclare with auto-delete and an argument different names auto-delete first": {
			declared(), func(r *raw, q, _ string) {
				r.send(1, queueDeclare(q, exclusive|autoDelete, number("x-max-length", 1)))
			},
			closing{406, "inequivalent arg 'auto_delete' for queue '{q}' in vhost '{v}': received 'true' but current is 'false'", 50, 10},
		},
		"redeclare with an argument that is invalid": { // what is there is compared, not checked
			declared(), func(r *raw, q, _ string) { r.send(1, queueDeclare(q, exclusive, number("x-max-length", -1))) },
			closing{406, "inequivalent arg 'x-max-length' for queue '{q}' in vhost '{v}': received the value '-1' of type 'signedint' but current is none", 50, 10},
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
		"bind with an x-match that is void": {
			declared(), func(r *raw, q, _ string) { r.send(1, queueBind(q, "amq.headers", "", field("x-match", 'V'))) },
			closing{406, "Invalid x-match field type void (value undefined); expected longstr", 50, 20},
		},
		"bind with an x-match that is a boolean": {
			declared(), func(r *raw, q, _ string) { r.send(1, queueBind(q, "amq.headers", "", field("x-match", 't', uint8(1)))) },
			closing{406, "Invalid x-match field type bool (value true); expected longstr", 50, 20},
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
