package management

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	rabbithole "github.com/michaelklishin/rabbit-hole/v3"
)

// TestRabbitHole asks as Go programs do that administer RabbitMQ, among them its
// Terraform provider and its operators for Kubernetes.
func TestRabbitHole(t *testing.T) {
	s := newSite(t)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	c, err := rabbithole.NewClient(web.URL, "guest", "guest")
	s.ok(err)
	done := func(answer *http.Response, err error) {
		t.Helper()
		s.ok(err)
		if answer.StatusCode > 204 {
			t.Errorf("%s %s: got %s", answer.Request.Method, answer.Request.URL, answer.Status)
		}
	}

	overview, err := c.Overview()
	s.ok(err)
	if overview.RabbitMQVersion != "4.2.0" || overview.Node != "harebell@test" || len(overview.ExchangeTypes) < 4 {
		t.Errorf("overview: got %+v", overview)
	}
	done(c.DeclareQueue("/", "q", rabbithole.QueueSettings{Durable: true, Arguments: map[string]any{"x-max-length": 5}}))
	done(c.DeclareExchange("/", "x", rabbithole.ExchangeSettings{Type: "topic", Durable: true}))
	binding := rabbithole.BindingInfo{Source: "x", Vhost: "/", Destination: "q", DestinationType: "queue", RoutingKey: "a.#", Arguments: map[string]any{"k": "v"}}
	done(c.DeclareBinding("/", binding))
	done(c.PutPolicy("/", "p", rabbithole.Policy{Pattern: "^q", ApplyTo: "queues", Definition: rabbithole.PolicyDefinition{"max-length": 3}}))
	_, ch := s.channel()
	_, err = ch.Consume("q", "tag", false, false, false, false, nil)
	s.ok(err)
	s.does("POST", "/api/exchanges/%2F/x/publish", posting("a.b", "m"), 200)

	q, err := c.GetQueue("/", "q")
	s.ok(err)
	if q.Messages != 1 || q.MessagesUnacknowledged != 1 || q.Consumers != 1 || q.Policy != "p" || q.Status != "running" || q.MessageStats.Publish != 1 {
		t.Errorf("queue: got %+v", q)
	}
	if q.ConsumerDetails == nil || len(*q.ConsumerDetails) != 1 || (*q.ConsumerDetails)[0].ConsumerTag != "tag" {
		t.Errorf("consumers of the queue: got %+v", q.ConsumerDetails)
	}
	x, err := c.GetExchange("/", "x")
	s.ok(err)
	if x.Type != "topic" || !x.Durable {
		t.Errorf("exchange: got %+v", x)
	}
	connections, err := c.ListConnections()
	s.ok(err)
	channels, err := c.ListChannels()
	s.ok(err)
	consumers, err := c.ListConsumers()
	s.ok(err)
	if len(connections) != 1 || len(channels) != 1 || len(consumers) != 1 || channels[0].ConsumerCount != 1 {
		t.Errorf("got connections %+v, channels %+v, consumers %+v, want one of each", connections, channels, consumers)
	}
	_, err = c.GetConnection(connections[0].Name)
	s.ok(err)
	_, err = c.GetChannel(channels[0].Name)
	s.ok(err)
	_, err = c.ListNodes()
	s.ok(err)
	_, err = c.GetNode("harebell@test")
	s.ok(err)
	queues, err := c.PagedListQueuesWithParameters(map[string][]string{"page": {"1"}, "page_size": {"10"}})
	s.ok(err)
	if queues.TotalCount != 1 || len(queues.Items) != 1 {
		t.Errorf("page of queues: got %+v", queues)
	}

	bindings, err := c.ListQueueBindings("/", "q")
	s.ok(err)
	i := slices.IndexFunc(bindings, func(b rabbithole.BindingInfo) bool { return b.Source == "x" })
	if i < 0 {
		t.Fatalf("bindings: got %+v", bindings)
	}
	done(c.DeleteBinding("/", bindings[i]))
	definitions, err := c.ListDefinitions()
	s.ok(err)
	if definitions.Queues == nil || len(*definitions.Queues) != 1 || definitions.Policies == nil || len(*definitions.Policies) != 1 {
		t.Errorf("definitions: got %+v", definitions)
	}
	definitions.Permissions = nil // the client does not keep whose they are
	done(c.UploadDefinitions(definitions))
	for _, check := range []func() (rabbithole.ResourceAlarmCheckStatus, error){c.HealthCheckAlarms, c.HealthCheckLocalAlarms} {
		status, err := check()
		s.ok(err)
		if !status.Ok() {
			t.Errorf("alarms: got %+v", status)
		}
	}
	name, err := c.GetClusterName()
	s.ok(err)
	if name.Name != "harebell@test" {
		t.Errorf("cluster name: got %+v", name)
	}
	done(c.SetClusterName(rabbithole.ClusterName{Name: "new"}))
	done(c.PurgeQueue("/", "q"))
	done(c.DeleteQueue("/", "q"))
	done(c.DeleteExchange("/", "x"))
	done(c.PutUser("u", rabbithole.UserSettings{PasswordHash: base64.StdEncoding.EncodeToString(make([]byte, 36)), Tags: rabbithole.UserTags{"management"}}))
	done(c.CloseConnection(connections[0].Name))
}
