package conformance

import ()

func TestInequivalentQueueArguments(t T) {
	t.Parallel()
	redeclare := func(args ...fields) func(*raw, string, string) {
		return func(r *raw, q, _ string) { r.send(1, queueDeclare(q, exclusive, table(args...))) }
	}
	differ := func(key, received, current string) closing {
		return closing{406, "inequivalent arg '" + key + "' for queue '{q}' in vhost '{v}': received " + received +
			" but current is " + current, 50, 10}
	}
	rows := map[string]refusal{
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
	}
	if queueModes(t) {
		rows["x-queue-mode"] = refusal{
			declared(text("x-queue-mode", "lazy")), redeclare(text("x-queue-mode", "default")),
			differ("x-queue-mode", "'default'", "'lazy'"),
		}
	}
	refusals(t, rows)
}

func TestInvalidQueueArguments(t T) {
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
	for _, key := range []string{"x-overflow", "x-single-active-consumer", "x-queue-type"} {
		add("a number", key, number(key, 1), ": {unacceptable_type,signedint}")
	}
	add("a number", "x-dead-letter-routing-key", number("x-dead-letter-routing-key", 1),
		": {unacceptable_type,signedint}", text("x-dead-letter-exchange", ""))
	add("without an exchange", "x-dead-letter-routing-key", text("x-dead-letter-routing-key", "k"),
		": routing_key_but_no_dlx_defined")
	if queueModes(t) {
		add("a number", "x-queue-mode", number("x-queue-mode", 1), ": {unacceptable_type,signedint}")
		add("an unknown word", "x-queue-mode", text("x-queue-mode", "busy"), `: "unsupported queue mode 'busy'"`)
	}
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
