package management

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/internal/auth"
)

// shows asks for something, which must have the fields that are wanted.
func (s *site) shows(path, want string) {
	s.Helper()
	w := s.ask("guest", "GET", path, "")
	var got, wanted any
	s.ok(json.Unmarshal([]byte(want), &wanted))
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || !holds(got, wanted) {
		s.Errorf("%s:\n got %d %s\nwant %s", path, w.Code, w.Body, want)
	}
}

// holds reports whether a value is the one wanted: of objects the fields that are, of
// lists all elements.
func holds(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, is := got.(map[string]any)
		for key, field := range want {
			is = is && holds(object[key], field)
		}
		return is
	case []any:
		list, is := got.([]any)
		is = is && len(list) == len(want)
		for i := range want {
			is = is && holds(list[i], want[i])
		}
		return is
	}
	return reflect.DeepEqual(got, want)
}

// does asks for something that must be answered so.
func (s *site) does(method, path, body string, status int) {
	s.Helper()
	if w := s.ask("guest", method, path, body); w.Code != status {
		s.Errorf("%s %s %s: got %d %s, want %d", method, path, body, w.Code, w.Body, status)
	}
}

// channel opens a channel in the virtual host /.
func (s *site) channel() (*amqp091.Connection, *amqp091.Channel) {
	s.Helper()
	conn, err := amqp091.DialConfig("amqp://broker", amqp091.Config{Dial: s.broker.Dial, SASL: []amqp091.Authentication{&amqp091.PlainAuth{Username: "guest", Password: "guest"}}})
	s.ok(err)
	s.Cleanup(func() { conn.Close() })
	ch, err := conn.Channel()
	s.ok(err)
	return conn, ch
}

func posting(key, payload string) string {
	return fmt.Sprintf(`{"routing_key":%q,"properties":{},"payload":%q,"payload_encoding":"string"}`, key, payload)
}

func TestWhatCannotBeOperated(t *testing.T) {
	long := strings.Repeat("x", 256)
	const refused = `{"error":"not_authorised","reason":"Access refused."}`
	const visit = `{"error":"not_authorised","reason":"User not authorised to access virtual host"}`
	tests := []struct {
		name               string
		user, method, path string
		body               string
		status             int
		want               string
	}{
		{"a queue whose name is too long", "guest", "PUT", "/api/queues/%2F/" + long, "", 400, bad(`"the name has 256 octets: want 255 or fewer"`)},
		{"an exchange whose name is too long", "guest", "PUT", "/api/exchanges/%2F/" + long, "", 400, bad(`"the name has 256 octets: want 255 or fewer"`)},
		{"a key that is too long", "guest", "POST", "/api/bindings/%2F/e/amq.direct/q/q", `{"routing_key":"` + long + `"}`, 400, bad(`"routing_key has 256 octets: want 255 or fewer"`)},
		{"a property that is too long", "guest", "POST", "/api/exchanges/%2F/amq.default/publish", `{"routing_key":"q","payload":"","payload_encoding":"string","properties":{"type":"` + long + `"}}`, 400, bad(`"type has 256 octets: want 255 or fewer"`)},
		{"arguments that are none", "guest", "PUT", "/api/queues/%2F/q", `{"arguments":5}`, 400, bad(`["not_a_table","arguments",5]`)},
		{"arguments with a long name", "guest", "PUT", "/api/queues/%2F/q", `{"arguments":{"` + long + `":1}}`, 400, bad(`"arguments: SYNTAX_ERROR - field name longer than 255 octets"`)},
		{"an ackmode that is none", "guest", "POST", "/api/queues/%2F/q/get", `{"ackmode":"x","count":1,"encoding":"auto"}`, 404, `{"error":"not_found","reason":"queue_not_found"}`},
		{"a queue in somebody else's virtual host", "man", "PUT", "/api/queues/%2F/c", "", 401, visit},
		{"a queue that the user may not configure", "man", "PUT", "/api/queues/a%2Fb/x", "", 401, refused},
		{"an exchange that the user may not configure", "man", "PUT", "/api/exchanges/a%2Fb/x", "", 401, refused},
		{"a binding that the user may not write to", "man", "POST", "/api/bindings/a%2Fb/e/amq.direct/q/q", "", 401, refused},
		{"a monitor in a virtual host without permissions", "mon", "PUT", "/api/queues/%2F/q", "", 401, refused},
		{"definitions by somebody who is no administrator", "man", "GET", "/api/definitions", "", 401, notAdmin},
		{"features by somebody who is no administrator", "man", "GET", "/api/feature-flags", "", 401, notAdmin},
		{"nodes by somebody who is no monitor", "man", "GET", "/api/nodes", "", 401, `{"error":"not_authorised","reason":"Not monitor user"}`},
		{"parameters by somebody who sets no policies", "man", "GET", "/api/parameters", "", 401, `{"error":"not_authorised","reason":"User not authorised to access object"}`},
		{"the cluster's name by somebody who is no administrator", "man", "PUT", "/api/cluster-name", `{"name":"x"}`, 401, notAdmin},
		{"a feature that is not there", "guest", "PUT", "/api/feature-flags/x/enable", "", 404, notThere},
		{"something of a connection that is not there", "guest", "GET", "/api/connections/x/y", "", 404, notThere},
		{"connections of others", "man", "DELETE", "/api/connections/username/guest", "", 401, `{"error":"not_authorised","reason":"User not authorised to access object"}`},
		{"limits of a name that there is not", "guest", "PUT", "/api/parameters/vhost-limits/%2F/limits", `{"value":{"max-x":1}}`, 400, bad(`"Validation failed\n\nUnrecognised terms [{<<\"max-x\">>,1}] in limits\n"`)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newSite(t).ask(test.user, test.method, test.path, test.body)
			if w.Code != test.status || w.Body.String() != test.want {
				t.Errorf("got  %d %s\nwant %d %s", w.Code, w.Body, test.status, test.want)
			}
		})
	}
}

func TestNumbersAreThoseOfTheLastConfirm(t *testing.T) {
	s := newSite(t)
	_, ch := s.channel()
	_, err := ch.QueueDeclare("q", false, false, false, false, nil)
	s.ok(err)
	s.ok(ch.Confirm(false))
	for n := 1; n <= 50; n++ {
		confirmed, err := ch.PublishWithDeferredConfirm("", "q", false, false, amqp091.Publishing{Body: []byte("body")})
		s.ok(err)
		confirmed.Wait()
		s.shows("/api/queues/%2F/q?columns=messages,message_bytes,message_stats.publish", fmt.Sprintf(`{"messages":%d,"message_bytes":%d,"message_stats":{"publish":%d}}`, n, 4*n, n))
		s.shows("/api/exchanges/%2F/amq.default?columns=message_stats", fmt.Sprintf(`{"message_stats":{"publish_in":%d,"publish_out":%d}}`, n, n))
		s.shows("/api/channels?columns=message_stats", fmt.Sprintf(`[{"message_stats":{"publish":%d,"confirm":%d}}]`, n, n))
		s.shows("/api/overview?columns=message_stats,queue_totals", fmt.Sprintf(`{"message_stats":{"publish":%d,"confirm":%d},"queue_totals":{"messages":%d}}`, n, n, n))
	}
}

func TestWhatHappenedOnClosedChannelsCounts(t *testing.T) {
	s := newSite(t)
	conn, ch := s.channel()
	s.ok(ch.Confirm(false))
	confirmed, err := ch.PublishWithDeferredConfirm("", "nowhere", false, false, amqp091.Publishing{})
	s.ok(err)
	confirmed.Wait()
	s.ok(ch.Close())
	s.shows("/api/channels", `[]`)
	s.shows("/api/overview", `{"message_stats":{"publish":1,"confirm":1,"drop_unroutable":1},"churn_rates":{"channel_created":1,"channel_closed":1,"connection_created":1}}`)
	s.ok(conn.Close())
	s.does("PUT", "/api/queues/%2F/q", "", 201)
	s.does("POST", "/api/exchanges/%2F/amq.default/publish", posting("q", "m"), 200)
	s.does("POST", "/api/queues/%2F/q/get", `{"count":2,"ackmode":"ack_requeue_false","encoding":"auto"}`, 200)
	s.shows("/api/overview", `{"message_stats":{"publish":2,"confirm":2,"get_no_ack":1,"get_empty":1,"deliver_get":1}}`)
}

// TestTheFirehoseKnows has messages copied that come and go by the API.
func TestTheFirehoseKnows(t *testing.T) {
	s := newSite(t)
	_, ch := s.channel()
	_, err := ch.QueueDeclare("copies", false, false, true, false, nil)
	s.ok(err)
	s.ok(ch.QueueBind("copies", "#", "amq.rabbitmq.trace", false, nil))
	s.does("PUT", "/api/queues/%2F/q", "", 201)
	s.does("PUT", "/api/vhosts/%2F", `{"description":"Default virtual host","tracing":true}`, 204)
	s.does("POST", "/api/exchanges/%2F/amq.default/publish", posting("q", "m"), 200)
	s.does("POST", "/api/exchanges/%2F/amq.default/publish", posting("nowhere", "lost"), 200)
	s.does("POST", "/api/queues/%2F/q/get", `{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}`, 200)
	for _, want := range []struct{ key, body string }{{"publish.", "m"}, {"publish.", "lost"}, {"deliver.q", "m"}} {
		d, ok, err := ch.Get("copies", true)
		s.ok(err)
		if !ok || d.RoutingKey != want.key || string(d.Body) != want.body || d.Headers["user"] != "guest" {
			t.Errorf("got %v %s %s of %v, want %s %s of guest", ok, d.RoutingKey, d.Body, d.Headers["user"], want.key, want.body)
		}
	}
}

// TestQueuesComeAndGo counts queues, and shows since when the first message waits.
func TestQueuesComeAndGo(t *testing.T) {
	s := newSite(t)
	_, ch := s.channel()
	for _, name := range []string{"a", "b", "a"} {
		_, err := ch.QueueDeclare(name, false, false, false, false, nil)
		s.ok(err)
	}
	s.does("DELETE", "/api/queues/%2F/b", "", 204)
	s.shows("/api/overview", `{"churn_rates":{"queue_declared":3,"queue_created":2,"queue_deleted":1}}`)
	s.shows("/api/nodes/harebell@test", `{"queue_declared":3,"queue_created":2,"queue_deleted":1}`)
	s.shows("/api/queues/%2F/a", `{"head_message_timestamp":null}`)
	s.ok(ch.Publish("", "a", false, false, amqp091.Publishing{Timestamp: time.Unix(12345, 0)}))
	s.ok(ch.Qos(1, 0, false)) // when it is answered the message is there
	s.shows("/api/queues/%2F/a", `{"head_message_timestamp":12345}`)
}

func TestTransactionsAreShown(t *testing.T) {
	s := newSite(t)
	_, ch := s.channel()
	_, err := ch.QueueDeclare("q", false, false, false, false, nil)
	s.ok(err)
	s.ok(ch.Publish("", "q", false, false, amqp091.Publishing{}))
	s.ok(ch.Tx())
	d, ok, err := ch.Get("q", false)
	if err != nil || !ok {
		t.Fatalf("got nothing, error %v", err)
	}
	s.ok(d.Ack(false))
	s.ok(ch.Publish("", "q", false, false, amqp091.Publishing{}))
	s.ok(ch.Qos(3, 0, true)) // when it is answered the others have been carried out
	s.shows("/api/channels", `[{"transactional":true,"confirm":false,"messages_uncommitted":1,"acks_uncommitted":1,"global_prefetch_count":3}]`)
	s.ok(ch.TxCommit())
	s.shows("/api/channels", `[{"messages_uncommitted":0,"acks_uncommitted":0,"message_stats":{"publish":2,"ack":1,"get":1}}]`)
}

func TestRatesAreTakenBetweenReads(t *testing.T) {
	s := newSite(t)
	s.does("PUT", "/api/queues/%2F/q", "", 201)
	rates := func() (published, there float64) {
		var got struct {
			Stats struct {
				Publish rate `json:"publish_details"`
			} `json:"message_stats"`
			Messages rate `json:"messages_details"`
		}
		s.ok(json.Unmarshal(s.ask("guest", "GET", "/api/queues/%2F/q", "").Body.Bytes(), &got))
		return math.Round(got.Stats.Publish.Rate), math.Round(got.Messages.Rate) // the clock does not stand still
	}
	publish := func(n int) {
		for range n {
			s.does("POST", "/api/exchanges/%2F/amq.default/publish", posting("q", "m"), 200)
		}
	}
	publish(1)
	for _, step := range []struct {
		name    string
		publish int
		pass    time.Duration
		want    float64
	}{
		{"nobody has looked before", 0, 0, 0},
		{"too soon to tell", 5, 500 * time.Millisecond, 0},
		{"since somebody has looked", 5, 1500 * time.Millisecond, 5},
		{"for five seconds", 0, 3 * time.Second, 2},
		{"and from then on", 10, 5 * time.Second, 2},
		{"nothing any more", 0, 5 * time.Second, 0},
		{"after a while nobody knows what was", 10, 10 * time.Minute, 0},
	} {
		publish(step.publish)
		s.broker.Advance(step.pass)
		if published, there := rates(); published != step.want || there != step.want {
			t.Errorf("%s: got %v published and %v more messages in a second, want %v", step.name, published, there, step.want)
		}
	}
	s.broker.Advance(time.Hour)
	s.rates.mu.Lock()
	defer s.rates.mu.Unlock()
	if n := len(s.rates.of); n > 0 || s.rates.timer != nil {
		t.Errorf("after an hour %d samples are left, want none", n)
	}
}

func TestAttemptsToLogInAreCounted(t *testing.T) {
	s := newSite(t)
	s.channel()
	go amqp091.DialConfig("amqp://broker", amqp091.Config{ // is refused after a while, or when the broker ends
		Dial: s.broker.Dial, SASL: []amqp091.Authentication{&amqp091.PlainAuth{Username: "guest", Password: "wrong"}},
	})
	s.ok(s.broker.Await(t.Context(), func() bool {
		_, refused := s.Server.broker.Attempts()
		return refused > 0
	}))
	s.ask("eve", "GET", "/api/whoami", "")
	const path = "/api/auth/attempts/harebell@test"
	s.shows(path, `[{"protocol":"amqp091","auth_attempts":2,"auth_attempts_failed":1,"auth_attempts_succeeded":1},
		{"protocol":"http","auth_attempts":2,"auth_attempts_failed":1,"auth_attempts_succeeded":1}]`)
	s.does("DELETE", path, "", 204)
	s.shows(path, `[{"protocol":"amqp091","auth_attempts":0},{"protocol":"http","auth_attempts":1}]`)
	s.does("GET", "/api/auth/attempts/other", "", 404)
}

func TestAlarmsAreShown(t *testing.T) {
	s := newSite(t)
	s.does("GET", "/api/health/checks/alarms", "", 200)
	s.Server.broker.SetAlarm("memory", true)
	s.does("GET", "/api/health/checks/local-alarms", "", 503)
	s.shows("/api/health/checks/alarms", `{"status":"failed","reason":"There are alarms in effect in the cluster","alarms":[{"node":"harebell@test","resource":"memory"}]}`)
	s.shows("/api/nodes", `[{"mem_alarm":true,"disk_free_alarm":false}]`)
	w := s.ask("guest", "POST", "/api/exchanges/%2F/amq.default/publish", posting("q", "m"))
	if want := bad(`"506 RESOURCE_ERROR - the broker is low on memory: want to publish later"`); w.Code != 400 || w.Body.String() != want {
		t.Errorf("publish: got %d %s, want 400 %s", w.Code, w.Body, want)
	}
}

func TestListenersAreShown(t *testing.T) {
	s := newSite(t)
	s.options.Listeners = []Listener{{"amqp", tcp(5672)}, {"amqp/ssl", tcp(5671)}}
	s.shows("/api/health/checks/port-listener/5672", `{"status":"ok","port":5672}`)
	s.shows("/api/health/checks/port-listener/5673", `{"status":"failed","missing":5673,"ports":[5672,5671]}`)
	s.shows("/api/health/checks/protocol-listener/amqp091", `{"status":"ok","protocol":"amqp091"}`)
	s.shows("/api/health/checks/protocol-listener/amqps", `{"status":"ok"}`)
	s.shows("/api/health/checks/protocol-listener/mqtt", `{"status":"failed","protocols":["amqp","amqp/ssl"]}`)
	s.shows("/api/overview", `{"listeners":[{"protocol":"amqp","port":5672},{"protocol":"amqp/ssl","port":5671}]}`)
}

func TestDefinitionsMoveToAnotherBroker(t *testing.T) {
	from, to := newSite(t), newSite(t)
	from.put(auth.User{Name: "ann", Tags: []string{"policymaker"}}.WithPassword("secret"))
	for _, step := range [][3]string{
		{"PUT", "/api/vhosts/new", `{"description":"d","tags":"x","default_queue_type":"quorum"}`},
		{"PUT", "/api/permissions/new/ann", `{"configure":"c","write":"w","read":"r"}`},
		{"PUT", "/api/topic-permissions/new/ann", `{"exchange":"amq.topic","write":"w","read":"r"}`},
		{"PUT", "/api/vhost-limits/new/max-queues", `{"value":9}`},
		{"PUT", "/api/user-limits/ann/max-channels", `{"value":8}`},
		{"PUT", "/api/policies/new/p", `{"pattern":"^q","definition":{"max-length":3},"apply-to":"queues","priority":2}`},
		{"PUT", "/api/operator-policies/new/o", `{"pattern":"^q","definition":{"max-length":2}}`},
		{"PUT", "/api/global-parameters/g", `{"value":{"a":[1,"b"]}}`},
		{"PUT", "/api/queues/new/q", `{"durable":true,"arguments":{"x-queue-type":"classic","x-max-priority":3}}`},
		{"PUT", "/api/queues/new/of%20default", `{"durable":true}`},
		{"PUT", "/api/exchanges/new/x", `{"type":"headers","durable":true,"arguments":{"alternate-exchange":"amq.fanout"}}`},
		{"PUT", "/api/exchanges/new/y", `{"type":"topic","durable":true}`},
		{"POST", "/api/bindings/new/e/x/q/q", `{"arguments":{"x-match":"all","n":1}}`},
		{"POST", "/api/bindings/new/e/x/e/y", `{"routing_key":"k"}`},
	} {
		if w := from.ask("guest", step[0], step[1], step[2]); w.Code > 204 {
			t.Fatalf("%s %s: %d %s", step[0], step[1], w.Code, w.Body)
		}
	}
	definitions := from.ask("guest", "GET", "/api/definitions", "").Body.String()
	to.does("POST", "/api/definitions", definitions, 204)
	if got := to.ask("guest", "GET", "/api/definitions", "").Body.String(); got != definitions {
		t.Errorf("exported again:\n got %s\nwant %s", got, definitions)
	}
	to.does("POST", "/api/definitions", definitions, 204) // again changes nothing
	part := from.ask("guest", "GET", "/api/definitions/new", "").Body.String()
	to.does("PUT", "/api/vhosts/other", "", 201)
	to.does("POST", "/api/definitions/other", part, 204)
	to.shows("/api/bindings/other/e/x/q/q", `[{"arguments":{"x-match":"all","n":1}}]`)
	to.shows("/api/policies/other", `[{"name":"p","priority":2}]`)
	to.shows("/api/operator-policies/other", `[{"name":"o"}]`)
	to.shows("/api/queues/other?columns=name,type", `[{"name":"of default","type":"quorum"},{"name":"q","type":"classic"}]`)
}

func TestDefinitionsThatCannotBeImported(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"no object", `[]`, `"failed_to_parse_json"`},
		{"broken off", `{"users":[`, `"failed_to_parse_json"`},
		{"no list", `{"queues":5}`, `"definitions: queues is a number: want []management.definedQueue"`},
		{"a virtual host that is not there", `{"queues":[{"name":"q","vhost":"x"}]}`, `"queue 'q': virtual host 'x' is not there: want it among the definitions, or made before"`},
		{"a queue that cannot be", `{"queues":[{"name":"q","vhost":"/","arguments":{"x-message-ttl":-1}}]}`, `"queue 'q': invalid arg 'x-message-ttl' for queue 'q' in vhost '/': {value_negative,-1}"`},
		{"an exchange of no type there is", `{"exchanges":[{"name":"x","vhost":"/","type":"round"}]}`, `"exchange 'x': unknown exchange type 'round'"`},
		{"a binding of what is not there", `{"bindings":[{"source":"x","vhost":"/","destination":"q","destination_type":"queue"}]}`, `"binding of 'q' to 'x': no exchange 'x' in vhost '/'"`},
		{"a hash that is none", `{"users":[{"name":"u","password_hash":"!"}]}`, `"users[0]: [not_base64 !]"`},
		{"permissions of nobody", `{"permissions":[{"user":"nobody","vhost":"/","configure":"","write":"","read":""}]}`, `"permissions[0]: vhost_or_user_not_found"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newSite(t).ask("guest", "POST", "/api/definitions", test.body)
			if w.Code != 400 || w.Body.String() != bad(test.want) {
				t.Errorf("got  %d %s\nwant 400 %s", w.Code, w.Body, bad(test.want))
			}
		})
	}
}

func TestDefinitionsWithAPlainPassword(t *testing.T) {
	s := newSite(t)
	s.does("POST", "/api/definitions", `{"users":[{"name":"u","password":"u","tags":"management"}]}`, 204)
	if w := s.ask("u", "GET", "/api/whoami", ""); w.Code != 200 {
		t.Errorf("got %d %s, want the user to be let in", w.Code, w.Body)
	}
}

func TestDefinitionsAsAFileInAForm(t *testing.T) {
	s := newSite(t)
	body := "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"d.json\"\r\n\r\n" +
		`{"vhosts":[{"name":"of a form"}]}` + "\r\n--b--\r\n"
	if w := s.ask("guest", "POST", "/api/definitions", body, "content-type", "multipart/form-data; boundary=b"); w.Code != 204 {
		t.Fatalf("got %d %s, want 204", w.Code, w.Body)
	}
	s.does("GET", "/api/vhosts/of%20a%20form", "", 200)
	endless := "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"d.json\"\r\n\r\n{" + strings.Repeat(" ", largeMost+1)
	w := s.ask("guest", "POST", "/api/definitions", endless, "content-type", "multipart/form-data; boundary=b")
	if w.Code != 400 || !strings.Contains(w.Body.String(), "request body size limit") {
		t.Errorf("got %d %s, want it refused as too large", w.Code, w.Body)
	}
}

func TestManyQueuesAreListed(t *testing.T) {
	s := newSite(t)
	v, err := s.vhosts.Get("/")
	s.ok(err)
	const many = 2000
	for i := range many {
		s.ok(definedQueue{Name: fmt.Sprintf("q%04d", i)}.declare(v, "guest"))
	}
	var all []struct{ Name string }
	s.ok(json.Unmarshal(s.ask("guest", "GET", "/api/queues?columns=name", "").Body.Bytes(), &all))
	if len(all) != many || all[many-1].Name != "q1999" {
		t.Errorf("got %d queues, want %d", len(all), many)
	}
	s.shows("/api/queues?page=4&page_size=500&sort=name&sort_reverse=true&columns=name&name=q1", `{"error":"page_out_of_range"}`)
	s.shows("/api/queues?page=2&page_size=500&sort=name&sort_reverse=true&name=q1", `{"total_count":2000,"filtered_count":1000,"item_count":500,"page_count":2}`)
}

func tcp(port int) net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }

// BenchmarkLists lists 10,000 queues, as a whole and by pages.
func BenchmarkLists(b *testing.B) {
	s := newSite(b)
	v, err := s.vhosts.Get("/")
	s.ok(err)
	const many = 10_000
	for i := range many {
		s.ok(definedQueue{Name: fmt.Sprintf("q%05d", i)}.declare(v, "guest"))
	}
	for _, query := range []string{"", "?columns=name,messages", "?page=3&page_size=100", "?page=3&page_size=100&sort=messages&sort_reverse=true"} {
		b.Run("queues"+query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if w := s.ask("guest", "GET", "/api/queues"+query, ""); w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/many, "ns/queue")
		})
	}
}
