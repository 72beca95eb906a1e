package bench

import (
	"context"
	"os/exec"
	"strings"
)

// noSync is the flag with which LavinMQ confirms what is not yet synced.
const noSync = "--no-sync"

func findLavinMQ(ctx context.Context, b *Broker, _ Options, _ string) {
	b.Title = "LavinMQ"
	lavinMQ(ctx, b)
}

func findLavinMQNoSync(ctx context.Context, b *Broker, _ Options, _ string) {
	b.Title = "LavinMQ " + noSync
	lavinMQ(ctx, b, noSync)
}

// lavinMQ looks for the program, of a version that has the flags.
func lavinMQ(ctx context.Context, b *Broker, flags ...string) {
	program, err := exec.LookPath("lavinmq")
	if err != nil {
		b.Absent = "lavinmq is not on the PATH"
		return
	}
	help, err := exec.CommandContext(ctx, program, "--help").CombinedOutput()
	if err != nil {
		b.Absent = "lavinmq --help: " + err.Error()
		return
	}
	for _, flag := range flags {
		if !strings.Contains(string(help), flag) {
			b.Absent = "this version has no " + flag
			return
		}
	}
	b.Origin = packageOf(ctx, "lavinmq")
	b.program = func(h *home) (*launch, error) { return lavinmq(program, h, flags) }
}

// lavinmq starts it as it comes, but for its places.
func lavinmq(program string, h *home, flags []string) (*launch, error) {
	data, err := h.data()
	if err != nil {
		return nil, err
	}
	var others [3]int // MQTT, management and metrics cannot be done without
	for i := range others {
		if others[i], err = h.ports.free(); err != nil {
			return nil, err
		}
	}
	config, err := h.write("lavinmq.ini", `[main]
data_dir = %s
metrics_http_port = %d
[amqp]
bind = 127.0.0.1
port = %d
[mqtt]
bind = 127.0.0.1
port = %d
[mgmt]
bind = 127.0.0.1
port = %d
unix_path = %s/mgmt.sock
`, data, others[0], h.port, others[1], others[2], h.dir)
	return &launch{Cmd: exec.Command(program, append([]string{"--config", config}, flags...)...)}, err
}
