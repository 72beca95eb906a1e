package config

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// foreign are RabbitMQ's settings that mean nothing here, unless they are keys of
// ours: a file made for it may have them. Those ending in a dot stand for all that begin so.
var foreign = []string{
	"advanced.", "amqp1_0.", "anonymous_login_", "auth_", "background_gc_", "channel_max_per_node",
	"channel_operation_timeout", "classic_queue.", "cluster_", "collect_statistics", "connection_max",
	"consumer_max_per_channel", "credentials.", "default_limits.",
	"default_users.", "definitions.", "delegate_count",
	"deprecated_features.", "disk_free_limit.", "distribution.", "federation.", "initial_frame_max",
	"load_definitions", "log.", "management.", "max_connections",
	"message_interceptors.", "message_store_", "mirroring_", "motd_file", "mqtt.", "msg_store_",
	"net_ticktime", "node.", "num_acceptors.", "password_hashing_module", "paused.", "prometheus.",
	"queue_", "quorum_", "raft.", "reverse_dns_lookups", "runtime_parameters.", "shovel.", "socket_writer.",
	"ssl_", "stomp.", "stream.", "tcp_listen_options.", "total_memory_available_override_value", "trace_vhosts.",
	"vhost_max", "vhost_restart_strategy", "vm_memory_", "web_",
}

// ReadFile takes over the lines of a file, "key = value" each, with comments
// after #. name is the file's, for error texts. Lines with settings of
// RabbitMQ's that mean nothing here are remembered for Ignored; any other key
// that is not known is an error, as it is probably a slip. All mistakes of the
// file are told, one on each line.
func (s *Settings) ReadFile(name string, r io.Reader) error {
	var mistakes []error
	again := make(map[*key]bool) // keys met in this file
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		origin := fmt.Sprintf("%s:%d", name, number)
		if err := s.readLine(lines.Text(), origin, again); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	if err := lines.Err(); err != nil {
		mistakes = append(mistakes, fmt.Errorf("read %s: %w", name, err))
	}
	return errors.Join(mistakes...)
}

func (s *Settings) readLine(line, origin string, again map[*key]bool) error {
	if line = strings.TrimSpace(withoutComment(line)); line == "" {
		return nil
	}
	name, value, ok := strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), unquote(strings.TrimSpace(value))
	if !ok || name == "" {
		return fmt.Errorf("%s: %s: want key = value", origin, line)
	}
	k, value := lookup(name, value)
	if k == nil {
		if isForeign(name) {
			s.ignored = append(s.ignored, Setting{Key: name, Value: value, Origin: origin})
			return nil
		}
		return fmt.Errorf("%s: %s: there is no such key", origin, name)
	}

	before := s.values[k]
	if err := s.set(k, []string{value}, origin, fmt.Sprintf("%s: %s = ", origin, name)); err != nil {
		return err
	}
	if k.several && again[k] {
		s.values[k] = append(before, s.values[k]...)
	}
	again[k] = true
	return nil
}

// lookup finds the key that a line is about, and the value it gives. Some lines
// have a name of their own after the key's:
//
//	listeners.tcp.local = 127.0.0.1:5672
//	loopback_users.guest = false
//	default_user_tags.administrator = true
//	server_properties.site = Berlin
func lookup(name, value string) (*key, string) {
	if strings.HasPrefix(name, "listeners.tcp.") {
		name = "listeners.tcp.default"
	} else if strings.HasPrefix(name, "listeners.ssl.") {
		name = "listeners.ssl.default"
	} else if strings.HasPrefix(name, "ssl_options.versions.") {
		name = "ssl_options.versions"
	} else if list, member, ok := strings.Cut(name, "."); ok && (list == "loopback_users" || list == "default_user_tags") {
		name = list
		switch value {
		case "true":
			value = member
		case "false":
			value = "none"
		default:
			value = "" // which is refused
		}
	} else if property, ok := strings.CutPrefix(name, "server_properties."); ok {
		name = "server_properties"
		value = property + "=" + value
	}
	for _, k := range keys {
		if k.name == name {
			return k, value
		}
	}
	return nil, value
}

func isForeign(name string) bool {
	for _, prefix := range foreign {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// withoutComment cuts off what follows a # at the beginning or after a blank,
// unless it is between quotes.
func withoutComment(line string) string {
	quoted := false
	for i := range len(line) {
		switch line[i] {
		case '\'':
			quoted = !quoted
		case '#':
			if !quoted && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
				return line[:i]
			}
		}
	}
	return line
}

// unquote takes off the single quotes that keep blanks and # in RabbitMQ's files.
func unquote(value string) string {
	if len(value) >= 2 && value[0] == '\'' && value[len(value)-1] == '\'' {
		return value[1 : len(value)-1]
	}
	return value
}
