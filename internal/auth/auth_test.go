package auth

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"reflect"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/limits"
	"github.com/harebellmq/harebell/store"
)

// A site is the users of a broker over a store in memory, with user ann.
type site struct {
	testing.TB
	store *store.Memory
	*Users
	log bytes.Buffer
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{TB: t, store: store.NewMemory()}
	s.open()
	s.put(User{Name: "ann"}.WithPassword("secret"))
	return s
}

func (s *site) open() {
	s.Helper()
	var err error
	if s.Users, err = Open(s.store, zerolog.New(&s.log)); err != nil {
		s.Fatal(err)
	}
}

// restart ends the process and starts it again.
func (s *site) restart() {
	s.Helper()
	s.store.Close()
	s.store = s.store.Reopen()
	s.open()
}

func (s *site) put(user User) {
	s.Helper()
	_, err := s.Put("", user)
	s.ok(err)
}

func (s *site) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// permit sets the permissions of ann in virtual host v.
func (s *site) permit(configure, write, read string) {
	s.Helper()
	_, err := s.SetPermissions("", Permissions{User: "ann", VHost: "v", Configure: configure, Write: write, Read: read}, anything)
	s.ok(err)
}

// narrow sets topic permissions of ann in virtual host v.
func (s *site) narrow(exchange, write, read string) {
	s.Helper()
	_, err := s.SetTopicPermissions("", TopicPermissions{User: "ann", VHost: "v", Exchange: exchange, Write: write, Read: read}, anything)
	s.ok(err)
}

// enter begins a session of ann in virtual host v.
func (s *site) enter() *Session {
	s.Helper()
	session, err := s.Enter("ann", "v", func(*amqp.Error) {})
	s.ok(err)
	return session
}

// login logs in, and returns who has.
func (s *site) login(name, password string, peer net.Addr) (User, error) {
	s.Helper()
	identity, err := s.Login(s.Context(), name, password, peer)
	if err != nil {
		return User{}, err
	}
	return identity.User(), nil
}

// wantError fails the test unless err is an AMQP error of that code and text.
func (s *site) wantError(err error, code amqp.Code, text string) {
	s.Helper()
	if e, ok := errors.AsType[*amqp.Error](err); !ok || e.Code != code || e.Text != text {
		s.Errorf("got %v, want %v %q", err, code, text)
	}
}

func anything(string) bool { return true }
func nothing(string) bool  { return false }

// docs counts all documents about users.
func (s *site) docs() (n int) {
	for _, k := range []store.Kind{store.Users, store.Permissions, store.TopicPermissions} {
		for range s.store.Docs(k) {
			n++
		}
	}
	return n
}

func TestLogin(t *testing.T) {
	s := newSite(t)
	s.LoopbackOnly = []string{"bob"}
	s.put(User{Name: "bob", Tags: []string{Monitoring}}.WithPassword("b"))
	s.put(User{Name: "blank"}.WithPassword(""))
	s.put(User{Name: "none"})
	local := &net.TCPAddr{IP: net.IPv6loopback, Port: 1}
	far := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}
	mapped := &net.TCPAddr{IP: net.ParseIP("::ffff:127.0.0.1"), Port: 1}
	tests := []struct {
		name           string
		user, password string
		peer           net.Addr
		want           error
	}{
		{"right password", "ann", "secret", far, nil},
		{"wrong password", "ann", "Secret", far, ErrRefused},
		{"no password", "ann", "", far, ErrRefused},
		{"unknown user", "eve", "secret", far, ErrRefused},
		{"no user", "", "", far, ErrRefused},
		{"a blank password is none", "blank", "", local, ErrRefused},
		{"a user without a password", "none", "", local, ErrRefused},
		{"from this machine", "bob", "b", local, nil},
		{"from this machine, by IPv4 in IPv6", "bob", "b", mapped, nil},
		{"through a pipe", "bob", "b", nil, nil},
		{"from elsewhere", "bob", "b", far, ErrNotLocal},
		{"from elsewhere with a wrong password", "bob", "c", far, ErrRefused},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			user, err := s.login(test.user, test.password, test.peer)
			if !errors.Is(err, test.want) || errors.Is(err, ErrNotLocal) != (test.want == ErrNotLocal) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if err == nil && user.Name != test.user {
				t.Errorf("got user %q, want %q", user.Name, test.user)
			}
		})
	}
}

func TestFirstUserIsMadeOnce(t *testing.T) {
	s := &site{TB: t, store: store.NewMemory()}
	s.open()
	guest := User{Name: "guest", Tags: []string{Administrator}}
	s.ok(s.First(guest.WithPassword("guest"), Everything("guest", "/")))
	if _, err := s.login("guest", "guest", nil); err != nil {
		t.Error(err)
	}
	if got := s.AllPermissions(); !reflect.DeepEqual(got, []Permissions{Everything("guest", "/")}) {
		t.Errorf("permissions: got %v", got)
	}
	s.ok(s.First(guest.WithPassword("other"), Everything("guest", "/")))
	if _, err := s.login("guest", "guest", nil); err != nil {
		t.Errorf("the second time: %v", err)
	}
	s.restart()
	s.ok(s.First(User{Name: "other"}.WithPassword("other"), Everything("other", "/")))
	if got := s.All(); len(got) != 1 || got[0].Name != "guest" {
		t.Errorf("after a restart: got %v", got)
	}
	if err := s.First(User{}, Everything("", "/")); err != ErrName {
		t.Errorf("no name: got %v", err)
	}
}

func TestUsersLast(t *testing.T) {
	s := newSite(t)
	s.put(User{Name: "<bob> & \"co\"", Tags: []string{"a", Impersonator}}.WithPassword("b"))
	s.ok(s.SetLimit("", "ann", limits.MaxChannels, 5))
	s.permit("", "<&>", ".*")
	s.narrow("x", "{username}", "")
	s.narrow("", ".", ".")
	users, permissions, topics := s.All(), s.AllPermissions(), s.AllTopicPermissions()
	if len(users) != 2 || len(permissions) != 1 || len(topics) != 2 {
		t.Fatalf("got %v, %v, %v", users, permissions, topics)
	}
	s.restart()
	if got := s.All(); !reflect.DeepEqual(got, users) {
		t.Errorf("users:\n got %+v\nwant %+v", got, users)
	}
	if got := s.AllPermissions(); !reflect.DeepEqual(got, permissions) {
		t.Errorf("permissions:\n got %+v\nwant %+v", got, permissions)
	}
	if got := s.AllTopicPermissions(); !reflect.DeepEqual(got, topics) {
		t.Errorf("topic permissions:\n got %+v\nwant %+v", got, topics)
	}
	if _, err := s.login("ann", "secret", nil); err != nil {
		t.Error(err)
	}
	if s.log.Len() > 0 {
		t.Errorf("log: got %s", s.log.String())
	}
}

func TestDeletedUsersLeaveNothing(t *testing.T) {
	s := newSite(t)
	s.permit(".*", ".*", ".*")
	s.narrow("x", ".*", ".*")
	var told []*amqp.Error
	for range 2 {
		_, err := s.Enter("ann", "v", func(why *amqp.Error) { told = append(told, why) })
		s.ok(err)
	}
	s.ok(s.Delete("", "ann"))
	if len(told) != 2 {
		t.Fatalf("told %d sessions, want 2", len(told))
	}
	s.wantError(told[0], amqp.ConnectionForced, "user 'ann' is deleted")
	if n := s.docs(); n != 0 {
		t.Errorf("%d documents left", n)
	}
	if err := s.Delete("", "ann"); err != ErrNoUser {
		t.Errorf("again: got %v, want %v", err, ErrNoUser)
	}
	s.put(User{Name: "ann"}.WithPassword("secret"))
	_, err := s.Enter("ann", "v", nil)
	s.wantError(err, amqp.NotAllowed, "access to vhost 'v' refused for user 'ann'")
}

func TestForgottenVirtualHostsLeaveNothing(t *testing.T) {
	s := newSite(t)
	s.permit(".*", ".*", ".*")
	s.narrow("x", ".*", ".*")
	_, err := s.SetPermissions("", Everything("ann", "other"), anything)
	s.ok(err)
	s.Forget("", "v")
	if got := s.AllPermissions(); !reflect.DeepEqual(got, []Permissions{Everything("ann", "other")}) {
		t.Errorf("permissions: got %v", got)
	}
	if got := s.AllTopicPermissions(); len(got) != 0 {
		t.Errorf("topic permissions: got %v", got)
	}
	if n := s.docs(); n != 2 {
		t.Errorf("%d documents, want the user and one of permissions", n)
	}
}

func TestChangingAUserKeepsLimitsAndPermissions(t *testing.T) {
	s := newSite(t)
	s.permit("a", "b", "c")
	s.ok(s.SetLimit("", "ann", limits.MaxConnections, 3))
	if created, err := s.Put("", User{Name: "ann", Tags: []string{Management}}.WithPassword("new")); created || err != nil {
		t.Errorf("got created %v, error %v", created, err)
	}
	user, err := s.login("ann", "new", nil)
	s.ok(err)
	if user.Limits[limits.MaxConnections] != 3 || !user.Has(Monitoring, Management) || user.Has(Administrator) {
		t.Errorf("got %+v", user)
	}
	if _, ok := s.Permissions("ann", "v"); !ok {
		t.Error("no permissions any more")
	}
	s.ok(s.ClearLimit("", "ann", limits.MaxConnections))
	if user, _ := s.Get("ann"); len(user.Limits) != 0 {
		t.Errorf("limits: got %v, want none", user.Limits)
	}
}

func TestMistakesOfAdministrators(t *testing.T) {
	s := newSite(t)
	put := func(user User) error { _, err := s.Put("", user); return err }
	permissions := func(user, vhost, pattern string, exists func(string) bool) error {
		_, err := s.SetPermissions("", Permissions{User: user, VHost: vhost, Write: pattern}, exists)
		return err
	}
	topics := func(user, exchange, pattern string, exists func(string) bool) error {
		_, err := s.SetTopicPermissions("", TopicPermissions{User: user, VHost: "v", Exchange: exchange, Read: pattern}, exists)
		return err
	}
	long := strings.Repeat("n", 256)
	for name, test := range map[string]struct {
		err, want error
	}{
		"a user without a name":                         {put(User{}), ErrName},
		"a name too long":                               {put(User{Name: long}), ErrName},
		"a name that is no text":                        {put(User{Name: "\xff"}), ErrName},
		"a hash that is none":                           {put(User{Name: "u", Hash: "abc"}), ErrHash},
		"an unknown algorithm":                          {put(User{Name: "u", Algorithm: "rot13"}), ErrAlgorithm},
		"tags too long":                                 {put(User{Name: "u", Tags: []string{strings.Repeat("t", store.DocMost)}}), store.ErrTooLarge},
		"a limit for nobody":                            {s.SetLimit("", "nobody", limits.MaxChannels, 1), ErrNoUser},
		"no limit for nobody":                           {s.ClearLimit("", "nobody", limits.MaxChannels), ErrNoUser},
		"permissions for nobody":                        {permissions("nobody", "v", "", anything), ErrNoUser},
		"permissions nowhere":                           {permissions("ann", "v", "", nothing), ErrNoVirtualHost},
		"topic permissions for nobody":                  {topics("nobody", "x", "", anything), ErrNoUser},
		"topic permissions nowhere":                     {topics("ann", "x", "", nothing), ErrNoVirtualHost},
		"topic permissions for an exchange without end": {topics("ann", long, "", anything), ErrName},
		"clearing permissions that are not there":       {s.ClearPermissions("", "ann", "v"), ErrNoPermissions},
		"clearing topic permissions of nobody":          {s.ClearTopicPermissions("", "nobody", "v"), ErrNoPermissions},
		"deleting nobody":                               {s.Delete("", "nobody"), ErrNoUser},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: got %v, want %v", name, test.err, test.want)
		}
	}
	for name, err := range map[string]error{"permissions": permissions("ann", "v", "(", anything), "topic permissions": topics("ann", "x", "{username}(", anything)} {
		if e, ok := errors.AsType[*PatternError](err); !ok || !strings.HasSuffix(e.Pattern, "(") {
			t.Errorf("a pattern that is none, in %s: got %v", name, err)
		}
	}
	if n := s.docs(); n != 1 || len(s.All()) != 1 {
		t.Errorf("%d documents, users %v, want ann alone", n, s.All())
	}
}

func TestWhatIsNotUnderstoodIsLoggedAndKept(t *testing.T) {
	s := newSite(t)
	s.permit(".*", ".*", ".*")
	doc := func(k store.Kind, value string, names ...string) store.Doc {
		return store.Doc{Kind: k, Key: store.Key(names...), Value: []byte(value)}
	}
	damaged := []store.Doc{
		doc(store.Users, `{`, "u"),
		doc(store.Users, `{"name":"u","password_hash":"?"}`, "u2"),
		doc(store.Users, `{"name":"u"}`, "u3"),
		doc(store.Permissions, `[]`, "ann", "a"),
		doc(store.Permissions, `{"user":"ann","vhost":"b","read":"("}`, "ann", "b"),
		doc(store.Permissions, `{"user":"ann","vhost":"b"}`, "ann", "c"),
		doc(store.Permissions, `{"user":"eve","vhost":"b"}`, "eve", "b"),
		doc(store.TopicPermissions, `[]`, "ann", "a", "x"),
		doc(store.TopicPermissions, `{"user":"ann","vhost":"b","exchange":"x","read":"("}`, "ann", "b", "x"),
		doc(store.TopicPermissions, `{"user":"ann","vhost":"b","exchange":"x"}`, "ann", "c", "x"),
		doc(store.TopicPermissions, `{"user":"eve","vhost":"b","exchange":"x"}`, "eve", "b", "x"),
	}
	s.store.Append(store.Batch{Docs: damaged})
	s.restart()
	if got := strings.Count(s.log.String(), "not understood"); got != len(damaged) {
		t.Errorf("logged %d times, want %d:\n%s", got, len(damaged), s.log.String())
	}
	if len(s.All()) != 1 || len(s.AllPermissions()) != 1 || len(s.AllTopicPermissions()) != 0 {
		t.Errorf("got %v, %v, %v", s.All(), s.AllPermissions(), s.AllTopicPermissions())
	}
	if got := s.docs(); got != 2+len(damaged) {
		t.Errorf("%d documents, want %d", got, 2+len(damaged))
	}
}

func TestNothingIsPromisedThatIsNotOnDisk(t *testing.T) {
	s := newSite(t)
	s.permit("", "", "")
	broken := errors.New("the disk is gone")
	s.store.Fail(broken)
	_, putErr := s.Put("", User{Name: "bob"})
	_, permitErr := s.SetPermissions("", Everything("ann", "v"), anything)
	for what, err := range map[string]error{
		"put": putErr, "permit": permitErr, "limit": s.SetLimit("", "ann", limits.MaxChannels, 1), "delete": s.Delete("", "ann"),
	} {
		if !errors.Is(err, broken) {
			t.Errorf("%s: got %v, want %v", what, err, broken)
		}
	}
}

func TestLists(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"zoe", "bob"} {
		s.put(User{Name: name})
	}
	s.permit("", "", "")
	names := func(users []User) string {
		var all []string
		for _, user := range users {
			all = append(all, user.Name)
		}
		return strings.Join(all, " ")
	}
	if got := names(s.All()); got != "ann bob zoe" {
		t.Errorf("all: got %s", got)
	}
	if got := names(s.WithoutPermissions()); got != "bob zoe" {
		t.Errorf("without permissions: got %s", got)
	}
	for i, vhost := range []string{"w", "a"} {
		_, err := s.SetPermissions("", Permissions{User: "bob", VHost: vhost, Read: fmt.Sprint(i)}, anything)
		s.ok(err)
	}
	if got := fmt.Sprint(s.AllPermissions()); got != "[{ann v   } {bob a   1} {bob w   0}]" {
		t.Errorf("permissions: got %s", got)
	}
}

func TestWhoMustBeHereMayChange(t *testing.T) {
	far := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}
	u := &Users{LoopbackOnly: []string{"bob"}}
	u.SetLoopbackOnly([]string{"ann"})
	if err := u.MayComeFrom("bob", far); err != nil {
		t.Errorf("who may come from everywhere now: got %v", err)
	}
	if err := u.MayComeFrom("ann", far); !errors.Is(err, ErrNotLocal) {
		t.Errorf("who must be here now: got %v, want ErrNotLocal", err)
	}
}
