package config

import (
	"time"
)

// connectionKeys are the settings of connections, their times and limits.
var connectionKeys = []*key{
	{
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
		name: "shutdown_timeout", flag: "shutdown-timeout", standard: "10000",
		usage: "`milliseconds` that stopping may take: half of them for acks of what is delivered, the rest for clients to go",
		want:  "whole milliseconds from 1 to 3600000",
		parse: func(c *Config, v string) bool {
			n, ok := parseNumber(v, 1, 3_600_000)
			c.ShutdownTimeout = time.Duration(n) * time.Millisecond
			return ok
		},
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
		name: "connection_max", flag: "connection-max", standard: "infinity", live: true,
		usage: "`number` of connections that may be open, or infinity",
		want:  wantCount,
		parse: func(c *Config, v string) bool { return parseCount(&c.ConnectionMax, v) },
	}, {
		name: "channel_max_per_node", flag: "channel-max-per-node", standard: "infinity", live: true,
		usage: "`number` of channels that may be open on all connections, or infinity",
		want:  wantCount,
		parse: func(c *Config, v string) bool { return parseCount(&c.ChannelsMax, v) },
	}, {
		name: "consumer_max_per_channel", flag: "consumer-max-per-channel", standard: "infinity", live: true,
		usage: "`number` of consumers of a channel, or infinity",
		want:  wantCount,
		parse: func(c *Config, v string) bool { return parseCount(&c.ConsumersMax, v) },
	},
}
