package main

import (
	"fmt"
	"net"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/config"
)

// The lines of the log from which others tell that the broker is ready are RabbitMQ's,
// word by word and in every format: scripts and container tools wait for them.

// logListener says where clients of a protocol may come.
func logListener(log zerolog.Logger, protocol string, l net.Listener) {
	text := fmt.Sprintf("started TCP listener on %s", l.Addr())
	switch protocol {
	case "amqps":
		text = fmt.Sprintf("started TLS (SSL) listener on %s", l.Addr())
	case "http":
		text = "Management plugin: HTTP (non-TLS) listener started on port " + portOf(l)
	case "https":
		text = "Management plugin: HTTPS listener started on port " + portOf(l)
	case "http/prometheus":
		text = "Prometheus metrics: HTTP (non-TLS) listener started on port " + portOf(l)
	case "https/prometheus":
		text = "Prometheus metrics: HTTPS listener started on port " + portOf(l)
	}
	log.Info().Str("protocol", protocol).Stringer("address", l.Addr()).Msg(text)
}

func portOf(l net.Listener) string {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return l.Addr().String()
	}
	return port
}

// logStarted says that the broker is ready. It has no plug-ins: what they do for
// RabbitMQ is built in.
func logStarted(log zerolog.Logger, c config.Config) {
	log.Info().Str("version", version()).Str("compat", c.Compat.Series).Bool("memory", c.Memory).Str("data_dir", c.DataDir).
		Msg("Server startup complete; 0 plugins started.")
}

// logSettings says where the settings are from, and which of them mean nothing.
func logSettings(log zerolog.Logger, s *config.Settings, strange []string) {
	if files := s.Files(); len(files) > 0 {
		log.Info().Strs("files", files).Msg("settings read")
	}
	for _, ignored := range s.Ignored() {
		log.Warn().Str("key", ignored.Key).Str("origin", ignored.Origin).Msg("setting has no meaning here")
	}
	for _, unknown := range s.Unknown() {
		line := log.Warn().Str("key", unknown.Key).Str("origin", unknown.Origin)
		if unknown.Nearest != "" {
			line = line.Str("nearest", unknown.Nearest)
		}
		line.Msg("there is no such setting")
	}
	for _, file := range strange {
		log.Warn().Str("file", file).Msg("file has no meaning here")
	}
}
