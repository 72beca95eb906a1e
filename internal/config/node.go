package config

import (
	"cmp"
	"os"
	"strings"
)

// NodeName returns the name of the broker among others, with its host.
func (c Config) NodeName() string { return FullNodeName(cmp.Or(c.Node, "harebell")) }

// FullNodeName completes the name of a node.
//
// rabbitmq: without a host it is one of this machine
func FullNodeName(name string) string {
	if strings.Contains(name, "@") {
		return name
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return name + "@" + host
}
