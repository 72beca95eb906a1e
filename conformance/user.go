package conformance

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"strings"
)

func TestUserIDOfOthersNeedsTheTagImpersonator(t T) {
	t.Parallel()
	g := invite(t)
	g.publish(1, "amq.fanout", "", props(flagUserID, g.user), "m")
	g.publish(1, "amq.fanout", "", props(flagUserID, "nobody"), "m")
	g.expectClose(1, closing{406, "user_id property set to 'nobody' but authenticated user was '" + g.user + "'", 60, 40})
	g.admin.do("PUT", []string{"users", g.user}, map[string]any{"password": g.user, "tags": "impersonator"})
	r := g.another()
	r.publish(1, "amq.fanout", "", props(flagUserID, "nobody"), "m")
	r.ping(1)
}

func TestTagsAreThoseOfTheLogin(t T) {
	t.Parallel()
	g := invite(t)
	g.admin.do("PUT", []string{"users", g.user}, map[string]any{"password": g.user, "tags": "impersonator"})
	r := g.another()
	g.admin.do("PUT", []string{"users", g.user}, map[string]any{"password": g.user, "tags": ""})
	r.publish(1, "amq.fanout", "", props(flagUserID, "nobody"), "m") // still
	r.ping(1)
	g.publish(1, "amq.fanout", "", props(flagUserID, "nobody"), "m")
	g.expectCode(1, 406)
}

func TestPasswordHashes(t T) {
	t.Parallel()
	a := administer(t)
	user, vhost := a.newUser(""), a.newVHost()
	a.permit(user, vhost, "", "", "")
	const salt = "\x00\xff\x10A"
	salted := []byte(salt + user)
	sha2, sha5, md := sha256.Sum256(salted), sha512.Sum512(salted), md5.Sum(salted)
	for algorithm, hash := range map[string][]byte{
		"":                               sha2[:],
		"rabbit_password_hashing_sha256": sha2[:],
		"rabbit_password_hashing_sha512": sha5[:],
		"rabbit_password_hashing_md5":    md[:],
	} {
		body := map[string]any{"tags": "", "password_hash": base64.StdEncoding.EncodeToString(append([]byte(salt), hash...))}
		if algorithm != "" {
			body["hashing_algorithm"] = algorithm
		}
		a.do("PUT", []string{"users", user}, body)
		connectRaw(t, handshake{user: user, vhost: vhost})
	}
}

// refusedLogin expects that a password is not that of a user.
func refusedLogin(t T, user, password string) {
	t.Helper()
	r := greetRaw(t)
	r.send(0, startOk(allCapabilities, "PLAIN", "\x00"+user+"\x00"+password))
	r.expectCode(0, 403)
	r.send(0, connectionCloseOk())
}

func TestUserWithoutAPasswordCannotLogIn(t T) {
	t.Parallel()
	a := administer(t)
	user := a.newUser("")
	for _, body := range []map[string]any{{"tags": ""}, {"tags": "", "password_hash": ""}, {"tags": "", "password": ""}} {
		a.do("PUT", []string{"users", user}, body)
		refusedLogin(t, user, "")
		refusedLogin(t, user, user)
	}
}

func TestChangedPasswordIsForLoginsToCome(t T) {
	t.Parallel()
	g := invite(t)
	g.admin.do("PUT", []string{"users", g.user}, map[string]any{"password": "another", "tags": ""})
	refusedLogin(t, g.user, g.user)
	g.allowed(queueDeclare("q", durable, nil))
}

func TestDeletedUserIsDisconnected(t T) {
	t.Parallel()
	g := invite(t)
	other := g.another()
	g.admin.do("DELETE", []string{"users", g.user}, nil)
	for _, r := range []*raw{g.raw, other} {
		r.expectClose(0, closing{320, "user '" + g.user + "' is deleted", 0, 0})
		r.send(0, connectionCloseOk())
	}
	refusedLogin(t, g.user, g.user)
}

func TestDeletedUserLosesAllPermissions(t T) {
	t.Parallel()
	a := administer(t)
	user, vhost := a.newUser(""), a.newVHost()
	a.permit(user, vhost, ".*", ".*", ".*")
	a.narrow(user, vhost, "amq.topic", ".*", ".*")
	a.limit("user-limits", user, "max-channels", 1)
	a.do("DELETE", []string{"users", user}, nil)
	a.do("PUT", []string{"users", user}, map[string]any{"password": user, "tags": ""})
	a.want(a.ask("GET", []string{"users", user, "permissions"}, ""), 200, "[]")
	a.want(a.ask("GET", []string{"users", user, "topic-permissions"}, ""), 200, "[]")
	a.want(a.ask("GET", []string{"user-limits", user}, ""), 200, "[]")
	refusedEntry(t, user, vhost, "access to vhost '"+vhost+"' refused for user '"+user+"'")
}

func TestConnectionIsClosedByTheAPI(t T) {
	t.Parallel()
	for name, c := range map[string]struct {
		headers []string
		want    string
	}{
		"without a reason": {nil, "Closed via management plugin"},
		"with a reason":    {[]string{"X-Reason", "go away"}, "go away"},
		"with a reason that is too long": {[]string{"X-Reason", strings.Repeat("r", 300)},
			("CONNECTION_FORCED - " + strings.Repeat("r", 300))[:252][len("CONNECTION_FORCED - "):] + "..."},
	} {
		t.Run(name, func(t T) {
			t.Parallel()
			g := invite(t)
			g.closeByAPI(g.admin, 204, c.headers...)
			g.expectClose(0, closing{320, c.want, 0, 0})
			g.send(0, connectionCloseOk())
		})
	}
}

// closeByAPI asks for the connection's end until the API knows of it, and expects
// that status.
func (g *guest) closeByAPI(a *admin, status int, headers ...string) {
	g.t.Helper()
	name := g.conn.LocalAddr().String() + " -> " + g.conn.RemoteAddr().String()
	var got answer
	eventually(g.t, "connection known to the API", func() bool {
		got = a.ask("DELETE", []string{"connections", name}, "", headers...)
		return got.status != 404 && got.status != 500
	})
	a.want(got, status, "")
}

func TestConnectionIsClosedByItsUserOrAnAdministrator(t T) {
	t.Parallel()
	g := invite(t)
	manager := g.admin.newUser("management")
	g.closeByAPI(g.admin.as(manager), 401)
	monitor := g.admin.newUser("monitoring")
	g.closeByAPI(g.admin.as(monitor), 401)
	g.admin.do("PUT", []string{"users", g.user}, map[string]any{"password": g.user, "tags": "management"})
	g.closeByAPI(g.admin.as(g.user), 204)
	g.expectCode(0, 320)
}
