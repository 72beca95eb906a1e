package conformance

import (
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestPredeclaredExchangesAreThere(t *testing.T) {
	t.Parallel()
	s := open(t)
	for name, kind := range map[string]string{
		"amq.direct": "direct", "amq.fanout": "fanout", "amq.topic": "topic",
		"amq.headers": "headers", "amq.match": "headers",
	} {
		s.ok(s.ExchangeDeclarePassive(name, kind, false, false, false, false, nil))
		s.ok(s.ExchangeDeclare(name, kind, true, false, false, false, nil)) // redeclaring the same is fine
	}
}

func TestTraceExchangeIsInternal(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.ok(s.ExchangeDeclare("amq.rabbitmq.trace", "topic", true, false, true, false, nil))
	s.publish("amq.rabbitmq.trace", "x", "x")
	s.refused(403, "cannot publish to internal exchange 'amq.rabbitmq.trace' in vhost '%s'", target.vhost)
}

func TestAmqHeadersAndAmqMatchAreSeparate(t *testing.T) {
	t.Parallel()
	s := open(t)
	key := amqp.Table{"run": unique(t)}
	queue := s.bound("amq.headers", "", key)
	s.send("amq.match", "", amqp.Publishing{Headers: key, Body: []byte("match")})
	s.send("amq.headers", "", amqp.Publishing{Headers: key, Body: []byte("headers")})
	s.wantDrain(queue, "headers")
}

func TestDefaultExchangeRoutesToTheQueueOfThatName(t *testing.T) {
	t.Parallel()
	s := open(t)
	queue, other := s.queue(nil), s.queue(nil)
	s.publish("", queue, "a")
	s.wantDrain(queue, "a")
	s.wantDrain(other, "")
}

func TestDirectExchangeComparesKeysOctetByOctet(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	queue := s.bound(x, "key", nil)
	for _, key := range []string{"Key", "key ", "", "ke", "key.a", "#", "*"} {
		s.publish(x, key, "wrong:"+key)
	}
	s.publish(x, "key", "right")
	s.wantDrain(queue, "right")
}

func TestDirectExchangeServesEveryQueueBoundWithTheKey(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	one, two := s.bound(x, "k", nil), s.bound(x, "k", nil)
	s.publish(x, "k", "a")
	s.wantDrain(one, "a")
	s.wantDrain(two, "a")
}

func TestFanoutExchangeIgnoresKeysAndArguments(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	one := s.bound(x, "key", nil)
	two := s.bound(x, "", amqp.Table{"x-match": "nonsense"})
	s.publish(x, "another", "a")
	s.wantDrain(one, "a")
	s.wantDrain(two, "a")
}

func TestMessageReachesAQueueOnceHoweverManyBindingsMatch(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("topic", nil)
	queue := s.bound(x, "#", nil)
	s.bind(queue, x, "a.*", nil)
	s.bind(queue, x, "a.b", nil)
	s.publish(x, "a.b", "once")
	s.wantDrain(queue, "once")
}

func TestTopicKeys(t *testing.T) {
	t.Parallel()
	keys := []string{
		"", "a", "b", "A", ".", "..", "a.", ".a", "a.b", "b.a", "b.c", "a.b.c", "a..b", "*a", "a#", "xa", "x.y.z.a",
	}
	for binding, matches := range map[string]string{
		"#":      ",a,b,A,.,..,a.,.a,a.b,b.a,b.c,a.b.c,a..b,*a,a#,xa,x.y.z.a",
		"*":      "a,b,A,*a,a#,xa",
		"":       "",
		"a":      "a",
		"a.*":    "a.,a.b",
		"a.#":    "a,a.,a.b,a.b.c,a..b",
		"#.a":    "a,.a,b.a,x.y.z.a",
		"*.*":    ".,a.,.a,a.b,b.a,b.c",
		"#.*":    "a,b,A,.,..,a.,.a,a.b,b.a,b.c,a.b.c,a..b,*a,a#,xa,x.y.z.a",
		"*.#":    "a,b,A,.,..,a.,.a,a.b,b.a,b.c,a.b.c,a..b,*a,a#,xa,x.y.z.a",
		"#.b.#":  "b,a.b,b.a,b.c,a.b.c,a..b",
		"#.#":    ",a,b,A,.,..,a.,.a,a.b,b.a,b.c,a.b.c,a..b,*a,a#,xa,x.y.z.a",
		"a.*.#":  "a.,a.b,a.b.c,a..b",
		"a..b":   "a..b",
		"..":     "..",
		".":      ".",
		"*a":     "*a",
		"a#":     "a#",
		"a.*.c":  "a.b.c",
		"a.#.c":  "a.b.c",
		"#.y.#":  "x.y.z.a",
		"*.#.*":  ".,..,a.,.a,a.b,b.a,b.c,a.b.c,a..b,x.y.z.a",
		"*..*":   "..,a..b",
		"x.#.a":  "x.y.z.a",
		"#.z.a":  "x.y.z.a",
		"a.b.#":  "a.b,a.b.c",
		"a.b.*":  "a.b.c",
		"#.a.#":  "a,a.,.a,a.b,b.a,a.b.c,a..b,x.y.z.a",
		"a.b.c.": "nothing",
	} {
		t.Run(binding, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			x := s.exchange("topic", nil)
			queue := s.bound(x, binding, nil)
			for _, key := range keys {
				s.publish(x, key, key)
			}
			var got []string
			for {
				d, found, err := s.Get(queue, true)
				s.ok(err)
				if !found {
					break
				}
				got = append(got, string(d.Body))
			}
			want := strings.Split(matches, ",")
			if matches == "nothing" {
				want = nil
			}
			if strings.Join(got, ",") != strings.Join(want, ",") || len(got) != len(want) {
				t.Errorf("keys matched:\n got %q\nwant %q", got, want)
			}
		})
	}
}

func TestTopicKeyWithManyHashesIsAnsweredQuickly(t *testing.T) {
	t.Parallel()
	if !target.harebell && since(t, "4.3", "at most two # in a key; Harebell takes more and stays quick") {
		t.Skip("refused by this version")
	}
	s := open(t)
	x := s.exchange("topic", nil)
	queue := s.bound(x, "#.a.#.a.#.a.#.a.#.b", nil)
	s.publish(x, strings.TrimSuffix(strings.Repeat("a.", 30), "."), "no")
	s.publish(x, strings.Repeat("a.", 4)+"b", "yes")
	s.wantDrain(queue, "yes")
}

func TestHeadersExchange(t *testing.T) {
	t.Parallel()
	for rule, c := range map[string]struct {
		binding, message amqp.Table
		match            bool
	}{
		"all: every one equal":                          {amqp.Table{"x-match": "all", "a": "1", "b": "2"}, amqp.Table{"a": "1", "b": "2", "c": "3"}, true},
		"all: one missing":                              {amqp.Table{"x-match": "all", "a": "1", "b": "2"}, amqp.Table{"a": "1"}, false},
		"all: one different":                            {amqp.Table{"x-match": "all", "a": "1", "b": "2"}, amqp.Table{"a": "1", "b": "3"}, false},
		"all is the default":                            {amqp.Table{"a": "1", "b": "2"}, amqp.Table{"a": "1"}, false},
		"all of nothing matches anything":               {amqp.Table{"x-match": "all"}, nil, true},
		"no arguments match anything":                   {nil, amqp.Table{"a": "1"}, true},
		"all: arguments named x- do not count":          {amqp.Table{"x-match": "all", "a": "1", "x-b": "2"}, amqp.Table{"a": "1"}, true},
		"all-with-x: arguments named x- count":          {amqp.Table{"x-match": "all-with-x", "a": "1", "x-b": "2"}, amqp.Table{"a": "1"}, false},
		"all-with-x: all there":                         {amqp.Table{"x-match": "all-with-x", "a": "1", "x-b": "2"}, amqp.Table{"a": "1", "x-b": "2"}, true},
		"any: one is enough":                            {amqp.Table{"x-match": "any", "a": "1", "b": "2"}, amqp.Table{"b": "2"}, true},
		"any: none":                                     {amqp.Table{"x-match": "any", "a": "1", "b": "2"}, amqp.Table{"b": "1"}, false},
		"any of nothing never matches":                  {amqp.Table{"x-match": "any"}, amqp.Table{"a": "1"}, false},
		"any: arguments named x- do not count":          {amqp.Table{"x-match": "any", "x-a": "1"}, amqp.Table{"x-a": "1"}, false},
		"any-with-x: arguments named x- count":          {amqp.Table{"x-match": "any-with-x", "x-a": "1"}, amqp.Table{"x-a": "1"}, true},
		"a void argument asks for presence":             {amqp.Table{"a": nil}, amqp.Table{"a": "whatever"}, true},
		"a void argument and a void header":             {amqp.Table{"a": nil}, amqp.Table{"a": nil}, true},
		"a void argument and no header":                 {amqp.Table{"a": nil}, amqp.Table{"b": "1"}, false},
		"a void header equals no value":                 {amqp.Table{"a": "1"}, amqp.Table{"a": nil}, false},
		"integers compare by value: int32 and int64":    {amqp.Table{"a": int32(1)}, amqp.Table{"a": int64(1)}, true},
		"integers compare by value: int32 and int8":     {amqp.Table{"a": int32(1)}, amqp.Table{"a": int8(1)}, true},
		"integers compare by value: int64 and uint8":    {amqp.Table{"a": int64(200)}, amqp.Table{"a": uint8(200)}, true},
		"different integers differ":                     {amqp.Table{"a": int32(1)}, amqp.Table{"a": int32(2)}, false},
		"a boolean is no integer":                       {amqp.Table{"a": true}, amqp.Table{"a": int32(1)}, false},
		"a boolean is no string":                        {amqp.Table{"a": true}, amqp.Table{"a": "true"}, false},
		"booleans compare":                              {amqp.Table{"a": false}, amqp.Table{"a": false}, true},
		"an integer is no string":                       {amqp.Table{"a": int32(1)}, amqp.Table{"a": "1"}, false},
		"strings and binaries with the same octets":     {amqp.Table{"a": "text"}, amqp.Table{"a": []byte("text")}, true},
		"strings are case sensitive":                    {amqp.Table{"a": "Text"}, amqp.Table{"a": "text"}, false},
		"names are case sensitive":                      {amqp.Table{"A": "1"}, amqp.Table{"a": "1"}, false},
		"arrays compare by element":                     {amqp.Table{"a": []any{"1", int32(2)}}, amqp.Table{"a": []any{"1", int32(2)}}, true},
		"arrays compare in order":                       {amqp.Table{"a": []any{"1", "2"}}, amqp.Table{"a": []any{"2", "1"}}, false},
		"tables compare by element":                     {amqp.Table{"a": amqp.Table{"b": "1"}}, amqp.Table{"a": amqp.Table{"b": "1"}}, true},
		"tables with different elements differ":         {amqp.Table{"a": amqp.Table{"b": "1"}}, amqp.Table{"a": amqp.Table{"b": "2"}}, false},
		"a message without headers and a real argument": {amqp.Table{"a": "1"}, nil, false},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			x := s.exchange("headers", nil)
			queue := s.bound(x, "", c.binding)
			s.send(x, "ignored", amqp.Publishing{Headers: c.message, Body: []byte("m")})
			want := ""
			if c.match {
				want = "m"
			}
			s.wantDrain(queue, want)
		})
	}
}

func TestHeadersExchangeComparesFloatsWithIntegers(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("headers", nil)
	queue := s.bound(x, "", amqp.Table{"a": float64(1)})
	s.send(x, "", amqp.Publishing{Headers: amqp.Table{"a": int32(1)}, Body: []byte("m")})
	if since(t, "4.0", "1.0 and 1 differ") {
		s.wantDrain(queue, "")
	} else {
		s.wantDrain(queue, "m")
	}
}

func TestPassiveExchangeDeclareLooksOnlyAtTheName(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	s.ok(s.ExchangeDeclarePassive(x, "no-such-type", true, true, true, false, amqp.Table{"alternate-exchange": "y"}))
}

func TestRedeclaringAnEquivalentExchangeIsFine(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("topic", amqp.Table{"alternate-exchange": "other", "x-own": "1"})
	s.ok(s.ExchangeDeclare(x, "topic", false, false, false, false, amqp.Table{"alternate-exchange": "other", "x-own": "2"}))
}

func TestExchangeNamesMayBeLongAndStrange(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, strange := range []string{" ", "müsli/☃", "a\"b'c\\d", strings.Repeat("n", 255-len(unique(t)))} {
		x := unique(t) + strange
		x = x[:min(len(x), 255)]
		s.ok(s.ExchangeDeclare(x, "fanout", false, true, false, false, nil))
		s.bind(s.queue(nil), x, "", nil) // so that it is deleted with the queue
	}
}

func TestExchangeNamesLoseLineBreaks(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchangeName()
	s.ok(s.ExchangeDeclare(x+"\r\n", "fanout", false, false, false, false, nil))
	s.ok(s.ExchangeDeclarePassive(x, "fanout", false, false, false, false, nil))
	queue := s.queue(nil)
	s.bind(queue, "\n"+x, "", nil)
	s.publish(x, "", "a")
	s.wantDrain(queue, "a")
}

func TestExchangeDeclareNoWaitIsNotAnswered(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchangeName()
	r := openRaw(t)
	r.send(1, exchangeDeclare(x, "fanout", noWait, nil))
	r.ping(1)
	r.call(1, exchangeDeclare(x, "", passive, nil), 11)
	r.send(1, exchangeDelete(x, 2)) // nowait
	r.ping(1)
	r.send(1, exchangeDeclare(x, "", passive, nil))
	r.expectClose(1, closing{404, "no exchange '" + x + "' in vhost '" + target.vhost + "'", 40, 10})
}

func TestDeletingAMissingExchangeIsFine(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.ok(s.ExchangeDelete(unique(t), false, false))
	s.ok(s.ExchangeDelete(unique(t), true, false))
}

func TestExchangeDeleteIfUnused(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	queue := s.bound(x, "", nil)
	if err := s.sibling().ExchangeDelete(x, true, false); err == nil {
		t.Error("deleted although it has a binding")
	}
	s.ok(s.QueueUnbind(queue, "", x, nil))
	s.ok(s.ExchangeDelete(x, true, false))
}

func TestDeletingAnExchangeRemovesItsBindings(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	queue := s.bound(x, "", nil)
	s.ok(s.ExchangeDelete(x, false, false))
	s.ok(s.ExchangeDeclare(x, "fanout", false, false, false, false, nil))
	s.publish(x, "", "a")
	s.wantDrain(queue, "")
}

// gone expects that an exchange is not there any more.
func (s *session) gone(exchange string) {
	s.t.Helper()
	eventually(s.t, "exchange deleted", func() bool {
		ch, err := s.connection.Channel()
		s.ok(err)
		defer ch.Close()
		return ch.ExchangeDeclarePassive(exchange, "direct", false, false, false, false, nil) != nil
	})
}

// autoDelete declares an auto-delete exchange.
func (s *session) autoDelete(kind string) string {
	s.t.Helper()
	x := s.exchangeName()
	s.ok(s.ExchangeDeclare(x, kind, false, true, false, false, nil))
	return x
}

func TestAutoDeleteExchangeGoesWithItsLastUnbind(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.autoDelete("direct")
	queue := s.bound(x, "a", nil)
	s.bind(queue, x, "b", nil)
	s.ok(s.QueueUnbind(queue, "a", x, nil))
	s.ok(s.ExchangeDeclarePassive(x, "direct", false, false, false, false, nil))
	s.ok(s.QueueUnbind(queue, "b", x, nil))
	s.gone(x)
}

func TestAutoDeleteExchangeGoesWithItsLastQueue(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.autoDelete("fanout")
	queue := s.bound(x, "", nil)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	s.gone(x)
}

func TestAutoDeleteExchangeGoesWithItsLastDestinationExchange(t *testing.T) {
	t.Parallel()
	s := open(t)
	x, destination := s.autoDelete("fanout"), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(destination, "", x, false, nil))
	s.ok(s.ExchangeDelete(destination, false, false))
	s.gone(x)
}

func TestAutoDeleteExchangesGoInAChain(t *testing.T) {
	t.Parallel()
	s := open(t)
	first, second := s.autoDelete("fanout"), s.autoDelete("fanout")
	s.ok(s.ExchangeBind(second, "", first, false, nil))
	queue := s.bound(second, "", nil)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	s.gone(second)
	s.gone(first)
}

func TestAutoDeleteExchangeNeverBoundStays(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.autoDelete("fanout")
	s.ok(s.QueueUnbind(s.queue(nil), "", x, nil)) // a binding that is not there
	s.ok(s.ExchangeDeclarePassive(x, "fanout", false, false, false, false, nil))
}

func TestAutoDeleteExchangeDoesNotCountBindingsToItself(t *testing.T) {
	t.Parallel()
	s := open(t)
	x, source := s.autoDelete("fanout"), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(x, "", source, false, nil))
	s.ok(s.ExchangeUnbind(x, "", source, false, nil))
	s.ok(s.ExchangeDeclarePassive(x, "fanout", false, false, false, false, nil))
}

func TestInternalExchangeMayBeBoundTo(t *testing.T) {
	t.Parallel()
	s := open(t)
	source, internal := s.exchange("fanout", nil), s.exchangeName()
	s.ok(s.ExchangeDeclare(internal, "fanout", false, false, true, false, nil))
	s.ok(s.ExchangeBind(internal, "", source, false, nil))
	queue := s.bound(internal, "", nil)
	s.publish(source, "", "a")
	s.wantDrain(queue, "a")
}

func TestBindingTwiceIsOneBinding(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	queue := s.bound(x, "k", nil)
	s.bind(queue, x, "k", nil)
	s.publish(x, "k", "a")
	s.wantDrain(queue, "a")
	s.ok(s.QueueUnbind(queue, "k", x, nil))
	s.publish(x, "k", "b")
	s.wantDrain(queue, "")
}

func TestBindingsWithDifferentArgumentsAreDifferent(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	queue := s.bound(x, "k", amqp.Table{"a": "1"})
	s.bind(queue, x, "k", amqp.Table{"a": "2"})
	s.ok(s.QueueUnbind(queue, "k", x, amqp.Table{"a": "1"}))
	s.publish(x, "k", "still")
	s.wantDrain(queue, "still")
	s.ok(s.QueueUnbind(queue, "k", x, amqp.Table{"a": "2"}))
	s.publish(x, "k", "no")
	s.wantDrain(queue, "")
}

func TestBindingArgumentsAreComparedWithTheirTypes(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	queue := s.bound(x, "k", amqp.Table{"a": int32(1)})
	s.ok(s.QueueUnbind(queue, "k", x, amqp.Table{"a": int64(1)}))
	s.publish(x, "k", "still")
	s.wantDrain(queue, "still")
}

func TestBindingArgumentsMayComeInAnyOrder(t *testing.T) {
	t.Parallel()
	r := openRaw(t)
	x, queue := unique(t), unique(t)
	r.call(1, exchangeDeclare(x, "direct", exchangeAutoDelete, nil), 11)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	a, b := text("a", "1"), number("b", 2)
	r.call(1, queueBind(queue, x, "k", table(a, b)), 21)
	r.call(1, queueUnbind(queue, x, "k", table(b, a)), 51)
	r.send(1, exchangeDeclare(x, "", passive, nil)) // its only binding is gone, so it is gone
	r.expectClose(1, closing{404, "no exchange '" + x + "' in vhost '" + target.vhost + "'", 40, 10})
}

func TestUnbindingWhatIsNotThereIsFine(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	queue := s.bound(x, "k", nil)
	s.ok(s.QueueUnbind(queue, "other", x, nil))
	s.ok(s.QueueUnbind(queue, "k", x, amqp.Table{"a": "1"}))
	s.ok(s.QueueUnbind(queue, "k", "no-such-exchange", nil))
	s.ok(s.QueueUnbind("no-such-queue", "k", x, nil))
	s.ok(s.ExchangeUnbind("no-such-exchange", "k", x, false, nil))
	s.ok(s.ExchangeUnbind(x, "k", "no-such-exchange", false, nil))
	s.ok(s.QueueUnbind(open(t).queue(nil), "k", x, nil)) // exclusive to another connection
	s.publish(x, "k", "still")
	s.wantDrain(queue, "still")
}

func TestBindingsVanishWithTheirQueue(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	queue := s.bound(x, "", nil)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	_, err = s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	s.publish(x, "", "a")
	s.wantDrain(queue, "")
}

func TestExchangeBindingsFilterAtEveryExchange(t *testing.T) {
	t.Parallel()
	s := open(t)
	source, destination := s.exchange("direct", nil), s.exchange("topic", nil)
	s.ok(s.ExchangeBind(destination, "a.b", source, false, nil))
	queue := s.bound(destination, "a.*", nil)
	s.publish(source, "a.c", "no")
	s.publish(source, "a.b", "yes")
	s.wantDrain(queue, "yes")
	s.ok(s.ExchangeUnbind(destination, "a.b", source, false, nil))
	s.publish(source, "a.b", "no")
	s.wantDrain(queue, "")
}

func TestExchangeBindingsMayLoop(t *testing.T) {
	t.Parallel()
	s := open(t)
	a, b := s.exchange("fanout", nil), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(a, "", b, false, nil))
	s.ok(s.ExchangeBind(b, "", a, false, nil))
	s.ok(s.ExchangeBind(a, "", a, false, nil))
	queue := s.bound(a, "", nil)
	s.bind(queue, b, "", nil)
	s.publish(a, "", "once")
	s.wantDrain(queue, "once")
}

func TestDeliveryNamesTheExchangePublishedTo(t *testing.T) {
	t.Parallel()
	s := open(t)
	source, destination := s.exchange("fanout", nil), s.exchange("fanout", nil)
	s.ok(s.ExchangeBind(destination, "", source, false, nil))
	queue := s.bound(destination, "", nil)
	s.publish(source, "key", "a")
	if d := s.get(queue); d.Exchange != source || d.RoutingKey != "key" {
		t.Errorf("got %q %q, want %q %q", d.Exchange, d.RoutingKey, source, "key")
	}
}

func TestAlternateExchangeTakesWhatMatchesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchange("direct", nil)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	routed, rest := s.bound(x, "known", nil), s.bound(alternate, "unknown", nil)
	s.publish(x, "known", "a")
	s.mandatory(x, "unknown", "b")
	s.wantDrain(routed, "a")
	d := s.get(rest)
	if string(d.Body) != "b" || d.Exchange != x || d.RoutingKey != "unknown" {
		t.Errorf("got %q from %q with %q, want b from %q with unknown", d.Body, d.Exchange, d.RoutingKey, x)
	}
	s.mandatory(x, "neither", "c") // the only one returned
	if back := s.returned(); string(back.Body) != "c" || back.Exchange != x {
		t.Errorf("returned: got %q to %q, want c to %q", back.Body, back.Exchange, x)
	}
}

func TestAlternateExchangesMayBeChained(t *testing.T) {
	t.Parallel()
	s := open(t)
	last := s.exchange("fanout", nil)
	middle := s.exchange("direct", amqp.Table{"alternate-exchange": last})
	first := s.exchange("direct", amqp.Table{"alternate-exchange": middle})
	queue := s.bound(last, "", nil)
	s.publish(first, "k", "a")
	s.wantDrain(queue, "a")
}

func TestAlternateExchangeIsNotAskedWhenAnExchangeBindingMatches(t *testing.T) {
	t.Parallel()
	s := open(t)
	alternate, deadEnd := s.exchange("fanout", nil), s.exchange("fanout", nil)
	x := s.exchange("fanout", amqp.Table{"alternate-exchange": alternate})
	s.ok(s.ExchangeBind(deadEnd, "", x, false, nil))
	queue := s.bound(alternate, "", nil)
	s.mandatory(x, "k", "a")
	s.returned()
	s.wantDrain(queue, "")
}

func TestAlternateExchangeWorksBehindExchangeBindings(t *testing.T) {
	t.Parallel()
	s := open(t)
	alternate, source := s.exchange("fanout", nil), s.exchange("fanout", nil)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	s.ok(s.ExchangeBind(x, "", source, false, nil))
	queue := s.bound(alternate, "", nil)
	s.publish(source, "k", "a")
	s.wantDrain(queue, "a")
}

func TestMissingAlternateExchangeMeansUnroutable(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": "no-such-exchange"})
	s.mandatory(x, "k", "a")
	s.returned()
}

func TestCycleOfAlternateExchangesMeansUnroutable(t *testing.T) {
	t.Parallel()
	s := open(t)
	other := s.exchangeName()
	x := s.exchange("direct", amqp.Table{"alternate-exchange": other})
	s.ok(s.ExchangeDeclare(other, "direct", false, false, false, false, amqp.Table{"alternate-exchange": x}))
	s.mandatory(x, "k", "a")
	s.returned()
}

func TestEmptyAlternateExchangeIsNotTheDefaultExchange(t *testing.T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", amqp.Table{"alternate-exchange": ""})
	queue := s.queue(nil)
	s.mandatory(x, queue, "a")
	s.returned()
	s.wantDrain(queue, "")
}

func TestInternalExchangeMayBeAnAlternate(t *testing.T) {
	t.Parallel()
	s := open(t)
	alternate := s.exchangeName()
	s.ok(s.ExchangeDeclare(alternate, "fanout", false, false, true, false, nil))
	x := s.exchange("direct", amqp.Table{"alternate-exchange": alternate})
	queue := s.bound(alternate, "", nil)
	s.publish(x, "k", "a")
	s.wantDrain(queue, "a")
}
