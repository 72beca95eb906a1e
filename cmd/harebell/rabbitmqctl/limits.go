package rabbitmqctl

import (
	"encoding/json"
	"strconv"
	"strings"
)

func setClusterName(c *call) (any, error) {
	return nil, c.put("/api/cluster-name", map[string]any{"name": c.arguments[0]})
}

func setLogLevel(c *call) (any, error) {
	return nil, c.put("/control/log-level", map[string]any{"value": c.arguments[0]})
}

// logLevels are the words for levels that RabbitMQ has.
var logLevels = []string{"debug", "info", "notice", "warning", "error", "critical", "none"}

// units are those of RabbitMQ, whose prefixes are powers of two if they are written so.
var units = []struct {
	suffix string
	factor float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"k", 1 << 10}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", 1 << 40},
}

// parseOctets reads a number of octets.
func parseOctets(given string) (json.Number, bool) {
	factor := 1.0
	for _, u := range units {
		if number, ok := strings.CutSuffix(given, u.suffix); ok {
			given, factor = number, u.factor
			break
		}
	}
	n, err := strconv.ParseFloat(given, 64)
	if err != nil || n < 0 || n*factor >= 1<<62 || int64(n*factor) == 0 {
		return "", false
	}
	return json.Number(strconv.FormatInt(int64(n*factor), 10)), true
}

// memoryLimit understands the arguments of set_vm_memory_high_watermark.
func memoryLimit(arguments []string) (body map[string]any, wrong string) {
	if arguments[0] == "absolute" {
		if len(arguments) == 2 {
			if octets, ok := parseOctets(arguments[1]); ok {
				return map[string]any{"octets": octets}, ""
			}
		}
		return nil, "Bad argument."
	}
	part, err := strconv.ParseFloat(arguments[0], 64)
	switch {
	case err != nil || len(arguments) > 1:
		return nil, "Bad argument."
	case part < 0 || part > 1:
		return nil, "Bad argument: The threshold should be a fraction between 0.0 and 1.0"
	}
	return map[string]any{"relative": part}, ""
}

// diskLimit understands those of set_disk_free_limit.
func diskLimit(arguments []string) (body map[string]any, wrong string) {
	if arguments[0] == "mem_relative" {
		if len(arguments) == 2 {
			if part, err := strconv.ParseFloat(arguments[1], 64); err == nil && part >= 0 && part < 1e6 {
				return map[string]any{"relative": part}, ""
			}
		}
		return nil, "Bad argument."
	}
	if octets, ok := parseOctets(arguments[0]); ok && len(arguments) == 1 {
		return map[string]any{"octets": octets}, ""
	}
	return nil, "Bad argument."
}

// limiting returns what checks such arguments, and what carries them out.
func limiting(path string, understand func([]string) (map[string]any, string)) (check func(invocation) (int, string), run func(*call) (any, error)) {
	return func(i invocation) (int, string) {
			if _, wrong := understand(i.arguments); wrong != "" {
				return exitData, wrong
			}
			return 0, ""
		}, func(c *call) (any, error) {
			body, _ := understand(c.arguments) // it was checked
			return nil, c.put(path, body)
		}
}
