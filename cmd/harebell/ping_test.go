package main

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestPing(t *testing.T) {
	p := start(t, "--memory", "--log-level", "info")
	before := p.log.String()
	if out, err := run(t, "ping", "--config", "none", "--listen", p.address); err != nil || out != "Ping succeeded\n" {
		t.Errorf("got %q, %v", out, err)
	}
	dir := filepath.Join(t.TempDir(), "authority")
	secure := start(t, "--memory", "--listen", "none", "--tls-listen", anyPort, "--tls-self-signed", dir)
	if out, err := run(t, "ping", "--config", "none", "--listen", "none", "--tls-listen", secure.secure); err != nil {
		t.Errorf("with TLS: got %q, %v", out, err)
	}
	p.stop()
	if more := strings.TrimPrefix(p.log.String(), before); !strings.HasPrefix(more, `{"level":"info","time":`) || strings.Count(more, "\n") != 1 {
		t.Errorf("a ping is worth a line in the log: %s", more)
	}
	_, err := run(t, "ping", "--config", "none", "--listen", p.address)
	if err == nil || exitCode(err) != 69 || err.Error() != "ping "+p.address+": connect: connection refused" {
		t.Errorf("nobody there: got %v, code %d", err, exitCode(err))
	}

	l, err := net.Listen("tcp", anyPort)
	must(t, err)
	defer l.Close()
	_, err = run(t, "ping", "--config", "none", "--timeout", "1ms", "--listen", l.Addr().String())
	if err == nil || exitCode(err) != 69 || !strings.Contains(err.Error(), "i/o timeout") {
		t.Errorf("somebody who says nothing: got %v, code %d", err, exitCode(err))
	}
}
