package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestSettingsAreReadAgain(t *testing.T) {
	t.Parallel()
	for name, more := range map[string][]string{"usual": nil, "for tests": {"--test-api"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "h.conf")
			write := func(text string) { must(t, os.WriteFile(file, []byte(text), 0o600)) }
			write("connection_max = 1\nheartbeat = 30\n")
			p := start(t, append(more, "--memory", "--config", file)...)
			conn := p.dial()
			write("connection_max = infinity\nlog.console.level = trace\nheartbeat = 20\nchannel_max = 10\n")
			must(t, p.command.Process.Signal(syscall.SIGHUP))
			p.log.await(t, `"changed":["connection_max","log.console.level"],`)
			p.log.await(t, `"keys":["channel_max","heartbeat"],`)
			p.dial()
			p.log.await(t, `"level":"trace"`)
			if got := conn.Config.ChannelMax; got != 2047 {
				t.Errorf("got %d channels, want 2047", got)
			}

			write("connection_max = one\n")
			must(t, p.command.Process.Signal(syscall.SIGHUP))
			p.log.await(t, file+":1: connection_max = one: want a number from 1 on, or infinity")
			p.dial()
			p.stop()
		})
	}
}
