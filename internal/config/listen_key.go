package config

import (
	"path"
	"strings"
)

// listenKeys are the settings of where to listen, and how with TLS.
var listenKeys = []*key{
	{
		name: "listeners.tcp.default", flag: "listen", standard: ":5672", several: true,
		usage: "`address` to listen on: a port, or host:port, or none if there is TLS",
		want:  wantListen,
		parse: func(c *Config, v string) bool { return parseListener(&c.Listen, v) },
	}, {
		name: "listeners.ssl.default", flag: "tls-listen", several: true,
		usage: "`address` to listen on with TLS: a port, or host:port (default: :5671 if there is a certificate)",
		want:  wantListen,
		parse: func(c *Config, v string) bool { return parseListener(&c.TLSListen, v) },
	}, {
		name: "ssl_options.certfile", flag: "tls-cert",
		usage: "`file` with the broker's certificate, in PEM; read again on SIGHUP, like the next two",
		want:  "a file",
		parse: func(c *Config, v string) bool { return parseText(&c.TLS.Certificate, v) },
	}, {
		name: "ssl_options.keyfile", flag: "tls-key",
		usage: "`file` with the key of that certificate",
		want:  "a file",
		parse: func(c *Config, v string) bool { return parseText(&c.TLS.Key, v) },
	}, {
		name: "ssl_options.cacertfile", flag: "tls-ca",
		usage: "`file` with the authorities whose certificates clients may have",
		want:  "a file",
		parse: func(c *Config, v string) bool { return parseText(&c.TLS.Authorities, v) },
	}, {
		name: "tls_self_signed", flag: "tls-self-signed",
		usage: "`directory` in which to make an authority for tests, unless there is one, and use its certificates; clients trust its ca.pem",
		want:  "a directory",
		parse: func(c *Config, v string) bool { return parseText(&c.TLS.SelfSigned, v) },
	}, {
		name: "ssl_options.verify", flag: "tls-verify", standard: "verify_none",
		usage: "`whether` to ask clients for a certificate, which makes mechanism EXTERNAL possible: verify_peer or verify_none",
		want:  wantVerify,
		parse: func(c *Config, v string) bool { return parseVerify(&c.TLS.Verify, v) },
	}, {
		name: "ssl_options.fail_if_no_peer_cert", flag: "tls-fail-if-no-peer-cert", standard: "false",
		usage: "refuse clients without a certificate, if they are asked for one",
		want:  wantBool,
		parse: func(c *Config, v string) bool { return parseBool(&c.TLS.Require, v) },
	}, {
		name: "ssl_options.versions", flag: "tls-versions", standard: "tlsv1.2", several: true,
		usage: "`version` of TLS that clients must have at least",
		want:  wantTLSVersion,
		parse: func(c *Config, v string) bool { return parseTLSVersion(&c.TLS.Min, v) },
	}, {
		name: "ssl_cert_login_from", flag: "tls-cert-login-from", standard: "distinguished_name",
		usage: "`part` of a client's certificate that is the user's name: distinguished_name, common_name or subject_alternative_name",
		want:  "distinguished_name, common_name or subject_alternative_name",
		parse: func(c *Config, v string) bool { return parseWord(&c.TLS.LoginFrom, v, loginParts) },
	}, {
		name:  "management.tcp.ip",
		want:  wantIP,
		parse: func(c *Config, v string) bool { return parseHost(&c.ManagementListen, v) },
	}, {
		name: "management.tcp.port", standard: "15672",
		want:  wantPort,
		parse: func(c *Config, v string) bool { return parsePort(&c.ManagementListen, v) },
	}, {
		name: "management_listen", flag: "management-listen",
		usage: "`address` of the management API: a port, or host:port, or none (default: :15672, or none if there is one with TLS)",
		want:  wantListen,
		parse: func(c *Config, v string) bool { return parseOne(&c.ManagementListen, v) },
	}, {
		name: "management.path_prefix", flag: "management-path-prefix",
		usage: "`path` that the management API's begin with, for a proxy that does not take it away",
		want:  "a path such as /broker, without a slash at its end",
		parse: func(c *Config, v string) bool {
			c.ManagementPrefix = v
			return strings.HasPrefix(v, "/") && path.Clean(v) == v && v != "/" && !strings.ContainsAny(v, "%?#")
		},
	}, {
		name: "control_socket", flag: "control-socket",
		usage: "`path` of the socket for rabbitmqctl and its like, who may do everything, or none (default: control.sock in the data directory)",
		want:  "a path, or none",
		parse: func(c *Config, v string) bool {
			if c.ControlSocket = v; v == "" {
				c.ControlSocket = NoSocket
			}
			return true
		},
	}, {
		name:  "management.ssl.ip",
		want:  wantIP,
		parse: func(c *Config, v string) bool { return parseHost(&c.ManagementTLSListen, v) },
	}, {
		name:  "management.ssl.port",
		want:  wantPort,
		parse: func(c *Config, v string) bool { return parsePort(&c.ManagementTLSListen, v) },
	}, {
		name: "management_tls_listen", flag: "management-tls-listen",
		usage: "`address` of the management API with TLS, with the broker's certificate unless it has one of its own (management.ssl.certfile)",
		want:  wantListen,
		parse: func(c *Config, v string) bool { return parseOne(&c.ManagementTLSListen, v) },
	},
}

// managementTLSKeys are the settings of a certificate for the management API alone.
var managementTLSKeys = tlsKeys("management.ssl.", func(c *Config) *TLS { return &c.ManagementTLS })

// tlsKeys are the settings of a listener's own certificate.
func tlsKeys(prefix string, of func(*Config) *TLS) []*key {
	return []*key{
		{name: prefix + "certfile", want: "a file", parse: func(c *Config, v string) bool { return parseText(&of(c).Certificate, v) }},
		{name: prefix + "keyfile", want: "a file", parse: func(c *Config, v string) bool { return parseText(&of(c).Key, v) }},
		{name: prefix + "cacertfile", want: "a file", parse: func(c *Config, v string) bool { return parseText(&of(c).Authorities, v) }},
		{name: prefix + "verify", want: wantVerify, parse: func(c *Config, v string) bool { return parseVerify(&of(c).Verify, v) }},
		{name: prefix + "fail_if_no_peer_cert", want: wantBool, parse: func(c *Config, v string) bool { return parseBool(&of(c).Require, v) }},
		{name: prefix + "versions", several: true, numbered: true, want: wantTLSVersion, parse: func(c *Config, v string) bool { return parseTLSVersion(&of(c).Min, v) }},
	}
}
