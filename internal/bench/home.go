package bench

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// A home is where one broker process lives.
type home struct {
	dir   string // for everything but its data
	ports *ports
	port  int // where it listens
}

// data returns the directory for the broker's data, which is made if need be.
func (h *home) data() (string, error) {
	dir := filepath.Join(h.dir, "data")
	return dir, os.MkdirAll(dir, 0o700)
}

// write writes a file of settings and returns its path.
func (h *home) write(name, format string, args ...any) (string, error) {
	path := filepath.Join(h.dir, name)
	return path, os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o600)
}

// address returns where the broker listens.
func (h *home) address() string { return fmt.Sprintf("127.0.0.1:%d", h.port) }

// A launch is how a broker is started.
type launch struct {
	*exec.Cmd
	beside *exec.Cmd // to be started before, and ended with it; nil for none
}

// ports finds free ports on the loopback interface. All are below those that the
// system gives to clients, which are many here.
type ports struct{ next int }

const lastPort = 32767

func (p *ports) free() (int, error) {
	for range lastPort {
		port := p.next
		if p.next++; p.next > lastPort {
			p.next = 1024
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, errors.New("no port is free")
}
