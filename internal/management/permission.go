package management

import (
	"errors"

	"github.com/harebellmq/harebell/internal/auth"
)

func (s *Server) listPermissions(c *call) error {
	return c.list(all(s.users.AllPermissions()))
}

func (s *Server) vhostPermissions(c *call) error {
	name := c.name("vhost")
	if !s.vhosts.Has(name) {
		return errNotFound
	}
	return c.list(some(s.users.AllPermissions(), func(p auth.Permissions) bool { return p.VHost == name }))
}

func (s *Server) userPermissions(c *call) error {
	name := c.name("user")
	if _, ok := s.users.Get(name); !ok {
		return errNotFound
	}
	return c.list(some(s.users.AllPermissions(), func(p auth.Permissions) bool { return p.User == name }))
}

func (s *Server) getPermissions(c *call) error {
	p, ok := s.users.Permissions(c.name("user"), c.name("vhost"))
	if !ok {
		return errNotFound
	}
	return c.answer(p)
}

func (s *Server) putPermissions(c *call) error {
	b, err := c.body("configure", "write", "read")
	if err != nil {
		return err
	}
	texts, err := b.texts("configure", "write", "read")
	if err != nil {
		return err
	}
	created, err := s.users.SetPermissions(c.user.Name, auth.Permissions{
		User: c.name("user"), VHost: c.name("vhost"), Configure: texts[0], Write: texts[1], Read: texts[2],
	}, s.vhosts.Has)
	if err != nil {
		return refusePermissions(err)
	}
	return c.done(created)
}

// refusePermissions makes the refusal of an error in setting permissions.
func refusePermissions(err error) error {
	pattern, ok := errors.AsType[*auth.PatternError](err)
	switch {
	case ok:
		return badRequest("invalid_regexp", pattern.Pattern, pattern.Reason)
	case errors.Is(err, auth.ErrNoUser) || errors.Is(err, auth.ErrNoVirtualHost):
		return badRequest("vhost_or_user_not_found")
	case isMistake(err):
		return badRequest(err.Error())
	}
	return err
}

func (s *Server) deletePermissions(c *call) error {
	return c.cleared(s.users.ClearPermissions(c.user.Name, c.name("user"), c.name("vhost")))
}

// cleared answers that permissions are gone, unless there were none.
func (c *call) cleared(err error) error {
	switch {
	case errors.Is(err, auth.ErrNoPermissions):
		return errNotFound
	case err != nil:
		return err
	}
	return c.done(false)
}
