package conformance

import (
	"strings"
)

func TestRefusalsOfBasicMethods(t T) {
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
		"consume with a priority that is a boolean": {
			declared(), consume(0, field("x-priority", 't', uint8(1))),
			closing{406, `invalid arg 'x-priority' for queue '{q}' in vhost '{v}': "expected integer, got bool"`, 60, 20},
		},
		"consume with a priority that is void": {
			declared(), consume(0, field("x-priority", 'V')),
			closing{406, `invalid arg 'x-priority' for queue '{q}' in vhost '{v}': "expected integer, got void"`, 60, 20},
		},
		"consume with a priority that is a double": {
			declared(), consume(0, field("x-priority", 'd', uint64(0))),
			closing{406, `invalid arg 'x-priority' for queue '{q}' in vhost '{v}': "expected integer, got double"`, 60, 20},
		},
		"consume exclusively where others consume with a bad priority names that": {
			func(r *raw, q, x string) { declared()(r, q, x); r.call(1, basicConsume(q, "other", 0, nil), 21) },
			consume(exclusiveConsumer, text("x-priority", "high")),
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
		"publish with an expiration far above ten years": expiration("9999999999999",
			"{value_too_large,9999999999999}"),
		"publish with a hexadecimal expiration":    expiration("0x10", `{leftover_string,"x10"}`),
		"publish with two signs for an expiration": expiration("--5", "no_integer"),
		"publish with octets after an expiration":  expiration("5\x00\x01", "{leftover_string,[0,1]}"),
		"publish with only a sign for expiration":  expiration("+", "no_integer"),
		"publish with a line end after expiration": expiration("5\n", `{leftover_string,"\n"}`),
		"publish with an empty user id": {
			nil, publish("amq.direct", 0, props(flagUserID, "")),
			closing{406, "user_id property set to '' but authenticated user was '" + target.user + "'", 60, 40},
		},
		"publish with a user id in another case": {
			nil, publish("amq.direct", 0, props(flagUserID, strings.ToUpper(target.user)+"x")),
			closing{406, "user_id property set to '" + strings.ToUpper(target.user) + "x' but authenticated user was '" + target.user + "'", 60, 40},
		},
		"publish with a CC that is a table": {
			nil, publish("amq.direct", 0, headers(field("CC", 'F', text("a", "b")))),
			closing{406, `invalid message: {unacceptable_type_in_header,"CC",table}`, 60, 40},
		},
		"publish with a BCC that is void": {
			nil, publish("amq.direct", 0, headers(field("BCC", 'V'))),
			closing{406, `invalid message: {unacceptable_type_in_header,"BCC",void}`, 60, 40},
		},
		"publish with a CC and a BCC that are no arrays names CC": {
			nil, publish("amq.direct", 0, headers(text("BCC", "k"), text("CC", "k"))),
			closing{406, `invalid message: {unacceptable_type_in_header,"CC",longstr}`, 60, 40},
		},
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

func TestPublishIsCheckedInOrder(t T) {
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
	if always(t, "4.0", "user-id is the last thing checked") {
		delete(rows, "user-id before expiration")
		rows["expiration before user-id"] = refusal{
			exchanged("fanout"), publish(props(flagExpiration|flagUserID, "x", "nobody")),
			closing{406, "invalid expiration 'x': no_integer", 60, 40},
		}
	}
	refusals(t, rows)
}

func TestRefusalsOfTxAndConfirm(t T) {
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

func TestBodyAboveTheLimitIs406(t T) {
	t.Parallel()
	slow(t)
	r := openRaw(t)
	r.publishZeros(128<<20 + 1)
	a := r.expect(1, 20, 40)
	code, got := a.short(), a.shortstr()
	if want := "PRECONDITION_FAILED - message size 134217729 is larger than configured max size "; code != 406 ||
		!strings.HasPrefix(got, want) {
		t.Errorf("got %d %s, want 406 %s...", code, got, want)
	}
}

func TestBodyMayHave16MiBUnlessConfigured(t T) {
	t.Parallel()
	slow(t)
	r := openRaw(t)
	r.publishZeros(16 << 20)
	r.ping(1)
	r.publishZeros(16<<20 + 1)
	if since(t, "4.0", "16 MiB instead of 128") {
		r.expectClose(1, closing{406, "message size 16777217 is larger than configured max size 16777216", 60, 40})
	} else {
		r.ping(1)
	}
}

// publishZeros sends a body of so many octets to nowhere.
func (r *raw) publishZeros(size int) {
	r.t.Helper()
	r.send(1, basicPublish("", "nowhere", 0))
	r.write(appendFrame(nil, frameHeader, 1, contentHeader(uint64(size), nil)))
	chunk := appendFrame(nil, frameBody, 1, make([]byte, 131064))
	for ; size >= 131064; size -= 131064 {
		r.write(chunk)
	}
	r.write(appendFrame(nil, frameBody, 1, make([]byte, size)))
}
