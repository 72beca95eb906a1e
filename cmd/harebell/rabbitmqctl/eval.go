package rabbitmqctl

import (
	"regexp"
	"strconv"
	"strings"
)

// The expressions of Erlang that test suites of clients evaluate. There is no other.
var expressions = []struct {
	pattern *regexp.Regexp
	do      func(c *call, parts []string) (any, error)
}{
	{regexp.MustCompile(`^node\(\)$`), func(c *call, _ []string) (any, error) { return text(c.node), nil }},
	{regexp.MustCompile(`^rabbit(?:_misc)?:(?:product_)?version\(\)$`), func(c *call, _ []string) (any, error) { return text(strconv.Quote(c.version)), nil }},
	{regexp.MustCompile(`^application:set_env\(rabbit,channel_max,(\d{1,5})\)$`), setChannelMax},
	{regexp.MustCompile(`^application:set_env\(rabbit,loopback_users,\[((?:<<"[^"]*">>,?)*)\]\)$`), setLoopbackUsers},
}

// eval evaluates an expression.
func eval(c *call) (any, error) {
	source := strings.Join(c.arguments, " ")
	squeezed := strings.TrimSuffix(strings.Join(strings.Fields(source), ""), ".")
	for _, e := range expressions {
		if parts := e.pattern.FindStringSubmatch(squeezed); parts != nil {
			return e.do(c, parts)
		}
	}
	return nil, failf(exitUsage, "Harebell is written in Go and has no Erlang to evaluate %s: want node(), rabbit:product_version(), "+
		"or application:set_env(rabbit, K, V) with channel_max or loopback_users for K", strconv.Quote(source))
}

func setChannelMax(c *call, parts []string) (any, error) {
	n, err := strconv.ParseUint(parts[1], 10, 16)
	if err != nil {
		return nil, failf(exitUsage, "channel_max is %s: want a number up to 65535", parts[1])
	}
	return text("ok"), c.put("/control/channel-max", map[string]any{"value": n})
}

func setLoopbackUsers(c *call, parts []string) (any, error) {
	names := []string{}
	for _, binary := range strings.Split(parts[1], ",") {
		if name := strings.TrimSuffix(strings.TrimPrefix(binary, `<<"`), `">>`); name != "" {
			names = append(names, name)
		}
	}
	return text("ok"), c.put("/control/loopback-users", map[string]any{"value": names})
}

// quietly is the result of what has shown all there is to show.
type quietly struct{}
