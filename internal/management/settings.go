package management

import (
	"fmt"
	"net/http"
)

// getSettings answers with the settings in force, without passwords.
func (s *Server) getSettings(c *call) error {
	if s.options.Settings == nil {
		return errNotFound
	}
	c.w.Header().Set("content-type", "text/plain; charset=utf-8")
	c.w.Header().Set("vary", vary)
	c.w.WriteHeader(http.StatusOK)
	for _, setting := range s.options.Settings() {
		if _, err := fmt.Fprintln(c.w, setting.Line); err != nil {
			return nil // nobody listens any more
		}
	}
	return nil
}
