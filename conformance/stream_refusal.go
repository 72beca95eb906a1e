package conformance

// streamed declares a stream and is a setup.
func streamed(args ...fields) func(*raw, string, string) {
	return func(r *raw, q, _ string) { r.call(1, declareStream(q, args...), 11) }
}

func declareStream(q string, args ...fields) []byte {
	return queueDeclare(q, durable, table(append([]fields{text("x-queue-type", "stream")}, args...)...))
}

func TestRefusalsOfStreams(t T) {
	t.Parallel()
	consume := func(bits uint8, args ...fields) func(*raw, string, string) {
		return func(r *raw, q, _ string) { r.send(1, basicConsume(q, "c", bits, table(args...))) }
	}
	limited := func(global uint8) func(*raw, string, string) {
		return func(r *raw, q, x string) {
			streamed()(r, q, x)
			r.call(1, basicQos(0, 10, global), 11)
		}
	}
	newer := always(t, "4.0", "the texts of consuming name the stream in other words")
	prefetch := closing{406, "consumer prefetch count is not set for 'queue '{q}' in vhost '{v}''", 60, 20}
	acks := closing{540, "automatic acknowledgement not supported by stream queues queue '{q}' in vhost '{v}'", 60, 20}
	if newer {
		prefetch.text = "consumer prefetch count is not set for stream queue '{q}' in vhost '{v}'"
		acks.text = "automatic acknowledgement not supported by stream queue '{q}' in vhost '{v}'"
	}
	rows := map[string]refusal{
		"get": {
			streamed(), func(r *raw, q, _ string) { r.send(1, basicGet(q, 0)) },
			closing{540, "basic.get not supported by stream queues queue '{q}' in vhost '{v}'", 60, 70},
		},
		"purge": {
			streamed(), func(r *raw, q, _ string) { r.send(1, queuePurge(q)) },
			closing{540, "queue.purge not supported by stream queues queue '{q}' in vhost '{v}'", 50, 30},
		},
		"consume without a prefetch":                            {streamed(), consume(0), prefetch},
		"consume without acks":                                  {limited(0), consume(noAck), acks},
		"consume without a prefetch or acks names the prefetch": {streamed(), consume(noAck), prefetch},
		"consume with a priority": {
			limited(0), consume(0, number("x-priority", 1)),
			closing{406, "invalid arg 'x-priority' for queue '{q}' in vhost '{v}' of queue type rabbit_stream_queue", 60, 20},
		},
		"consume with a bad priority and no prefetch": {
			streamed(), consume(0, text("x-priority", "high")),
			closing{406, "invalid arg 'x-priority' for queue '{q}' in vhost '{v}' of queue type rabbit_stream_queue", 60, 20},
		},
	}
	if hasGlobalQos(t) {
		rows["consume with a prefetch of the channel alone"] = refusal{limited(1), consume(0), prefetch}
		rows["consume with a prefetch of the channel too"] = refusal{
			func(r *raw, q, x string) { limited(0)(r, q, x); r.call(1, basicQos(0, 10, 1), 11) }, consume(0),
			closing{540, "queue '{q}' in vhost '{v}' does not support global qos", 60, 20},
		}
	}
	refusals(t, rows)
}

func TestRefusedOffsetsOfStreams(t T) {
	t.Parallel()
	rows := make(map[string]refusal)
	add := func(name string, offset fields, term string) {
		rows[name] = refusal{
			func(r *raw, q, x string) { streamed()(r, q, x); r.call(1, basicQos(0, 10, 0), 11) },
			func(r *raw, q, _ string) { r.send(1, basicConsume(q, "c", 0, table(offset))) },
			closing{406, "invalid arg 'x-stream-offset' for queue '{q}' in vhost '{v}': {invalid_stream_offset_arg,{" + term + "}}", 60, 20},
		}
	}
	add("no time", text("x-stream-offset", "0s"), `longstr,<<"0s">>`)
	add("an unknown unit", text("x-stream-offset", "1w"), `longstr,<<"1w">>`)
	add("two times", text("x-stream-offset", "1h2m"), `longstr,<<"1h2m">>`)
	add("a fraction", text("x-stream-offset", "1.5h"), `longstr,<<"1.5h">>`)
	add("a number as text", text("x-stream-offset", "5"), `longstr,<<"5">>`)
	if ours(t, "what is no offset is refused, and does not end the connection") {
		add("a word", text("x-stream-offset", "oldest"), `longstr,<<"oldest">>`)
		add("an empty text", text("x-stream-offset", ""), `longstr,<<"">>`)
		add("a time to come", text("x-stream-offset", "-1h"), `longstr,<<"-1h">>`)
		add("a boolean", field("x-stream-offset", 't', uint8(1)), "bool,true")
		add("void", field("x-stream-offset", 'V'), "void,undefined")
	}
	refusals(t, rows)
}

func TestRefusedDeclarationsOfStreams(t T) {
	t.Parallel()
	rows := make(map[string]refusal)
	add := func(name string, text string, args ...fields) {
		rows[name] = refusal{nil, func(r *raw, q, _ string) { r.send(1, declareStream(q, args...)) }, closing{406, text, 50, 10}}
	}
	invalid := func(name, key, reason string, args ...fields) {
		add(name, "invalid arg '"+key+"' for queue '{q}' in vhost '{v}'"+reason, args...)
	}
	invalid("an age without a unit", "x-max-age", ": invalid_max_age", text("x-max-age", "5"))
	invalid("no age", "x-max-age", ": invalid_max_age", text("x-max-age", "0s"))
	invalid("an age with an unknown unit", "x-max-age", ": invalid_max_age", text("x-max-age", "5w"))
	invalid("an age with two units", "x-max-age", ": invalid_max_age", text("x-max-age", "1h2m"))
	invalid("an age with a fraction", "x-max-age", ": invalid_max_age", text("x-max-age", "1.5h"))
	invalid("an age that is a number", "x-max-age", ": {unacceptable_type,signedint}", number("x-max-age", 5))
	if ours(t, "what is no age is refused, and does not end the connection") {
		invalid("a negative age", "x-max-age", ": invalid_max_age", text("x-max-age", "-5s"))
		invalid("an empty age", "x-max-age", ": invalid_max_age", text("x-max-age", ""))
		invalid("an age without a number", "x-max-age", ": invalid_max_age", text("x-max-age", "s"))
	}
	invalid("a negative length", "x-max-length-bytes", ": {value_negative,-1}", number("x-max-length-bytes", -1))
	invalid("a negative segment", "x-stream-max-segment-size-bytes", ": {value_negative,-1}", number("x-stream-max-segment-size-bytes", -1))
	invalid("a segment that is a text", "x-stream-max-segment-size-bytes", `: "expected integer, got longstr"`, text("x-stream-max-segment-size-bytes", "1"))
	add("a segment that is too large", "Exceeded max value for x-stream-max-segment-size-bytes", field("x-stream-max-segment-size-bytes", 'l', uint64(3_000_000_001)))
	if since(t, "3.13", "streams can be filtered") {
		add("a filter that is too small", "Invalid value for  x-stream-filter-size-bytes", number("x-stream-filter-size-bytes", 15))
		add("a filter that is too large", "Invalid value for  x-stream-filter-size-bytes", number("x-stream-filter-size-bytes", 256))
	}
	invalid("no nodes", "x-initial-cluster-size", ": {value_zero,0}", number("x-initial-cluster-size", 0))
	invalid("an unknown locator", "x-queue-leader-locator", ": invalid_queue_locator_arg", text("x-queue-leader-locator", "nearby"))
	for _, arg := range []fields{
		number("x-message-ttl", 1), text("x-message-ttl", "soon"), number("x-expires", 1000), number("x-max-length", 1), text("x-overflow", "drop-head"),
		text("x-dead-letter-exchange", "x"), text("x-dead-letter-routing-key", "k"), number("x-max-priority", 5),
		field("x-single-active-consumer", 't', uint8(1)), text("x-queue-mode", "lazy"), number("x-delivery-limit", 5),
	} {
		key := argumentName(arg)
		invalid(key+" of another queue", key, " of queue type rabbit_stream_queue", arg)
	}
	invalid("of two the length is named first", "x-max-length-bytes", ": {value_negative,-1}", text("x-max-age", "5"), number("x-max-length-bytes", -1))
	invalid("of two the segment is named before the nodes", "x-stream-max-segment-size-bytes", ": {value_negative,-1}",
		number("x-initial-cluster-size", 0), number("x-stream-max-segment-size-bytes", -1))
	refusals(t, rows)
}

func TestStreamsAreDurableAndSharedAndNamed(t T) {
	t.Parallel()
	declare := func(bits uint8) func(*raw, string, string) {
		return func(r *raw, q, _ string) { r.send(1, queueDeclare(q, bits, table(text("x-queue-type", "stream")))) }
	}
	property := func(name string) closing {
		return closing{406, "invalid property '" + name + "' for queue '{q}' in vhost '{v}'", 50, 10}
	}
	rows := map[string]refusal{
		"exclusive":   {nil, declare(durable | exclusive), property("exclusive-owner")},
		"auto-delete": {nil, declare(durable | autoDelete), property("auto-delete")},
		"without a name": {
			nil, sending(declareStream("")),
			closing{406, "Cannot declare a server-named queue for type rabbit_stream_queue", 50, 10},
		},
	}
	if transientQueues(t) {
		rows["not durable"] = refusal{nil, declare(0), property("non-durable")}
	}
	refusals(t, rows)
}

func TestInequivalentStreams(t T) {
	t.Parallel()
	differ := func(key, received, current string) closing {
		return closing{406, "inequivalent arg '" + key + "' for queue '{q}' in vhost '{v}': received " + received + " but current is " + current, 50, 10}
	}
	again := func(args ...fields) func(*raw, string, string) {
		return func(r *raw, q, _ string) { r.send(1, declareStream(q, args...)) }
	}
	refusals(t, map[string]refusal{
		"another age":     {streamed(text("x-max-age", "1h")), again(text("x-max-age", "2h")), differ("x-max-age", "'2h'", "'1h'")},
		"no age":          {streamed(text("x-max-age", "1h")), again(), differ("x-max-age", "none", "the value '1h' of type 'longstr'")},
		"another length":  {streamed(number("x-max-length-bytes", 5)), again(number("x-max-length-bytes", 6)), differ("x-max-length-bytes", "'6'", "'5'")},
		"another segment": {streamed(), again(number("x-stream-max-segment-size-bytes", 5)), differ("x-stream-max-segment-size-bytes", "the value '5' of type 'signedint'", "none")},
	})
}
