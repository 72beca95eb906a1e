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
		name: "management.path_prefix", flag: "management-path-prefix",
		usage: "`path` that the management API's begin with, for a proxy that does not take it away",
		want:  "a path such as /broker, without a slash at its end",
		parse: func(c *Config, v string) bool {
			c.Management.PathPrefix = v
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
	},
}
