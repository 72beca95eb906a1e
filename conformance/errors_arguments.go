package conformance

import (
	"slices"
	"strings"
)

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
		"x-overflow": {
			declared(text("x-overflow", "reject-publish")), redeclare(text("x-overflow", "drop-head")),
			differ("x-overflow", "'drop-head'", "'reject-publish'"),
		},
		"x-queue-master-locator": {
			declared(text("x-queue-master-locator", "min-masters")), redeclare(text("x-queue-master-locator", "random")),
			differ("x-queue-master-locator", "'random'", "'min-masters'"),
		},
		"no dead letter exchange where there was one": {
			declared(text("x-dead-letter-exchange", "")), redeclare(),
			differ("x-dead-letter-exchange", "none", "the value '' of type 'longstr'"),
		},
		"a dead letter key where there was none": {
			declared(text("x-dead-letter-exchange", "")),
			redeclare(text("x-dead-letter-exchange", ""), text("x-dead-letter-routing-key", "k")),
			differ("x-dead-letter-routing-key", "the value 'k' of type 'longstr'", "none"),
		},
		"no boolean where there was one": {
			declared(field("x-single-active-consumer", 't', uint8(1))), redeclare(),
			differ("x-single-active-consumer", "none", "the value 'true' of type 'bool'"),
		},
		"a float": {
			declared(number("x-max-length", 1)), redeclare(field("x-max-length", 'd', uint64(0x408f400000000000))),
			differ("x-max-length", "'1.0e3'", "'1'"),
		},
		"void instead of a number": {
			declared(number("x-max-length", 1)), redeclare(field("x-max-length", 'V')),
			differ("x-max-length", "none", "'1'"),
		},
		"void where there was none": {
			declared(), redeclare(field("x-max-length", 'V')),
			differ("x-max-length", "the value 'undefined' of type 'void'", "none"),
		},
		"a decimal": {
			declared(), redeclare(field("x-max-length", 'D', uint8(1), uint32(1000))),
			differ("x-max-length", "the value '{1,1000}' of type 'decimal'", "none"),
		},
		"a timestamp": {
			declared(), redeclare(field("x-max-length", 'T', uint64(7))),
			differ("x-max-length", "the value '7' of type 'timestamp'", "none"),
		},
		"an array": {
			declared(), redeclare(field("x-max-length", 'A', element('I', uint32(1)))),
			differ("x-max-length", "the value '[{signedint,1}]' of type 'array'", "none"),
		},
		"a table": {
			declared(), redeclare(field("x-max-length", 'F', text("a", "b"))),
			differ("x-max-length", `the value '[{<<"a">>,longstr,<<"b">>}]' of type 'table'`, "none"),
		},
	}
	if queueModes(t) {
		rows["x-queue-mode"] = refusal{
			declared(text("x-queue-mode", "lazy")), redeclare(text("x-queue-mode", "default")),
			differ("x-queue-mode", "'default'", "'lazy'"),
		}
		rows["x-queue-version"] = refusal{
			declared(number("x-queue-version", 1)), redeclare(number("x-queue-version", 2)),
			differ("x-queue-version", "'2'", "'1'"),
		}
		rows["x-queue-mode where there was none"] = refusal{
			declared(), redeclare(text("x-queue-mode", "default")),
			differ("x-queue-mode", "the value 'default' of type 'longstr'", "none"),
		}
	}
	refusals(t, rows)
}

func TestInequivalentArgumentsAreNamedInTheirOrder(t T) {
	t.Parallel()
	// All differ; then the first is made equal, and so on.
	type pair struct{ now, other fields }
	arguments := []pair{
		{number("x-expires", 1000000), number("x-expires", 2000000)},
		{number("x-message-ttl", 1), number("x-message-ttl", 2)},
		{text("x-dead-letter-exchange", "a"), text("x-dead-letter-exchange", "b")},
		{text("x-dead-letter-routing-key", "a"), text("x-dead-letter-routing-key", "b")},
		{number("x-max-length", 1), number("x-max-length", 2)},
		{number("x-max-length-bytes", 1), number("x-max-length-bytes", 2)},
		{number("x-max-priority", 1), number("x-max-priority", 2)},
		{text("x-overflow", "drop-head"), text("x-overflow", "reject-publish")},
	}
	if queueModes(t) {
		arguments = append(arguments,
			pair{text("x-queue-mode", "lazy"), text("x-queue-mode", "default")},
			pair{number("x-queue-version", 1), number("x-queue-version", 2)})
	}
	active := "x-single-active-consumer"
	arguments = append(arguments, pair{field(active, 't', uint8(1)), field(active, 't', uint8(0))})
	r := openRaw(t)
	queue := unique(t)
	var now fields
	for _, argument := range arguments {
		now = append(now, argument.now...)
	}
	r.call(1, queueDeclare(queue, exclusive, now), 11)
	for i := range arguments {
		var mixed fields
		for j := len(arguments) - 1; j >= 0; j-- { // their order in the table is another
			if j < i {
				mixed = append(mixed, arguments[j].now...)
			} else {
				mixed = append(mixed, arguments[j].other...)
			}
		}
		r.send(1, queueDeclare(queue, exclusive, mixed))
		r.wantNamed(argumentName(arguments[i].now))
	}
}

func TestInvalidArgumentsAreNamedInTheirOrder(t T) {
	t.Parallel()
	r := openRaw(t)
	wrong := []string{
		"x-dead-letter-exchange", "x-queue-type", "x-expires", "x-message-ttl", "x-dead-letter-routing-key", "x-max-length",
		"x-max-length-bytes", "x-max-priority", "x-overflow", "x-queue-mode", "x-queue-version", "x-single-active-consumer",
		"x-delivery-limit",
	}
	if !queueModes(t) {
		wrong = slices.DeleteFunc(wrong, func(name string) bool { return name == "x-queue-mode" })
	}
	for i, first := range wrong {
		var arguments fields
		for j := len(wrong) - 1; j >= i; j-- {
			arguments = append(arguments, field(wrong[j], 'V')...)
		}
		r.send(1, queueDeclare(unique(t), exclusive, arguments))
		r.wantNamed(first)
	}
}

// wantNamed expects channel 1 to be closed because of an argument, and opens it
// again.
func (r *raw) wantNamed(argument string) {
	r.t.Helper()
	a := r.expect(1, 20, 40)
	if code, text := a.short(), a.shortstr(); code != 406 || !strings.Contains(text, "arg '"+argument+"'") {
		r.t.Errorf("got %d %s, want 406 with %s", code, text, argument)
	}
	r.send(1, channelCloseOk())
	r.openChannel(1)
}

// argumentName returns the name of a field.
func argumentName(f fields) string { return string(f[1 : 1+f[0]]) }

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
		add("a float", key, field(key, 'f', uint32(0)), `: "expected integer, got float"`)
		add("a binary", key, field(key, 'x', longstr("1")), `: "expected integer, got binary"`)
		add("an array", key, field(key, 'A', element('I', uint32(1))), `: "expected integer, got array"`)
		add("a table", key, field(key, 'F', number("a", 1)), `: "expected integer, got table"`)
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
	for _, key := range []string{"x-overflow", "x-queue-type"} {
		add("a boolean", key, field(key, 't', uint8(1)), ": {unacceptable_type,bool}")
		add("a binary", key, field(key, 'x', longstr("lazy")), ": {unacceptable_type,binary}")
		add("a void", key, field(key, 'V'), ": {unacceptable_type,void}")
	}
	add("a text", "x-single-active-consumer", text("x-single-active-consumer", "true"), ": {unacceptable_type,longstr}")
	add("a number", "x-dead-letter-routing-key", number("x-dead-letter-routing-key", 1),
		": {unacceptable_type,signedint}", text("x-dead-letter-exchange", ""))
	add("without an exchange", "x-dead-letter-routing-key", text("x-dead-letter-routing-key", "k"),
		": routing_key_but_no_dlx_defined")
	add("a text", "x-queue-version", text("x-queue-version", "1"), `: "expected integer, got longstr"`)
	add("zero", "x-queue-version", number("x-queue-version", 0), `: "unsupported queue version '0'"`)
	add("negative", "x-queue-version", number("x-queue-version", -1), ": {value_negative,-1}")
	if queueModes(t) {
		add("a number", "x-queue-mode", number("x-queue-mode", 1), ": {unacceptable_type,signedint}")
		add("a boolean", "x-queue-mode", field("x-queue-mode", 't', uint8(1)), ": {unacceptable_type,bool}")
		add("an unknown word", "x-queue-mode", text("x-queue-mode", "busy"), `: "unsupported queue mode 'busy'"`)
		add("in capitals", "x-queue-mode", text("x-queue-mode", "LAZY"), `: "unsupported queue mode 'LAZY'"`)
	}
	add("3", "x-queue-version", number("x-queue-version", 3), `: "unsupported queue version '3'"`)
	add("in capitals", "x-overflow", text("x-overflow", "Drop-Head"), ": invalid_overflow")
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
