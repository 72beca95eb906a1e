package management

import (
	"encoding/json"
	"strings"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// TestTheOnlyNode asks for what has a meaning with several nodes, too.
func TestTheOnlyNode(t *testing.T) {
	s := newSite(t)
	s.options.Settings = func() []Setting { return []Setting{{Line: "heartbeat = 60"}, {Line: "# default_pass = ********"}} }
	s.does("PUT", "/api/queues/%2F/quorum", `{"durable":true,"arguments":{"x-queue-type":"quorum"}}`, 201)
	s.does("PUT", "/api/queues/%2F/classic", `{"durable":true}`, 201)
	const get, put, post, del = "GET", "PUT", "POST", "DELETE"
	elsewhere := bad(`"Node other@host could not be contacted: harebell@test is the only one"`)
	for _, test := range []struct {
		user, method, path, body string
		status                   int
		want                     string
	}{
		{"", get, "/api/auth", "", 200, `{"oauth_enabled":false}`},
		{"guest", get, "/api/auth/attempts/harebell@test/source", "", 200, `[]`},
		{"guest", get, "/api/auth/attempts/other@host/source", "", 404, notThere},
		{"man", get, "/api/auth/hash_password/x", "", 401, notAdmin},
		{"guest", get, "/api/healthchecks/node/harebell@test", "", 200, `{"status":"ok"}`},
		{"guest", get, "/api/healthchecks/node/other@host", "", 404, notThere},
		{"guest", get, "/api/health/checks/reached-target-cluster-size", "", 200, `{"status":"ok"}`},
		{"guest", get, "/api/health/checks/quorum-queues-without-elected-leaders/all-vhosts/pattern/.*", "", 200, `{"status":"ok"}`},
		{"man", get, "/api/health/checks/quorum-queues-without-elected-leaders/vhost/%2F/pattern/.*", "", 401, `{"error":"not_authorised","reason":"User not authorised to access virtual host"}`},
		{"guest", post, "/api/rebalance/queues", "", 204, ""},
		{"man", post, "/api/rebalance/queues", "", 401, notAdmin},
		{"guest", post, "/api/vhosts/%2F/start/harebell@test", "", 204, ""},
		{"guest", post, "/api/vhosts/%2F/start/other@host", "", 400, elsewhere},
		{"guest", post, "/api/vhosts/nowhere/start/harebell@test", "", 404, notThere},
		{"guest", get, "/api/queues/quorum/%2F/quorum/status", "", 200, `[{"Node Name":"harebell@test","Raft State":"leader","Membership":"voter"}]`},
		{"guest", get, "/api/queues/quorum/%2F/classic/status", "", 400, bad(`"not_quorum_queue"`)},
		{"guest", get, "/api/queues/quorum/%2F/none/status", "", 404, notThere},
		{"guest", post, "/api/queues/quorum/%2F/quorum/replicas/add", `{"node":"harebell@test"}`, 204, ""},
		{"guest", post, "/api/queues/quorum/%2F/quorum/replicas/add", `{"node":"other@host"}`, 400, elsewhere},
		{"guest", post, "/api/queues/quorum/%2F/quorum/replicas/add", "", 400, bad(`"[{key_missing,node}]"`)},
		{"guest", del, "/api/queues/quorum/%2F/quorum/replicas/delete", `{"node":"harebell@test"}`, 400, bad(`"last_node"`)},
		{"guest", post, "/api/queues/quorum/replicas/on/harebell@test/grow", "", 204, ""},
		{"guest", post, "/api/queues/quorum/replicas/on/other@host/grow", "", 400, elsewhere},
		{"guest", del, "/api/queues/quorum/replicas/on/harebell@test/shrink", "", 400, bad(`"last_node"`)},
		{"guest", post, "/api/vhosts/a%2Fb/deletion/protection", "", 204, ""},
		{"guest", del, "/api/vhosts/a%2Fb", "", 412, ""},
		{"guest", del, "/api/vhosts/a%2Fb/deletion/protection", "", 204, ""},
		{"guest", del, "/api/vhosts/a%2Fb", "", 204, ""},
		{"guest", post, "/api/vhosts/nowhere/deletion/protection", "", 404, notThere},
		{"mon", get, "/api/config/effective", "", 401, notAdmin},
		{"guest", get, "/api/config/effective", "", 200, "heartbeat = 60\n# default_pass = ********\n"},
		{"guest", get, "/api/nodes/other@host/memory", "", 404, notThere},
	} {
		w := s.ask(test.user, test.method, test.path, test.body)
		if got := w.Body.String(); w.Code != test.status || got != test.want && test.status != 412 {
			t.Errorf("%s %s of %q: got %d %s, want %d %s", test.method, test.path, test.user, w.Code, got, test.status, test.want)
		}
	}
}

func TestHashesOfPasswords(t *testing.T) {
	s := newSite(t)
	var hash struct{ OK string }
	s.ok(json.Unmarshal(s.ask("guest", "GET", "/api/auth/hash_password/se%2Fcret", "").Body.Bytes(), &hash))
	s.does("PUT", "/api/users/ann", `{"tags":"management","password_hash":"`+hash.OK+`"}`, 201)
	r := s.ask("", "GET", "/api/whoami", "", "authorization", "Basic YW5uOnNlL2NyZXQ=") // ann:se/cret
	if r.Code != 200 {
		t.Errorf("got %d %s, want to be let in by the password", r.Code, r.Body)
	}
}

func TestMemoryIsShown(t *testing.T) {
	s := newSite(t)
	s.does("PUT", "/api/queues/%2F/q", "", 201)
	s.does("POST", "/api/exchanges/%2F/amq.default/publish", posting("q", strings.Repeat("x", 100_000)), 200)
	var got struct{ Memory memoryUse }
	s.ok(json.Unmarshal(s.ask("guest", "GET", "/api/nodes/harebell@test/memory", "").Body.Bytes(), &got))
	m := got.Memory
	if sum := m.QueueProcs + m.OtherProc + m.Binary + m.OtherSystem + m.AllocatedUnused + m.ReservedUnallocated; sum != m.Total.RSS {
		t.Errorf("the parts of %+v are %d, want them to be the whole", m, sum)
	}
	if m.QueueProcs < 100_000 {
		t.Errorf("got %d octets for queues, want at least those of the message", m.QueueProcs)
	}
	s.shows("/api/nodes/harebell@test/memory/relative", `{"memory":{"total":100}}`)
}

func TestDeprecatedFeaturesInUse(t *testing.T) {
	s := newSite(t)
	s.shows("/api/deprecated-features", `[{"name":"global_qos","deprecation_phase":"permitted_by_default"},{"name":"transient_nonexcl_queues"}]`)
	s.shows("/api/deprecated-features/used", `[]`)
	_, ch := s.channel()
	_, err := ch.QueueDeclare("mine", false, false, true, false, nil)
	s.ok(err)
	s.shows("/api/deprecated-features/used", `[]`)
	_, err = ch.QueueDeclare("everybody's", false, false, false, false, amqp091.Table{})
	s.ok(err)
	s.ok(ch.Qos(5, 0, true))
	s.shows("/api/deprecated-features/used", `[{"name":"global_qos"},{"name":"transient_nonexcl_queues"}]`)
}
