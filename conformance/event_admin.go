package conformance

import (
	"net/url"

	amqp "github.com/rabbitmq/amqp091-go"
)

// openIn is open in a virtual host.
func openIn(t T, vhost string) *session {
	t.Helper()
	address, err := url.Parse(target.url)
	if err != nil {
		t.Fatalf("%v", err)
	}
	address.Path, address.RawPath = "/"+vhost, ""
	connection, err := amqp.Dial(address.String())
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { connection.Close() })
	return newSession(t, connection, connection.NotifyClose(make(chan *amqp.Error, 1)))
}

func TestEventsOfUsers(t T) {
	t.Parallel()
	a := administer(t)
	w := witnessed(t, "user.*", "user.tags.*", "user.password.*")
	name := brief()
	user, about := []string{"users", name}, amqp.Table{"name": name}
	put := func(body map[string]any, keys ...string) {
		t.Helper()
		a.do("PUT", user, body)
		for _, key := range keys {
			d := w.nextAbout(about)
			if d.RoutingKey != key {
				t.Errorf("%v: got %s, want %s", body, d.RoutingKey, key)
			}
			wantHeaders(t, d, amqp.Table{"user_who_performed_action": a.user.Username()})
			if key == "user.tags.set" {
				tags, _ := d.Headers["tags"].([]any)
				if want := body["tags"]; len(tags) == 0 && want != "" || len(tags) > 0 && tags[0] != want {
					t.Errorf("tags: got %v, want %v", tags, want)
				}
			}
		}
	}
	put(map[string]any{"password": "p", "tags": "management"}, "user.created", "user.tags.set")
	put(map[string]any{"password": "q", "tags": ""}, "user.password.changed", "user.tags.set")
	put(map[string]any{"tags": "monitoring"}, "user.tags.set", "user.password.cleared")
	a.do("DELETE", user, nil)
	if d := w.nextAbout(about); d.RoutingKey != "user.deleted" || d.Headers["user_who_performed_action"] != a.user.Username() {
		t.Errorf("got %s by %v, want user.deleted", d.RoutingKey, d.Headers["user_who_performed_action"])
	}
}

func TestEventsOfPermissions(t T) {
	t.Parallel()
	a := administer(t)
	w := witnessed(t, "permission.*", "topic.permission.*")
	user, vhost := a.newUser(""), a.newVHost()
	by := a.user.Username()
	about := amqp.Table{"user": user, "vhost": vhost}
	for range 2 { // the same again is one more
		a.permit(user, vhost, "c", "w", "")
		w.want("permission.created", about, amqp.Table{"user_who_performed_action": by, "configure": "c", "write": "w", "read": ""})
	}
	a.narrow(user, vhost, "amq.topic", "w", "r")
	w.want("topic.permission.created", about, amqp.Table{"user_who_performed_action": by, "exchange": "amq.topic", "write": "w", "read": "r"})
	a.do("DELETE", []string{"topic-permissions", vhost, user}, nil)
	w.want("topic.permission.deleted", about, amqp.Table{"user_who_performed_action": by})
	a.do("DELETE", []string{"permissions", vhost, user}, nil)
	w.want("permission.deleted", about, amqp.Table{"user_who_performed_action": by})
}

func TestEventsOfPolicies(t T) {
	t.Parallel()
	a := administer(t)
	w := witnessed(t, "policy.*", "parameter.*", "operator.policy.*")
	vhost := a.newVHost()
	by := a.user.Username()
	about := amqp.Table{"vhost": vhost, "name": "p"}
	definition := amqp.Table{"max-length": int64(5), "overflow": "drop-head"}
	body := map[string]any{"pattern": "^a", "apply-to": "queues", "priority": 3, "definition": definition}
	policy := amqp.Table{"user_who_performed_action": by, "pattern": "^a", "apply-to": "queues", "priority": int64(3), "definition": definition}
	a.do("PUT", []string{"policies", vhost, "p"}, body)
	w.want("policy.set", about, policy)
	a.do("DELETE", []string{"policies", vhost, "p"}, nil)
	w.want("policy.cleared", about, amqp.Table{"user_who_performed_action": by})

	definition = amqp.Table{"max-length": int64(5)}
	body["definition"], policy["definition"] = definition, definition
	a.do("PUT", []string{"operator-policies", vhost, "p"}, body)
	w.want("parameter.set", about, amqp.Table{"user_who_performed_action": by, "component": "operator_policy", "value": amqp.Table{
		"pattern": "^a", "apply-to": "queues", "priority": int64(3), "definition": definition,
	}})
	w.want("policy.set", about, policy)
	a.do("DELETE", []string{"operator-policies", vhost, "p"}, nil)
	w.want("parameter.cleared", about, amqp.Table{"user_who_performed_action": by, "component": "operator_policy"})
	w.want("operator.policy.cleared", about, amqp.Table{"user_who_performed_action": by})
}

func TestEventsOfLimits(t T) {
	t.Parallel()
	a := administer(t)
	w := witnessed(t, "vhost.limits.*", "user.limits.*", "parameter.*")
	user, vhost, by := a.newUser(""), a.newVHost(), a.user.Username()
	const n = 1234567 // by which the limit is found: the event does not say whose it is
	a.limit("vhost-limits", vhost, "max-queues", n)
	parameter := amqp.Table{"vhost": vhost, "component": "vhost-limits", "name": "limits"}
	w.want("parameter.set", parameter, amqp.Table{"user_who_performed_action": by, "value": amqp.Table{"max-queues": int64(n)}})
	w.want("vhost.limits.set", amqp.Table{"max-queues": int64(n)}, amqp.Table{"user_who_performed_action": by, "name": "limits"})
	a.do("DELETE", []string{"vhost-limits", vhost, "max-queues"}, nil)
	w.want("parameter.set", parameter, amqp.Table{"value": []any{}})

	a.limit("user-limits", user, "max-channels", n)
	w.want("user.limits.set", amqp.Table{"username": user}, amqp.Table{"user_who_performed_action": by, "name": "limits", "max-channels": int64(n)})
	a.do("DELETE", []string{"user-limits", user, "max-channels"}, nil)
	w.want("user.limits.cleared", amqp.Table{"username": user}, amqp.Table{"user_who_performed_action": by, "name": "limits"})
}

func TestEventsOfVirtualHosts(t T) {
	t.Parallel()
	a := administer(t)
	w := witnessed(t, "vhost.*", "exchange.*", "permission.*")
	name, by := brief(), a.user.Username()
	t.Cleanup(func() { a.ask("DELETE", []string{"vhosts", name}, "") })
	a.do("PUT", []string{"vhosts", name}, map[string]any{"description": "d", "tags": "a,b"})
	w.want("exchange.created", amqp.Table{"vhost": name, "name": ""}, amqp.Table{"user_who_performed_action": by, "type": "direct", "durable": true})
	about := amqp.Table{"name": name}
	said := amqp.Table{"user_who_performed_action": by, "description": "d", "tags": []any{"a", "b"}, "tracing": false}
	d := w.want("vhost.created", about, said)
	if state, _ := d.Headers["cluster_state"].(amqp.Table); len(state) != 1 {
		t.Errorf("cluster_state: got %v, want one node", d.Headers["cluster_state"])
	}
	w.want("permission.created", amqp.Table{"vhost": name}, amqp.Table{"user": by, "configure": ".*"})
	a.do("PUT", []string{"vhosts", name}, map[string]any{"description": "e", "tags": ""})
	w.want("vhost.updated", about, amqp.Table{"user_who_performed_action": by, "description": "e", "tags": []any{}})
	a.do("DELETE", []string{"vhosts", name}, nil)
	w.want("vhost.deleted", about, amqp.Table{"user_who_performed_action": by})
}

func TestEventsOfAllThatGoesWithAVirtualHost(t T) {
	t.Parallel()
	a := administer(t)
	vhost := a.newVHost()
	a.do("PUT", []string{"policies", vhost, "p"}, map[string]any{"pattern": "^a", "definition": map[string]any{"max-length": 1}})
	a.limit("vhost-limits", vhost, "max-queues", 7)
	s := openIn(t, vhost)
	queue := unique(t)
	_, err := s.QueueDeclare(queue, true, false, false, false, nil)
	s.ok(err)
	s.ok(s.ExchangeDeclare("x", "fanout", true, false, false, false, nil))
	s.bind(queue, "x", "", nil)
	tag := s.consume(queue).tag
	w, closed := witnessed(t, "#"), witnessed(t, "connection.closed") // which comes any time
	by := a.user.Username()
	a.do("DELETE", []string{"vhosts", vhost}, nil)
	in := func(more amqp.Table) amqp.Table {
		about := amqp.Table{"vhost": vhost}
		for name, value := range more {
			about[name] = value
		}
		return about
	}
	theirs := amqp.Table{"user_who_performed_action": by}
	w.want("permission.deleted", in(amqp.Table{"user": by}), theirs)
	w.next("consumer.deleted", in(amqp.Table{"consumer_tag": tag}))
	w.want("binding.deleted", in(amqp.Table{"source_name": "x"}), amqp.Table{"user_who_performed_action": internalUser})
	w.want("queue.deleted", in(amqp.Table{"name": queue}), theirs)
	w.want("exchange.deleted", in(nil), theirs)
	w.want("vhost.deleted", amqp.Table{"name": vhost}, theirs)
	w.want("parameter.cleared", in(amqp.Table{"component": "vhost-limits"}), theirs)
	w.next("vhost.limits.cleared", theirs)
	w.want("policy.cleared", in(amqp.Table{"name": "p"}), theirs)
	closed.next("connection.closed", amqp.Table{"name": s.connection.LocalAddr().String() + " -> " + s.connection.RemoteAddr().String()})
}
