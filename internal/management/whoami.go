package management

// whoami answers with the user who asks.
func (s *Server) whoami(c *call) error {
	return c.answer(struct {
		Name     string   `json:"name"`
		Tags     []string `json:"tags"`
		Internal bool     `json:"is_internal_user"` // and not of another authentication backend
	}{c.user.Name, c.user.Tags, c.identity.Internal()})
}
