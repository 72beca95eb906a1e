package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// rabbitmqBin is where Debian, and RabbitMQ's own packages, keep the programs.
// Those on the PATH there want to be root, and change to another user.
const rabbitmqBin = "/usr/lib/rabbitmq/bin"

func findRabbitMQ(ctx context.Context, b *Broker, _ Options, _ string) {
	b.Title, b.main = "RabbitMQ", "beam.smp"
	server := filepath.Join(rabbitmqBin, "rabbitmq-server")
	if _, err := os.Stat(server); err != nil {
		b.Absent = "not installed: apt-get install rabbitmq-server"
		return
	}
	epmd, err := exec.LookPath("epmd")
	if err != nil {
		b.Absent = "epmd, which comes with Erlang, is not on the PATH"
		return
	}
	b.Origin = packageOf(ctx, "rabbitmq-server")
	b.program = func(h *home) (*launch, error) { return rabbitmq(server, epmd, h) }
}

// rabbitmq starts a node of its own as it comes: without plugins, with everything
// else by default, on the loopback interface only.
func rabbitmq(server, epmd string, h *home) (*launch, error) {
	data, err := h.data()
	if err != nil {
		return nil, err
	}
	config, err := h.write("rabbitmq.conf", "listeners.tcp.1 = %s\n", h.address())
	if err != nil {
		return nil, err
	}
	plugins, err := h.write("enabled_plugins", "[].\n")
	if err != nil {
		return nil, err
	}
	distribution, err := h.ports.free()
	if err != nil {
		return nil, err
	}
	mapper, err := h.ports.free()
	if err != nil {
		return nil, err
	}
	c := exec.Command(server)
	c.Dir = h.dir // where a node that crashes leaves what it had
	c.Env = append(os.Environ(),
		"HOME="+h.dir,
		"RABBITMQ_NODENAME=bench@localhost",
		fmt.Sprintf("RABBITMQ_DIST_PORT=%d", distribution),
		"RABBITMQ_MNESIA_BASE="+data,
		"RABBITMQ_LOG_BASE="+h.dir,
		"RABBITMQ_PID_FILE="+filepath.Join(h.dir, "rabbitmq.pid"),
		"RABBITMQ_CONFIG_FILE="+config,
		"RABBITMQ_ENABLED_PLUGINS_FILE="+plugins,
		fmt.Sprintf("ERL_EPMD_PORT=%d", mapper),
		"ERL_EPMD_ADDRESS=127.0.0.1",
	)
	// It would start one by itself, which would outlive it.
	names := exec.Command(epmd, "-port", fmt.Sprint(mapper), "-address", "127.0.0.1")
	return &launch{Cmd: c, beside: names}, nil
}

// packageOf returns the version of an installed Debian package, or nothing.
func packageOf(ctx context.Context, name string) string {
	version, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Version}", name).Output()
	if err != nil {
		return ""
	}
	return "Debian package " + string(version)
}
