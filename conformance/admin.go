package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// An admin administers the broker by its management API, with HTTP alone.
type admin struct {
	t    T
	user *url.Userinfo // who asks
}

// administer returns an administrator, or skips the rule if there is no API to
// administer the broker by.
func administer(t T) *admin {
	t.Helper()
	if target.management == nil {
		t.Skip("needs --management-url")
	}
	return &admin{t: t, user: target.management.User}
}

// as returns somebody else at the same API, whose password is the name.
func (a *admin) as(user string) *admin {
	return &admin{t: a.t, user: url.UserPassword(user, user)}
}

// An answer is what the API says.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask asks the API for something. Each name in the path is escaped.
func (a *admin) ask(method string, path []string, body string, headers ...string) answer {
	a.t.Helper()
	var escaped strings.Builder
	for _, name := range path {
		escaped.WriteString("/" + url.PathEscape(name))
	}
	return a.askURL(method, "/api"+escaped.String(), body, headers...)
}

// askURL asks for what is behind a path that is escaped already. RabbitMQ fails to
// make a list if something on it is deleted meanwhile; then it is asked again.
func (a *admin) askURL(method, path, body string, headers ...string) (got answer) {
	a.t.Helper()
	if target.harebell || method != "GET" {
		return a.askOnce(method, path, body, headers...)
	}
	eventually(a.t, "an answer to "+path, func() bool {
		got = a.askOnce(method, path, body, headers...)
		return got.status != http.StatusInternalServerError
	})
	return got
}

func (a *admin) askOnce(method, path, body string, headers ...string) answer {
	a.t.Helper()
	r, err := http.NewRequest(method, "http://"+target.management.Host+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.user != nil {
		password, _ := a.user.Password()
		r.SetBasicAuth(a.user.Username(), password)
	}
	r.Header.Set("content-type", "application/json") // some resources insist on it
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Timeout: patience}
	got, err := client.Do(r)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer got.Body.Close()
	octets, err := io.ReadAll(got.Body)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{got.StatusCode, got.Header, string(octets)}
}

// do asks for something that must be done.
func (a *admin) do(method string, path []string, body any) {
	a.t.Helper()
	if got := a.ask(method, path, toJSON(body)); got.status != http.StatusCreated && got.status != http.StatusNoContent {
		a.t.Fatalf("%s %q: got %d %s", method, path, got.status, got.body)
	}
}

func toJSON(value any) string {
	if value == nil {
		return ""
	}
	octets, err := json.Marshal(value)
	if err != nil {
		panic(err) // maps, texts and numbers
	}
	return string(octets)
}

// want compares an answer. The body may be "" for any, and its fields are those
// that are looked at.
func (a *admin) want(got answer, status int, body string) {
	a.t.Helper()
	if got.status != status || body != "" && !holds(fromJSON(a.t, got.body), fromJSON(a.t, body)) {
		a.t.Errorf("got  %d %s\nwant %d %s", got.status, got.body, status, body)
	}
}

func fromJSON(t T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Errorf("JSON %q: %v", text, err)
	}
	return value
}

// holds reports whether a value is the one wanted: of objects the fields that are,
// of lists all elements.
func holds(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, is := got.(map[string]any)
		for key, field := range want {
			there, has := object[key]
			is = is && has && holds(there, field)
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

// brief returns a name that nobody else uses and that is short enough to stand
// several times in a reply text.
func brief() string { return fmt.Sprintf("c.%s.%d", run, names.Add(1)) }

// newUser makes a user with tags, whose password is the name, until the rule ends.
func (a *admin) newUser(tags string) string {
	a.t.Helper()
	name := brief()
	a.t.Cleanup(func() { a.ask("DELETE", []string{"users", name}, "") })
	a.do("PUT", []string{"users", name}, map[string]any{"password": name, "tags": tags})
	return name
}

// newVHost makes a virtual host until the rule ends.
func (a *admin) newVHost() string {
	a.t.Helper()
	name := brief()
	a.t.Cleanup(func() { a.ask("DELETE", []string{"vhosts", name}, "") })
	a.do("PUT", []string{"vhosts", name}, nil)
	return name
}

// permit says what a user may do in a virtual host.
func (a *admin) permit(user, vhost, configure, write, read string) {
	a.t.Helper()
	a.do("PUT", []string{"permissions", vhost, user}, map[string]any{"configure": configure, "write": write, "read": read})
}

// narrow says which keys a user may use with an exchange.
func (a *admin) narrow(user, vhost, exchange, write, read string) {
	a.t.Helper()
	a.do("PUT", []string{"topic-permissions", vhost, user}, map[string]any{"exchange": exchange, "write": write, "read": read})
}

// limit bounds a user ("user-limits") or a virtual host ("vhost-limits").
func (a *admin) limit(kind, of, limit string, n int) {
	a.t.Helper()
	a.do("PUT", []string{kind, of, limit}, map[string]any{"value": n})
}

// A guest is a raw client of a user in a virtual host, both made for the rule.
type guest struct {
	*raw
	admin       *admin
	user, vhost string
	furnisher   *raw // may do everything there
}

// invite makes a user and a virtual host, and lets the user in, who may do
// everything until permit or narrow say something else.
func invite(t T) *guest {
	t.Helper()
	a := administer(t)
	g := &guest{admin: a, user: a.newUser(""), vhost: a.newVHost()}
	a.permit(g.user, g.vhost, ".*", ".*", ".*")
	g.raw = g.another()
	g.furnisher = connectRaw(t, handshake{vhost: g.vhost})
	g.furnisher.openChannel(1)
	return g
}

// another returns one more client of the same user.
func (g *guest) another() *raw {
	g.admin.t.Helper()
	r := connectRaw(g.admin.t, handshake{user: g.user, vhost: g.vhost})
	r.openChannel(1)
	return r
}

func (g *guest) permit(configure, write, read string) {
	g.t.Helper()
	g.admin.permit(g.user, g.vhost, configure, write, read)
}

func (g *guest) narrow(exchange, write, read string) {
	g.t.Helper()
	g.admin.narrow(g.user, g.vhost, exchange, write, read)
}

// furnish has somebody who may do everything declare something.
func (g *guest) furnish(method []byte) {
	g.t.Helper()
	g.furnisher.call(1, method, 11)
}

// refused says something that must be refused: for want of a permission for what
// is named, such as "queue 'q'".
func (g *guest) refused(permission, what string, method []byte) {
	g.t.Helper()
	g.send(1, method)
	g.expectRefusal(permission, what, uint16(method[0])<<8|uint16(method[1]), uint16(method[2])<<8|uint16(method[3]))
}

// expectRefusal reads the refusal of a method, and opens the channel again.
func (g *guest) expectRefusal(permission, what string, class, id uint16) {
	g.t.Helper()
	g.expectClose(1, closing{403, accessTo(g.t, permission, what) + " in vhost '" + g.vhost + "' refused for user '" + g.user + "'", class, id})
	g.reopen()
}

// refusedAs says something that must be refused with that code and text.
func (g *guest) refusedAs(code uint16, text string, method []byte) {
	g.t.Helper()
	g.send(1, method)
	g.expectClose(1, closing{code, text, uint16(method[0])<<8 | uint16(method[1]), uint16(method[2])<<8 | uint16(method[3])})
	g.reopen()
}

// reopen opens channel 1 again, which the broker has closed.
func (g *guest) reopen() {
	g.t.Helper()
	g.send(1, channelCloseOk())
	g.openChannel(1)
}

// allowed says something that must be answered with the next method of its class.
func (g *guest) allowed(method []byte) {
	g.t.Helper()
	id := uint16(method[2])<<8 | uint16(method[3])
	if class := uint16(method[0])<<8 | uint16(method[1]); class == 40 && id == 40 {
		id = 50 // spec: exchange.unbind-ok is out of line
	}
	g.call(1, method, id+1)
}

// accessTo is the beginning of a refusal.
func accessTo(t T, permission, what string) string {
	t.Helper()
	if since(t, "3.12", "a refusal begins with the permission that is missing") {
		return permission + " access to " + what
	}
	return "access to " + what
}
