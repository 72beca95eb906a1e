package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const garagemqModule = "github.com/valinurovam/garagemq@latest"

func findGarageMQ(ctx context.Context, b *Broker, _ Options, programs string) {
	b.Title = "GarageMQ"
	program, err := exec.LookPath("garagemq")
	switch {
	case err == nil:
		b.Origin = packageOf(ctx, "garagemq")
	default:
		program = filepath.Join(programs, "garagemq")
		if b.Absent = goInstall(ctx, garagemqModule, programs); b.Absent != "" {
			return
		}
		b.Origin = garagemqModule
	}
	b.program = func(h *home) (*launch, error) { return garagemq(program, h) }
}

// garagemq starts it with the settings it comes with, but for its places.
func garagemq(program string, h *home) (*launch, error) {
	data, err := h.data()
	if err != nil {
		return nil, err
	}
	admin, err := h.ports.free()
	if err != nil {
		return nil, err
	}
	config, err := h.write("config.yaml", `proto: amqp-rabbit
users:
  - username: guest
    password: 084e0343a0486ff05530df6c705c8bb4 # MD5 of guest
tcp:
  ip: 127.0.0.1
  port: %d
  nodelay: false
  readBufSize: 196608
  writeBufSize: 196608
admin:
  ip: 127.0.0.1
  port: %d
queue:
  shardSize: 8192
  maxMessagesInRam: 131072
db:
  defaultPath: %s
  engine: badger
vhost:
  defaultPath: /
security:
  passwordCheck: md5
connection:
  channelsMax: 4096
  frameMaxSize: 65536
`, h.port, admin, data)
	return &launch{Cmd: exec.Command(program, "--config", config, "--log-level", "warning")}, err
}

// goInstall builds a program from its module into a directory, and returns why
// that cannot be done.
func goInstall(ctx context.Context, module, dir string) (reason string) {
	if _, err := exec.LookPath("go"); err != nil {
		return "neither the program nor Go to build it with is on the PATH"
	}
	c := exec.CommandContext(ctx, "go", "install", module)
	c.Env = append(os.Environ(), "GOBIN="+dir)
	out, err := c.CombinedOutput()
	if err == nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return fmt.Sprintf("not installed, and go install %s says: %s", module, strings.TrimSpace(lines[len(lines)-1]))
}
