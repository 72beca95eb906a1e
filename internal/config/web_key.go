package config

import (
	"cmp"
	"net"
	"slices"
)

// A Web is where something is answered over HTTP.
type Web struct {
	Listen    string // address, "host:port"; "" for none
	TLSListen string // the same, with TLS
	TLS       TLS    // how, if not as for clients of AMQP
}

// A web is what has a Web in its settings.
type web struct {
	name, what, port, tlsPort string
	of                        func(*Config) *Web
}

var (
	managementWeb = web{"management", "the management API", "15672", "15671", func(c *Config) *Web { return &c.Management.Web }}
	prometheusWeb = web{"prometheus", "metrics for Prometheus", "15692", "15691", func(c *Config) *Web { return &c.Prometheus.Web }}
)

// keys are its settings.
//
// rabbitmq: with a port or a certificate for TLS it is there, and nowhere else unless that
// is said
func (w web) keys() []*key {
	tls := func(c *Config) *TLS { return &w.of(c).TLS }
	return []*key{
		{
			name:  w.name + ".tcp.ip",
			want:  wantIP,
			parse: func(c *Config, v string) bool { return parseHost(&w.of(c).Listen, v) },
		}, {
			name: w.name + ".tcp.port", standard: w.port,
			unless:  []string{w.name + ".ssl.ip", w.name + ".ssl.port", w.name + "_tls_listen", w.name + ".ssl.certfile"},
			despite: []string{w.name + ".tcp.ip", w.name + "_listen"},
			want:    wantPort,
			parse:   func(c *Config, v string) bool { return parsePort(&w.of(c).Listen, v) },
		}, {
			name: w.name + "_listen", flag: w.name + "-listen",
			usage: "`address` of " + w.what + ": a port, or host:port, or none (default: :" + w.port + ", or none if it is there with TLS)",
			want:  wantListen,
			parse: func(c *Config, v string) bool { return parseOne(&w.of(c).Listen, v) },
		}, {
			name:  w.name + ".ssl.ip",
			want:  wantIP,
			parse: func(c *Config, v string) bool { return parseHost(&w.of(c).TLSListen, v) },
		}, {
			name:  w.name + ".ssl.port",
			want:  wantPort,
			parse: func(c *Config, v string) bool { return parsePort(&w.of(c).TLSListen, v) },
		}, {
			name: w.name + "_tls_listen", flag: w.name + "-tls-listen",
			usage: "`address` of " + w.what + " with TLS, or none (default: :" + w.tlsPort + " if it has a certificate of its own)",
			want:  wantListen,
			parse: func(c *Config, v string) bool { return parseOne(&w.of(c).TLSListen, v) },
		}, {
			name: w.name + ".ssl.certfile", flag: w.name + "-tls-cert",
			usage: "`file` with a certificate for " + w.what + ", in PEM, if it is not to be that for clients; read again on SIGHUP, like the next two",
			want:  "a file",
			parse: func(c *Config, v string) bool { return parseText(&tls(c).Certificate, v) },
		}, {
			name: w.name + ".ssl.keyfile", flag: w.name + "-tls-key",
			usage: "`file` with the key of that certificate",
			want:  "a file",
			parse: func(c *Config, v string) bool { return parseText(&tls(c).Key, v) },
		}, {
			name: w.name + ".ssl.cacertfile", flag: w.name + "-tls-ca",
			usage: "`file` with the authorities whose certificates those may have who come there",
			want:  "a file",
			parse: func(c *Config, v string) bool { return parseText(&tls(c).Authorities, v) },
		}, {
			name: w.name + ".ssl.verify", flag: w.name + "-tls-verify", standard: "verify_none",
			usage: "`whether` to ask them for a certificate: verify_peer or verify_none",
			want:  wantVerify,
			parse: func(c *Config, v string) bool { return parseVerify(&tls(c).Verify, v) },
		}, {
			name: w.name + ".ssl.fail_if_no_peer_cert", flag: w.name + "-tls-fail-if-no-peer-cert", standard: "false",
			usage: "refuse them without a certificate, if they are asked for one",
			want:  wantBool,
			parse: func(c *Config, v string) bool { return parseBool(&tls(c).Require, v) },
		}, {
			name: w.name + ".ssl.versions", flag: w.name + "-tls-versions", standard: "tlsv1.2", several: true, numbered: true,
			usage: "`version` of TLS that they must have at least",
			want:  wantTLSVersion,
			parse: func(c *Config, v string) bool { return parseTLSVersion(&tls(c).Min, v) },
		},
	}
}

// complete puts in the port for TLS, if it is to be there and nobody has said which.
func (w web) complete(c *Config, given func(*key) []Setting) {
	web := w.of(c)
	host, port, _ := net.SplitHostPort(web.TLSListen) // it was checked, or is empty
	switch off := len(given(keyOf(w.name+"_tls_listen"))) > 0 && web.TLSListen == ""; {
	case off:
	case web.TLS.Certificate != "" || web.TLSListen != "":
		web.TLSListen = net.JoinHostPort(host, cmp.Or(port, w.tlsPort))
	}
}

// yields reports whether the default of a key does not hold, as another is given.
func (s *Settings) yields(k *key) bool {
	given := func(name string) bool { return len(s.given(keyOf(name))) > 0 }
	return len(s.given(k)) == 0 && slices.ContainsFunc(k.unless, given) && !slices.ContainsFunc(k.despite, given)
}
