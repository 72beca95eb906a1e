package config

import (
	"net"
)

// listenKeys are the settings of where to listen, and how with TLS.
var listenKeys = []*key{
	{
		name: "listeners.tcp.default", flag: "listen", standard: ":5672", several: true,
		usage: "`address` to listen on: a port, or host:port, or none if there is TLS",
		want:  "a port from 0 to 65535, or host:port, or none",
		parse: func(c *Config, v string) bool { return parseListener(&c.Listen, v) },
	}, {
		name: "listeners.ssl.default", flag: "tls-listen", several: true,
		usage: "`address` to listen on with TLS: a port, or host:port (default: :5671 if there is a certificate)",
		want:  "a port from 0 to 65535, or host:port, or none",
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
		want:  "verify_peer or verify_none",
		parse: func(c *Config, v string) bool {
			c.TLS.Verify = v == "verify_peer"
			return c.TLS.Verify || v == "verify_none"
		},
	}, {
		name: "ssl_options.fail_if_no_peer_cert", flag: "tls-fail-if-no-peer-cert", standard: "false",
		usage: "refuse clients without a certificate, if they are asked for one",
		want:  wantBool,
		parse: func(c *Config, v string) bool { return parseBool(&c.TLS.Require, v) },
	}, {
		name: "ssl_options.versions", flag: "tls-versions", standard: "tlsv1.2", several: true,
		usage: "`version` of TLS that clients must have at least",
		want:  "tlsv1.2 or tlsv1.3",
		parse: parseTLSVersion,
	}, {
		name: "ssl_cert_login_from", flag: "tls-cert-login-from", standard: "distinguished_name",
		usage: "`part` of a client's certificate that is the user's name: distinguished_name, common_name or subject_alternative_name",
		want:  "distinguished_name, common_name or subject_alternative_name",
		parse: func(c *Config, v string) bool { return parseWord(&c.TLS.LoginFrom, v, loginParts) },
	}, {
		name: "management.tcp.ip",
		want: "an IP address",
		parse: func(c *Config, v string) bool {
			_, port, _ := net.SplitHostPort(c.ManagementListen) // it was checked
			c.ManagementListen = net.JoinHostPort(v, port)
			return net.ParseIP(v) != nil
		},
	}, {
		name: "management.tcp.port", standard: "15672",
		want: "a port from 0 to 65535",
		parse: func(c *Config, v string) bool {
			host, _, _ := net.SplitHostPort(c.ManagementListen)
			c.ManagementListen = net.JoinHostPort(host, v)
			_, ok := parseNumber(v, 0, 65535)
			return ok
		},
	}, {
		name: "management_listen", flag: "management-listen",
		usage: "`address` of the management API: a port, or host:port, or none (default: :15672)",
		want:  "a port from 0 to 65535, or host:port, or none",
		parse: func(c *Config, v string) bool {
			if v == "" || v == "none" {
				c.ManagementListen = ""
				return true
			}
			address, ok := parseAddress(v)
			c.ManagementListen = address
			return ok
		},
	},
}
