package management

// whoami answers with the user who asks.
func (s *Server) whoami(c *call) error {
	return c.answer(struct {
		Name     string   `json:"name"`
		Tags     []string `json:"tags"`
		Internal bool     `json:"is_internal_user"` // and not of another authentication backend
	}{c.user.Name, c.user.Tags, c.identity.Internal()})
}

// loginOptions say how a page of the management API lets users in. Nobody need log in to
// know.
func (s *Server) loginOptions(c *call) error {
	if s.before("4.0") {
		return c.write(struct {
			Enabled bool   `json:"enable_uaa"`
			Client  string `json:"uaa_client_id"`
			At      string `json:"uaa_location"`
		}{})
	}
	return c.write(struct {
		Enabled bool `json:"oauth_enabled"`
	}{})
}
