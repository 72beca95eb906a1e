package management

import "github.com/harebellmq/harebell/internal/auth"

func (s *Server) listTopicPermissions(c *call) error {
	return c.list(all(s.users.AllTopicPermissions()))
}

func (s *Server) vhostTopicPermissions(c *call) error {
	name := c.name("vhost")
	if !s.vhosts.Has(name) {
		return errNotFound
	}
	return c.list(some(s.users.AllTopicPermissions(), func(p auth.TopicPermissions) bool { return p.VHost == name }))
}

func (s *Server) userTopicPermissions(c *call) error {
	name := c.name("user")
	if _, ok := s.users.Get(name); !ok {
		return errNotFound
	}
	return c.list(some(s.users.AllTopicPermissions(), func(p auth.TopicPermissions) bool { return p.User == name }))
}

// getTopicPermissions answers with all of a user in a virtual host.
//
// rabbitmq: none at all are not found
func (s *Server) getTopicPermissions(c *call) error {
	user, vhost := c.name("user"), c.name("vhost")
	var found []auth.TopicPermissions
	for _, p := range s.users.AllTopicPermissions() {
		if p.User == user && p.VHost == vhost {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return errNotFound
	}
	return c.list(all(found))
}

func (s *Server) putTopicPermissions(c *call) error {
	b, err := c.body("exchange", "write", "read")
	if err != nil {
		return err
	}
	texts, err := b.texts("exchange", "write", "read")
	if err != nil {
		return err
	}
	created, err := s.users.SetTopicPermissions(c.user.Name, auth.TopicPermissions{
		User: c.name("user"), VHost: c.name("vhost"), Exchange: texts[0], Write: texts[1], Read: texts[2],
	}, s.vhosts.Has)
	if err != nil {
		return refusePermissions(err)
	}
	return c.done(created)
}

func (s *Server) deleteTopicPermissions(c *call) error {
	return c.cleared(s.users.ClearTopicPermissions(c.user.Name, c.name("user"), c.name("vhost")))
}
