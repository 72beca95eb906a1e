package management

// An attempts is how often somebody has tried to log in, by one protocol.
type attempts struct {
	Protocol  string `json:"protocol"`
	All       uint64 `json:"auth_attempts"`
	Failed    uint64 `json:"auth_attempts_failed"`
	Succeeded uint64 `json:"auth_attempts_succeeded"`
}

// Attempts returns how often users of the API were let in, and how often they were not.
func (s *Server) Attempts() (admitted, refused uint64) {
	return s.admitted.Load(), s.turnedAway.Load()
}

func (s *Server) listAttempts(c *call) error {
	admitted, refused := s.broker.Attempts()
	mayAsk, mayNot := s.Attempts()
	return c.list(all([]attempts{
		{"amqp091", admitted + refused, refused, admitted},
		{"http", mayAsk + mayNot, mayNot, mayAsk},
	}))
}

// listAttemptsBySource has nothing to list: who came from where is not kept.
//
// rabbitmq: nor does it, unless it is told to
func (s *Server) listAttemptsBySource(c *call) error {
	return c.list(all([]attempts{}))
}

func (s *Server) deleteAttempts(c *call) error {
	s.broker.ResetAttempts()
	s.admitted.Store(0)
	s.turnedAway.Store(0)
	return c.done(false)
}
