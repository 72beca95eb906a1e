package config

import "strings"

// prometheusKeys are the settings of where metrics are, and which.
//
// rabbitmq: with a certificate they are at a port with TLS, and nowhere else unless that is
// said
var prometheusKeys = []*key{
	{
		name:  "prometheus.tcp.ip",
		want:  wantIP,
		parse: func(c *Config, v string) bool { return parseHost(&c.Prometheus.Listen, v) },
	}, {
		name: "prometheus.tcp.port", standard: "15692", unless: "prometheus.ssl.certfile", despite: "prometheus.tcp.ip",
		want:  wantPort,
		parse: func(c *Config, v string) bool { return parsePort(&c.Prometheus.Listen, v) },
	}, {
		name: "prometheus_listen", flag: "prometheus-listen",
		usage: "`address` of metrics for Prometheus: a port, or host:port, or none (default: :15692, or none if they have a certificate)",
		want:  wantListen,
		parse: func(c *Config, v string) bool { return parseOne(&c.Prometheus.Listen, v) },
	}, {
		name:  "prometheus.ssl.ip",
		want:  wantIP,
		parse: func(c *Config, v string) bool { return parseHost(&c.Prometheus.TLSListen, v) },
	}, {
		name:  "prometheus.ssl.port",
		want:  wantPort,
		parse: func(c *Config, v string) bool { return parsePort(&c.Prometheus.TLSListen, v) },
	}, {
		name: "prometheus_tls_listen", flag: "prometheus-tls-listen",
		usage: "`address` of metrics with TLS: a port, or host:port (default: :15691 if they have a certificate)",
		want:  "a port from 0 to 65535, or host:port",
		parse: func(c *Config, v string) (ok bool) {
			c.Prometheus.TLSListen, ok = parseAddress(v)
			return ok
		},
	}, {
		name: "prometheus.ssl.certfile", flag: "prometheus-tls-cert",
		usage: "`file` with the certificate for metrics, in PEM; read again on SIGHUP, like the next two",
		want:  "a file",
		parse: func(c *Config, v string) bool { return parseText(&c.Prometheus.TLS.Certificate, v) },
	}, {
		name: "prometheus.ssl.keyfile", flag: "prometheus-tls-key",
		usage: "`file` with the key of that certificate",
		want:  "a file",
		parse: func(c *Config, v string) bool { return parseText(&c.Prometheus.TLS.Key, v) },
	}, {
		name: "prometheus.ssl.cacertfile", flag: "prometheus-tls-ca",
		usage: "`file` with the authorities whose certificates those may have who ask for metrics",
		want:  "a file",
		parse: func(c *Config, v string) bool { return parseText(&c.Prometheus.TLS.Authorities, v) },
	}, {
		name: "prometheus.ssl.verify", flag: "prometheus-tls-verify", standard: "verify_none",
		usage: "`whether` to ask them for a certificate: verify_peer or verify_none",
		want:  wantVerify,
		parse: func(c *Config, v string) bool { return parseVerify(&c.Prometheus.TLS.Verify, v) },
	}, {
		name: "prometheus.ssl.fail_if_no_peer_cert", flag: "prometheus-tls-fail-if-no-peer-cert", standard: "false",
		usage: "refuse them without a certificate, if they are asked for one",
		want:  wantBool,
		parse: func(c *Config, v string) bool { return parseBool(&c.Prometheus.TLS.Require, v) },
	}, {
		name: "prometheus.ssl.versions", flag: "prometheus-tls-versions", standard: "tlsv1.2", several: true,
		usage: "`version` of TLS that they must have at least",
		want:  wantTLSVersion,
		parse: func(c *Config, v string) bool { return parseTLSVersion(&c.Prometheus.TLS.Min, v) },
	}, {
		name: "prometheus.path", flag: "prometheus-path", standard: "/metrics",
		usage: "`path` of metrics",
		want:  "a path that begins with a slash, without a query",
		parse: func(c *Config, v string) bool {
			c.Prometheus.Path = v
			return strings.HasPrefix(v, "/") && !strings.ContainsAny(v, "?#%")
		},
	}, {
		name: "prometheus.return_per_object_metrics", flag: "prometheus-per-object", standard: "false",
		usage: "have a series for each queue, channel and so on, rather than their sum",
		want:  wantBool,
		parse: func(c *Config, v string) bool { return parseBool(&c.Prometheus.PerObject, v) },
	}, {
		name: "prometheus.authentication.enabled", flag: "prometheus-authentication", standard: "false",
		usage: "ask who wants metrics for the name and password of a user with tag monitoring or administrator",
		want:  wantBool,
		parse: func(c *Config, v string) bool { return parseBool(&c.Prometheus.Authenticate, v) },
	},
}
