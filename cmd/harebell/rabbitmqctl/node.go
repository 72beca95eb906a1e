package rabbitmqctl

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// A section is a part of what is shown of a node.
type section struct {
	title string
	lines []string // none are "(none)"
}

func sections(all ...section) string {
	var b strings.Builder
	for i, s := range all {
		if i > 0 {
			b.WriteString("\n\n")
		}
		lines := strings.Join(s.lines, "\n")
		if lines == "" {
			lines = "(none)"
		}
		fmt.Fprintf(&b, "%s\n\n%s", tool.Bold(s.title), lines)
	}
	return b.String()
}

// bullets are lines of a list.
func bullets(items []string) []string {
	var lines []string
	for _, item := range items {
		lines = append(lines, " * "+item)
	}
	return lines
}

// octets writes a number of them in the unit that was asked for.
func (c *call) octets(n int64) string {
	unit, by := "gb", 1e9
	switch u := strings.ToLower(c.options["unit"]); u {
	case "mb":
		unit, by = u, 1e6
	case "kb":
		unit, by = u, 1e3
	case "b", "bytes":
		return fmt.Sprintf("%d bytes", n)
	}
	return strconv.FormatFloat(float64(int64(float64(n)/by*1e4+0.5))/1e4, 'f', -1, 64) + " " + unit
}

// A listener is where clients find the broker.
type listener struct {
	Interface string `json:"interface"`
	Node      string `json:"node"`
	Port      int    `json:"port"`
	Protocol  string `json:"protocol"`
	Purpose   string `json:"purpose"`
}

func (l listener) String() string {
	return fmt.Sprintf("Interface: %s, port: %d, protocol: %s, purpose: %s", l.Interface, l.Port, l.Protocol, l.Purpose)
}

var purposes = map[string]string{"amqp": "AMQP 0-9-1", "amqp/ssl": "AMQP 0-9-1 over TLS", "http": "HTTP API", "https": "HTTP API over TLS", "http/prometheus": "Prometheus exporter API over HTTP", "https/prometheus": "Prometheus exporter API over TLS (HTTPS)"}

// listeners asks where clients find the broker.
func (c *call) listeners() ([]listener, error) {
	var overview struct {
		Listeners []struct {
			Protocol string
			Address  string `json:"ip_address"`
			Port     int
		}
	}
	err := c.get("/api/overview?columns=listeners", &overview)
	all := []listener{}
	for _, l := range overview.Listeners {
		if strings.Contains(l.Address, ":") {
			l.Address = "[" + l.Address + "]"
		}
		all = append(all, listener{l.Address, c.node, l.Port, l.Protocol, purposes[l.Protocol]})
	}
	return all, err
}

func lines[T fmt.Stringer](all []T) []string {
	var texts []string
	for _, one := range all {
		texts = append(texts, one.String())
	}
	return texts
}

// texts are the fields of objects.
func texts(all []any) []string {
	list := []string{}
	for _, one := range all {
		list = append(list, fmt.Sprint(one))
	}
	return list
}
