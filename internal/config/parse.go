package config

import (
	"crypto/tls"
	"math"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/harebellmq/harebell/internal/compat"
)

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

// parseVerify reads whether to ask clients for certificates.
func parseVerify(dst *bool, v string) bool {
	*dst = v == "verify_peer"
	return *dst || v == "verify_none"
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

// parseOne reads one address, or nothing for "none" or no text.
func parseOne(dst *string, v string) bool {
	if v == "" || v == "none" {
		*dst = ""
		return true
	}
	address, ok := parseAddress(v)
	*dst = address
	return ok
}

// parseHost puts an IP address in place of the host of dst.
func parseHost(dst *string, v string) bool {
	_, port, _ := net.SplitHostPort(*dst) // it was checked
	*dst = net.JoinHostPort(v, port)
	return net.ParseIP(v) != nil
}

// parsePort puts a port in place of that of dst.
func parsePort(dst *string, v string) bool {
	host, _, _ := net.SplitHostPort(*dst)
	*dst = net.JoinHostPort(host, v)
	_, ok := parseNumber(v, 0, 65535)
	return ok
}

// parseListener adds an address to dst, or nothing for "none".
func parseListener(dst *[]string, v string) bool {
	if v == "none" {
		return true
	}
	address, ok := parseAddress(v)
	*dst = append(*dst, address)
	return ok
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
func parseTLSVersion(least *uint16, v string) bool {
	version := map[string]uint16{"tlsv1.2": tls.VersionTLS12, "tlsv1.3": tls.VersionTLS13}[v]
	if *least == 0 || version < *least {
		*least = version
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
