package management

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/limits"
)

// vhostLimits is how the limits of a virtual host are shown.
type vhostLimits struct {
	VHost string     `json:"vhost"`
	Value limits.Set `json:"value"`
}

// userLimits is how the limits of a user are shown.
type userLimits struct {
	User  string     `json:"user"`
	Value limits.Set `json:"value"`
}

func (s *Server) listVHostLimits(c *call) error {
	return c.list(func(yield func(any) bool) {
		for v := range s.visible(c) {
			if set := v.Limits(); len(set) > 0 && !yield(vhostLimits{v.Name(), set}) {
				return
			}
		}
	})
}

func (s *Server) getVHostLimits(c *call) error {
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNotFound
	}
	var shown []vhostLimits
	if set := v.Limits(); len(set) > 0 {
		shown = append(shown, vhostLimits{v.Name(), set})
	}
	return c.list(all(shown))
}

func (s *Server) putVHostLimit(c *call) error {
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNoVHost
	}
	n, wrong, err := c.limit("limits", limits.MaxConnections, limits.MaxQueues)
	switch {
	case err != nil:
		return err
	case wrong != "":
		return badRequest("Validation failed\n\n" + wrong + "\n")
	}
	if err := v.SetLimit(c.user.Name, c.name("limit"), n); err != nil {
		return err
	}
	return c.done(false)
}

func (s *Server) deleteVHostLimit(c *call) error {
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNotFound
	}
	if err := v.ClearLimit(c.user.Name, c.name("limit")); err != nil {
		return err
	}
	return c.done(false)
}

func (s *Server) listUserLimits(c *call) error {
	return c.list(func(yield func(any) bool) {
		for _, user := range s.users.All() {
			if len(user.Limits) > 0 && !yield(userLimits{user.Name, user.Limits}) {
				return
			}
		}
	})
}

func (s *Server) getUserLimits(c *call) error {
	user, ok := s.users.Get(c.name("user"))
	if !ok {
		return errNotFound
	}
	var shown []userLimits
	if len(user.Limits) > 0 {
		shown = append(shown, userLimits{user.Name, user.Limits})
	}
	return c.list(all(shown))
}

func (s *Server) putUserLimit(c *call) error {
	n, wrong, err := c.limit("user-limits", limits.MaxConnections, limits.MaxChannels)
	switch {
	case err != nil:
		return err
	case wrong != "":
		return badRequest(wrong)
	}
	name := c.name("user")
	err = s.users.SetLimit(c.user.Name, name, c.name("limit"), n)
	switch {
	case errors.Is(err, auth.ErrNoUser):
		return badRequest("no_such_user", name)
	case err != nil:
		return err
	}
	return c.done(false)
}

func (s *Server) deleteUserLimit(c *call) error {
	err := s.users.ClearLimit(c.user.Name, c.name("user"), c.name("limit"))
	switch {
	case errors.Is(err, auth.ErrNoUser):
		return errNotFound
	case err != nil:
		return err
	}
	return c.done(false)
}

// limit returns the limit that a body sets, which must be known, or says in
// RabbitMQ's words what is wrong with it.
func (c *call) limit(kind string, known ...string) (n int64, wrong string, err error) {
	b, err := c.body("value")
	if err != nil {
		return 0, "", err
	}
	name := c.name("limit")
	value := erlang(b["value"])
	switch {
	case !slices.Contains(known, name):
		return 0, fmt.Sprintf("Unrecognised terms [{<<%q>>,%s}] in %s", name, value, kind), nil
	case json.Unmarshal(b["value"], &n) != nil:
		return 0, fmt.Sprintf("%s should be a number, actually was %s", name, value), nil
	}
	return n, "", nil
}

// erlang writes a value as RabbitMQ's texts do.
func erlang(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return fmt.Sprintf("<<%q>>", text)
	}
	return string(value)
}
