package conformance

import (
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestAmqHeadersAndAmqMatchAreSeparate(t T) {
	t.Parallel()
	s := open(t)
	key := amqp.Table{"run": unique(t)}
	queue := s.bound("amq.headers", "", key)
	s.send("amq.match", "", amqp.Publishing{Headers: key, Body: []byte("match")})
	s.send("amq.headers", "", amqp.Publishing{Headers: key, Body: []byte("headers")})
	s.wantDrain(queue, "headers")
}

func TestDefaultExchangeRoutesToTheQueueOfThatName(t T) {
	t.Parallel()
	s := open(t)
	queue, other := s.queue(nil), s.queue(nil)
	s.publish("", queue, "a")
	s.wantDrain(queue, "a")
	s.wantDrain(other, "")
}

func TestDirectExchangeComparesKeysOctetByOctet(t T) {
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

func TestDirectExchangeServesEveryQueueBoundWithTheKey(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("direct", nil)
	one, two := s.bound(x, "k", nil), s.bound(x, "k", nil)
	s.publish(x, "k", "a")
	s.wantDrain(one, "a")
	s.wantDrain(two, "a")
}

func TestFanoutExchangeIgnoresKeysAndArguments(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	one := s.bound(x, "key", nil)
	two := s.bound(x, "", amqp.Table{"x-match": "nonsense"})
	s.publish(x, "another", "a")
	s.wantDrain(one, "a")
	s.wantDrain(two, "a")
}

func TestMessageReachesAQueueOnceHoweverManyBindingsMatch(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("topic", nil)
	queue := s.bound(x, "#", nil)
	s.bind(queue, x, "a.*", nil)
	s.bind(queue, x, "a.b", nil)
	s.publish(x, "a.b", "once")
	s.wantDrain(queue, "once")
}

func TestTopicKeys(t T) {
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
		t.Run(binding, func(t T) {
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

func manyHashes(t T) bool {
	t.Helper()
	return !since(t, "4.3", "at most two # in a binding key")
}

func TestTopicKeyWithThreeHashes(t T) {
	t.Parallel()
	r := openRaw(t)
	queue := unique(t)
	r.call(1, queueDeclare(queue, exclusive, nil), 11)
	r.call(1, queueBind(queue, "amq.topic", "a.#.##.#", nil), 21)
	r.send(1, queueBind(queue, "amq.topic", "#.a.#.#", nil))
	if manyHashes(t) {
		r.expect(1, 50, 21)
	} else {
		r.expectClose(1, closing{406, "Topic binding key '#.a.#.#' uses 3 '#' wildcards, at most 2 are allowed", 50, 20})
	}
}

func TestTopicKeyWithManyHashesIsAnsweredQuickly(t T) {
	t.Parallel()
	if !manyHashes(t) {
		t.Skip("refused by this version")
	}
	s := open(t)
	x := s.exchange("topic", nil)
	queue := s.bound(x, "#.a.#.a.#.a.#.a.#.b", nil)
	s.publish(x, strings.TrimSuffix(strings.Repeat("a.", 30), "."), "no")
	s.publish(x, strings.Repeat("a.", 4)+"b", "yes")
	s.wantDrain(queue, "yes")
}

func TestHeadersExchange(t T) {
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
		"timestamps compare":                            {amqp.Table{"a": time.Unix(7, 0)}, amqp.Table{"a": time.Unix(7, 0)}, true},
		"floats compare across widths":                  {amqp.Table{"a": float32(0.5)}, amqp.Table{"a": float64(0.5)}, true},
		"different floats differ":                       {amqp.Table{"a": 0.5}, amqp.Table{"a": 0.25}, false},
		"decimals compare":                              {amqp.Table{"a": amqp.Decimal{Scale: 1, Value: 5}}, amqp.Table{"a": amqp.Decimal{Scale: 1, Value: 5}}, true},
		"empty strings compare":                         {amqp.Table{"a": ""}, amqp.Table{"a": ""}, true},
		"an empty string is not nothing":                {amqp.Table{"a": ""}, amqp.Table{"b": ""}, false},
		"any: a void argument asks for presence":        {amqp.Table{"x-match": "any", "a": nil, "b": "2"}, amqp.Table{"a": "1"}, true},
		"arrays of different lengths differ":            {amqp.Table{"a": []any{"1"}}, amqp.Table{"a": []any{"1", "2"}}, false},
		"a string is no array":                          {amqp.Table{"a": "1"}, amqp.Table{"a": []any{"1"}}, false},
		"x-match of the message does not count":         {amqp.Table{"x-match": "any", "a": "1", "b": "2"}, amqp.Table{"x-match": "all", "a": "1"}, true},
		"all-with-x: x-match itself does not count":     {amqp.Table{"x-match": "all-with-x", "a": "1"}, amqp.Table{"a": "1"}, true},
		"a negative integer":                            {amqp.Table{"a": int8(-1)}, amqp.Table{"a": int64(-1)}, true},
		"a message without headers and a real argument": {amqp.Table{"a": "1"}, nil, false},
	} {
		t.Run(rule, func(t T) {
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

func TestHeadersExchangeComparesFloatsWithIntegers(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("headers", nil)
	queue := s.bound(x, "", amqp.Table{"a": float64(1)})
	s.send(x, "", amqp.Publishing{Headers: amqp.Table{"a": int32(1)}, Body: []byte("m")})
	if always(t, "4.0", "1.0 and 1 differ") {
		s.wantDrain(queue, "")
	} else {
		s.wantDrain(queue, "m")
	}
}

func TestTopicKeyOf128Words(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("topic", nil)
	words := strings.Repeat("a.", 127) + "a"
	for binding, match := range map[string]bool{
		words: true, "a.#": true, "#.a": true, strings.Repeat("*.", 127) + "*": true,
		strings.Repeat("*.", 126) + "*": false, "#.b": false, "a.*": false,
	} {
		queue := s.bound(x, binding, nil)
		s.publish(x, words, "m")
		if got := s.drain(queue); (got == "m") != match {
			t.Errorf("%.20s...: got %q, want a match: %v", binding, got, match)
		}
	}
}

func TestFanoutServesQueuesAndExchanges(t T) {
	t.Parallel()
	s := open(t)
	x, next := s.exchange("fanout", nil), s.exchange("direct", nil)
	s.ok(s.ExchangeBind(next, "whatever", x, false, nil))
	direct, behind, other := s.bound(x, "", nil), s.bound(next, "k", nil), s.bound(next, "other", nil)
	s.publish(x, "k", "a")
	s.wantDrain(direct, "a")
	s.wantDrain(behind, "a")
	s.wantDrain(other, "")
}

func TestDefaultExchangeKnowsQueuesAtOnce(t T) {
	t.Parallel()
	s := open(t)
	for range 20 {
		queue := s.queue(nil)
		s.publish("", queue, "a")
		s.wantDrain(queue, "a")
	}
}

func TestRoutingOfOneMessageToAThousandQueues(t T) {
	t.Parallel()
	s := open(t)
	x := s.exchange("fanout", nil)
	var queues []string
	for range 1000 {
		queues = append(queues, s.bound(x, "", nil))
	}
	s.confirm()
	if !s.confirmed(x, "", amqp.Publishing{Body: []byte("a")}) {
		t.Error("got a nack, want an ack")
	}
	for _, queue := range queues {
		s.wantDrain(queue, "a")
	}
}
