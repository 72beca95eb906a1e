package conformance

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// eventExchange is where RabbitMQ's plug-in rabbitmq_event_exchange tells what happens.
const eventExchange = "amq.rabbitmq.event"

// internalUser is who has done what nobody has asked for.
const internalUser = "rmq-internal"

// A witness gets the events of a broker, those of other rules too.
type witness struct{ *consumer }

// witnessed returns a witness of the events with those keys, or skips the rule if the
// broker does not tell of any.
func witnessed(t T, keys ...string) *witness {
	t.Helper()
	s := open(t)
	if err := s.sibling().ExchangeDeclarePassive(eventExchange, "topic", true, false, true, false, nil); err != nil {
		t.Skip("without the plug-in for events")
	}
	queue := s.queue(nil)
	for _, key := range keys {
		s.bind(queue, eventExchange, key, nil)
	}
	return &witness{s.consumeWith(queue, true, false, nil)}
}

// next waits for an event with that key and at least those headers, and returns it.
// Those before it are forgotten.
func (w *witness) next(key string, about amqp.Table) amqp.Delivery {
	w.s.t.Helper()
	for {
		if d := w.nextAbout(about); d.RoutingKey == key {
			return d
		}
	}
}

// nextAbout is next with any key.
func (w *witness) nextAbout(about amqp.Table) amqp.Delivery {
	w.s.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		d := w.consumer.next()
		matches := true
		for name, value := range about {
			matches = matches && reflect.DeepEqual(d.Headers[name], value)
		}
		if matches {
			return d
		}
	}
	w.s.t.Fatalf("no event about %v within %v", about, patience)
	panic("unreachable")
}

// want waits for an event about something, and compares its headers with those that
// must be there.
func (w *witness) want(key string, about, headers amqp.Table) amqp.Delivery {
	w.s.t.Helper()
	d := w.next(key, about)
	wantHeaders(w.s.t, d, headers)
	return d
}

func TestEventExchangeIsTheBrokersOwn(t T) {
	t.Parallel()
	w := witnessed(t)
	s := w.s.sibling()
	s.publish(eventExchange, "queue.created", "m")
	s.refused(amqp.AccessRefused, "cannot publish to internal exchange '%s' in vhost '%s'", eventExchange, target.vhost)
	s = w.s.sibling()
	s.ExchangeDelete(eventExchange, false, false)
	s.refused(amqp.AccessRefused, "deletion of system exchange '%s' in vhost '%s' not allowed", eventExchange, target.vhost)
	s = w.s.sibling()
	s.ok(s.ExchangeDeclare(eventExchange, "topic", true, false, true, false, nil))
}

func TestEventsAreInOneVirtualHostOnly(t T) {
	t.Parallel()
	witnessed(t)
	a := administer(t)
	s := openIn(t, a.newVHost())
	s.ExchangeDeclarePassive(eventExchange, "topic", true, false, true, false, nil)
	receive(t, s.closed, "channel.close")
}

func TestEventsArePersistentWithTheTimeTwice(t T) {
	t.Parallel()
	w := witnessed(t, "queue.*")
	began := time.Now()
	name := w.s.queue(nil)
	d := w.next("queue.created", amqp.Table{"name": name})
	milliseconds, _ := d.Headers["timestamp_in_ms"].(int64)
	at := time.UnixMilli(milliseconds)
	if at.Before(began.Add(-time.Minute)) || at.After(began.Add(time.Minute)) || d.Timestamp.Unix() != at.Unix() {
		t.Errorf("got timestamp %v and timestamp_in_ms %v, want both to be now", d.Timestamp, d.Headers["timestamp_in_ms"])
	}
	if d.Exchange != eventExchange || d.DeliveryMode != amqp.Persistent || len(d.Body) != 0 {
		t.Errorf("got a message of %q with mode %d and body %q, want a persistent one without body", d.Exchange, d.DeliveryMode, d.Body)
	}
}

func TestEventsHaveKeysOfATopic(t T) {
	t.Parallel()
	w := witnessed(t, "*.deleted")
	s := open(t)
	name := s.shared(nil)
	_, err := s.QueueDelete(name, false, false, false)
	s.ok(err)
	if d := w.nextAbout(amqp.Table{"name": name}); d.RoutingKey != "queue.deleted" {
		t.Errorf("got %s, want queue.deleted only", d.RoutingKey)
	}
}

func TestEventsGoToExchangesToo(t T) {
	t.Parallel()
	w := witnessed(t)
	x := w.s.exchange("fanout", nil)
	w.s.ok(w.s.ExchangeBind(x, "queue.created", eventExchange, false, nil))
	c := &witness{w.s.sibling().consumeWith(w.s.bound(x, "", nil), true, false, nil)}
	name := w.s.queue(nil)
	c.next("queue.created", amqp.Table{"name": name})
}

func TestEventsOfQueues(t T) {
	t.Parallel()
	w := witnessed(t, "queue.*")
	s := open(t)
	name := unique(t)
	args := amqp.Table{"x-max-length": int32(5), "x-dead-letter-exchange": "", "other": []any{int32(1), "a"}}
	for range 2 { // declaring it again is none
		_, err := s.QueueDeclare(name, true, true, false, false, args)
		s.ok(err)
	}
	about := amqp.Table{"name": name, "vhost": target.vhost}
	d := w.want("queue.created", about, amqp.Table{
		"user_who_performed_action": target.user, "durable": true, "auto_delete": true, "exclusive": false, "owner_pid": "",
	})
	entries, _ := d.Headers["arguments"].([]any)
	for _, want := range []string{`{<<"x-max-length">>,signedint,5}`, `{<<"x-dead-letter-exchange">>,longstr,<<>>}`, `{<<"other">>,array,[{signedint,1},{longstr,<<"a">>}]}`} {
		if !slices.Contains(entries, any(want)) || len(entries) != len(args) {
			t.Errorf("arguments: got %q, want %s among them", entries, want)
		}
	}
	_, err := s.QueueDelete(name, false, false, false)
	s.ok(err)
	if d := w.nextAbout(about); d.RoutingKey != "queue.deleted" || d.Headers["user_who_performed_action"] != target.user {
		t.Errorf("got %s by %v, want queue.deleted by %s", d.RoutingKey, d.Headers["user_who_performed_action"], target.user)
	}
}

func TestEventsOfQueuesThatGoByThemselves(t T) {
	t.Parallel()
	w := witnessed(t, "queue.deleted")
	for what, declare := range map[string]func(s *session) string{
		"exclusive": func(s *session) string {
			name := s.queue(nil)
			s.ok(s.connection.Close())
			return name
		},
		"auto-delete": func(s *session) string {
			name := unique(t)
			_, err := s.QueueDeclare(name, true, true, false, false, nil)
			s.ok(err)
			s.consume(name).rest()
			return name
		},
		"x-expires": func(s *session) string {
			return s.shared(amqp.Table{"x-expires": int32(50)})
		},
	} {
		name := declare(open(t))
		if d := w.next("queue.deleted", amqp.Table{"name": name}); d.Headers["user_who_performed_action"] != internalUser {
			t.Errorf("%s: deleted by %v, want %s", what, d.Headers["user_who_performed_action"], internalUser)
		}
	}
}

func TestEventsOfExchanges(t T) {
	t.Parallel()
	w := witnessed(t, "exchange.*")
	s := open(t)
	name := s.exchangeName()
	for range 2 { // declaring it again is none
		s.ok(s.ExchangeDeclare(name, "topic", false, true, true, false, amqp.Table{"alternate-exchange": "a"}))
	}
	about := amqp.Table{"name": name, "vhost": target.vhost}
	w.want("exchange.created", about, amqp.Table{
		"user_who_performed_action": target.user, "type": "topic", "durable": false, "auto_delete": true, "internal": true,
		"arguments": []any{`{<<"alternate-exchange">>,longstr,<<"a">>}`}, "policy": "",
	})
	s.ok(s.ExchangeDelete(name, false, false))
	if d := w.nextAbout(about); d.RoutingKey != "exchange.deleted" || d.Headers["user_who_performed_action"] != target.user {
		t.Errorf("got %s by %v, want exchange.deleted by %s", d.RoutingKey, d.Headers["user_who_performed_action"], target.user)
	}
}

func TestEventsOfBindings(t T) {
	t.Parallel()
	w := witnessed(t, "binding.*")
	s := open(t)
	x, y, queue := s.exchange("direct", nil), s.exchange("fanout", nil), s.queue(nil)
	for range 2 { // binding again is none
		s.bind(queue, x, "k", amqp.Table{"a": int32(1)})
	}
	s.ok(s.ExchangeBind(y, "l", x, false, nil))
	s.ok(s.QueueUnbind(queue, "k", x, amqp.Table{"a": int32(1)}))
	s.ok(s.ExchangeUnbind(y, "l", x, false, nil))
	want := func(key, destination, kind, routingKey string, arguments []any) {
		t.Helper()
		w.want(key, amqp.Table{"source_name": x}, amqp.Table{
			"user_who_performed_action": target.user, "vhost": target.vhost, "source_kind": "exchange",
			"destination_name": destination, "destination_kind": kind, "routing_key": routingKey, "arguments": arguments,
		})
	}
	want("binding.created", queue, "queue", "k", []any{`{<<"a">>,signedint,1}`})
	want("binding.created", y, "exchange", "l", []any{})
	want("binding.deleted", queue, "queue", "k", []any{`{<<"a">>,signedint,1}`})
	want("binding.deleted", y, "exchange", "l", []any{})
}

func TestEventsOfAQueuesBindingsComeBeforeItsOwn(t T) {
	t.Parallel()
	w := witnessed(t, "*.deleted")
	s := open(t)
	x, queue := s.exchange("direct", nil), s.shared(nil)
	s.bind(queue, x, x, nil)
	_, err := s.QueueDelete(queue, false, false, false)
	s.ok(err)
	d := w.next("binding.deleted", amqp.Table{"routing_key": x})
	if d.Headers["user_who_performed_action"] != internalUser {
		t.Errorf("binding deleted by %v, want %s", d.Headers["user_who_performed_action"], internalUser)
	}
	w.want("queue.deleted", amqp.Table{"name": queue}, amqp.Table{"user_who_performed_action": target.user})
}

func TestEventsOfAnExchangesBindings(t T) {
	t.Parallel()
	w := witnessed(t, "exchange.deleted", "binding.deleted")
	s := open(t)
	x, y := s.exchange("direct", nil), s.exchange("direct", nil)
	in, out := y+".in", y+".out"
	s.ok(s.ExchangeBind(y, in, x, false, nil))
	s.bind(s.queue(nil), y, out, nil)
	s.ok(s.ExchangeDelete(y, false, false))
	var got []string // in no certain order
	for len(got) < 3 {
		d := w.nextAbout(amqp.Table{"vhost": target.vhost, "user_who_performed_action": target.user})
		if d.Headers["name"] == y || d.Headers["routing_key"] == in || d.Headers["routing_key"] == out {
			got = append(got, fmt.Sprint(d.RoutingKey, d.Headers["name"], d.Headers["routing_key"]))
		}
	}
	slices.Sort(got)
	want := []string{fmt.Sprint("binding.deleted", nil, in), fmt.Sprint("binding.deleted", nil, out), fmt.Sprint("exchange.deleted", y, nil)}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEventOfAnAutoDeletedExchangeComesBeforeItsLastBinding(t T) {
	t.Parallel()
	w := witnessed(t, "exchange.deleted", "binding.deleted")
	s := open(t)
	x, queue := s.exchangeName(), s.queue(nil)
	s.ok(s.ExchangeDeclare(x, "direct", false, true, false, false, nil))
	s.bind(queue, x, "k", nil)
	s.ok(s.QueueUnbind(queue, "k", x, nil))
	theirs := amqp.Table{"user_who_performed_action": target.user}
	w.want("exchange.deleted", amqp.Table{"name": x}, theirs)
	w.want("binding.deleted", amqp.Table{"source_name": x}, theirs)
}

func TestEventsOfAConnection(t T) {
	t.Parallel()
	w := witnessed(t, "user.authentication.*", "connection.*", "channel.*", "queue.*")
	name := unique(t)
	connection, err := amqp.DialConfig(target.url, amqp.Config{Properties: amqp.Table{"connection_name": name}, FrameSize: 8192, ChannelMax: 20, Heartbeat: 7 * time.Second})
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	local := connection.LocalAddr().String()
	is := local + " -> "
	login := w.next("user.authentication.success", amqp.Table{"connection_name": is + connection.RemoteAddr().String()})
	wantHeaders(t, login, amqp.Table{
		"name": target.user, "auth_mechanism": "PLAIN", "ssl": false, "protocol": "{0,9,1}", "connection_type": "network", "peer_port": portOf(t, local),
	})
	created := w.next("connection.created", amqp.Table{"user_provided_name": name})
	wantHeaders(t, created, amqp.Table{
		"name": is + connection.RemoteAddr().String(), "user": target.user, "user_who_performed_action": target.user, "vhost": target.vhost,
		"type": "network", "protocol": "{0,9,1}", "auth_mechanism": "PLAIN", "timeout": int64(7), "frame_max": int64(8192), "channel_max": int64(20),
		"ssl": false, "ssl_protocol": "", "ssl_key_exchange": "", "ssl_cipher": "", "ssl_hash": "",
		"peer_cert_subject": "", "peer_cert_issuer": "", "peer_cert_validity": "",
		"peer_port": portOf(t, local), "port": portOf(t, connection.RemoteAddr().String()), "peer_host": login.Headers["peer_host"], "host": login.Headers["host"],
	})
	properties, _ := created.Headers["client_properties"].([]any)
	if want := fmt.Sprintf(`{<<"connection_name">>,longstr,<<%q>>}`, name); !slices.Contains(properties, any(want)) {
		t.Errorf("client_properties: got %q, want %s among them", properties, want)
	}
	if _, ok := created.Headers["connected_at"].(int64); !ok {
		t.Errorf("connected_at: got %T, want int64", created.Headers["connected_at"])
	}
	pid := textOf(t, created, "pid")
	textOf(t, created, "node")

	channel, err := connection.Channel()
	if err != nil {
		t.Fatalf("open a channel: %v", err)
	}
	opened := w.next("channel.created", amqp.Table{"connection": pid})
	wantHeaders(t, opened, amqp.Table{
		"name": is + connection.RemoteAddr().String() + " (1)", "number": int64(1), "user": target.user, "user_who_performed_action": target.user, "vhost": target.vhost,
	})
	exclusive, err := channel.QueueDeclare(unique(t), false, false, true, false, nil)
	if err != nil {
		t.Fatalf("declare: %v", err)
	}
	w.next("queue.created", amqp.Table{"name": exclusive.Name, "owner_pid": pid, "exclusive": true})
	connection.Close()
	wantHeaders(t, w.next("channel.closed", amqp.Table{"pid": textOf(t, opened, "pid")}), amqp.Table{"user_who_performed_action": target.user})
	w.next("queue.deleted", amqp.Table{"name": exclusive.Name})
	wantHeaders(t, w.next("connection.closed", amqp.Table{"pid": pid}), amqp.Table{
		"name": created.Headers["name"], "node": created.Headers["node"], "client_properties": created.Headers["client_properties"], "user_provided_name": name,
	})
}

func TestEventOfAChannelThatIsClosedForAMistake(t T) {
	t.Parallel()
	w := witnessed(t, "connection.created", "channel.*")
	name := unique(t)
	connection, err := amqp.DialConfig(target.url, amqp.Config{Properties: amqp.Table{"connection_name": name}})
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	defer connection.Close()
	pid := textOf(t, w.next("connection.created", amqp.Table{"user_provided_name": name}), "pid")
	channel, err := connection.Channel()
	if err != nil {
		t.Fatalf("open a channel: %v", err)
	}
	opened := w.next("channel.created", amqp.Table{"connection": pid})
	channel.ExchangeDeclarePassive(name, "direct", false, false, false, false, nil)
	w.next("channel.closed", amqp.Table{"pid": textOf(t, opened, "pid")})
}

func TestEventOfALoginThatIsRefused(t T) {
	t.Parallel()
	w := witnessed(t, "user.authentication.failure", "connection.*")
	name := brief()
	r := greetRaw(t)
	local := r.conn.LocalAddr().String()
	r.send(0, handshake{user: name}.startOk())
	d := w.next("user.authentication.failure", amqp.Table{"name": name})
	wantHeaders(t, d, amqp.Table{"auth_mechanism": "PLAIN", "ssl": false, "protocol": "{0,9,1}", "peer_port": portOf(t, local), "connection_type": "network"})
	var said strings.Builder
	octets, _ := d.Headers["error"].([]any)
	for _, octet := range octets {
		if n, ok := octet.(int64); ok {
			said.WriteByte(byte(n))
		}
	}
	if want := fmt.Sprintf("user '%s' - invalid credentials", name); said.String() != want {
		t.Errorf("error: got %v, which says %q, want the octets of %q", d.Headers["error"], said.String(), want)
	}
	r.conn.Close()
	w.next("connection.closed", amqp.Table{"name": d.Headers["connection_name"]})
}

func TestEventsOfConsumers(t T) {
	t.Parallel()
	w := witnessed(t, "consumer.*", "queue.deleted")
	s := open(t)
	queue, tag := s.shared(nil), unique(t)
	s.ok(s.Qos(7, 0, false))
	_, err := s.Consume(queue, tag, false, true, false, false, amqp.Table{"x-priority": int32(3)})
	s.ok(err)
	about := amqp.Table{"consumer_tag": tag}
	created := w.want("consumer.created", about, amqp.Table{
		"user_who_performed_action": target.user, "vhost": target.vhost, "queue": queue, "exclusive": true, "ack_required": true, "prefetch_count": int64(7),
		"arguments": []any{`{<<"x-priority">>,signedint,3}`},
	})
	s.ok(s.Cancel(tag, false))
	w.want("consumer.deleted", about, amqp.Table{
		"user_who_performed_action": target.user, "vhost": target.vhost, "queue": queue, "channel": textOf(t, created, "channel"),
	})
	other := s.consumeWith(queue, true, false, nil)
	w.want("consumer.created", amqp.Table{"queue": queue}, amqp.Table{"consumer_tag": other.tag, "exclusive": false, "ack_required": false, "arguments": []any{}})
	_, err = s.QueueDelete(queue, false, false, false)
	s.ok(err)
	w.want("consumer.deleted", amqp.Table{"queue": queue}, amqp.Table{"consumer_tag": other.tag})
	w.next("queue.deleted", amqp.Table{"name": queue})
}

func TestEventsGoOnAfterARestart(t T) {
	s := beforeRestart(t)
	witnessed(t)
	queue := s.shared(nil)
	s.bind(queue, eventExchange, "exchange.created", nil)

	s = afterRestart(t)
	x := s.exchange("fanout", nil)
	w := witness{s.consumeWith(queue, true, false, nil)}
	w.next("exchange.created", amqp.Table{"name": x})
}

// wantHeaders compares headers of an event.
func wantHeaders(t T, d amqp.Delivery, want amqp.Table) {
	t.Helper()
	for name, value := range want {
		got, wanted := fmt.Sprintf("%T %v", d.Headers[name], d.Headers[name]), fmt.Sprintf("%T %v", value, value)
		if got != wanted {
			t.Errorf("%s: header %s: got %s, want %s", d.RoutingKey, name, got, wanted)
		}
	}
}

// textOf returns a header that must be a text which is not empty.
func textOf(t T, d amqp.Delivery, name string) string {
	t.Helper()
	value, _ := d.Headers[name].(string)
	if value == "" {
		t.Fatalf("%s: header %s: got %v, want a text", d.RoutingKey, name, d.Headers[name])
	}
	return value
}

// portOf returns the port of an address, as events have it.
func portOf(t T, address string) int64 {
	t.Helper()
	var port int64
	if _, err := fmt.Sscan(address[strings.LastIndexByte(address, ':')+1:], &port); err != nil {
		t.Fatalf("port of %q: %v", address, err)
	}
	return port
}
