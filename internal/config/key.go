package config

import (
	"slices"
	"strings"

	"github.com/harebellmq/harebell/internal/compat"
)

// A key is one setting there is.
type key struct {
	name     string   // in a file; RabbitMQ's name where it has one
	flag     string   // on the command line; "" for none, nor a variable
	standard string   // the default, or "" for none
	unless   []string // the keys of which any takes the default away if it is given,
	despite  []string // and those that keep it all the same
	usage    string
	want     string // what a value must be, for error texts

	// follows returns the default of a key that has no standard one, but follows
	// the rules of the series.
	follows func(compat.Rules) string

	// parse puts a value into c, and reports false if it is none of those
	// wanted. Called several times it adds values, if the key takes several.
	parse func(c *Config, value string) bool

	live     bool // may change while the broker runs
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
var keys = slices.Concat(compatKeys, listenKeys, managementWeb.keys(), prometheusWeb.keys(), prometheusKeys, storeKeys, firstKeys, connectionKeys, shownKeys, oauth2Keys)

// consumerTimeout is the name of a key.
const consumerTimeout = "consumer_timeout"

const (
	wantBool       = "true or false"
	wantListen     = "a port from 0 to 65535, or host:port, or none"
	wantPort       = "a port from 0 to 65535"
	wantIP         = "an IP address"
	wantVerify     = "verify_peer or verify_none"
	wantTLSVersion = "tlsv1.2 or tlsv1.3"
	wantOctets     = "a number of octets such as 1000000, 500kB or 64MiB"
	wantPattern    = "a regular expression, in RE2's syntax"

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
	logOutputs = map[string]string{"stderr": "stderr", "stdout": "stdout"}
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
