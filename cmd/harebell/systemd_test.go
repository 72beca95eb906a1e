package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestSystemdIsTold plays systemd's part.
func TestSystemdIsTold(t *testing.T) {
	t.Parallel()
	for name, more := range map[string][]string{"usual": nil, "for tests": {"--test-api"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := filepath.Join(t.TempDir(), "notify")
			l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
			must(t, err)
			defer l.Close()
			await := func(want string) string {
				for {
					buf := make([]byte, 4096)
					n, err := l.Read(buf)
					must(t, err)
					if got := string(buf[:n]); strings.HasPrefix(got, want) {
						return got
					}
				}
			}
			path, err := binary()
			must(t, err)
			command := exec.Command(path, append([]string{"serve", "--memory", "--listen", anyPort, "--management-listen", "none", "--prometheus-listen", "none",
				"--test-api-listen", anyPort}, more...)...)
			command.Env = append(os.Environ(), "HAREBELL_CONFIG=none", "NOTIFY_SOCKET="+address, "WATCHDOG_USEC=20000")
			p := startCommand(t, command)
			await("READY=1")
			await("WATCHDOG=1")
			must(t, command.Process.Signal(syscall.SIGHUP))
			if got := await("RELOADING=1"); !strings.Contains(got, "\nMONOTONIC_USEC=") {
				t.Errorf("got %q, want the time too", got)
			}
			await("READY=1")
			p.dial()
			must(t, command.Process.Signal(syscall.SIGTERM))
			await("STOPPING=1")
			if err := <-p.ended; err != nil {
				t.Error(err)
			}
		})
	}
}
