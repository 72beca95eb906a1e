package config

import (
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/harebellmq/harebell/internal/compat"
)

// A key is one setting there is.
type key struct {
	name     string // in a file; RabbitMQ's name where it has one
	flag     string // on the command line; "" for none, nor a variable
	standard string // the default, or "" for none
	usage    string
	want     string // what a value must be, for error texts

	// follows returns the default of a key that has no standard one, but follows
	// the rules of the series.
	follows func(compat.Rules) string

	// parse puts a value into c, and reports false if it is none of those
	// wanted. Called several times it adds values, if the key takes several.
	parse func(c *Config, value string) bool

	several  bool // takes several values
	numbered bool // in a file a number behind its name says which comes first
	named    bool // in a file a name behind its own begins the value: name=value
	secret   bool // is not to be shown
}

// The limits of what may be configured.
const (
	minFrameMax        = 4096            // spec: connection.tune
	maxFrameMax        = 128 << 20       // a frame is held in memory as a whole
	maxMaxMessageSize  = 512 << 20       // rabbitmq: the largest it accepts
	maxHeartbeat       = 65535           // seconds; it travels in 16 bits
	maxConsumerTimeout = 315_360_000_000 // milliseconds: ten years
)

// keys are all settings, in the order in which to show them.
var keys = slices.Concat(brokerKeys, oauth2Keys)

// brokerKeys are all but those of who may log in how.
var brokerKeys = []*key{
	{
		name: "compat", flag: "compat", standard: compat.Default, // before what changes rules of it
		usage: "`series` of RabbitMQ to follow where they differ: " + compat.Choice(),
		want:  compat.Choice(),
		parse: func(c *Config, v string) (ok bool) {
			var err error
			c.Compat, err = compat.For(v)
			return err == nil
		},
	}, {
		name: "deprecated_features.permit.transient_nonexcl_queues", flag: "permit-transient-nonexcl-queues",
		follows: func(r compat.Rules) string { return strconv.FormatBool(r.RefuseTransient == "") },
		usage:   "allow queues that are neither durable nor exclusive" + asOfCompat,
		want:    wantBool,
		parse:   permit((*compat.Rules).PermitTransient),
	}, {
		name: "deprecated_features.permit.global_qos", flag: "permit-global-qos",
		follows: func(r compat.Rules) string { return strconv.FormatBool(!r.PerConsumerQos) },
		usage:   "allow a prefetch for all consumers of a channel" + asOfCompat,
		want:    wantBool,
		parse:   permit((*compat.Rules).PermitGlobalQos),
	}, {
		name: "listeners.tcp.default", flag: "listen", standard: ":5672", several: true,
		usage: "`address` to listen on: a port, or host:port",
		want:  "a port from 0 to 65535, or host:port",
		parse: func(c *Config, v string) bool {
			address, ok := parseAddress(v)
			c.Listen = append(c.Listen, address)
			return ok
		},
	}, {
		name: "listeners.ssl.default", flag: "tls-listen", several: true,
		usage: "`address` to listen on with TLS: a port, or host:port (default: :5671 if there is a certificate)",
		want:  "a port from 0 to 65535, or host:port",
		parse: func(c *Config, v string) bool {
			address, ok := parseAddress(v)
			c.TLSListen = append(c.TLSListen, address)
			return ok
		},
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
	}, {
		name: "data_dir", flag: "data-dir", standard: "harebell-data",
		usage: "`directory` for everything durable",
		want:  "a directory",
		parse: func(c *Config, v string) bool { return parseText(&c.DataDir, v) },
	}, {
		name: "memory", flag: "memory", standard: "false",
		usage: "keep everything in memory, and nothing over a restart",
		want:  wantBool,
		parse: func(c *Config, v string) bool { return parseBool(&c.Memory, v) },
	}, {
		name: "memory_limit", flag: "memory-limit", standard: "0",
		usage: "`octets` of message bodies kept in memory before they are paged out; 0 is 32 MiB, or a quarter of the machine's memory if that is less",
		want:  wantOctets,
		parse: func(c *Config, v string) bool { return parseOctets(&c.MemoryLimit, v, 0, 1<<62) },
	}, {
		name: "vm_memory_high_watermark.relative", flag: "memory-high-watermark", standard: "0.6",
		usage: "`part` of the machine's memory above which publishers are blocked",
		want:  "a number above 0, up to 1",
		parse: func(c *Config, v string) bool {
			part, err := strconv.ParseFloat(v, 64)
			c.MemoryWatermark.Relative = part
			return err == nil && part > 0 && part <= 1
		},
	}, {
		name: "vm_memory_high_watermark.absolute", flag: "memory-high-watermark-absolute",
		usage: "the same in `octets`, which comes before the part",
		want:  wantOctets + ", above 0",
		parse: func(c *Config, v string) bool { return parseOctets(&c.MemoryWatermark.Absolute, v, 1, 1<<62) },
	}, {
		name: "disk_free_limit.absolute", flag: "disk-free-limit", standard: "50MB",
		usage: "`octets` that must be free on the disk, besides the 96 MiB the broker may need at once; with fewer, publishers are blocked",
		want:  wantOctets,
		parse: func(c *Config, v string) bool { return parseOctets(&c.DiskFreeLimit, v, 0, 1<<62) },
	}, {
		name: "max_message_size", flag: "max-message-size",
		follows: func(r compat.Rules) string { return fmt.Sprintf("%dMiB", r.MaxMessageSize>>20) },
		usage:   "largest message body in `octets`" + asOfCompat,
		want:    wantOctets + ", from 1 to 512MiB",
		parse:   func(c *Config, v string) bool { return parseOctets(&c.MaxMessageSize, v, 1, maxMaxMessageSize) },
	}, {
		name: "default_user", flag: "default-user", standard: "guest",
		usage: "`name` of the user made when there is none yet",
		want:  "a name",
		parse: func(c *Config, v string) bool { return parseText(&c.DefaultUser, v) },
	}, {
		name: "default_pass", flag: "default-pass", standard: "guest", secret: true,
		usage: "`password` of that user",
		want:  "a password",
		parse: func(c *Config, v string) bool { return parseText(&c.DefaultPass, v) },
	}, {
		name: "default_user_tags", flag: "default-user-tags", standard: "administrator", several: true,
		usage: "`tags` of that user: administrator, monitoring, policymaker, management or others, or none",
		want:  "a tag, or none",
		parse: func(c *Config, v string) bool { return parseNames(&c.DefaultUserTags, v) },
	}, {
		name: "default_permissions.configure", flag: "default-permissions-configure", standard: ".*",
		usage: "`pattern` of what that user may configure in the virtual host made with it",
		want:  wantPattern,
		parse: func(c *Config, v string) bool { return parsePattern(&c.DefaultPermissions.Configure, v) },
	}, {
		name: "default_permissions.write", flag: "default-permissions-write", standard: ".*",
		usage: "`pattern` of what that user may write to",
		want:  wantPattern,
		parse: func(c *Config, v string) bool { return parsePattern(&c.DefaultPermissions.Write, v) },
	}, {
		name: "default_permissions.read", flag: "default-permissions-read", standard: ".*",
		usage: "`pattern` of what that user may read from",
		want:  wantPattern,
		parse: func(c *Config, v string) bool { return parsePattern(&c.DefaultPermissions.Read, v) },
	}, {
		name: "default_queue_type", flag: "default-queue-type", standard: "classic",
		usage: "`type` of queues whose declaration names none, unless their virtual host has another: classic, quorum or stream",
		want:  "classic, quorum or stream",
		parse: func(c *Config, v string) bool {
			c.DefaultQueueType = v
			return v == "classic" || v == "quorum" || v == "stream"
		},
	}, {
		name: "default_vhost", flag: "default-vhost", standard: "/",
		usage: "`name` of the virtual host made on the first start",
		want:  "a name of at most 255 octets",
		parse: func(c *Config, v string) bool { return parseText(&c.DefaultVHost, v) && len(v) <= 255 },
	}, {
		name: "event_exchange.vhost", flag: "event-vhost",
		usage: "`name` of the virtual host with the exchange amq.rabbitmq.event, made if it is not there (default: default_vhost)",
		want:  "a name of at most 255 octets",
		parse: func(c *Config, v string) bool { return parseText(&c.EventVHost, v) && len(v) <= 255 },
	}, {
		name: "event_exchange.protocol", standard: "amqp_0_9_1",
		want:  "amqp_0_9_1, in whose headers the details of an event are",
		parse: func(_ *Config, v string) bool { return v == "amqp_0_9_1" },
	}, {
		name: "loopback_users", flag: "loopback-users", standard: "guest", several: true,
		usage: "`names` of users who may log in from this machine only, or none",
		want:  "a user's name, or none",
		parse: func(c *Config, v string) bool { return parseNames(&c.LoopbackUsers, v) },
	}, {
		name: "heartbeat", flag: "heartbeat", standard: "60",
		usage: "`seconds` between heartbeats proposed to clients; 0 is none",
		want:  "whole seconds from 0 to 65535",
		parse: func(c *Config, v string) bool {
			n, ok := parseNumber(v, 0, maxHeartbeat)
			c.Heartbeat = time.Duration(n) * time.Second
			return ok
		},
	}, {
		name: "handshake_timeout", flag: "handshake-timeout", standard: "10000",
		usage: "`milliseconds` a new connection has to get open",
		want:  "whole milliseconds from 1 to 3600000",
		parse: func(c *Config, v string) bool {
			n, ok := parseNumber(v, 1, 3_600_000)
			c.HandshakeTimeout = time.Duration(n) * time.Millisecond
			return ok
		},
	}, {
		name: consumerTimeout, flag: "consumer-timeout", standard: "1800000",
		usage: "`milliseconds` a client may take to acknowledge a delivery before its channel is closed; 0, undefined or infinity for ever",
		want:  "whole milliseconds from 0 to 315360000000, undefined or infinity",
		parse: parseConsumerTimeout,
	}, {
		name: "frame_max", flag: "frame-max", standard: "131072",
		usage: "largest frame in `octets` proposed to clients",
		want:  wantOctets + ", from 4096 to 128MiB",
		parse: func(c *Config, v string) bool {
			var n int64
			ok := parseOctets(&n, v, minFrameMax, maxFrameMax)
			c.FrameMax = uint32(n)
			return ok
		},
	}, {
		name: "channel_max", flag: "channel-max", standard: "2047",
		usage: "`number` of channels of a connection proposed to clients",
		want:  "a number from 1 to 65535",
		parse: func(c *Config, v string) bool {
			n, ok := parseNumber(v, 1, 65535)
			c.ChannelMax = uint16(n)
			return ok
		},
	}, {
		name: "connection_max", flag: "connection-max", standard: "infinity",
		usage: "`number` of connections that may be open, or infinity",
		want:  wantCount,
		parse: func(c *Config, v string) bool { return parseCount(&c.ConnectionMax, v) },
	}, {
		name: "channel_max_per_node", flag: "channel-max-per-node", standard: "infinity",
		usage: "`number` of channels that may be open on all connections, or infinity",
		want:  wantCount,
		parse: func(c *Config, v string) bool { return parseCount(&c.ChannelsMax, v) },
	}, {
		name: "consumer_max_per_channel", flag: "consumer-max-per-channel", standard: "infinity",
		usage: "`number` of consumers of a channel, or infinity",
		want:  wantCount,
		parse: func(c *Config, v string) bool { return parseCount(&c.ConsumersMax, v) },
	}, {
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
		name: "log.console.level", flag: "log-level", standard: "info",
		usage: "`level` from which on to log: trace, debug, info, warn, error or none",
		want:  "trace, debug, info, warn, error or none",
		parse: func(c *Config, v string) bool { return parseWord(&c.LogLevel, v, logLevels) },
	}, {
		name: "log.console.formatter", flag: "log-format", standard: "auto",
		usage: "`format` of the log: console, json, or auto for console on a terminal and json elsewhere",
		want:  "auto, console or json",
		parse: func(c *Config, v string) bool { return parseWord(&c.LogFormat, v, logFormats) },
	},
}

// consumerTimeout is the name of a key.
const consumerTimeout = "consumer_timeout"

const (
	wantBool    = "true or false"
	wantOctets  = "a number of octets such as 1000000, 500kB or 64MiB"
	wantPattern = "a regular expression, in RE2's syntax"

	// asOfCompat ends the usage of a setting whose default follows the series.
	asOfCompat = "; if it is left out, --compat decides"
)

// The words for levels and formats: ours, and RabbitMQ's for the same thing.
var (
	logLevels = map[string]string{
		"trace": "trace", "debug": "debug", "info": "info", "warn": "warn", "error": "error", "none": "none",
		"notice": "info", "warning": "warn", "critical": "error",
	}
	logFormats = map[string]string{
		"auto": "auto", "console": "console", "json": "json",
		"plaintext": "console", "text": "console",
	}
	loginParts = map[string]string{
		"distinguished_name": "distinguished_name", "common_name": "common_name", "subject_alternative_name": "subject_alternative_name",
	}
)

// A Flag is how a setting is given on the command line.
type Flag struct {
	Name     string // without dashes
	Variable string // of the environment, that does the same
	Usage    string // with the value's name between backquotes
	Default  string // as text; "" if there is none
	Several  bool   // may be given several times
	Switch   bool   // is true or false
}

// Flags returns a flag for each setting.
func Flags() []Flag {
	flags := make([]Flag, 0, len(keys))
	for _, k := range keys {
		if k.flag == "" {
			continue
		}
		flags = append(flags, Flag{
			Name:     k.flag,
			Variable: k.variable(),
			Usage:    k.usage,
			Default:  k.standard,
			Several:  k.several,
			Switch:   k.want == wantBool,
		})
	}
	return flags
}

// variable returns the name of the key in the environment.
func (k *key) variable() string {
	return "HAREBELL_" + strings.ToUpper(strings.ReplaceAll(k.flag, "-", "_"))
}

// split takes apart what is given in one string.
func (k *key) split(value string) []string {
	if !k.several {
		return []string{value}
	}
	parts := strings.Split(value, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// show returns a value as it may be shown to people.
func (k *key) show(value string) string {
	if k.secret {
		return "********"
	}
	return value
}

func parseText(dst *string, v string) bool {
	*dst = v
	return v != ""
}

// parseNames adds a name to dst, or nothing for "none".
func parseNames(dst *[]string, v string) bool {
	if v != "none" {
		*dst = append(*dst, v)
	}
	return v != ""
}

func parsePattern(dst *string, v string) bool {
	*dst = v
	_, err := regexp.Compile(v)
	return err == nil
}

func parseBool(dst *bool, v string) bool {
	*dst = v == "true"
	return v == "true" || v == "false"
}

func parseNumber(v string, low, high int64) (int64, bool) {
	n, err := strconv.ParseInt(v, 10, 64)
	return n, err == nil && low <= n && n <= high
}

// units are the ones RabbitMQ knows for octets.
var units = []struct {
	suffix string
	factor int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9},
}

func parseOctets(dst *int64, v string, low, high int64) bool {
	factor := int64(1)
	for _, u := range units {
		if number, ok := strings.CutSuffix(v, u.suffix); ok {
			v, factor = strings.TrimSpace(number), u.factor
			break
		}
	}
	n, ok := parseNumber(v, 0, high/factor)
	*dst = n * factor
	return ok && *dst >= low
}

// parseAddress reads "host:port" or a port alone, which is for all interfaces.
func parseAddress(v string) (address string, ok bool) {
	host, port, err := net.SplitHostPort(v)
	if err != nil {
		host, port = "", v
	}
	_, ok = parseNumber(port, 0, 65535)
	return net.JoinHostPort(host, port), ok
}

func parseWord(dst *string, v string, words map[string]string) bool {
	word, ok := words[v]
	*dst = word
	return ok
}

func parseVersion(dst *string, v string) bool {
	*dst = v
	parts := strings.Split(v, ".")
	for _, part := range parts {
		if _, ok := parseNumber(part, 0, 1<<31); !ok {
			return false
		}
	}
	return len(parts) == 3
}

// parseTLSVersion notes a version, which counts if it is the least.
func parseTLSVersion(c *Config, v string) bool {
	version := map[string]uint16{"tlsv1.2": tls.VersionTLS12, "tlsv1.3": tls.VersionTLS13}[v]
	if c.TLS.Min == 0 || version < c.TLS.Min {
		c.TLS.Min = version
	}
	return version != 0
}

// permit returns a function that parses whether a rule is to be changed.
func permit(change func(*compat.Rules, bool)) func(*Config, string) bool {
	return func(c *Config, v string) bool {
		var yes bool
		ok := parseBool(&yes, v)
		change(&c.Compat, yes)
		return ok
	}
}

// parseConsumerTimeout reads milliseconds. RabbitMQ itself takes undefined from its
// other file only, and infinity for other settings of the kind.
func parseConsumerTimeout(c *Config, v string) bool {
	if v == "undefined" || v == "infinity" {
		v = "0"
	}
	n, ok := parseNumber(v, 0, maxConsumerTimeout)
	c.ConsumerTimeout = time.Duration(n) * time.Millisecond
	return ok
}

func parseServerProperty(c *Config, v string) bool {
	name, value, ok := strings.Cut(v, "=")
	if c.ServerProperties == nil {
		c.ServerProperties = make(map[string]string)
	}
	c.ServerProperties[name] = value
	return ok && name != "" && len(name) <= 255
}

const wantCount = "a number from 1 on, or infinity"

// parseCount reads how many there may be: 0 for any number.
func parseCount(n *int, v string) bool {
	if v == "infinity" {
		*n = 0
		return true
	}
	count, ok := parseNumber(v, 1, math.MaxInt32)
	*n = int(count)
	return ok
}
