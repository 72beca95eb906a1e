package conformance

import (
	"encoding/json"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// connectionOf returns the name of a session's connection, once the API knows it.
func (a *admin) connectionOf(s *session) string {
	a.t.Helper()
	local := s.connection.LocalAddr().String()
	name := ""
	eventually(a.t, "connection from "+local, func() bool {
		var all []struct{ Name string }
		if err := json.Unmarshal([]byte(a.ask("GET", []string{"connections"}, "").body), &all); err != nil {
			a.t.Fatalf("connections: %v", err)
		}
		for _, c := range all {
			if strings.HasPrefix(c.Name, local+" -> ") {
				name = c.Name
			}
		}
		return name != ""
	})
	return name
}

// shows waits until something is shown with these fields.
func (a *admin) shows(path []string, want string) {
	a.t.Helper()
	var got answer
	eventually(a.t, want, func() bool {
		got = a.ask("GET", path, "")
		return got.status == 200 && holds(fromJSON(a.t, got.body), fromJSON(a.t, want))
	})
}

func TestAPIShowsConnections(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	name := a.connectionOf(s)
	want := `{"name":"` + name + `","type":"network","protocol":"AMQP 0-9-1","vhost":"` + target.vhost + `","user":"` + target.user +
		`","state":"running","ssl":false,"auth_mechanism":"PLAIN","channels":1}`
	a.shows([]string{"connections", name}, want)
	a.shows([]string{"connections", name}, `{"client_properties":{"product":"AMQP 0.9.1 Client"}}`)
	a.want(a.ask("GET", []string{"connections", name + "x"}, ""), 404, notThere)
	a.want(a.ask("GET", []string{"vhosts", a.newVHost(), "connections"}, ""), 200, `[]`)
	stranger := a.as(a.newUser("management"))
	stranger.want(stranger.ask("GET", []string{"connections"}, ""), 200, `[]`)
	stranger.want(stranger.ask("GET", []string{"connections", name}, ""), 401, `{"error":"not_authorised","reason":"User not authorised to access object"}`)
	monitor := a.as(a.newUser("monitoring"))
	monitor.want(monitor.ask("GET", []string{"connections", name}, ""), 200, `{"name":"`+name+`"}`)
}

func TestAPIShowsChannelsAndConsumers(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	name := a.connectionOf(s)
	q := s.shared(amqp.Table{"x-single-active-consumer": true})
	s.ok(s.Qos(7, 0, false))
	s.confirm()
	for _, tag := range []string{"first", "second"} {
		_, err := s.Consume(q, tag, false, false, false, false, amqp.Table{"x-foo": "bar"})
		s.ok(err)
	}
	channel := name + " (1)"
	a.shows([]string{"channels", channel}, `{"name":"`+channel+`","number":1,"confirm":true,"transactional":false,"consumer_count":2,"user":"`+target.user+
		`","vhost":"`+target.vhost+`","connection_details":{"name":"`+name+`"}}`)
	a.shows([]string{"connections", name, "channels"}, `[{"name":"`+channel+`"}]`)
	consumer := func(tag, status, active string) string {
		return `{"consumer_tag":"` + tag + `","queue":{"name":"` + q + `","vhost":"` + target.vhost + `"},"ack_required":true,"exclusive":false,"prefetch_count":7,
			"active":` + active + `,"activity_status":"` + status + `","arguments":{"x-foo":"bar"},
			"channel_details":{"name":"` + channel + `","number":1,"connection_name":"` + name + `","user":"` + target.user + `"}}`
	}
	a.shows([]string{"queues", target.vhost, q}, `{"consumers":2,"single_active_consumer_tag":"first","exclusive_consumer_tag":null}`)
	first, second := consumer("first", "single_active", "true"), consumer("second", "waiting", "false")
	eventually(t, "both consumers", func() bool {
		got := fromJSON(t, a.ask("GET", []string{"queues", target.vhost, q}, "").body)
		return holds(got, fromJSON(t, `{"consumer_details":[`+first+","+second+`]}`)) || // in whatever order
			holds(got, fromJSON(t, `{"consumer_details":[`+second+","+first+`]}`))
	})
}

func TestAPICountsWhatHappens(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	name := a.connectionOf(s)
	x, q := s.exchange("direct", nil), s.shared(nil)
	s.bind(q, x, "k", nil)
	s.confirm()
	for range 3 {
		s.confirmed(x, "k", amqp.Publishing{Body: []byte("body")})
	}
	s.confirmed(x, "nowhere", amqp.Publishing{})
	c := s.consume(q)
	d := c.next()
	s.ok(d.Ack(false))
	c.next()
	a.shows([]string{"queues", target.vhost, q}, `{"messages":2,"messages_ready":0,"messages_unacknowledged":2,"message_bytes":8,"consumers":1}`)
	a.shows([]string{"queues", target.vhost, q}, `{"message_stats":{"publish":3,"deliver":3,"deliver_get":3,"ack":1}}`)
	a.shows([]string{"exchanges", target.vhost, x}, `{"message_stats":{"publish_in":4,"publish_out":3}}`)
	a.shows([]string{"channels", name + " (1)"}, `{"messages_unacknowledged":2,"messages_unconfirmed":0,"message_stats":{"publish":4,"confirm":4,"drop_unroutable":1,"deliver":3,"ack":1}}`)
}

func TestAPIShowsWhoseAnExclusiveQueueIs(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	name := a.connectionOf(s)
	a.shows([]string{"queues", target.vhost, s.queue(nil)}, `{"exclusive":true,"owner_pid_details":{"name":"`+name+`"}}`)
}

func TestAPIOverview(t T) {
	t.Parallel()
	a := administer(t)
	got := a.ask("GET", []string{"overview"}, "")
	a.want(got, 200, `{"rates_mode":"basic","queue_totals":{},"object_totals":{},"churn_rates":{}}`)
	for _, key := range []string{"management_version", "rabbitmq_version", "product_name", "cluster_name", "node", "exchange_types", "listeners", "contexts", "erlang_version"} {
		if !strings.Contains(got.body, `"`+key+`":`) {
			t.Errorf("no %s in %s", key, got.body)
		}
	}
	var overview struct{ Node string }
	if err := json.Unmarshal([]byte(got.body), &overview); err != nil {
		t.Fatalf("overview: %v", err)
	}
	a.shows([]string{"nodes"}, `[{"name":"`+overview.Node+`","type":"disc","running":true,"partitions":[],"mem_alarm":false}]`)
	a.want(a.ask("GET", []string{"nodes", overview.Node}, ""), 200, `{"name":"`+overview.Node+`"}`)
	manager := a.as(a.newUser("management"))
	manager.want(manager.ask("GET", []string{"nodes"}, ""), 401, `{"error":"not_authorised","reason":"Not monitor user"}`)
	if got := manager.ask("GET", []string{"overview"}, ""); got.status != 200 || strings.Contains(got.body, `"listeners"`) {
		t.Errorf("somebody who is no monitor: got %d %s, want no listeners", got.status, got.body)
	}
}

func TestAPIHealthChecks(t T) {
	t.Parallel()
	a := administer(t)
	for _, check := range [][]string{{"health", "checks", "virtual-hosts"}, {"healthchecks", "node"}} {
		a.shows(check, `{"status":"ok"}`) // fails while a virtual host of somebody's comes or goes
	}
	requests(t,
		request{"GET", "health/checks/node-is-quorum-critical", "", 200, `{"status":"ok","reason":"single node cluster"}`},
		request{"GET", "health/checks/port-listener/1", "", 503, `{"status":"failed","reason":"No active listener","missing":1}`},
		request{"GET", "health/checks/port-listener/x", "", 400, bad(`"Invalid port"`)},
		request{"GET", "health/checks/protocol-listener/smoke", "", 503, `{"status":"failed","reason":"No active listener","missing":"smoke"}`},
		request{"GET", "health/checks/certificate-expiration/1/weeks", "", 200, `{"status":"ok"}`},
		request{"GET", "health/checks/certificate-expiration/1/x", "", 400, bad(`"Time unit not recognised. Supported units: days, weeks, months, years."`)},
		request{"GET", "health/checks/certificate-expiration/x/weeks", "", 400, bad(`"Invalid expiration value."`)},
		request{"GET", "aliveness-test/{v}", "", 200, `{"status":"ok"}`},
		request{"GET", "aliveness-test/{v}.not", "", 404, notThere},
	)
}

func TestAPIParameters(t T) {
	t.Parallel()
	requests(t,
		request{"GET", "parameters/vhost-limits/{v}", "", 200, `[]`},
		request{"PUT", "parameters/vhost-limits/{v}/limits", `{"value":{"max-queues":5}}`, 201, ""},
		request{"PUT", "parameters/vhost-limits/{v}/limits", `{"value":{"max-connections":6}}`, 204, ""},
		request{"GET", "parameters/vhost-limits/{v}/limits", "", 200, `{"vhost":"{v}","component":"vhost-limits","name":"limits","value":{"max-connections":6}}`},
		request{"GET", "vhost-limits/{v}", "", 200, `[{"vhost":"{v}","value":{"max-connections":6}}]`},
		request{"DELETE", "parameters/vhost-limits/{v}/limits", "", 204, ""},
		request{"DELETE", "parameters/vhost-limits/{v}/limits", "", 404, notThere},
		request{"PUT", "parameters/other/{v}/p", `{"value":1}`, 400, bad(`"Validation failed\n\ncomponent other not found\n"`)},
		request{"PUT", "parameters/other/{v}.not/p", `{"value":1}`, 404, `{"reason":"vhost_not_found"}`},
		request{"PUT", "parameters/vhost-limits/{v}/limits", `{}`, 400, bad(`"[{key_missing,value}]"`)},
		request{"PUT", "global-parameters/{v}", `{"value":{"a":[1]}}`, 201, ""},
		request{"PUT", "global-parameters/{v}", `{"value":"b"}`, 204, ""},
		request{"GET", "global-parameters/{v}", "", 200, `{"name":"{v}","value":"b"}`},
		request{"DELETE", "global-parameters/{v}", "", 204, ""},
		request{"GET", "global-parameters/{v}", "", 404, notThere},
		request{"DELETE", "global-parameters/{v}", "", 404, notThere},
	)
}

func TestAPICountsAttemptsToLogIn(t T) {
	t.Parallel()
	a := administer(t)
	var nodes []struct{ Name string }
	if err := json.Unmarshal([]byte(a.ask("GET", []string{"nodes"}, "").body), &nodes); err != nil || len(nodes) == 0 {
		t.Fatalf("nodes: %v, error %v", nodes, err)
	}
	got := a.ask("GET", []string{"auth", "attempts", nodes[0].Name}, "")
	for _, key := range []string{`"protocol":"http"`, `"auth_attempts":`, `"auth_attempts_failed":`, `"auth_attempts_succeeded":`} {
		if got.status != 200 || !strings.Contains(got.body, key) {
			t.Errorf("got %d %s, want %s", got.status, got.body, key)
		}
	}
}
