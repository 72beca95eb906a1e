package server

import (
	"cmp"
	"slices"

	"github.com/harebellmq/harebell/amqp"
)

// A ConnectionInfo says what there is to know of an open connection.
type ConnectionInfo struct {
	Name       string // "peer -> local"
	ClientName string // what the client calls it, "" for nothing
	User       string
	VHost      string
	Channels   int
}

// Connections returns the connections that are open, by name. One whose client
// has not been let into its virtual host yet is not among them.
func (s *Server) Connections() []ConnectionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []ConnectionInfo
	for c := range s.connections {
		if shown := c.shown.Load(); shown != nil {
			info := *shown
			info.Channels = int(c.channelCount.Load())
			open = append(open, info)
		}
	}
	slices.SortFunc(open, func(a, b ConnectionInfo) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ClientName, b.ClientName))
	})
	return open
}

// clientName returns what the client calls the connection.
//
// rabbitmq: client property connection_name
func (c *connection) clientName() string {
	name, _ := c.clientProperties["connection_name"].(string)
	return name
}

// CloseConnection ends the connection of that name, with the reason for its
// client, and reports false if there is none that is open.
//
// rabbitmq: CONNECTION_FORCED
func (s *Server) CloseConnection(name, reason string) (found bool) {
	for _, c := range s.open() {
		if shown := c.shown.Load(); shown != nil && shown.Name == name {
			c.shutdown(amqp.Errorf(amqp.ConnectionForced, "%s", reason))
			found = true
		}
	}
	return found
}
