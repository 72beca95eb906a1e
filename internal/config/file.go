package config

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// foreign are RabbitMQ's settings that mean nothing here, unless they are keys of
// ours: a file made for it may have them. Those ending in a dot stand for all that begin so.
var foreign = []string{
	"advanced.", "amqp1_0.", "anonymous_login_", "auth_cache.", "auth_http.", "auth_ldap.", "auth_mechanisms.",
	"auth_oauth2.authorization_endpoint", "auth_oauth2.end_session_endpoint", "auth_oauth2.https.fail_if_no_peer_cert",
	"auth_oauth2.token_endpoint", "background_gc_", "channel_operation_timeout",
	"classic_queue.", "cluster_", "collect_statistics",
	"credentials.", "default_limits.",
	"default_users.", "definitions.", "delegate_count",
	"deprecated_features.", "disk_free_limit.", "distribution.", "federation.", "initial_frame_max",
	"log.", "management.", "max_connections",
	"message_interceptors.", "message_store_", "mirroring_", "motd_file", "mqtt.", "msg_store_",
	"net_ticktime", "node.", "num_acceptors.", "password_hashing_module", "paused.", "prometheus.",
	"queue_", "quorum_", "raft.", "reverse_dns_lookups", "runtime_parameters.", "shovel.", "socket_writer.",
	"ssl_", "stomp.", "stream.", "tcp_listen_options.", "total_memory_available_override_value", "trace_vhosts.",
	"vhost_max", "vhost_restart_strategy", "vm_memory_", "web_",
}

// ReadFile takes over the lines of a file, "key = value" each, with comments
// after #. name is the file's, for error texts. Lines with settings of
// RabbitMQ's that mean nothing here are remembered for Ignored, and any other key
// that is not known, but for one about tokens, for Unknown: a file made for another version must not keep the
// broker from starting. All mistakes of the file are told, one on each line. Files
// may be read one after the other; a line counts instead of one with the same key in
// a file before.
func (s *Settings) ReadFile(name string, r io.Reader) error {
	s.files = append(s.files, name)
	var mistakes []error
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		origin := fmt.Sprintf("%s:%d", name, number)
		if err := s.readLine(lines.Text(), name, origin); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	if err := lines.Err(); err != nil {
		mistakes = append(mistakes, fmt.Errorf("read %s: %w", name, err))
	}
	return errors.Join(mistakes...)
}

// A place is where in files one value of a key is from.
type place struct {
	file, name string // the file, and the key as written there
	number     int    // behind the key; 0 if there is none, or it means nothing
}

func (s *Settings) readLine(line, file, origin string) error {
	if line = strings.TrimSpace(withoutComment(line)); line == "" {
		return nil
	}
	name, value, ok := strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), unquote(strings.TrimSpace(value))
	if !ok || name == "" {
		return fmt.Errorf("%s: %s: want key = value", origin, line)
	}
	k, value, number := lookup(name, value)
	if k == nil {
		if name == "log.console" && value == "true" {
			return nil // it always is
		}
		if isForeign(name) {
			s.ignored = append(s.ignored, Setting{Key: name, Value: value, Origin: origin})
			return nil
		}
		if instead := refusal(name); instead != "" {
			return fmt.Errorf("%s: %s: %s", origin, name, instead)
		}
		if strings.HasPrefix(name, "auth_oauth2.") { // who may log in is nothing to guess at
			return fmt.Errorf("%s: %s: there is no such key", origin, name)
		}
		s.unknown = append(s.unknown, Unknown{Key: name, Origin: origin, Nearest: nearest(name)})
		return nil
	}

	before, places := s.values[k], s.lines[k]
	if err := s.set(k, []string{value}, origin, fmt.Sprintf("%s: %s = ", origin, name)); err != nil {
		return err
	}
	here := place{file, name, number}
	if !k.several || len(places) == 0 {
		s.lines[k] = []place{here}
		return nil
	}
	for i := len(places) - 1; i >= 0; i-- {
		if places[i].replacedBy(here) {
			before, places = slices.Delete(before, i, i+1), slices.Delete(places, i, i+1)
		}
	}
	at := len(places)
	if number > 0 {
		at, _ = slices.BinarySearchFunc(places, number, func(p place, n int) int { return cmp.Compare(p.number, n) })
	} else if at > 0 && places[at-1].number > 0 { // it has none, and comes after those before it
		here.number = places[at-1].number + 1
	}
	s.values[k], s.lines[k] = slices.Insert(before, at, s.values[k]...), slices.Insert(places, at, here)
	return nil
}

// replacedBy reports whether a later line counts instead: one with the same number, or
// with the same key in another file.
func (p place) replacedBy(later place) bool {
	return p.number > 0 && p.number == later.number || p.name == later.name && p.file != later.file
}

// lookup finds the key that a line is about, the value it gives, and the number of
// that. Some lines have a name of their own, or a number, after the key's:
//
//	listeners.tcp.local = 127.0.0.1:5672
//	auth_backends.1 = oauth2
//	auth_oauth2.signing_keys.first = first.pem
//	loopback_users.guest = false
//	default_user_tags.administrator = true
//	server_properties.site = Berlin
func lookup(name, value string) (k *key, _ string, number int) {
	if strings.HasPrefix(name, "listeners.tcp.") || name == "listeners.tcp" {
		name = "listeners.tcp.default"
	} else if strings.HasPrefix(name, "listeners.ssl.") || name == "listeners.ssl" {
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
	} else if other, ok := spellings[name]; ok {
		name = other
	}
	for _, k := range keys {
		behind, more := strings.CutPrefix(name, k.name+".")
		switch {
		case more && k.numbered:
			if number, err := strconv.Atoi(behind); err == nil && number > 0 {
				return k, value, number
			}
		case more && k.named && behind != "":
			return k, behind + "=" + value, 0
		case name == k.name:
			return k, value, 0
		}
	}
	return nil, value, 0
}

// spellings are names that some of RabbitMQ's versions have for a key.
var spellings = map[string]string{
	"definitions.local.path":      "load_definitions",
	"management.load_definitions": "load_definitions",
	"auth_oauth2.jwks_url":        "auth_oauth2.jwks_uri",
	"auth_oauth2.https.verify":    "auth_oauth2.https.peer_verification",
	"prometheus.tcp.listener":     "prometheus_listen",
	"prometheus.ssl.listener":     "prometheus_tls_listen",
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
