package management

// deleteConnection ends a connection.
func (s *Server) deleteConnection(c *call) error {
	reason := c.Header.Get("X-Reason")
	if reason == "" {
		reason = "Closed via management plugin"
	}
	if !s.broker.CloseConnection(c.name("connection"), reason) {
		return errNotFound
	}
	return c.done(false)
}

// owner returns the user of a connection.
func (s *Server) owner(connection string) (user string, found bool) {
	for _, info := range s.broker.Connections() {
		if info.Name == connection {
			return info.User, true
		}
	}
	return "", false
}
