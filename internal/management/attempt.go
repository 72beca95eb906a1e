package management

// An attempts is how often somebody has tried to log in, by one protocol.
type attempts struct {
	Protocol  string `json:"protocol"`
	All       uint64 `json:"auth_attempts"`
	Failed    uint64 `json:"auth_attempts_failed"`
	Succeeded uint64 `json:"auth_attempts_succeeded"`
}

func (s *Server) listAttempts(c *call) error {
	if c.name("node") != s.node {
		return errNotFound
	}
	admitted, refused := s.broker.Attempts()
	mayAsk, mayNot := s.admitted.Load(), s.turnedAway.Load()
	return c.list(all([]attempts{
		{"amqp091", admitted + refused, refused, admitted},
		{"http", mayAsk + mayNot, mayNot, mayAsk},
	}))
}

func (s *Server) deleteAttempts(c *call) error {
	if c.name("node") != s.node {
		return errNotFound
	}
	s.broker.ResetAttempts()
	s.admitted.Store(0)
	s.turnedAway.Store(0)
	return c.done(false)
}
