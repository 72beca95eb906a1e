package management

import (
	"github.com/harebellmq/harebell/vhost"
)

// A deprecated feature is one that RabbitMQ will do away with.
type deprecated struct {
	Name        string `json:"name"`
	Description string `json:"desc"`
	DocURL      string `json:"doc_url"`
	Phase       string `json:"deprecation_phase"`
	State       string `json:"state"`
	ProvidedBy  string `json:"provided_by"`

	used func() bool
}

// deprecatedFeatures are those of RabbitMQ that this broker has: in which phase they are
// depends on the series.
//
// rabbitmq: denied by default from 4.3 on
func (s *Server) deprecatedFeatures() []deprecated {
	phase := "permitted_by_default"
	if !s.before("4.3") {
		phase = "denied_by_default"
	}
	of := func(name, description string, used func() bool) deprecated {
		return deprecated{name, description, "https://www.rabbitmq.com/docs/deprecated-features-list", phase, phase, "rabbit", used}
	}
	return []deprecated{
		of("global_qos", "A prefetch for all consumers of a channel together", s.hasGlobalQos),
		of("transient_nonexcl_queues", "Queues that are neither durable nor exclusive", s.hasTransientQueues),
	}
}

func (s *Server) hasGlobalQos() bool {
	for ch := range s.broker.Channels(every) {
		if ch.GlobalPrefetch > 0 {
			return true
		}
	}
	return false
}

func (s *Server) hasTransientQueues() bool {
	for _, name := range s.vhosts.Names() {
		if v, err := s.vhosts.Get(name); err == nil && hasTransientQueues(v) {
			return true
		}
	}
	return false
}

func hasTransientQueues(v *vhost.VirtualHost) bool {
	for _, name := range v.Queues() {
		if q := v.Find(name); q != nil {
			if d := q.Declaration(); !d.Durable && !d.Exclusive {
				return true
			}
		}
	}
	return false
}

func (s *Server) listDeprecated(c *call) error { return c.list(all(s.deprecatedFeatures())) }

func (s *Server) listDeprecatedUsed(c *call) error {
	return c.list(some(s.deprecatedFeatures(), func(d deprecated) bool { return d.used() }))
}
