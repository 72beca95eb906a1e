package config

import (
	"fmt"
	"strconv"

	"github.com/harebellmq/harebell/internal/compat"
)

// storeKeys are the settings of where messages are kept, and how much of them.
var storeKeys = []*key{
	{
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
	},
}
