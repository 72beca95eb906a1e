package management

import (
	"fmt"

	"github.com/harebellmq/harebell/queue"
)

// What follows is about nodes of a cluster, of which this is the only one.

// isNode refuses what is about another node.
func (s *Server) isNode(name string) error {
	if name != s.node {
		return badRequest(fmt.Sprintf("Node %s could not be contacted: %s is the only one", name, s.node))
	}
	return nil
}

// rebalanceQueues has nothing to do.
func (s *Server) rebalanceQueues(c *call) error { return c.done(false) }

// startVHost has nothing to do: a virtual host is running as long as it is there.
func (s *Server) startVHost(c *call) error {
	if !s.vhosts.Has(c.name("vhost")) {
		return errNotFound
	}
	if err := s.isNode(c.name("node")); err != nil {
		return err
	}
	return c.done(false)
}

// A replica is how the one member of a quorum queue is shown.
//
// rabbitmq: the names
type replica struct {
	Node       string `json:"Node Name"`
	State      string `json:"Raft State"`
	Membership string `json:"Membership"`
}

// quorum finds the quorum queue of the path.
func (c *call) quorum() error {
	_, q, err := c.queue()
	if err != nil {
		return err
	}
	if q.Declaration().Type() != queue.Quorum {
		return badRequest("not_quorum_queue")
	}
	return nil
}

func (s *Server) getReplicas(c *call) error {
	if err := c.quorum(); err != nil {
		return err
	}
	return c.list(all([]replica{{s.node, "leader", "voter"}}))
}

// addReplica has nothing to do for this node.
func (s *Server) addReplica(c *call) error { return c.replica(func() error { return c.done(false) }) }

// deleteReplica refuses to take away the only one.
func (s *Server) deleteReplica(c *call) error {
	return c.replica(func() error { return badRequest("last_node") })
}

// replica does something with the replica of a quorum queue on the node that the body
// names.
func (c *call) replica(do func() error) error {
	if err := c.quorum(); err != nil {
		return err
	}
	b, err := c.body("node")
	if err != nil {
		return err
	}
	node, err := b.text("node")
	if err != nil {
		return err
	}
	if err := c.server.isNode(node); err != nil {
		return err
	}
	return do()
}

// growQueues has nothing to do for this node.
func (s *Server) growQueues(c *call) error {
	if err := s.isNode(c.name("node")); err != nil {
		return err
	}
	return c.done(false)
}

// shrinkQueues refuses to take away the only replicas.
func (s *Server) shrinkQueues(c *call) error {
	if err := s.isNode(c.name("node")); err != nil {
		return err
	}
	return badRequest("last_node")
}

// protectVHost keeps a virtual host from being deleted, and releaseVHost lets it be.
func (s *Server) protectVHost(c *call) error { return s.setProtected(c, true) }
func (s *Server) releaseVHost(c *call) error { return s.setProtected(c, false) }

func (s *Server) setProtected(c *call, yes bool) error {
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNotFound
	}
	m := v.Metadata()
	m.Protected = yes
	if _, err := s.vhosts.Put(c.user.Name, v.Name(), m); err != nil {
		return refused(err)
	}
	return c.done(false)
}
