package management

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/harebellmq/harebell/vhost"
)

// A health is the answer to a check.
type health struct {
	Status    string       `json:"status"`
	Reason    string       `json:"reason,omitempty"`
	Port      int          `json:"port,omitempty"`
	Protocol  string       `json:"protocol,omitempty"`
	Missing   any          `json:"missing,omitempty"`
	Ports     []int        `json:"ports,omitempty"`
	Protocols []string     `json:"protocols,omitempty"`
	Alarms    []shownAlarm `json:"alarms,omitempty"`
	Expired   []expiring   `json:"expired,omitempty"`
}

type shownAlarm struct {
	Node     string `json:"node"`
	Resource string `json:"resource"`
}

type expiring struct {
	Subject string    `json:"subject"`
	Expires time.Time `json:"not_after"`
}

// healthy answers that all is well.
func (c *call) healthy(h health) error {
	h.Status = "ok"
	return c.write(h)
}

// unhealthy answers that something is not.
func (c *call) unhealthy(h health) error {
	h.Status = "failed"
	return c.writeAs(http.StatusServiceUnavailable, h)
}

func (s *Server) alwaysHealthy(c *call) error { return c.healthy(health{}) }

// checkAlarms fails while the broker is short of something.
func (s *Server) checkAlarms(where string) action {
	return func(c *call) error {
		h := health{Reason: "There are alarms in effect " + where}
		for _, resource := range s.broker.Alarms() {
			h.Alarms = append(h.Alarms, shownAlarm{s.node, resource})
		}
		if len(h.Alarms) == 0 {
			return c.healthy(health{})
		}
		return c.unhealthy(h)
	}
}

func (s *Server) checkQuorum(c *call) error { return c.healthy(health{Reason: "single node cluster"}) }

func (s *Server) checkPort(c *call) error {
	port, err := strconv.Atoi(c.name("port"))
	if err != nil {
		return badRequest("Invalid port")
	}
	ports := []int{}
	for _, l := range s.options.Listeners {
		ports = append(ports, l.port())
	}
	if slices.Contains(ports, port) {
		return c.healthy(health{Port: port})
	}
	return c.unhealthy(health{Reason: "No active listener", Missing: port, Ports: ports})
}

// protocols are other names of protocols.
var protocols = map[string]string{"amqp091": "amqp", "amqp0.9.1": "amqp", "amqps": "amqp/ssl"}

func (s *Server) checkProtocol(c *call) error {
	asked := c.name("protocol")
	protocol := cmp.Or(protocols[asked], asked)
	have := []string{}
	for _, l := range s.options.Listeners {
		if !slices.Contains(have, l.Protocol) {
			have = append(have, l.Protocol)
		}
	}
	if slices.Contains(have, protocol) {
		return c.healthy(health{Protocol: asked})
	}
	return c.unhealthy(health{Reason: "No active listener", Missing: asked, Protocols: have})
}

// checkCertificates fails if a certificate of the broker expires within some time.
func (s *Server) checkCertificates(c *call) error {
	n, err := strconv.Atoi(c.name("within"))
	if err != nil {
		return badRequest("Invalid expiration value.")
	}
	limit := s.rates.clock.Now()
	switch c.name("unit") {
	case "days":
		limit = limit.AddDate(0, 0, n)
	case "weeks":
		limit = limit.AddDate(0, 0, 7*n)
	case "months":
		limit = limit.AddDate(0, n, 0)
	case "years":
		limit = limit.AddDate(n, 0, 0)
	default:
		return badRequest("Time unit not recognised. Supported units: days, weeks, months, years.")
	}
	h := health{Reason: "Certificates expiring"}
	if s.options.Certificates != nil {
		for _, certificate := range s.options.Certificates() {
			if certificate.NotAfter.Before(limit) {
				h.Expired = append(h.Expired, expiring{certificate.Subject.String(), certificate.NotAfter})
			}
		}
	}
	if len(h.Expired) == 0 {
		return c.healthy(health{})
	}
	return c.unhealthy(h)
}

// checkAlive sees that the virtual host can be opened by the user.
//
// rabbitmq: since 4.1 nothing is declared nor published for it
func (s *Server) checkAlive(c *call) error {
	return c.inVHost(func(v *vhost.VirtualHost) error {
		visit, err := s.broker.Visit(c.identity, v.Name())
		if err != nil {
			return refused(err)
		}
		visit.Leave()
		return c.healthy(health{})
	})
}
