package testapi

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/internal/amqpjson"
)

func TestClock(t *testing.T) {
	f := start(t, amqptest.WithManualClock(), amqptest.WithSystemHeartbeats())
	dawn := f.broker.Now()
	f.declare(f.channel(f.broker.URL()), "q", amqp091.Table{"x-message-ttl": 60_000})
	f.publish("q", "m")
	var c Clock
	f.do("GET", Path("clock"), nil, &c)
	if !c.Now.Equal(dawn) {
		t.Errorf("got %v, want %v", c.Now, dawn)
	}
	f.do("POST", Path("clock", "advance"), Advance{By: Duration(59 * time.Second)}, &c)
	if q := f.queue("q"); !c.Now.Equal(dawn.Add(59*time.Second)) || q.MessagesReady != 1 {
		t.Errorf("got %v and %d messages, want 59s later and one", c.Now, q.MessagesReady)
	}
	f.do("POST", Path("clock", "set"), SetClock{To: dawn.Add(time.Hour)}, &c)
	if q := f.queue("q"); !c.Now.Equal(dawn.Add(time.Hour)) || q.MessagesReady != 0 {
		t.Errorf("got %v and %d messages, want an hour later and none", c.Now, q.MessagesReady)
	}
}

func TestVHosts(t *testing.T) {
	f := start(t)
	var made VHost
	f.do("POST", Path("vhosts"), nil, &made)
	ch := f.channel(made.URL)
	closed := ch.NotifyClose(make(chan *amqp091.Error, 1))
	f.declare(ch, "q", nil)
	var all []VHost
	f.do("GET", Path("vhosts"), nil, &all)
	if len(all) != 2 || all[0].Name != "/" || all[1] != made || !strings.HasSuffix(all[0].URL, "/%2F") {
		t.Errorf("got %+v, want / and %+v", all, made)
	}
	f.do("POST", Path("reset"), In{made.Name}, nil)
	var queues []Queue
	f.do("GET", Path("queues", made.Name), nil, &queues)
	if len(queues) != 0 {
		t.Errorf("got %+v, want no queues", queues)
	}
	for _, vhost := range []string{"/", made.Name} {
		f.do("POST", Path("faults"), Injection{Fault: "nack publish", Pick: Pick{VHost: &vhost}}, nil)
	}
	f.do("DELETE", Path("vhosts", made.Name), nil, nil)
	var left []Fault
	f.do("GET", Path("faults"), nil, &left)
	if len(left) != 1 || *left[0].VHost != "/" {
		t.Errorf("got %+v, want only the fault of /", left)
	}
	if err := <-closed; err == nil || err.Code != 320 {
		t.Errorf("closed with %v, want 320", err)
	}
}

func TestSnapshots(t *testing.T) {
	f := start(t)
	ch := f.channel(f.broker.URL())
	f.declare(ch, "q", nil)
	f.publish("q", "kept")
	var taken Snapshot
	f.do("POST", Path("snapshots"), nil, &taken)
	if taken.ID != 1 || taken.VHost != "/" || taken.Taken.IsZero() {
		t.Errorf("got %+v, want snapshot 1 of /", taken)
	}
	f.publish("q", "lost")
	var other VHost
	f.do("POST", Path("vhosts"), nil, &other)
	f.do("POST", Path("snapshots", "1", "restore"), nil, nil)
	f.do("POST", Path("snapshots", "1", "restore"), In{other.Name}, nil)
	for _, vhost := range []string{"/", other.Name} {
		var messages []amqptest.Message
		f.do("GET", Path("queues", vhost, "q", "messages"), nil, &messages)
		if len(messages) != 1 || string(messages[0].Body) != "kept" {
			t.Errorf("%s: got %+v, want the message that was kept", vhost, messages)
		}
	}
	if p := f.refused("POST", "/api/test/snapshots/1/restore", `{"vhost": "mine"}`); p.Status != 404 {
		t.Errorf("into a missing virtual host: got %+v, want 404", p)
	}
	if p := f.refused("POST", "/api/test/snapshots/1/restore", `{"name": "x"}`); p.Status != 400 {
		t.Errorf("a wrong restore: got %+v, want 400", p)
	}
	for range snapshotsMost {
		f.do("POST", Path("snapshots"), nil, &taken)
	}
	var all []Snapshot
	f.do("GET", Path("snapshots"), nil, &all)
	if len(all) != snapshotsMost || all[0].ID != 2 || taken.ID != snapshotsMost+1 {
		t.Errorf("got %d, the first with id %d, want the last %d", len(all), all[0].ID, snapshotsMost)
	}
	f.do("DELETE", Path("snapshots", "2"), nil, nil)
	if p := f.refused("POST", "/api/test/snapshots/2/restore", ""); p.Status != 404 || !strings.Contains(p.Reason, "want one of [3 4") {
		t.Errorf("got %+v, want that 2 is not there", p)
	}
	if _, _, err := ch.Get("q", false); err != nil {
		t.Fatal(err)
	}
	if p := f.refused("POST", "/api/test/snapshots", ""); p.Status != 409 || p.Code != Conflict || !strings.Contains(p.Reason, "want them acked") {
		t.Errorf("with an unacked message: got %+v, want 409", p)
	}
}

func TestQueues(t *testing.T) {
	f := start(t)
	ch := f.channel(f.broker.URL())
	f.declare(ch, "q", amqp091.Table{"x-max-length": 10, "x-dead-letter-exchange": ""})
	for n := range 4 {
		f.publish("q", fmt.Sprint(n))
	}
	if err := ch.Qos(1, 0, false); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Consume("q", "", false, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	want := Queue{
		Name: "q", VHost: "/", Durable: true, Arguments: amqpjson.Table{"x-max-length": int64(10), "x-dead-letter-exchange": ""},
		Messages: 4, MessagesReady: 3, MessagesUnacknowledged: 1, Consumers: 1,
	}
	if got := f.queue("q"); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	var other VHost
	f.do("POST", Path("vhosts"), nil, &other)
	f.declare(f.channel(other.URL), "r", nil)
	for path, names := range map[string]string{
		Path("queues"):             "q,r",
		Path("queues", "/"):        "q",
		Path("queues", other.Name): "r",
	} {
		var all []Queue
		f.do("GET", path, nil, &all)
		var got []string
		for _, q := range all {
			got = append(got, q.Name)
		}
		if strings.Join(got, ",") != names {
			t.Errorf("%s: got %q, want %s", path, got, names)
		}
	}
	for query, want := range map[string]string{"": "123", "?count=2": "12"} {
		var messages []amqptest.Message
		f.do("GET", Path("queues", "/", "q", "messages")+query, nil, &messages)
		var got string
		for _, m := range messages {
			got += string(m.Body)
		}
		if got != want {
			t.Errorf("messages%s: got %s, want %s", query, got, want)
		}
	}
	var purged Purged
	f.do("POST", Path("purge"), QueueName{Queue: "q"}, &purged)
	if q := f.queue("q"); purged.MessageCount != 3 || q.MessagesReady != 0 || q.MessagesUnacknowledged != 1 {
		t.Errorf("purge: got %d, and left %+v, want 3 and one unacked", purged.MessageCount, q)
	}
}

func TestExchanges(t *testing.T) {
	f := start(t)
	ch := f.channel(f.broker.URL())
	f.declare(ch, "q", nil)
	if err := ch.ExchangeDeclare("x", "topic", true, true, false, false, amqp091.Table{"alternate-exchange": "amq.fanout"}); err != nil {
		t.Fatal(err)
	}
	if err := ch.QueueBind("q", "a.#", "x", false, amqp091.Table{"n": 1}); err != nil {
		t.Fatal(err)
	}
	if err := ch.ExchangeBind("amq.topic", "b", "x", false, nil); err != nil {
		t.Fatal(err)
	}
	var got Exchange
	f.do("GET", Path("exchanges", "/", "x"), nil, &got)
	want := Exchange{
		Name: "x", VHost: "/", Type: "topic", Durable: true, AutoDelete: true, Arguments: amqpjson.Table{"alternate-exchange": "amq.fanout"},
		Bindings: []Binding{
			{Source: "x", Destination: "q", DestinationType: "queue", RoutingKey: "a.#", Arguments: amqpjson.Table{"n": int64(1)}},
			{Source: "x", Destination: "amq.topic", DestinationType: "exchange", RoutingKey: "b", Arguments: amqpjson.Table{}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	f.do("GET", Path("exchanges", "/", "amq.default"), nil, &got)
	if got.Name != "" || got.Type != "direct" || len(got.Bindings) != 1 || got.Bindings[0].RoutingKey != "q" {
		t.Errorf("default exchange: got %+v, want a binding of q", got)
	}
	for _, path := range []string{Path("exchanges"), Path("exchanges", "/")} {
		var all []Exchange
		f.do("GET", path, nil, &all)
		if len(all) != 9 || all[0].Name != "" || all[8].Name != "x" {
			t.Errorf("%s: got %+v, want 9, from the default one to x", path, all)
		}
	}
}

func TestPublish(t *testing.T) {
	f := start(t)
	ch := f.channel(f.broker.URL())
	f.declare(ch, "q", nil)
	if err := ch.QueueBind("q", "", "amq.headers", false, amqp091.Table{"x-match": "all", "n": 1}); err != nil {
		t.Fatal(err)
	}
	var published Published
	f.do("POST", Path("publish"), Publish{
		VHost: "/", Exchange: "amq.headers", RoutingKey: "k", Payload: "/wA=", PayloadEncoding: "base64",
		Properties: amqpjson.Properties{DeliveryMode: 2, MessageID: "id", Headers: amqp.Table{"n": int64(1), "deep": amqp.Table{"f": 1.5}}},
	}, &published)
	if !published.Routed {
		t.Error("got not routed, want routed")
	}
	d, ok, err := ch.Get("q", true)
	if err != nil || !ok {
		t.Fatalf("get: got %v, %v, want a message", ok, err)
	}
	headers := amqp091.Table{"n": int64(1), "deep": amqp091.Table{"f": 1.5}}
	if string(d.Body) != "\xff\x00" || d.RoutingKey != "k" || d.DeliveryMode != 2 || d.MessageId != "id" || !reflect.DeepEqual(d.Headers, headers) {
		t.Errorf("got %+v, want what was published", d)
	}
}

func TestAwaitAndIdle(t *testing.T) {
	f := start(t)
	ch := f.channel(f.broker.URL())
	awaited := make(chan error, 1)
	one, zero := 1, 0
	var q Queue
	go func() { // before there is such a queue
		awaited <- f.client.Do(t.Context(), "POST", Path("await"),
			Await{Queue: "q", MessagesReady: &one, MessagesUnacknowledged: &zero, Timeout: Duration(time.Minute)}, &q)
	}()
	f.declare(ch, "q", nil)
	if err := ch.Publish("", "q", false, false, amqp091.Publishing{}); err != nil {
		t.Fatal(err)
	}
	if err := <-awaited; err != nil || q.Name != "q" || q.MessagesReady != 1 {
		t.Errorf("got %+v, %v, want q with a message", q, err)
	}
	for n := range 20 {
		if err := ch.Publish("", "q", false, false, amqp091.Publishing{}); err != nil {
			t.Fatal(err)
		}
		f.do("POST", Path("idle"), Idle{}, nil)
		if q := f.queue("q"); q.Messages != n+2 {
			t.Errorf("got %d messages, want %d", q.Messages, n+2)
		}
	}
	f.do("POST", Path("await"), Await{Queue: "q", Messages: new(21), Consumers: &zero}, nil)
}

func TestIdleGivesUp(t *testing.T) {
	f := start(t)
	conn, err := f.broker.Dial("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil { // and does not read the answer
		t.Fatal(err)
	}
	if p := f.refused("POST", "/api/test/idle", `{"timeout": "10ms"}`); p.Status != 409 || p.Code != NotMet || !strings.Contains(p.Reason, "still at work: not within 10ms") {
		t.Errorf("got %+v, want 409", p)
	}
}

func TestJournal(t *testing.T) {
	f := start(t)
	f.declare(f.channel(f.broker.URL()), "q", nil)
	for _, body := range []string{"a", "b", "c"} {
		f.publish("q", body)
	}
	for query, want := range map[string]string{
		"": "connection-opened published routed published routed published routed",
		"?kind=published,routed&body=a&vhost=/&exchange=&routing_key=q": "published routed",
		"?kind=published&kind=routed&body=b":                            "published routed",
		"?queue=q&limit=2":                                              "routed routed",
		"?client=nobody":                                                "",
		"?body=d":                                                       "",
		"?after=5":                                                      "published routed",
		"?after=5&limit=1":                                              "published",
		"?after=7":                                                      "",
	} {
		var j Journal
		f.do("GET", Path("journal")+query, nil, &j)
		var got []string
		for _, e := range j.Events {
			got = append(got, e.Kind.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %s", query, got, want)
		}
		last := 7
		if strings.Contains(query, "limit") && len(j.Events) > 0 {
			last = j.Events[len(j.Events)-1].Number
		}
		if j.Last != last || j.Forgotten != 0 {
			t.Errorf("%s: got last %d, forgotten %d, want %d and 0", query, j.Last, j.Forgotten, last)
		}
	}

	var j Journal
	awaited := make(chan error, 1)
	go func() {
		awaited <- f.client.Do(t.Context(), "GET", Path("journal")+"?kind=published&after=7&wait=2&timeout=1m", nil, &j)
	}()
	f.publish("q", "d")
	f.publish("q", "e")
	if err := <-awaited; err != nil || len(j.Events) != 2 || string(j.Events[1].Message.Body) != "e" {
		t.Errorf("got %v, %v, want the publishes of d and e", j.Events, err)
	}
	f.do("DELETE", Path("journal"), nil, nil)
	f.do("GET", Path("journal"), nil, &j)
	if len(j.Events) != 0 || j.Last != 11 || j.Forgotten != 11 {
		t.Errorf("erased: got %+v, want nothing after 11", j)
	}
}

func TestCheck(t *testing.T) {
	f := start(t)
	var other VHost
	f.do("POST", Path("vhosts"), nil, &other)
	ch := f.channel(f.broker.URL())
	f.declare(ch, "q", nil)
	f.publish("q", "m")
	f.do("GET", Path("journal", "check"), nil, nil)
	if _, _, err := ch.Get("q", false); err != nil {
		t.Fatal(err)
	}
	if err := ch.Publish("", "nowhere", false, false, amqp091.Publishing{}); err != nil {
		t.Fatal(err)
	}
	f.do("POST", Path("idle"), nil, nil)
	p := f.refused("GET", "/api/test/journal/check?vhost=%2F", "")
	if p.Status != 409 || p.Code != CheckFailed || !strings.Contains(p.Reason, "left unacked:") || !strings.Contains(p.Reason, "no queue got it:") {
		t.Errorf("got %+v, want what was lost", p)
	}
	f.do("GET", Path("journal", "check")+"?vhost="+other.Name, nil, nil)
}

func TestFaults(t *testing.T) {
	f := start(t)
	ch := f.channel(f.broker.URL())
	f.declare(ch, "q", nil)
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	publish := func() bool {
		d, err := ch.PublishWithDeferredConfirm("", "q", false, false, amqp091.Publishing{})
		if err != nil {
			t.Fatal(err)
		}
		return d.Wait()
	}
	exchange := ""
	var added, again Fault
	f.do("POST", Path("faults"), Injection{Fault: "nack publish", Pick: Pick{Exchange: &exchange}, Times: 2}, &added)
	if added.ID != 1 || added.Fault != "nack publish" || added.Times != 2 || added.Hits != 0 || *added.Exchange != "" || added.VHost != nil {
		t.Errorf("got %+v, want the fault with id 1", added)
	}
	for i, want := range []bool{false, false, true} {
		if got := publish(); got != want {
			t.Errorf("publish %d: got %v, want %v", i, got, want)
		}
	}
	f.do("GET", Path("faults", "1"), nil, &again)
	if again.Hits != 2 {
		t.Errorf("got %d hits, want 2", again.Hits)
	}
	f.do("DELETE", Path("faults", "1"), nil, nil)
	for range 2 {
		f.do("POST", Path("faults"), Injection{Fault: "nack publish"}, &added)
	}
	if publish() {
		t.Error("a confirm, want a nack")
	}
	var all []Fault
	f.do("GET", Path("faults"), nil, &all)
	if len(all) != 2 || all[0].ID != 2 || all[0].Hits != 1 || all[1].Hits != 0 {
		t.Errorf("got %+v, want faults 2 and 3, the first of which has happened", all)
	}
	f.do("DELETE", Path("faults"), nil, nil)
	if !publish() {
		t.Error("a nack, want a confirm: no fault is left")
	}
	for range faultsMost {
		f.do("POST", Path("faults"), Injection{Fault: "nack publish"}, nil)
	}
	if p := f.refused("POST", "/api/test/faults", `{"fault": "nack publish"}`); p.Status != 409 || p.Reason != "there are 1000 faults already: delete some" {
		t.Errorf("got %+v, want 409", p)
	}
}

func TestFaultKindsAreThoseOfAmqptest(t *testing.T) {
	full := Injection{Code: 404, Delay: Duration(time.Second), Reason: "low on memory"}
	for _, k := range FaultKinds() {
		f := k.make(full)
		if f.String() != k.Name || f.Check() != nil || k.Does == "" {
			t.Errorf("%s: got %s, %v", k.Name, f, f.Check())
		}
	}
	if len(FaultKinds()) != 10 {
		t.Errorf("got %d kinds, want 10", len(FaultKinds()))
	}
}

func TestTrouble(t *testing.T) {
	f := start(t)
	conn, err := amqp091.DialConfig(f.broker.URL(), amqp091.Config{Properties: amqp091.Table{"connection_name": "tester"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) // the broker cuts it
	closed := conn.NotifyClose(make(chan *amqp091.Error, 1))
	blocked := conn.NotifyBlocked(make(chan amqp091.Blocking, 2))
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	f.declare(ch, "q", nil)
	f.do("PUT", Path("alarms", "disk"), nil, nil)
	if err := ch.Publish("", "q", false, false, amqp091.Publishing{}); err != nil {
		t.Fatal(err)
	}
	if b := <-blocked; !b.Active || b.Reason != "low on disk" {
		t.Errorf("got %+v, want blocked by low disk", b)
	}
	f.do("DELETE", Path("alarms", "disk"), nil, nil)
	if b := <-blocked; b.Active {
		t.Errorf("got %+v, want an end of it", b)
	}
	f.do("POST", Path("disk", "fail"), DiskFailure{Reason: "scratched"}, nil)
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	d, err := ch.PublishWithDeferredConfirm("", "q", false, false, amqp091.Publishing{DeliveryMode: 2})
	if err != nil {
		t.Fatal(err)
	}
	if d.Wait() {
		t.Error("a confirm, want a nack: the disk has failed")
	}
	var open []Connection
	f.do("GET", Path("connections"), nil, &open)
	if len(open) != 1 || open[0].UserProvidedName != "tester" || open[0].User != "guest" || open[0].VHost != "/" || open[0].Channels != 1 {
		t.Errorf("got %+v, want the tester's", open)
	}
	f.do("DELETE", Path("connections"), nil, nil)
	if err := <-closed; err == nil || err.Code == 320 {
		t.Errorf("closed with %v, want it cut", err)
	}
}

func TestRestartAndKill(t *testing.T) {
	f := start(t)
	f.declare(f.channel(f.broker.URL()), "q", nil)
	f.publish("q", "goes") // it is not persistent
	f.do("POST", Path("restart"), nil, nil)
	if q := f.queue("q"); q.Messages != 0 {
		t.Errorf("got %d messages, want none", q.Messages)
	}
	f.do("POST", Path("kill"), nil, nil)
	if _, err := amqp091.Dial(f.broker.URL()); err == nil {
		t.Error("a broker that was killed let a client in")
	}
	f.do("POST", Path("restart"), nil, nil)
	f.channel(f.broker.URL())
	if err := f.broker.Close(); err != nil {
		t.Fatal(err)
	}
	if p := f.refused("POST", "/api/test/restart", ""); p.Status != http.StatusInternalServerError || p.Code != Failed {
		t.Errorf("a closed broker: got %+v, want 500", p)
	}
}
