package config

import (
	"net/url"
	"strconv"

	"github.com/harebellmq/harebell/internal/compat"
)

// shownKeys are the settings of what clients, tests and operators are shown.
var shownKeys = []*key{
	{
		name: "product.name", flag: "product", standard: "RabbitMQ",
		usage: "`name` told to clients, of which some behave differently with any other",
		want:  "a name",
		parse: func(c *Config, v string) bool { return parseText(&c.Product, v) },
	}, {
		name: "product.version", flag: "product-version",
		follows: func(r compat.Rules) string { return r.Version },
		usage:   "`version` told to clients" + asOfCompat,
		want:    "three numbers with dots between them",
		parse:   func(c *Config, v string) bool { return parseVersion(&c.Version, v) },
	}, {
		name: "server_properties", flag: "server-property", several: true, named: true,
		usage: "more to tell clients, as `name=value`",
		want:  "name=value",
		parse: parseServerProperty,
	}, {
		name: "otlp_endpoint", flag: "otlp-endpoint",
		usage: "`URL` of an OpenTelemetry collector to send spans of messages to, by OTLP over HTTP, or none; OTEL_EXPORTER_OTLP_HEADERS and its like say the rest",
		want:  "http://host:port, https://host:port or none",
		parse: func(c *Config, v string) bool {
			if c.OTLPEndpoint = v; v == "none" {
				c.OTLPEndpoint = ""
				return true
			}
			u, err := url.Parse(v)
			return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
		},
	}, {
		name: "otlp_sample_ratio", flag: "otlp-sample-ratio", standard: "0",
		usage: "`part` of the messages that are traced though they bring no traceparent",
		want:  "a number from 0 to 1",
		parse: func(c *Config, v string) bool {
			part, err := strconv.ParseFloat(v, 64)
			c.OTLPSampleRatio = part
			return err == nil && part >= 0 && part <= 1
		},
	}, {
		name: "test_api", flag: "test-api", standard: "false",
		usage: "let tests do with the broker whatever they like, over HTTP: see docs/testing.md",
		want:  "true or false",
		parse: func(c *Config, v string) bool { return parseBool(&c.TestAPI, v) },
	}, {
		name: "test_api_listen", flag: "test-api-listen", standard: "127.0.0.1:15673",
		usage: "`address` where --test-api listens: a port, or host:port",
		want:  "a port from 0 to 65535, or host:port",
		parse: func(c *Config, v string) bool {
			address, ok := parseAddress(v)
			c.TestAPIListen = address
			return ok
		},
	}, {
		name: "log.console.level", flag: "log-level", standard: "info", live: true,
		usage: "`level` from which on to log: trace, debug, info, warn, error or none",
		want:  "trace, debug, info, warn, error or none",
		parse: func(c *Config, v string) bool { return parseWord(&c.LogLevel, v, logLevels) },
	}, {
		name: "log.console.formatter", flag: "log-format", standard: "auto",
		usage: "`format` of the log: console, json, or auto for console on a terminal and json elsewhere",
		want:  "auto, console or json",
		parse: func(c *Config, v string) bool { return parseWord(&c.LogFormat, v, logFormats) },
	}, {
		name: "log.console.stdio", flag: "log-to", standard: "stderr",
		usage: "`output` for the log: stderr or stdout",
		want:  "stderr or stdout",
		parse: func(c *Config, v string) bool { return parseWord(&c.LogTo, v, logOutputs) },
	}, {
		name: "nodename", flag: "nodename",
		usage: "`name` of this broker among others: name@host, or a name on this host (default: harebell)",
		want:  "a name, or name@host",
		parse: func(c *Config, v string) bool { return parseNodeName(&c.Node, v) },
	},
}
