package management

import "slices"

// A feature is what RabbitMQ calls a feature flag. All that there are here are in
// force, and cannot be switched off.
type feature struct {
	Name        string `json:"name"`
	Description string `json:"desc"`
	DocURL      string `json:"doc_url"`
	State       string `json:"state"`
	Stability   string `json:"stability"`
	ProvidedBy  string `json:"provided_by"`
}

// features are those of RabbitMQ that say what this broker does.
var features = []feature{
	enabled("detailed_queues_endpoint", "Queues are listed with all details by a path of its own", "rabbitmq_management"),
	enabled("drop_unroutable_metric", "Messages that no queue wants are counted", "rabbitmq_management_agent"),
	enabled("empty_basic_get_metric", "A basic.get of an empty queue is counted", "rabbitmq_management_agent"),
	enabled("implicit_default_bindings", "Nobody has to make the bindings of the default exchange", "rabbit"),
	enabled("quorum_queue", "Queues of type quorum", "rabbit"),
	enabled("user_limits", "Connections and channels of a user can be limited", "rabbit"),
	enabled("virtual_host_metadata", "Virtual hosts have a description, tags and a default type of queues", "rabbit"),
}

func enabled(name, description, by string) feature {
	return feature{name, description, "", "enabled", "stable", by}
}

func (s *Server) listFeatures(c *call) error { return c.list(all(features)) }

// enableFeature has nothing to do.
func (s *Server) enableFeature(c *call) error {
	if !slices.ContainsFunc(features, func(f feature) bool { return f.Name == c.name("feature") }) {
		return errNotFound
	}
	return c.done(false)
}

// An extension is a part of RabbitMQ's pages that a plug-in brings. There are none.
func (s *Server) listExtensions(c *call) error { return c.list(all([]any{})) }

// reset begins to count rates anew.
//
// rabbitmq: of the statistics of the management plug-in only
func (s *Server) reset(c *call) error {
	if node := c.name("node"); node != "" && node != s.node {
		return errNotFound
	}
	s.rates.stop()
	return c.done(false)
}
