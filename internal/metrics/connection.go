package metrics

import "github.com/harebellmq/harebell/amqp/server"

// connectionColumns are of connections.
var connectionColumns = []column[server.ConnectionInfo]{
	{"connection_coarse_metrics", "connection_incoming_bytes_total", counter, "Octets that were received on a connection",
		func(c *server.ConnectionInfo) float64 { return float64(c.Received) }},
	{"connection_coarse_metrics", "connection_outgoing_bytes_total", counter, "Octets that were sent on a connection",
		func(c *server.ConnectionInfo) float64 { return float64(c.Sent) }},
	{"connection_metrics", "connection_incoming_packets_total", counter, "How often something was read from a connection",
		func(c *server.ConnectionInfo) float64 { return float64(c.Reads) }},
	{"connection_metrics", "connection_outgoing_packets_total", counter, "How often something was written to a connection",
		func(c *server.ConnectionInfo) float64 { return float64(c.Writes) }},
	{"connection_metrics", "connection_pending_packets", gauge, "Octets that wait to be sent on a connection",
		func(c *server.ConnectionInfo) float64 { return float64(c.Pending) }},
	{"connection_metrics", "connection_channels", gauge, "Channels on a connection",
		func(c *server.ConnectionInfo) float64 { return float64(c.Channels) }},
}

// connectionRows looks at all connections.
//
// rabbitmq: the label is channel for them, too
func (s *Server) connectionRows() []row[server.ConnectionInfo] {
	open := s.broker.Connections()
	rows := make([]row[server.ConnectionInfo], len(open))
	for i, c := range open {
		rows[i] = row[server.ConnectionInfo]{labels: labels(label{"channel", c.Name}), of: c}
	}
	return rows
}

// allConnections are the sum of connections, and of what has gone over those that have
// ended.
func (s *Server) allConnections(rows []row[server.ConnectionInfo]) server.ConnectionInfo {
	var all server.ConnectionInfo
	for i := range rows {
		all.Pending += rows[i].of.Pending
		all.Channels += rows[i].of.Channels
	}
	all.Transfer = s.broker.Transferred()
	return all
}
