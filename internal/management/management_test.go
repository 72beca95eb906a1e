package management

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/internal/web"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// A site is the management API of a broker with two virtual hosts, "/" and "a/b",
// and these users, whose password is their name:
//
//	guest  administrator, may do everything in "/"
//	mon    monitoring
//	man    management, may do something in "a/b", is limited and narrowed there
//	none   without tags
type site struct {
	testing.TB
	*Server
	broker *amqptest.Broker
}

func newSite(t testing.TB) *site {
	t.Helper()
	var broker *server.Server
	b := amqptest.New(t, amqptest.WithServer(func(s *server.Server) { broker = s }))
	s := &site{TB: t, Server: New(broker, Options{Node: "harebell@test"}), broker: b}
	for name, tag := range map[string]string{"mon": "monitoring", "man": "management"} {
		s.put(auth.User{Name: name, Tags: []string{tag}}.WithPassword(name))
	}
	s.put(auth.User{Name: "none"}.WithPassword("none"))
	_, err := s.vhosts.Put("", "a/b", vhost.Metadata{Description: "of <others>", Tags: []string{"x"}})
	s.ok(err)
	_, err = s.users.SetPermissions("", auth.Permissions{User: "man", VHost: "a/b", Configure: "c", Write: "w", Read: "r"}, s.vhosts.Has)
	s.ok(err)
	_, err = s.users.SetTopicPermissions("", auth.TopicPermissions{User: "man", VHost: "a/b", Exchange: "amq.topic", Write: "w", Read: "r"}, s.vhosts.Has)
	s.ok(err)
	s.ok(s.users.SetLimit("", "man", limits.MaxChannels, 5))
	v, err := s.vhosts.Get("a/b")
	s.ok(err)
	s.ok(v.SetLimit("", limits.MaxQueues, 7))
	return s
}

func (s *site) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *site) put(user auth.User) {
	s.Helper()
	_, err := s.users.Put("", user)
	s.ok(err)
}

// ask asks as a user, whose password is the name; "" is nobody.
func (s *site) ask(user, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:9999"
	if user != "" {
		r.SetBasicAuth(user, user)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const (
	noMessages = `"messages":0,"messages_details":{"rate":0},"messages_ready":0,"messages_ready_details":{"rate":0},"messages_unacknowledged":0,"messages_unacknowledged_details":{"rate":0}`
	noOctets   = `,"recv_oct":0,"recv_oct_details":{"rate":0},"send_oct":0,"send_oct_details":{"rate":0}`
	notThere   = `{"error":"Object Not Found","reason":"Not Found"}`
	notAdmin   = `{"error":"not_authorised","reason":"Not administrator user"}`
	root       = `{"name":"/","description":"Default virtual host","tags":[],"default_queue_type":"classic","metadata":{"description":"Default virtual host","tags":[]},"protected_from_deletion":false,"tracing":false,"cluster_state":{"harebell@test":"running"},` + noMessages + noOctets + `}`
	other      = `{"name":"a/b","description":"of <others>","tags":["x"],"default_queue_type":"classic","metadata":{"description":"of <others>","tags":["x"]},"protected_from_deletion":false,"tracing":false,"cluster_state":{"harebell@test":"running"},` + noMessages + noOctets + `}`
	may        = `{"user":"man","vhost":"a/b","configure":"c","write":"w","read":"r"}`
	guestMay   = `{"user":"guest","vhost":"/","configure":".*","write":".*","read":".*"}`
	narrowed   = `{"user":"man","vhost":"a/b","exchange":"amq.topic","write":"w","read":"r"}`
	man        = `{"name":"man","password_hash":"…","hashing_algorithm":"rabbit_password_hashing_sha256","tags":["management"],"limits":{"max-channels":5}}`
	mon        = `{"name":"mon","password_hash":"…","hashing_algorithm":"rabbit_password_hashing_sha256","tags":["monitoring"],"limits":{}}`
	none       = `{"name":"none","password_hash":"…","hashing_algorithm":"rabbit_password_hashing_sha256","tags":[],"limits":{}}`
)

// hash matches what is different each time.
var hash = regexp.MustCompile(`"password_hash":"[^"]{48}"`)

// bad is the body of a 400 with a reason.
func bad(reason string) string { return `{"error":"bad_request","reason":` + reason + `}` }

func TestPagesAreServedBesideTheAPI(t *testing.T) {
	s := newSite(t)
	for path, want := range map[string]int{"/": 200, "/ui/app.js": 200, "/ui/nothing": 404, "/index.html": 404, "/api/whoami": 401} {
		if w := s.ask("", "GET", path, ""); w.Code != want {
			t.Errorf("%s: got %d, want %d", path, w.Code, want)
		}
	}
	s.options.PathPrefix = "/mq"
	for path, want := range map[string]int{"/mq": 301, "/mq/": 200, "/mq/ui/app.js": 200, "/": 404, "/ui/app.js": 404} {
		w := s.ask("", "GET", path, "")
		if w.Code != want || want == 301 && w.Header().Get("location") != "/mq/" {
			t.Errorf("with a prefix, %s: got %d, want %d", path, w.Code, want)
		}
	}
}

func TestResources(t *testing.T) {
	const put, get, del, post = "PUT", "GET", "DELETE", "POST"
	tests := []struct {
		name               string
		user, method, path string
		body               string
		status             int
		want               string // the answer, with each password hash as …
		then               string // what a GET of the same path answers afterwards; "" for not to ask
	}{
		{"whoami", "man", get, "/api/whoami", "", 200, `{"name":"man","tags":["management"],"is_internal_user":true}`, ""},
		{"whoami, without a password", "", get, "/api/whoami", "", 401, "", ""},
		{"whoami, of nobody", "eve", get, "/api/whoami", "", 401, `{"error":"not_authorized","reason":"Not_Authorized"}`, ""},
		{"whoami, without tags", "none", get, "/api/whoami", "", 401, `{"error":"not_authorised","reason":"Not management user"}`, ""},

		{"vhosts", "guest", get, "/api/vhosts", "", 200, "[" + root + "," + other + "]", ""},
		{"vhosts of a monitor", "mon", get, "/api/vhosts", "", 200, "[" + root + "," + other + "]", ""},
		{"vhosts of a manager", "man", get, "/api/vhosts", "", 200, "[" + other + "]", ""},
		{"vhost", "guest", get, "/api/vhosts/%2F", "", 200, root, ""},
		{"vhost whose name needs care", "guest", get, "/api/vhosts/a%2Fb", "", 200, other, ""},
		{"vhost, with a slash at the end", "guest", get, "/api/vhosts/%2F/", "", 200, root, ""},
		{"vhost not there", "guest", get, "/api/vhosts/c", "", 404, notThere, ""},
		{"vhost of a manager", "man", get, "/api/vhosts/a%2Fb", "", 401, notAdmin, ""},
		{"new vhost", "guest", put, "/api/vhosts/c", "", 201, "",
			`{"name":"c","description":"","tags":[],"default_queue_type":"classic","metadata":{"description":"","tags":[]},"protected_from_deletion":false,"tracing":false,"cluster_state":{"harebell@test":"running"},` + noMessages + noOctets + `}`},
		{"vhost with everything", "guest", put, "/api/vhosts/a%2Fb", `{"description":"d","tags":"x, y,","default_queue_type":"classic","tracing":"false","protected_from_deletion":true}`, 204, "",
			`{"name":"a/b","description":"d","tags":["x","y"],"default_queue_type":"classic","metadata":{"description":"d","tags":["x","y"],"default_queue_type":"classic","protected_from_deletion":true},"protected_from_deletion":true,"tracing":false,"cluster_state":{"harebell@test":"running"},` + noMessages + noOctets + `}`},
		{"vhost with a list of tags", "guest", put, "/api/vhosts/%2F", `{"description":"Default virtual host","tags":[],"default_queue_type":"undefined","tracing":null}`, 204, "", root},
		{"vhost with queues of no type there is", "guest", put, "/api/vhosts/c", `{"default_queue_type":"heap"}`, 400, bad(`"default_queue_type is 'heap': want classic, quorum or stream"`), notThere},
		{"vhost with tracing perhaps", "guest", put, "/api/vhosts/c", `{"tracing":"perhaps"}`, 400, bad(`["not_boolean","perhaps"]`), notThere},
		{"vhost with a number for a description", "guest", put, "/api/vhosts/c", `{"description":5}`, 400, bad(`["not_text","description",5]`), notThere},
		{"vhost with a number for tags", "guest", put, "/api/vhosts/c", `{"tags":5}`, 400, bad(`["not_a_list_of_texts","tags",5]`), notThere},
		{"vhost with a name too long", "guest", put, "/api/vhosts/" + strings.Repeat("n", 256), "", 400, bad(`"a name is UTF-8 text of at most 255 octets"`), notThere},
		{"vhost with a name that is no text", "guest", put, "/api/vhosts/%FF", "", 400, bad(`"a name is UTF-8 text of at most 255 octets"`), notThere},
		{"vhost with a description too long", "guest", put, "/api/vhosts/c", `{"description":"` + strings.Repeat("d", store.DocMost) + `"}`, 400, bad(`"arguments are too large to be stored"`), notThere},
		{"new vhost of a manager", "man", put, "/api/vhosts/c", "", 401, notAdmin, ""},
		{"no vhost any more", "guest", del, "/api/vhosts/a%2Fb", "", 204, "", notThere},
		{"no vhost", "guest", del, "/api/vhosts/c", "", 404, notThere, ""},
		{"permissions in a vhost", "guest", get, "/api/vhosts/a%2Fb/permissions", "", 200, "[" + may + "]", ""},
		{"permissions in no vhost", "guest", get, "/api/vhosts/c/permissions", "", 404, notThere, ""},
		{"topic permissions in a vhost", "guest", get, "/api/vhosts/a%2Fb/topic-permissions", "", 200, "[" + narrowed + "]", ""},
		{"topic permissions in a vhost without any", "guest", get, "/api/vhosts/%2F/topic-permissions", "", 200, "[]", ""},
		{"topic permissions in no vhost", "guest", get, "/api/vhosts/c/topic-permissions", "", 404, notThere, ""},

		{"users of a monitor", "mon", get, "/api/users", "", 401, notAdmin, ""},
		{"users without permissions", "guest", get, "/api/users/without-permissions", "", 200, "[" + mon + "," + none + "]", ""},
		{"user", "guest", get, "/api/users/man", "", 200, man, ""},
		{"user not there", "guest", get, "/api/users/eve", "", 404, notThere, ""},
		{"new user", "guest", put, "/api/users/eve", `{"password":"p","tags":""}`, 201, "", strings.ReplaceAll(none, "none", "eve")},
		{"user with another password", "guest", put, "/api/users/man", `{"password":"p","tags":["management"]}`, 204, "", man},
		{"user without a password", "guest", put, "/api/users/mon", `{"tags":"a, b,,"}`, 204, "",
			`{"name":"mon","password_hash":"","hashing_algorithm":"rabbit_password_hashing_sha256","tags":["a","b"],"limits":{}}`},
		{"user with a hash", "guest", put, "/api/users/mon", `{"tags":[],"password_hash":"K/qQRsBQ0VpZobsHc4W7TCkD63c=","hashing_algorithm":"rabbit_password_hashing_md5"}`, 204, "",
			`{"name":"mon","password_hash":"K/qQRsBQ0VpZobsHc4W7TCkD63c=","hashing_algorithm":"rabbit_password_hashing_md5","tags":[],"limits":{}}`},
		{"user without tags", "guest", put, "/api/users/eve", "", 400, bad(`"tags_not_present"`), notThere},
		{"user with password and hash", "guest", put, "/api/users/eve", `{"tags":"","password":"p","password_hash":""}`, 400, bad(`"both_password_and_password_hash_are_provided"`), notThere},
		{"user with a hash that is none", "guest", put, "/api/users/eve", `{"tags":"","password_hash":"abc"}`, 400, bad(`["not_base64","abc"]`), notThere},
		{"user with an unknown algorithm", "guest", put, "/api/users/eve", `{"tags":"","password_hash":"","hashing_algorithm":"rot13"}`, 400,
			bad(`"a hashing algorithm is rabbit_password_hashing_sha256, rabbit_password_hashing_sha512 or rabbit_password_hashing_md5"`), notThere},
		{"user with a number for a password", "guest", put, "/api/users/eve", `{"tags":"","password":5}`, 400, bad(`["not_text","password",5]`), notThere},
		{"user with numbers for tags", "guest", put, "/api/users/eve", `{"tags":[5]}`, 400, bad(`["not_a_list_of_texts","tags",[5]]`), notThere},
		{"user with a name too long", "guest", put, "/api/users/" + strings.Repeat("n", 256), `{"tags":""}`, 400, bad(`"a name is UTF-8 text of 1 to 255 octets"`), notThere},
		{"no user any more", "guest", del, "/api/users/man", "", 204, "", notThere},
		{"no user", "guest", del, "/api/users/eve", "", 404, notThere, ""},
		{"no users any more", "guest", post, "/api/users/bulk-delete", `{"users":["man","mon"]}`, 204, "", ""},
		{"no users, one of them unknown", "guest", post, "/api/users/bulk-delete", `{"users":["man","eve"]}`, 400, bad(`["no_such_user","eve"]`), ""},
		{"no users, nobody named", "guest", post, "/api/users/bulk-delete", `{}`, 400, bad(`"[{key_missing,users}]"`), ""},
		{"no users, named by a text", "guest", post, "/api/users/bulk-delete", `{"users":"man"}`, 400, bad(`["not_a_list_of_texts","users","man"]`), ""},
		{"permissions of a user", "guest", get, "/api/users/man/permissions", "", 200, "[" + may + "]", ""},
		{"permissions of a user without any", "guest", get, "/api/users/mon/permissions", "", 200, "[]", ""},
		{"permissions of nobody", "guest", get, "/api/users/eve/permissions", "", 404, notThere, ""},
		{"topic permissions of a user", "guest", get, "/api/users/man/topic-permissions", "", 200, "[" + narrowed + "]", ""},
		{"topic permissions of nobody", "guest", get, "/api/users/eve/topic-permissions", "", 404, notThere, ""},

		{"all permissions", "guest", get, "/api/permissions", "", 200, "[" + guestMay + "," + may + "]", ""},
		{"all permissions, for a monitor", "mon", get, "/api/permissions", "", 401, notAdmin, ""},
		{"permissions", "guest", get, "/api/permissions/a%2Fb/man", "", 200, may, ""},
		{"permissions not there", "guest", get, "/api/permissions/%2F/man", "", 404, notThere, ""},
		{"new permissions", "guest", put, "/api/permissions/%2F/mon", `{"configure":"","write":"<","read":".*"}`, 201, "",
			`{"user":"mon","vhost":"/","configure":"","write":"<","read":".*"}`},
		{"changed permissions", "guest", put, "/api/permissions/a%2Fb/man", `{"configure":"c","write":"w","read":"r"}`, 204, "", may},
		{"permissions for nobody", "guest", put, "/api/permissions/%2F/eve", `{"configure":"","write":"","read":""}`, 400, bad(`"vhost_or_user_not_found"`), ""},
		{"permissions nowhere", "guest", put, "/api/permissions/c/man", `{"configure":"","write":"","read":""}`, 400, bad(`"vhost_or_user_not_found"`), ""},
		{"permissions that are incomplete", "guest", put, "/api/permissions/%2F/man", `{"write":""}`, 400, bad(`"[{key_missing,configure},{key_missing,read}]"`), ""},
		{"permissions without a pattern", "guest", put, "/api/permissions/%2F/man", `{"configure":"(?=a)","write":"","read":""}`, 400,
			bad("[\"invalid_regexp\",\"(?=a)\",\"invalid or unsupported Perl syntax: `(?=`; patterns are RE2's, see https://github.com/google/re2/wiki/Syntax\"]"), notThere},
		{"permissions with a number for a pattern", "guest", put, "/api/permissions/%2F/man", `{"configure":5,"write":"","read":""}`, 400, bad(`["not_text","configure",5]`), ""},
		{"no permissions any more", "guest", del, "/api/permissions/a%2Fb/man", "", 204, "", notThere},
		{"no permissions", "guest", del, "/api/permissions/%2F/man", "", 404, notThere, ""},

		{"all topic permissions", "guest", get, "/api/topic-permissions", "", 200, "[" + narrowed + "]", ""},
		{"topic permissions", "guest", get, "/api/topic-permissions/a%2Fb/man", "", 200, "[" + narrowed + "]", ""},
		{"topic permissions not there", "guest", get, "/api/topic-permissions/%2F/man", "", 404, notThere, ""},
		{"new topic permissions", "guest", put, "/api/topic-permissions/%2F/man", `{"exchange":"","write":"","read":""}`, 201, "",
			`[{"user":"man","vhost":"/","exchange":"","write":"","read":""}]`},
		{"more topic permissions", "guest", put, "/api/topic-permissions/a%2Fb/man", `{"exchange":"a","write":"","read":""}`, 204, "",
			`[{"user":"man","vhost":"a/b","exchange":"a","write":"","read":""},` + narrowed + `]`},
		{"topic permissions for nobody", "guest", put, "/api/topic-permissions/%2F/eve", `{"exchange":"x","write":"","read":""}`, 400, bad(`"vhost_or_user_not_found"`), ""},
		{"topic permissions that are incomplete", "guest", put, "/api/topic-permissions/%2F/man", `{"write":"","read":""}`, 400, bad(`"[{key_missing,exchange}]"`), ""},
		{"topic permissions without a pattern", "guest", put, "/api/topic-permissions/%2F/man", `{"exchange":"x","write":"(","read":""}`, 400,
			bad("[\"invalid_regexp\",\"(\",\"missing closing ): `(`; patterns are RE2's, see https://github.com/google/re2/wiki/Syntax\"]"), notThere},
		{"topic permissions for an exchange with a name too long", "guest", put, "/api/topic-permissions/%2F/man", `{"exchange":"` + strings.Repeat("n", 256) + `","write":"","read":""}`, 400,
			bad(`"a name is UTF-8 text of 1 to 255 octets"`), notThere},
		{"no topic permissions any more", "guest", del, "/api/topic-permissions/a%2Fb/man", "", 204, "", notThere},
		{"no topic permissions", "guest", del, "/api/topic-permissions/%2F/man", "", 404, notThere, ""},

		{"limits of vhosts", "guest", get, "/api/vhost-limits", "", 200, `[{"vhost":"a/b","value":{"max-queues":7}}]`, ""},
		{"limits of a manager's vhosts", "man", get, "/api/vhost-limits", "", 200, `[{"vhost":"a/b","value":{"max-queues":7}}]`, ""},
		{"limits of a vhost", "mon", get, "/api/vhost-limits/a%2Fb", "", 200, `[{"vhost":"a/b","value":{"max-queues":7}}]`, ""},
		{"limits of a vhost without any", "guest", get, "/api/vhost-limits/%2F", "", 200, `[]`, ""},
		{"limits of a vhost that is not the manager's", "man", get, "/api/vhost-limits/%2F", "", 401, `{"error":"not_authorised","reason":"User not authorised to access virtual host"}`, ""},
		{"limits of no vhost", "man", get, "/api/vhost-limits/c", "", 404, notThere, ""},
		{"new limit of a vhost", "guest", put, "/api/vhost-limits/%2F/max-connections", `{"value":-1}`, 204, "", ""},
		{"limit of a vhost, read alone", "guest", get, "/api/vhost-limits/%2F/max-connections", "", 405, "", ""},
		{"limit of a vhost that is no number", "guest", put, "/api/vhost-limits/%2F/max-queues", `{"value":"5"}`, 400, bad(`"Validation failed\n\nmax-queues should be a number, actually was <<\"5\">>\n"`), ""},
		{"limit of a vhost that is no whole number", "guest", put, "/api/vhost-limits/%2F/max-queues", `{"value":1.5}`, 400, bad(`"Validation failed\n\nmax-queues should be a number, actually was 1.5\n"`), ""},
		{"limit of a vhost that is nothing", "guest", put, "/api/vhost-limits/%2F/max-queues", `{}`, 400, bad(`"[{key_missing,value}]"`), ""},
		{"unknown limit of a vhost", "guest", put, "/api/vhost-limits/%2F/max-channels", `{"value":5}`, 400, bad(`"Validation failed\n\nUnrecognised terms [{<<\"max-channels\">>,5}] in limits\n"`), ""},
		{"limit of no vhost", "guest", put, "/api/vhost-limits/c/max-queues", `{"value":5}`, 404, `{"error":"not_found","reason":"vhost_not_found"}`, ""},
		{"limit of a vhost, set by its manager", "man", put, "/api/vhost-limits/a%2Fb/max-queues", `{"value":5}`, 401, notAdmin, ""},
		{"no limit of a vhost any more", "guest", del, "/api/vhost-limits/a%2Fb/max-queues", "", 204, "", ""},
		{"no limit of a vhost", "guest", del, "/api/vhost-limits/%2F/max-queues", "", 204, "", ""},
		{"no limit of no vhost", "guest", del, "/api/vhost-limits/c/max-queues", "", 404, notThere, ""},

		{"limits of users", "man", get, "/api/user-limits", "", 200, `[{"user":"man","value":{"max-channels":5}}]`, ""},
		{"limits of a user", "mon", get, "/api/user-limits/man", "", 200, `[{"user":"man","value":{"max-channels":5}}]`, ""},
		{"limits of a user without any", "mon", get, "/api/user-limits/guest", "", 200, `[]`, ""},
		{"limits of nobody", "man", get, "/api/user-limits/eve", "", 404, notThere, ""},
		{"new limit of a user", "guest", put, "/api/user-limits/mon/max-connections", `{"value":0}`, 204, "", ""},
		{"limit of a user that is no number", "guest", put, "/api/user-limits/man/max-channels", `{"value":true}`, 400, bad(`"max-channels should be a number, actually was true"`), ""},
		{"unknown limit of a user", "guest", put, "/api/user-limits/man/max-queues", `{"value":"x"}`, 400, bad(`"Unrecognised terms [{<<\"max-queues\">>,<<\"x\">>}] in user-limits"`), ""},
		{"limit of nobody", "guest", put, "/api/user-limits/eve/max-channels", `{"value":5}`, 400, bad(`["no_such_user","eve"]`), ""},
		{"limit that a user gives away", "man", del, "/api/user-limits/man/max-channels", "", 401, notAdmin, ""},
		{"no limit of a user any more", "guest", del, "/api/user-limits/man/max-channels", "", 204, "", ""},
		{"no limit of nobody", "guest", del, "/api/user-limits/eve/max-channels", "", 404, notThere, ""},

		{"no connection", "man", del, "/api/connections/nobody", "", 404, notThere, ""},
		{"no connection, for a user without tags", "none", del, "/api/connections/nobody", "", 401, `{"error":"not_authorised","reason":"Not management user"}`, ""},

		{"unknown resource", "guest", get, "/api/nonsense", "", 404, notThere, ""},
		{"unknown resource, for nobody", "", get, "/api/nonsense", "", 404, notThere, ""},
		{"unknown part of a resource", "guest", get, "/api/users/man/nonsense", "", 404, notThere, ""},
		{"path that is not clean", "guest", get, "/api//users", "", 404, notThere, ""},
		{"path with dots", "guest", get, "/api/nonsense/../users", "", 404, notThere, ""},
		{"unknown verb", "guest", post, "/api/users/man", "{}", 405, "", ""},
		{"unknown verb, for nobody", "", post, "/api/users", "{}", 405, "", ""},

		{"body that is no JSON", "guest", put, "/api/users/eve", "nonsense", 400, bad(`"not_json"`), ""},
		{"body that is a list", "guest", put, "/api/users/eve", "[]", 400, bad(`"not_json"`), ""},
		{"body that is null", "guest", put, "/api/users/eve", "null", 400, bad(`"not_json"`), ""},
		{"body that is two", "guest", put, "/api/users/eve", "{}{}", 400, bad(`"not_json"`), ""},
		{"body that is text", "guest", put, "/api/users/eve", `"{}"`, 400, bad(`"invalid payload: the request body JSON-decoded to a string. Is the input doubly-JSON-encoded?"`), ""},
		{"body without end", "guest", put, "/api/users/eve", strings.Repeat(" ", bodyMost+1), 400, bad(`"Exceeded HTTP request body size limit of 1048576 octets"`), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			check := func(w *httptest.ResponseRecorder, status int, want string) {
				t.Helper()
				got := hash.ReplaceAllString(w.Body.String(), `"password_hash":"…"`)
				if w.Code != status || got != want {
					t.Errorf("got  %d %s\nwant %d %s", w.Code, got, status, want)
				}
			}
			check(s.ask(test.user, test.method, test.path, test.body), test.status, test.want)
			switch {
			case test.then == notThere:
				check(s.ask("guest", get, test.path, ""), 404, notThere)
			case test.then != "":
				check(s.ask("guest", get, test.path, ""), 200, test.then)
			}
		})
	}
}

func TestUsersOfALongList(t *testing.T) {
	s := newSite(t)
	want := `[{"name":"guest","password_hash":"…","hashing_algorithm":"rabbit_password_hashing_sha256","tags":["administrator"],"limits":{}},` + man + "," + mon + "," + none + "]"
	if got := hash.ReplaceAllString(s.ask("guest", "GET", "/api/users", "").Body.String(), `"password_hash":"…"`); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestListsAsTheyAreWanted(t *testing.T) {
	s := newSite(t)
	invalid := bad(`"Pagination parameters are invalid"`)
	const unpaged = `[{"name":"guest"},{"name":"man"},{"name":"mon"},{"name":"none"}]`
	for query, want := range map[string]string{
		"columns=name": unpaged,
		"columns=name,limits.max-channels,nonsense":              `[{"name":"guest"},{"limits":{"max-channels":5},"name":"man"},{"name":"mon"},{"name":"none"}]`,
		"columns=name&sort=name&sort_reverse=true":               `[{"name":"none"},{"name":"mon"},{"name":"man"},{"name":"guest"}]`,
		"columns=name&sort=tags":                                 `[{"name":"guest"},{"name":"man"},{"name":"mon"},{"name":"none"}]`,
		"columns=name&sort=limits.max-channels&sort_reverse=":    `[{"name":"guest"},{"name":"mon"},{"name":"none"},{"name":"man"}]`,
		"columns=name&sort_reverse=true":                         unpaged,
		"columns=name&name=m":                                    unpaged,
		"page=1&columns=name":                                    `{"filtered_count":4,"item_count":4,"items":` + unpaged + `,"page":1,"page_count":1,"page_size":100,"total_count":4}`,
		"page=2&page_size=3&columns=name":                        `{"filtered_count":4,"item_count":1,"items":[{"name":"none"}],"page":2,"page_count":2,"page_size":3,"total_count":4}`,
		"page=1&columns=name&name=M&sort=name&sort_reverse=true": `{"filtered_count":2,"item_count":2,"items":[{"name":"mon"},{"name":"man"}],"page":1,"page_count":1,"page_size":100,"total_count":4}`,
		"page=1&columns=name&name=^(MAN|g)&use_regex=true":       `{"filtered_count":2,"item_count":2,"items":[{"name":"guest"},{"name":"man"}],"page":1,"page_count":1,"page_size":100,"total_count":4}`,
		"page=1&name=eve":                                        `{"filtered_count":0,"item_count":0,"items":[],"page":1,"page_count":0,"page_size":100,"total_count":4}`,
		"page=3&page_size=2":                                     `{"filtered_count":4,"item_count":0,"items":[],"page":3,"page_count":2,"page_size":2,"total_count":4}`,
		"page=4611686018427387904&page_size=1&sort=name":         `{"error":"page_out_of_range","reason":"Page out of range, page: 4611686018427387904 page size: 1, len: 4"}`,
		"page=3&page_size=3":                                     `{"error":"page_out_of_range","reason":"Page out of range, page: 3 page size: 3, len: 4"}`,
		"page=0":                                                 `{"error":"invalid_pagination_parameters","reason":"Invalid pagination parameters: page number 0, page size undefined"}`,
		"page=1&page_size=501":                                   `{"error":"invalid_pagination_parameters","reason":"Invalid pagination parameters: page number 1, page size 501"}`,
		"page=9223372036854775807":                               `{"error":"page_out_of_range","reason":"Page out of range, page: 9223372036854775807 page size: 100, len: 4"}`,
		"page=":                                                  invalid,
		"page=1&page_size=x":                                     invalid,
		"page=1&name=(&use_regex=true":                           invalid,
		"page=1&name=(?=a)&use_regex=true":                       invalid,
	} {
		w := s.ask("guest", "GET", "/api/users?"+query, "")
		if got := w.Body.String(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
		if refused := strings.Contains(want, `"error"`); refused != (w.Code == 400) {
			t.Errorf("%s: got status %d", query, w.Code)
		}
	}
	if got, want := s.ask("guest", "GET", "/api/permissions?page=1&columns=user", "").Body.String(), `[{"user":"guest"},{"user":"man"}]`; got != want {
		t.Errorf("a list without names has no pages: got %s, want %s", got, want)
	}
	if got, want := s.ask("guest", "GET", "/api/vhosts/%2F?columns=name", "").Body.String(), `{"name":"/"}`; got != want {
		t.Errorf("columns of one: got %s, want %s", got, want)
	}
}

func TestHeaders(t *testing.T) {
	s := newSite(t)
	for name, test := range map[string]struct {
		user, method, path string
		status             int
		header, want       string
	}{
		"JSON":                     {"guest", "GET", "/api/users", 200, "content-type", "application/json"},
		"is not to be kept":        {"guest", "GET", "/api/users", 200, "cache-control", "no-cache"},
		"depends on the request":   {"guest", "GET", "/api/users", 200, "vary", "accept, accept-encoding, origin"},
		"no credentials":           {"", "GET", "/api/users", 401, "www-authenticate", `Basic realm="RabbitMQ Management"`},
		"wrong credentials":        {"eve", "GET", "/api/users", 401, "www-authenticate", `Basic realm="RabbitMQ Management"`},
		"not the right user":       {"man", "GET", "/api/users", 401, "www-authenticate", ""},
		"what there is":            {"", "OPTIONS", "/api/users/man", 200, "allow", "HEAD, GET, PUT, DELETE, OPTIONS"},
		"what there is instead":    {"", "PATCH", "/api/users/man", 405, "allow", "HEAD, GET, PUT, DELETE, OPTIONS"},
		"what there is to post to": {"guest", "GET", "/api/users/bulk-delete", 405, "allow", "POST, OPTIONS"},
		"the head alone":           {"guest", "HEAD", "/api/whoami", 200, "content-type", "application/json"},
	} {
		w := s.ask(test.user, test.method, test.path, "")
		if got := w.Header().Get(test.header); w.Code != test.status || got != test.want {
			t.Errorf("%s: got %d %q, want %d %q", name, w.Code, got, test.status, test.want)
		}
	}
}

func TestTheAPIListsItself(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/api", "/api/", "/api/index.html"} {
		w := s.ask("", "GET", path, "")
		for _, want := range []string{"RabbitMQ 4.2.0", "<code>/api/queues/{vhost}/{queue}</code><td>GET, PUT, DELETE"} {
			if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: got %d %s, want %s in it", path, w.Code, w.Body, want)
			}
		}
	}
	if w := s.ask("", "POST", "/api", ""); w.Code != 405 {
		t.Errorf("POST: got %d, want 405", w.Code)
	}
}

func TestLoopbackUsersStayAtHome(t *testing.T) {
	s := newSite(t)
	s.users.LoopbackOnly = []string{"guest"}
	r := httptest.NewRequest("GET", "/api/whoami", nil)
	r.RemoteAddr = "192.0.2.1:9999"
	r.SetBasicAuth("guest", "guest")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if want := `{"error":"not_authorised","reason":"User can only log in via localhost"}`; w.Code != 401 || w.Body.String() != want {
		t.Errorf("got %d %s, want 401 %s", w.Code, w.Body, want)
	}
	if w := s.ask("guest", "GET", "/api/whoami", ""); w.Code != 200 {
		t.Errorf("from this machine: got %d %s", w.Code, w.Body)
	}
}

func TestWhoMakesAVirtualHostMayDoEverythingInIt(t *testing.T) {
	s := newSite(t)
	s.put(auth.User{Name: "boss", Tags: []string{"administrator"}}.WithPassword("boss"))
	if w := s.ask("boss", "PUT", "/api/vhosts/c", ""); w.Code != 201 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	if p, ok := s.users.Permissions("boss", "c"); !ok || p != auth.Everything("boss", "c") {
		t.Errorf("got %v, %v", p, ok)
	}
	if w := s.ask("boss", "PUT", "/api/vhosts/%2F", ""); w.Code != 204 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	if _, ok := s.users.Permissions("boss", "/"); ok {
		t.Error("whoever changes one as well")
	}
}

func TestProtectedVirtualHostsAreNotDeleted(t *testing.T) {
	s := newSite(t)
	s.ask("guest", "PUT", "/api/vhosts/c", `{"protected_from_deletion":true}`)
	w := s.ask("guest", "DELETE", "/api/vhosts/c", "")
	want := `{"error":"precondition_failed","reason":"Refusing to delete virtual host 'c' because it is protected from deletion"}`
	if w.Code != 412 || w.Body.String() != want {
		t.Errorf("got %d %s, want 412 %s", w.Code, w.Body, want)
	}
	s.ask("guest", "PUT", "/api/vhosts/c", `{"protected_from_deletion":false}`)
	if w := s.ask("guest", "DELETE", "/api/vhosts/c", ""); w.Code != 204 {
		t.Errorf("not protected any more: got %d %s", w.Code, w.Body)
	}
}

func TestDeletedVirtualHostsLeaveNothing(t *testing.T) {
	s := newSite(t)
	s.ask("guest", "DELETE", "/api/vhosts/a%2Fb", "")
	s.ask("guest", "PUT", "/api/vhosts/a%2Fb", "")
	for path, want := range map[string]string{
		"/api/vhosts/a%2Fb/permissions":       `[{"user":"guest","vhost":"a/b","configure":".*","write":".*","read":".*"}]`,
		"/api/vhosts/a%2Fb/topic-permissions": `[]`,
		"/api/vhost-limits/a%2Fb":             `[]`,
	} {
		if got := s.ask("guest", "GET", path, "").Body.String(); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// connect connects a client as a user, whose password is the name, and returns its
// connection's name and what closes it.
func (s *site) connect(user, vhost string) (name string, lost chan *amqp091.Error) {
	s.Helper()
	conn, err := amqp091.DialConfig("amqp://broker", amqp091.Config{
		Dial: s.broker.Dial, Vhost: vhost, SASL: []amqp091.Authentication{&amqp091.PlainAuth{Username: user, Password: user}},
	})
	s.ok(err)
	s.Cleanup(func() { conn.Close() })
	for _, info := range s.broker.Connections() {
		if info.User == user {
			name = info.Name
		}
	}
	return name, conn.NotifyClose(make(chan *amqp091.Error, 1))
}

func TestConnectionsAreEnded(t *testing.T) {
	for _, test := range []struct {
		name    string
		user    string
		headers []string
		status  int
		want    string // what the client is told
	}{
		{"by an administrator", "guest", nil, 204, "CONNECTION_FORCED - Closed via management plugin"},
		{"for a reason", "guest", []string{"X-Reason", "go away"}, 204, "CONNECTION_FORCED - go away"},
		{"by its user", "man", nil, 204, "CONNECTION_FORCED - Closed via management plugin"},
		{"not by others", "mon", nil, 401, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			name, lost := s.connect("man", "a/b")
			w := s.ask(test.user, "DELETE", "/api/connections/"+strings.ReplaceAll(strings.ReplaceAll(name, " ", "%20"), ">", "%3E"), "", test.headers...)
			if w.Code != test.status {
				t.Fatalf("got %d %s, want %d", w.Code, w.Body, test.status)
			}
			if test.want == "" {
				return
			}
			if why := <-lost; why == nil || why.Code != 320 || why.Reason != test.want {
				t.Errorf("got %v, want %s", why, test.want)
			}
		})
	}
}

func TestDeletedUsersAreDisconnected(t *testing.T) {
	s := newSite(t)
	_, lost := s.connect("man", "a/b")
	s.ask("guest", "DELETE", "/api/users/man", "")
	if why := <-lost; why == nil || why.Reason != "CONNECTION_FORCED - user 'man' is deleted" {
		t.Errorf("got %v", why)
	}
}

func TestAnswersOverASocket(t *testing.T) {
	s := newSite(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.ok(err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	for path, status := range map[string]int{"/api/vhosts/%2F": 200, "/api/vhosts/%2f/": 200, "/api/vhosts/a%2Fb/permissions": 200, "/api/vhosts//": 404} {
		r, err := http.NewRequest("GET", "http://"+l.Addr().String()+path, nil)
		s.ok(err)
		r.SetBasicAuth("guest", "guest")
		answer, err := http.DefaultClient.Do(r)
		s.ok(err)
		if _, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != status {
			t.Errorf("%s: got status %d, error %v, want %d", path, answer.StatusCode, err, status)
		}
		answer.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s.ok(s.Shutdown(ctx))
	if err := <-served; !errors.Is(err, web.ErrServerClosed) {
		t.Errorf("got %v, want %v", err, web.ErrServerClosed)
	}
}

// A client that says nothing is not waited for longer than a shutdown takes.
func TestShutdownCutsOffWhoIsSlow(t *testing.T) {
	s := newSite(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.ok(err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	s.ok(err)
	defer conn.Close()
	_, err = io.WriteString(conn, "PUT /api/users/eve HTTP/1.1\r\nhost: x\r\nauthorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n")
	s.ok(err)
	if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil { // of 100 Continue: the request is under way
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(over); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	<-served
	io.Copy(io.Discard, conn) // ends; how does not matter
}

func TestTroubleOfTheBrokersOwn(t *testing.T) {
	st := store.NewMemory()
	var broker *server.Server
	b, err := amqptest.Start(st, zerolog.Nop(), amqptest.WithServer(func(s *server.Server) { broker = s }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	s := &site{TB: t, Server: New(broker, Options{}), broker: b}
	st.Fail(errors.New("the disk is gone"))
	for _, call := range [][3]string{
		{"PUT", "/api/users/eve", `{"tags":""}`},
		{"PUT", "/api/vhosts/c", ""},
		{"PUT", "/api/permissions/%2F/guest", `{"configure":"","write":"","read":""}`},
		{"PUT", "/api/user-limits/guest/max-channels", `{"value":1}`},
		{"PUT", "/api/vhost-limits/%2F/max-queues", `{"value":1}`},
		{"DELETE", "/api/permissions/%2F/guest", ""},
		{"DELETE", "/api/vhosts/%2F", ""},
		{"DELETE", "/api/users/eve", ""},
	} {
		w := s.ask("guest", call[0], call[1], call[2])
		if want := `{"error":"internal_server_error","reason":"the broker failed; see its log"}`; w.Code != 500 || w.Body.String() != want {
			t.Errorf("%s %s: got %d %s, want 500 %s", call[0], call[1], w.Code, w.Body, want)
		}
	}
}
