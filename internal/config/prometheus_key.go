package config

import "strings"

// prometheusKeys are the settings of which metrics there are.
var prometheusKeys = []*key{
	{
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
