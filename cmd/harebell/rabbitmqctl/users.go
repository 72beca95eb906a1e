package rabbitmqctl

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

func userPath(name string) string { return "/api" + tool.Path("users", name) }

// user asks for a user.
func (c *call) user(name string) (tool.Object, error) {
	var u tool.Object
	err := c.get(userPath(name), &u)
	if missing(err) {
		return nil, noUser(name)
	}
	return u, err
}

// password is the argument of that place, or what stands on standard input.
//
// rabbitmq: so it need not be among the arguments, which others on the machine can see
func (c *call) password(at int) (string, error) {
	if len(c.arguments) > at {
		return c.arguments[at], nil
	}
	fmt.Fprint(c.Stdout, "Password: ")
	line, err := bufio.NewReader(c.Stdin).ReadString('\n')
	fmt.Fprintln(c.Stdout)
	line = strings.TrimRight(line, "\r\n")
	if line == "" || err != nil && !errors.Is(err, io.EOF) {
		return "", failf(exitData, "Password is not provided via argument or stdin")
	}
	return line, nil
}

func addUser(c *call) (any, error) {
	name := c.arguments[0]
	password, err := c.password(1)
	if err != nil {
		return nil, err
	}
	switch _, err := c.user(name); {
	case err == nil:
		return nil, failf(exitSoftware, "User \"%s\" already exists", name)
	case !isNoUser(err):
		return nil, err
	}
	body := map[string]any{"password": password, "tags": ""}
	if c.options["pre-hashed-password"] != "" {
		body = map[string]any{"password_hash": password, "tags": ""}
	}
	if err := c.put(userPath(name), body); err != nil {
		return nil, err
	}
	return c.hint("Done. Don't forget to grant the user permissions to some virtual hosts! See 'rabbitmqctl help set_permissions' to learn more."), nil
}

// hint is what people are told when all is done.
func (c *call) hint(format string, args ...any) any {
	if c.quiet && c.formatter != "json" {
		return nil
	}
	return text(fmt.Sprintf(format, args...))
}

func isNoUser(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.code == exitNoUser
}

// changeUser puts a user again, with some things changed.
func (c *call) changeUser(name string, change func(body map[string]any)) error {
	u, err := c.user(name)
	if err != nil {
		return err
	}
	body := map[string]any{"password_hash": u["password_hash"], "hashing_algorithm": u["hashing_algorithm"], "tags": u["tags"]}
	change(body)
	return c.put(userPath(name), body)
}

func changePassword(c *call) (any, error) {
	password, err := c.password(1)
	if err != nil {
		return nil, err
	}
	return nil, c.changeUser(c.arguments[0], func(body map[string]any) {
		delete(body, "password_hash")
		delete(body, "hashing_algorithm")
		body["password"] = password
	})
}

func clearPassword(c *call) (any, error) {
	return nil, c.changeUser(c.arguments[0], func(body map[string]any) { body["password_hash"] = "" })
}

func setUserTags(c *call) (any, error) {
	tags := append([]string{}, c.arguments[1:]...)
	return nil, c.changeUser(c.arguments[0], func(body map[string]any) { body["tags"] = tags })
}

func deleteUser(c *call) (any, error) {
	err := c.delete(userPath(c.arguments[0]))
	if missing(err) {
		return nil, noUser(c.arguments[0])
	}
	return nil, err
}

func authenticateUser(c *call) (any, error) {
	name := c.arguments[0]
	password, err := c.password(1)
	if err != nil {
		return nil, err
	}
	var is struct{ OK bool }
	err = c.api.Do(c, "POST", "/control/authentication", map[string]string{"username": name, "password": password}, &is)
	switch {
	case err != nil:
		return nil, err
	case !is.OK:
		return nil, failf(exitData, "Error: failed to authenticate user \"%s\"\nuser '%s' - invalid credentials", name, name)
	}
	return text("Success"), nil
}

// hashPassword makes the hash that definitions have of a password.
//
// rabbitmq: SHA-256 of four octets of salt and the password, and the salt before it
func hashPassword(c *call) (any, error) {
	password, err := c.password(0)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, 4)
	rand.Read(salt) // it never fails
	hash := sha256.Sum256(append(salt, password...))
	return text(base64.StdEncoding.EncodeToString(append(salt, hash[:]...))), nil
}

// There are permissions, and those for topics.

func permissionsPath(kind, vhost, user string) string { return "/api" + tool.Path(kind, vhost, user) }

// setPermissions returns what sets permissions of a kind. The arguments after the user
// have these names.
func setPermissions(kind string, names ...string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		if err := c.knowsUser(); err != nil {
			return nil, err
		}
		if err := c.hasVHost(); err != nil {
			return nil, err
		}
		body := make(map[string]string)
		for i, name := range names {
			body[name] = c.arguments[i+1]
		}
		return nil, c.put(permissionsPath(kind, c.vhost, c.arguments[0]), body)
	}
}

// hasVHost fails if the virtual host is not there, in the words of permissions.
func (c *call) hasVHost() error {
	err := c.get("/api"+tool.Path("vhosts", c.vhost), nil)
	if missing(err) {
		return failf(exitUnavailable, "Virtual host %s does not exist", c.vhost)
	}
	return err
}

// clearPermissions takes a user's permissions away.
//
// rabbitmq: also those that are not there
func clearPermissions(c *call) (any, error) {
	if err := c.knowsUser(); err != nil {
		return nil, err
	}
	if err := c.hasVHost(); err != nil {
		return nil, err
	}
	err := c.delete(permissionsPath("permissions", c.vhost, c.arguments[0]))
	if missing(err) {
		err = nil
	}
	return nil, err
}

func (c *call) knowsUser() error {
	_, err := c.user(c.arguments[0])
	if isNoUser(err) {
		return failf(exitNoUser, "User %s does not exist", c.arguments[0])
	}
	return err
}

// clearTopicPermissions takes those away for one exchange, or for all.
func clearTopicPermissions(c *call) (any, error) {
	if err := c.knowsUser(); err != nil {
		return nil, err
	}
	if err := c.hasVHost(); err != nil {
		return nil, err
	}
	path := permissionsPath("topic-permissions", c.vhost, c.arguments[0])
	all, err := c.list(path)
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := c.delete(path); err != nil && !missing(err) {
		return nil, err
	}
	for _, one := range all {
		if len(c.arguments) < 2 || one.Text("exchange") == c.arguments[1] {
			continue
		}
		body := map[string]any{"exchange": one["exchange"], "write": one["write"], "read": one["read"]}
		if err := c.put(path, body); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// ofVHost returns what lists permissions of a kind in the virtual host.
func ofVHost(kind string, cs columns) func(*call) (any, error) {
	return func(c *call) (any, error) {
		all, err := c.list("/api" + tool.Path("vhosts", c.vhost, kind))
		if missing(err) {
			return nil, noVHost(c.vhost)
		}
		return cs.rows(nil, all), err
	}
}

// ofUser returns what lists permissions of a kind of a user.
func ofUser(kind string, cs columns, bare bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		if _, err := c.user(c.arguments[0]); err != nil {
			if isNoUser(err) {
				return nil, noSuchUser(c.arguments[0])
			}
			return nil, err
		}
		all, err := c.list(userPath(c.arguments[0]) + "/" + kind)
		r := cs.rows(nil, all)
		r.bare = bare
		return r, err
	}
}

// noSuchUser is how some commands say it.
func noSuchUser(name string) error { return failf(exitUnavailable, "{:no_such_user, %q}", name) }
