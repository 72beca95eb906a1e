package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestToolsFindRabbitMQsLinesInTheLog waits as they do, for the log of a broker that
// is configured as RabbitMQ's image is.
func TestToolsFindRabbitMQsLinesInTheLog(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"auto", "console", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			path, err := binary()
			must(t, err)
			dir := t.TempDir()
			file := filepath.Join(dir, "rabbitmq.conf")
			must(t, os.WriteFile(file, []byte("listeners.tcp.1 = 0\nmanagement.tcp.port = 0\nprometheus.tcp.port = 0\nsome.thing.new = 1\nheartbeet = 3\n"+
				"loopback_users.guest = false\nlog.console = true\nlog.console.formatter = "+format+"\n"), 0o600))
			command := exec.Command(path, "serve", "--data-dir", filepath.Join(dir, "data"), "--tls-self-signed", dir, "--tls-listen", "0")
			command.Env = append(os.Environ(), "RABBITMQ_CONFIG_FILE="+strings.TrimSuffix(file, ".conf"), "RABBITMQ_CONFIG_FILES="+filepath.Join(dir, "*.conf.d"),
				"RABBITMQ_DEFAULT_USER=ann", "RABBITMQ_DEFAULT_PASS=secret", "RABBITMQ_LOGS=-", "RABBITMQ_ERLANG_COOKIE=cookie")
			command.Stderr = os.Stderr
			stdout, err := command.StdoutPipe()
			must(t, err)
			must(t, command.Start())
			defer command.Process.Kill()
			var log strings.Builder
			for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
				log.WriteString(scanner.Text() + "\n")
				if regexp.MustCompile(`.*Server startup complete.*`).MatchString(scanner.Text()) {
					must(t, command.Process.Signal(syscall.SIGTERM))
				}
			}
			must(t, command.Wait())
			for _, want := range []string{
				`Server startup complete; \d+ plugins started\.`,
				`started TCP listener on \[::\]:\d+`,
				`Prometheus metrics: HTTP \(non-TLS\) listener started on port \d+`,
				`started TLS \(SSL\) listener on \[::\]:\d+`,
				`RABBITMQ_ERLANG_COOKIE`, `some\.thing\.new`, `nearest\W+heartbeat\b`,
			} {
				if !regexp.MustCompile(want).MatchString(log.String()) {
					t.Errorf("nothing like %s in\n%s", want, log.String())
				}
			}
			if strings.Contains(log.String(), "cookie") || strings.Contains(log.String(), "secret") {
				t.Errorf("the log tells a secret:\n%s", log.String())
			}
		})
	}
}
