package conformance

import (
	"regexp"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

var generatedQueue = regexp.MustCompile(`^amq\.gen-[A-Za-z0-9_-]{22}$`)

func TestEmptyQueueNameIsGenerated(t T) {
	t.Parallel()
	s := open(t)
	q, err := s.QueueDeclare("", false, false, true, false, nil)
	s.ok(err)
	if !generatedQueue.MatchString(q.Name) {
		t.Errorf("name: got %q, want amq.gen- and 22 characters", q.Name)
	}
	again, err := s.QueueDeclare("", false, false, true, false, nil)
	s.ok(err)
	if again.Name == q.Name {
		t.Errorf("two queues are named %q", q.Name)
	}
}

func TestGeneratedQueueIsReservedButMayBeDeclaredPassively(t T) {
	t.Parallel()
	s := open(t)
	q, err := s.QueueDeclare("", false, false, true, false, nil)
	s.ok(err)
	s.inspect(q.Name)
	if _, err = s.QueueDeclare(q.Name, false, false, true, false, nil); err == nil {
		t.Fatal("redeclared")
	}
	s.refused(403, "queue name '%s' contains reserved prefix 'amq.*'", q.Name)
}

func TestDeclareOkCountsReadyMessagesAndConsumers(t T) {
	t.Parallel()
	s := open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b", "c")
	s.wantReady(queue, 3)
	s.get(queue)
	s.wantReady(queue, 2) // unacked ones do not count
	s.consume(queue)
	s.consume(queue)
	if got := s.inspect(queue).Consumers; got != 2 {
		t.Errorf("consumers: got %d, want 2", got)
	}
}

func TestEmptyQueueNameMeansTheLastDeclaredOnTheChannel(t T) {
	t.Parallel()
	for name, declare := range map[string]func(*raw, string){
		"declare": func(r *raw, queue string) { r.call(1, queueDeclare(queue, exclusive, nil), 11) },
		"passive declare": func(r *raw, queue string) {
			r.openChannel(2)
			r.call(2, queueDeclare(queue, exclusive, nil), 11)
			r.call(1, queueDeclare(queue, passive, nil), 11)
		},
		"declare without waiting": func(r *raw, queue string) {
			r.send(1, queueDeclare(queue, exclusive|noWait, nil))
		},
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			r := openRaw(t)
			queue := unique(t)
			declare(r, queue)
			r.call(1, queueBind("", "amq.direct", queue, nil), 21)
			r.publish(1, "amq.direct", queue, nil, "a")
			r.call(1, basicGet("", 1), 71)
			r.content(1)
			r.publish(1, "", queue, nil, "b")
			if n := r.call(1, queuePurge(""), 31).long(); n != 1 {
				t.Errorf("purged: got %d, want 1", n)
			}
			r.call(1, basicConsume("", "c", noAck, nil), 21)
			r.call(1, basicCancel("c"), 31)
			r.call(1, queueUnbind("", "amq.direct", queue, nil), 51)
			r.call(1, queueDelete("", 0), 41)
			r.send(1, queueDeclare(queue, passive, nil))
			r.expectCode(1, 404)
		})
	}
}

func TestEmptyQueueNameAndEmptyKeyBindWithTheQueuesName(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, queueBind("", "amq.direct", "", nil), 21)
	r.publish(1, "amq.direct", queue, nil, "a")
	r.call(1, basicGet(queue, 1), 71)
}

func TestEmptyKeyStaysEmptyWhenTheQueueIsNamed(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	queue := s.bound(x, "", nil)
	s.publish(x, queue, "no")
	s.publish(x, "", "yes")
	s.wantDrain(queue, "yes")
}

func TestQueueNamesMayBeLongAndStrange(t T) {
	t.Parallel()
	s := open(t)
	for _, strange := range []string{" ", "müsli/☃", "a\"b'c\\d", strings.Repeat("n", 255-len(unique(t)))} {
		name := unique(t) + strange
		name = name[:min(len(name), 255)]
		q, err := s.QueueDeclare(name, false, false, true, false, nil)
		s.ok(err)
		if q.Name != name {
			t.Errorf("name: got %q, want %q", q.Name, name)
		}
	}
}

func TestQueueNamesLoseLineBreaks(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	q, err := s.QueueDeclare("\r"+name+"\n", false, false, true, false, nil)
	s.ok(err)
	if q.Name != name {
		t.Errorf("name: got %q, want %q", q.Name, name)
	}
	x := s.exchange("fanout", nil)
	s.bind(name+"\r\n", x, "", nil)
	s.publish(x, "", "a")
	s.wantDrain(name, "a")
	_, err = s.QueueDelete(name+"\r\n", false, false, false)
	s.ok(err)
	s.missing(name)
}

func TestPassiveQueueDeclareLooksOnlyAtTheName(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	_, err := s.QueueDeclarePassive(queue, false, true, false, false, amqp.Table{"x-max-length": int32(1)})
	s.ok(err)
}

func TestRedeclaringAnEquivalentQueueIsFine(t T) {
	t.Parallel()
	s := open(t)
	name := unique(t)
	for _, args := range []amqp.Table{
		{"x-max-length": int32(1000), "x-foo": "1"},
		{"x-max-length": int64(1000), "x-foo": "2"},
		{"x-max-length": int16(1000)},
		{"x-max-length": uint32(1000), "x-queue-type": "classic"},
	} {
		_, err := s.QueueDeclare(name, false, false, true, false, args)
		s.ok(err)
	}
}

func TestRedeclaringKeepsTheMessages(t T) {
	t.Parallel()
	s := open(t)
	queue := s.shared(nil)
	s.publish("", queue, "a")
	_, err := s.QueueDeclare(queue, true, false, false, false, nil)
	s.ok(err)
	s.wantDrain(queue, "a")
}

// transientQueues reports whether queues may be neither durable nor exclusive.
func transientQueues(t T) bool {
	t.Helper()
	return !since(t, "4.3", "queues neither durable nor exclusive are refused, unless permitted")
}

func TestTransientSharedQueues(t T) {
	t.Parallel()
	if !transientQueues(t) {
		r := openRaw(t)
		r.send(1, queueDeclare(unique(t), 0, nil))
		r.expectClose(0, closing{541, "Feature `transient_nonexcl_queues` is deprecated.\nBy default, this feature is not permitted anymore.\n" +
			"The feature will be removed from a future major RabbitMQ version, regardless of the configuration; " +
			"actual version to be determined.\nTo...", 50, 10})
		return
	}
	s := open(t)
	name := unique(t)
	_, err := s.QueueDeclare(name, false, false, false, false, nil)
	s.ok(err)
	other := open(t)
	other.inspect(name)
	another := other.sibling()
	if _, err = another.QueueDeclare(name, true, false, false, false, nil); err == nil {
		t.Error("redeclared as durable")
	}
	another.refused(406, "inequivalent arg 'durable' for queue '%s' in vhost '%s': received 'true' but current is 'false'", name, target.vhost)
	_, err = other.QueueDelete(name, false, false, false)
	s.ok(err)
}

func TestQueueArgumentsMayBeAnyIntegerTag(t T) {
	t.Parallel()
	for name, value := range map[string]fields{
		"b": field("x-max-length", 'b', uint8(1)),
		"B": field("x-max-length", 'B', uint8(1)),
		"s": field("x-max-length", 's', uint16(1)),
		"u": field("x-max-length", 'u', uint16(1)),
		"I": field("x-max-length", 'I', uint32(1)),
		"i": field("x-max-length", 'i', uint32(1)),
		"l": field("x-max-length", 'l', uint64(1)),
		"L": field("x-max-length", 'L', uint64(1)),
	} {
		t.Run("tag "+name, func(t T) {
			t.Parallel()
			r := openRaw(t)
			queue := unique(t)
			r.call(1, queueDeclare(queue, exclusive, value), 11)
			r.publish(1, "", queue, nil, "a")
			r.publish(1, "", queue, nil, "b")
			r.call(1, basicGet(queue, 1), 71)
			if _, body := r.content(1); body != "b" {
				t.Errorf("got %q, want b: the limit is 1", body)
			}
			r.call(1, basicGet(queue, 1), 72)
		})
	}
}

func TestQueueArgumentsAtTheirLimitsAreAccepted(t T) {
	t.Parallel()
	s := open(t)
	for _, args := range []amqp.Table{
		{"x-message-ttl": int32(0)},
		{"x-message-ttl": int64(315360000000)},
		{"x-expires": int64(315360000000)},
		{"x-max-length": int32(0)},
		{"x-max-length-bytes": int32(0)},
		{"x-max-priority": int32(0)},
		{"x-max-priority": uint8(255)},
		{"x-overflow": "drop-head"},
		{"x-overflow": "reject-publish"},
		{"x-overflow": "reject-publish-dlx"},
		{"x-queue-version": int32(2)},
		{"x-queue-type": "classic"},
		{"x-single-active-consumer": false},
		{"x-dead-letter-exchange": ""},
		{"x-dead-letter-exchange": "x", "x-dead-letter-routing-key": ""},
		{"x-foo": "bar", "anything": int32(1)},
	} {
		if _, err := s.QueueDeclare("", false, false, true, false, args); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
}

// queueModes reports whether arguments from before the second version of classic
// queues are accepted.
func queueModes(t T) bool {
	t.Helper()
	return !since(t, "4.3", "x-queue-mode and x-queue-version 1 are refused")
}

func TestQueueModeAndVersion1(t T) {
	t.Parallel()
	for rule, argument := range map[string]fields{
		"mode lazy":    text("x-queue-mode", "lazy"),
		"mode default": text("x-queue-mode", "default"),
		"version 1":    number("x-queue-version", 1),
	} {
		t.Run(rule, func(t T) {
			t.Parallel()
			r := openRaw(t)
			r.send(1, queueDeclare(unique(t), exclusive, argument))
			if queueModes(t) {
				r.expect(1, 50, 11)
			} else {
				r.expectCode(1, 406)
			}
		})
	}
}

func TestQueueDeclareNoWaitIsNotAnswered(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.send(1, queueDeclare(queue, exclusive|noWait, nil))
	r.ping(1)
	r.send(1,
		method(50, 20, uint16(0), queue, "amq.direct", queue, uint8(1), table()), // bind
		method(50, 30, uint16(0), queue, uint8(1)),                               // purge
	)
	r.ping(1)
	r.publish(1, "amq.direct", queue, nil, "a")
	r.call(1, basicGet(queue, 1), 71)
	r.content(1)
	r.send(1, queueDelete(queue, 4))
	r.ping(1)
	r.send(1, queueDeclare(queue, passive, nil))
	r.expectCode(1, 404)
}

func TestNoWaitDoesNotSuppressErrors(t T) {
	t.Parallel()
	r := openRaw(t)
	r.send(1, queueDeclare("amq.conformance", exclusive|noWait, nil))
	r.expectClose(1, closing{403, "queue name 'amq.conformance' contains reserved prefix 'amq.*'", 50, 10})
}

func TestLastDeclaredQueueIsForgottenWithItsChannel(t T) {
	t.Parallel()
	r := openRaw(t)
	r.openChannel(2)
	r.call(1, queueDeclare(unique(t), exclusive, nil), 11)
	r.send(2, queuePurge("")) // another channel never knew it
	r.expectClose(2, closing{404, "no previously declared queue", 50, 30})
	r.call(1, channelClose(), 41)
	r.openChannel(1)
	r.send(1, queuePurge(""))
	r.expectClose(1, closing{404, "no previously declared queue", 50, 30})
}

func TestLastDeclaredQueueStaysTheLastWhenItIsDeleted(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, queueDelete(queue, 0), 41)
	r.send(1, basicGet("", 0))
	r.expectClose(1, closing{404, "no queue '" + queue + "' in vhost '" + target.vhost + "'", 60, 70})
}

func TestQueuesAndExchangesHaveNamesOfTheirOwn(t T) {
	t.Parallel()
	s := open(t)
	x, queue := s.exchange("fanout", nil), s.queue(nil)
	_, err := s.QueueDeclare(x, false, false, true, false, nil)
	s.ok(err)
	_, err = s.QueueDelete(x, false, false, false)
	s.ok(err)
	s.bind(queue, x, "", nil) // the exchange is still there
}

func TestEmptyQueueTypeIsTheDefault(t T) {
	t.Parallel()
	if !always(t, "4.0", "an empty x-queue-type and undefined mean the default") {
		t.Skip("refused by this version")
	}
	s := open(t)
	queue := s.queue(nil)
	for _, name := range []string{"", "undefined", "classic"} {
		_, err := s.QueueDeclare(queue, false, false, true, false, amqp.Table{"x-queue-type": name})
		s.ok(err)
	}
}

func TestQueueLeaderLocatorIsAcceptedForClassicQueues(t T) {
	t.Parallel()
	if !always(t, "4.0", "x-queue-leader-locator is for classic queues, too") {
		t.Skip("refused by this version")
	}
	s := open(t)
	s.queue(amqp.Table{"x-queue-leader-locator": "client-local"})
	s.queue(amqp.Table{"x-queue-leader-locator": "balanced"})
}

func TestArgumentsOfMirrorsAreAccepted(t T) {
	t.Parallel()
	s := open(t)
	s.queue(amqp.Table{"x-queue-master-locator": "min-masters", "x-ha-policy": "all"})
}

func TestDeclareOkOfARedeclareCountsToo(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.publish(1, "", queue, nil, "a")
	r.publish(1, "", queue, nil, "b")
	r.call(1, basicGet(queue, 0), 71) // so that both have arrived
	r.content(1)
	answer := r.call(1, queueDeclare(queue, exclusive, nil), 11)
	if name, ready, consumers := answer.shortstr(), answer.long(), answer.long(); name != queue || ready != 1 || consumers != 0 {
		t.Errorf("got %q, %d ready, %d consumers, want %q, 1, 0", name, ready, consumers, queue)
	}
	answer.end()
}
